//! Why nothing can be selected. All data that a message needs is in the variants.

use std::collections::BTreeSet;

use super::{Remedy, Why};
use crate::lock::{ConflictItem, Package, Place};
use crate::pep508::Name;
use crate::tags::Target;

/// One thing that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The lock is for other Pythons.
    #[error("the lock is for Python {requires}, the image has {}", target.python)]
    Python {
        /// What the lock requires.
        requires: String,
        /// What the image is.
        target: Box<Target>,
    },
    /// The lock is for other environments.
    #[error("the lock is not for {target}, only for {}", environments.join(" or "))]
    Environment {
        /// The markers of which one would have to hold.
        environments: Vec<String>,
        /// What the image is.
        target: Box<Target>,
    },
    /// No such extra.
    #[error("there is no extra `{extra}` in the lock{}", for_member(member.as_ref()))]
    UnknownExtra {
        /// For which member of the workspace.
        member: Option<Name>,
        /// What was asked for.
        extra: Name,
        /// What there is.
        known: BTreeSet<Name>,
    },
    /// No such group.
    #[error("there is no group `{group}` in the lock{}", for_member(member.as_ref()))]
    UnknownGroup {
        /// For which member of the workspace.
        member: Option<Name>,
        /// What was asked for.
        group: Name,
        /// What there is.
        known: BTreeSet<Name>,
    },
    /// No such workspace member.
    #[error("there is no workspace member `{member}` in the lock")]
    UnknownMember {
        /// What was asked for.
        member: Name,
        /// What there is.
        known: BTreeSet<Name>,
    },
    /// Extras or groups that exclude each other.
    #[error("{} cannot be installed together", list(items))]
    Conflict {
        /// Which.
        items: Vec<ConflictItem>,
        /// Where the lock declares it.
        at: Place,
    },
    /// Conflicts of which no tool writes as many.
    #[error("the lock has more extras that conflict than can be told apart")]
    ManyConflicts,
    /// A group that does not run on this Python.
    #[error("group `{group}` needs Python {requires}, the image has {}", target.python)]
    GroupPython {
        /// The group.
        group: Name,
        /// What it requires.
        requires: String,
        /// What the image is.
        target: Box<Target>,
    },
    /// Two versions of a package would be installed.
    #[error("`{package}` would be installed more than once: {}", ways.join("; "))]
    Several {
        /// The package.
        package: Name,
        /// Each with its version and who asks for it.
        ways: Vec<String>,
        /// Where the first stands.
        at: Option<Place>,
    },
    /// An edge leads to nothing.
    #[error("`{package}`{} is not in the lock", required_by.as_ref().map(|by| format!(", required by `{by}`,")).unwrap_or_default())]
    NotLocked {
        /// The package.
        package: Name,
        /// What requires it; absent if the project does.
        required_by: Option<String>,
        /// Where the requiring package stands.
        at: Option<Place>,
    },
    /// A package that does not run on this Python.
    #[error("`{package}` needs Python {requires}, the image has {}", target.python)]
    PackagePython {
        /// The package with its version.
        package: String,
        /// What it requires.
        requires: String,
        /// What the image is.
        target: Box<Target>,
        /// Where it stands.
        at: Place,
    },
    /// A package without a version.
    #[error("`{package}` has no version in the lock, because it was not needed where the lock was made")]
    Unpinned {
        /// The package.
        package: Name,
        /// Where it stands.
        at: Place,
    },
    /// No file of a package fits.
    #[error("no file of `{package}` can be installed on {target}")]
    NoArtifact {
        /// The package with its version.
        package: String,
        /// What the image is.
        target: Box<Target>,
        /// The files that are locked.
        offered: Vec<String>,
        /// What would help.
        remedies: Vec<Remedy>,
        /// Where it stands.
        at: Place,
    },
}

impl SelectError {
    /// Where in the lock it is, if at one place.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Several { at, .. } | Self::NotLocked { at, .. } => at.as_ref(),
            Self::PackagePython { at, .. }
            | Self::Unpinned { at, .. }
            | Self::NoArtifact { at, .. }
            | Self::Conflict { at, .. } => Some(at),
            Self::Python { .. }
            | Self::Environment { .. }
            | Self::UnknownExtra { .. }
            | Self::UnknownGroup { .. }
            | Self::UnknownMember { .. }
            | Self::GroupPython { .. }
            | Self::ManyConflicts => None,
        }
    }

    /// The name that was probably meant, where one is unknown.
    pub fn suggestion(&self) -> Option<&Name> {
        let (Self::UnknownExtra { extra: name, known, .. }
        | Self::UnknownGroup { group: name, known, .. }
        | Self::UnknownMember { member: name, known }) = self
        else {
            return None;
        };
        let near = known.iter().map(|known| (distance(name.as_str(), known.as_str()), known));
        let limit = (name.as_str().len() / 3).max(1);
        near.filter(|(distance, _)| *distance <= limit).min().map(|(_, known)| known)
    }
}

pub(super) fn several<'p>(name: &Name, chosen: impl Iterator<Item = (&'p Package, &'p Why)>) -> SelectError {
    let mut at = None;
    let mut ways = Vec::new();
    for (package, why) in chosen {
        at.get_or_insert_with(|| package.at.clone());
        let version = package.version.as_ref().map_or_else(|| "no version".to_owned(), ToString::to_string);
        ways.push(format!("{version} by {why}"));
    }
    SelectError::Several { package: name.clone(), ways, at }
}

fn for_member(member: Option<&Name>) -> String {
    member.map(|member| format!(" for `{member}`")).unwrap_or_default()
}

fn list(items: &[ConflictItem]) -> String {
    let names = items.iter().map(|item| match (&item.extra, &item.group) {
        (Some(extra), _) => format!("extra `{extra}` of `{}`", item.package),
        (None, Some(group)) => format!("group `{group}` of `{}`", item.package),
        (None, None) => format!("`{}`", item.package),
    });
    names.collect::<Vec<_>>().join(" and ")
}

/// How many letters have to be added, taken away or replaced to make `right` of `left`.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut next = vec![index + 1];
        for (above, (before, other)) in row.iter().skip(1).zip(row.iter().zip(right.chars())) {
            let replaced = before + usize::from(letter != other);
            let taken = next.last().map_or(usize::MAX, |last| last + 1);
            next.push(replaced.min(above + 1).min(taken));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
