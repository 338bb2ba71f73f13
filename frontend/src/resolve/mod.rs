//! Which wheels an environment holds: chosen from the lock, or resolved first where nothing is locked.
//!
//! What has to be asked of an index is asked through a [`Resolver`], whose answers are PEP 751 locks: everything
//! after that is the same for every kind of project.

mod blame;
mod choose;
mod conda;
mod locate;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

use crate::conda::Channel;
use crate::diagnostics::{Diagnostics, Problem};
use crate::lock::{self, Format, Input, Lock};
use crate::pep508::Name;
use crate::plan::{WheelPlan, WheelSet};
use crate::project::{Locked, Project, Requirements, normalized};
use crate::select::{Request, Selection, select};
use crate::spec::Spec;
use crate::tags::{Architecture, Libc, Python, Target};

pub use blame::blamed;

/// Answers what only an index knows.
pub trait Resolver {
    /// Resolves for all platforms at once, and gives the text of a `pylock.toml`.
    ///
    /// # Errors
    /// What kept it from an answer, to be shown to the user as it is.
    fn resolve(&self, question: &Question) -> Result<String, ResolveError>;
}

/// What is to be resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The Python to resolve for, as `3.13`.
    pub python: String,
    /// Files and lines that require something.
    pub requirements: Requirements,
    /// Exact versions that what is found has to agree with: `name==version` lines.
    pub pins: Vec<String>,
    /// Whether `pins` are all that is wanted: they are only to be located.
    pub only_pins: bool,
    /// Conda packages that are wanted, and nothing else. The answer is then a `conda-lock.yml`.
    pub conda: Option<CondaQuestion>,
}

/// Conda packages to be resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CondaQuestion {
    /// The file that asks for them.
    pub file: String,
    /// What is asked for, as conda writes it: `numpy >=1.26`.
    pub specs: Vec<String>,
    /// Where packages come from, the first first.
    pub channels: Vec<Channel>,
    /// The platform, as conda names it.
    pub platform: String,
    /// The version of the C library.
    pub glibc: String,
}

impl Question {
    /// What the question is about, for progress.
    pub fn label(&self) -> String {
        if let Some(conda) = &self.conda {
            format!("{} for {}", conda.file, conda.platform)
        } else if self.only_pins {
            let s = if self.pins.len() == 1 { "" } else { "s" };
            format!("addresses of {} locked package{s}", self.pins.len())
        } else {
            self.requirements.label()
        }
    }
}

/// An answer that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ResolveError(pub Box<dyn std::error::Error + Send + Sync>);

/// The wheels of each set of groups, for one platform. `patch` is the last number of the base image's Python version,
/// where the project does not say it and the image does.
///
/// # Errors
/// If the resolver fails. What is wrong with lock and project is reported to `found`, and gives no set.
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
    let mut environments = Environments { spec, project, target, resolver, found, base: None };
    let mut sets = BTreeMap::new();
    for groups in wanted {
        let Some(base) = environments.base()? else { break };
        let all =
            if groups.is_empty() { Some(base.clone()) } else { environments.with_groups(groups, &base)? };
        let Some(all) = all else { continue };
        let python = format!("{}.{}", environments.target.python.major, environments.target.python.minor);
        sets.insert(groups.clone(), WheelSet::new(python, base, all, spec.dependencies.bytecode));
    }
    Ok(sets)
}

/// What is chosen of the project's lock for an environment with `groups`, and for which machine and interpreter; `None`
/// if there is no lock, or nothing that can be chosen.
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

/// The machine and interpreter that wheels are chosen for.
pub fn target(
    spec: &Spec,
    project: &Project,
    platform: &Platform,
    found: &mut Diagnostics,
) -> Option<Target> {
    let Some(version) = project.python else {
        // Where a version is written that is none, that was reported when it was read.
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
        free_threaded: false,
    };
    Some(Target { python, architecture, libc: spec.python.libc.unwrap_or_else(|| libc_of(spec)) })
}

/// The C library of a base image, by its name. Unknown ones count as old: a wheel that is chosen has to run.
fn libc_of(spec: &Spec) -> Libc {
    let Some(base) = &spec.python.base else {
        // The default image is Debian's current or last stable release.
        return Libc::Glibc { major: 2, minor: 36 };
    };
    let name = base.value.familiar();
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
}

impl Environments<'_> {
    /// The project's own dependencies; `None` after something was reported.
    fn base(&mut self) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        if self.base.is_none() {
            self.base = match &self.project.locked {
                Some(locked) => {
                    let locked_base = self.locked(locked, &[])?;
                    let extras: Vec<_> =
                        self.spec.dependencies.extras.iter().map(|extra| normalized(&extra.value)).collect();
                    let known = names_of(&locked.lock);
                    let beside: Vec<_> = extras.into_iter().filter(|extra| !known.contains(extra)).collect();
                    match locked_base {
                        Some(base) if !beside.is_empty() => self.with_groups(&beside, &base)?,
                        base => base,
                    }
                }
                None => self.unlocked(&self.project.requirements, &[])?,
            };
        }
        Ok(self.base.clone())
    }

    /// `base` and what the groups add to it.
    fn with_groups(
        &mut self,
        groups: &[String],
        base: &[WheelPlan],
    ) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        let locked = self.project.locked.as_ref();
        let known = locked.map(|locked| names_of(&locked.lock)).unwrap_or_default();
        // What the build file says of a group comes before what the lock has under the same name.
        let in_file =
            |name: &String| self.spec.dependencies.groups.keys().any(|group| normalized(group) == *name);
        let (in_lock, beside): (Vec<_>, Vec<_>) =
            groups.iter().cloned().partition(|name| known.contains(name) && !in_file(name));
        let mut all = base.to_vec();
        if let Some(locked) = locked.filter(|_| !in_lock.is_empty()) {
            match self.locked(locked, &in_lock)? {
                Some(more) => all.extend(more),
                None => return Ok(None),
            }
        }
        let (hashed, beside): (Vec<_>, Vec<_>) =
            beside.into_iter().partition(|name| self.project.locked_groups.contains_key(name));
        for group in hashed.iter().filter_map(|name| self.project.locked_groups.get(name)) {
            match self.locked(group, &[])? {
                Some(more) => all.extend(more),
                None => return Ok(None),
            }
        }
        let added = beside.iter().filter_map(|name| self.project.groups.get(name));
        let requirements = added.fold(Requirements::default(), |all, group| all.with(group));
        if !requirements.is_empty() {
            // Resolved together with what is there, so that a group never brings another version of it.
            let (together, pins) = match locked {
                Some(_) => (requirements, pins_of(&all)),
                None => (self.project.requirements.with(&requirements), pins_of(base)),
            };
            match self.unlocked(&together, &pins)? {
                Some(more) => all.extend(more),
                None => return Ok(None),
            }
        }
        // What the project itself asks for comes first, and a package is in an environment once.
        let mut seen = BTreeSet::new();
        all.retain(|wheel| seen.insert(wheel.name.clone()));
        all.sort();
        Ok(Some(all))
    }

    fn locked(&mut self, locked: &Locked, groups: &[String]) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        let request = request(self.spec, locked, groups);
        let selection = match select(&locked.lock, &self.target, &request) {
            Ok(selection) => selection,
            Err(errors) => {
                choose::report(&errors, locked, self.found);
                return Ok(None);
            }
        };
        let located = self.locate(&selection, locked)?;
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
            only_pins: false,
            conda: None,
        };
        let lock = self.ask(&question)?;
        let selection = select(&lock, &self.target, &Request::default());
        let selection = selection.map_err(|errors| choose::unlocked_error(&errors))?;
        Ok(choose::wheels(&selection, None, None, &requirements.wanted, self.spec, self.found))
    }

    /// Asks the resolver, and reads its answer.
    fn ask(&self, question: &Question) -> Result<Lock, ResolveError> {
        let text = self.resolver.resolve(question)?;
        let read = |path: &str| Err(format!("`{path}` is not part of the answer"));
        let input = Input { path: "pylock.toml", text: &text, pyproject: None, read: &read };
        lock::parse(Format::Pylock, &input).map_err(|error| ResolveError(Box::new(error)))
    }

    /// Finds the addresses of what a lock knows only by its hashes.
    fn locate(
        &self,
        selection: &Selection,
        locked: &Locked,
    ) -> Result<Option<locate::Located>, ResolveError> {
        let pins = locate::unlocated(selection);
        if pins.is_empty() {
            return Ok(None);
        }
        let question = Question {
            python: format!("3.{}", self.target.python.minor),
            requirements: Requirements {
                wanted: locate::wanted(selection, locked),
                ..Requirements::default()
            },
            pins,
            only_pins: true,
            conda: None,
        };
        let lock = self.ask(&question)?;
        Ok(Some(locate::Located::new(&lock, selection, &self.target)))
    }
}

/// What the project with `groups` asks of a lock: of the groups and of the extras that every stage gets, those that it
/// knows.
pub fn request(spec: &Spec, locked: &Locked, groups: &[String]) -> Request {
    let (extras_known, groups_known) = (locked.lock.extras(), locked.lock.groups());
    let wanted = spec.dependencies.extras.iter().map(|extra| normalized(&extra.value));
    let wanted: BTreeSet<String> = wanted.chain(groups.iter().cloned()).collect();
    let chosen = |known: &BTreeSet<Name>| -> BTreeSet<Name> {
        known.iter().filter(|name| wanted.contains(name.as_str())).cloned().collect()
    };
    let groups = chosen(&groups_known);
    let extras = chosen(&extras_known).difference(&groups).cloned().collect();
    let member = spec.app.member.as_ref().and_then(|member| Name::new(&member.value).ok());
    Request { member, extras, groups }
}

/// The groups and extras that a lock knows.
fn names_of(lock: &Lock) -> BTreeSet<String> {
    let names = lock.groups().into_iter().chain(lock.extras());
    names.map(|name| name.as_str().to_owned()).collect()
}

fn pins_of(wheels: &[WheelPlan]) -> Vec<String> {
    let pins = wheels.iter().filter_map(|wheel| Some(format!("{}=={}", wheel.name, wheel.version.as_ref()?)));
    pins.collect()
}
