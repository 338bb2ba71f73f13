//! The pip of environments in which people work. It is the pip of the base image, installed into `/venv` as
//! `python -m venv` does it.
//!
//! Environments of images that ship have no pip. So pip is a layer of its own, and no other layer depends on
//! it.

use buildkit_llb::{FileOp, Mount, Network, Rm, State};

use super::environment::{COMPILE, pip_arguments};
use super::layers::Layers;
use super::script::{Script, script};
use super::wheels::{Mounted, OUT};
use super::{BUILDER, EmitError, Emitter, Image, ImageConfig};
use crate::diagnostics::Span;
use crate::plan::{StagePlan, VENV, WheelSet};
use crate::project::PythonVersion;

/// The path of pip's wheel during its installation.
const FOUND: &str = "/run/pybuild/pip";
const OWN_PIP: Script = script!("own-pip.sh", "script to install pip");

impl Emitter<'_> {
    /// Adds the pip of `base`, the image for which the environment is made.
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

    /// Like [`Self::add_pip`], if pip also installs all other packages.
    pub(super) fn install_pip(
        &self,
        (base, python): (&State, Option<PythonVersion>),
        span: Span,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        // If only the image knows its Python version, pip is taken from the environment. Then this step runs
        // again after each change of the environment.
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

    /// A folder with a wheel of an image's pip, or an empty folder. No program of the image runs.
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

    /// Removes the base image's pip from an environment that gets another pip.
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
