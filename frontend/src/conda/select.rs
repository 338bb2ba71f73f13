//! What of a lock an environment gets: the entries of a platform and of the groups that are asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::{CondaLock, Entry, EntryKind};
use crate::diagnostics::Span;

/// The entries of an environment, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen<'l> {
    /// Conda packages.
    pub conda: BTreeMap<&'l str, &'l Entry>,
    /// Packages of Python's index.
    pub python: BTreeMap<&'l str, &'l Entry>,
}

/// Why nothing can be installed from a lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// It is not for the platform.
    #[error("the lock has nothing for {platform}, only for {}", .known.join(", "))]
    Platform {
        /// What was asked for.
        platform: String,
        /// What it has.
        known: Vec<String>,
    },
    /// An entry whose content nobody can check.
    #[error("`{name}` is locked without a SHA-256")]
    Unhashed {
        /// The package.
        name: String,
        /// Where it stands.
        span: Span,
    },
    /// Groups that cannot be installed together.
    #[error("`{name}` is locked twice: as `{first}` and as `{second}`, which group `{group}` asks for")]
    Conflict {
        /// The package.
        name: String,
        /// The file that is installed already.
        first: String,
        /// The other one.
        second: String,
        /// The group.
        group: String,
        /// Where the other one stands.
        span: Span,
    },
}

impl SelectError {
    /// Where it stands in the lock.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Platform { .. } => None,
            Self::Unhashed { span, .. } | Self::Conflict { span, .. } => Some(*span),
        }
    }
}

/// The entries for `platform`, with those of `groups`.
///
/// # Errors
/// Everything that is wrong with them.
pub fn select<'l>(
    lock: &'l CondaLock,
    platform: &str,
    groups: &BTreeSet<String>,
) -> Result<Chosen<'l>, Vec<SelectError>> {
    if !lock.platforms.contains(platform) {
        let known = lock.platforms.iter().cloned().collect();
        return Err(vec![SelectError::Platform { platform: platform.to_owned(), known }]);
    }
    let mut chosen = Chosen::default();
    let mut errors = Vec::new();
    let wanted = |entry: &&Entry| {
        entry.platform == platform && entry.group.as_ref().is_none_or(|group| groups.contains(group))
    };
    // The project's own dependencies first: a group adds to them.
    let (own, added): (Vec<_>, Vec<_>) =
        lock.entries.iter().filter(wanted).partition(|entry| entry.group.is_none());
    for entry in own.into_iter().chain(added) {
        if entry.sha256.is_none() && entry.kind == EntryKind::Conda {
            errors.push(SelectError::Unhashed { name: entry.name.clone(), span: entry.span });
        }
        let all = match entry.kind {
            EntryKind::Conda => &mut chosen.conda,
            EntryKind::Python => &mut chosen.python,
        };
        match all.get(entry.name.as_str()) {
            None => drop(all.insert(&entry.name, entry)),
            Some(first) if first.address == entry.address => {}
            Some(first) => errors.push(SelectError::Conflict {
                name: entry.name.clone(),
                first: first.address.file().to_owned(),
                second: entry.address.file().to_owned(),
                group: entry.group.clone().unwrap_or_default(),
                span: entry.span,
            }),
        }
    }
    if errors.is_empty() { Ok(chosen) } else { Err(errors) }
}
