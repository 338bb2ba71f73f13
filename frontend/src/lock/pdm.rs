//! `pdm.lock`. With inherited metadata (the default since pdm 2.11) it is a listing, otherwise a graph
//! without roots.
//!
//! A package with extras has a separate entry in addition to the plain one, with the same version. Extras of
//! the project are groups with the same name. The group of the project's dependencies is `default`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::artifact::{Artifact, ArtifactKind, Index, IndexKind, Location};
use super::location::{file_url_path, join};
use super::manifest::{self, Manifest};
use super::model::{Dependency, Install, Listing, Lock, Package, Pick, Root, Roots, Source, Trace};
use super::table::{Document, Table};
use super::{Format, Input, LockError, LockErrorKind, Reader};
use crate::address::decoded;
use crate::pep508::{Marker, Name};

pub(super) const READER: Reader = Reader {
    format: Format::Pdm,
    claims: |name| name == "pdm.lock",
    parse,
    fresh: super::fresh::pdm,
    manifest: "pyproject.toml",
    renew: "pdm lock",
};

const READS: &str = "version 4.x";

fn parse(input: &Input<'_>) -> Result<Lock, LockError> {
    let document = Document::parse(input.path, input.text)?;
    let root = document.root();
    let missing = |key| root.error(LockErrorKind::Missing { key });
    let metadata = root.table("metadata")?.ok_or_else(|| missing("metadata"))?;
    let version = metadata.need_text("lock_version")?;
    if version.text.split('.').next() != Some("4") {
        let found = version.text.to_owned();
        return Err(version.error(LockErrorKind::Version { format: Format::Pdm, found, reads: READS }));
    }
    let inherits = metadata.texts("strategy")?.iter().any(|text| text.text == "inherit_metadata");
    let mut packages: Vec<Package> = Vec::new();
    for table in root.tables("package")? {
        add(&mut packages, &table)?;
    }
    let roots = if inherits {
        Roots::Listed(listing(&metadata)?)
    } else {
        Roots::Graph(vec![graph_root(&Manifest::beside(input, Format::Pdm)?)?])
    };
    let mut lock = Lock::empty(Format::Pdm, roots);
    lock.trace = metadata.owned("content_hash")?.map_or(Trace::None, |hash| Trace::Hash(hash.into()));
    lock.packages = packages.into_iter().map(Arc::new).collect();
    if input.pyproject.is_some() {
        lock.indexes = indexes(&Manifest::beside(input, Format::Pdm)?)?;
    }
    let environments: Result<Vec<_>, _> = metadata.tables("targets")?.iter().map(environment).collect();
    // One target without conditions matches every environment, so the other targets do not count.
    lock.environments = environments?.into_iter().collect::<Option<Vec<Marker>>>().unwrap_or_default();
    Ok(lock)
}

fn listing(metadata: &Table<'_>) -> Result<Listing, LockError> {
    let base = Name::fixed("default");
    let groups: BTreeSet<Name> =
        metadata.names::<BTreeSet<Name>>("groups")?.into_iter().filter(|group| *group != base).collect();
    Ok(Listing { extras: groups.clone(), groups, extras_are_groups: true, base: BTreeSet::from([base]) })
}

/// The requirements of the project. pdm's own table contains development groups.
fn graph_root(manifest: &Manifest<'_>) -> Result<Root, LockError> {
    let mut root = manifest::root(manifest)?;
    if let Some(pdm) = manifest.tool("pdm")? {
        for (name, list) in pdm.lists("dev-dependencies", manifest::edges)? {
            root.groups.entry(name).or_default().extend(list);
        }
    }
    Ok(root)
}

/// The sources of the project (`[[tool.pdm.source]]`). A source with pdm's name for the default index,
/// `pypi`, replaces this index.
fn indexes(manifest: &Manifest<'_>) -> Result<Vec<Index>, LockError> {
    let Some(pdm) = manifest.tool("pdm")? else { return Ok(Vec::new()) };
    let mut indexes = Vec::new();
    for source in pdm.tables("source")? {
        // A source without a URL only adds settings to a source in pdm's own configuration.
        let Some(url) = source.owned("url")? else { continue };
        let name = source.owned("name")?;
        let is_links = source.text("type")?.is_some_and(|kind| kind.text == "find_links");
        let kind = match name.as_deref() {
            _ if is_links => IndexKind::Links,
            Some("pypi") => IndexKind::Main,
            _ => IndexKind::Extra,
        };
        let mut index = Index::new(name, url, kind);
        index.include = source.texts("include_packages")?.iter().map(|text| pattern(text.text)).collect();
        index.exclude = source.texts("exclude_packages")?.iter().map(|text| pattern(text.text)).collect();
        indexes.push(index);
    }
    Ok(indexes)
}

/// A pattern of names, normalised in the same way as in pdm.
fn pattern(text: &str) -> String {
    let mut normal = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || "?*[]-".contains(letter) {
            normal.push(letter.to_ascii_lowercase());
        } else if !normal.ends_with('-') {
            normal.push('-');
        }
    }
    normal
}

/// A target as a marker; `None` if it matches every environment.
fn environment(target: &Table<'_>) -> Result<Option<Marker>, LockError> {
    let python = target.text("requires_python")?.map(|text| text.specifiers()).transpose()?;
    let mut markers: Vec<Marker> = python.iter().filter_map(Marker::of_python).collect();
    if let Some(platform) = target.text("platform")? {
        let system = match platform.text.split(['_', '-']).next().unwrap_or_default() {
            "windows" | "win" | "win32" => "win32",
            "macos" | "macosx" => "darwin",
            _ => "linux",
        };
        markers.extend(Marker::parse(&format!("sys_platform == '{system}'")).ok());
        let machines = ["x86_64", "aarch64", "arm64", "armv7l", "i686", "ppc64le", "s390x", "riscv64"];
        let machine = machines.iter().find(|machine| platform.text.ends_with(*machine));
        markers.extend(machine.and_then(|name| Marker::parse(&format!("platform_machine == '{name}'")).ok()));
    }
    if let Some(implementation) = target.text("implementation")? {
        let text = format!("implementation_name == '{}'", implementation.text);
        markers.extend(Marker::parse(&text).ok());
    }
    Ok(markers.into_iter().reduce(Marker::and))
}

/// Adds an entry. Entries of the same package that differ only in their extras are joined.
fn add(packages: &mut Vec<Package>, table: &Table<'_>) -> Result<(), LockError> {
    let mut package = package(table)?;
    let edges = std::mem::take(&mut package.dependencies);
    let extras: Vec<Name> = table.names("extras")?;
    let same = |known: &&mut Package| {
        known.name == package.name && known.version == package.version && known.source == package.source
    };
    let package = if let Some(known) = packages.iter_mut().find(same) {
        join_entries(known, package);
        known
    } else {
        packages.push(package);
        let Some(added) = packages.last_mut() else { return Ok(()) };
        added
    };
    if extras.is_empty() {
        package.dependencies = edges;
        return Ok(());
    }
    for extra in extras {
        // An entry with extras has the plain package among its dependencies.
        let own = edges.iter().filter(|edge| edge.name != package.name || !edge.extras.is_empty());
        package.extras.entry(extra).or_default().extend(own.cloned());
    }
    Ok(())
}

/// A requirement of one of the entries is a requirement of the package.
fn join_entries(known: &mut Package, other: Package) {
    for (group, _) in other.groups {
        known.groups.entry(group).or_insert(None);
    }
    known.marker = match (known.marker.take(), other.marker) {
        (Some(one), Some(another)) if one == another => Some(one),
        (Some(one), Some(another)) => Some(Marker::Or(vec![one, another])),
        _ => None,
    };
    if known.artifacts.is_empty() {
        known.artifacts = other.artifacts;
    }
}

fn package(table: &Table<'_>) -> Result<Package, LockError> {
    let named = table.need_text("name")?;
    let name = named.name()?;
    let mut package = Package::new(name, source(table)?, named.place());
    package.version = table.text("version")?.map(|text| text.version()).transpose()?;
    package.marker = table.text("marker")?.map(|text| text.marker()).transpose()?;
    for group in table.names::<Vec<Name>>("groups")? {
        package.groups.insert(group, None);
    }
    for text in table.texts("dependencies")? {
        package.dependencies.push(locked_edge(manifest::edge(&text)?));
    }
    for file in table.tables("files")? {
        package.artifacts.push(artifact(&file, &package.source)?);
    }
    Ok(package)
}

/// An edge with specifiers selects by them. For an edge without specifiers there is only one candidate.
fn locked_edge(edge: Dependency) -> Dependency {
    let pick = match edge.pick {
        Pick::AnyOf(sets) if sets.iter().all(pep440_rs::VersionSpecifiers::is_empty) => Pick::Only,
        pick => pick,
    };
    Dependency { pick, ..edge }
}

fn source(table: &Table<'_>) -> Result<Source, LockError> {
    let subdirectory = table.owned("subdirectory")?;
    if let Some(url) = table.text("git")? {
        let commit = table.need_text("revision")?.commit()?;
        let revision = table.owned("ref")?;
        return Ok(Source::Git { url: url.git()?, commit, revision, subdirectory });
    }
    let path = match (table.text("path")?, table.text("url")?) {
        (Some(path), _) => path.text.to_owned(),
        (None, Some(url)) => match project_path(url.text) {
            Some(path) => path,
            None => return Ok(Source::Url { url: url.http()?, subdirectory }),
        },
        (None, None) => return Ok(Source::Index { url: None }),
    };
    let is_file = ArtifactKind::of_path(&path) != ArtifactKind::Other;
    Ok(if is_file {
        Source::File { path: join("", &path), subdirectory }
    } else {
        let install = if table.flag("editable")? { Install::Editable } else { Install::Built };
        Source::Directory { path: join("", &path), install }
    })
}

/// pdm writes paths in the project as `file:///${PROJECT_ROOT}/…`.
fn project_path(url: &str) -> Option<String> {
    let path = file_url_path(url)?;
    let inside = path.trim_start_matches('/').strip_prefix("${PROJECT_ROOT}");
    Some(inside.map_or_else(|| path.clone(), |inside| decoded(inside.trim_start_matches('/'))))
}

fn artifact(table: &Table<'_>, source: &Source) -> Result<Artifact, LockError> {
    let (name, location) = match (table.text("file")?, table.text("url")?) {
        (Some(file), _) => {
            let location = match source {
                Source::Url { url, .. } => Location::Url(url.clone()),
                Source::File { path, .. } => Location::Path(path.clone()),
                _ => Location::Index,
            };
            (file.file()?, location)
        }
        (None, Some(url)) => (url.last()?, url.location()?),
        (None, None) => return Err(table.error(LockErrorKind::Missing { key: "file" })),
    };
    let mut artifact = Artifact::new(name, location);
    if let Some(hash) = table.text("hash")? {
        artifact.hashes.insert(hash.hash()?);
    }
    Ok(artifact)
}
