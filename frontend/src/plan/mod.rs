//! Decides what is built, in the terms of the field, and independently of how it is built.
//!
//! A [`Plan`] is a plain value: it can be printed, compared and kept as a snapshot. The graph, the outline,
//! the list of targets and the image configs are all made from the plan, so they cannot contradict each
//! other.

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

/// The path of the virtual environment in every Python stage.
pub const VENV: &str = "/venv";

/// The folder of a resolving step with the folders and archives of the context that requirements name.
pub const SOURCES: &str = "/run/pybuild/sources";

/// The plan of one build: its target and every stage that the target needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The build file.
    pub source: Arc<Source>,
    /// The stage whose image is the result.
    pub target: String,
    /// The stages of the build. Each stage comes after the stages that it needs.
    pub stages: Vec<Arc<StagePlan>>,
    /// The access of steps to the outside.
    pub access: Access,
    /// The builder of dependencies; `None` if no stage needs dependencies.
    pub builder: Option<Builder>,
    /// The place in the file that sets the base of stages that ship.
    pub python_span: Option<Span>,
}

/// The environment in which dependencies are installed and compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct Builder {
    /// The base of the builder.
    pub base: PythonBase,
    /// The place in the file that sets the base.
    pub base_span: Option<Span>,
    /// The base in which requirements without a lock are resolved. It has Python and pip.
    pub resolver: PythonBase,
    /// The base whose Python compiles bytecode on the build platform.
    pub compiler: PythonBase,
    /// The OS packages for compiling.
    pub packages: Option<Packages>,
    /// The Python version that the base must have.
    pub python: Option<PythonVersion>,
    /// The version of the project and of folders of the context, for build backends that would otherwise ask
    /// git.
    pub version: Option<String>,
    /// Files that are copied into the project from elsewhere, as for a project in `/`.
    pub brought: Vec<Brought>,
    /// The rules for building the project itself.
    pub build: BuildRules,
    /// The requirements of every environment.
    pub environment: Groups,
    /// The place of the builder in the file.
    pub span: Span,
}

/// The base of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BasePlan {
    /// The empty file system.
    Scratch,
    /// An image.
    Image(ImageReference),
    /// A target of a Dockerfile.
    Dockerfile(DockerfileTarget),
    /// Another stage.
    Stage(String),
    /// The builder with these groups.
    Environment {
        /// The groups.
        groups: Box<Groups>,
        /// Whether the environment gets the base image's pip, because people who work in it expect pip.
        pip: bool,
    },
}

/// The dependency groups of one environment: sorted names, and everything that the environment contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The names of the groups. Without names, only the project's own dependencies.
    pub names: Vec<String>,
    /// All requirements of the environment, including the project's own dependencies.
    pub requirements: Requirements,
    /// The wheels of the environment. `None` if pip installs, and in a plan that was made before the wheels
    /// were selected.
    pub wheels: Option<WheelSet>,
}

/// A stage: an image config and the steps that make its files.
#[derive(Clone, Debug, PartialEq)]
pub struct StagePlan {
    /// The name of the stage.
    pub name: String,
    /// The place of its name in the file.
    pub span: Span,
    /// The base of the stage.
    pub base: BasePlan,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// Its checks.
    pub checks: Vec<CheckPlan>,
    /// Other stages whose checks must pass before this stage's image is finished, including the stages that
    /// these stages require.
    pub gates: Vec<String>,
    /// Whether the checks see all files of the stage. Otherwise they see the environment, and the app as a
    /// mount.
    pub checks_see_all: bool,
    /// Users that the base image must have. A step checks this, because engines silently use root for an
    /// unknown user.
    pub expected_users: Vec<String>,
    /// The image config of the stage.
    pub image: ImagePlan,
}

/// The image config of a stage, in addition to the config of the base.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImagePlan {
    /// Whether the environment is on the `PATH`.
    pub has_venv: bool,
    /// Whether it is an environment of conda packages.
    pub is_conda: bool,
    /// Whether people and checks work in the environment. Variables then make uv use it unchanged.
    pub for_work: bool,
    /// Environment variables. In `PATH`, [`BASES_PATH`](crate::spec::BASES_PATH) stands for the folders of
    /// the base.
    pub env: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Arguments of the entrypoint.
    pub command: Option<Vec<String>>,
    /// The program that runs.
    pub entrypoint: Option<Vec<String>>,
    /// The user.
    pub user: Option<String>,
    /// Ports, such as `8000/tcp`.
    pub expose: Vec<String>,
    /// The health check.
    pub healthcheck: Option<HealthCheck>,
    /// Folders that are mounted from outside.
    pub volumes: Vec<ImagePath>,
    /// The working directory.
    pub workdir: Option<ImagePath>,
    /// The signal that stops a container.
    pub stop_signal: Option<String>,
}

impl Plan {
    /// Makes the plan of `target`. The spec and the project must have no errors.
    ///
    /// `wheels` contains the wheels of each set of groups. It is empty if pip installs, and if only
    /// [`Plan::group_sets`] is needed.
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

    /// The plans of several targets. A stage that several of them need is planned once.
    pub fn several(
        spec: &Spec,
        project: &Project,
        targets: &[&str],
        wheels: &BTreeMap<Vec<String>, WheelSet>,
        found: &mut Diagnostics,
    ) -> Vec<Self> {
        stages::plans(spec, project, targets, wheels, found)
    }

    /// An empty plan, for a target that cannot be planned.
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

    /// All environments of the plan.
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

    /// The sets of groups for which environments are needed, by name.
    pub fn group_sets(&self) -> BTreeSet<Vec<String>> {
        self.environments().map(|groups| groups.names.clone()).collect()
    }

    /// The stage with this name, if it is a part of the plan.
    pub fn stage(&self, name: &str) -> Option<&StagePlan> {
        // The target is the last stage.
        self.stages.iter().rev().find(|stage| stage.name == name).map(Arc::as_ref)
    }

    /// Whether `/venv/bin` is on the `PATH` of a stage.
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

    /// Whether a stage starts from an environment with the base image's pip.
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

    /// All images from which the plan starts or copies.
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

    /// All copies into stages and into the project, each with its stage and its place in the file.
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

    /// The Dockerfile targets from which stages start or copy, each with its stage and its place in the file.
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

    /// The OS packages of stages.
    fn installed(&self) -> impl Iterator<Item = &Packages> {
        self.stages.iter().flat_map(|stage| &stage.steps).filter_map(|step| match &step.action {
            Action::Packages(packages) => Some(packages),
            _ => None,
        })
    }

    /// The images that run on the build platform for every platform of the result. Their Python compiles
    /// bytecode.
    pub fn build_images(&self) -> BTreeSet<&ImageReference> {
        let compiles = |wheels: &WheelSet| wheels.conda.is_none() || wheels.bytecode;
        let builder =
            self.builder.iter().filter(|builder| builder.environment.wheels.as_ref().is_some_and(compiles));
        builder.filter_map(|builder| builder.compiler.image()).collect()
    }

    /// The paths of the context that must be transferred; `None` for the whole context.
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

/// The path to transfer for a pattern: its folders before the first wildcard.
fn transferred(path: &ContextPath) -> String {
    path.literal().as_str().to_owned()
}
