//! The installed packages, as far as they are known without an index.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::error::CliError;
use crate::lock::{Lock, Root, Roots};
use crate::pep508::Name;
use crate::project::{Project, Requirements, normalized};

/// Reads a file of the context.
type Read<'r> = &'r dyn Fn(&str) -> Result<Option<String>, CliError>;

/// Normalised names of packages, by their source.
#[derive(Default)]
pub(super) struct Packages {
    /// The packages of every stage.
    base: BTreeSet<String>,
    /// The packages of each group.
    groups: BTreeMap<String, BTreeSet<String>>,
    /// All locked packages.
    locked: BTreeSet<String>,
}

impl Packages {
    /// The packages of a project, or of a member of its workspace.
    pub(super) fn of(project: &Project, member: Option<&str>, read: Read<'_>) -> Result<Self, CliError> {
        let mut packages = Self { base: required(&project.requirements, read)?, ..Self::default() };
        // A member has its own groups, and not those of the project at the workspace's root.
        for (name, group) in project.groups.iter().filter(|_| member.is_none()) {
            packages.groups.entry(name.clone()).or_default().extend(required(group, read)?);
        }
        if let Some(locked) = &project.locked {
            packages.locked = names(&locked.lock).collect();
            match &locked.lock.roots {
                Roots::Graph(roots) => packages.add_graph(&locked.lock, &chosen(roots, member)),
                Roots::Listed(listing) => packages.add_listed(&locked.lock, &listing.base),
            }
        }
        for (name, locked) in &project.locked_groups {
            packages.groups.entry(name.clone()).or_default().extend(names(&locked.lock));
        }
        Ok(packages)
    }

    fn add_graph(&mut self, lock: &Lock, roots: &[&Root]) {
        let direct = |list: &[crate::lock::Dependency]| {
            list.iter().map(|edge| edge.name.clone()).collect::<BTreeSet<Name>>()
        };
        for root in roots {
            self.base.extend(reached(lock, direct(&root.dependencies)));
            for (group, list) in root.groups.iter().chain(&root.extras) {
                let found = reached(lock, direct(list));
                self.groups.entry(group.as_str().to_owned()).or_default().extend(found);
            }
        }
    }

    fn add_listed(&mut self, lock: &Lock, base: &BTreeSet<Name>) {
        for package in &lock.packages {
            let name = || package.name.as_str().to_owned();
            if package.groups.is_empty() || package.groups.keys().any(|group| base.contains(group)) {
                self.base.insert(name());
                continue;
            }
            for group in package.groups.keys() {
                self.groups.entry(group.as_str().to_owned()).or_default().insert(name());
            }
        }
    }

    /// Whether every stage has the package.
    pub(super) fn has(&self, package: &str) -> bool {
        self.base.contains(package)
    }

    /// Whether the group exists.
    pub(super) fn has_group(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    /// Whether the group contains the package.
    pub(super) fn is_in(&self, group: &str, package: &str) -> bool {
        self.groups.get(group).is_some_and(|packages| packages.contains(package))
    }

    /// All packages.
    pub(super) fn all(&self) -> BTreeSet<String> {
        self.base.iter().chain(&self.locked).chain(self.groups.values().flatten()).cloned().collect()
    }
}

/// The roots of an image.
fn chosen<'r>(roots: &'r [Root], member: Option<&str>) -> Vec<&'r Root> {
    let is_it = |root: &&Root| match member {
        Some(member) => root.name.as_ref().is_some_and(|name| name.as_str() == member),
        None => root.is_main,
    };
    let found: Vec<&Root> = roots.iter().filter(is_it).collect();
    if found.is_empty() { roots.iter().collect() } else { found }
}

/// The packages that can be reached from these, ignoring markers.
fn reached(lock: &Lock, from: BTreeSet<Name>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<Name> = from.into_iter().collect();
    while let Some(name) = open.pop() {
        if !found.insert(name.as_str().to_owned()) {
            continue;
        }
        for package in lock.packages.iter().filter(|package| package.name == name) {
            open.extend(package.dependencies.iter().map(|edge| edge.name.clone()));
        }
    }
    found
}

fn names(lock: &Lock) -> impl Iterator<Item = String> {
    lock.packages.iter().map(|package| package.name.as_str().to_owned())
}

/// The names in requirements files and lines.
fn required(requirements: &Requirements, read: Read<'_>) -> Result<BTreeSet<String>, CliError> {
    let mut found: BTreeSet<String> = requirements.inline.iter().filter_map(|line| name(line)).collect();
    for file in &requirements.inputs {
        let text = read(file.as_str())?.unwrap_or_default();
        found.extend(text.lines().filter_map(name));
    }
    Ok(found)
}

/// The name at the start of a requirement. `fastapi[standard]` gives `fastapi`.
fn name(line: &str) -> Option<String> {
    let line = line.trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(line.len());
    let name = line.get(..end)?;
    (name.starts_with(|c: char| c.is_ascii_alphanumeric())).then(|| normalized(name))
}
