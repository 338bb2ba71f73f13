//! Selects the packages of an environment from a lock: the entries of a platform and of the requested groups.

use std::collections::{BTreeMap, BTreeSet};

use super::{CondaLock, Entry, EntryKind};
use crate::diagnostics::Span;

/// The entries of an environment, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen<'l> {
    /// Conda packages.
    pub conda: BTreeMap<&'l str, &'l Entry>,
    /// Python packages.
    pub python: BTreeMap<&'l str, &'l Entry>,
}

/// The reason why a lock cannot be installed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The lock is for other platforms.
    #[error("the lock has nothing for {platform}, only for {}", .known.join(", "))]
    Platform {
        /// The requested platform.
        platform: String,
        /// The platforms of the lock.
        known: Vec<String>,
    },
    /// A conda package without a hash. Nothing can verify its content.
    #[error("`{name}` is locked without a SHA-256")]
    Unhashed {
        /// The package.
        name: String,
        /// The place of the entry.
        span: Span,
    },
    /// Two groups have different files of the same package.
    #[error("`{name}` is locked twice: as `{first}` and as `{second}`, which group `{group}` asks for")]
    Conflict {
        /// The package.
        name: String,
        /// The file of the first entry.
        first: String,
        /// The file of the second entry.
        second: String,
        /// The group of the second entry.
        group: String,
        /// The place of the second entry.
        span: Span,
    },
}

impl SelectError {
    /// The place of the error in the lock.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Platform { .. } => None,
            Self::Unhashed { span, .. } | Self::Conflict { span, .. } => Some(*span),
        }
    }
}

/// The entries for `platform` and for the groups in `groups`.
///
/// # Errors
/// All errors in these entries.
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
    // The project's own dependencies come first, because groups add to them.
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
