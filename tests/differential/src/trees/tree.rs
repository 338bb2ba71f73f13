//! The files that an installer has written, in a form that can be compared between installers.
//!
//! This module removes all differences that have a good reason. No other module does:
//! - `INSTALLER` has the name of the installer.
//! - `direct_url.json` names the file, because uv and pip got a path. A build that takes the wheel from an
//!   index does not write this file.
//! - `uv_cache.json` and `uv_build.json` are internal files of uv.
//! - The first line of scripts has the path of the interpreter of each environment.
//! - Each installer has its own text for the launchers of entry points. Only the imported module and the
//!   called function are compared.
//! - RECORD: uv and pip copy the rows of the wheel, right or wrong. pybuild writes a row with a right hash
//!   for each file. So each right row of a tool must exist, and the RECORD of pybuild must be right and
//!   complete.
//! - pip does not make a script executable if it is not executable in the wheel.
//! - The times of files are not compared, because pybuild sets all times to the same value.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::failure::Failure;

/// How much of a file is shown.
const SHOWN: usize = 300;

/// Files of the metadata that are the installer's own. RECORD is compared by its rows.
const OWN: [&str; 5] = ["INSTALLER", "RECORD", "direct_url.json", "uv_cache.json", "uv_build.json"];

/// An environment after the installation, less what every environment has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    files: BTreeMap<String, Entry>,
    /// The rows of RECORD that tell the truth, by the path below the environment.
    rows: BTreeSet<(String, String)>,
    /// What is wrong with RECORD.
    faults: Vec<String>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    mode: u32,
    hash: String,
    shown: String,
    /// Whether the installer wrote other bytes than the wheel has.
    rewritten: bool,
}

/// An environment on disk.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Its Python, as scripts name it.
    pub(crate) interpreter: String,
    /// `3.11`.
    pub(crate) python: String,
}

impl Place {
    /// Where packages are.
    pub(crate) fn site(&self) -> String {
        format!("lib/python{}/site-packages", self.python)
    }
}

impl Tree {
    /// Reads what is below `place`, less the paths of `skeleton`.
    pub(crate) fn read(place: &Place, skeleton: &[String]) -> Result<Self, Failure> {
        let mut paths = BTreeMap::new();
        walk(&place.root, "", &mut paths)?;
        for path in skeleton {
            paths.remove(path);
        }
        let site = place.site();
        let mut tree = Self::default();
        let mut hashes: BTreeMap<String, (Vec<u8>, usize)> = BTreeMap::new();
        for (path, mode) in &paths {
            if *mode == 0 {
                let entry = Entry { mode: 0, hash: String::new(), shown: String::new(), rewritten: false };
                tree.files.insert(path.clone(), entry);
                continue;
            }
            let full = place.root.join(path);
            let bytes = if *mode == LINK {
                let target = std::fs::read_link(&full).map_err(Failure::io(path.as_str()))?;
                target.to_string_lossy().into_owned().into_bytes()
            } else {
                std::fs::read(&full).map_err(Failure::io(path.as_str()))?
            };
            hashes.insert(path.clone(), (Sha256::digest(&bytes).to_vec(), bytes.len()));
            if is_own(path, &site) {
                continue;
            }
            let (content, rewritten) = normal(path, &bytes, &place.interpreter);
            let entry = Entry {
                mode: *mode,
                hash: URL_SAFE_NO_PAD.encode(Sha256::digest(&content)),
                shown: content
                    .iter()
                    .take(SHOWN)
                    .flat_map(|byte| byte.escape_ascii())
                    .map(char::from)
                    .collect(),
                rewritten,
            };
            tree.files.insert(path.clone(), entry);
        }
        let is_record = |path: &&String| {
            let parts = path.strip_prefix(&site).and_then(|rest| rest.strip_prefix('/'));
            parts.and_then(|rest| rest.split_once('/')).is_some_and(|(top, file)| {
                file == "RECORD" && Path::new(top).extension().is_some_and(|end| end == "dist-info")
            })
        };
        let records: Vec<&String> = paths.keys().filter(is_record).collect();
        let [record] = records.as_slice() else {
            tree.faults.push(format!("there are {} RECORDs", records.len()));
            return Ok(tree);
        };
        let text = std::fs::read_to_string(place.root.join(record)).map_err(Failure::io(record.as_str()))?;
        let mut listed = BTreeSet::new();
        for fields in rows(&text) {
            let [path, hash, bytes] = fields.as_slice() else {
                tree.faults.push(format!("RECORD has a line with {} fields", fields.len()));
                continue;
            };
            let path = resolved(&site, path);
            listed.insert(path.clone());
            let Some((found, length)) = hashes.get(&path) else {
                tree.faults.push(format!("RECORD has `{path}`, which is not there"));
                continue;
            };
            let is_right = is_hash_of(hash, found, &place.root.join(&path))?;
            let is_itself = path == **record && hash.is_empty();
            if !is_itself && (!is_right || *bytes != length.to_string()) {
                tree.faults.push(format!("RECORD has a wrong row for `{path}`: {hash},{bytes}"));
            } else if !is_own(&path, &site) && tree.files.get(&path).is_some_and(|file| !file.rewritten) {
                tree.rows.insert((path, format!("{hash},{bytes}")));
            }
        }
        for path in hashes.keys().filter(|path| !listed.contains(*path)) {
            tree.faults.push(format!("RECORD does not have `{path}`"));
        }
        Ok(tree)
    }

    /// In which way a tree of pybuild differs from the trees of the tools. Where the tools differ about a
    /// path, pybuild has to be with one of them.
    pub(crate) fn differences(&self, tools: &[(&str, &Self)]) -> Vec<String> {
        let mut lines = Vec::new();
        let trees = tools.iter().map(|(_, tree)| *tree).chain([self]);
        let paths: BTreeSet<&String> = trees.flat_map(|tree| tree.files.keys()).collect();
        for path in paths {
            let ours = self.files.get(path);
            let found: Vec<_> =
                tools.iter().filter_map(|(name, tree)| differs(path, ours, tree, name)).collect();
            if found.len() == tools.len() {
                lines.extend(found);
            }
        }
        for (name, tool) in tools {
            for (path, row) in tool.rows.difference(&self.rows) {
                // The file may be another one than the tool's: then its row is another one, too.
                if tool.files.get(path).map(|file| &file.hash) == self.files.get(path).map(|file| &file.hash)
                {
                    lines.push(format!("RECORD of pybuild lacks the row `{path},{row}` of {name}"));
                }
            }
        }
        lines.extend(self.faults.iter().map(|fault| format!("pybuild: {fault}")));
        lines
    }
}

/// Whether a RECORD's hash is that of a file, whose SHA-256 is known.
fn is_hash_of(hash: &str, sha256: &[u8], file: &Path) -> Result<bool, Failure> {
    Ok(match hash.split_once('=') {
        Some(("sha256", digest)) => URL_SAFE_NO_PAD.encode(sha256) == digest,
        Some(("sha384" | "sha512", digest)) => {
            let bytes = std::fs::read(file).map_err(Failure::io(file.display().to_string()))?;
            URL_SAFE_NO_PAD.encode(Sha512::digest(&bytes)) == digest
                || URL_SAFE_NO_PAD.encode(Sha384::digest(&bytes)) == digest
        }
        _ => false,
    })
}

/// In which way a file of pybuild differs from that of a tool.
fn differs(path: &str, ours: Option<&Entry>, tool: &Tree, name: &str) -> Option<String> {
    match (ours, tool.files.get(path)) {
        (Some(_), None) => Some(format!("pybuild has `{path}`, {name} does not")),
        (None, Some(_)) => Some(format!("{name} has `{path}`, pybuild does not")),
        (Some(ours), Some(theirs)) if ours.hash != theirs.hash => {
            Some(format!("`{path}` has other bytes:\npybuild: {}\n{name}: {}", ours.shown, theirs.shown))
        }
        (Some(ours), Some(theirs)) if ours.mode != theirs.mode && !is_script_of_pip(path, ours, theirs) => {
            Some(format!("`{path}` has the mode {:o}, that of {name} has {:o}", ours.mode, theirs.mode))
        }
        _ => None,
    }
}

/// Whether a command is one that pip does not make executable, because the wheel's member is not. uv makes
/// all of them executable, and so does pybuild: a command is there to be called.
fn is_script_of_pip(path: &str, ours: &Entry, theirs: &Entry) -> bool {
    path.starts_with("bin/") && ours.mode == 0o755 && theirs.mode == 0o644
}

/// What [`walk`] gives for a link.
const LINK: u32 = u32::MAX;

/// The files below a folder with their modes; a folder without files with the mode 0.
fn walk(root: &Path, below: &str, paths: &mut BTreeMap<String, u32>) -> Result<(), Failure> {
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        let full = root.join(&folder);
        let entries = std::fs::read_dir(&full).map_err(Failure::io(full.display().to_string()))?;
        let mut is_empty = true;
        for entry in entries {
            let entry = entry.map_err(Failure::io(folder.as_str()))?;
            is_empty = false;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let facts = entry.metadata().map_err(Failure::io(path.as_str()))?;
            if facts.is_dir() {
                folders.push(path);
            } else if facts.is_symlink() {
                paths.insert(path, LINK);
            } else {
                paths.insert(path, facts.permissions().mode() & 0o7777);
            }
        }
        if is_empty {
            paths.insert(format!("{folder}/"), 0);
        }
    }
    Ok(())
}

/// Whether a file is the installer's own.
fn is_own(path: &str, site: &str) -> bool {
    let rest = path.strip_prefix(site).and_then(|rest| rest.strip_prefix('/'));
    rest.and_then(|rest| rest.split_once('/'))
        .is_some_and(|(top, file)| top.ends_with(".dist-info") && OWN.contains(&file))
}

/// A file's content without what differs from environment to environment, and whether there was something.
fn normal(path: &str, bytes: &[u8], interpreter: &str) -> (Vec<u8>, bool) {
    let first = format!("#!{interpreter}\n");
    let Some(rest) = bytes.strip_prefix(first.as_bytes()).filter(|_| path.starts_with("bin/")) else {
        return (bytes.to_vec(), false);
    };
    let rest = launcher(rest).unwrap_or_else(|| rest.to_vec());
    ([b"#!INTERPRETER\n", rest.as_slice()].concat(), true)
}

/// What a launcher of an entry point does, if a script is one.
fn launcher(script: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(script).ok()?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    if lines.next() != Some("import sys") {
        return None;
    }
    let import = lines.next().filter(|line| line.starts_with("from "))?;
    if !lines.next()?.starts_with("if __name__ == ") {
        return None;
    }
    let call = lines.next_back().filter(|line| line.starts_with("sys.exit("))?;
    Some(format!("launcher: {import}: {call}\n").into_bytes())
}

/// The path of a row of RECORD below the environment.
fn resolved(site: &str, path: &str) -> String {
    let mut parts: Vec<&str> = site.split('/').collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The rows of a CSV text.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(one) = characters.next() {
        match one {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                fields.push(std::mem::take(&mut field));
                let row = std::mem::take(&mut fields);
                if row.len() > 1 || row.iter().any(|field| !field.is_empty()) {
                    rows.push(row);
                }
            }
            one => field.push(one),
        }
    }
    if !fields.is_empty() || !field.is_empty() {
        fields.push(field);
        rows.push(fields);
    }
    rows
}
