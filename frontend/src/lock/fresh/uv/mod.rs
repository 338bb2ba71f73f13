//! uv: compares the inputs of a lock with the current projects and settings.
//!
//! The comparison covers what `uv lock --check` compares: members, requirements with their markers and
//! sources, extras, groups, Python versions, settings and indexes. It does not cover a project's own version,
//! because no installed package depends on it.

mod entry;
mod groups;
mod moment;
mod origin;
mod pythons;
mod settings;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;
use serde_json::{Map, Value};

use self::entry::{Asker, Entry, Sources, differ, locked_entries};
use self::origin::Around;
use self::settings::Settings;
use super::json::of_toml;
use super::markers::holds_anywhere;
use super::{Beside, Reason};
use crate::lock::location::join;
use crate::lock::model::{Asked, AskedProject};
use crate::pep508::{Name, Requirement, Wanted, parse_specifiers};

/// A current manifest.
struct Manifest {
    tree: Value,
    name: Option<Name>,
}

impl Manifest {
    fn read(text: &str) -> Option<Self> {
        let tree = of_toml(text)?;
        let name = tree.get("project").and_then(|project| project.get("name")).and_then(Value::as_str);
        let name = name.and_then(|name| Name::new(name).ok());
        Some(Self { tree, name })
    }

    fn project(&self) -> Option<&Value> {
        self.tree.get("project")
    }

    fn uv(&self) -> Option<&Value> {
        self.tree.get("tool").and_then(|tool| tool.get("uv"))
    }

    fn sources(&self) -> Option<&Map<String, Value>> {
        self.uv()?.get("sources")?.as_object()
    }

    fn pythons(&self) -> Option<VersionSpecifiers> {
        parse_specifiers(self.project()?.get("requires-python")?.as_str()?).ok()
    }

    fn is_dynamic(&self, key: &str) -> bool {
        let dynamic = self.project().and_then(|project| project.get("dynamic")).and_then(Value::as_array);
        dynamic.into_iter().flatten().filter_map(Value::as_str).any(|name| name == key)
    }

    fn groups(&self) -> Option<&Map<String, Value>> {
        self.tree.get("dependency-groups")?.as_object()
    }
}

/// The reasons why a lock is older than the projects beside it. Each has the folder of its project.
pub(super) fn reasons(asked: &Asked, beside: &Beside<'_>) -> Vec<(String, Reason)> {
    let root = Manifest::read(beside.manifest);
    let others: BTreeMap<&str, Manifest> = beside
        .projects
        .iter()
        .filter_map(|(folder, text)| Some((folder.as_str(), Manifest::read(text)?)))
        .collect();
    let workspace = Workspace { asked, beside, root: root.as_ref(), others };
    let mut found = Vec::new();
    if let Some(reason) = workspace.of_root() {
        found.push((".".to_owned(), reason));
    }
    for (folder, manifest) in &workspace.others {
        let project = asked.projects.iter().find(|project| project.folder == **folder);
        if let Some(reason) = project.and_then(|project| workspace.of_project(project, manifest)) {
            found.push(((*folder).to_owned(), reason));
        }
    }
    found
}

struct Workspace<'m> {
    asked: &'m Asked,
    beside: &'m Beside<'m>,
    root: Option<&'m Manifest>,
    others: BTreeMap<&'m str, Manifest>,
}

impl Workspace<'_> {
    /// The difference at the root of the lock: its project, the members, the Python versions and the
    /// settings.
    fn of_root(&self) -> Option<Reason> {
        let root = self.root?;
        let own = self.asked.projects.iter().find(|project| project.folder == ".");
        if let (Some(own), Some(name)) = (own, &root.name)
            && own.name != *name
        {
            return Some(Reason::Project { locked: own.name.to_string(), found: name.to_string() });
        }
        if own.is_none() && self.asked.members.is_empty() {
            // The lock of a script, or a lock that does not belong to this manifest.
            return None;
        }
        let members = self.members();
        let own = own.zip(Some(root)).and_then(|(project, root)| self.of_project(project, root));
        members
            .or_else(|| self.other_pythons())
            .or(own)
            .or_else(|| self.groups_without_project(root))
            .or_else(|| self.settings(root))
    }

    /// Members that were added or removed.
    fn members(&self) -> Option<Reason> {
        let found = self.beside.members.as_ref()?;
        let named = found.iter().filter_map(|folder| {
            let manifest = self.others.get(folder.as_str())?;
            let managed = manifest.uv().and_then(|uv| uv.get("managed")).and_then(Value::as_bool);
            manifest.name.clone().filter(|_| managed != Some(false))
        });
        let named: BTreeSet<Name> = named.collect();
        let new: Vec<String> = named
            .iter()
            .filter(|name| !self.asked.members.contains(*name))
            .map(ToString::to_string)
            .collect();
        if !new.is_empty() {
            return Some(Reason::Added(new));
        }
        let gone = self.asked.projects.iter().filter(|project| {
            project.is_member
                && project.folder != "."
                && !named.contains(&project.name)
                && !self.beside.hidden.contains(&project.folder)
        });
        let gone: Vec<String> = gone.map(|project| project.name.to_string()).collect();
        (!gone.is_empty()).then_some(Reason::Removed(gone))
    }

    /// Whether the Python versions that all projects of the workspace allow differ from those of the lock.
    fn other_pythons(&self) -> Option<Reason> {
        let locked_text = self.asked.requires_python.as_deref()?;
        let members = self.asked.projects.iter().filter(|project| project.is_member && project.folder != ".");
        let members: Option<Vec<&Manifest>> =
            members.map(|project| self.others.get(project.folder.as_str())).collect();
        // A missing project may restrict the Python versions further.
        let all: Vec<VersionSpecifiers> =
            self.root.into_iter().chain(members?).filter_map(Manifest::pythons).collect();
        if all.is_empty() {
            return None;
        }
        let locked = parse_specifiers(locked_text).ok()?;
        if pythons::range([&locked]) == pythons::range(&all) {
            return None;
        }
        let mut texts: Vec<String> = all.iter().map(ToString::to_string).collect();
        texts.dedup();
        Some(Reason::RequiresPython { locked: locked_text.to_owned(), required: texts.join(", ") })
    }

    fn settings(&self, root: &Manifest) -> Option<Reason> {
        let nothing = Value::Null;
        let file = self.beside.settings.and_then(of_toml);
        let pythons = self.pythons();
        let indexes = self.named_indexes(root);
        let members = self.member_folders();
        let around = Around { folder: ".", indexes: &indexes, members: &members };
        let sources = Sources { tables: root.sources().map(|table| (table, around)).into_iter().collect() };
        let settings = Settings {
            head: &self.asked.head,
            own: root.uv().unwrap_or(&nothing),
            file: file.as_ref(),
            sources: &sources,
            names: &self.asked.names,
            pythons: pythons.as_ref(),
        };
        let mut changed = settings.changed();
        let manifests: Vec<&Manifest> = self.member_manifests(root);
        let declared: Vec<(Option<&Name>, &Value)> = manifests
            .iter()
            .filter_map(|manifest| Some((manifest.name.as_ref(), manifest.uv()?.get("conflicts")?)))
            .collect();
        let includes = manifests.iter().any(|manifest| {
            let items = manifest.groups().into_iter().flatten().filter_map(|(_, list)| list.as_array());
            items.flatten().any(|item| item.get("include-group").is_some())
        });
        if self.has_all_members() && settings::has_other_conflicts(&self.asked.head, &declared, includes) {
            changed.push("conflicts".to_owned());
        }
        changed.extend(self.settings_of_groups(&manifests).into_iter().map(str::to_owned));
        if self.lacks_index(file.as_ref().or(root.uv()), &manifests) {
            changed.push("index".to_owned());
        }
        (!changed.is_empty()).then_some(Reason::Settings(changed))
    }

    /// Whether the lock has packages from an index that the settings no longer name. If no index replaces the
    /// default one, one URL may be that of the default index.
    fn lacks_index(&self, settings: Option<&Value>, manifests: &[&Manifest]) -> bool {
        let Some((mut known, is_default)) = settings.and_then(settings::indexes) else { return false };
        for manifest in manifests {
            known.extend(manifest.uv().and_then(settings::indexes).into_iter().flat_map(|(urls, _)| urls));
        }
        let foreign = self.asked.registries.iter().filter(|url| url.contains("://"));
        let foreign = foreign.filter(|url| !known.contains(&origin::plain(url))).count();
        foreign > usize::from(!is_default)
    }

    /// Compares the requirements of a project with the locked ones.
    fn of_project(&self, project: &AskedProject, manifest: &Manifest) -> Option<Reason> {
        let name = manifest.name.as_ref()?;
        if project.name != *name {
            let (locked, found) = (project.name.to_string(), name.to_string());
            return project.is_member.then_some(Reason::Project { locked, found });
        }
        if let Some(reason) = self.other_kind(project, manifest) {
            return Some(reason);
        }
        let project_table = manifest.project()?;
        // Values that a build backend computes are not known here.
        let (is_dynamic, has_dynamic_extras) =
            (manifest.is_dynamic("dependencies"), manifest.is_dynamic("optional-dependencies"));
        let Some(metadata) = &project.metadata else {
            return if is_dynamic || has_dynamic_extras { None } else { self.not_satisfied(manifest) };
        };
        if !has_dynamic_extras && let Some(reason) = self.requirements_differ(project, manifest, metadata) {
            return Some(reason);
        }
        if project.is_member {
            let reason = self.groups_differ(manifest, metadata.get("requires-dev"), &project.folder, true);
            if reason.is_some() {
                return reason;
            }
        }
        if has_dynamic_extras { None } else { self.other_extras(project_table, metadata) }
    }

    /// Whether the dependencies or the extras differ from the locked ones. Dependencies that a build backend
    /// computes are left out.
    fn requirements_differ(
        &self,
        project: &AskedProject,
        manifest: &Manifest,
        metadata: &Value,
    ) -> Option<Reason> {
        let is_dynamic = manifest.is_dynamic("dependencies");
        let wanted = self.with_sources(manifest, &project.folder, |sources| {
            let table = manifest.project()?;
            let texts = table.get("dependencies").filter(|_| !is_dynamic);
            let texts = texts.and_then(Value::as_array).into_iter().flatten();
            let mut wanted = sources.all(texts.filter_map(Value::as_str), Asker::default())?;
            let extras = table.get("optional-dependencies").and_then(Value::as_object);
            for (extra, list) in extras.into_iter().flatten() {
                let extra = Name::new(extra).ok()?;
                let texts = list.as_array()?.iter().filter_map(Value::as_str);
                wanted.extend(sources.all(texts, Asker { extra: Some(&extra), ..Asker::default() })?);
            }
            Some(wanted)
        });
        let wanted = wanted?;
        // A build backend may have replaced the project's own extras by their requirements.
        if manifest.is_dynamic("version") && wanted.iter().any(|entry| entry.name == project.name) {
            return None;
        }
        let mut locked = locked_entries(metadata.get("requires-dist"))?;
        if is_dynamic {
            locked.retain(Entry::is_of_extra);
        }
        differ(&locked, &wanted, self.pythons().as_ref())
    }

    /// For a lock without a copy of the requirements: the project's requirements must be locked in matching
    /// versions.
    fn not_satisfied(&self, manifest: &Manifest) -> Option<Reason> {
        let project = manifest.project()?;
        let lists = |table: Option<&Value>| -> Vec<Value> {
            table.and_then(Value::as_object).into_iter().flatten().map(|(_, list)| list.clone()).collect()
        };
        let mut all: Vec<Value> = project.get("dependencies").cloned().into_iter().collect();
        all.extend(lists(project.get("optional-dependencies")));
        all.extend(lists(manifest.tree.get("dependency-groups")));
        let pythons = self.pythons();
        let texts = all.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        let (mut added, mut changed) = (BTreeSet::new(), BTreeSet::new());
        for requirement in texts.filter_map(|text| Requirement::parse(text).ok()) {
            let is_anywhere = requirement.marker.as_ref().is_none_or(|marker| {
                // The only environments with this requirement may be environments that the lock is not for.
                self.asked.head.get("supported-markers").is_none() && holds_anywhere(marker, pythons.as_ref())
            });
            match self.asked.names.get(&requirement.name) {
                None if is_anywhere => drop(added.insert(requirement.name.to_string())),
                Some(versions) if is_anywhere && !versions.is_empty() => {
                    if let Wanted::Versions(bounds) = &requirement.wanted
                        && !versions.iter().any(|version| bounds.contains(version))
                    {
                        changed.insert(requirement.name.to_string());
                    }
                }
                _ => {}
            }
        }
        let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>();
        if !added.is_empty() {
            return Some(Reason::Added(list(added)));
        }
        (!changed.is_empty()).then(|| Reason::Changed(list(changed)))
    }

    /// Extras that were added or removed. Their requirements were compared before.
    fn other_extras(&self, project: &Value, metadata: &Value) -> Option<Reason> {
        if self.asked.revision < 1 {
            return None;
        }
        let locked = metadata.get("provides-extras").and_then(Value::as_array).into_iter().flatten();
        let locked: BTreeSet<Name> = locked.filter_map(|name| Name::new(name.as_str()?).ok()).collect();
        let now = project.get("optional-dependencies").and_then(Value::as_object).into_iter().flatten();
        let now: BTreeSet<Name> = now.filter_map(|(name, _)| Name::new(name).ok()).collect();
        let names: Vec<String> = locked.symmetric_difference(&now).map(ToString::to_string).collect();
        (!names.is_empty()).then_some(Reason::Choices(names))
    }

    /// Whether a member became a package, or is no longer one.
    fn other_kind(&self, project: &AskedProject, manifest: &Manifest) -> Option<Reason> {
        if !project.is_member || !self.has_all_members() {
            return None;
        }
        let said = manifest.uv().and_then(|uv| uv.get("package")).and_then(Value::as_bool);
        let is_required = || {
            let manifests = self.root.into_iter().chain(self.others.values());
            manifests.filter(|other| other.name.as_ref() != Some(&project.name)).any(|other| {
                let sources = other.sources().into_iter().flatten();
                sources.filter(|(name, _)| Name::new(name).is_ok_and(|name| name == project.name)).any(
                    |(_, source)| {
                        let is_member =
                            |source: &Value| source.get("workspace").and_then(Value::as_bool) == Some(true);
                        source.as_array().map_or_else(|| is_member(source), |list| list.iter().any(is_member))
                    },
                )
            })
        };
        let has_backend = manifest.tree.get("build-system").is_some();
        let is_package = said.unwrap_or_else(|| has_backend || is_required());
        let was_package = project.kind != "virtual";
        let name = project.name.to_string();
        (is_package != was_package).then_some(Reason::Package { name, is_package })
    }

    fn pythons(&self) -> Option<VersionSpecifiers> {
        parse_specifiers(self.asked.requires_python.as_deref()?).ok()
    }

    fn has_all_members(&self) -> bool {
        let mut members = self.asked.projects.iter().filter(|project| project.is_member);
        members.all(|project| project.folder == "." || self.others.contains_key(project.folder.as_str()))
    }

    fn member_manifests<'w>(&'w self, root: &'w Manifest) -> Vec<&'w Manifest> {
        let members = self.asked.projects.iter().filter(|project| project.is_member);
        let others = members.filter_map(|project| self.others.get(project.folder.as_str()));
        std::iter::once(root).chain(others).collect()
    }

    fn member_folders(&self) -> BTreeMap<Name, String> {
        let members = self.asked.projects.iter().filter(|project| project.is_member);
        members.map(|project| (project.name.clone(), project.folder.clone())).collect()
    }

    fn named_indexes(&self, manifest: &Manifest) -> BTreeMap<String, String> {
        let mut indexes = BTreeMap::new();
        settings::named(manifest.uv(), &mut indexes);
        settings::named(self.root.and_then(Manifest::uv), &mut indexes);
        settings::named(self.beside.settings.and_then(of_toml).as_ref(), &mut indexes);
        indexes
    }

    /// Reads requirements with the sources that apply to a project: first its own, then those of the
    /// workspace's root.
    fn with_sources<T>(
        &self,
        manifest: &Manifest,
        folder: &str,
        read: impl FnOnce(&Sources<'_>) -> Option<T>,
    ) -> Option<T> {
        let indexes = self.named_indexes(manifest);
        let members = self.member_folders();
        let folder = join("", folder);
        let is_member =
            self.asked.projects.iter().any(|project| project.is_member && project.folder == folder);
        let own = manifest
            .sources()
            .map(|table| (table, Around { folder: &folder, indexes: &indexes, members: &members }));
        // uv searches the workspace of a member upwards from the member, and stops at the first manifest.
        let sees_root = !self
            .others
            .keys()
            .any(|other| folder.strip_prefix(*other).is_some_and(|rest| rest.starts_with('/')));
        let root = self.root.filter(|_| is_member && folder != "." && sees_root).and_then(Manifest::sources);
        let root = root.map(|table| (table, Around { folder: ".", indexes: &indexes, members: &members }));
        read(&Sources { tables: own.into_iter().chain(root).collect() })
    }
}
