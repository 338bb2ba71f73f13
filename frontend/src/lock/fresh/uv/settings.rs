//! Compares the uv settings of a lock with those of the workspace's root.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};
use serde_json::{Map, Value};

use super::super::markers::same;
use super::entry::{Asker, Sources, differ, locked_entries};
use super::moment;
use super::origin::plain;
use crate::pep508::{Marker, Name};

/// Keys with lists of requirements that the lock repeats in `[manifest]`.
const LISTS: [(&str, &str); 3] = [
    ("constraint-dependencies", "constraints"),
    ("override-dependencies", "overrides"),
    ("build-constraint-dependencies", "build-constraints"),
];

/// Keys with a single word: the key, its name in the lock, and its default value.
const WORDS: [(&str, &str, &str); 3] = [
    ("resolution", "resolution-mode", "highest"),
    ("prerelease", "prerelease-mode", "if-necessary-or-explicit"),
    ("fork-strategy", "fork-strategy", "requires-python"),
];

/// Keys with a list of markers, and their names in the lock.
const MARKERS: [(&str, &str); 2] =
    [("environments", "supported-markers"), ("required-environments", "required-markers")];

/// The inputs of the comparison.
pub(super) struct Settings<'m> {
    /// The lock without its packages.
    pub(super) head: &'m Value,
    /// `[tool.uv]` of the root's `pyproject.toml`.
    pub(super) own: &'m Value,
    /// `uv.toml`, which replaces `[tool.uv]` for some keys.
    pub(super) file: Option<&'m Value>,
    /// The sources of the root.
    pub(super) sources: &'m Sources<'m>,
    /// The locked packages.
    pub(super) names: &'m BTreeMap<Name, Vec<Version>>,
    /// The Python versions of the lock.
    pub(super) pythons: Option<&'m VersionSpecifiers>,
}

impl Settings<'_> {
    /// The keys whose values have changed since the lock was made. A value in an unknown form is not
    /// compared.
    pub(super) fn changed(&self) -> Vec<String> {
        let mut changed = BTreeSet::new();
        let options = self.head.get("options");
        let resolving = self.file.unwrap_or(self.own);
        for (key, locked_key, usual) in WORDS {
            let locked = options.and_then(|options| options.get(locked_key)).and_then(Value::as_str);
            let now = match resolving.get(key) {
                Some(Value::String(word)) => word.as_str(),
                Some(_) => continue,
                None => usual,
            };
            // Older versions write the same word with underscores.
            let word = |word: &str| word.replace('_', "-");
            if word(locked.unwrap_or(usual)) != word(now) {
                changed.insert(key);
            }
        }
        // If only the lock has this bound, it came from the command line or from the settings of the user who
        // locked.
        if resolving.get("exclude-newer").is_some() && !moment::agree(options, resolving) {
            changed.insert("exclude-newer");
        }
        let is_locked = |name: &str| Name::new(name).is_ok_and(|name| self.names.contains_key(&name));
        if !moment::agree_for_packages(options, resolving, is_locked) {
            changed.insert("exclude-newer-package");
        }
        for (key, locked_key) in MARKERS {
            if self.has_other_markers(key, locked_key) {
                changed.insert(key);
            }
        }
        let manifest = self.head.get("manifest");
        for (key, locked_key) in LISTS {
            let locked = manifest.and_then(|manifest| manifest.get(locked_key));
            if self.has_other_requirements(key, locked) {
                changed.insert(key);
            }
        }
        let names = |value: Option<&Value>| -> Option<BTreeSet<Name>> {
            let list = value.and_then(Value::as_array).into_iter().flatten();
            list.map(|name| Name::new(name.as_str()?).ok()).collect()
        };
        let locked = manifest.and_then(|manifest| manifest.get("excludes"));
        if let (Some(locked), Some(now)) = (names(locked), names(self.own.get("exclude-dependencies")))
            && !(locked.is_subset(&now) && now.difference(&locked).all(|name| !self.names.contains_key(name)))
        {
            changed.insert("exclude-dependencies");
        }
        let locked = manifest.and_then(|manifest| manifest.get("dependency-metadata"));
        if self.has_other_metadata(resolving.get("dependency-metadata"), locked) {
            changed.insert("dependency-metadata");
        }
        changed.into_iter().map(str::to_owned).collect()
    }

    fn has_other_markers(&self, key: &str, locked_key: &str) -> bool {
        let markers = |value: Option<&Value>| -> Option<Vec<Marker>> {
            match value {
                None => Some(Vec::new()),
                Some(Value::String(text)) => Some(vec![Marker::parse(text).ok()?]),
                Some(Value::Array(list)) => {
                    list.iter().map(|text| Marker::parse(text.as_str()?).ok()).collect()
                }
                Some(_) => None,
            }
        };
        let (Some(locked), Some(now)) = (markers(self.head.get(locked_key)), markers(self.own.get(key)))
        else {
            return false;
        };
        let agree = |(one, other): (&Marker, &Marker)| same(Some(one), Some(other), self.pythons);
        locked.len() != now.len() || !locked.iter().zip(&now).all(agree)
    }

    fn has_other_requirements(&self, key: &str, locked: Option<&Value>) -> bool {
        let texts: Option<Vec<&str>> = match self.own.get(key) {
            None => Some(Vec::new()),
            Some(now) => now.as_array().and_then(|list| list.iter().map(Value::as_str).collect()),
        };
        let now = texts.and_then(|texts| self.sources.all(texts, Asker::default()));
        let (Some(mut now), Some(mut locked)) = (now, locked_entries(locked)) else { return false };
        if key == "constraint-dependencies" {
            now.retain(|entry| !entry.is_empty());
            locked.retain(|entry| !entry.is_empty());
        }
        if key != "build-constraint-dependencies" {
            // A new rule for a package that is not locked changes nothing.
            let known: BTreeSet<Name> = locked.iter().map(|entry| entry.name.clone()).collect();
            now.retain(|entry| known.contains(&entry.name) || self.names.contains_key(&entry.name));
        }
        differ(&locked, &now, self.pythons).is_some()
    }

    fn has_other_metadata(&self, now: Option<&Value>, locked: Option<&Value>) -> bool {
        let tables = |value: Option<&Value>| -> Vec<Value> {
            value.and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let (locked, now) = (tables(locked), tables(now));
        let text = |table: &Value, key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let entries = |table: &Value| {
            let texts = table.get("requires-dist").and_then(Value::as_array).into_iter().flatten();
            let plain = Sources { tables: Vec::new() };
            plain.all(texts.filter_map(Value::as_str), Asker::default())
        };
        let name = |table: &Value| Name::new(&text(table, "name").unwrap_or_default()).ok();
        let agree = |one: &Value, other: &Value| {
            // A lock contains versions in their normalised form.
            let version =
                |table: &Value| text(table, "version").map(|text| text.parse::<Version>().map_err(|_| text));
            let (Some(mine), Some(yours)) = (entries(one), entries(other)) else { return true };
            name(one) == name(other)
                && version(one) == version(other)
                && text(one, "requires-python") == text(other, "requires-python")
                && differ(&mine, &yours, self.pythons).is_none()
        };
        // New metadata for a package that is not locked changes nothing.
        let counts = |table: &&Value| {
            let is_locked = name(table).is_none_or(|name| self.names.contains_key(&name));
            is_locked || locked.iter().any(|other| name(other) == name(table))
        };
        locked.len() != now.iter().filter(counts).count()
            || !locked.iter().all(|one| now.iter().any(|other| agree(one, other)))
    }
}

/// Sets of items of which at most one may be chosen. Each item is a package with an extra, with a group, or
/// with neither.
type Conflicts = BTreeSet<BTreeSet<(String, String, String)>>;

/// The conflicts in a value. An item without a package belongs to `project`.
fn conflicts(value: Option<&Value>, project: Option<&Name>) -> Option<Conflicts> {
    let text = |item: &Value, key: &str| {
        let text = item.get(key).and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() {
            String::new()
        } else {
            Name::new(text).map_or_else(|_| text.into(), |name| name.to_string())
        }
    };
    let sets = value.and_then(Value::as_array).into_iter().flatten();
    sets.map(|set| {
        let items = set.as_array()?.iter().map(|item| {
            let package = text(item, "package");
            let package = if package.is_empty() {
                project.map(ToString::to_string).unwrap_or_default()
            } else {
                package
            };
            (package, text(item, "extra"), text(item, "group"))
        });
        Some(items.collect())
    })
    .collect()
}

/// Whether the projects declare other conflicts than those in the lock. Each project is given with its name.
///
/// A group that includes an item is also an item. uv adds such groups to a lock automatically. So the lock
/// may have more sets if a project has groups that include others.
pub(super) fn has_other_conflicts(
    head: &Value,
    declared: &[(Option<&Name>, &Value)],
    includes: bool,
) -> bool {
    let Some(locked) = conflicts(head.get("conflicts"), None) else { return false };
    let now = declared.iter().map(|(project, value)| conflicts(Some(value), *project));
    let Some(now) = now.collect::<Option<Vec<_>>>() else { return false };
    let now: Conflicts = now.into_iter().flatten().collect();
    if includes { !now.is_subset(&locked) || (now.is_empty() && !locked.is_empty()) } else { now != locked }
}

/// The URLs of the indexes in settings, and whether one of them replaces the default index. `None` if there
/// are no indexes.
pub(super) fn indexes(settings: &Value) -> Option<(BTreeSet<String>, bool)> {
    let (mut urls, mut is_default) = (BTreeSet::new(), false);
    for index in settings.get("index").and_then(Value::as_array).into_iter().flatten() {
        urls.extend(index.get("url").and_then(Value::as_str).map(plain));
        is_default |= index.get("default").and_then(Value::as_bool) == Some(true);
    }
    if let Some(url) = settings.get("index-url").and_then(Value::as_str) {
        urls.insert(plain(url));
        is_default = true;
    }
    for key in ["extra-index-url", "find-links"] {
        let list = settings.get(key).and_then(Value::as_array).into_iter().flatten();
        urls.extend(list.filter_map(Value::as_str).map(plain));
    }
    is_default |= settings.get("no-index").and_then(Value::as_bool) == Some(true);
    (!urls.is_empty()).then_some((urls, is_default))
}

/// The named indexes in a table of settings.
pub(super) fn named(settings: Option<&Value>, into: &mut BTreeMap<String, String>) {
    let list = settings.and_then(|settings| settings.get("index")).and_then(Value::as_array);
    for index in list.into_iter().flatten().filter_map(Value::as_object) {
        let text = |key: &str, index: &Map<String, Value>| Some(index.get(key)?.as_str()?.to_owned());
        if let (Some(name), Some(url)) = (text("name", index), text("url", index)) {
            into.entry(name).or_insert_with(|| plain(&url));
        }
    }
}
