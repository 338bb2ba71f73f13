//! uv: the requirements that a lock's main package was locked with, against those of the project.
//!
//! Compared is what both sides write the same way: names, extras, specifiers, and the extra or group that asks.
//! Markers are not, because uv rewrites them; neither are specifiers of packages with a source of their own.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Operator, VersionSpecifiers};
use serde_json::Value;

use super::super::model::Trace;
use super::Reason;
use super::anywhere::holds_anywhere;
use super::json::of_toml;
use crate::pep508::{Marker, Name, Requirement, Wanted, parse_specifiers};

/// Who asks for a package: nobody in particular, an extra or a group.
type Asker = (&'static str, Option<Name>);

/// What is compared of a requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    extras: BTreeSet<Name>,
    /// Absent if the package has a source of its own.
    versions: Option<BTreeSet<String>>,
}

type Wishes = BTreeMap<(Name, Asker), BTreeSet<Wish>>;

/// Compares what the project at the lock's own place asked for with its `pyproject.toml`.
pub(in super::super) fn uv(trace: &Trace, manifest: &str) -> Option<Reason> {
    of_project(trace, ".", manifest)
}

/// Compares what the project in `folder` asked for with its `pyproject.toml`.
pub(in super::super) fn of_project(trace: &Trace, folder: &str, manifest: &str) -> Option<Reason> {
    let Trace::Asked { projects, requires_python, workspace, names } = trace else { return None };
    let asked = projects.iter().find(|asked| asked.folder == folder)?;
    let manifest = of_toml(manifest)?;
    let project = manifest.get("project")?;
    // Another project's manifest has nothing to say about this lock.
    if Name::new(project.get("name")?.as_str()?).ok()? != asked.name {
        return None;
    }
    let bound = requires_python.as_deref().filter(|_| !workspace && folder == ".");
    if let Some(reason) = bound.and_then(|locked| requires_other_python(locked, project)) {
        return Some(reason);
    }
    let Some(metadata) = &asked.metadata else { return absent(project, names) };
    let Asking { mut wanted, mut nowhere } = wanted_wishes(&manifest, project)?;
    if !asked.is_member {
        wanted.retain(|(_, (kind, _)), _| *kind != "group");
        nowhere.retain(|(_, (kind, _)), _| *kind != "group");
    }
    let locked = locked_wishes(metadata)?;
    // The lock knows better where a marker holds.
    for (key, wishes) in nowhere {
        let Some(known) = locked.get(&key) else { continue };
        let is_alone = !wanted.contains_key(&key);
        let chosen = wishes.into_iter().filter(|wish| is_alone || known.contains(wish));
        wanted.entry(key).or_default().extend(chosen);
    }
    compare(&locked, &wanted)
}

/// Whether an entry is of a requirement whose marker holds nowhere: uv writes the same marker for each of these, without
/// the extra that asks.
fn is_never(entry: &Value) -> bool {
    entry.get("marker").and_then(Value::as_str) == Some("python_version < '0'")
}

/// Where a lock leaves out what was asked for: what the project depends on in any case has to be locked.
fn absent(project: &Value, names: &BTreeSet<Name>) -> Option<Reason> {
    let texts = project.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let requirements = texts.filter_map(|text| Requirement::parse(text.as_str()?).ok());
    let always = requirements.filter(|requirement| requirement.marker.is_none());
    let absent: BTreeSet<String> =
        always.filter(|wanted| !names.contains(&wanted.name)).map(|wanted| wanted.name.to_string()).collect();
    (!absent.is_empty()).then(|| Reason::Added(absent.into_iter().collect()))
}

/// Only a lower bound is compared: uv writes the others in a way of its own.
fn requires_other_python(locked: &str, project: &Value) -> Option<Reason> {
    let required = project.get("requires-python")?.as_str()?;
    let bound = |text: &str| {
        let specifiers = parse_specifiers(text).ok()?;
        let bound = specifiers.iter().find(|one| *one.operator() == Operator::GreaterThanEqual)?;
        Some(bound.version().only_release())
    };
    let same = bound(locked)? == bound(required)?;
    (!same).then(|| Reason::RequiresPython { locked: locked.to_owned(), required: required.to_owned() })
}

fn locked_wishes(metadata: &Value) -> Option<Wishes> {
    let mut wishes = Wishes::new();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    for entry in list(metadata.get("requires-dist")).into_iter().filter(|entry| !is_never(entry)) {
        let marker = entry.get("marker").and_then(Value::as_str);
        let extras = match marker {
            Some(marker) => Marker::parse(marker).ok()?.alternatives(),
            None => BTreeSet::from([None]),
        };
        for extra in extras {
            note_locked(&mut wishes, &entry, ("extra", extra))?;
        }
    }
    for (group, entries) in metadata.get("requires-dev").and_then(Value::as_object).into_iter().flatten() {
        for entry in entries.as_array()? {
            note_locked(&mut wishes, entry, ("group", Some(Name::new(group).ok()?)))?;
        }
    }
    Some(wishes)
}

fn note_locked(wishes: &mut Wishes, entry: &Value, asker: Asker) -> Option<()> {
    const SOURCES: [&str; 6] = ["git", "url", "path", "directory", "editable", "virtual"];
    let name = Name::new(entry.get("name")?.as_str()?).ok()?;
    let extras = entry.get("extras").and_then(Value::as_array).into_iter().flatten();
    let extras: Option<BTreeSet<Name>> = extras.map(|extra| Name::new(extra.as_str()?).ok()).collect();
    let elsewhere = SOURCES.iter().any(|source| entry.get(source).is_some());
    let versions = match entry.get("specifier").and_then(Value::as_str) {
        _ if elsewhere => None,
        Some(text) => Some(bounds(&parse_specifiers(text).ok()?)),
        None => Some(BTreeSet::new()),
    };
    wishes.entry((name, asker)).or_default().insert(Wish { extras: extras?, versions });
    Some(())
}

/// What a manifest asks for.
#[derive(Default)]
struct Asking {
    wanted: Wishes,
    /// What is asked for by markers that hold nowhere, as far as can be told.
    nowhere: Wishes,
}

fn wanted_wishes(manifest: &Value, project: &Value) -> Option<Asking> {
    let pythons = project.get("requires-python").and_then(Value::as_str);
    let pythons = pythons.and_then(|text| parse_specifiers(text).ok());
    let mut wishes = Asking::default();
    let is_dynamic = |key: &str| {
        let dynamic = project.get("dynamic").and_then(Value::as_array).into_iter().flatten();
        dynamic.filter_map(Value::as_str).any(|name| name == key)
    };
    // What a build backend computes cannot be known here.
    if is_dynamic("dependencies") || is_dynamic("optional-dependencies") {
        return None;
    }
    for text in project.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
        note_wanted(&mut wishes, text.as_str()?, &("extra", None), pythons.as_ref())?;
    }
    let extras = project.get("optional-dependencies").and_then(Value::as_object);
    for (extra, list) in extras.into_iter().flatten() {
        let asker = ("extra", Some(Name::new(extra).ok()?));
        list.as_array()?
            .iter()
            .try_for_each(|text| note_wanted(&mut wishes, text.as_str()?, &asker, pythons.as_ref()))?;
    }
    let groups = manifest.get("dependency-groups").and_then(Value::as_object);
    for (group, list) in groups.into_iter().flatten() {
        let asker = ("group", Some(Name::new(group).ok()?));
        // Included groups are spelled out in the lock; their own lists are compared where they stand.
        let mut all = Vec::new();
        flatten(groups?, list, &mut all, 0)?;
        all.iter().try_for_each(|text| note_wanted(&mut wishes, text, &asker, pythons.as_ref()))?;
    }
    let legacy =
        manifest.get("tool").and_then(|tool| tool.get("uv")).and_then(|uv| uv.get("dev-dependencies"));
    for text in legacy.and_then(Value::as_array).into_iter().flatten() {
        note_wanted(&mut wishes, text.as_str()?, &("group", Some(Name::fixed("dev"))), pythons.as_ref())?;
    }
    Some(wishes)
}

/// The texts of a group and of those that it includes.
fn flatten<'v>(
    groups: &'v serde_json::Map<String, Value>,
    list: &'v Value,
    all: &mut Vec<&'v str>,
    depth: usize,
) -> Option<()> {
    if depth > groups.len() {
        return None;
    }
    for item in list.as_array()? {
        if let Some(text) = item.as_str() {
            all.push(text);
            continue;
        }
        let included = Name::new(item.get("include-group")?.as_str()?).ok()?;
        let found = groups.iter().find(|(name, _)| Name::new(name).is_ok_and(|name| name == included));
        flatten(groups, found?.1, all, depth + 1)?;
    }
    Some(())
}

fn note_wanted(
    asking: &mut Asking,
    text: &str,
    asker: &Asker,
    pythons: Option<&VersionSpecifiers>,
) -> Option<()> {
    let requirement = Requirement::parse(text).ok()?;
    let versions = match &requirement.wanted {
        Wanted::Versions(specifiers) => Some(bounds(specifiers)),
        Wanted::Url(_) => None,
    };
    let key = (requirement.name, asker.clone());
    let is_somewhere = requirement.marker.as_ref().is_none_or(|marker| holds_anywhere(marker, pythons));
    let wishes = if is_somewhere { &mut asking.wanted } else { &mut asking.nowhere };
    wishes.entry(key).or_default().insert(Wish { extras: requirement.extras, versions });
    Some(())
}

fn bounds(specifiers: &VersionSpecifiers) -> BTreeSet<String> {
    specifiers.iter().map(ToString::to_string).collect()
}

fn compare(locked: &Wishes, wanted: &Wishes) -> Option<Reason> {
    let names = |wishes: &Wishes, others: &Wishes| -> Vec<String> {
        let only = wishes.keys().filter(|key| !others.contains_key(*key));
        let names: BTreeSet<String> = only.map(|(name, _)| name.to_string()).collect();
        names.into_iter().collect()
    };
    let added = names(wanted, locked);
    if !added.is_empty() {
        return Some(Reason::Added(added));
    }
    let removed = names(locked, wanted);
    if !removed.is_empty() {
        return Some(Reason::Removed(removed));
    }
    let changed: BTreeSet<String> = wanted
        .iter()
        .filter(|(key, wishes)| locked.get(*key).is_some_and(|known| !agree(known, wishes)))
        .map(|((name, _), _)| name.to_string())
        .collect();
    (!changed.is_empty()).then(|| Reason::Changed(changed.into_iter().collect()))
}

/// Whether two sets of wishes for one package say the same, as far as can be known.
fn agree(locked: &BTreeSet<Wish>, wanted: &BTreeSet<Wish>) -> bool {
    let has_source = |wishes: &BTreeSet<Wish>| wishes.iter().any(|wish| wish.versions.is_none());
    let extras = |wishes: &BTreeSet<Wish>| -> BTreeSet<BTreeSet<Name>> {
        wishes.iter().map(|wish| wish.extras.clone()).collect()
    };
    if has_source(locked) || has_source(wanted) {
        return extras(locked) == extras(wanted);
    }
    locked == wanted
}
