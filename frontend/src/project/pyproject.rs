//! The data of `pyproject.toml`: PEP 621 metadata, PEP 735 groups, and whether there is a build backend.
//!
//! The file also belongs to other tools. So tables that we do not need are not read, and a table with an
//! unexpected structure counts as missing: the tool that uses the table reports its errors.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::poetry::Poetry;
use super::rules::{self, Rule};
use super::version::{self, VersionFromGit};
use crate::address::{is_invisible, visible};
use crate::diagnostics::{Diagnostics, Problem, Source, Span};
use crate::lock::Format;
use crate::pep508::Name;
use crate::spec::Located;

/// An entry of a dependency group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum GroupEntry {
    /// A PEP 508 requirement.
    Requirement(Located<String>),
    /// All entries of another group.
    Include(Located<String>),
}

/// Settings of tools that decide whether the project itself is installed. `None` for a missing setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PackageSettings {
    /// `[tool.uv] package`.
    pub uv: Option<bool>,
    /// `[tool.poetry] package-mode`.
    pub poetry: Option<bool>,
    /// `[tool.pdm] distribution`, or the older `package-type`.
    pub pdm: Option<bool>,
}

impl PackageSettings {
    /// Whether a setting says that the project itself is never installed. With a lock of a known tool, only
    /// the setting of this tool counts; otherwise the setting of any tool.
    pub(super) fn is_virtual(self, lock: Option<Format>) -> bool {
        match lock {
            Some(Format::Uv) => self.uv == Some(false),
            Some(Format::Poetry) => self.poetry == Some(false),
            Some(Format::Pdm) => self.pdm == Some(false),
            _ => [self.uv, self.poetry, self.pdm].contains(&Some(false)),
        }
    }
}

/// The parts of `pyproject.toml` that matter for an image.
#[derive(Clone, Debug)]
pub(super) struct Pyproject {
    /// The file.
    pub source: Arc<Source>,
    /// `project.name`, or the name in Poetry's table.
    pub name: Option<String>,
    /// `project.version`.
    pub version: Option<String>,
    /// `project.description`.
    pub description: Option<String>,
    /// `project.license`, if it is an SPDX expression.
    pub license: Option<String>,
    /// `project.urls`, keys in lower case.
    pub urls: BTreeMap<String, String>,
    /// `project.requires-python`.
    pub requires_python: Option<Located<String>>,
    /// Whether the dependencies come from `[tool.poetry]`.
    pub of_poetry: bool,
    /// `project.dependencies`; `None` without a `[project]` table.
    pub dependencies: Option<Vec<Located<String>>>,
    /// The place in `project.dynamic` that names the dependencies.
    pub dynamic_dependencies: Option<Span>,
    /// `project.optional-dependencies`.
    pub extras: BTreeMap<String, Vec<Located<String>>>,
    /// `dependency-groups`.
    pub groups: BTreeMap<String, Vec<GroupEntry>>,
    /// Whether the file has a table `[build-system]`.
    pub has_backend: bool,
    /// The tool that takes the version from git.
    pub version_from_git: Option<VersionFromGit>,
    /// Whether the project defines the contents of its package. Standard metadata counts as such a
    /// definition.
    pub has_contents: bool,
    /// Settings of tools that decide whether the project itself is installed.
    pub packages: PackageSettings,
    /// Settings that decide what is installed, and that only a lock follows.
    pub rules: Vec<Rule>,
    /// Dependencies in Poetry's tables that have no PEP 508 form.
    pub unreadable: Vec<Located<String>>,
}

/// Whether a manifest contains all metadata that a resolver needs, so that the resolver need not build the
/// project.
pub(super) fn is_static(text: &str) -> bool {
    let Ok(document) = DeTable::parse(text) else { return false };
    let Some(project) = table(document.get_ref(), "project") else { return false };
    let dynamic = project.get("dynamic").and_then(|list| list.get_ref().as_array());
    let is_open = dynamic.into_iter().flatten().any(|item| {
        let asked = ["version", "dependencies", "optional-dependencies", "requires-python"];
        item.get_ref().as_str().is_none_or(|name| asked.contains(&name))
    });
    project.contains_key("name") && project.contains_key("version") && !is_open
}

impl Pyproject {
    /// Reads the file. A syntax error is reported, and the result is `None`.
    pub(super) fn parse(source: &Arc<Source>, found: &mut Diagnostics) -> Option<Self> {
        let document = match DeTable::parse(&source.text) {
            Ok(document) => document,
            Err(error) => {
                let span = error.span().map_or_else(|| source.line_span(1), Span::from);
                found.report(
                    source,
                    span,
                    Problem::Syntax { message: error.message().to_owned(), is_dockerfile: false },
                );
                return None;
            }
        };
        let root = document.get_ref();
        let project = table(root, "project");
        let tool = table(root, "tool");
        let in_project = |key: &str| project.and_then(|project| string(project, key)).map(|text| text.value);
        let dynamic = project.and_then(|project| project.get("dynamic"));
        let dynamic = dynamic.and_then(|list| list.get_ref().as_array()).and_then(|list| {
            list.iter()
                .find(|item| item.get_ref().as_str() == Some("dependencies"))
                .map(|item| item.span().into())
        });
        let strings_of = |table: Option<&DeTable<'_>>| -> BTreeMap<String, Vec<Located<String>>> {
            let entries = table.into_iter().flat_map(|table| table.iter());
            entries.map(|(key, value)| (normalized(key.get_ref()), strings(value.get_ref()))).collect()
        };
        let urls =
            project.and_then(|project| table(project, "urls")).into_iter().flat_map(|urls| urls.iter());
        let poetry = tool.and_then(|tool| table(tool, "poetry"));
        let poetry = poetry.filter(|_| project.is_none()).map(Poetry::read);
        let standard = Self {
            source: Arc::clone(source),
            name: in_project("name"),
            version: in_project("version"),
            description: in_project("description"),
            license: in_project("license"),
            urls: urls
                .filter_map(|(key, value)| {
                    Some((key.get_ref().to_lowercase(), value.get_ref().as_str()?.to_owned()))
                })
                .collect(),
            requires_python: project.and_then(|project| string(project, "requires-python")),
            of_poetry: poetry.is_some(),
            dependencies: project.map(|project| {
                project.get("dependencies").map_or_else(Vec::new, |list| strings(list.get_ref()))
            }),
            dynamic_dependencies: dynamic,
            extras: strings_of(project.and_then(|project| table(project, "optional-dependencies"))),
            groups: all_groups(root, tool),
            has_backend: root.get("build-system").is_some() || says(tool, "uv", "package") == Some(true),
            version_from_git: version::asked_for(root, source, in_project("version").is_some()),
            has_contents: project.is_some(),
            packages: PackageSettings {
                uv: says(tool, "uv", "package"),
                poetry: says(tool, "poetry", "package-mode"),
                pdm: says(tool, "pdm", "distribution").or_else(|| package_type(tool)),
            },
            rules: rules::of_pyproject(root),
            unreadable: Vec::new(),
        };
        let mut read = match poetry {
            Some(poetry) => Self {
                name: poetry.name,
                version: poetry.version,
                description: poetry.description,
                has_contents: poetry.has_contents,
                dependencies: Some(poetry.dependencies),
                groups: poetry.groups,
                extras: poetry.extras,
                requires_python: poetry.requires_python,
                unreadable: poetry.unreadable,
                ..standard
            },
            None => standard,
        };
        read.check_lines(found);
        Some(read)
    }

    /// Keeps only requirements that are one line. The resolver would read others as several requirements, or
    /// as options.
    fn check_lines(&mut self, found: &mut Diagnostics) {
        let source = Arc::clone(&self.source);
        let mut keep = |line: &Located<String>| {
            let is_line = !line.value.chars().any(is_invisible) && !line.value.trim_end().ends_with('\\');
            if !is_line || line.value.trim_start().starts_with('-') {
                let problem = Problem::BadRequirement { line: visible(&line.value) };
                found.report(&source, line.span, problem);
                return false;
            }
            found.report_credentials(&line.value, &source, line.span);
            true
        };
        self.dependencies.iter_mut().for_each(|lines| lines.retain(&mut keep));
        self.extras.values_mut().for_each(|lines| lines.retain(&mut keep));
        for entries in self.groups.values_mut() {
            entries.retain(|entry| match entry {
                GroupEntry::Requirement(line) => keep(line),
                GroupEntry::Include(_) => true,
            });
        }
    }
}

pub(super) fn table<'t>(parent: &'t DeTable<'t>, key: &str) -> Option<&'t DeTable<'t>> {
    parent.get(key)?.get_ref().as_table()
}

pub(super) fn string(parent: &DeTable<'_>, key: &str) -> Option<Located<String>> {
    let value = parent.get(key)?;
    Some(Located::new(value.get_ref().as_str()?.to_owned(), value.span().into()))
}

pub(super) fn strings(value: &DeValue<'_>) -> Vec<Located<String>> {
    let list = value.as_array().map(|list| list.iter());
    let text = |item: &toml::Spanned<DeValue<'_>>| {
        Some(Located::new(item.get_ref().as_str()?.to_owned(), item.span().into()))
    };
    list.into_iter().flatten().filter_map(text).collect()
}

/// A boolean among the settings of a tool.
fn says(tool: Option<&DeTable<'_>>, name: &str, key: &str) -> Option<bool> {
    table(tool?, name)?.get(key)?.get_ref().as_bool()
}

/// The meaning of PDM's `package-type`.
fn package_type(tool: Option<&DeTable<'_>>) -> Option<bool> {
    let kind = string(table(tool?, "pdm")?, "package-type")?;
    Some(kind.value == "library")
}

/// `[dependency-groups]`, with the groups of tools' own tables. uv and PDM add them to the group of the same
/// name.
fn all_groups(root: &DeTable<'_>, tool: Option<&DeTable<'_>>) -> BTreeMap<String, Vec<GroupEntry>> {
    let mut groups: BTreeMap<String, Vec<GroupEntry>> = BTreeMap::new();
    let uv = tool.and_then(|tool| table(tool, "uv")).and_then(|uv| uv.get("dev-dependencies"));
    let uv = uv.map(|list| ("dev".to_owned(), group_entries(list.get_ref())));
    let pdm = tool.and_then(|tool| table(tool, "pdm")).and_then(|pdm| table(pdm, "dev-dependencies"));
    let standard = table(root, "dependency-groups");
    let named = standard.into_iter().chain(pdm).flat_map(|groups| groups.iter());
    let named = named.map(|(name, list)| (normalized(name.get_ref()), group_entries(list.get_ref())));
    for (name, entries) in named.chain(uv) {
        groups.entry(name).or_default().extend(entries);
    }
    groups
}

fn group_entries(value: &DeValue<'_>) -> Vec<GroupEntry> {
    let list = value.as_array().map(|list| list.iter());
    let entries = list.into_iter().flatten().filter_map(|item| match item.get_ref() {
        DeValue::String(text) => {
            Some(GroupEntry::Requirement(Located::new(text.to_string(), item.span().into())))
        }
        DeValue::Table(table) => string(table, "include-group").map(|mut name| {
            name.value = normalized(&name.value);
            GroupEntry::Include(name)
        }),
        _ => None,
    });
    entries.collect()
}

/// A name in its normalised form of PEP 503. An invalid name is only converted to lower case, because nothing
/// will have this name.
pub fn normalized(name: &str) -> String {
    Name::new(name).map_or_else(|_| name.to_lowercase(), |name| name.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_groups_and_backend_are_read() {
        let text = r#"
            [build-system]
            requires = ["hatchling"]
            [project]
            name = "Shop"
            requires-python = ">=3.11"
            dependencies = ["flask>=3", "gunicorn"]
            urls = { Source = "https://example.org/shop" }
            [project.optional-dependencies]
            Dev_Tools = ["black"]
            [dependency-groups]
            lint = ["ruff"]
            dev = ["pytest", { include-group = "Lint" }]
        "#;
        let mut found = Diagnostics::default();
        let read = Pyproject::parse(&Arc::new(Source::new("pyproject.toml", text)), &mut found).unwrap();
        let dependencies = read.dependencies.unwrap();
        let line = |span: crate::diagnostics::Span| read.source.position(span.start).line;
        let dependencies: Vec<_> =
            dependencies.iter().map(|one| (one.value.as_str(), line(one.span))).collect();
        assert_eq!(dependencies, [("flask>=3", 7), ("gunicorn", 7)]);
        assert_eq!(read.extras["dev-tools"][0].value, "black");
        assert_eq!(read.urls["source"], "https://example.org/shop");
        assert!(read.has_backend && read.dynamic_dependencies.is_none());
        assert!(matches!(&read.groups["dev"][1], GroupEntry::Include(name) if name.value == "lint"));
    }

    #[test]
    fn names_are_normalised_as_indexes_do() {
        assert_eq!(normalized("Zope.Interface__x"), "zope-interface-x");
    }
}
