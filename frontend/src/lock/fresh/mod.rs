//! Checks whether a lock is up to date with its project, as far as its format allows.
//!
//! Three formats contain a hash of their inputs: the SHA-256 of a JSON text that Python's `json` wrote. So
//! this module makes the same text, byte for byte. uv stores the requirements and the settings. A lock counts
//! as up to date if its inputs cannot be read or compared.

mod compiled;
mod json;
mod markers;
mod uv;

pub use compiled::Unsatisfied;
pub(super) use compiled::unsatisfied;
pub(super) use json::convert;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use self::json::{Spacing, of_toml, to_python};
use super::model::Trace;
use crate::pep508::Name;

/// A lock that is older than its project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The difference between the lock and the project.
    pub reason: Reason,
    /// The command that locks again.
    pub command: &'static str,
}

/// The difference between a stale lock and its project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The hash in the lock differs from the hash of the manifest.
    ContentHash,
    /// The project requires packages that the lock does not contain.
    Added(Vec<String>),
    /// The lock contains packages that the project no longer requires.
    Removed(Vec<String>),
    /// The project requires packages in another way: with other versions, another marker or another source.
    Changed(Vec<String>),
    /// Extras or groups were added or removed.
    Choices(Vec<String>),
    /// The lock was made with other values of these settings.
    Settings(Vec<String>),
    /// The lock belongs to another project.
    Project {
        /// The project in the lock.
        locked: String,
        /// The project beside the lock.
        found: String,
    },
    /// The project became a package that is built, or is no longer one.
    Package {
        /// The project.
        name: String,
        /// Whether the project is now a package.
        is_package: bool,
    },
    /// The project's tool refuses the groups of the project; the text gives the reason.
    Groups(String),
    /// The lock was made for another Python version than the project requires.
    RequiresPython {
        /// The Python version of the lock.
        locked: String,
        /// The Python version that the project requires.
        required: String,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentHash => f.write_str("its dependencies are not those that were locked"),
            Self::Added(names) => write!(f, "not locked: {}", names.join(", ")),
            Self::Removed(names) => write!(f, "locked, but no longer asked for: {}", names.join(", ")),
            Self::Changed(names) => write!(f, "locked for other requirements: {}", names.join(", ")),
            Self::Choices(names) => write!(f, "locked with other extras and groups: {}", names.join(", ")),
            Self::Settings(keys) => write!(f, "locked with other settings: {}", keys.join(", ")),
            Self::Groups(words) => f.write_str(words),
            Self::Project { locked, found } => write!(f, "locked for the project `{locked}`, not `{found}`"),
            Self::Package { name, is_package: true } => {
                write!(f, "`{name}` was locked as no package, and is one")
            }
            Self::Package { name, is_package: false } => {
                write!(f, "`{name}` was locked as a package, and is none")
            }
            Self::RequiresPython { locked, required } => {
                write!(f, "locked for Python {locked}, but the project requires {required}")
            }
        }
    }
}

/// The files beside a lock.
#[derive(Clone, Debug, Default)]
pub struct Beside<'m> {
    /// The text of the manifest.
    pub manifest: &'m str,
    /// The text of `uv.toml`.
    pub settings: Option<&'m str>,
    /// The manifests of other projects, by folder relative to the lock.
    pub projects: BTreeMap<String, String>,
    /// The folders that match the patterns of the workspace, without the lock's own folder. `None` if the
    /// patterns cannot be followed.
    pub members: Option<BTreeSet<String>>,
    /// The folders of the lock's members that are ignored. These members have not been removed.
    pub hidden: BTreeSet<String>,
}

/// The check of a format without a copy of its inputs. [`Lock::unsatisfied`](super::Lock::unsatisfied) checks
/// such locks.
pub(super) fn unknown(_: &Trace, _: &Beside<'_>) -> Vec<(String, Reason)> {
    Vec::new()
}

/// A difference in the folder of the lock.
fn here(reason: Option<Reason>) -> Vec<(String, Reason)> {
    reason.map(|reason| (".".to_owned(), reason)).into_iter().collect()
}

/// uv: compares the requirements of the projects, and the settings.
pub(super) fn uv(trace: &Trace, beside: &Beside<'_>) -> Vec<(String, Reason)> {
    match trace {
        Trace::Asked(asked) => uv::reasons(asked, beside),
        Trace::None | Trace::Hash(_) => Vec::new(),
    }
}

/// Poetry: `metadata.content-hash`. Before version 2.3, Poetry does not include dependency groups.
pub(super) fn poetry(trace: &Trace, beside: &Beside<'_>) -> Vec<(String, Reason)> {
    here(poetry_reason(trace, beside.manifest))
}

fn poetry_reason(trace: &Trace, manifest: &str) -> Option<Reason> {
    let Trace::Hash(locked) = trace else { return None };
    let manifest = of_toml(manifest)?;
    let mut candidates = vec![Some(poetry_content(&manifest, true))];
    if locked.may_lack_groups {
        candidates.push(Some(poetry_content(&manifest, false)));
    }
    differs(&locked.text, candidates.into_iter(), Spacing::Wide)
}

fn poetry_content(manifest: &Value, with_groups: bool) -> Value {
    const LEGACY: [&str; 4] = ["dependencies", "source", "extras", "dev-dependencies"];
    let mut project = Map::new();
    for key in ["requires-python", "dependencies", "optional-dependencies"] {
        if let Some(value) = manifest.get("project").and_then(|project| project.get(key)) {
            project.insert(key.to_owned(), value.clone());
        }
    }
    let groups = manifest.get("dependency-groups").and_then(Value::as_object);
    let groups = groups.filter(|groups| with_groups && !groups.is_empty());
    let poetry = manifest.get("tool").and_then(|tool| tool.get("poetry"));
    let mut relevant = Map::new();
    for key in LEGACY.into_iter().chain(["group"]) {
        match poetry.and_then(|poetry| poetry.get(key)) {
            Some(value) => relevant.insert(key.to_owned(), value.clone()),
            // Without the standard tables, Poetry writes the legacy keys as empty values.
            None if LEGACY.contains(&key) && project.is_empty() && groups.is_none() => {
                relevant.insert(key.to_owned(), Value::Null)
            }
            None => continue,
        };
    }
    if project.is_empty() && groups.is_none() {
        return Value::Object(relevant);
    }
    let mut content = Map::new();
    if !project.is_empty() {
        content.insert("project".to_owned(), Value::Object(project));
    }
    if let Some(groups) = groups {
        content.insert("dependency-groups".to_owned(), Value::Object(groups.clone()));
    }
    content.insert("tool".to_owned(), serde_json::json!({ "poetry": relevant }));
    Value::Object(content)
}

/// pdm: `metadata.content_hash`. Earlier versions include only the overrides of the resolution.
pub(super) fn pdm(trace: &Trace, beside: &Beside<'_>) -> Vec<(String, Reason)> {
    here(pdm_reason(trace, beside.manifest))
}

fn pdm_reason(trace: &Trace, manifest: &str) -> Option<Reason> {
    let Trace::Hash(locked) = trace else { return None };
    let locked = locked.text.strip_prefix("sha256:")?;
    let manifest = of_toml(manifest)?;
    let candidates = [pdm_content(&manifest, "resolution"), pdm_content(&manifest, "overrides")];
    differs(locked, candidates.into_iter(), Spacing::Wide)
}

fn pdm_content(manifest: &Value, resolution_key: &str) -> Option<Value> {
    let project = manifest.get("project");
    let pdm = manifest.get("tool").and_then(|tool| tool.get("pdm"));
    let or = |value: Option<&Value>, other: Value| value.cloned().unwrap_or(other);
    let mut development = Map::new();
    for (name, list) in manifest.get("dependency-groups").and_then(Value::as_object).into_iter().flatten() {
        development.insert(Name::new(name).ok()?.to_string(), list.clone());
    }
    let own = pdm.and_then(|pdm| pdm.get("dev-dependencies")).and_then(Value::as_object);
    for (name, list) in own.into_iter().flatten() {
        let entry = development.entry(Name::new(name).ok()?.to_string());
        let entry = entry.or_insert_with(|| Value::Array(Vec::new())).as_array_mut()?;
        entry.extend(list.as_array()?.iter().cloned());
    }
    let nothing = || Value::Object(Map::new());
    let resolution = or(pdm.and_then(|pdm| pdm.get("resolution")), nothing());
    let resolution = match resolution_key {
        "overrides" => or(resolution.get("overrides"), nothing()),
        _ => resolution,
    };
    let get = |key: &str| project.and_then(|project| project.get(key));
    let mut content = Map::new();
    content.insert("sources".into(), or(pdm.and_then(|pdm| pdm.get("source")), Value::Array(Vec::new())));
    content.insert("dependencies".into(), or(get("dependencies"), Value::Array(Vec::new())));
    content.insert("dev-dependencies".into(), Value::Object(development));
    content.insert("optional-dependencies".into(), or(get("optional-dependencies"), nothing()));
    content.insert("requires-python".into(), or(get("requires-python"), Value::String(String::new())));
    content.insert(resolution_key.to_owned(), resolution);
    Some(Value::Object(content))
}

/// pipenv: `_meta.hash.sha256` of the `Pipfile`. Later versions normalise the package names.
pub(super) fn pipfile(trace: &Trace, beside: &Beside<'_>) -> Vec<(String, Reason)> {
    here(pipfile_reason(trace, beside.manifest))
}

fn pipfile_reason(trace: &Trace, manifest: &str) -> Option<Reason> {
    let Trace::Hash(locked) = trace else { return None };
    let manifest = of_toml(manifest)?;
    let sources = match manifest.get("source") {
        Some(sources) => sources.clone(),
        // Without a source, pipenv's hash includes its default source, whose URL is in the lock. A lock
        // without a source was edited by hand, and does not contain the URL.
        None if locked.sources.as_array().is_none_or(Vec::is_empty) => return None,
        None if is_default(&locked.sources) => locked.sources.clone(),
        None => Value::Array(Vec::new()),
    };
    let content = |normalise| Some(pipfile_content(&manifest, &sources, normalise));
    let candidates = [content(true), content(false)];
    differs(&locked.text, candidates.into_iter(), Spacing::Tight)
}

/// Whether the only source of a lock is pipenv's default source.
fn is_default(sources: &Value) -> bool {
    let names = sources.as_array().into_iter().flatten().map(|source| source.get("name"));
    names.map(|name| name.and_then(Value::as_str)).eq([Some("pypi")])
}

fn pipfile_content(manifest: &Value, sources: &Value, normalise: bool) -> Value {
    const OTHER: [&str; 7] = ["source", "requires", "scripts", "pipfile", "pipenv", "default", "develop"];
    let section = |section: Option<&Value>| {
        let entries = section.and_then(Value::as_object).into_iter().flatten();
        let entries = entries.map(|(name, value)| match Name::new(name) {
            Ok(normal) if normalise => (normal.to_string(), value.clone()),
            _ => (name.clone(), value.clone()),
        });
        Value::Object(entries.collect())
    };
    let requires = manifest.get("requires").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let mut content = Map::new();
    content.insert("_meta".to_owned(), serde_json::json!({ "sources": sources, "requires": requires }));
    content.insert("default".to_owned(), section(manifest.get("packages")));
    content.insert("develop".to_owned(), section(manifest.get("dev-packages")));
    let categories = manifest.as_object().into_iter().flatten();
    for (name, value) in categories.filter(|(name, _)| !OTHER.contains(&name.as_str())) {
        if !matches!(name.as_str(), "packages" | "dev-packages") {
            content.insert(name.clone(), section(Some(value)));
        }
    }
    Value::Object(content)
}

/// A difference if no candidate has the hash. `None` if a candidate could not be made.
fn differs(
    locked: &str,
    candidates: impl Iterator<Item = Option<Value>>,
    spacing: Spacing,
) -> Option<Reason> {
    for candidate in candidates {
        let digest = Sha256::digest(to_python(&candidate?, spacing).as_bytes());
        let hexadecimal = digest.iter().fold(String::new(), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        if hexadecimal == locked {
            return None;
        }
    }
    Some(Reason::ContentHash)
}
