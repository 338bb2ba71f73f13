//! Selects the wheels of an environment from the lock. Without a lock, the requirements are resolved first.
//!
//! Questions to an index go through a [`Resolver`], which answers with a PEP 751 lock. After that, all kinds
//! of projects are handled in the same way.

mod blame;
mod choose;
mod conda;
mod cooldown;
mod files;
mod locate;
mod origin;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use buildkit_llb::Platform;
use pep440_rs::{Version, VersionSpecifier};

use crate::conda::Channel;
use crate::diagnostics::{Diagnostics, Problem};
use crate::lock::{self, Format, Input, Lock};
use crate::pep508::Name;
use crate::plan::{BuildFrom, WheelFrom, WheelPlan, WheelSet};
use crate::project::{Locked, Project, Requirements, normalized};
use crate::select::{Request, Selection, select};
use crate::spec::Spec;
use crate::tags::{Architecture, Libc, Python, Target};

pub use blame::blamed;
pub use cooldown::{Bound, Clock};
pub use files::{FileIndex, FilesQuestion, WantedFiles};

/// Answers questions that need an index.
pub trait Resolver {
    /// Resolves for all platforms at once. Returns the text of a `pylock.toml`.
    ///
    /// # Errors
    /// The reason of the failure, which the user sees unchanged.
    fn resolve(&self, question: &Question) -> Result<String, ResolveError>;

    /// The current time, for refusing files that are too new. No output depends on the time.
    fn clock(&self) -> Clock;
}

/// A question to a resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The Python version to resolve for, such as `3.13`.
    pub python: String,
    /// The requirements files and single requirements.
    pub requirements: Requirements,
    /// Exact versions that the answer must agree with, as `name==version` lines.
    pub pins: Vec<String>,
    /// Constraints for the packages of build environments.
    pub build_constraints: Vec<String>,
    /// Files of locked packages to find. If this is set, the question asks for nothing else. The answer is
    /// then a JSON object: a list of files for each package.
    pub files: Option<FilesQuestion>,
    /// The minimum age of the files in the answer.
    pub bound: Option<Bound>,
    /// Conda packages to resolve. If this is set, the question asks for nothing else. The answer is then a
    /// `conda-lock.yml`.
    pub conda: Option<CondaQuestion>,
}

/// A question about conda packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CondaQuestion {
    /// The file that asks for the packages.
    pub file: String,
    /// The requested packages in conda's syntax, such as `numpy >=1.26`.
    pub specs: Vec<String>,
    /// The channels, the one with the highest priority first.
    pub channels: Vec<Channel>,
    /// Conda's name of the platform.
    pub platform: String,
    /// The version of the C library.
    pub glibc: String,
}

impl Question {
    /// A description of the question for the progress.
    pub fn label(&self) -> String {
        if let Some(conda) = &self.conda {
            format!("{} for {}", conda.file, conda.platform)
        } else if let Some(files) = &self.files {
            let count = files.packages.len();
            let s = if count == 1 { "" } else { "s" };
            format!("addresses of {count} locked package{s}")
        } else {
            self.requirements.label()
        }
    }
}

/// The reason why a resolver has no answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ResolveError(pub Box<dyn std::error::Error + Send + Sync>);

/// The wheels of each set of groups, for one platform. `patch` is the patch number of the base image's
/// Python, if only the image gives it and not the project.
///
/// # Errors
/// If the resolver fails. Problems of the lock and the project are reported to `found`, and the set is
/// missing.
pub fn wheel_sets(
    spec: &Spec,
    project: &Project,
    wanted: &BTreeSet<Vec<String>>,
    (platform, patch): (&Platform, Option<u32>),
    resolver: &dyn Resolver,
    found: &mut Diagnostics,
) -> Result<BTreeMap<Vec<String>, WheelSet>, ResolveError> {
    if let Some(conda) = &project.conda {
        return conda::sets(spec, project, conda, wanted, platform, resolver, found);
    }
    let Some(mut target) = target(spec, project, platform, found) else { return Ok(BTreeMap::new()) };
    target.python.patch = target.python.patch.or(patch.map(u64::from));
    let mut environments =
        Environments { spec, project, target, resolver, found, base: None, locked: Vec::new() };
    let mut sets = BTreeMap::new();
    for groups in wanted {
        let Some(base) = environments.base()? else { break };
        let all = if groups.is_empty() { Some(base.clone()) } else { environments.with_groups(groups)? };
        let Some(all) = all else { continue };
        let (base, all) = (with_own(base, spec, project), with_own(all, spec, project));
        let python = environments.target.python.library();
        sets.insert(groups.clone(), WheelSet::new(python, &base, all, spec.dependencies.bytecode));
    }
    Ok(sets)
}

/// The packages that are selected from the project's lock for an environment with `groups`, and the target
/// machine and interpreter. `None` if there is no lock, or if the selection fails.
pub fn selection(
    spec: &Spec,
    project: &Project,
    groups: &[String],
    platform: &Platform,
) -> Option<(Selection, Target)> {
    let locked = project.locked.as_ref()?;
    let target = target(spec, project, platform, &mut Diagnostics::default())?;
    let selection = select(&locked.lock, &target, &request(spec, locked, groups)).ok()?;
    Some((selection, target))
}

/// The machine and interpreter for which wheels are selected.
pub fn target(
    spec: &Spec,
    project: &Project,
    platform: &Platform,
    found: &mut Diagnostics,
) -> Option<Target> {
    let Some(version) = project.python else {
        // An invalid version was reported when it was read.
        if spec.python.version.is_none() && spec.python.base.is_some() {
            found.report(&spec.source, spec.anywhere(), Problem::PythonVersionNeeded);
        }
        return None;
    };
    let architecture = match Architecture::of_platform(&platform.format()) {
        Ok(architecture) => architecture,
        Err(error) => {
            let problem = Problem::Lock { message: error.to_string(), help: Vec::new() };
            found.report(&spec.source, spec.anywhere(), problem);
            return None;
        }
    };
    let python = Python {
        major: 3,
        minor: u64::from(version.minor),
        patch: version.patch.map(u64::from),
        free_threaded: version.free_threaded,
    };
    Some(Target { python, architecture, libc: spec.python.libc.unwrap_or_else(|| libc_of(spec)) })
}

/// The C library of a base image, guessed from its name. An unknown image counts as old, because every
/// selected wheel must run on it.
fn libc_of(spec: &Spec) -> Libc {
    let Some(base) = &spec.python.base else {
        // The default image is based on Debian's current or previous stable release.
        return Libc::Glibc { major: 2, minor: 36 };
    };
    let name = spec.root_of(&base.value).title();
    let has = |word: &str| name.contains(word);
    let glibc = |minor| Libc::Glibc { major: 2, minor };
    match () {
        () if has("alpine") || has("musl") => Libc::Musl { major: 1, minor: 2 },
        () if has("trixie") => glibc(41),
        () if has("bookworm") || has("debian12") || has("24.04") || has("noble") => glibc(36),
        () if has("22.04") || has("jammy") => glibc(35),
        () if has("ubi9") || has("rocky:9") || has("almalinux:9") => glibc(34),
        () if has("bullseye") || has("debian11") || has("20.04") => glibc(31),
        () if name.starts_with("python:") => glibc(36),
        () => glibc(28),
    }
}

struct Environments<'a> {
    spec: &'a Spec,
    project: &'a Project,
    target: Target,
    resolver: &'a dyn Resolver,
    found: &'a mut Diagnostics,
    base: Option<Vec<WheelPlan>>,
    /// The packages of `base` that come from the lock.
    locked: Vec<WheelPlan>,
}

impl Environments<'_> {
    /// The project's own dependencies; `None` if an error was reported.
    fn base(&mut self) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        if self.base.is_none() {
            self.base = match &self.project.locked {
                Some(locked) => match self.locked(locked, &[])? {
                    Some(chosen) => {
                        self.locked.clone_from(&chosen);
                        let extras = self.extras_beside(locked);
                        self.with_beside(chosen, &extras)?
                    }
                    None => None,
                },
                None => self.unlocked(&self.project.requirements, &[])?,
            };
        }
        Ok(self.base.clone())
    }

    /// The extras that every stage gets and the lock does not contain.
    fn extras_beside(&self, locked: &Locked) -> Vec<String> {
        let extras = self.spec.dependencies.extras.iter().map(|extra| normalized(&extra.value));
        let known = names_of(&locked.lock);
        extras.filter(|extra| !known.contains(extra)).collect()
    }

    /// The project's own dependencies together with groups. The packages from the lock are selected for all
    /// of them together, because a group can require another version of a package.
    fn with_groups(&mut self, groups: &[String]) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        let Some(base) = self.base()? else { return Ok(None) };
        let Some(locked) = self.project.locked.as_ref() else {
            return self.with_beside(base, groups);
        };
        let known = names_of(&locked.lock);
        // A group of the build file takes precedence over a group of the lock with the same name.
        let in_file =
            |name: &String| self.spec.dependencies.groups.keys().any(|group| normalized(group) == *name);
        let (in_lock, mut beside): (Vec<_>, Vec<_>) =
            groups.iter().cloned().partition(|name| known.contains(name) && !in_file(name));
        if in_lock.is_empty() {
            return self.with_beside(base, &beside);
        }
        let Some(chosen) = self.locked(locked, &in_lock)? else { return Ok(None) };
        let all = if self.keeps(&chosen) {
            merged(base, chosen)
        } else {
            // The extras must be resolved again, because their old resolution may not agree with this
            // selection.
            beside.splice(0..0, self.extras_beside(locked));
            shared(&base, chosen)
        };
        self.with_beside(all, &beside)
    }

    /// Whether `chosen` contains all packages that the lock has for the project alone.
    fn keeps(&self, chosen: &[WheelPlan]) -> bool {
        let by_name: BTreeMap<&str, &WheelPlan> =
            chosen.iter().map(|wheel| (wheel.name.as_str(), wheel)).collect();
        let is_kept =
            |wheel: &WheelPlan| by_name.get(wheel.name.as_str()).is_some_and(|other| other.is_same(wheel));
        self.locked.iter().all(is_kept)
    }

    /// Adds groups and extras that the lock does not contain: first those of files with hashes, then those
    /// that must be resolved.
    fn with_beside(
        &mut self,
        mut all: Vec<WheelPlan>,
        beside: &[String],
    ) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        let (hashed, beside): (Vec<_>, Vec<_>) =
            beside.iter().partition(|name| self.project.locked_groups.contains_key(*name));
        let mut agree = true;
        for group in hashed.into_iter().filter_map(|name| self.project.locked_groups.get(name)) {
            let Some(more) = self.locked(group, &[])? else { return Ok(None) };
            for (known, new) in others(&all, &more) {
                let problem = Problem::TwoVersions {
                    package: new.name.clone(),
                    there: choose::described(known),
                    new: choose::described(new),
                };
                let (source, span) = match &new.at {
                    Some(at) => (Arc::clone(&at.source), at.span),
                    None => (Arc::clone(&self.spec.source), self.spec.anywhere()),
                };
                self.found.report(&source, span, problem);
                agree = false;
            }
            all = merged(all, more);
        }
        if !agree {
            return Ok(None);
        }
        let added = beside.into_iter().filter_map(|name| self.project.groups.get(name));
        let requirements = added.fold(Requirements::default(), |all, group| all.with(group));
        if !requirements.is_empty() {
            // The group is resolved together with the packages that are already there, so it cannot bring
            // another version of one of them.
            let together = match &self.project.locked {
                Some(_) => requirements,
                None => self.project.requirements.with(&requirements),
            };
            match self.unlocked(&together, &pins_of(&all))? {
                Some(more) => all = merged(all, more),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    fn locked(&mut self, locked: &Locked, groups: &[String]) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        let request = request(self.spec, locked, groups);
        let selection = match select(&locked.lock, &self.target, &request) {
            Ok(selection) => selection,
            Err(errors) => {
                choose::report(&errors, locked, self.spec, self.found);
                return Ok(None);
            }
        };
        let Ok(located) = self.locate(&selection, locked)? else { return Ok(None) };
        let now = self.resolver.clock().now();
        cooldown::check(&selection, located.as_ref(), Some(locked), self.spec, now, self.found);
        Ok(choose::wheels(&selection, located.as_ref(), Some(locked), &[], self.spec, self.found))
    }

    /// Resolves requirements that are not locked.
    fn unlocked(
        &mut self,
        requirements: &Requirements,
        pins: &[String],
    ) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        if requirements.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let question = Question {
            python: format!("3.{}", self.target.python.minor),
            requirements: requirements.clone(),
            pins: pins.to_vec(),
            build_constraints: self.spec.dependencies.build_constraints.clone(),
            files: None,
            bound: Bound::new(self.spec, self.resolver.clock()),
            conda: None,
        };
        let lock = self.ask(&question)?;
        let selection = select(&lock, &self.target, &Request::default());
        let selection = selection.map_err(|errors| choose::unlocked_error(&errors))?;
        let now = self.resolver.clock().now();
        cooldown::check(&selection, None, None, self.spec, now, self.found);
        Ok(choose::wheels(&selection, None, None, &requirements.wanted, self.spec, self.found))
    }

    /// Asks the resolver and parses its answer.
    fn ask(&self, question: &Question) -> Result<Lock, ResolveError> {
        let text = self.resolver.resolve(question)?;
        let read = |path: &str| Err(format!("`{path}` is not part of the answer"));
        let input =
            Input { path: "pylock.toml", text: &text, pyproject: None, read: &read, exists: &|_| false };
        lock::parse(Format::Pylock, &input).map_err(|error| ResolveError(Box::new(error)))
    }

    /// Finds the URLs of files for which a lock has only hashes. The inner error means that a problem was
    /// reported.
    fn locate(
        &mut self,
        selection: &Selection,
        locked: &Locked,
    ) -> Result<Result<Option<locate::Located>, ()>, ResolveError> {
        let Ok(files) = locate::question(selection, locked, self.spec, self.found) else {
            return Ok(Err(()));
        };
        let Some(files) = files else { return Ok(Ok(None)) };
        let question = Question {
            requirements: Requirements {
                wanted: locate::wanted(selection, locked),
                ..Requirements::default()
            },
            files: Some(files.clone()),
            ..Question::default()
        };
        let answer = self.resolver.resolve(&question)?;
        let located = locate::Located::new(&answer, &files, selection, &locked.lock, &self.target);
        Ok(Ok(Some(located.map_err(|error| ResolveError(Box::new(error)))?)))
    }
}

/// The request to a lock for the project with `groups`. It contains the groups, and the extras of every
/// stage, that the lock knows.
pub fn request(spec: &Spec, locked: &Locked, groups: &[String]) -> Request {
    let member = spec.app.member.as_ref().map(|member| member.value.clone());
    let of = member.as_ref();
    let (extras_known, groups_known) = (locked.lock.extras_of(of), locked.lock.groups_of(of));
    let wanted = spec.dependencies.extras.iter().map(|extra| normalized(&extra.value));
    let wanted = wanted.chain(groups.iter().cloned()).filter_map(|name| Name::new(&name).ok());
    let (elsewhere_extras, elsewhere_groups) = (locked.lock.extras(), locked.lock.groups());
    let (mut groups, mut extras) = (BTreeSet::new(), BTreeSet::new());
    for name in wanted {
        if groups_known.contains(&name) {
            groups.insert(name);
        } else if extras_known.contains(&name) || elsewhere_extras.contains(&name) {
            extras.insert(name);
        } else if elsewhere_groups.contains(&name) {
            // The name belongs to another member. The selection reports the error.
            groups.insert(name);
        }
    }
    Request { member, extras, groups }
}

/// The names of groups and extras in a lock.
fn names_of(lock: &Lock) -> BTreeSet<String> {
    let names = lock.groups().into_iter().chain(lock.extras());
    names.map(|name| name.as_str().to_owned()).collect()
}

/// Adds the project's own package, if the project is in a folder of the context.
fn with_own(all: Vec<WheelPlan>, spec: &Spec, project: &Project) -> Vec<WheelPlan> {
    let Some(below) = &project.below else { return all };
    let path = below.folder.as_str().to_owned();
    let own = WheelPlan {
        name: below.name.clone(),
        version: below.version.clone(),
        from: WheelFrom::Built(BuildFrom::Context { path, editable: true }),
        requested: true,
        requires: Vec::new(),
        build: project.own_build(spec),
        at: None,
        direct_url: None,
    };
    merged(all, vec![own])
}

/// The packages of `all`, and those of `more` with other names, sorted by name.
fn merged(mut all: Vec<WheelPlan>, more: Vec<WheelPlan>) -> Vec<WheelPlan> {
    let mut seen: BTreeSet<String> = all.iter().map(|wheel| wheel.name.clone()).collect();
    all.extend(more.into_iter().filter(|wheel| seen.insert(wheel.name.clone())));
    all.sort();
    all
}

/// The packages of `chosen`. A package that is the same in `base` is taken from there, so that both share
/// layers.
fn shared(base: &[WheelPlan], chosen: Vec<WheelPlan>) -> Vec<WheelPlan> {
    let by_name: BTreeMap<&str, &WheelPlan> = base.iter().map(|wheel| (wheel.name.as_str(), wheel)).collect();
    let same = |wheel: &WheelPlan| {
        by_name.get(wheel.name.as_str()).filter(|known| known.is_same(wheel)).map(|known| (*known).clone())
    };
    chosen.into_iter().map(|wheel| same(&wheel).unwrap_or(wheel)).collect()
}

/// The packages that are in both lists with different versions.
fn others<'w>(all: &'w [WheelPlan], more: &'w [WheelPlan]) -> Vec<(&'w WheelPlan, &'w WheelPlan)> {
    let by_name: BTreeMap<&str, &WheelPlan> = all.iter().map(|wheel| (wheel.name.as_str(), wheel)).collect();
    let pairs = more.iter().filter_map(|wheel| Some((*by_name.get(wheel.name.as_str())?, wheel)));
    pairs.filter(|(known, new)| !satisfies(known, new)).collect()
}

/// Whether `known` satisfies the version of `new`. As in pip, `2.0+cpu` satisfies `2.0`.
fn satisfies(known: &WheelPlan, new: &WheelPlan) -> bool {
    let version = |wheel: &WheelPlan| wheel.version.as_deref().and_then(|text| Version::from_str(text).ok());
    match (version(known), version(new)) {
        (Some(known), Some(new)) => VersionSpecifier::equals_version(new).contains(&known),
        _ => known.from == new.from,
    }
}

fn pins_of(wheels: &[WheelPlan]) -> Vec<String> {
    let pins = wheels.iter().filter_map(|wheel| Some(format!("{}=={}", wheel.name, wheel.version.as_ref()?)));
    pins.collect()
}
