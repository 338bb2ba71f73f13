//! Dependency groups: from the build file, PEP 735 groups, extras, and requirements files by their usual names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::ContextError;
use super::files::Files;
use super::pyproject::{GroupEntry, Pyproject, normalized};
use super::requirements::{Requirements, follow};
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

/// Every group of the project. The build file wins over pyproject.toml's groups, these over extras, these over
/// requirements files that are only found.
pub(super) fn collect(
    spec: &Spec,
    pyproject: Option<&Pyproject>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<BTreeMap<String, Requirements>, ContextError> {
    let mut groups = BTreeMap::new();
    for (name, named) in &spec.dependencies.groups {
        groups.insert(normalized(name), follow(named, &spec.source, files, found)?);
    }
    if let Some(project) = pyproject {
        for name in project.groups.keys() {
            let mut inline = Vec::new();
            expand_group(project, name, &mut Vec::new(), &mut inline, found);
            groups.entry(name.clone()).or_insert_with(|| Requirements { inline, ..Requirements::default() });
        }
        for name in project.extras.keys() {
            let mut inline = Vec::new();
            expand_extra(project, name, &mut Vec::new(), &mut inline);
            groups.entry(name.clone()).or_insert_with(|| Requirements { inline, ..Requirements::default() });
        }
    }
    for (name, usual) in FILES {
        if groups.contains_key(name) {
            continue;
        }
        if let Some(path) = files.first_of(usual)? {
            let named = [Located::new(path, spec.anywhere())];
            groups.insert(name.to_owned(), follow(&named, &spec.source, files, found)?);
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
    out: &mut Vec<String>,
    found: &mut Diagnostics,
) {
    path.push(name);
    for entry in project.groups.get(name).into_iter().flatten() {
        match entry {
            GroupEntry::Requirement(text) if !out.contains(text) => out.push(text.clone()),
            GroupEntry::Requirement(_) => {}
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
fn expand_extra<'p>(project: &'p Pyproject, name: &'p str, path: &mut Vec<String>, out: &mut Vec<String>) {
    if path.iter().any(|seen| seen == name) {
        return;
    }
    path.push(name.to_owned());
    for text in project.extras.get(name).into_iter().flatten() {
        match own_extras(project, text) {
            Some(others) => {
                for other in others {
                    if let Some((key, _)) = project.extras.get_key_value(&other) {
                        expand_extra(project, key, path, out);
                    }
                }
            }
            None if !out.contains(text) => out.push(text.clone()),
            None => {}
        }
    }
    path.pop();
}

fn own_extras(project: &Pyproject, requirement: &str) -> Option<Vec<String>> {
    let (name, rest) = requirement.split_once('[')?;
    if normalized(name.trim()) != normalized(project.name.as_deref()?) {
        return None;
    }
    let (extras, _) = rest.split_once(']')?;
    Some(extras.split(',').map(|extra| normalized(extra.trim())).collect())
}
