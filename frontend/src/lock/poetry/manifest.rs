//! The requirements of a project in the tables that Poetry reads: `[project]`, `[dependency-groups]` and
//! `[tool.poetry]`. Locks before version 2.1 do not contain them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::LockError;
use super::super::manifest::{self, Manifest};
use super::super::model::{Dependency, Pick, Root};
use super::super::table::{Table, Value};
use super::constraint;
use crate::pep508::{Marker, Name};

/// The root of a graph, with the dependencies of extras and groups.
pub(super) fn root(manifest: &Manifest<'_>) -> Result<Root, LockError> {
    let mut root = manifest::root(manifest)?;
    let Some(poetry) = manifest.tool("poetry")? else { return Ok(root) };
    let main = poetry.table("dependencies")?;
    // If both tables exist, `[tool.poetry.dependencies]` only adds details to `[project.dependencies]`.
    let enriches = manifest.project()?.is_some_and(|project| project.has("dependencies"));
    let mut optional: BTreeMap<Name, Vec<Dependency>> = BTreeMap::new();
    for (name, value) in main.iter().flat_map(Table::entries).filter(|(name, _)| name.text != "python") {
        let name = name.name()?;
        for edge in edges(&name, &value)? {
            match edge.optional {
                true => optional.entry(name.clone()).or_default().push(edge.dependency),
                false if enriches => {}
                false => root.dependencies.push(edge.dependency),
            }
        }
    }
    for (extra, value) in poetry.table("extras")?.iter().flat_map(Table::entries) {
        let mut list = Vec::new();
        for item in value.list()? {
            list.extend(optional.get(&item.text()?.name()?).cloned().unwrap_or_default());
        }
        root.extras.insert(extra.name()?, list);
    }
    for (name, group) in poetry.table("group")?.iter().flat_map(Table::entries) {
        let list = group_edges(group.table()?.table("dependencies")?)?;
        root.groups.entry(name.name()?).or_default().extend(list);
    }
    if let Some(dev) = poetry.table("dev-dependencies")? {
        root.groups.entry(Name::fixed("dev")).or_default().extend(group_edges(Some(dev))?);
    }
    Ok(root)
}

fn group_edges(table: Option<Table<'_>>) -> Result<Vec<Dependency>, LockError> {
    let mut all = Vec::new();
    for (name, value) in table.iter().flat_map(Table::entries) {
        all.extend(edges(&name.name()?, &value)?.into_iter().map(|edge| edge.dependency));
    }
    Ok(all)
}

/// A dependency in Poetry's own syntax.
pub(super) struct Edge {
    pub(super) dependency: Dependency,
    /// Whether only an extra requires it.
    pub(super) optional: bool,
}

/// Reads a constraint, a table, or a list of both.
pub(super) fn edges(name: &Name, value: &Value<'_>) -> Result<Vec<Edge>, LockError> {
    if value.is_list() {
        let lists: Result<Vec<_>, _> = value.list()?.iter().map(|item| edges(name, item)).collect();
        return Ok(lists?.into_iter().flatten().collect());
    }
    let mut dependency = Dependency::on(name.clone());
    if value.is_text() {
        dependency.pick = pick(value.text()?.text);
        return Ok(vec![Edge { dependency, optional: false }]);
    }
    let table = value.table()?;
    if let Some(version) = table.text("version")? {
        dependency.pick = pick(version.text);
    }
    dependency.extras = table.names::<BTreeSet<Name>>("extras")?;
    let mut markers = Vec::new();
    markers.extend(
        table
            .text("markers")?
            .filter(|text| !text.text.is_empty())
            .map(|text| super::marker(&text))
            .transpose()?,
    );
    markers.extend(table.text("python")?.and_then(|python| constraint::python_marker(python.text)));
    if let Some(platform) = table.text("platform")? {
        markers.extend(Marker::parse(&format!("sys_platform == '{}'", platform.text)).ok());
    }
    dependency.marker = markers.into_iter().reduce(Marker::and);
    Ok(vec![Edge { dependency, optional: table.flag("optional")? }])
}

/// If a constraint cannot be read, the lock decides.
fn pick(text: &str) -> Pick {
    constraint::parse(text).map_or(Pick::Only, Pick::AnyOf)
}
