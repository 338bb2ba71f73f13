//! Dependency groups: from the build file, PEP 735 groups, extras, and requirements files by their usual names.

use std::collections::BTreeMap;
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

/// Every group of the project; of those that nothing in `scope` installs, the name alone. The build file wins over pyproject.toml's groups, these over extras, these over
/// requirements files that are only found.
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
            expand_group(project, name, &mut Vec::new(), &mut lines, found);
            groups.entry(name.clone()).or_insert_with(|| group(&lines));
        }
        for name in project.extras.keys() {
            let mut lines = Vec::new();
            expand_extra(project, name, &mut Vec::new(), &mut lines);
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

/// The problem of a group that nobody declares.
pub(super) fn unknown(name: &str, groups: &BTreeMap<String, Requirements>) -> Problem {
    Problem::UnknownGroup {
        name: name.to_owned(),
        suggestion: nearest(name, groups.keys().map(String::as_str)),
        known: groups.keys().cloned().collect(),
    }
}

fn expand_group<'p>(
    project: &'p Pyproject,
    name: &'p str,
    path: &mut Vec<&'p str>,
    out: &mut Vec<Located<String>>,
    found: &mut Diagnostics,
) {
    path.push(name);
    for entry in project.groups.get(name).into_iter().flatten() {
        match entry {
            GroupEntry::Requirement(line) => add(line, out),
            GroupEntry::Include(next) => {
                let source = Arc::clone(&project.source);
                if let Some(at) = path.iter().position(|seen| *seen == next.value) {
                    let around = path.iter().skip(at).copied().chain(std::iter::once(next.value.as_str()));
                    let cycle = around.map(str::to_owned).collect();
                    found.report(&source, next.span, Problem::GroupCycle { cycle });
                } else if project.groups.contains_key(&next.value) {
                    expand_group(project, &next.value, path, out, found);
                } else {
                    let problem = Problem::UnknownGroup {
                        name: next.value.clone(),
                        suggestion: nearest(&next.value, project.groups.keys().map(String::as_str)),
                        known: project.groups.keys().cloned().collect(),
                    };
                    found.report(&source, next.span, problem);
                }
            }
        }
    }
    path.pop();
}

/// An extra may ask for others of the same project as `name[other]`.
fn expand_extra<'p>(
    project: &'p Pyproject,
    name: &'p str,
    path: &mut Vec<String>,
    out: &mut Vec<Located<String>>,
) {
    if path.iter().any(|seen| seen == name) {
        return;
    }
    path.push(name.to_owned());
    for line in project.extras.get(name).into_iter().flatten() {
        match own_extras(project, &line.value) {
            Some(others) => {
                for other in others {
                    if let Some((key, _)) = project.extras.get_key_value(&other) {
                        expand_extra(project, key, path, out);
                    }
                }
            }
            None => add(line, out),
        }
    }
    path.pop();
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
