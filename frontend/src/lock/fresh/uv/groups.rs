//! The groups of projects: their requirements, their Python bounds, and the groups that uv installs by
//! default.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;
use serde_json::Value;

use super::entry::{Asker, Entry, differ, locked_entries};
use super::{Manifest, Reason, Workspace, pythons};
use crate::pep508::{Marker, Name, parse_specifiers};

/// The maximum number of groups that one group can include, counted with repetitions.
const MOST_INCLUDED: usize = 10_000;

/// The maximum depth of groups that include each other.
const DEEPEST: usize = 64;

/// The first revision of `uv.lock` that contains the Python bounds of groups and the default groups.
const WITH_SETTINGS: u64 = 5;

/// A requirement of a group, or of an included group.
struct Text<'m> {
    text: &'m str,
    /// The Python bounds of the group with the requirement, and of the groups that include it.
    pythons: Vec<Marker>,
}

/// The groups of one manifest.
struct Groups<'m> {
    lists: BTreeMap<Name, &'m Value>,
    pythons: BTreeMap<Name, VersionSpecifiers>,
}

impl<'m> Groups<'m> {
    /// `None` if the manifest has something that uv cannot read either.
    fn of(manifest: &'m Manifest) -> Option<Self> {
        let mut lists = BTreeMap::new();
        for (name, list) in manifest.groups().into_iter().flatten() {
            lists.insert(Name::new(name).ok()?, list);
        }
        let tables = manifest.uv().and_then(|uv| uv.get("dependency-groups")).and_then(Value::as_object);
        let mut pythons = BTreeMap::new();
        for (name, table) in tables.into_iter().flatten() {
            if let Some(text) = table.get("requires-python") {
                pythons.insert(Name::new(name).ok()?, parse_specifiers(text.as_str()?).ok()?);
            }
        }
        Some(Self { lists, pythons })
    }

    /// An include of a missing group. uv refuses such a project.
    fn missing(&self) -> Option<Reason> {
        for (group, list) in &self.lists {
            for item in list.as_array().into_iter().flatten() {
                let included = item.get("include-group").and_then(Value::as_str);
                let included = included.and_then(|name| Name::new(name).ok());
                if let Some(included) = included.filter(|included| !self.lists.contains_key(included)) {
                    let words = format!("the group `{group}` includes `{included}`, which is not there");
                    return Some(Reason::Groups(words));
                }
            }
        }
        let unknown = self.pythons.keys().find(|group| !self.lists.contains_key(*group))?;
        Some(Reason::Groups(format!(
            "`[tool.uv.dependency-groups]` names the group `{unknown}`, which is not there"
        )))
    }

    /// Visits a group and every group that it includes, each with the path to it. `None` if an included group
    /// is missing, or if there are more includes than any project has. uv reports these errors.
    fn visit(
        &self,
        group: &Name,
        way: &mut Vec<Name>,
        left: &mut usize,
        see: &mut impl FnMut(&[Name], &'m Value),
    ) -> Option<()> {
        *left = left.checked_sub(1)?;
        if way.len() > DEEPEST {
            return None;
        }
        way.push(group.clone());
        for item in self.lists.get(group)?.as_array()? {
            if item.is_string() {
                see(way, item);
            } else {
                let included = Name::new(item.get("include-group")?.as_str()?).ok()?;
                see(way, item);
                self.visit(&included, way, left, see)?;
            }
        }
        way.pop();
        Some(())
    }

    /// The requirements of a group. uv writes the Python bounds of groups into the markers.
    fn texts(&self, group: &Name) -> Option<Vec<Text<'m>>> {
        let mut texts = Vec::new();
        self.visit(group, &mut Vec::new(), &mut { MOST_INCLUDED }, &mut |way, item| {
            let bounds = way.iter().filter_map(|name| self.pythons.get(name));
            let markers = bounds.filter_map(|bounds| pythons::range([bounds])?.marker());
            if let Some(text) = item.as_str() {
                texts.push(Text { text, pythons: markers.collect() });
            }
        })?;
        Some(texts)
    }

    /// The Python bounds of a group and of all groups that it includes, as texts.
    fn pythons_of(&self, group: &Name) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::from([group.clone()]);
        self.visit(group, &mut Vec::new(), &mut { MOST_INCLUDED }, &mut |_, item| {
            let included = item.get("include-group").and_then(Value::as_str);
            names.extend(included.and_then(|name| Name::new(name).ok()));
        })?;
        let bounds = names.iter().filter_map(|name| self.pythons.get(name));
        Some(bounds.flat_map(|bounds| bounds.iter()).map(ToString::to_string).collect())
    }
}

impl Workspace<'_> {
    /// The group settings of a lock that differ from those in the members' manifests.
    pub(super) fn settings_of_groups(&self, manifests: &[&Manifest]) -> Vec<&'static str> {
        if self.asked.revision < WITH_SETTINGS {
            return Vec::new();
        }
        let mut changed = BTreeSet::new();
        for manifest in manifests {
            let (default_groups, group_pythons) = match &manifest.name {
                Some(name) => {
                    let mut projects = self.asked.projects.iter().filter(|project| project.is_member);
                    let Some(project) = projects.find(|project| project.name == *name) else { continue };
                    (project.default_groups.as_ref(), project.group_pythons.as_ref())
                }
                None => {
                    let head = self.asked.head.get("manifest");
                    let get = |key: &str| head.and_then(|head| head.get(key));
                    (get("default-groups"), get("group-requires-python"))
                }
            };
            if has_other_default_groups(manifest, default_groups) {
                changed.insert("default-groups");
            }
            if has_other_pythons(manifest, group_pythons) == Some(true) {
                changed.insert("dependency-groups");
            }
        }
        changed.into_iter().collect()
    }

    /// The differences in groups of a workspace whose root is not a project.
    pub(super) fn groups_without_project(&self, root: &Manifest) -> Option<Reason> {
        if root.project().is_some() {
            return None;
        }
        let locked = self.asked.head.get("manifest").and_then(|manifest| manifest.get("dependency-groups"));
        self.groups_differ(root, locked, ".", false)
    }

    /// The groups that differ from the locked ones. `None` if a group cannot be read.
    pub(super) fn groups_differ(
        &self,
        manifest: &Manifest,
        locked: Option<&Value>,
        folder: &str,
        has_empty: bool,
    ) -> Option<Reason> {
        let has_empty = has_empty && self.asked.revision >= 1;
        let groups = Groups::of(manifest)?;
        if let Some(reason) = groups.missing() {
            return Some(reason);
        }
        let mut wanted: BTreeMap<Name, Vec<Text<'_>>> = BTreeMap::new();
        for name in groups.lists.keys() {
            // The lock contains the requirements of included groups too. Their own lists are compared
            // separately.
            wanted.insert(name.clone(), groups.texts(name)?);
        }
        let legacy = manifest.uv().and_then(|uv| uv.get("dev-dependencies")).and_then(Value::as_array);
        if let Some(legacy) = legacy {
            let texts = legacy.iter().filter_map(Value::as_str);
            let texts = texts.map(|text| Text { text, pythons: Vec::new() });
            wanted.entry(Name::fixed("dev")).or_default().extend(texts);
        }
        let mut known: BTreeMap<Name, Vec<Entry>> = BTreeMap::new();
        for (group, list) in locked.and_then(Value::as_object).into_iter().flatten() {
            known.insert(Name::new(group).ok()?, locked_entries(Some(list))?);
        }
        if !has_empty {
            wanted.retain(|_, texts| !texts.is_empty());
            known.retain(|_, entries| !entries.is_empty());
        }
        let pythons = self.pythons();
        let names: BTreeSet<&Name> = wanted.keys().chain(known.keys()).collect();
        for group in names {
            let texts = wanted.get(group).map_or(&[][..], Vec::as_slice);
            let entries = self.with_sources(manifest, folder, |sources| {
                let lists = texts.iter().map(|Text { text, pythons }| {
                    sources.entries(text, Asker { extra: None, group: Some(group), pythons })
                });
                lists.collect::<Option<Vec<_>>>().map(|lists| lists.concat())
            })?;
            let known = known.get(group).map_or(&[][..], Vec::as_slice);
            if let Some(reason) = differ(known, &entries, pythons.as_ref()) {
                return Some(reason);
            }
        }
        let gone = known.iter().filter(|(group, _)| !wanted.contains_key(*group));
        let new = wanted.keys().filter(|group| !known.contains_key(*group));
        let names: BTreeSet<String> =
            gone.map(|(group, _)| group).chain(new).map(ToString::to_string).collect();
        (!names.is_empty()).then(|| Reason::Choices(names.into_iter().collect()))
    }
}

/// Whether the groups that uv installs by default have changed.
fn has_other_default_groups(manifest: &Manifest, locked: Option<&Value>) -> bool {
    let usual = Value::Array(vec![Value::from("dev")]);
    let now = manifest.uv().and_then(|uv| uv.get("default-groups")).unwrap_or(&usual);
    let locked = locked.unwrap_or(&usual);
    let set = |value: &Value| -> Option<BTreeSet<Name>> {
        value.as_array()?.iter().map(|name| Name::new(name.as_str()?).ok()).collect()
    };
    locked != now && set(locked).is_none_or(|locked| set(now) != Some(locked))
}

/// Whether the Python bounds of groups have changed. uv compares the texts of all bounds, and not their
/// meaning.
fn has_other_pythons(manifest: &Manifest, locked: Option<&Value>) -> Option<bool> {
    let groups = Groups::of(manifest)?;
    let mut known = BTreeMap::new();
    for (group, text) in locked.and_then(Value::as_object).into_iter().flatten() {
        let bounds = parse_specifiers(text.as_str()?).ok()?;
        let texts: BTreeSet<String> = bounds.iter().map(ToString::to_string).collect();
        known.insert(Name::new(group).ok()?, texts);
    }
    let mut now = BTreeMap::new();
    for name in groups.lists.keys() {
        let texts = groups.pythons_of(name)?;
        if !texts.is_empty() {
            now.insert(name.clone(), texts);
        }
    }
    Some(known != now)
}
