//! Environments of conda packages: each package a node with a checksum, unpacked in layers by our own tool.

use buildkit_llb::{Exec, Metadata, Mount, ProgressGroup, State};

use super::layers::Layers;
use super::wheels::OUT;
use super::{EmitError, Emitter, Image};
use crate::address::HttpUrl;
use crate::diagnostics::Span;
use crate::plan::{CondaFrom, CondaLayer, CondaPlan, VENV, WheelSet};

const PACKAGES: &str = "/run/pybuild/packages";

impl Emitter<'_> {
    /// Adds packages, each layer by itself.
    pub(super) fn add_conda<'l>(
        &'l self,
        stage: &str,
        packages: impl Iterator<Item = &'l CondaLayer>,
        set: &WheelSet,
        span: Span,
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        for group in packages {
            let tree = self.conda_layer(group, set, span)?;
            self.add_tree(stage, &format!("conda: {}", group.contents()), tree, span, layers);
            image.config.layer(format!("conda: {}", group.name));
        }
        Ok(())
    }

    /// Unpacks the packages of a layer, and compiles what comes without bytecode. Nothing of them is run, so it is done
    /// on the build platform.
    fn conda_layer(&self, layer: &CondaLayer, set: &WheelSet, span: Span) -> Result<State, EmitError> {
        let fixed = ["conda", "--root", OUT, "--prefix", VENV, "--python", &set.python];
        let mut arguments: Vec<String> = fixed.map(str::to_owned).to_vec();
        let compiles = set.bytecode && layer.packages.iter().any(CondaPlan::is_for_any_python);
        if compiles {
            arguments.extend(["--bytecode", "/"].map(str::to_owned));
        }
        let mut mounts = Vec::new();
        for package in &layer.packages {
            let place = format!("{PACKAGES}/{}", package.file);
            arguments.extend(["--package".to_owned(), format!("{place}:{}", package.sha256)]);
            arguments.extend(["--url".to_owned(), package.from.as_str().to_owned()]);
            let mount = match &package.from {
                CondaFrom::Http(url) => {
                    let state = self.conda_package(url, package, span);
                    let name = self.downloaded(url, package.file.as_str());
                    Mount::bind(&state, place).selector(format!("/{name}"))
                }
                CondaFrom::Context(path) => {
                    Mount::bind(&self.inputs.context, place).selector(format!("/{path}"))
                }
            };
            mounts.push(mount.read_only());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let exec = self.tool(&arguments)?.mount(Mount::scratch(OUT));
        let exec = mounts.into_iter().fold(exec, Exec::mount);
        let root = match (&self.inputs.tool, compiles) {
            (Some(tool), false) => tool.clone(),
            _ => self.compiler()?.state,
        };
        let title = format!("unpack: {}", layer.contents());
        Ok(exec.meta(self.metadata("conda", &title, span)).run(&root).output(OUT))
    }

    fn conda_package(&self, url: &HttpUrl, package: &CondaPlan, span: Span) -> State {
        let group = ProgressGroup {
            id: "pybuild-conda".to_owned(),
            name: "[conda] download".to_owned(),
            weak: false,
        };
        let meta = Metadata::named(format!("[conda] {} {}", package.name, package.version))
            .progress_group(group)
            .location(self.lock_location(package.at.as_ref(), span));
        let http = self.http(url, package.file.as_str(), meta);
        http.checksum(format!("sha256:{}", package.sha256)).state()
    }
}
