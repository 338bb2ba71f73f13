//! The requirements in the input files of a lock.

use std::collections::BTreeSet;

use pep440_rs::VersionSpecifiers;
use serde_json::Value;

use super::super::super::Input;
use super::super::super::requirements::{Line, ParsedRequirements, parse_requirements};
use super::super::of_toml;
use super::command::{Command, Tool};
use crate::pep508::{Marker, Name, Requirement, parse_specifiers};

/// A requirement and its file.
#[derive(Clone, Debug)]
pub(super) struct Want {
    /// The path of the file in the context.
    pub(super) file: String,
    pub(super) requirement: Requirement,
    /// Whether it is a constraint: it only restricts versions.
    pub(super) is_constraint: bool,
    /// Whether `[tool.uv.sources]` sets the source of the package. Then the source decides the version.
    pub(super) is_from_elsewhere: bool,
    /// Whether the package may be a folder that is not installed and therefore not in the lock: a member of
    /// the workspace or a path, without a build backend.
    pub(super) may_be_virtual: bool,
}

/// All requirements of the files.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) all: Vec<Want>,
    /// Packages whose version is not decided by their requirements.
    pub(super) left_out: BTreeSet<Name>,
    /// The Python versions of the project.
    pub(super) pythons: Option<VersionSpecifiers>,
    /// The markers of the environments for which the project locks. Without markers, the lock is for all
    /// environments.
    pub(super) environments: Vec<Marker>,
}

impl Found {
    /// Adds the parts of a project that a command uses. `None` if the manifest cannot be read. Values that a
    /// build backend computes are not known.
    pub(super) fn add_project(&mut self, path: &str, text: &str, command: &Command) -> Option<()> {
        let tree = of_toml(text)?;
        if command.tool != Tool::PipCompile {
            self.read_settings(&tree);
        }
        if !command.is_without_project {
            self.add_dependencies(path, &tree)?;
        }
        let groups = tree.get("dependency-groups").and_then(Value::as_object);
        if command.all_groups {
            for group in groups.into_iter().flat_map(|groups| groups.keys()) {
                self.add_group(path, text, &Name::new(group).ok()?)?;
            }
        }
        let project = tree.get("project")?;
        if is_dynamic(project, "optional-dependencies") {
            return Some(());
        }
        let own = project.get("name").and_then(Value::as_str).and_then(|name| Name::new(name).ok());
        let tables = project.get("optional-dependencies").and_then(Value::as_object);
        let mut left: Vec<Name> = if command.all_extras {
            tables.into_iter().flatten().filter_map(|(extra, _)| Name::new(extra).ok()).collect()
        } else {
            command.extras.iter().cloned().collect()
        };
        let mut seen = BTreeSet::new();
        while let Some(extra) = left.pop() {
            if !seen.insert(extra.clone()) {
                continue;
            }
            let found = tables.into_iter().flatten();
            let found = found.filter(|(name, _)| Name::new(name).is_ok_and(|name| name == extra));
            for text in found.flat_map(|(_, list)| texts(Some(list))) {
                let requirement = Requirement::parse(text).ok()?;
                // An extra that includes other extras names the project itself.
                if Some(&requirement.name) == own.as_ref() {
                    left.extend(requirement.extras);
                } else {
                    self.push(path, requirement, &tree);
                }
            }
        }
        Some(())
    }

    /// Adds the project's own dependencies.
    pub(super) fn add_dependencies(&mut self, path: &str, tree: &Value) -> Option<()> {
        let project = tree.get("project")?;
        let pythons = project.get("requires-python").and_then(Value::as_str);
        self.pythons = pythons.and_then(|text| parse_specifiers(text).ok()).or_else(|| self.pythons.take());
        if is_dynamic(project, "dependencies") {
            return Some(());
        }
        let own = project.get("name").and_then(Value::as_str).and_then(|name| Name::new(name).ok());
        for text in texts(project.get("dependencies")) {
            let requirement = Requirement::parse(text).ok()?;
            if Some(&requirement.name) != own.as_ref() {
                self.push(path, requirement, tree);
            }
        }
        Some(())
    }

    /// Adds the requirements of a group, including those of the groups that it includes.
    pub(super) fn add_group(&mut self, path: &str, text: &str, group: &Name) -> Option<()> {
        let tree = of_toml(text)?;
        let groups = tree.get("dependency-groups").and_then(Value::as_object)?;
        let own = tree.get("project").and_then(|project| project.get("name")).and_then(Value::as_str);
        let own = own.and_then(|name| Name::new(name).ok());
        let (mut left, mut seen) = (vec![group.clone()], BTreeSet::new());
        while let Some(group) = left.pop() {
            if !seen.insert(group.clone()) {
                continue;
            }
            let (_, list) =
                groups.iter().find(|(name, _)| Name::new(name).is_ok_and(|name| name == group))?;
            for item in list.as_array()? {
                if let Some(text) = item.as_str() {
                    let requirement = Requirement::parse(text).ok()?;
                    if Some(&requirement.name) != own.as_ref() {
                        self.push(path, requirement, &tree);
                    }
                } else {
                    left.push(Name::new(item.get("include-group")?.as_str()?).ok()?);
                }
            }
        }
        Some(())
    }

    /// Adds the requirements and constraints of a requirements file.
    pub(super) fn add_requirements(&mut self, path: &str, text: &str, input: &Input<'_>) -> Option<()> {
        let ParsedRequirements { lines, constraints, .. } =
            parse_requirements(path, text, input.read, input.exists).ok()?;
        self.add_lines(lines, false);
        self.add_lines(constraints, true);
        Some(())
    }

    /// Adds the constraints of a file.
    pub(super) fn add_constraints(&mut self, path: &str, text: &str, input: &Input<'_>) -> Option<()> {
        let parsed = parse_requirements(path, text, input.read, input.exists).ok()?;
        self.add_lines(parsed.lines.into_iter().chain(parsed.constraints), true);
        Some(())
    }

    /// Leaves out the packages of a file with overrides.
    pub(super) fn leave_out(&mut self, path: &str, text: &str, input: &Input<'_>) -> Option<()> {
        let parsed = parse_requirements(path, text, input.read, input.exists).ok()?;
        self.left_out.extend(parsed.lines.into_iter().filter_map(|line| line.name));
        Some(())
    }

    fn add_lines(&mut self, lines: impl IntoIterator<Item = Line>, is_constraint: bool) {
        for line in lines {
            if let Some(requirement) = line.requirement {
                let file = line.at.file.to_string();
                self.all.push(Want {
                    file,
                    requirement,
                    is_constraint,
                    is_from_elsewhere: false,
                    may_be_virtual: false,
                });
            }
        }
    }

    fn push(&mut self, path: &str, requirement: Requirement, tree: &Value) {
        let sources = uv(tree, "sources").and_then(Value::as_object).into_iter().flatten();
        let own = sources.filter(|(name, _)| Name::new(name).is_ok_and(|name| name == requirement.name));
        let own: Vec<&Value> = own
            .flat_map(|(_, source)| source.as_array().map_or(std::slice::from_ref(source), Vec::as_slice))
            .collect();
        let has = |source: &&Value, key: &str| source.get(key).is_some();
        let is_from_elsewhere = own.iter().any(|source| !has(source, "index"));
        let may_be_virtual = own.iter().any(|source| has(source, "workspace") || has(source, "path"));
        let file = path.to_owned();
        let is_constraint = false;
        self.all.push(Want { file, requirement, is_constraint, is_from_elsewhere, may_be_virtual });
    }

    /// Reads the settings of uv. Overridden and excluded packages are left out. Environments are added.
    fn read_settings(&mut self, tree: &Value) {
        let environments = uv(tree, "environments");
        let environments = texts(environments).chain(environments.and_then(Value::as_str));
        self.environments.extend(environments.filter_map(|text| Marker::parse(text).ok()));
        for key in ["override-dependencies", "exclude-dependencies"] {
            let names = texts(uv(tree, key)).filter_map(|text| Requirement::parse(text).ok());
            self.left_out.extend(names.map(|requirement| requirement.name));
        }
    }
}

fn uv<'t>(tree: &'t Value, key: &str) -> Option<&'t Value> {
    tree.get("tool")?.get("uv")?.get(key)
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether a build backend computes a key.
fn is_dynamic(project: &Value, key: &str) -> bool {
    texts(project.get("dynamic")).any(|name| name == key)
}
