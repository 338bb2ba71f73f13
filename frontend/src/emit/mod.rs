//! Turns a [`Plan`] into LLB, with one small function for each step. Only this module knows both.
//!
//! Steps that only add files are made on an empty root and merged. So they run in parallel, and a change of
//! one step does not change the layers of the others. If the engine has no merge, the steps are made one
//! after the other.

mod access;
mod account;
mod cause;
mod conda;
mod conda_solver;
mod config;
mod copied;
mod environment;
mod files;
mod layers;
mod locations;
mod locator;
mod options;
mod overlaps;
mod packages;
mod pip;
mod reports;
mod repositories;
mod requirements;
mod resolver;
mod run;
mod sbom;
mod script;
mod wheels;

pub use config::{ImageConfig, WORKING};
pub use environment::VERSION_VARIABLES;
pub use locations::by_file;
pub use options::{ExecOptions, NoCache};
pub use overlaps::{TOGETHER, awaited};
pub use packages::program;
pub use reports::Report;
pub use repositories::sources;
pub use resolver::{ANSWER, EXPLANATION, explanation, resolver};
pub use sbom::{DOCUMENT, NoCommand, Scanner, bill_of_materials, scan};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::{Cap, CapSet, Digest, Location, Metadata, Platform, SourceFile, State};
use serde_json::Value;

use self::layers::Layers;
use self::locations::Locks;
use self::overlaps::{Comparisons, Laid};
use crate::diagnostics::Span;
use crate::plan::{Action, AppFiles, BasePlan, CopyPlan, Plan, StagePlan, Step, Together};
use crate::reference::ImageReference;
use crate::spec::DockerfileTarget;

/// The stage name of steps that prepare dependencies.
const BUILDER: &str = "builder";

/// An image that the engine has looked up.
#[derive(Clone, Debug)]
pub struct BaseImage {
    /// The files of the image.
    pub state: State,
    /// The config as it is in the registry; `Null` if there is none.
    pub config: Value,
}

/// The inputs of an emission besides the plan.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The platform of the image.
    pub platform: Platform,
    /// Whether the build asked for the platform. If not, a base image keeps its own platform.
    pub explicit_platform: bool,
    /// Whether this build makes images for several platforms. Step names then contain the platform.
    pub multi_platform: bool,
    /// The engine's own platform.
    pub build_platform: Platform,
    /// The build context without ignored files.
    pub context: State,
    /// The images of the plan.
    pub images: BTreeMap<ImageReference, BaseImage>,
    /// The targets of Dockerfiles.
    pub dockerfiles: BTreeMap<DockerfileTarget, BaseImage>,
    /// The states from which the plan was made: the answers of resolvers.
    pub resolved: Vec<State>,
    /// The images that replace stages, by the stage's name. These stages are not built.
    pub stages: BTreeMap<String, BaseImage>,
    /// The images whose Python compiles bytecode, for the engine's own platform.
    pub build_images: BTreeMap<ImageReference, BaseImage>,
    /// The base that compiles bytecode if the compiler is not an image: a stage or a Dockerfile target, for
    /// the engine's own platform. `None` if the image has the same platform.
    pub compiler: Option<BaseImage>,
    /// Our own image, which contains the tool. `None` if the engine did not tell which image it is.
    pub tool: Option<State>,
    /// The build file, for source maps.
    pub file: Arc<SourceFile>,
    /// The capabilities of the engine.
    pub capabilities: CapSet,
    /// The options of every process of the build.
    pub options: ExecOptions,
    /// The time of the build for reproducible images, in seconds since 1970.
    pub epoch: Option<i64>,
    /// The stages that a scanner examines besides the image. `builder` can be one of them.
    pub scanned: Scanned,
    /// The answers of layer comparisons, by the digest of the comparing step.
    pub together: BTreeMap<Digest, Together>,
    /// The failed downloads of this build: the number of failures, by URL.
    pub tries: BTreeMap<String, u32>,
}

/// The result: the files of an image and its config.
#[derive(Clone, Debug)]
pub struct Image {
    /// The files.
    pub state: State,
    /// The image config.
    pub config: ImageConfig,
    /// The config of the base image.
    pub base_config: Option<Value>,
    /// The other stages that [`Inputs::scanned`] names and that this image needs.
    pub scanned: BTreeMap<String, State>,
    /// The exported reports of the stage's checks.
    pub reports: Vec<Report>,
    /// The steps that compare layers, by their digests. The output of each is the file [`TOGETHER`].
    pub comparisons: BTreeMap<Digest, State>,
    /// The layers of wheels.
    wheels: Vec<Laid>,
}

/// A selection of stages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scanned {
    /// No stage.
    #[default]
    Nothing,
    /// All stages.
    All,
    /// The stages with these names.
    Only(BTreeSet<String>),
}

impl Scanned {
    /// Whether the selection contains `stage`.
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Only(stages) => stages.contains(stage),
        }
    }
}

impl Image {
    /// An image that this build does not make.
    fn given(given: &BaseImage, inputs: &Inputs) -> Self {
        let explicit = inputs.explicit_platform.then_some(&inputs.platform);
        Self {
            state: given.state.clone(),
            config: ImageConfig::inherit(&given.config, explicit, &inputs.platform),
            base_config: Some(given.config.clone()),
            scanned: BTreeMap::new(),
            reports: Vec::new(),
            comparisons: BTreeMap::new(),
            wheels: Vec::new(),
        }
    }

    /// A file system with one folder for the reports of each check; `None` if there are no reports.
    pub fn exported_reports(&self) -> Option<State> {
        reports::exported(&self.reports)
    }
}

/// The error for a plan that cannot be built on this engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// An image of the plan was not looked up.
    #[error("image `{0}` was not resolved")]
    UnresolvedImage(String),
    /// A stage that another stage needs is not a part of the plan.
    #[error("stage `{0}` is not part of the plan")]
    UnknownStage(String),
    /// A step needs the tool, but the engine did not tell which image is ours.
    #[error("the engine did not pass the frontend's own image, which creates the image's user")]
    NoTool,
}

/// Turns `plan` into LLB.
///
/// # Errors
/// If `inputs` lacks something that the plan needs.
pub fn emit(plan: &Plan, inputs: &Inputs) -> Result<Image, EmitError> {
    let mut emitter = Emitter::new(plan, inputs);
    for stage in &plan.stages {
        if let Some(given) = inputs.stages.get(&stage.name) {
            emitter.built.insert(stage.name.clone(), Image::given(given, inputs));
            continue;
        }
        let (built, passed) = emitter.stage(stage)?;
        emitter.built.insert(stage.name.clone(), built);
        emitter.checks.insert(stage.name.clone(), passed);
    }
    let target = emitter.built.remove(&plan.target);
    let mut image = target.ok_or_else(|| EmitError::UnknownStage(plan.target.clone()))?;
    image.config.finish(inputs.epoch);
    if let Some(builder) = plan.builder.as_ref().filter(|_| inputs.scanned.covers(BUILDER)) {
        image.scanned.insert(BUILDER.to_owned(), emitter.environment(&builder.environment, false)?.state);
    }
    let others = emitter.built.into_iter().filter(|(name, _)| inputs.scanned.covers(name));
    image.scanned.extend(others.map(|(name, other)| (name, other.state)));
    image.comparisons = emitter.comparisons.into_made();
    Ok(image)
}

/// One stage of a plan as an image, without the others.
///
/// # Errors
/// As [`emit`].
pub fn stage(plan: &Plan, inputs: &Inputs, name: &str) -> Result<BaseImage, EmitError> {
    let end = plan.stages.iter().position(|stage| stage.name == name).map_or(0, |at| at + 1);
    let stages = plan.stages.iter().take(end).cloned().collect();
    let made = emit(&Plan { target: name.to_owned(), stages, ..plan.clone() }, inputs)?;
    Ok(BaseImage { state: made.state, config: made.config.to_json() })
}

struct Emitter<'a> {
    plan: &'a Plan,
    inputs: &'a Inputs,
    built: BTreeMap<String, Image>,
    /// The outputs of the passed checks of each stage.
    checks: BTreeMap<String, Vec<State>>,
    locks: Locks,
    comparisons: Comparisons,
}

impl<'a> Emitter<'a> {
    fn new(plan: &'a Plan, inputs: &'a Inputs) -> Self {
        Self {
            plan,
            inputs,
            built: BTreeMap::new(),
            checks: BTreeMap::new(),
            locks: Locks::default(),
            comparisons: Comparisons::default(),
        }
    }
}

impl Emitter<'_> {
    /// The image of a stage, and the outputs of its checks.
    fn stage(&self, stage: &StagePlan) -> Result<(Image, Vec<State>), EmitError> {
        let mut image = self.base(&stage.base)?;
        image.config.apply(&stage.image);
        let mut layers = Layers::new(image.state.clone(), self.inputs.capabilities.supports(Cap::MergeOp));
        // Checks see the layers before the app, and the app as a mount. If the stage makes files of its own
        // after the app, checks see everything.
        let app = stage.steps.iter().position(|step| matches!(step.action, Action::App(_)));
        let end = stage.steps.len();
        let before_checks = if stage.checks_see_all { end } else { app.unwrap_or(end) };
        let mut gates: Vec<State> =
            stage.gates.iter().filter_map(|gate| self.checks.get(gate)).flatten().cloned().collect();
        // Only the last step that can wait for checks waits, so that all other steps run in parallel with the
        // checks.
        let waits = |step: &Step| {
            matches!(step.action, Action::Project { .. } | Action::App(_) | Action::Copy(_) | Action::Run(_))
        };
        let last = stage.steps.iter().rposition(waits);
        // The resolved answers belong to the image too. So a cache that is exported with the image contains
        // them.
        if last.is_some() && stage.name == self.plan.target {
            gates.extend(self.inputs.resolved.iter().cloned());
        }
        let mut passed = Vec::new();
        for at in 0..=end {
            if at == before_checks {
                passed = self.run_checks(stage, &mut layers, &mut image)?;
                passed.extend(self.expect_users(stage, &mut layers)?);
                gates.extend(passed.iter().cloned());
            }
            if let Some(step) = stage.steps.get(at) {
                let mut waiting = if last == Some(at) { std::mem::take(&mut gates) } else { Vec::new() };
                if last == Some(at) && stage.name == self.plan.target {
                    waiting.extend(self.comparisons.take_loose());
                }
                self.step(stage, step, &mut layers, &mut image, &waiting)?;
            }
        }
        let whole = self.whole(stage);
        if !gates.is_empty() {
            let root = layers.top(&whole);
            layers.replace(self.gate(stage, &root, &gates));
            image.config.layer("checks passed");
        }
        image.state = layers.image(&whole);
        Ok((image, passed))
    }

    /// The metadata of the op that puts the layers of a stage together.
    fn whole(&self, stage: &StagePlan) -> Metadata {
        self.metadata(&stage.name, "image", stage.span)
    }

    fn base(&self, base: &BasePlan) -> Result<Image, EmitError> {
        match base {
            BasePlan::Scratch => {
                let config = ImageConfig::scratch(&self.inputs.platform);
                Ok(Image {
                    state: State::scratch(),
                    config,
                    base_config: None,
                    scanned: BTreeMap::new(),
                    reports: Vec::new(),
                    comparisons: BTreeMap::new(),
                    wheels: Vec::new(),
                })
            }
            BasePlan::Image(reference) => self.image(reference),
            BasePlan::Dockerfile(target) => self.dockerfile(target),
            BasePlan::Stage(name) => {
                self.built.get(name).cloned().ok_or_else(|| EmitError::UnknownStage(name.clone()))
            }
            BasePlan::Environment { groups, pip } => self.environment(groups, *pip),
        }
    }

    fn image(&self, reference: &ImageReference) -> Result<Image, EmitError> {
        let resolved = self.inputs.images.get(reference);
        let resolved = resolved.ok_or_else(|| EmitError::UnresolvedImage(reference.familiar()))?;
        Ok(Image::given(resolved, self.inputs))
    }

    fn dockerfile(&self, target: &DockerfileTarget) -> Result<Image, EmitError> {
        let made = self.inputs.dockerfiles.get(target);
        let made = made.ok_or_else(|| EmitError::UnresolvedImage(target.title()))?;
        Ok(Image::given(made, self.inputs))
    }

    fn step<'l>(
        &'l self,
        stage: &'l StagePlan,
        step: &'l Step,
        layers: &mut Layers<'l>,
        image: &mut Image,
        gates: &[State],
    ) -> Result<(), EmitError> {
        let span = step.span;
        match &step.action {
            Action::Packages(packages) => {
                let root = layers.top(&self.whole(stage));
                layers.replace(self.packages(&stage.name, packages, &root, &image.config));
                image.config.layer(format!("{}: {}", packages::program(packages), packages.names.join(" ")));
            }
            Action::Install(groups) => match &groups.wheels {
                Some(set) => {
                    if set.has("pip") && self.plan.is_on_given_pip(stage) {
                        self.remove_pip(stage, set, span, layers);
                    }
                    self.add_groups(&stage.name, set, span, layers, image)?;
                }
                None => {
                    let root = layers.top(&self.whole(stage));
                    let requirements = &groups.requirements;
                    layers.replace(self.install(&stage.name, requirements, &root, &image.config, span));
                    image.config.layer(format!("pip: {}", requirements.label()));
                }
            },
            Action::Environment(groups) => {
                if let Some(set) = &groups.wheels {
                    return self.add_environment(&stage.name, set, span, layers, image);
                }
                let environment = self.environment(groups, false)?.state;
                let meta = self.metadata(&stage.name, "venv: /venv", span);
                layers.add(move |base| {
                    files::copy_tree(base, &environment, crate::plan::VENV, &[], meta.clone())
                });
                image.config.layer("venv: /venv");
            }
            Action::Project { groups, files } => {
                let installed = match &groups.wheels {
                    Some(set) => self.project_layer(files, set, span)?,
                    None => self.project(groups, files, span)?,
                };
                let meta = self.metadata(&stage.name, "project: install", span);
                let gates = gates.to_vec();
                layers.add(move |base| files::copy_tree(base, &installed, "/", &gates, meta.clone()));
                image.config.layer("project");
            }
            Action::Editable { files, folders } => {
                let root = layers.top(&self.whole(stage));
                layers.replace(self.editable(stage, (files, folders), &root, &image.config, span)?);
                image.config.layer("project: editable".to_owned());
            }
            Action::Account(user) => {
                let root = layers.top(&self.whole(stage));
                let made = self.account(stage, user, &root, span)?;
                let title = account::title(user);
                self.add_tree(&stage.name, &title, made, span, layers);
                image.config.layer(title);
            }
            Action::Own { folders, owner } => {
                let title = account::owned_title(folders);
                let meta = self.metadata(&stage.name, &title, span);
                let root = layers.top(&self.whole(stage));
                layers.replace(account::own(&root, folders, owner, &meta));
                image.config.layer(title);
            }
            Action::App(files) => self.add_app(stage, files, span, gates, layers, image)?,
            Action::Copy(copy) => self.add_copy(stage, copy, span, gates, layers, image)?,
            Action::Run(run) => {
                if let Some(files) = &run.files {
                    self.add_app(stage, files, span, &[], layers, image)?;
                }
                let root = layers.top(&self.whole(stage));
                layers.replace(self.run(stage, run, &root, &image.config, gates, span)?);
                image.config.layer(format!("run: {}", run.line));
            }
        }
        Ok(())
    }

    fn add_copy<'l>(
        &'l self,
        stage: &'l StagePlan,
        copy: &'l CopyPlan,
        span: Span,
        gates: &[State],
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        let source = self.copied(copy, &stage.name, span)?;
        let title = format!("copy: {} to {}", copy.path, copy.to);
        let meta = self.metadata(&stage.name, &title, span);
        let gates = gates.to_vec();
        let make = move |base: &State| files::copy(base, copy, &source, &gates, meta.clone());
        if files::copy_merges(copy, stage.image.workdir.as_ref()) {
            layers.add(make);
        } else {
            let root = layers.top(&self.whole(stage));
            layers.replace(make(&root));
        }
        image.config.layer(title);
        Ok(())
    }

    fn add_app<'l>(
        &'l self,
        stage: &'l StagePlan,
        files: &'l AppFiles,
        span: Span,
        gates: &[State],
        layers: &mut Layers<'l>,
        image: &mut Image,
    ) -> Result<(), EmitError> {
        let meta = self.metadata(&stage.name, &files::title(files), span);
        let gates = gates.to_vec();
        let brought = self.brought(&files.brought, &stage.name)?;
        let make = move |base: &State| self.app(base, (files, &brought), &gates, meta.clone());
        if files::merges(files.to.as_str(), None) {
            layers.add(make);
        } else {
            let root = layers.top(&self.whole(stage));
            layers.replace(make(&root));
        }
        image.config.layer(files::title(files));
        Ok(())
    }

    /// The metadata of a step of `stage`: its name, its lines, and whether the cache is ignored.
    fn metadata(&self, stage: &str, title: &str, span: Span) -> Metadata {
        self.metadata_at(stage, title, vec![self.location(span)])
    }

    /// Like [`Self::metadata`], for a step with lines in other files.
    fn metadata_at(&self, stage: &str, title: &str, locations: Vec<Location>) -> Metadata {
        let prefix = if self.inputs.multi_platform {
            format!("{} {stage}", self.inputs.platform.format())
        } else {
            stage.to_owned()
        };
        let meta = Metadata::named(format!("[{prefix}] {title}"))
            .ignore_cache(self.inputs.options.no_cache.covers(stage));
        locations.into_iter().fold(meta, Metadata::location)
    }
}

#[cfg(test)]
mod tests;
