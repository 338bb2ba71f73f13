//! The requirements of a `pyproject.toml` (PEP 621, PEP 735), as the root of a graph.
//!
//! It is read for locks that do not contain these requirements.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Dependency, Pick, Root};
use super::table::{Document, Table, Text, Value};
use super::{Format, Input, LockError, LockErrorKind};
use crate::pep508::{Name, Requirement, Wanted};

const FILE: &str = "pyproject.toml";

/// A parsed `pyproject.toml`.
pub(super) struct Manifest<'t>(Document<'t>);

impl<'t> Manifest<'t> {
    /// Parses the `pyproject.toml` beside a lock.
    pub(super) fn beside(input: &Input<'t>, format: Format) -> Result<Self, LockError> {
        let kind = LockErrorKind::NeedsManifest { format, manifest: FILE };
        let text = input.pyproject.ok_or_else(|| LockError::whole(input.path, kind))?;
        Ok(Self(Document::parse(FILE, text)?))
    }

    pub(super) fn project(&self) -> Result<Option<Table<'_>>, LockError> {
        self.0.root().table("project")
    }

    /// The table `[tool.<name>]`.
    pub(super) fn tool<'s>(&'s self, name: &'s str) -> Result<Option<Table<'s>>, LockError>
    where
        't: 's,
    {
        match self.0.root().table("tool")? {
            Some(tool) => tool.table(name),
            None => Ok(None),
        }
    }

    pub(super) fn groups(&self) -> Result<Option<Table<'_>>, LockError> {
        self.0.root().table("dependency-groups")
    }
}

/// The project's dependencies, extras and groups.
pub(super) fn root(manifest: &Manifest<'_>) -> Result<Root, LockError> {
    let mut root = Root {
        name: None,
        package: None,
        is_main: true,
        dependencies: Vec::new(),
        extras: BTreeMap::new(),
        groups: BTreeMap::new(),
        group_pythons: BTreeMap::new(),
    };
    if let Some(project) = manifest.project()? {
        root.name = project.text("name")?.map(|text| text.name()).transpose()?;
        root.dependencies = project.texts("dependencies")?.iter().map(edge).collect::<Result<_, _>>()?;
        root.extras = project.lists("optional-dependencies", |value| edge(&value.text()?))?;
    }
    if let Some(groups) = manifest.groups()? {
        for (name, _) in groups.entries() {
            let name = name.name()?;
            let list = group(&groups, &name, &mut BTreeSet::new())?;
            root.groups.insert(name, list);
        }
    }
    Ok(root)
}

/// The requirements of a group, including those of the groups that it includes.
fn group(
    groups: &Table<'_>,
    name: &Name,
    entered: &mut BTreeSet<Name>,
) -> Result<Vec<Dependency>, LockError> {
    let mut list = Vec::new();
    // If a group includes itself, the include adds nothing.
    if !entered.insert(name.clone()) {
        return Ok(list);
    }
    for (key, value) in groups.entries() {
        if key.name()? != *name {
            continue;
        }
        for item in value.list()? {
            if item.is_text() {
                list.push(edge(&item.text()?)?);
            } else {
                let included = item.table()?.need_text("include-group")?.name()?;
                list.extend(group(groups, &included, entered)?);
            }
        }
    }
    Ok(list)
}

/// A requirement as an edge. An editable requirement in pdm's form is named by its fragment.
pub(super) fn edge(text: &Text<'_>) -> Result<Dependency, LockError> {
    let editable = text.text.strip_prefix("-e ").and_then(|rest| rest.split_once("#egg="));
    if let Some((_, name)) = editable {
        let name = name.split(['&', '[']).next().unwrap_or(name);
        return Ok(Dependency::on(Name::new(name).map_err(|error| text.error(error))?));
    }
    Ok(of_requirement(text.requirement()?))
}

/// A list item, which is a requirement.
pub(super) fn edges(value: &Value<'_>) -> Result<Dependency, LockError> {
    edge(&value.text()?)
}

pub(super) fn of_requirement(requirement: Requirement) -> Dependency {
    let pick = match requirement.wanted {
        Wanted::Versions(specifiers) => Pick::AnyOf(vec![specifiers]),
        Wanted::Url(_) => Pick::Only,
    };
    Dependency { name: requirement.name, extras: requirement.extras, marker: requirement.marker, pick }
}
