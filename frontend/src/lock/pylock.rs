//! `pylock.toml` and `pylock.<name>.toml`: the standard lock file (PEP 751).
//!
//! The file is a listing: markers with `extras` and `dependency_groups` are the conditions of packages. The
//! default groups in the file are always active.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::artifact::{Artifact, ArtifactKind, Location};
use super::location::join;
use super::model::{Install, Listing, Lock, Package, Roots, Source, Trace};
use super::table::{Document, Table};
use super::{Format, Hash, Input, LockError, LockErrorKind, Reader};
use crate::pep508::Name;

pub(super) const READER: Reader = Reader {
    format: Format::Pylock,
    claims,
    parse,
    fresh: super::fresh::unknown,
    manifest: "",
    renew: "the tool that wrote it (`uv export`, `pdm lock` or `pip lock`)",
};

const READS: &str = "version 1.x";

/// `pylock.toml`, or a name with one part without dots in the middle.
fn claims(file: &str) -> bool {
    let named = file.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix(".toml"));
    file == "pylock.toml" || named.is_some_and(|name| !name.is_empty() && !name.contains('.'))
}

fn parse(input: &Input<'_>) -> Result<Lock, LockError> {
    let document = Document::parse(input.path, input.text)?;
    let root = document.root();
    let version = root.need_text("lock-version")?;
    if version.text.split('.').next() != Some("1") {
        let found = version.text.to_owned();
        return Err(version.error(LockErrorKind::Version { format: Format::Pylock, found, reads: READS }));
    }
    let mut listing = Listing {
        extras: root.names("extras")?,
        groups: root.names("dependency-groups")?,
        base: root.names::<BTreeSet<Name>>("default-groups")?,
        ..Listing::default()
    };
    listing.groups.extend(listing.base.iter().cloned());
    let mut lock = Lock::empty(Format::Pylock, Roots::Listed(listing));
    lock.requires_python = root.text("requires-python")?.map(|text| text.specifiers()).transpose()?;
    lock.environments = root.markers("environments")?;
    // pdm writes the hash of the manifest.
    let tool = root.table("tool")?.map(|tool| tool.table("pdm")).transpose()?.flatten();
    let hashes = tool.map(|pdm| pdm.table("hashes")).transpose()?.flatten();
    if let Some(hash) = hashes.map(|hashes| hashes.owned("sha256")).transpose()?.flatten() {
        lock.trace = Trace::Hash(format!("sha256:{hash}").into());
    }
    for table in root.tables("packages")? {
        lock.packages.push(Arc::new(package(&table)?));
    }
    Ok(lock)
}

fn package(table: &Table<'_>) -> Result<Package, LockError> {
    let named = table.need_text("name")?;
    let name = named.name()?;
    let mut artifacts = Vec::new();
    let source = if let Some(vcs) = table.table("vcs")? {
        repository(&vcs, &name)?
    } else if let Some(directory) = table.table("directory")? {
        let install = if directory.flag("editable")? { Install::Editable } else { Install::Built };
        let path =
            join(directory.need_text("path")?.text, &directory.owned("subdirectory")?.unwrap_or_default());
        Source::Directory { path, install }
    } else if let Some(table) = table.table("archive")? {
        let artifact = archive(&table)?;
        let subdirectory = table.owned("subdirectory")?;
        let source = match &artifact.location {
            Location::Path(path) => Source::File { path: path.clone(), subdirectory },
            Location::Url(url) => Source::Url { url: url.clone(), subdirectory },
            Location::Index => return Err(table.error(LockErrorKind::Missing { key: "url" })),
        };
        artifacts.push(artifact);
        source
    } else {
        if let Some(sdist) = table.table("sdist")? {
            artifacts.push(archive(&sdist)?);
        }
        for wheel in table.tables("wheels")? {
            artifacts.push(artifact(&wheel)?);
        }
        if artifacts.is_empty() {
            return Err(table.error(LockErrorKind::Source { package: name.to_string() }));
        }
        Source::Index { url: table.owned("index")? }
    };
    let mut package = Package::new(name, source, named.place());
    package.artifacts = artifacts;
    package.version = table.text("version")?.map(|text| text.version()).transpose()?;
    package.requires_python = table.text("requires-python")?.map(|text| text.specifiers()).transpose()?;
    package.marker = table.text("marker")?.map(|text| text.marker()).transpose()?;
    Ok(package)
}

fn repository(vcs: &Table<'_>, package: &Name) -> Result<Source, LockError> {
    let kind = vcs.need_text("type")?;
    if kind.text != "git" {
        return Err(kind.error(LockErrorKind::Source { package: package.to_string() }));
    }
    // `path` takes precedence over `url`. An engine cannot fetch a repository in a folder.
    let url = match (vcs.text("path")?, vcs.text("url")?) {
        (Some(path), _) => path.git()?,
        (None, Some(url)) => url.git()?,
        (None, None) => return Err(vcs.error(LockErrorKind::Missing { key: "url" })),
    };
    let commit = vcs.need_text("commit-id")?.commit()?;
    let (revision, subdirectory) = (vcs.owned("requested-revision")?, vcs.owned("subdirectory")?);
    Ok(Source::Git { url, commit, revision, subdirectory })
}

/// A wheel, or else a source distribution with any suffix.
fn archive(table: &Table<'_>) -> Result<Artifact, LockError> {
    let mut archive = artifact(table)?;
    if archive.kind == ArtifactKind::Other {
        archive.kind = ArtifactKind::Sdist;
    }
    Ok(archive)
}

fn artifact(table: &Table<'_>) -> Result<Artifact, LockError> {
    // `path` takes precedence over `url`, for the place and for the name.
    let (location, text) = match (table.text("path")?, table.text("url")?) {
        (Some(path), _) => (Location::Path(join("", path.text)), path),
        (None, Some(url)) => (url.location()?, url),
        (None, None) => return Err(table.error(LockErrorKind::Missing { key: "url" })),
    };
    let name = match table.text("name")? {
        Some(name) => name.file()?,
        None => text.last()?,
    };
    let mut artifact = Artifact::new(name, location);
    artifact.size = table.number("size")?;
    artifact.uploaded = table.moment("upload-time")?;
    for (algorithm, digest) in table.table("hashes")?.iter().flat_map(Table::entries) {
        let digest = digest.text()?;
        let hash = Hash::new(algorithm.text, digest.text);
        let hash = hash.ok_or_else(|| digest.error(LockErrorKind::Hash { text: digest.text.to_owned() }))?;
        artifact.hashes.insert(hash);
    }
    Ok(artifact)
}
