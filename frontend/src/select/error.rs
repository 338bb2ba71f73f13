//! The reasons why a selection fails. Each variant contains all data for its message.

use std::collections::BTreeSet;

use super::{Remedy, Why};
use crate::lock::{ConflictItem, Package, Place};
use crate::pep508::Name;
use crate::tags::Target;

/// One reason why a selection fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The lock is for other Python versions.
    #[error("the lock is for Python {requires}, the image has {}", target.python)]
    Python {
        /// The requirement of the lock.
        requires: String,
        /// The target of the image.
        target: Box<Target>,
    },
    /// The lock is for other environments.
    #[error("the lock is not for {target}, only for {}", environments.join(" or "))]
    Environment {
        /// The markers of the lock's environments. One of them would have to hold.
        environments: Vec<String>,
        /// The target of the image.
        target: Box<Target>,
    },
    /// The extra does not exist.
    #[error("there is no extra `{extra}` in the lock{}", for_member(member.as_ref()))]
    UnknownExtra {
        /// The requested workspace member.
        member: Option<Name>,
        /// The requested extra.
        extra: Name,
        /// The existing extras.
        known: BTreeSet<Name>,
    },
    /// The group does not exist.
    #[error("there is no group `{group}` in the lock{}", for_member(member.as_ref()))]
    UnknownGroup {
        /// The requested workspace member.
        member: Option<Name>,
        /// The requested group.
        group: Name,
        /// The existing groups.
        known: BTreeSet<Name>,
    },
    /// The workspace member does not exist.
    #[error("there is no workspace member `{member}` in the lock")]
    UnknownMember {
        /// The requested member.
        member: Name,
        /// The existing members.
        known: BTreeSet<Name>,
    },
    /// The extras or groups exclude each other.
    #[error("{} cannot be installed together", list(items))]
    Conflict {
        /// The extras or groups.
        items: Vec<ConflictItem>,
        /// The place in the lock that declares the conflict.
        at: Place,
    },
    /// The lock has more conflicts than any tool writes.
    #[error("the lock has more extras that conflict than can be told apart")]
    ManyConflicts,
    /// The group does not support the Python version.
    #[error("group `{group}` needs Python {requires}, the image has {}", target.python)]
    GroupPython {
        /// The group.
        group: Name,
        /// The requirement of the group.
        requires: String,
        /// The target of the image.
        target: Box<Target>,
    },
    /// A package would be installed in two versions.
    #[error("`{package}` would be installed more than once: {}", ways.join("; "))]
    Several {
        /// The package.
        package: Name,
        /// Each version, with the packages that require it.
        ways: Vec<String>,
        /// The place of the first version.
        at: Option<Place>,
    },
    /// A required package is missing from the lock.
    #[error("`{package}`{} is not in the lock", required_by.as_ref().map(|by| format!(", required by `{by}`,")).unwrap_or_default())]
    NotLocked {
        /// The package.
        package: Name,
        /// The package that requires it; `None` if the project does.
        required_by: Option<String>,
        /// The place of the requiring package.
        at: Option<Place>,
    },
    /// The package does not support the Python version.
    #[error("`{package}` needs Python {requires}, the image has {}", target.python)]
    PackagePython {
        /// The package with its version.
        package: String,
        /// The requirement of the package.
        requires: String,
        /// The target of the image.
        target: Box<Target>,
        /// The place of the package.
        at: Place,
    },
    /// The package has no version.
    #[error("`{package}` has no version in the lock, because it was not needed where the lock was made")]
    Unpinned {
        /// The package.
        package: Name,
        /// The place of the package.
        at: Place,
    },
    /// No file of the package matches the target.
    #[error("no file of `{package}` can be installed on {target}")]
    NoArtifact {
        /// The package with its version.
        package: String,
        /// The target of the image.
        target: Box<Target>,
        /// The locked files.
        offered: Vec<String>,
        /// Changes that would help.
        remedies: Vec<Remedy>,
        /// The place of the package.
        at: Place,
    },
}

impl SelectError {
    /// The place in the lock, if the error has exactly one.
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

    /// For an unknown name, the name that was probably meant.
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

/// The Levenshtein distance: the number of letters to add, remove or replace to turn `left` into `right`.
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
