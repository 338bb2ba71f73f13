//! Selects what is installed from a lock for a target: one file or source for each package, with the reason.
//!
//! The function is pure and total, and it reports all problems of a selection at once. Entries are sorted by
//! name. So the same lock, target and request give the same selection, independently of the order in the
//! file.

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

/// The requested part of a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The workspace member. `None` means the main project, or all members if there is no main project.
    pub member: Option<Name>,
    /// The extras of the project.
    pub extras: BTreeSet<Name>,
    /// The groups in addition to the project's own dependencies.
    pub groups: BTreeSet<Name>,
}

/// The result of a selection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// The installed packages, sorted by name.
    pub entries: Vec<Selected>,
    /// Locked and requested packages that are not installed on this target, sorted by name.
    pub left_out: Vec<LeftOut>,
}

/// An installed package.
#[derive(Clone, Debug, PartialEq)]
pub struct Selected {
    /// The package in the lock.
    pub package: Arc<Package>,
    /// The way in which it is installed.
    pub take: Take,
    /// The reason why it is installed.
    pub why: Why,
    /// The selected packages that it requires itself, if the lock contains them.
    pub requires: BTreeSet<Name>,
}

/// The way in which a package is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// This wheel.
    Wheel(Artifact),
    /// A wheel that is built from this source distribution.
    Sdist(Artifact),
    /// A file of its release that an index must name, because only the hashes are locked.
    Release,
    /// A wheel that is built from the package's source (a repository, a folder, an archive without a hash).
    Source,
}

/// The reason why a package is installed: the shortest path to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Why {
    /// The start of the path.
    pub origin: Origin,
    /// The packages on the path, starting with the one that the origin requires. The package itself is not
    /// included. If the path has more than `LONGEST_WAY` packages, the middle is left out.
    pub through: Vec<Name>,
    /// The number of packages that are left out in the middle.
    pub omitted: usize,
}

/// The maximum length of a stored path. Every package has a path, so without a limit the paths of a long
/// chain would need quadratic space.
const LONGEST_WAY: usize = 16;

impl Why {
    /// A path without packages between the origin and the package.
    pub const fn direct(origin: Origin) -> Self {
        Self { origin, through: Vec::new(), omitted: 0 }
    }

    /// Extends the path by one package.
    fn push(&mut self, name: Name) {
        if self.through.len() == LONGEST_WAY {
            self.through.remove(LONGEST_WAY / 2);
            self.omitted += 1;
        }
        self.through.push(name);
    }
}

/// The start of the path to a package. Origins that ship come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The package is the project, or a requested member of the workspace.
    Project,
    /// The project's own dependencies.
    Dependencies,
    /// An extra of the project.
    Extra(Name),
    /// A group of the project.
    Group(Name),
}

/// A locked package that is not installed on this target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The package.
    pub name: Name,
    /// The package that would have required it; `None` if the project itself would have.
    pub required_by: Option<Name>,
    /// The comparisons that do not hold, each with the target's value.
    pub because: Vec<String>,
}

/// The result of a walk or a filter, before files are selected.
#[derive(Default)]
struct Found {
    chosen: Vec<(Arc<Package>, Why)>,
    left_out: BTreeSet<LeftOut>,
    /// The followed edges, by the package that requires.
    edges: BTreeMap<Name, BTreeSet<Name>>,
}

/// The inputs of a selection.
struct Scene<'a> {
    lock: &'a Lock,
    target: &'a Target,
    environment: Environment,
    request: &'a Request,
    /// The requested extras and groups, with their plain names.
    asked: Active,
}

/// Selects the packages of `lock` that are installed on `target`.
///
/// # Errors
/// All problems, sorted by package.
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
    // A conflict installs two versions of many packages. One report of the conflict is enough.
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
    /// The problems of the request itself, before any package is examined.
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
            // The walk reports an unknown member.
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
    /// Whether this is the project or a requested workspace member, and not one of its dependencies.
    pub fn is_project(&self) -> bool {
        self.why.origin == Origin::Project
    }

    /// Whether the installation is editable: Python imports the sources themselves.
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
