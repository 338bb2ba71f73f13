//! Dependency groups: from the build file, PEP 735 groups, extras, and requirements files with usual names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::context::ContextError;
use super::files::Files;
use super::pyproject::{GroupEntry, Pyproject, normalized};
use super::reading::follow;
use super::requirements::Requirements;
use super::scope::Scope;
use crate::diagnostics::{Diagnostics, Problem, Source, Span, nearest, some_of};
use crate::spec::{Located, Spec};
use crate::walk;

/// The usual names of files that contain a group.
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

/// All groups of the project. Groups that `scope` does not install are given without their content. The order
/// of precedence is: the build file, groups of `pyproject.toml`, extras, requirements files that were
/// detected.
pub(super) fn collect(
    spec: &Spec,
    scope: &Scope<'_>,
    pyproject: Option<&Pyproject>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<BTreeMap<String, Requirements>, ContextError> {
    let context = (files, spec.dependencies.installer);
    let mut groups = BTreeMap::new();
    for (name, named) in &spec.dependencies.groups {
        let name = normalized(name);
        let wanted = scope.has_group(&name);
        let read =
            if wanted { follow(named, &spec.source, context, found)? } else { Requirements::default() };
        groups.insert(name, read);
    }
    if let Some(project) = pyproject {
        let group = |lines: &[Located<String>]| {
            let mut group = Requirements::default();
            group.add_inline(lines, &project.source);
            group
        };
        let mut room = Room::new(project);
        check_includes(project, found);
        for name in project.groups.keys().filter(|name| !groups.contains_key(*name)).collect::<Vec<_>>() {
            let lines = expand([name.as_str()], |name| parts_of_group(project, name), &mut room, found);
            groups.insert(name.clone(), group(&lines));
        }
        for name in project.extras.keys().filter(|name| !groups.contains_key(*name)).collect::<Vec<_>>() {
            let lines = of_extras(project, [name.as_str()], &mut room, found);
            groups.insert(name.clone(), group(&lines));
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
                if wanted { follow(&named, &spec.source, context, found)? } else { Requirements::default() };
            groups.insert(name.to_owned(), read);
        }
    }
    Ok(groups)
}

/// The largest number of entries of groups and extras in a `pyproject.toml` that are expanded. An entry of an
/// included group counts once for each group that includes it.
const MOST_INCLUDED: usize = 100_000;

/// The number of entries of groups and extras that may still be expanded.
pub(super) struct Room<'p> {
    left: usize,
    is_told: bool,
    source: &'p Arc<Source>,
}

impl<'p> Room<'p> {
    pub(super) fn new(project: &'p Pyproject) -> Self {
        let written = project.groups.values().map(Vec::len).sum::<usize>();
        let left = written + project.extras.values().map(Vec::len).sum::<usize>() + MOST_INCLUDED;
        Self { left, is_told: false, source: &project.source }
    }

    /// Takes room for one more entry, which stands at `span`. False if there is none left.
    fn take(&mut self, span: Span, found: &mut Diagnostics) -> bool {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return true;
        }
        if !std::mem::replace(&mut self.is_told, true) {
            found.report(self.source, span, Problem::GroupsTooLarge { most: MOST_INCLUDED });
        }
        false
    }
}

/// The requirements of extras, each once. An extra can include other extras of the same project as
/// `name[other]`.
pub(super) fn of_extras<'p>(
    project: &'p Pyproject,
    names: impl IntoIterator<Item = &'p str>,
    room: &mut Room<'_>,
    found: &mut Diagnostics,
) -> Vec<Located<String>> {
    let own = project.name.as_deref().map(normalized);
    let parts = |name: &str| -> Vec<Part<'p>> {
        let lines = project.extras.get(name).into_iter().flatten();
        let parts =
            lines.flat_map(|line| match own.as_deref().and_then(|own| own_extras(own, &line.value)) {
                Some(others) => {
                    let known = others.iter().filter_map(|other| project.extras.get_key_value(other));
                    known.map(|(other, _)| Part::All(other, line.span)).collect()
                }
                None => vec![Part::Line(line)],
            });
        parts.collect()
    };
    expand(names, parts, room, found)
}

fn parts_of_group<'p>(project: &'p Pyproject, name: &str) -> Vec<Part<'p>> {
    let entries = project.groups.get(name).into_iter().flatten();
    let parts = entries.filter_map(|entry| match entry {
        GroupEntry::Requirement(line) => Some(Part::Line(line)),
        GroupEntry::Include(next) => {
            project.groups.get_key_value(&next.value).map(|(name, _)| Part::All(name, next.span))
        }
    });
    parts.collect()
}

/// The problem of a group or extra that is not in `known`.
pub(super) fn unknown<T>(name: &str, known: &BTreeMap<String, T>) -> Problem {
    Problem::UnknownGroup {
        name: name.to_owned(),
        suggestion: nearest(name, known.keys().map(String::as_str)),
        known: some_of(known.keys().map(String::as_str)),
    }
}

/// Reports includes of groups that do not exist, and groups that include each other in a circle.
fn check_includes(project: &Pyproject, found: &mut Diagnostics) {
    let names: Vec<&str> = project.groups.keys().map(String::as_str).collect();
    let mut missing = Vec::new();
    for entry in project.groups.values().flatten() {
        match entry {
            GroupEntry::Include(next) if !project.groups.contains_key(&next.value) => missing.push(next),
            _ => {}
        }
    }
    for next in missing {
        found.report_with(&project.source, next.span, || unknown(&next.value, &project.groups));
    }
    let includes = |name: &str| -> Vec<(&str, Span)> {
        let entries = project.groups.get(name).into_iter().flatten();
        let includes = entries.filter_map(|entry| match entry {
            GroupEntry::Include(next) if project.groups.contains_key(&next.value) => {
                Some((next.value.as_str(), next.span))
            }
            _ => None,
        });
        includes.collect()
    };
    walk::depth_first(&names, includes, |way, (next, span)| {
        found.report_with(&project.source, span, || Problem::GroupCycle {
            cycle: way.iter().chain(std::iter::once(&next)).map(|&name| name.to_owned()).collect(),
        });
    });
}

/// A part of a group or extra.
enum Part<'p> {
    /// A requirement.
    Line(&'p Located<String>),
    /// All parts of another group or extra, which is named at this place.
    All(&'p str, Span),
}

/// Every requirement of `names` once, in the order of the file. The requirements of included groups stand at
/// the place of the include.
///
/// A loop replaces recursion, because a chain may be long. Each group is expanded once, because many paths
/// may lead to it.
fn expand<'p>(
    names: impl IntoIterator<Item = &'p str>,
    parts: impl Fn(&str) -> Vec<Part<'p>>,
    room: &mut Room<'_>,
    found: &mut Diagnostics,
) -> Vec<Located<String>> {
    let (mut lines, mut known, mut taken) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for name in names {
        let mut open = Vec::new();
        if taken.insert(name) {
            open.push(parts(name).into_iter());
        }
        while let Some(part) = open.last_mut().map(Iterator::next) {
            match part {
                Some(Part::Line(line)) => {
                    if !room.take(line.span, found) {
                        return lines;
                    }
                    if known.insert(line.value.as_str()) {
                        lines.push(line.clone());
                    }
                }
                Some(Part::All(next, span)) => {
                    if !room.take(span, found) {
                        return lines;
                    }
                    if taken.insert(next) {
                        open.push(parts(next).into_iter());
                    }
                }
                None => {
                    open.pop();
                }
            }
        }
    }
    lines
}

/// The extras of the project `own` that a requirement asks for; `None` if the requirement is for another
/// project.
fn own_extras(own: &str, requirement: &str) -> Option<Vec<String>> {
    let (name, rest) = requirement.split_once('[')?;
    if normalized(name.trim()) != own {
        return None;
    }
    let (extras, _) = rest.split_once(']')?;
    Some(extras.split(',').map(|extra| normalized(extra.trim())).collect())
}
