//! Reads `pixi.lock`, versions 6 and 7: a list for each environment and platform, and the packages by
//! address.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{
    CondaLock, CondaLockError, CondaName, Entry, EntryKind, Format, checked_address, checked_name,
    checked_sha256, checked_version, span_of, version_error, yaml,
};
use crate::diagnostics::Source;
use crate::project::normalized;

/// The environment with the project's own dependencies.
const DEFAULT: &str = "default";

#[derive(Deserialize)]
struct Versioned {
    version: Option<u64>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    platforms: Vec<Platform>,
    environments: BTreeMap<String, Environment>,
    #[serde(default)]
    packages: Vec<Package>,
}

/// A platform in version 7: the name that environments use, and conda's name if it is different.
#[derive(Deserialize)]
struct Platform {
    name: String,
    #[serde(default)]
    subdir: Option<String>,
}

#[derive(Deserialize)]
struct Environment {
    #[serde(default)]
    packages: BTreeMap<String, Vec<Reference>>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    conda: Option<Spanned<String>>,
    #[serde(default)]
    pypi: Option<Spanned<String>>,
    #[serde(default)]
    conda_source: Option<Spanned<String>>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    conda: Option<String>,
    #[serde(default)]
    pypi: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    size: Option<u64>,
    /// The requirements of a conda package.
    #[serde(default)]
    depends: Vec<String>,
    /// The requirements of a Python package.
    #[serde(default)]
    requires_dist: Vec<String>,
}

pub(super) fn parse(source: &Source) -> Result<CondaLock, CondaLockError> {
    match yaml::<Versioned>(source)?.version {
        Some(6 | 7) => {}
        other => {
            let found = other.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(version_error(source, "pixi.lock", &found, "6 and 7"));
        }
    }
    let file: File = yaml(source)?;
    let subdirs: BTreeMap<&str, &str> = file
        .platforms
        .iter()
        .map(|platform| (platform.name.as_str(), platform.subdir.as_deref().unwrap_or(&platform.name)))
        .collect();
    let mut known: BTreeMap<(EntryKind, &str), &Package> = BTreeMap::new();
    for package in &file.packages {
        let keys = [(EntryKind::Conda, &package.conda), (EntryKind::Python, &package.pypi)];
        known.extend(keys.into_iter().filter_map(|(kind, key)| Some(((kind, key.as_deref()?), package))));
    }
    let mut entries = Vec::new();
    let (mut platforms, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for (name, environment) in &file.environments {
        let group = (name != DEFAULT).then(|| normalized(name));
        groups.extend(group.clone());
        for (platform, references) in &environment.packages {
            let platform = subdirs.get(platform.as_str()).copied().unwrap_or(platform);
            platforms.insert(platform.to_owned());
            for reference in references {
                entries.push(entry(source, reference, platform, group.clone(), &known)?);
            }
        }
    }
    Ok(CondaLock { format: Format::Pixi, platforms, groups, entries })
}

/// The package name in a requirement such as `python >=3.12` or `idna>=3`.
fn required(text: &str) -> String {
    // The name may have a channel before it: `channel::name`.
    let text = text.split_once("::").map_or(text, |(_, package)| package).trim_start();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.chars().take_while(|c| is_of_name(*c)).collect()
}

fn entry(
    source: &Source,
    reference: &Reference,
    platform: &str,
    group: Option<String>,
    known: &BTreeMap<(EntryKind, &str), &Package>,
) -> Result<Entry, CondaLockError> {
    let (kind, key) = match (&reference.conda, &reference.pypi, &reference.conda_source) {
        (Some(key), None, None) => (EntryKind::Conda, key),
        (None, Some(key), None) => (EntryKind::Python, key),
        (_, _, Some(key)) => {
            let message = format!("`{}` is built from its source, which cannot be done here", key.value);
            return Err(CondaLockError { message, span: span_of(source, key) });
        }
        _ => {
            let message = "an entry must have `conda` or `pypi`".to_owned();
            return Err(CondaLockError { message, span: source.line_span(1) });
        }
    };
    let span = span_of(source, key);
    let Some(package) = known.get(&(kind, key.value.as_str())) else {
        let message = format!("`{}` is not among the packages of the lock", key.value);
        return Err(CondaLockError { message, span });
    };
    let address = checked_address(&key.value, span)?;
    let of_file = CondaName::of_file(address.file());
    if kind == EntryKind::Conda && of_file.is_none() {
        let message = format!("`{}` is built from its source, which cannot be done here", key.value);
        return Err(CondaLockError { message, span });
    }
    let of_file = of_file.filter(|_| kind == EntryKind::Conda);
    let name = package.name.clone().or_else(|| of_file.as_ref().map(|name| name.name.clone()));
    let version = package.version.clone().or_else(|| of_file.map(|name| name.version));
    let Some(name) = name else {
        return Err(CondaLockError { message: format!("`{}` has no name", key.value), span });
    };
    Ok(Entry {
        name: checked_name(&name, span)?,
        version: version.map(|version| checked_version(version, span)).transpose()?,
        platform: platform.to_owned(),
        group,
        kind,
        address,
        sha256: package.sha256.as_ref().map(|hash| checked_sha256(hash, span)).transpose()?,
        size: package.size,
        requires: package.depends.iter().chain(&package.requires_dist).map(|text| required(text)).collect(),
        span,
    })
}
