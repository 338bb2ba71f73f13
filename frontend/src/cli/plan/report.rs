//! A plan as a value for people. Both the tables and the JSON are made from this value.

use std::collections::BTreeMap;

use buildkit_llb::Platform;
use serde::Serialize;

use crate::cli::folder::{Opened, Prepared};
use crate::cli::offline::OPEN;
use crate::diagnostics::Diagnostics;
use crate::emit::program;
use crate::pep508::Name;
use crate::plan::{
    Action, AppFiles, BasePlan, BuildFrom, CondaLayer, CopyPlan, CopySource, Groups, StagePlan, WheelFrom,
    WheelPlan, WheelSet,
};
use crate::project::Locked;
use crate::resolve;
use crate::select::{Origin, Request, Selected, Take, select};
use crate::spec::{ContextPath, ImagePath};

/// The result of a build for one platform.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    /// The stage whose image is the result.
    pub(super) target: String,
    pub(super) platform: String,
    /// The version of Python, if it is known.
    pub(super) python: Option<String>,
    /// The lock, if there is one.
    pub(super) lock: Option<String>,
    /// All stages of the build. A stage comes after the stages that it needs.
    pub(super) stages: Vec<Stage>,
    /// All sets of packages.
    pub(super) environments: Vec<Environment>,
}

/// One stage.
#[derive(Debug, Serialize)]
pub(super) struct Stage {
    pub(super) name: String,
    /// The image or stage that it starts from.
    pub(super) from: String,
    /// Its steps, with the names that a build shows.
    pub(super) steps: Vec<String>,
    /// Its checks.
    pub(super) checks: Vec<Check>,
    /// The stages whose checks must pass first.
    pub(super) requires: Vec<String>,
}

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) command: String,
}

/// One set of packages.
#[derive(Debug, Serialize)]
pub(super) struct Environment {
    /// The groups that are added to the project's own dependencies.
    pub(super) groups: Vec<String>,
    /// The installer of the packages: `wheels` or `pip`.
    pub(super) installer: &'static str,
    /// The layers, lowest first. With groups, only the layers that the groups add.
    pub(super) layers: Vec<Layer>,
    /// The questions that are resolved during the build: there is no lock, or the lock has no addresses.
    pub(super) open: Vec<String>,
}

/// One layer of packages.
#[derive(Debug, Serialize)]
pub(super) struct Layer {
    pub(super) name: String,
    /// The download size of its packages, as far as the lock has sizes.
    pub(super) bytes: Option<u64>,
    pub(super) packages: Vec<Package>,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// The file that is downloaded, or the source that is built.
    pub(super) artifact: String,
    /// Whether a wheel has to be built first.
    pub(super) built: bool,
    pub(super) bytes: Option<u64>,
    /// The package or file that requires it.
    pub(super) why: String,
}

impl Environment {
    /// The packages of all layers.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.layers.iter().flat_map(|layer| &layer.packages)
    }
}

impl Report {
    pub(super) fn new(opened: &Opened, prepared: &Prepared, platform: &Platform) -> Self {
        let plan = &prepared.plan;
        let environments = environments(prepared, platform);
        Self {
            file: opened.shown.clone(),
            target: plan.target.clone(),
            platform: platform.format_all(),
            python: prepared.project.python.map(|version| version.to_string()),
            lock: prepared.project.locked.as_ref().map(|locked| locked.path.as_str().to_owned()),
            stages: plan.stages.iter().map(|planned| stage(planned)).collect(),
            environments,
        }
    }
}

fn stage(stage: &StagePlan) -> Stage {
    Stage {
        name: stage.name.clone(),
        from: match &stage.base {
            BasePlan::Scratch => "scratch".to_owned(),
            BasePlan::Image(image) => image.familiar(),
            BasePlan::Dockerfile(target) => target.title(),
            BasePlan::Stage(name) => name.clone(),
            BasePlan::Environment { groups, pip } => {
                let pip = if *pip { ", and the pip of the base image" } else { "" };
                format!("builder with {}{pip}", environment(groups))
            }
        },
        steps: stage.steps.iter().map(|step| title(&step.action)).collect(),
        checks: stage
            .checks
            .iter()
            .map(|check| Check { name: check.name.clone(), command: check.run.line.clone() })
            .collect(),
        requires: stage.gates.clone(),
    }
}

/// The name that a build shows for a step.
fn title(action: &Action) -> String {
    match action {
        Action::Packages(packages) => format!("{}: {}", program(packages), packages.names.join(" ")),
        Action::Install(groups) => format!("install: {}", environment(groups)),
        Action::Environment(groups) => format!("venv: /venv with {}", environment(groups)),
        Action::Project { .. } => "project: install".to_owned(),
        Action::Editable { .. } => "project: editable".to_owned(),
        Action::Account(user) => format!("user: {} ({}:{})", user.name, user.uid, user.gid),
        Action::Own { folders, .. } => {
            let names: Vec<_> = folders.iter().map(ImagePath::as_str).collect();
            format!("folders: {}", names.join(" "))
        }
        Action::App(files) => app(files),
        Action::Copy(copy) => format!("copy: {}", copied(copy)),
        Action::Run(run) => format!("run: {}", run.line),
    }
}

fn app(files: &AppFiles) -> String {
    let names: Vec<&str> = files.include.iter().map(ContextPath::as_str).collect();
    let what = if names.is_empty() { "all files".to_owned() } else { names.join(" ") };
    let brought = files.brought.iter().map(|brought| format!(", {}", copied(&brought.copy)));
    format!("app: {what} to {}{}", files.to.as_str(), brought.collect::<String>())
}

/// The source and the destination of a copy.
fn copied(copy: &CopyPlan) -> String {
    let from = match &copy.from {
        CopySource::Context => String::new(),
        CopySource::Stage(name) => format!(" of {name}"),
        CopySource::Builder => " of builder".to_owned(),
        CopySource::Image(image) => format!(" of {}", image.familiar()),
        CopySource::Dockerfile(target) => format!(" of {}", target.title()),
        CopySource::Download(archive) => format!(" of {}", archive.file.url),
        CopySource::Git(commit) => format!(" of {} at {}", commit.url, commit.commit),
    };
    format!("{}{from} to {}", copy.path, copy.to)
}

/// The content of an environment, in words.
pub(super) fn environment(groups: &Groups) -> String {
    match groups.names.as_slice() {
        [] => "the project's dependencies".to_owned(),
        names => format!("the project's dependencies and {}", names.join(", ")),
    }
}

fn environments(prepared: &Prepared, platform: &Platform) -> Vec<Environment> {
    let mut seen = BTreeMap::new();
    for groups in prepared.plan.environments() {
        seen.entry(groups.names.clone()).or_insert(groups);
    }
    seen.into_values().map(|groups| one(prepared, groups, platform)).collect()
}

fn one(prepared: &Prepared, groups: &Groups, platform: &Platform) -> Environment {
    let names = groups.names.clone();
    let Some(set) = &groups.wheels else {
        let open = [groups.requirements.label()].into_iter().filter(|label| !label.is_empty()).collect();
        return Environment { groups: names, installer: "pip", layers: Vec::new(), open };
    };
    let chosen = chosen(prepared, &names, platform);
    // Without a lock, there is one question for all requirements. With a lock, there is a question for each
    // package without an address.
    let open: Vec<_> = match (prepared.asked.get(&names), &prepared.project.locked) {
        (None, _) => Vec::new(),
        (Some(_), None) => vec![prepared.project.requirements_with(&names).label()],
        (Some(asked), Some(_)) => asked.iter().map(resolve::Question::label).collect(),
    };
    let mut environments = prepared.plan.environments();
    let own = environments.find(|other| other.names.is_empty()).and_then(|other| other.wheels.as_ref());
    let layers = if open.is_empty() { layers(set, &names, own, &chosen) } else { open_layer(&chosen) };
    Environment { groups: names, installer: "wheels", layers, open }
}

/// The layers of an environment. With groups, the layers that the project's own environment does not have.
fn layers(set: &WheelSet, groups: &[String], own: Option<&WheelSet>, chosen: &Chosen) -> Vec<Layer> {
    let is_own = |layer: &&crate::plan::WheelLayer| {
        !groups.is_empty() && own.is_some_and(|own| own.base.contains(*layer))
    };
    let shown = set.base.iter().filter(|layer| !is_own(layer));
    let shown = shown.chain(set.extra.iter().filter(|_| !groups.is_empty()));
    let layer = |layer: &crate::plan::WheelLayer| {
        let packages: Vec<_> = layer.wheels.iter().map(|wheel| package(wheel, chosen)).collect();
        Layer { name: layer.name.clone(), bytes: total(&packages), packages }
    };
    let packages = set.conda.iter();
    let packages = packages.flat_map(|set| if groups.is_empty() { &set.base } else { &set.extra });
    packages.map(conda_layer).chain(shown.map(layer)).collect()
}

fn conda_layer(layer: &CondaLayer) -> Layer {
    let packages = layer.packages.iter().map(|package| Package {
        name: package.name.clone(),
        version: Some(package.version.clone()),
        artifact: package.file.to_string(),
        built: false,
        bytes: package.size,
        why: String::new(),
    });
    let packages: Vec<_> = packages.collect();
    Layer { name: layer.name.clone(), bytes: total(&packages), packages }
}

/// A layer for the packages that are locked without an address. Their names and versions are known, but not
/// their layers.
fn open_layer(chosen: &Chosen) -> Vec<Layer> {
    if chosen.is_empty() {
        return Vec::new();
    }
    let packages: Vec<_> = chosen
        .iter()
        .map(|(name, (entry, why))| Package {
            name: name.clone(),
            version: entry.package.version.as_ref().map(ToString::to_string),
            artifact: match &entry.take {
                Take::Wheel(artifact) | Take::Sdist(artifact) => artifact.file.to_string(),
                Take::Release => "a file of the release".to_owned(),
                Take::Source => "its source".to_owned(),
            },
            built: matches!(entry.take, Take::Sdist(_) | Take::Source),
            bytes: match &entry.take {
                Take::Wheel(artifact) | Take::Sdist(artifact) => artifact.size,
                _ => None,
            },
            why: why.clone(),
        })
        .collect();
    vec![Layer { name: OPEN.to_owned(), bytes: total(&packages), packages }]
}

/// The sum of the known sizes. `None` if no size is known.
fn total(packages: &[Package]) -> Option<u64> {
    let known: Vec<u64> = packages.iter().filter_map(|package| package.bytes).collect();
    (!known.is_empty()).then(|| known.iter().sum())
}

fn package(wheel: &WheelPlan, chosen: &Chosen) -> Package {
    let (artifact, bytes, built) = match &wheel.from {
        WheelFrom::Http { file, size, .. } => (file.to_string(), *size, false),
        WheelFrom::Context { path, .. } => (path.clone(), None, false),
        WheelFrom::Built(BuildFrom::Sdist { file, .. }) => (file.to_string(), None, true),
        WheelFrom::Built(BuildFrom::Git { url, commit, .. }) => (format!("{url}@{commit}"), None, true),
        WheelFrom::Built(BuildFrom::Context { path, .. }) => (path.clone(), None, true),
    };
    let why = chosen.get(&wheel.name).map(|(_, why)| why.clone()).unwrap_or_default();
    Package { name: wheel.name.clone(), version: wheel.version.clone(), artifact, built, bytes, why }
}

/// The packages that the locks choose, by name, each with the package or file that requires it.
pub(in crate::cli) type Chosen = BTreeMap<String, (Selected, String)>;

pub(in crate::cli) fn chosen(prepared: &Prepared, groups: &[String], platform: &Platform) -> Chosen {
    let mut chosen = Chosen::new();
    let (spec, project) = (&prepared.spec, &prepared.project);
    // These errors were reported when the plan was made.
    let mut found = Diagnostics::default();
    let Some(target) = resolve::target(spec, project, platform, &mut found) else { return chosen };
    let mut add = |locked: &Locked, request: &Request, group: Option<&String>| {
        let Ok(selection) = select(&locked.lock, &target, request) else { return };
        for entry in selection.entries.into_iter().filter(|entry| !entry.is_project()) {
            let mut why = entry.why.clone();
            if let Some(name) = group.and_then(|group| Name::new(group).ok()) {
                why.origin = Origin::Group(name);
            }
            let name = entry.package.name.as_str().to_owned();
            chosen.entry(name).or_insert((entry, why.to_string()));
        }
    };
    if let Some(locked) = &project.locked {
        add(locked, &resolve::request(spec, locked, groups), None);
    }
    for group in groups {
        if let Some(locked) = project.locked_groups.get(group) {
            add(locked, &resolve::request(spec, locked, &[]), Some(group));
        }
    }
    chosen
}

/// A number of bytes, for people.
pub(super) fn size(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else { return "?".to_owned() };
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes % 1_000_000_000 / 100_000_000),
    }
}
