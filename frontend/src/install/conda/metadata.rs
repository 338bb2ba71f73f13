//! The description of a package, in `info/`.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::archive::{Archive, Part, damaged};
use super::error::CondaProblem;
use crate::install::limits;

const INDEX: &str = "info/index.json";
const PATHS: &str = "info/paths.json";
const LINK: &str = "info/link.json";
const FILES: &str = "info/files";
const HAS_PREFIX: &str = "info/has_prefix";

/// The placeholder of old packages whose `has_prefix` contains none.
const OLD_PLACEHOLDER: &str = "/opt/anaconda1anaconda2anaconda3";

/// The description of a package.
#[derive(Debug)]
pub(super) struct Metadata {
    /// `info/index.json`, unchanged.
    pub(super) index: Map<String, Value>,
    /// Whether it contains modules for any Python version. They are installed into the environment's
    /// `site-packages`.
    pub(super) is_noarch_python: bool,
    /// The installed files, in the order of its list.
    pub(super) paths: Vec<Listed>,
    /// Commands that call a function, as `name = module:function`.
    pub(super) entry_points: Vec<String>,
}

/// An entry of `paths.json`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Listed {
    /// The path in the package.
    #[serde(rename = "_path")]
    pub(super) path: String,
    /// The kind of the path.
    #[serde(default)]
    pub(super) path_type: PathType,
    /// The SHA-256 of the content in the package.
    #[serde(default)]
    pub(super) sha256: Option<String>,
    /// The placeholder in the content for the environment's path.
    #[serde(default)]
    pub(super) prefix_placeholder: Option<String>,
    /// The way in which the placeholder is replaced.
    #[serde(default)]
    pub(super) file_mode: Option<FileMode>,
}

/// The kind of a listed path.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum PathType {
    /// A file.
    #[default]
    HardLink,
    /// A symbolic link.
    SoftLink,
    /// An empty folder.
    Directory,
}

/// The way in which a placeholder is replaced.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileMode {
    /// The length of the content may change.
    Text,
    /// In strings with a zero byte at their end. The length stays the same.
    Binary,
}

#[derive(Deserialize)]
struct Paths {
    paths: Vec<Listed>,
}

#[derive(Deserialize)]
struct Link {
    noarch: Option<Noarch>,
}

#[derive(Deserialize)]
struct Noarch {
    #[serde(default)]
    entry_points: Vec<String>,
}

impl Metadata {
    pub(super) fn read(archive: &Archive) -> Result<Self, CondaProblem> {
        let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        archive.walk(Part::Info, &mut |path, entry| {
            if [INDEX, PATHS, LINK, FILES, HAS_PREFIX].contains(&path) {
                let limit = if [PATHS, FILES].contains(&path) { limits::LIST } else { limits::DESCRIPTION };
                let mut text = Vec::new();
                entry.take(limit + 1).read_to_end(&mut text).map_err(damaged)?;
                if text.len() as u64 > limit {
                    return Err(CondaProblem::Limit { what: "bytes in a file of its description", limit });
                }
                found.insert(path.to_owned(), text);
            }
            Ok::<(), CondaProblem>(())
        })?;
        let index: Map<String, Value> = json(INDEX, found.get(INDEX))?;
        let is_noarch_python = is_noarch_python(&index);
        let paths = match found.get(PATHS) {
            Some(text) => json::<Paths>(PATHS, Some(text))?.paths,
            None => old_paths(&found)?,
        };
        if paths.len() as u64 > limits::ROWS {
            return Err(CondaProblem::Limit { what: "files", limit: limits::ROWS });
        }
        let entry_points = match found.get(LINK) {
            Some(text) if is_noarch_python => {
                json::<Link>(LINK, Some(text))?.noarch.map(|noarch| noarch.entry_points).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        Ok(Self { index, is_noarch_python, paths, entry_points })
    }

    /// A text of `index.json`.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.index.get(key).and_then(Value::as_str)
    }
}

/// Whether the package is `noarch: python`. The oldest packages have `true` or `noarch_python` instead.
fn is_noarch_python(index: &Map<String, Value>) -> bool {
    index.get("noarch").and_then(Value::as_str) == Some("python")
        || index.get("noarch_python").and_then(Value::as_bool) == Some(true)
}

fn json<T: for<'de> Deserialize<'de>>(file: &'static str, text: Option<&Vec<u8>>) -> Result<T, CondaProblem> {
    let text = text.ok_or(CondaProblem::Missing(file))?;
    serde_json::from_slice(text).map_err(|error| CondaProblem::Metadata { file, message: error.to_string() })
}

/// The lists of packages that are older than `paths.json`. The archive shows which paths are links.
fn old_paths(found: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Listed>, CondaProblem> {
    let files = found.get(FILES).ok_or(CondaProblem::Missing(PATHS))?;
    let files = text(FILES, files)?;
    let prefixes = match found.get(HAS_PREFIX) {
        Some(bytes) => text(HAS_PREFIX, bytes)?.lines().filter_map(placeholder).collect(),
        None => BTreeMap::new(),
    };
    let paths = files.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(paths
        .map(|path| {
            let prefix = prefixes.get(path);
            Listed {
                path: path.to_owned(),
                path_type: PathType::HardLink,
                sha256: None,
                prefix_placeholder: prefix.map(|(placeholder, _)| placeholder.clone()),
                file_mode: prefix.map(|(_, mode)| *mode),
            }
        })
        .collect())
}

fn text<'t>(file: &'static str, bytes: &'t [u8]) -> Result<&'t str, CondaProblem> {
    std::str::from_utf8(bytes).map_err(|error| CondaProblem::Metadata { file, message: error.to_string() })
}

/// A line of `has_prefix`: `PLACEHOLDER MODE PATH`, where each word may be quoted, or only a path.
fn placeholder(line: &str) -> Option<(String, (String, FileMode))> {
    let words = shlex::split(line)?;
    match words.as_slice() {
        [path] => Some((path.clone(), (OLD_PLACEHOLDER.to_owned(), FileMode::Text))),
        [placeholder, mode, path] => {
            let mode = if mode == "binary" { FileMode::Binary } else { FileMode::Text };
            Some((path.clone(), (placeholder.clone(), mode)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lists_say_which_files_have_a_placeholder() {
        let found = BTreeMap::from([
            (FILES.to_owned(), b"bin/a\nbin/b\nlib/c.so\n".to_vec()),
            (
                HAS_PREFIX.to_owned(),
                b"bin/a\n/place text bin/b\n\"/the place\" binary \"lib/c.so\"\n".to_vec(),
            ),
        ]);
        let paths = old_paths(&found).unwrap();
        let of = |at: usize| (paths[at].prefix_placeholder.as_deref().unwrap(), paths[at].file_mode.unwrap());
        assert_eq!(of(0), (OLD_PLACEHOLDER, FileMode::Text));
        assert_eq!(of(1), ("/place", FileMode::Text));
        assert_eq!(of(2), ("/the place", FileMode::Binary));
    }
}
