//! Environments of conda packages. Each package is a node with a checksum, and our own tool unpacks it into a
//! layer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use buildkit_llb::{Exec, Metadata, Mount, ProgressGroup, State};

use super::layers::Layers;
use super::overlaps::Orders;
use super::wheels::{LIST, OUT, Unpacked, lists};
use super::{EmitError, Emitter, Image};
use crate::address::HttpUrl;
use crate::diagnostics::Span;
use crate::plan::{CondaFrom, CondaLayer, CondaPlan, VENV, WheelSet};

/// The packages of an environment that an image gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CondaParts {
    /// The project's own dependencies.
    Base,
    /// The packages that groups add to the project's own dependencies.
    Extra,
    /// All packages.
    All,
}

const PACKAGES: &str = "/run/pybuild/packages";

impl Emitter<'_> {
    /// Adds the packages of an environment, each layer separately. If packages of several layers have the
    /// same file, and the order of the layers differs from the order of installation, these packages are put
    /// into one layer.
    pub(super) fn add_conda<'l>(
        &'l self,
        stage: &str,
        parts: CondaParts,
        set: &WheelSet,
        span: Span,
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        let Some(conda) = &set.conda else { return Ok(()) };
        let below = self.conda_layers(&conda.base, &conda.base_order, set, span)?;
        let above = match parts {
            CondaParts::Base => Vec::new(),
            CondaParts::All | CondaParts::Extra => {
                self.conda_layers(&conda.extra, &conda.order, set, span)?
            }
        };
        let [below_order, all_order] = [&conda.base_order, &conda.order]
            .map(|order| order.iter().map(String::as_str).collect::<Vec<&str>>());
        let orders = Orders { below: below_order, all: all_order };
        let compared = self.compared(&lists(&below), &lists(&above), &orders, span)?;
        self.comparisons.let_loose(compared.as_ref());
        let (conda, below, above) = match self.decided(compared.as_ref()) {
            None => (Cow::Borrowed(conda), below, above),
            Some(together) => {
                let conda = conda.with_together(together);
                let below = self.conda_layers(&conda.base, &conda.base_order, set, span)?;
                let above = self.conda_layers(&conda.extra, &conda.order, set, span)?;
                (Cow::Owned(conda), below, above)
            }
        };
        let base = conda.base.iter().zip(below).filter(|_| parts != CondaParts::Extra);
        let extra = conda.extra.iter().zip(above).filter(|_| parts != CondaParts::Base);
        for (group, made) in base.chain(extra) {
            self.add_tree(stage, &format!("conda: {}", group.contents()), made.tree, span, layers);
            image.config.layer(format!("conda: {}", group.name));
        }
        Ok(())
    }

    fn conda_layers(
        &self,
        layers: &[CondaLayer],
        order: &[String],
        set: &WheelSet,
        span: Span,
    ) -> Result<Vec<Unpacked>, EmitError> {
        let places: BTreeMap<&str, usize> =
            order.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
        layers.iter().map(|layer| self.conda_layer(layer, &places, set, span)).collect()
    }

    /// Unpacks the packages of a layer, and compiles modules that have no bytecode. This runs on the build
    /// platform, because no program of the packages runs.
    fn conda_layer(
        &self,
        layer: &CondaLayer,
        places: &BTreeMap<&str, usize>,
        set: &WheelSet,
        span: Span,
    ) -> Result<Unpacked, EmitError> {
        let fixed = ["conda", "--root", OUT, "--prefix", VENV, "--python", &set.python];
        let mut arguments: Vec<String> = fixed.map(str::to_owned).to_vec();
        let compiles = set.bytecode && layer.packages.iter().any(CondaPlan::is_for_any_python);
        if compiles {
            arguments.extend(["--bytecode", "/"].map(str::to_owned));
        }
        arguments.extend(["--list", LIST].map(str::to_owned));
        let mut mounts = Vec::new();
        let mut packages: Vec<&CondaPlan> = layer.packages.iter().collect();
        packages.sort_by_key(|package| places.get(package.name.as_str()).copied());
        for package in packages {
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
        let exec = self.tool(&arguments)?.mount(Mount::scratch(OUT)).mount(Mount::scratch(LIST));
        let exec = mounts.into_iter().fold(exec, Exec::mount);
        let root = match (&self.inputs.tool, compiles) {
            (Some(tool), false) => tool.clone(),
            _ => self.compiler()?.state,
        };
        let title = format!("unpack: {}", layer.contents());
        let made = exec.meta(self.metadata("conda", &title, span)).run(&root);
        Ok(Unpacked { tree: made.output(OUT), list: made.output(LIST) })
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
