//! `uv.lock`: a graph with forks, extras, groups, conflicts and workspace members.
//!
//! This reads version 1 of the format; its revisions only add keys. The rules for following edges are those
//! of uv. So are the names of extras and groups in the markers of a lock with conflicts (reference: uv's lock
//! file and resolution documentation).

use std::collections::BTreeMap;
use std::sync::Arc;

use pep440_rs::VersionSpecifiers;

use super::artifact::{Artifact, Location};
use super::location::{is_url, join, uv_git};
use super::model::{
    Asked, AskedProject, Conflict, ConflictItem, Dependency, Install, Lock, Package, Pick, Root, Roots,
    Source, Trace,
};
use super::table::{Document, Table, Value};
use super::{Format, Input, LockError, LockErrorKind, Reader};
use crate::address::FileName;
use crate::pep508::{Marker, Name};

pub(super) const READER: Reader = Reader {
    format: Format::Uv,
    claims: |name| name == "uv.lock",
    parse,
    fresh: super::fresh::uv,
    manifest: "pyproject.toml",
    renew: "uv lock",
};

const READS: &str = "version 1, of any revision,";

fn parse(input: &Input<'_>) -> Result<Lock, LockError> {
    let document = Document::parse(input.path, input.text)?;
    let root = document.root();
    let version = root.get("version").ok_or_else(|| root.error(LockErrorKind::Missing { key: "version" }))?;
    if version.scalar()? != "1" {
        let found = version.scalar()?.to_owned();
        return Err(LockError::at(
            version.place(),
            LockErrorKind::Version { format: Format::Uv, found, reads: READS },
        ));
    }
    let manifest = root.table("manifest")?;
    let members: Vec<Name> = manifest.map_or_else(|| Ok(Vec::new()), |manifest| manifest.names("members"))?;
    let mut roots = Vec::new();
    let mut packages = Vec::new();
    // The older name, from before the first release of the format.
    let key = if root.has("distribution") { "distribution" } else { "package" };
    let tables = root.tables(key)?;
    // From revision 4 on, a lock may leave out the requirements of its projects.
    let revision = root.number("revision")?.unwrap_or(0);
    let is_new = revision >= 4;
    let mut asked = Asked { revision, members: members.iter().cloned().collect(), ..Asked::default() };
    let has_metadata = tables.iter().any(|table| table.has("metadata"));
    // Projects without requirements have no metadata either.
    let asked_for_something = |table: &Table<'_>| {
        let is_folder = ["virtual", "editable", "directory"];
        let source = table.get("source").map(|source| source.json());
        let is_project = source.is_some_and(|source| is_folder.iter().any(|kind| source.get(kind).is_some()));
        let keys = ["dependencies", "optional-dependencies", "dev-dependencies"];
        is_project && keys.iter().any(|key| table.has(key))
    };
    let is_left_out =
        (is_new || key == "distribution") && !has_metadata && tables.iter().any(asked_for_something);
    for table in tables {
        let package = Arc::new(package(&table)?);
        if is_member(&package, &members) {
            let member = member(&table, &package)?;
            roots.push(member);
        }
        asked.projects.extend(asked_project(&table, &package, &members, is_left_out));
        asked.registries.extend(registry(&table));
        packages.push(package);
    }
    let mut constraints = Vec::new();
    if let Some(manifest) = manifest {
        for table in manifest.tables("build-constraints")? {
            constraints.extend(constraint(&table)?);
        }
        roots.extend(nameless(&manifest, roots.iter().any(|root| root.is_main))?);
    }
    let mut lock = Lock::empty(Format::Uv, Roots::Graph(roots));
    lock.packages = packages;
    lock.build_constraints = constraints;
    for package in &lock.packages {
        asked.names.entry(package.name.clone()).or_default().extend(package.version.clone());
    }
    asked.requires_python = root.owned("requires-python")?;
    let keys = ["options", "manifest", "conflicts", "supported-markers", "required-markers"];
    let head = keys.iter().filter_map(|key| Some(((*key).to_owned(), root.get(key)?.json())));
    asked.head = serde_json::Value::Object(head.collect());
    lock.trace = Trace::Asked(Box::new(asked));
    lock.requires_python = root.text("requires-python")?.map(|text| text.specifiers()).transpose()?;
    lock.environments = root.markers("supported-markers")?;
    lock.conflicts = root.list("conflicts")?.iter().map(conflict).collect::<Result<_, _>>()?;
    Ok(lock)
}

/// A build constraint as a requirement; `None` if it does not constrain the version.
fn constraint(table: &Table<'_>) -> Result<Option<String>, LockError> {
    let name = table.need_text("name")?.name()?;
    let Some(specifier) = table.text("specifier")? else { return Ok(None) };
    let marker = table.text("marker")?.map(|marker| format!(" ; {}", marker.text)).unwrap_or_default();
    Ok(Some(format!("{name}{}{marker}", specifier.text)))
}

/// The inputs of a project in a folder. A project without requirements has no `metadata`.
fn asked_project(
    table: &Table<'_>,
    package: &Package,
    members: &[Name],
    is_left_out: bool,
) -> Option<AskedProject> {
    let Source::Directory { path, .. } = &package.source else { return None };
    let metadata = match table.get("metadata") {
        Some(metadata) => Some(metadata.json()),
        None if is_left_out => None,
        None => Some(serde_json::Value::Null),
    };
    let is_member = is_member(package, members);
    let source = table.get("source")?.json();
    let kind = ["virtual", "editable", "directory"].into_iter().find(|kind| source.get(kind).is_some())?;
    let (name, kind) = (package.name.clone(), kind.to_owned());
    let default_groups = table.get("default-groups").map(|groups| groups.json());
    let group_pythons = table.get("group-requires-python").map(|pythons| pythons.json());
    let folder = path.clone();
    Some(AskedProject { name, folder, kind, is_member, default_groups, group_pythons, metadata })
}

/// The URL of a package's index.
fn registry(table: &Table<'_>) -> Option<String> {
    table.get("source")?.json().get("registry")?.as_str().map(str::to_owned)
}

/// Without a list of members there is one project: the package whose sources are the lock's own folder.
fn is_member(package: &Package, members: &[Name]) -> bool {
    match &package.source {
        Source::Directory { path, .. } if members.is_empty() => path == ".",
        Source::Directory { .. } => members.contains(&package.name),
        _ => false,
    }
}

fn member(table: &Table<'_>, package: &Arc<Package>) -> Result<Root, LockError> {
    let groups = if table.has("dev-dependencies") { "dev-dependencies" } else { "dependency-groups" };
    let mut groups = table.lists(groups, dependency)?;
    // A group without requirements is not in the lists, but in `metadata`.
    if let Some(metadata) = table.table("metadata")? {
        for (name, _) in metadata.table("requires-dev")?.iter().flat_map(Table::entries) {
            groups.entry(name.name()?).or_default();
        }
    }
    let mut extras = package.extras.clone();
    if let Some(metadata) = table.table("metadata")? {
        for name in metadata.names::<Vec<Name>>("provides-extras")? {
            extras.entry(name).or_default();
        }
    }
    Ok(Root {
        name: Some(package.name.clone()),
        package: Some(Arc::clone(package)),
        is_main: matches!(&package.source, Source::Directory { path, .. } if path == "."),
        dependencies: package.dependencies.clone(),
        extras,
        groups,
        group_pythons: group_pythons(table)?,
    })
}

/// The Python bounds that groups have of their own.
fn group_pythons(table: &Table<'_>) -> Result<BTreeMap<Name, VersionSpecifiers>, LockError> {
    let Some(table) = table.table("group-requires-python")? else { return Ok(BTreeMap::new()) };
    table.entries().map(|(name, value)| Ok((name.name()?, value.text()?.specifiers()?))).collect()
}

/// The requirements of a script, or of a workspace without a project of its own.
fn nameless(manifest: &Table<'_>, has_main: bool) -> Result<Option<Root>, LockError> {
    if has_main || !(manifest.has("requirements") || manifest.has("dependency-groups")) {
        return Ok(None);
    }
    let dependencies: Result<Vec<_>, _> = manifest.list("requirements")?.iter().map(required).collect();
    Ok(Some(Root {
        name: None,
        package: None,
        is_main: false,
        dependencies: dependencies?,
        extras: BTreeMap::new(),
        groups: manifest.lists("dependency-groups", required)?,
        group_pythons: BTreeMap::new(),
    }))
}

fn package(table: &Table<'_>) -> Result<Package, LockError> {
    let named = table.need_text("name")?;
    let name = named.name()?;
    let source =
        table.table("source")?.ok_or_else(|| table.error(LockErrorKind::Missing { key: "source" }))?;
    let source = read_source(&source, name.as_str())?;
    let mut package = Package::new(name, source, named.place());
    package.version = table.text("version")?.map(|text| text.version()).transpose()?;
    // If several packages have the same name, each has the markers of its forks of the resolution.
    let forks = table.markers("resolution-markers")?;
    package.marker = (!forks.is_empty()).then_some(Marker::Or(forks));
    package.dependencies = table.list("dependencies")?.iter().map(dependency).collect::<Result<_, _>>()?;
    package.extras = table.lists("optional-dependencies", dependency)?;
    if let Some(sdist) = table.table("sdist")? {
        package.artifacts.push(artifact(&sdist, &package.source)?);
    }
    for wheel in table.tables("wheels")? {
        package.artifacts.push(artifact(&wheel, &package.source)?);
    }
    Ok(package)
}

fn read_source(table: &Table<'_>, package: &str) -> Result<Source, LockError> {
    let unknown = || table.error(LockErrorKind::Source { package: package.to_owned() });
    let subdirectory = table.owned("subdirectory")?;
    let directory = |path: &str, install| Source::Directory { path: join("", path), install };
    for (key, value) in table.entries() {
        return Ok(match key.text {
            "registry" => {
                let text = value.text()?.text;
                let url = if is_url(text) { text.to_owned() } else { join("", text) };
                Source::Index { url: Some(url) }
            }
            "git" => {
                let text = value.text()?;
                uv_git(text.text).map_err(|error| text.error(error))?
            }
            "url" => Source::Url { url: value.text()?.http()?, subdirectory },
            "path" => Source::File { path: join("", value.text()?.text), subdirectory },
            "directory" => directory(value.text()?.text, Install::Built),
            "editable" => directory(value.text()?.text, Install::Editable),
            "virtual" => directory(value.text()?.text, Install::Not),
            _ => continue,
        });
    }
    Err(unknown())
}

fn artifact(table: &Table<'_>, source: &Source) -> Result<Artifact, LockError> {
    let (url, path) = (table.text("url")?, table.text("path")?);
    let location = match (url, path, source) {
        (Some(url), _, _) => url.location()?,
        // Files of a flat index are in the folder of the index.
        (None, Some(path), Source::Index { url: Some(folder) }) if !is_url(folder) => {
            Location::Path(join(folder, path.text))
        }
        (None, Some(path), _) => Location::Path(join("", path.text)),
        (None, None, Source::File { path, .. }) => Location::Path(path.clone()),
        (None, None, Source::Url { url, .. }) => Location::Url(url.clone()),
        (None, None, _) => Location::Index,
    };
    let name = match (table.text("filename")?, url.or(path), &location) {
        (Some(name), _, _) => name.file()?,
        (None, Some(text), _) => text.last()?,
        (None, None, Location::Url(url)) => {
            FileName::of_address(url.as_str()).map_err(|error| table.error(error))?
        }
        (None, None, Location::Path(path)) => {
            FileName::of_address(path).map_err(|error| table.error(error))?
        }
        (None, None, Location::Index) => return Err(table.error(LockErrorKind::Missing { key: "url" })),
    };
    let mut artifact = Artifact::new(name, location);
    if let Some(hash) = table.text("hash")? {
        artifact.hashes.insert(hash.hash()?);
    }
    artifact.size = table.number("size")?;
    // The older name, from before revision 2.
    artifact.uploaded = table.moment(if table.has("upload-time") { "upload-time" } else { "upload_time" })?;
    Ok(artifact)
}

fn dependency(value: &Value<'_>) -> Result<Dependency, LockError> {
    let table = value.table()?;
    let name = table.need_text("name")?.name()?;
    let source = table.table("source")?.map(|source| read_source(&source, name.as_str())).transpose()?;
    let version = table.text("version")?.map(|text| text.version()).transpose()?;
    // Dependencies have the key `extra`, and requirements of a manifest have the key `extras`.
    let extras = if table.has("extra") { table.names("extra")? } else { table.names("extras")? };
    let pick = match (version, source) {
        (None, None) => Pick::Only,
        (version, source) => Pick::Exact { version, source },
    };
    Ok(Dependency {
        name,
        extras,
        marker: table.text("marker")?.map(|text| text.marker()).transpose()?,
        pick,
    })
}

/// A requirement of the workspace itself. A dependency of a package names the exact package, but a
/// requirement does not.
fn required(value: &Value<'_>) -> Result<Dependency, LockError> {
    Ok(Dependency { pick: Pick::Forked, ..dependency(value)? })
}

fn conflict(value: &Value<'_>) -> Result<Conflict, LockError> {
    let items = value.list()?.into_iter().map(|item| {
        let table = item.table()?;
        Ok(ConflictItem {
            package: table.need_text("package")?.name()?,
            extra: table.text("extra")?.map(|text| text.name()).transpose()?,
            group: table.text("group")?.map(|text| text.name()).transpose()?,
        })
    });
    Ok(Conflict { items: items.collect::<Result<_, LockError>>()?, at: value.place() })
}
