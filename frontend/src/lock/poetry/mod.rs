//! `poetry.lock`: a listing since version 2.1 of the format, a graph without roots before.
//!
//! Poetry 2 writes version 2.1, in which each package has its groups and a marker. Poetry 1 writes versions
//! 1.1 and 2.0, in which the packages are found by a walk from the project's own tables. Files have names and
//! hashes, but no URLs.

mod constraint;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pep440_rs::Version;

use super::artifact::{Artifact, Index, IndexKind, Location};
use super::location::join;
use super::manifest::{Manifest, of_requirement};
use super::model::{Dependency, Install, Listing, Lock, ManifestHash, Package, Roots, Source, Trace};
use super::table::{Document, Table, Text};
use super::{Format, Input, LockError, LockErrorKind, Reader};
use crate::address::FileName;
use crate::pep508::{Marker, Name};

pub(super) const READER: Reader = Reader {
    format: Format::Poetry,
    claims: |name| name == "poetry.lock",
    parse,
    fresh: crate::lock::fresh::poetry,
    manifest: "pyproject.toml",
    renew: "poetry lock",
};

const READS: &str = "version 1.1 or 2.x";

/// The alternatives of a constraint in Poetry's syntax, as PEP 440 specifiers; `None` if it cannot be read.
pub fn poetry_specifiers(text: &str) -> Option<Vec<pep440_rs::VersionSpecifiers>> {
    constraint::parse(text)
}

/// The two kinds of the format's versions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Each package has a condition.
    Listing,
    /// Packages have only dependencies.
    Graph,
}

fn parse(input: &Input<'_>) -> Result<Lock, LockError> {
    let document = Document::parse(input.path, input.text)?;
    let root = document.root();
    let missing = |key| root.error(LockErrorKind::Missing { key });
    let metadata = root.table("metadata")?.ok_or_else(|| missing("metadata"))?;
    let kind = kind(&metadata)?;
    let mut packages = Vec::new();
    let mut listing = Listing { base: BTreeSet::from([Name::fixed("main")]), ..Listing::default() };
    let files = metadata.table("files")?;
    for table in root.tables("package")? {
        let mut package = package(&table, kind)?;
        if let Some(files) = &files {
            add_files_of(files, &table, &mut package)?;
        }
        listing.groups.extend(package.groups.keys().cloned());
        packages.push(Arc::new(package));
    }
    for (extra, _) in root.table("extras")?.iter().flat_map(Table::entries) {
        listing.extras.insert(extra.name()?);
    }
    let roots = match kind {
        Kind::Listing => Roots::Listed(listing),
        Kind::Graph => Roots::Graph(vec![manifest::root(&Manifest::beside(input, Format::Poetry)?)?]),
    };
    let mut lock = Lock::empty(Format::Poetry, roots);
    for package in &packages {
        note_index(&mut lock.indexes, package);
    }
    // Poetry has its own syntax for Python versions. A constraint that PEP 440 cannot express is not checked.
    let python = metadata.text("python-versions")?.and_then(|text| constraint::parse(text.text));
    lock.requires_python = python.and_then(|mut sets| if sets.len() == 1 { sets.pop() } else { None });
    lock.packages = packages;
    lock.trace = metadata.owned("content-hash")?.map_or(Trace::None, |hash| {
        let may_lack_groups = is_before_groups(input.text);
        Trace::Hash(ManifestHash { may_lack_groups, ..ManifestHash::from(hash) })
    });
    Ok(lock)
}

fn kind(metadata: &Table<'_>) -> Result<Kind, LockError> {
    let version = metadata.need_text("lock-version")?;
    let mut numbers = version.text.split('.').map(|part| part.parse::<u64>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(2), Some(minor)) if minor >= 1 => Ok(Kind::Listing),
        (Some(2), _) | (Some(1), Some(1)) => Ok(Kind::Graph),
        _ => {
            let found = version.text.to_owned();
            Err(version.error(LockErrorKind::Version { format: Format::Poetry, found, reads: READS }))
        }
    }
}

fn package(table: &Table<'_>, kind: Kind) -> Result<Package, LockError> {
    let named = table.need_text("name")?;
    let name = named.name()?;
    let source = source(table, &name)?;
    let mut package = Package::new(name, source, named.place());
    package.version = Some(table.need_text("version")?.version()?);
    add_files(&table.tables("files").unwrap_or_default(), &mut package)?;
    match kind {
        Kind::Listing => add_groups(table, &mut package)?,
        Kind::Graph => add_edges(table, &mut package)?,
    }
    Ok(package)
}

fn source(table: &Table<'_>, package: &Name) -> Result<Source, LockError> {
    let Some(source) = table.table("source")? else { return Ok(Source::Index { url: None }) };
    let kind = source.need_text("type")?;
    let address = source.need_text("url")?;
    let url = address.text;
    let subdirectory = source.owned("subdirectory")?;
    Ok(match kind.text {
        "legacy" => Source::Index { url: Some(url.to_owned()) },
        "url" => Source::Url { url: address.http()?, subdirectory },
        "file" => Source::File { path: join("", url), subdirectory },
        "directory" => {
            let install = if table.flag("develop")? { Install::Editable } else { Install::Built };
            Source::Directory { path: join("", url), install }
        }
        "git" => {
            let commit = source.need_text("resolved_reference")?.commit()?;
            let revision = source.owned("reference")?;
            Source::Git { url: address.git()?, commit, revision, subdirectory }
        }
        _ => return Err(kind.error(LockErrorKind::Source { package: package.to_string() })),
    })
}

fn add_files(files: &[Table<'_>], package: &mut Package) -> Result<(), LockError> {
    for file in files {
        let name = file.need_text("file")?.file()?;
        let is_last = |address: &str| FileName::of_address(address).is_ok_and(|last| last == name);
        let location = match &package.source {
            Source::Url { url, .. } if is_last(url.as_str()) => Location::Url(url.clone()),
            Source::File { path, .. } if is_last(path) => Location::Path(path.clone()),
            _ => Location::Index,
        };
        let mut artifact = Artifact::new(name, location);
        artifact.hashes.insert(file.need_text("hash")?.hash()?);
        package.artifacts.push(artifact);
    }
    Ok(())
}

/// Version 1.1 has one table for all files. Its keys are the packages' names as the lock writes them.
fn add_files_of(files: &Table<'_>, table: &Table<'_>, package: &mut Package) -> Result<(), LockError> {
    let written = table.need_text("name")?.text;
    for (_, list) in files.entries().filter(|(name, _)| name.text == written) {
        let list: Result<Vec<_>, _> = list.list()?.iter().map(super::table::Value::table).collect();
        add_files(&list?, package)?;
    }
    Ok(())
}

/// Since version 2.1: `groups`, and `markers` as one text for all groups or as a table by group.
fn add_groups(table: &Table<'_>, package: &mut Package) -> Result<(), LockError> {
    let mut markers: BTreeMap<Name, Marker> = BTreeMap::new();
    if let Some(value) = table.get("markers") {
        if value.is_text() {
            package.marker = Some(marker(&value.text()?)?);
        } else {
            for (group, value) in value.table()?.entries() {
                markers.insert(group.name()?, marker(&value.text()?)?);
            }
        }
    }
    for group in table.names::<Vec<Name>>("groups")? {
        let marker = markers.remove(&group);
        package.groups.insert(group, marker);
    }
    Ok(())
}

/// A marker. Poetry writes `<empty>` for a marker that never holds.
fn marker(text: &Text<'_>) -> Result<Marker, LockError> {
    match text.text.trim() {
        "<empty>" => Ok(Marker::Or(Vec::new())),
        _ => text.marker(),
    }
}

/// Before version 2.1: dependencies. The optional ones belong to the package's extras.
fn add_edges(table: &Table<'_>, package: &mut Package) -> Result<(), LockError> {
    let mut optional: BTreeMap<Name, Vec<Dependency>> = BTreeMap::new();
    for (name, value) in table.table("dependencies")?.iter().flat_map(Table::entries) {
        let name = name.name()?;
        for edge in manifest::edges(&name, &value)? {
            if edge.optional {
                optional.entry(name.clone()).or_default().push(edge.dependency);
            } else {
                package.dependencies.push(edge.dependency);
            }
        }
    }
    for (extra, list) in table.table("extras")?.iter().flat_map(Table::entries) {
        let extra = extra.name()?;
        let mut edges = Vec::new();
        for item in list.list()? {
            let wanted = of_requirement(item.text()?.requirement()?);
            // If the dependency has an entry of its own, the entry has more details than the text in the
            // extra.
            let known = optional.get(&wanted.name).cloned().unwrap_or_else(|| vec![wanted.clone()]);
            edges.extend(known.into_iter().map(|edge| Dependency {
                extras: edge.extras.union(&wanted.extras).cloned().collect(),
                marker: edge.marker.and_then(|marker| marker.given_extras(std::slice::from_ref(&extra))),
                ..edge
            }));
        }
        package.extras.insert(extra, edges);
    }
    Ok(())
}

fn note_index(indexes: &mut Vec<Index>, package: &Package) {
    if let Source::Index { url: Some(url) } = &package.source
        && !indexes.iter().any(|known| known.url == *url)
    {
        indexes.push(Index::new(None, url.clone(), IndexKind::Extra));
    }
}

/// Whether the first line names a Poetry version before 2.3, whose hash does not include
/// `[dependency-groups]`.
fn is_before_groups(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let version = line.split_once("Poetry ").and_then(|(_, rest)| rest.split_whitespace().next());
    let version = version.and_then(|version| version.parse::<Version>().ok());
    version.is_some_and(|version| version < Version::new([2, 3]))
}
