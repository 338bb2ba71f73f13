//! The virtual environment. The builder makes it once, pip fills it, and every module gets its bytecode.

use std::collections::BTreeMap;

use buildkit_llb::{Cap, Exec, FileOp, Metadata, MkFile, Mount, Network, Sharing, State};

use super::layers::Layers;
use super::requirements::Reader;
use super::script::{Script, script};
use super::{BUILDER, EmitError, Emitter, Image, ImageConfig};
use crate::diagnostics::Span;
use crate::plan::{AppFiles, Groups, StagePlan};
use crate::project::{BuildRules, Requirements};

const BUILD_CONSTRAINTS: &str = "/run/pybuild/build-constraints.txt";
/// The script that removes secrets from the output of pip.
pub(super) const HIDE: Script = script!("hide.sed", "secrets that are taken out of the output of pip");
pub(super) const COMPILE: Script = script!("compile.py", "script to compile modules");
const VENV: Script = script!("venv.sh", "script to make the virtual environment");
const PIP: Script = script!("pip.sh", "script to install with pip");
const PROJECT: Script = script!("project.sh", "script to install the project");

/// The variables from which packages take a version before they ask git. Such packages are setuptools-scm and
/// packages that use it (hatch-vcs, flit-scm), PDM's backend, those for Poetry and uv, and pbr.
pub const VERSION_VARIABLES: [&str; 5] = [
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "PDM_BUILD_SCM_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "UV_DYNAMIC_VERSIONING_BYPASS",
    "PBR_VERSION",
];

impl Emitter<'_> {
    /// The builder with the project's dependencies and the packages of `groups`. If `pip` is true, the
    /// environment also gets the pip of the base image.
    pub(super) fn environment(&self, groups: &Groups, pip: bool) -> Result<Image, EmitError> {
        let builder = self.plan.builder.as_ref();
        let builder = builder.ok_or_else(|| EmitError::UnknownStage(BUILDER.to_owned()))?;
        let mut image = self.base(&builder.base.plan())?;
        if let Some(packages) = &builder.packages {
            image.state = self.packages(BUILDER, packages, &image.state, &image.config);
            let names = packages.names.join(" ");
            image.config.layer(format!("{}: {names}", super::packages::program(packages)));
        }
        let base = image.state.clone();
        if let Some(set) = &groups.wheels {
            let mut layers =
                Layers::new(image.state.clone(), self.inputs.capabilities.supports(Cap::MergeOp));
            self.add_environment(BUILDER, set, builder.span, &mut layers, &mut image)?;
            if pip {
                self.add_pip(set, &base, builder.span, &mut layers, &mut image)?;
            }
            image.state = layers.image(&self.metadata(BUILDER, "environment", builder.span));
            return Ok(image);
        }
        let version = builder.python.map(|version| version.to_string()).unwrap_or_default();
        let title = format!("venv: Python {version}");
        let venv = self.shell(VENV, &[version], &image.config).network(Network::None);
        let span = self.base_span(BUILDER).unwrap_or(builder.span);
        image.state = venv.meta(self.metadata(BUILDER, title.trim_end(), span)).run(&image.state).root();
        image.config.layer("venv: /venv".to_owned());
        let mut wanted = vec![&builder.environment.requirements];
        if groups.requirements != builder.environment.requirements {
            wanted.push(&groups.requirements);
        }
        for requirements in wanted.into_iter().filter(|requirements| !requirements.is_empty()) {
            let span = requirements.asked.unwrap_or(builder.span);
            image.state = self.install(BUILDER, requirements, &image.state, &image.config, span);
            image.config.layer(format!("pip: {}", requirements.label()));
        }
        if pip {
            self.install_pip((&base, builder.python), builder.span, &mut image)?;
        }
        Ok(image)
    }

    /// Installs `requirements` into the environment of `root`.
    pub(super) fn install(
        &self,
        stage: &str,
        requirements: &Requirements,
        root: &State,
        config: &ImageConfig,
        span: Span,
    ) -> State {
        let mut arguments = pip_arguments();
        let files = Self::requirement_files(requirements).into_iter();
        arguments.extend(files.flat_map(|file| ["-r".to_owned(), file]));
        let exec = self
            .shell(PIP, &arguments, config)
            .mount(HIDE.mount())
            .mount(COMPILE.mount())
            .cwd("/run/pybuild");
        let exec = self.mount_requirements(exec, requirements, Reader::Pip);
        let exec = with_build_constraints(exec, &self.own_build().constraints);
        let title = format!("pip: {}", requirements.label());
        let meta = self.metadata_at(stage, &title, self.wanted_locations(&requirements.wanted, span));
        self.with_pip_cache(exec).meta(meta).run(root).root()
    }

    /// The project as a package, installed under an empty root.
    pub(super) fn project(&self, groups: &Groups, files: &AppFiles, span: Span) -> Result<State, EmitError> {
        const OUT: &str = "/run/pybuild/out";
        let image = self.environment(groups, false)?;
        let meta = self.metadata(BUILDER, "project: source", span);
        let brought = self.brought(&files.brought, BUILDER)?;
        let source = self.app(&State::scratch(), (files, &brought), &[], meta);
        let exec = self.shell(PROJECT, &[], &image.config).mount(HIDE.mount()).mount(COMPILE.mount());
        let exec = exec
            .mount(Mount::bind(&source, "/src").selector(files.to.as_str()).no_output())
            .mount(Mount::scratch(OUT))
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PIP_ROOT_USER_ACTION", "ignore")
            .env("PIP_NO_INPUT", "1");
        let exec = with_build_constraints(exec, &self.own_build().constraints);
        let exec = with_version(exec, self.version());
        let meta = self.metadata(BUILDER, "project: build", span);
        Ok(self.with_pip_cache(exec).meta(meta).run(&image.state).output(OUT))
    }

    /// The environment of `root` with an editable installation of the project: programs run the code in the
    /// app's folder.
    pub(super) fn editable(
        &self,
        stage: &StagePlan,
        (files, folders): (&AppFiles, &[String]),
        root: &State,
        config: &ImageConfig,
        span: Span,
    ) -> Result<State, EmitError> {
        let meta = self.metadata(&stage.name, "project: source", span);
        let brought = self.brought(&files.brought, &stage.name)?;
        let source = self.app(&State::scratch(), (files, &brought), &[], meta);
        let mut arguments = pip_arguments();
        let to = files.to.as_str();
        arguments.push("--no-deps".to_owned());
        for folder in folders {
            let folder = if folder == "." { to.to_owned() } else { format!("{to}/{folder}") };
            arguments.extend(["-e".to_owned(), folder]);
        }
        let exec = self.shell(PIP, &arguments, config).mount(HIDE.mount()).mount(COMPILE.mount());
        let exec = with_build(with_version(exec, self.version()), self.own_build());
        let exec = exec.mount(Mount::bind(&source, to).selector(to).no_output());
        let meta = self.metadata(&stage.name, "project: editable", span);
        Ok(self.with_pip_cache(exec).meta(meta).run(root).root())
    }

    /// The version of the project, if the build file gives it.
    pub(super) fn version(&self) -> Option<&str> {
        self.plan.builder.as_ref()?.version.as_deref()
    }

    /// The rules for building the project itself.
    pub(super) fn own_build(&self) -> &BuildRules {
        const NONE: &BuildRules =
            &BuildRules { constraints: Vec::new(), settings: Vec::new(), variables: BTreeMap::new() };
        self.plan.builder.as_ref().map_or(NONE, |builder| &builder.build)
    }

    /// Gives a step of pip the pip cache and access to the indexes.
    pub(super) fn with_pip_cache(&self, exec: Exec) -> Exec {
        const CACHE: &str = "/root/.cache/pip";
        self.with_index(exec)
            .mount(Mount::cache(CACHE, self.inputs.options.cache_id(CACHE), Sharing::Shared))
            .env("PIP_CACHE_DIR", CACHE)
    }
}

/// Gives a build with pip its build constraints and its variables.
pub(super) fn with_build(exec: Exec, rules: &BuildRules) -> Exec {
    let exec = rules.variables.iter().fold(exec, |exec, (name, value)| exec.env(name, value));
    if rules.constraints.is_empty() {
        return exec;
    }
    // Before 25.3, pip has only one kind of constraints, which also apply to builds. Later versions
    // distinguish both kinds.
    with_build_constraints(exec, &rules.constraints).env("PIP_CONSTRAINT", BUILD_CONSTRAINTS)
}

/// Gives pip the constraints of build environments. pip reads this variable from version 25.3 on.
fn with_build_constraints(exec: Exec, constraints: &[String]) -> Exec {
    if constraints.is_empty() {
        return exec;
    }
    let file = FileOp::on(&State::scratch())
        .mkfile(MkFile::new("/constraints.txt", constraints.join("\n") + "\n").mode(0o644).timestamp(0))
        .meta(Metadata::named("[internal] build constraints"))
        .state();
    exec.mount(Mount::bind(&file, BUILD_CONSTRAINTS).selector("/constraints.txt").read_only())
        .env("PIP_BUILD_CONSTRAINT", BUILD_CONSTRAINTS)
}

/// Gives a build backend the version for which it would ask git.
pub(super) fn with_version(exec: Exec, version: Option<&str>) -> Exec {
    let Some(version) = version else { return exec };
    VERSION_VARIABLES.into_iter().fold(exec, |exec, name| exec.env(name, version))
}

/// The arguments of `pip.sh` that are always the same.
pub(super) fn pip_arguments() -> Vec<String> {
    let arguments =
        ["install", "--no-compile", "--no-input", "--disable-pip-version-check", "--root-user-action=ignore"];
    arguments.map(str::to_owned).to_vec()
}
