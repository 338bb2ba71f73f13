//! The source of a required package, in a form that allows comparing a lock with a manifest.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;
use serde_json::Value;

use crate::address::decoded;
use crate::lock::location::{join, parameter};
use crate::pep508::{Marker, Name, Wanted, parse_specifiers};

/// The source of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An index. It is a named one if the manifest names one.
    Index { specifiers: VersionSpecifiers, index: Asked },
    /// A repository: its URL and the values after `?`.
    Git { address: String, rest: BTreeMap<String, String> },
    /// A file at a URL.
    Url { address: String, subdirectory: String },
    /// A source in an unknown form.
    Unknown,
    /// A file or folder: its path relative to the lock, and the kinds that it may have in the lock.
    Local { path: Option<String>, kinds: BTreeSet<&'static str> },
}

/// The index that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// No specific index.
    Any,
    /// The index with this URL.
    Index(String),
    /// An index whose URL the manifest does not contain.
    Unknown,
}

impl Origin {
    /// Whether the source in a lock is the one that a manifest asks for.
    pub(super) fn is(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (
                Self::Index { specifiers, index },
                Self::Index { specifiers: wanted_specifiers, index: wanted_index },
            ) => specifiers == wanted_specifiers && index.is(wanted_index),
            (Self::Local { path, kinds }, Self::Local { path: wanted_path, kinds: wanted_kinds }) => {
                // An absolute path cannot be compared with a path relative to the lock.
                (path.is_none() || wanted_path.is_none() || path == wanted_path)
                    && !kinds.is_disjoint(wanted_kinds)
            }
            (_, Self::Unknown) => true,
            (one, other) => one == other,
        }
    }
}

impl Asked {
    /// Whether the index in a lock is the one that a manifest asks for.
    pub(super) fn is(&self, wanted: &Self) -> bool {
        self == wanted || (*wanted == Self::Unknown && *self != Self::Any)
    }
}

/// The source in an entry of a lock.
pub(super) fn locked(entry: &Value) -> Option<Origin> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    if let Some(git) = text("git") {
        return Some(git_of(git));
    }
    if let Some(url) = text("url") {
        let subdirectory = text("subdirectory").unwrap_or_default().to_owned();
        return Some(Origin::Url { address: plain(url), subdirectory });
    }
    for kind in ["path", "directory", "editable", "virtual"] {
        if let Some(path) = text(kind) {
            let path = (!path.starts_with('/')).then(|| join("", path));
            return Some(Origin::Local { path, kinds: BTreeSet::from([kind]) });
        }
    }
    let specifiers = parse_specifiers(text("specifier").unwrap_or_default()).ok()?;
    let index = text("index").map_or(Asked::Any, |url| Asked::Index(plain(url)));
    Some(Origin::Index { specifiers, index })
}

/// The source in a requirement itself.
pub(super) fn of_requirement(wanted: &Wanted) -> Origin {
    match wanted {
        Wanted::Versions(specifiers) => Origin::Index { specifiers: specifiers.clone(), index: Asked::Any },
        Wanted::Url(url) => match url.strip_prefix("git+") {
            Some(git) => git_of_requirement(git),
            None if url.starts_with("file:") || !url.contains("://") => Origin::Local {
                path: None,
                kinds: BTreeSet::from(["path", "directory", "editable", "virtual"]),
            },
            None => {
                let (address, fragment) = url.split_once('#').unwrap_or((url, ""));
                let subdirectory = parameter(fragment, "subdirectory").unwrap_or_default();
                Origin::Url { address: plain(address), subdirectory }
            }
        },
    }
}

/// The context of a manifest's sources.
pub(super) struct Around<'m> {
    /// The base folder for paths of the sources, relative to the lock.
    pub(super) folder: &'m str,
    /// The URLs of indexes by name.
    pub(super) indexes: &'m BTreeMap<String, String>,
    /// The folders of the workspace's members.
    pub(super) members: &'m BTreeMap<Name, String>,
}

/// A source of `[tool.uv.sources]`, and the marker under which it applies. `None` if the marker cannot be
/// read.
pub(super) fn of_source(
    name: &Name,
    wanted: &Wanted,
    source: &Value,
    around: &Around<'_>,
) -> Option<(Origin, Option<Marker>)> {
    let text = |key: &str| source.get(key).and_then(Value::as_str);
    let flag = |key: &str| source.get(key).and_then(Value::as_bool);
    let marker = match text("marker") {
        Some(text) => Some(Marker::parse(text).ok()?),
        None => None,
    };
    let origin = if let Some(git) = text("git") {
        let keys = ["subdirectory", "path", "branch", "tag", "rev"];
        let mut rest: BTreeMap<String, String> =
            keys.iter().filter_map(|key| Some(((*key).to_owned(), text(key)?.to_owned()))).collect();
        if flag("lfs") == Some(true) {
            rest.insert("lfs".to_owned(), "true".to_owned());
        }
        Origin::Git { address: plain(git), rest }
    } else if let Some(url) = text("url") {
        let address = url.split('#').next().unwrap_or(url);
        let subdirectory = text("subdirectory").unwrap_or_default().to_owned();
        Origin::Url { address: plain(address), subdirectory }
    } else if let Some(path) = text("path") {
        let kinds: &[&'static str] = match (flag("editable"), flag("package")) {
            _ if is_archive(path) => &["path"],
            (_, Some(false)) => &["virtual"],
            (Some(true), _) => &["editable"],
            // The folder's own manifest can declare that it is not a package.
            _ => &["directory", "virtual"],
        };
        let path = (!path.starts_with('/')).then(|| join(around.folder, path));
        Origin::Local { path, kinds: kinds.iter().copied().collect() }
    } else if let Some(index) = text("index") {
        let index = around.indexes.get(index).map_or(Asked::Unknown, |url| Asked::Index(url.clone()));
        match wanted {
            Wanted::Versions(specifiers) => Origin::Index { specifiers: specifiers.clone(), index },
            Wanted::Url(_) => Origin::Unknown,
        }
    } else if flag("workspace") == Some(true) {
        let kinds: &[&'static str] = if flag("editable") == Some(false) {
            &["directory", "virtual"]
        } else {
            &["editable", "virtual"]
        };
        // uv fails if the member does not exist.
        let path = around.members.get(name).cloned().unwrap_or_default();
        Origin::Local { path: Some(path), kinds: kinds.iter().copied().collect() }
    } else {
        Origin::Unknown
    };
    Some((origin, marker))
}

fn is_archive(path: &str) -> bool {
    const ENDS: [&str; 9] =
        [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar", ".tar.lzma"];
    ENDS.iter().any(|end| path.ends_with(end))
}

/// A URL without credentials and without a slash at its end.
pub(super) fn plain(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    format!("{scheme}://{host}/{}", path.trim_end_matches('/'))
}

/// A repository in uv's form: `ADDRESS?rev=REV#COMMIT`.
fn git_of(text: &str) -> Origin {
    let text = text.split('#').next().unwrap_or(text);
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let rest = pairs.map(|(key, value)| (key.to_owned(), decoded(&value.replace('+', " ")))).collect();
    Origin::Git { address: plain(address), rest }
}

/// A repository in the form of a requirement: `ADDRESS@REV#subdirectory=FOLDER`.
fn git_of_requirement(text: &str) -> Origin {
    let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
    let mut rest = BTreeMap::new();
    if let Some(subdirectory) = parameter(fragment, "subdirectory") {
        rest.insert("subdirectory".to_owned(), subdirectory);
    }
    let path = text
        .split_once("://")
        .map_or(0, |(scheme, rest)| scheme.len() + 3 + rest.find('/').unwrap_or(rest.len()));
    let address = match text.rfind('@').filter(|at| *at > path) {
        Some(at) => {
            let (address, revision) = text.split_at(at);
            rest.insert("rev".to_owned(), decoded(revision.trim_start_matches('@')));
            address
        }
        None => text,
    };
    Origin::Git { address: plain(address), rest }
}
