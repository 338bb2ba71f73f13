//! Everything that decides what is built, in the field's words, independent of how it is built.
//!
//! A [`Plan`] is a plain value: it can be printed, compared and kept as a snapshot. The graph, the outline, the
//! list of targets and the image configs are all made from it, so they cannot disagree.

mod access;
mod account;
mod app_files;
mod conda;
mod conda_order;
mod derived;
mod order;
mod package_names;
mod parts;
mod python_base;
mod spread;
mod stages;
mod steps;
mod together;
mod weight;
mod wheels;

pub use access::Access;
pub use account::{DEFAULT_UID, NewUser};
pub use conda::{CondaFrom, CondaLayer, CondaPlan, CondaSet};
pub use conda_order::CondaTool;
pub use python_base::PythonBase;
pub use steps::{
    Action, AppFiles, Brought, CheckPlan, CopyPlan, CopySource, MountPlan, Packages, RunPlan, Step,
};
pub use together::{Together, installation_order};
pub use wheels::{BuildFrom, WheelFrom, WheelLayer, WheelPlan, WheelSet};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostics::{Diagnostics, Source, Span};
use crate::project::{BuildRules, Project, PythonVersion, Requirements};
use crate::reference::ImageReference;
use crate::spec::{ContextPath, DockerfileTarget, HealthCheck, ImagePath, Key, Spec};

/// Where the virtual environment is, in every Python stage.
pub const VENV: &str = "/venv";

/// Where a step that resolves has the folders and archives of the context that requirements name.
pub const SOURCES: &str = "/run/pybuild/sources";

/// What one build makes: its target and every stage that it needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The build file.
    pub source: Arc<Source>,
    /// The stage whose image comes out.
    pub target: String,
    /// The stages that are needed, each after those it needs.
    pub stages: Vec<Arc<StagePlan>>,
    /// How steps reach what is outside.
    pub access: Access,
    /// Where dependencies are installed; absent where no stage needs them.
    pub builder: Option<Builder>,
    /// Where the file says what stages that ship start from.
    pub python_span: Option<Span>,
}

/// The place where dependencies are installed and compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Builder {
    /// What it starts from.
    pub base: PythonBase,
    /// Where the file says so.
    pub base_span: Option<Span>,
    /// Where what is not locked is resolved: it has Python and pip.
    pub resolver: PythonBase,
    /// Whose Python compiles bytecode, on the platform that builds.
    pub compiler: PythonBase,
    /// OS packages that compiling needs.
    pub packages: Option<Packages>,
    /// The version that the base's interpreter must have.
    pub python: Option<PythonVersion>,
    /// The version of the project and of folders of the context, where a build backend would ask git for it.
    pub version: Option<String>,
    /// What stages and others bring to the project, at its place below `/`.
    pub brought: Vec<Brought>,
    /// How the project itself is built.
    pub build: BuildRules,
    /// What every environment holds.
    pub environment: Groups,
    /// What marks it in the file.
    pub span: Span,
}

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BasePlan {
    /// Nothing.
    Scratch,
    /// An image.
    Image(ImageReference),
    /// A target of a Dockerfile.
    Dockerfile(DockerfileTarget),
    /// Another stage.
    Stage(String),
    /// The builder, with these groups installed on top.
    Environment {
        /// The groups.
        groups: Box<Groups>,
        /// Whether the environment gets the base image's pip, as people who work in it expect.
        pip: bool,
    },
}

/// Dependency groups of one environment: sorted names, and what all of it installs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The groups' names. None: the project's own dependencies alone.
    pub names: Vec<String>,
    /// Everything that the environment holds, the project's own dependencies included.
    pub requirements: Requirements,
    /// The wheels that it is made of; absent where pip installs.
    pub wheels: Option<WheelSet>,
}

/// One stage: an image config and the steps that lead to its files.
#[derive(Clone, Debug, PartialEq)]
pub struct StagePlan {
    /// Its name.
    pub name: String,
    /// Where the file names it.
    pub span: Span,
    /// What it starts from.
    pub base: BasePlan,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Its checks.
    pub checks: Vec<CheckPlan>,
    /// Other stages whose checks must pass before this one's image comes out, and those that these wait for.
    pub gates: Vec<String>,
    /// Whether the checks see all that the stage is made of, rather than the environment with the app beside it.
    pub checks_see_all: bool,
    /// Users that the base image must have: it is asked, since engines take an unknown one for root.
    pub expected_users: Vec<String>,
    /// What its image config says.
    pub image: ImagePlan,
}

/// What goes into the image config, on top of what the base's says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImagePlan {
    /// Whether the environment is on the PATH.
    pub has_venv: bool,
    /// Whether the environment is one of conda packages.
    pub is_conda: bool,
    /// Whether people and checks work in the environment: uv is told to use it as it is.
    pub for_work: bool,
    /// Environment. [`BASES_PATH`](crate::spec::BASES_PATH) in `PATH` stands for the folders of the base.
    pub env: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Arguments of the entrypoint.
    pub command: Option<Vec<String>>,
    /// The program that runs.
    pub entrypoint: Option<Vec<String>>,
    /// Whom it runs as.
    pub user: Option<String>,
    /// Ports as `8000/tcp`.
    pub expose: Vec<String>,
    /// The health check.
    pub healthcheck: Option<HealthCheck>,
    /// Folders that are mounted from outside.
    pub volumes: Vec<ImagePath>,
    /// Where commands run.
    pub workdir: Option<ImagePath>,
    /// The signal that ends it.
    pub stop_signal: Option<String>,
}

impl Plan {
    /// Decides what `target` takes. The spec and project must be free of errors.
    ///
    /// `wheels` has the wheels of each set of groups; it is empty where pip installs, and where only
    /// [`Plan::group_sets`] are wanted.
    pub fn new(
        spec: &Spec,
        project: &Project,
        target: &str,
        wheels: &BTreeMap<Vec<String>, WheelSet>,
        found: &mut Diagnostics,
    ) -> Self {
        let mut plans = Self::several(spec, project, &[target], wheels, found);
        plans.pop().unwrap_or_else(|| Self::empty(spec, target))
    }

    /// The plans of several targets. What two of them need is decided once.
    pub fn several(
        spec: &Spec,
        project: &Project,
        targets: &[&str],
        wheels: &BTreeMap<Vec<String>, WheelSet>,
        found: &mut Diagnostics,
    ) -> Vec<Self> {
        stages::plans(spec, project, targets, wheels, found)
    }

    /// A plan of nothing, for a target that cannot be planned.
    fn empty(spec: &Spec, target: &str) -> Self {
        let (source, target) = (Arc::clone(&spec.source), target.to_owned());
        Self {
            source,
            target,
            stages: Vec::new(),
            access: Access::of(spec),
            builder: None,
            python_span: None,
        }
    }

    /// Every environment of the plan.
    pub fn environments(&self) -> impl Iterator<Item = &Groups> {
        let bases = self.stages.iter().filter_map(|stage| match &stage.base {
            BasePlan::Environment { groups, .. } => Some(groups.as_ref()),
            _ => None,
        });
        let steps = self.stages.iter().flat_map(|stage| &stage.steps).filter_map(|step| match &step.action {
            Action::Environment(groups) | Action::Install(groups) | Action::Project { groups, .. } => {
                Some(groups)
            }
            _ => None,
        });
        bases.chain(steps).chain(self.builder.iter().map(|builder| &builder.environment))
    }

    /// The sets of groups that environments are wanted for, by their names.
    pub fn group_sets(&self) -> BTreeSet<Vec<String>> {
        self.environments().map(|groups| groups.names.clone()).collect()
    }

    /// The stage named `name`, if it is part of the plan.
    pub fn stage(&self, name: &str) -> Option<&StagePlan> {
        // The target itself is the last one.
        self.stages.iter().rev().find(|stage| stage.name == name).map(Arc::as_ref)
    }

    /// Whether `/venv/bin` is on the PATH of a stage.
    pub fn has_environment(&self, stage: &StagePlan) -> bool {
        let mut stage = stage;
        for _ in 0..=self.stages.len() {
            match &stage.base {
                _ if stage.image.has_venv => return true,
                BasePlan::Stage(name) => match self.stage(name) {
                    Some(below) => stage = below,
                    None => return false,
                },
                BasePlan::Environment { .. } => return true,
                BasePlan::Scratch | BasePlan::Image(_) | BasePlan::Dockerfile(_) => return false,
            }
        }
        false
    }

    /// Whether a stage goes on from an environment that has the base image's pip.
    pub fn is_on_given_pip(&self, stage: &StagePlan) -> bool {
        let mut base = &stage.base;
        for _ in 0..=self.stages.len() {
            match base {
                BasePlan::Environment { pip, .. } => return *pip,
                BasePlan::Scratch | BasePlan::Image(_) | BasePlan::Dockerfile(_) => return false,
                BasePlan::Stage(name) => match self.stage(name) {
                    Some(below) => base = &below.base,
                    None => return false,
                },
            }
        }
        false
    }

    /// Every image that the plan starts from or copies from.
    pub fn images(&self) -> BTreeSet<&ImageReference> {
        let mut images: BTreeSet<_> =
            self.builder.iter().filter_map(|builder| builder.base.image()).collect();
        for stage in &self.stages {
            if let BasePlan::Image(image) = &stage.base {
                images.insert(image);
            }
        }
        images.extend(self.copies().filter_map(|(copy, _, _)| match &copy.from {
            CopySource::Image(image) => Some(image),
            _ => None,
        }));
        images
    }

    /// Every copy, into stages and into the project, each with its stage and the place that asks for it.
    pub fn copies(&self) -> impl Iterator<Item = (&CopyPlan, &str, Span)> {
        let of_stages = self.stages.iter().flat_map(|stage| {
            let steps = stage.steps.iter();
            let copied = steps.clone().filter_map(|step| match &step.action {
                Action::Copy(copy) => Some((copy, step.span)),
                _ => None,
            });
            let seen = stage.checks.iter().filter_map(|check| check.app.as_ref());
            let brought = steps.filter_map(|step| step.action.files()).chain(seen);
            let brought =
                brought.flat_map(|files| &files.brought).map(|brought| (&brought.copy, brought.span));
            let runs = stage.steps.iter().filter_map(|step| match &step.action {
                Action::Run(run) => Some(run),
                _ => None,
            });
            let runs = runs.chain(stage.checks.iter().map(|check| &check.run));
            let mounted = runs.flat_map(|run| &run.mounts).filter_map(MountPlan::files);
            let mounted = mounted.map(|mounted| (&mounted.copy, mounted.span));
            copied.chain(brought).chain(mounted).map(|(copy, span)| (copy, stage.name.as_str(), span))
        });
        let of_builder = self.builder.iter().flat_map(|builder| &builder.brought);
        of_stages.chain(of_builder.map(|brought| (&brought.copy, "builder", brought.span)))
    }

    /// The targets of Dockerfiles that stages start or copy from, each with the stage and the place that names it.
    pub fn dockerfiles(&self) -> impl Iterator<Item = (&DockerfileTarget, &str, Span)> {
        let of_builder = self.builder.iter().filter_map(|builder| match &builder.base {
            PythonBase::Dockerfile(target) => {
                Some((target, "builder", builder.base_span.unwrap_or(builder.span)))
            }
            _ => None,
        });
        let of_stages = self.stages.iter().filter_map(|stage| match &stage.base {
            BasePlan::Dockerfile(target) => Some((target, stage.name.as_str(), stage.span)),
            _ => None,
        });
        let copied = self.copies().filter_map(|(copy, stage, span)| match &copy.from {
            CopySource::Dockerfile(target) => Some((target, stage, span)),
            _ => None,
        });
        of_builder.chain(of_stages).chain(copied)
    }

    /// OS packages of stages.
    fn installed(&self) -> impl Iterator<Item = &Packages> {
        self.stages.iter().flat_map(|stage| &stage.steps).filter_map(|step| match &step.action {
            Action::Packages(packages) => Some(packages),
            _ => None,
        })
    }

    /// The images that run on the build platform, whatever the image is for: their Python compiles bytecode.
    pub fn build_images(&self) -> BTreeSet<&ImageReference> {
        let compiles = |wheels: &WheelSet| wheels.conda.is_none() || wheels.bytecode;
        let builder =
            self.builder.iter().filter(|builder| builder.environment.wheels.as_ref().is_some_and(compiles));
        builder.filter_map(|builder| builder.compiler.image()).collect()
    }

    /// The paths of the context that the plan uses, to be transferred; `None` if all of it is.
    pub fn context_paths(&self) -> Option<BTreeSet<String>> {
        let mut paths = BTreeSet::new();
        let mut add = |files: &AppFiles| {
            if files.include.is_empty() {
                paths.insert(".".to_owned());
            }
            paths.extend(files.include.iter().map(transferred));
        };
        for stage in &self.stages {
            stage.steps.iter().filter_map(|step| step.action.files()).for_each(&mut add);
            for check in &stage.checks {
                check.app.iter().for_each(&mut add);
                check.run.files.iter().for_each(&mut add);
            }
        }
        let of_builder = self.builder.iter().filter_map(|builder| builder.packages.as_ref());
        for packages in self.installed().chain(of_builder) {
            paths.extend(packages.repositories.iter().filter_map(|repository| match &repository.key {
                Key::Context(path) => Some(transferred(path)),
                Key::Download(_) => None,
            }));
        }
        for (copy, _, _) in self.copies().filter(|(copy, _, _)| copy.from == CopySource::Context) {
            paths.extend(ContextPath::parse(&copy.path).map(|path| transferred(&path)));
        }
        for groups in self.environments() {
            match &groups.wheels {
                Some(wheels) => paths.extend(wheels.context_paths().map(str::to_owned)),
                None => paths.extend(groups.requirements.context_paths(true)),
            }
        }
        (!paths.contains(".")).then_some(paths)
    }
}

/// What has to be transferred for a pattern: everything below its part without wildcards.
fn transferred(path: &ContextPath) -> String {
    path.literal().as_str().to_owned()
}
