//! `Pipfile.lock`: a listing by sections. It contains the hashes of whole releases, without file names.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;
use std::sync::Arc;

use pep440_rs::VersionSpecifiers;
use serde_json::{Map, Value};

use super::artifact::{Artifact, ArtifactKind, Index, IndexKind, Location};
use super::location::{join, locate};
use super::model::{Install, Listing, Lock, ManifestHash, Package, Place, Roots, Source, Trace};
use super::{Format, Hash, Hashes, Input, LockError, LockErrorKind, Reader};
use crate::address::{Commit, FileName, GitUrl};
use crate::diagnostics::Span;
use crate::pep508::{Marker, Name, Requirement};

pub(super) const READER: Reader = Reader {
    format: Format::Pipfile,
    claims: |name| name == "Pipfile.lock",
    parse,
    fresh: super::fresh::pipfile,
    manifest: "Pipfile",
    renew: "pipenv lock",
};

const READS: &str = "version 6";

/// After this number of names that are not found in the text, places are no longer searched.
const MOST_LOST: usize = 20;

/// The file and the places in it. `serde_json` gives no places, so this searches keys in the text.
struct Document<'a> {
    path: Arc<str>,
    text: &'a str,
}

impl Document<'_> {
    /// The place of `key` as a key after byte `from`.
    fn key(&self, key: &str, from: usize) -> Place {
        let quoted = format!("\"{key}\"");
        let rest = self.text.get(from..).unwrap_or_default();
        let found = rest.match_indices(&quoted).find(|(at, _)| {
            let after = rest.get(at + quoted.len()..).unwrap_or_default();
            after.trim_start().starts_with(':')
        });
        let start = found.map_or(0, |(at, _)| from + at);
        let end = found.map_or(0, |_| start + quoted.len());
        Place { file: Arc::clone(&self.path), span: Span { start, end } }
    }
}

fn parse(input: &Input<'_>) -> Result<Lock, LockError> {
    let document = Document { path: input.path.into(), text: input.text };
    let root: Map<String, Value> = serde_json::from_str(input.text).map_err(|error| syntax(input, &error))?;
    let meta = root.get("_meta").and_then(Value::as_object);
    let meta = meta.ok_or_else(|| LockError::whole(input.path, LockErrorKind::Missing { key: "_meta" }))?;
    let version = meta.get("pipfile-spec").and_then(Value::as_u64);
    if version != Some(6) {
        let found = meta.get("pipfile-spec").map_or_else(|| "none".to_owned(), ToString::to_string);
        let kind = LockErrorKind::Version { format: Format::Pipfile, found, reads: READS };
        return Err(LockError::at(document.key("pipfile-spec", 0), kind));
    }
    let mut listing = Listing { base: BTreeSet::from([Name::fixed("default")]), ..Listing::default() };
    let indexes = indexes(meta);
    let mut packages: Vec<Package> = Vec::new();
    let mut known: BTreeMap<Name, Vec<usize>> = BTreeMap::new();
    for (section, entries) in &root {
        let Some(entries) = entries.as_object().filter(|_| section != "_meta") else { continue };
        let at = document.key(section, 0);
        let group = group_of(section).map_err(|error| LockError::at(at.clone(), error))?;
        if !listing.base.contains(&group) {
            listing.groups.insert(group.clone());
        }
        // The entries have the order of the file, so each search starts after the previous entry. An entry
        // with escapes is not found, and gets the place of its section.
        let mut from = at.span.end;
        let mut lost = 0;
        for (name, entry) in entries {
            let found =
                (lost < MOST_LOST).then(|| document.key(name, from)).filter(|found| found.span.end > 0);
            let place = found.unwrap_or_else(|| at.clone());
            if place.span.end > from {
                from = place.span.end;
            } else {
                lost += 1;
            }
            let mut package = package(name, entry, &place, &indexes)?;
            package.groups.insert(group.clone(), package.marker.take());
            add(&mut packages, &mut known, package);
        }
    }
    let mut lock = Lock::empty(Format::Pipfile, Roots::Listed(listing));
    lock.packages = packages.into_iter().map(Arc::new).collect();
    lock.indexes = indexes;
    let hash = meta.get("hash").and_then(|hash| hash.get("sha256")).and_then(Value::as_str);
    lock.trace = hash.map_or(Trace::None, |hash| {
        let sources = meta.get("sources").cloned().unwrap_or_default();
        Trace::Hash(ManifestHash { sources, ..ManifestHash::from(hash.to_owned()) })
    });
    Ok(lock)
}

/// The group of development packages is `dev`, whatever the name of their section.
fn group_of(section: &str) -> Result<Name, LockErrorKind> {
    match section {
        "develop" => Ok(Name::fixed("dev")),
        other => Ok(Name::new(other)?),
    }
}

fn syntax(input: &Input<'_>, error: &serde_json::Error) -> LockError {
    let line_start =
        input.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let start = (line_start + error.column().saturating_sub(1)).min(input.text.len());
    let at = Place { file: input.path.into(), span: Span { start, end: start } };
    LockError::at(at, LockErrorKind::Syntax { message: error.to_string() })
}

/// A package in two sections is one package with two groups. `known` contains the positions of each name.
fn add(packages: &mut Vec<Package>, known: &mut BTreeMap<Name, Vec<usize>>, package: Package) {
    let places = known.entry(package.name.clone()).or_default();
    for at in places.iter() {
        if let Some(other) = packages.get_mut(*at)
            && other.version == package.version
            && other.source == package.source
        {
            other.groups.extend(package.groups);
            return;
        }
    }
    places.push(packages.len());
    packages.push(package);
}

fn package(name: &str, entry: &Value, at: &Place, indexes: &[Index]) -> Result<Package, LockError> {
    let fail = |kind: LockErrorKind| LockError::at(at.clone(), kind);
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let name = Name::new(name).map_err(|error| fail(error.into()))?;
    let mut package = Package::new(name, source(entry).map_err(fail)?, at.clone());
    if let (Source::Index { url }, Some(index)) = (&mut package.source, text("index")) {
        *url = index_of(index, package.name.as_str(), indexes).map_err(fail)?;
    }
    package.version = match text("version").filter(|version| *version != "*") {
        Some(version_text) => {
            let pinned = Requirement::parse(&format!("{}{version_text}", package.name)).ok();
            let version = pinned.as_ref().and_then(Requirement::pinned).cloned();
            match version {
                Some(version) => Some(version),
                // If a package is not needed on the machine that locks, pipenv writes the range of the
                // Pipfile after `==`.
                None if is_range(version_text) => None,
                None => {
                    return Err(fail(LockErrorKind::PackageVersion { text: version_text.to_owned() }));
                }
            }
        }
        None => None,
    };
    package.marker = match text("markers") {
        Some(marker) => Some(Marker::parse(marker).map_err(|error| fail(error.kind.into()))?),
        None => None,
    };
    let hashes = entry.get("hashes").and_then(Value::as_array).into_iter().flatten();
    let hashes: Result<Hashes, LockError> = hashes
        .map(|hash| {
            let text = hash.as_str().unwrap_or_default();
            Hash::parse(text).ok_or_else(|| fail(LockErrorKind::Hash { text: text.to_owned() }))
        })
        .collect();
    package.hashes = hashes?;
    let (place, location) = match &package.source {
        Source::Url { url, .. } => (url.as_str(), Location::Url(url.clone())),
        Source::File { path, .. } => (path.as_str(), Location::Path(path.clone())),
        _ => return Ok(package),
    };
    // The URL of a file leads to one file, so the hashes belong to this file.
    let file = FileName::of_address(place).map_err(|error| fail(error.into()))?;
    let mut artifact = Artifact::new(file, location);
    if artifact.kind != ArtifactKind::Other && !package.hashes.is_empty() {
        artifact.hashes = std::mem::take(&mut package.hashes);
        package.artifacts.push(artifact);
    }
    Ok(package)
}

/// Whether a version is `==` followed by a range of versions.
fn is_range(text: &str) -> bool {
    let range = text.strip_prefix("==").unwrap_or(text);
    range.starts_with(['<', '>', '!', '~', '=']) && VersionSpecifiers::from_str(range).is_ok()
}

fn source(entry: &Value) -> Result<Source, LockErrorKind> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let subdirectory = text("subdirectory");
    if let Some(url) = text("git") {
        let commit = Commit::parse(&text("ref").unwrap_or_default())?.as_str().to_owned();
        // pipenv passes the commit to pip.
        let revision = Some(commit.clone());
        return Ok(Source::Git { url: GitUrl::parse(&url)?, commit, revision, subdirectory });
    }
    let address = text("file").or_else(|| text("path"));
    let Some(address) = address else { return Ok(Source::Index { url: None }) };
    Ok(match locate("", &address)? {
        Location::Url(url) => Source::Url { url, subdirectory },
        Location::Path(path) if ArtifactKind::of_path(&path) != ArtifactKind::Other => {
            Source::File { path, subdirectory }
        }
        Location::Path(path) => {
            let editable = entry.get("editable").and_then(Value::as_bool).unwrap_or(false);
            let install = if editable { Install::Editable } else { Install::Built };
            Source::Directory { path: join(&path, &subdirectory.unwrap_or_default()), install }
        }
        Location::Index => Source::Index { url: None },
    })
}

/// The URL of a source in the lock; `None` for the first one, which is the default source.
fn index_of(name: &str, package: &str, indexes: &[Index]) -> Result<Option<String>, LockErrorKind> {
    let found = indexes.iter().find(|index| index.name.as_deref() == Some(name));
    match found {
        Some(index) => Ok((index.kind != IndexKind::Main).then(|| index.url.clone())),
        None => Err(LockErrorKind::UnknownIndex { package: package.to_owned(), index: name.to_owned() }),
    }
}

fn indexes(meta: &Map<String, Value>) -> Vec<Index> {
    let sources = meta.get("sources").and_then(Value::as_array).into_iter().flatten();
    let indexes = sources.enumerate().filter_map(|(position, source)| {
        let kind = if position == 0 { IndexKind::Main } else { IndexKind::Extra };
        let text = |key: &str| source.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Index::new(text("name"), text("url")?, kind))
    });
    indexes.collect()
}
