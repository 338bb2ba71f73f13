//! Reads `conda-lock.yml`, version 1: one list for all platforms, with a category for each entry.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use super::{
    CondaLock, CondaLockError, Entry, EntryKind, Format, checked_address, checked_name, checked_sha256,
    checked_version, span_of, version_error, yaml,
};
use crate::diagnostics::Source;
use crate::project::normalized;

/// The category of packages that are always installed.
const MAIN: &str = "main";

#[derive(Deserialize)]
struct Versioned {
    version: Option<u64>,
}

#[derive(Deserialize)]
struct File {
    metadata: Metadata,
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Metadata {
    platforms: Vec<String>,
}

#[derive(Deserialize)]
#[expect(clippy::zero_sized_map_values, reason = "serde's way to skip the versions")]
struct Package {
    name: Spanned<String>,
    version: String,
    manager: String,
    platform: String,
    url: String,
    hash: Hash,
    #[serde(default)]
    dependencies: Option<BTreeMap<String, IgnoredAny>>,
    #[serde(default)]
    category: Option<String>,
    /// conda-lock does not write the size. Pybuild's own solver does.
    #[serde(default)]
    size: Option<u64>,
}

#[derive(Deserialize)]
struct Hash {
    #[serde(default)]
    sha256: Option<String>,
}

pub(super) fn parse(source: &Source) -> Result<CondaLock, CondaLockError> {
    match yaml::<Versioned>(source)?.version {
        Some(1) => {}
        other => {
            let found = other.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(version_error(source, "conda-lock.yml", &found, "1"));
        }
    }
    let file: File = yaml(source)?;
    let mut entries = Vec::new();
    for package in file.package {
        let span = span_of(source, &package.name);
        let kind = match package.manager.as_str() {
            "conda" => EntryKind::Conda,
            "pip" => EntryKind::Python,
            other => {
                let message = format!("`{other}` is not a manager that is known here: `conda` or `pip`");
                return Err(CondaLockError { message, span });
            }
        };
        entries.push(Entry {
            name: checked_name(&package.name.value, span)?,
            version: Some(checked_version(package.version, span)?),
            platform: package.platform,
            group: package.category.filter(|category| category != MAIN).map(|name| normalized(&name)),
            kind,
            address: checked_address(&package.url, span)?,
            sha256: package.hash.sha256.map(|hash| checked_sha256(&hash, span)).transpose()?,
            size: package.size,
            requires: package.dependencies.unwrap_or_default().into_keys().collect(),
            span,
        });
    }
    let groups: BTreeSet<String> = entries.iter().filter_map(|entry| entry.group.clone()).collect();
    let platforms = file.metadata.platforms.into_iter().collect();
    Ok(CondaLock { format: Format::CondaLock, platforms, groups, entries })
}
