//! Dependency groups: from the build file, PEP 735 groups, extras, and requirements files by their usual names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::context::ContextError;
use super::files::Files;
use super::pyproject::{GroupEntry, Pyproject, normalized};
use super::requirements::{Requirements, follow};
use super::scope::Scope;
use crate::diagnostics::problem::nearest;
use crate::diagnostics::{Diagnostics, Problem};
use crate::spec::{Located, Spec};

/// The usual names of files that hold a group.
const FILES: [(&str, &[&str]); 2] = [
    (
        "dev",
        &[
            "requirements-dev.txt",
            "requirements_dev.txt",
            "dev-requirements.txt",
            "requirements/dev.txt",
            "requirements/development.txt",
            "requirements/local.txt",
        ],
    ),
    (
        "test",
        &["requirements-test.txt", "requirements_test.txt", "test-requirements.txt", "requirements/test.txt"],
    ),
];

/// Every group of the project; of those that nothing in `scope` installs, the name alone. The build file wins over
/// pyproject.toml's groups, these over extras, these over requirements files that are only found.
pub(super) fn collect(
    spec: &Spec,
    scope: &Scope<'_>,
    pyproject: Option<&Pyproject>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<BTreeMap<String, Requirements>, ContextError> {
    let mut groups = BTreeMap::new();
    for (name, named) in &spec.dependencies.groups {
        let name = normalized(name);
        let wanted = scope.has_group(&name);
        let read = if wanted { follow(named, &spec.source, files, found)? } else { Requirements::default() };
        groups.insert(name, read);
    }
    if let Some(project) = pyproject {
        let group = |lines: &[Located<String>]| {
            let mut group = Requirements::default();
            group.add_inline(lines, &project.source);
            group
        };
        for name in project.groups.keys() {
            let mut lines = Vec::new();
            expand_group(project, name, &mut Way::default(), &mut lines, found);
            groups.entry(name.clone()).or_insert_with(|| group(&lines));
        }
        for name in project.extras.keys() {
            let mut lines = Vec::new();
            expand_extra(project, name, &mut BTreeSet::new(), &mut lines);
            groups.entry(name.clone()).or_insert_with(|| group(&lines));
        }
    }
    for (name, usual) in FILES {
        if groups.contains_key(name) {
            continue;
        }
        if let Some(path) = files.first_of(usual)? {
            let named = [Located::new(path, spec.anywhere())];
            let wanted = scope.has_group(name);
            let read =
                if wanted { follow(&named, &spec.source, files, found)? } else { Requirements::default() };
            groups.insert(name.to_owned(), read);
        }
    }
    Ok(groups)
}

/// The requirements of an extra.
pub(super) fn of_extra(project: &Pyproject, name: &str) -> Option<Vec<Located<String>>> {
    let (name, _) = project.extras.get_key_value(name)?;
    let mut lines = Vec::new();
    expand_extra(project, name, &mut BTreeSet::new(), &mut lines);
    Some(lines)
}

/// The problem of a group or extra that is none of those in `known`.
pub(super) fn unknown<T>(name: &str, known: &BTreeMap<String, T>) -> Problem {
    Problem::UnknownGroup {
        name: name.to_owned(),
        suggestion: nearest(name, known.keys().map(String::as_str)),
        known: known.keys().cloned().collect(),
    }
}

/// The groups that have been looked at.
#[derive(Default)]
struct Way<'p> {
    /// Those on the way to the present one.
    path: Vec<&'p str>,
    /// Those that are taken already: groups that include one another by many ways would take as many steps otherwise.
    done: BTreeSet<&'p str>,
}

fn expand_group<'p>(
    project: &'p Pyproject,
    name: &'p str,
    way: &mut Way<'p>,
    out: &mut Vec<Located<String>>,
    found: &mut Diagnostics,
) {
    if !way.done.insert(name) {
        return;
    }
    way.path.push(name);
    for entry in project.groups.get(name).into_iter().flatten() {
        match entry {
            GroupEntry::Requirement(line) => add(line, out),
            GroupEntry::Include(next) => {
                let source = Arc::clone(&project.source);
                if let Some(at) = way.path.iter().position(|seen| *seen == next.value) {
                    let around =
                        way.path.iter().skip(at).copied().chain(std::iter::once(next.value.as_str()));
                    let cycle = around.map(str::to_owned).collect();
                    found.report(&source, next.span, Problem::GroupCycle { cycle });
                } else if project.groups.contains_key(&next.value) {
                    expand_group(project, &next.value, way, out, found);
                } else {
                    let problem = unknown(&next.value, &project.groups);
                    found.report(&source, next.span, problem);
                }
            }
        }
    }
    way.path.pop();
}

/// An extra may ask for others of the same project as `name[other]`.
fn expand_extra<'p>(
    project: &'p Pyproject,
    name: &'p str,
    done: &mut BTreeSet<&'p str>,
    out: &mut Vec<Located<String>>,
) {
    if !done.insert(name) {
        return;
    }
    for line in project.extras.get(name).into_iter().flatten() {
        match own_extras(project, &line.value) {
            Some(others) => {
                for other in others {
                    if let Some((key, _)) = project.extras.get_key_value(&other) {
                        expand_extra(project, key, done, out);
                    }
                }
            }
            None => add(line, out),
        }
    }
}

/// Adds a requirement that is not there yet.
fn add(line: &Located<String>, out: &mut Vec<Located<String>>) {
    if !out.iter().any(|known| known.value == line.value) {
        out.push(line.clone());
    }
}

fn own_extras(project: &Pyproject, requirement: &str) -> Option<Vec<String>> {
    let (name, rest) = requirement.split_once('[')?;
    if normalized(name.trim()) != normalized(project.name.as_deref()?) {
        return None;
    }
    let (extras, _) = rest.split_once(']')?;
    Some(extras.split(',').map(|extra| normalized(extra.trim())).collect())
}
