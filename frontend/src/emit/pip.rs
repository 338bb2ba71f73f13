//! The pip of environments that people work in: that of the base image, put into `/venv` as `python -m venv` does it.
//!
//! Environments that ship have none. So the pip is a layer of its own, which other layers do not depend on.

use buildkit_llb::{FileOp, Mount, Network, Rm, State};

use super::environment::{COMPILE, pip_arguments};
use super::layers::Layers;
use super::script::{Script, script};
use super::wheels::{Mounted, OUT};
use super::{BUILDER, EmitError, Emitter, Image, ImageConfig};
use crate::diagnostics::Span;
use crate::plan::{StagePlan, VENV, WheelSet};
use crate::project::PythonVersion;

/// Where the wheel of pip is while it is installed.
const FOUND: &str = "/run/pybuild/pip";
const OWN_PIP: Script = script!("own-pip.sh", "script to install pip");

impl Emitter<'_> {
    /// Adds the pip of `base`, the image that the environment is made for.
    pub(super) fn add_pip<'l>(
        &'l self,
        set: &'l WheelSet,
        base: &State,
        span: Span,
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        let found = self.found_pip(Some(&set.python), (base, &image.config), span)?;
        let mount = Mount::bind(&found, FOUND).read_only();
        let wheel = Mounted {
            mount,
            option: "--if-any",
            argument: FOUND.to_owned(),
            package: None,
            changes_often: false,
            direct_url: None,
        };
        let tree = self.unpacked("unpack: pip of the base image", vec![wheel], None, set, span)?.output(OUT);
        self.add_tree(BUILDER, "pip of the base image", tree, span, layers);
        image.config.layer("pip of the base image");
        Ok(())
    }

    /// The same where pip installs everything else as well.
    pub(super) fn install_pip(
        &self,
        (base, python): (&State, Option<PythonVersion>),
        span: Span,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        // Where only the image knows its Python, the environment is asked, and so again after each of its changes.
        let found = match python {
            Some(python) => self.found_pip(Some(&python.library()), (base, &image.config), span)?,
            None => self.found_pip(None, (&image.state, &image.config), span)?,
        };
        let arguments = pip_arguments();
        let exec =
            self.shell(OWN_PIP, &arguments, &image.config).mount(COMPILE.mount()).network(Network::None);
        let exec = exec.mount(Mount::bind(&found, FOUND).read_only());
        let meta = self.metadata(BUILDER, "pip of the base image", span);
        image.state = exec.meta(meta).run(&image.state).root();
        image.config.layer("pip of the base image");
        Ok(())
    }

    /// A folder with a wheel of the pip that an image has, or with nothing. No binary of the image runs.
    fn found_pip(
        &self,
        python: Option<&str>,
        (base, config): (&State, &ImageConfig),
        span: Span,
    ) -> Result<State, EmitError> {
        let mut arguments = vec!["pip", "--root", OUT, "--base", "/", "--prefix", VENV];
        arguments.extend(python.into_iter().flat_map(|python| ["--python", python]));
        let search = config.search_path();
        arguments.extend(search.iter().flat_map(|path| ["--path", path.as_str()]));
        let exec = self.tool(&arguments)?.mount(Mount::scratch(OUT));
        Ok(exec.meta(self.metadata(BUILDER, "find: pip of the base image", span)).run(base).output(OUT))
    }

    /// Takes the base image's pip out of an environment that gets another one.
    pub(super) fn remove_pip(&self, stage: &StagePlan, set: &WheelSet, span: Span, layers: &mut Layers<'_>) {
        let packages = format!("{VENV}/lib/python{}/site-packages", set.python);
        let remove = |path: String| Rm::new(path).wildcard(true).allow_not_found(true);
        let root = layers.top(&self.whole(stage));
        let removed = FileOp::on(&root)
            .rm(remove(format!("{packages}/pip")))
            .rm(remove(format!("{packages}/pip-*.dist-info")))
            .meta(self.metadata(&stage.name, "remove: pip of the base image", span))
            .state();
        layers.replace(removed);
    }
}
