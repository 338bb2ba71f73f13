//! From a lock and a target to what is installed: one file or source for each package, and why.
//!
//! Pure and total: everything that is wrong with a choice is found in one go. Entries are ordered by name, so the
//! same lock, target and request give the same selection whatever the order in the file.

mod activate;
mod artifact;
mod condition;
mod error;
mod graph;
mod listing;
mod remedy;
#[cfg(test)]
mod tests;

pub use error::SelectError;
pub use remedy::Remedy;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::lock::{Artifact, Install, Lock, Package, Roots, Source};
use crate::pep508::{Active, Environment, Name};
use crate::tags::Target;

/// What somebody wants of a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The workspace member; absent is the main project, or every member where there is none.
    pub member: Option<Name>,
    /// The extras of the project.
    pub extras: BTreeSet<Name>,
    /// The groups besides the project's own dependencies.
    pub groups: BTreeSet<Name>,
}

/// What is installed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// What is installed, ordered by name.
    pub entries: Vec<Selected>,
    /// What is locked and asked for but not installed on this target, ordered by name.
    pub left_out: Vec<LeftOut>,
}

/// One package that is installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected {
    /// The package as it is locked.
    pub package: Arc<Package>,
    /// How it is installed.
    pub take: Take,
    /// Who asked for it.
    pub why: Why,
    /// The packages of the selection that it asks for itself, where the lock says so.
    pub requires: BTreeSet<Name>,
}

/// How a package is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// From this wheel.
    Wheel(Artifact),
    /// From a wheel that is built of this source archive.
    Sdist(Artifact),
    /// From a file of its release that an index has to name: only the hashes are locked.
    Release,
    /// From a wheel that is built of the package's source (a repository, a folder, an archive without a hash).
    Source,
}

/// Who asked for a package: the shortest way to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// Where the way begins.
    pub origin: Origin,
    /// The packages on the way, the first one asked for by the origin; the package itself is not among them. Of a way
    /// of more than [`LONGEST_WAY`] packages, the middle is left out.
    pub through: Vec<Name>,
    /// How many packages are left out in the middle.
    pub omitted: usize,
}

/// How many packages of a way are kept: every package has a way, so the ways of a long chain would add up.
const LONGEST_WAY: usize = 16;

impl Why {
    /// A way that begins, and ends, at an origin.
    pub const fn direct(origin: Origin) -> Self {
        Self { origin, through: Vec::new(), omitted: 0 }
    }

    /// Goes on by one package.
    fn push(&mut self, name: Name) {
        if self.through.len() == LONGEST_WAY {
            self.through.remove(LONGEST_WAY / 2);
            self.omitted += 1;
        }
        self.through.push(name);
    }
}

/// Where the way to a package begins. Those that ship come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It is the project, or a member of the workspace that was asked for.
    Project,
    /// The project's own dependencies.
    Dependencies,
    /// An extra of the project.
    Extra(Name),
    /// A group of the project.
    Group(Name),
}

/// A package that is not installed on this target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Which.
    pub name: Name,
    /// What would have required it; absent where the project itself would have.
    pub required_by: Option<Name>,
    /// The comparisons that do not hold, each with the target's value.
    pub because: Vec<String>,
}

/// What a walk or a filter finds, before artifacts are chosen.
#[derive(Default)]
struct Found {
    chosen: Vec<(Arc<Package>, Why)>,
    left_out: BTreeSet<LeftOut>,
    /// The edges that were followed, by the package that they lead away from.
    edges: BTreeMap<Name, BTreeSet<Name>>,
}

/// What the choosing looks at.
struct Scene<'a> {
    lock: &'a Lock,
    target: &'a Target,
    environment: Environment,
    request: &'a Request,
    /// What was asked for, under plain names.
    asked: Active,
}

/// Chooses what of `lock` is installed on `target`.
///
/// # Errors
/// Everything that is wrong, ordered by package.
pub fn select(lock: &Lock, target: &Target, request: &Request) -> Result<Selection, Vec<SelectError>> {
    let asked = Active { extras: request.extras.clone(), groups: request.groups.clone() };
    let scene = Scene { lock, target, environment: target.environment(), request, asked };
    let mut errors = scene.check();
    if !errors.is_empty() {
        return Err(errors);
    }
    let found = match &lock.roots {
        Roots::Graph(roots) => graph::walk(&scene, roots, &mut errors),
        Roots::Listed(listing) => listing::filter(&scene, listing, &mut errors),
    };
    // Two sides of a conflict bring two versions of everything; saying so once is enough.
    if errors.iter().any(|error| matches!(error, SelectError::Conflict { .. })) {
        return Err(errors);
    }
    let tags = lock.format.tags(target);
    let mut by_name: BTreeMap<&Name, Vec<&(Arc<Package>, Why)>> = BTreeMap::new();
    for chosen in &found.chosen {
        by_name.entry(&chosen.0.name).or_default().push(chosen);
    }
    let mut entries = Vec::new();
    for (name, chosen) in &by_name {
        let [(package, why)] = chosen.as_slice() else {
            errors.push(error::several(name, chosen.iter().map(|(package, why)| (&**package, why))));
            continue;
        };
        match artifact::take(package, target, &tags, lock) {
            Ok(Some(take)) => entries.push(Selected {
                package: Arc::clone(package),
                take,
                why: why.clone(),
                requires: found.edges.get(*name).cloned().unwrap_or_default(),
            }),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let left_out =
        found.left_out.into_iter().filter(|left_out| !by_name.contains_key(&left_out.name)).collect();
    Ok(Selection { entries, left_out })
}

impl Scene<'_> {
    /// What is wrong with the request before any package is looked at.
    fn check(&self) -> Vec<SelectError> {
        let mut errors = Vec::new();
        let python = self.target.python.full_version();
        if let Some(requires) =
            self.lock.requires_python.as_ref().filter(|requires| !requires.contains(&python))
        {
            errors.push(SelectError::Python {
                requires: requires.to_string(),
                target: Box::new(self.target.clone()),
            });
        }
        let environments = &self.lock.environments;
        let nothing = Active::default();
        if !environments.is_empty() && !environments.iter().any(|one| one.holds(&self.environment, &nothing))
        {
            let environments = environments.iter().map(ToString::to_string).collect();
            errors.push(SelectError::Environment { environments, target: Box::new(self.target.clone()) });
        }
        let member = self.request.member.as_ref();
        if let Roots::Graph(roots) = &self.lock.roots
            && Lock::roots_of(roots, member).is_empty()
        {
            // Said where the walk starts.
            return errors;
        }
        if let (Some(member), Roots::Listed(_)) = (&self.request.member, &self.lock.roots) {
            errors.push(SelectError::UnknownMember { member: member.clone(), known: BTreeSet::new() });
        }
        let (extras, groups) = (self.lock.extras_of(member), self.lock.groups_of(member));
        for extra in self.request.extras.iter().filter(|extra| !extras.contains(*extra)) {
            let (member, known) = (self.request.member.clone(), extras.clone());
            errors.push(SelectError::UnknownExtra { member, extra: extra.clone(), known });
        }
        for group in self.request.groups.iter().filter(|group| !groups.contains(*group)) {
            let (member, known) = (self.request.member.clone(), groups.clone());
            errors.push(SelectError::UnknownGroup { member, group: group.clone(), known });
        }
        errors
    }
}

impl Selected {
    /// Whether this is the project or a workspace member that was asked for, and not one of its dependencies.
    pub fn is_project(&self) -> bool {
        self.why.origin == Origin::Project
    }

    /// Whether the sources themselves are to be put on the path.
    pub fn is_editable(&self) -> bool {
        matches!(&self.package.source, Source::Directory { install: Install::Editable, .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project => f.write_str("the project"),
            Self::Dependencies => f.write_str("dependencies"),
            Self::Extra(name) => write!(f, "extra `{name}`"),
            Self::Group(name) => write!(f, "group `{name}`"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)?;
        for (at, name) in self.through.iter().enumerate() {
            if self.omitted > 0 && at == LONGEST_WAY / 2 {
                write!(f, " → … {} more …", self.omitted)?;
            }
            write!(f, " → {name}")?;
        }
        Ok(())
    }
}
