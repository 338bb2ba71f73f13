//! Dependencies in Poetry's own tables, converted to PEP 508 requirements.
//!
//! They are read if nothing is locked and there is no `[project]` table. A dependency without a PEP 508 form
//! (a path, alternatives with `||`) is reported by its name and not silently left out.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::pyproject::{GroupEntry, normalized};
use crate::diagnostics::Span;
use crate::lock::poetry_specifiers;
use crate::spec::Located;

/// The data of `[tool.poetry]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Poetry {
    /// The requirements without the optional ones.
    pub(super) dependencies: Vec<Located<String>>,
    /// `tool.poetry.group.*` and the older `dev-dependencies`.
    pub(super) groups: BTreeMap<String, Vec<GroupEntry>>,
    /// `tool.poetry.extras`.
    pub(super) extras: BTreeMap<String, Vec<Located<String>>>,
    /// `python`, as a PEP 440 specifier.
    pub(super) requires_python: Option<Located<String>>,
    /// Dependencies without a PEP 508 form.
    pub(super) unreadable: Vec<Located<String>>,
    /// The project's name; `None` if the project only has dependencies (`package-mode = false`).
    pub(super) name: Option<String>,
    /// The project's version.
    pub(super) version: Option<String>,
    /// The project's description.
    pub(super) description: Option<String>,
    /// Whether the table defines contents to install: packages or programs. Many applications that run from
    /// their folder have only a name and a version.
    pub(super) has_contents: bool,
}

impl Poetry {
    /// Reads the table.
    pub(super) fn read(table: &DeTable<'_>) -> Self {
        let flag = table.get("package-mode").and_then(|flag| flag.get_ref().as_bool());
        let text = |key: &str| table.get(key)?.get_ref().as_str().map(str::to_owned);
        let mut read = Self {
            name: text("name").filter(|_| flag != Some(false)),
            version: text("version"),
            description: text("description"),
            has_contents: ["packages", "scripts"].iter().any(|key| table.contains_key(*key)),
            ..Self::default()
        };
        let mut optional = BTreeMap::new();
        for (name, value) in entries(table.get("dependencies").map(toml::Spanned::get_ref)) {
            if name == "python" {
                let text = value.get_ref().as_str().and_then(specifiers);
                read.requires_python = text.map(|text| Located::new(text, value.span().into()));
                continue;
            }
            let is_optional =
                |item: &DeTable<'_>| item.get("optional").and_then(|flag| flag.get_ref().as_bool());
            let leave_out = value.get_ref().as_table().and_then(is_optional).unwrap_or(false);
            for requirement in read.requirements(&name, value.get_ref(), value.span().into()) {
                if leave_out {
                    optional.insert(normalized(&name), requirement);
                } else {
                    read.dependencies.push(requirement);
                }
            }
        }
        read.read_groups(table);
        for (extra, names) in entries(table.get("extras").map(toml::Spanned::get_ref)) {
            let names = names.get_ref().as_array().map(|names| names.iter()).into_iter().flatten();
            let names = names.filter_map(|name| optional.get(&normalized(name.get_ref().as_str()?)));
            read.extras.insert(normalized(&extra), names.cloned().collect());
        }
        read
    }

    fn read_groups(&mut self, table: &DeTable<'_>) {
        let mut groups: Vec<(String, &DeValue<'_>)> = Vec::new();
        if let Some(old) = table.get("dev-dependencies") {
            groups.push(("dev".to_owned(), old.get_ref()));
        }
        for (name, group) in entries(table.get("group").map(toml::Spanned::get_ref)) {
            let dependencies = group.get_ref().as_table().and_then(|group| group.get("dependencies"));
            groups.extend(dependencies.map(|dependencies| (normalized(&name), dependencies.get_ref())));
        }
        for (group, dependencies) in groups {
            let mut lines = Vec::new();
            for (name, value) in entries(Some(dependencies)) {
                lines.extend(self.requirements(&name, value.get_ref(), value.span().into()));
            }
            self.groups.entry(group).or_default().extend(lines.into_iter().map(GroupEntry::Requirement));
        }
    }

    /// The requirements of one entry: one requirement, or several with different markers.
    fn requirements(&mut self, name: &str, value: &DeValue<'_>, span: Span) -> Vec<Located<String>> {
        let items: Vec<&DeValue<'_>> = match value {
            DeValue::Array(items) => items.iter().map(toml::Spanned::get_ref).collect(),
            other => vec![other],
        };
        let mut lines = Vec::new();
        for item in items {
            match requirement(name, item) {
                Some(line) => lines.push(Located::new(line, span)),
                None => self.unreadable.push(Located::new(name.to_owned(), span)),
            }
        }
        lines
    }
}

fn entries<'t>(value: Option<&'t DeValue<'t>>) -> Vec<(String, &'t toml::Spanned<DeValue<'t>>)> {
    let table = value.and_then(DeValue::as_table).map(|table| table.iter()).into_iter().flatten();
    table.map(|(key, value)| (key.get_ref().to_string(), value)).collect()
}

fn requirement(name: &str, item: &DeValue<'_>) -> Option<String> {
    if let Some(version) = item.as_str() {
        return Some(format!("{name}{}", specifiers(version)?));
    }
    let table = item.as_table()?;
    let text = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str());
    let extras = table.get("extras").and_then(|value| value.get_ref().as_array());
    let extras: Vec<&str> = extras
        .map(|list| list.iter())
        .into_iter()
        .flatten()
        .filter_map(|extra| extra.get_ref().as_str())
        .collect();
    let mut line = name.to_owned();
    if !extras.is_empty() {
        line = format!("{line}[{}]", extras.join(","));
    }
    if let Some(git) = text("git") {
        let revision = ["rev", "tag", "branch"].iter().find_map(|key| text(key));
        let revision = revision.map(|revision| format!("@{revision}")).unwrap_or_default();
        let folder = text("subdirectory").map(|folder| format!("#subdirectory={folder}")).unwrap_or_default();
        line = format!("{line} @ git+{git}{revision}{folder}");
    } else if let Some(url) = text("url") {
        line = format!("{line} @ {url}");
    } else {
        line.push_str(&specifiers(text("version")?)?);
    }
    let python = text("python").and_then(specifiers).filter(|python| !python.is_empty());
    let python = python.map(|python| {
        let parts = python.split(',').map(|part| {
            let digits = part.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
            let (operator, version) = part.split_at(digits);
            format!("python_version {} '{version}'", operator.trim())
        });
        parts.collect::<Vec<_>>().join(" and ")
    });
    let markers: Vec<String> =
        text("markers").map(|marker| format!("({marker})")).into_iter().chain(python).collect();
    if !markers.is_empty() {
        line = format!("{line} ; {}", markers.join(" and "));
    }
    Some(line)
}

/// A constraint as a PEP 440 specifier; empty if every version matches. `None` if one specifier cannot
/// express it.
fn specifiers(text: &str) -> Option<String> {
    match poetry_specifiers(text)?.as_slice() {
        [only] => Some(only.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_markers_and_sources_become_requirements() {
        let text = r#"
            [dependencies]
            python = "^3.11"
            flask = "^3.0"
            numpy = { version = "~2.1", markers = "sys_platform == 'linux'", python = ">=3.10" }
            tool = { git = "https://git.example/tool.git", tag = "v1" }
            pg = { version = "*", extras = ["binary"], optional = true }
            both = "^1 || ^2"
            here = { path = "../here" }
            [extras]
            db = ["pg"]
            [group.dev.dependencies]
            pytest = "8.3.3"
        "#;
        let read = Poetry::read(DeTable::parse(text).unwrap().get_ref());
        let mut dependencies: Vec<_> = read.dependencies.into_iter().map(|one| one.value).collect();
        dependencies.sort();
        assert_eq!(
            dependencies,
            [
                "flask>=3.0,<4",
                "numpy>=2.1,<2.2 ; (sys_platform == 'linux') and python_version >= '3.10'",
                "tool @ git+https://git.example/tool.git@v1",
            ]
        );
        assert_eq!(read.requires_python.unwrap().value, ">=3.11,<4");
        assert_eq!(read.extras["db"][0].value, "pg[binary]");
        assert!(
            matches!(&read.groups["dev"][..], [GroupEntry::Requirement(one)] if one.value == "pytest==8.3.3")
        );
        let unreadable: Vec<_> = read.unreadable.into_iter().map(|name| name.value).collect();
        assert_eq!(unreadable, ["both", "here"]);
    }
}
