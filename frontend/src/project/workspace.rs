//! The projects of a lock: their manifests, and the current members of the workspace.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeTable;

use super::context::ContextError;
use super::files::Files;
use super::pyproject::{strings, table};
use crate::ignore::Patterns;
use crate::lock::Lock;
use crate::spec::ContextPath;

/// The largest number of folders that the patterns of one workspace may match.
const MOST: usize = 10_000;

/// The other projects of a lock.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    /// The texts of their manifests, by folder relative to the lock.
    pub(super) projects: BTreeMap<String, String>,
    /// The folders of members; `None` if the patterns cannot be followed.
    pub(super) members: Option<BTreeSet<String>>,
    /// The folders of the lock's members that are ignored.
    pub(super) hidden: BTreeSet<String>,
}

/// Finds the projects of a lock at `path`, and the members that its manifest names.
///
/// # Errors
/// If the context cannot be read.
pub(super) fn read(
    lock: &Lock,
    path: &ContextPath,
    manifest: &str,
    files: &Files<'_>,
) -> Result<Workspace, ContextError> {
    let mut workspace = Workspace { members: members(path, manifest, files)?, ..Workspace::default() };
    let mut folders: BTreeSet<String> = lock.other_projects().map(str::to_owned).collect();
    folders.extend(workspace.members.iter().flatten().cloned());
    // uv searches the workspace of a member upwards from the member, and stops at the first manifest.
    let above: BTreeSet<String> =
        folders.iter().flat_map(|folder| above(folder)).map(str::to_owned).collect();
    folders.extend(above);
    let manifests: Vec<(String, ContextPath)> = folders
        .into_iter()
        .filter_map(|folder| {
            let manifest = path.sibling(&format!("{folder}/pyproject.toml"))?;
            Some((folder, manifest))
        })
        .collect();
    files.context.expect(&manifests.iter().map(|(_, manifest)| manifest.clone()).collect())?;
    for (folder, manifest) in manifests {
        match files.context.read(&manifest)? {
            Some(bytes) => {
                workspace.projects.insert(folder, String::from_utf8_lossy(&bytes).into_owned());
            }
            None if files.ignored.patterns.matches(manifest.as_str()) => {
                workspace.hidden.insert(folder);
            }
            None => {}
        }
    }
    Ok(workspace)
}

/// The parent folders of a folder, without the folder of the lock.
fn above(folder: &str) -> impl Iterator<Item = &str> {
    folder
        .match_indices('/')
        .filter_map(|(at, _)| folder.get(..at))
        .filter(|folder| !folder.starts_with(".."))
}

/// The folders that `[tool.uv.workspace]` names, relative to the lock; `None` if a pattern cannot be
/// followed.
fn members(
    path: &ContextPath,
    manifest: &str,
    files: &Files<'_>,
) -> Result<Option<BTreeSet<String>>, ContextError> {
    let Ok(tree) = DeTable::parse(manifest) else { return Ok(None) };
    let tool = table(tree.get_ref(), "tool");
    let Some(workspace) = tool.and_then(|tool| table(tool, "uv")).and_then(|uv| table(uv, "workspace"))
    else {
        return Ok(Some(BTreeSet::new()));
    };
    let list = |key: &str| {
        let list = workspace.get(key).map(|value| strings(value.get_ref())).unwrap_or_default();
        list.into_iter().map(|text| text.value).collect::<Vec<String>>()
    };
    let (patterns, excluded) = (list("members"), list("exclude"));
    let Some(excluded) = excluded.iter().map(|text| pattern(text)).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let mut found = BTreeSet::new();
    for text in &patterns {
        match expanded(text, path, files)? {
            Some(folders) => found.extend(folders),
            None => return Ok(None),
        }
    }
    found.retain(|folder| !excluded.iter().any(|pattern| pattern.matches(folder)));
    found.remove(".");
    Ok(Some(found))
}

/// One pattern, in the syntax of ignore rules: `*`, `?` and `[…]` within a name.
fn pattern(text: &str) -> Option<Patterns> {
    let text = text.trim_start_matches("./").trim_end_matches('/');
    Patterns::from_rules([text]).ok().filter(|_| !text.starts_with('!'))
}

/// The folders with a manifest that match a pattern, relative to the lock; `None` if the pattern cannot be
/// followed.
fn expanded(
    text: &str,
    path: &ContextPath,
    files: &Files<'_>,
) -> Result<Option<BTreeSet<String>>, ContextError> {
    let is_plain = |part: &str| !part.contains(['*', '?', '[', '{', '\\']);
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if text.starts_with('/') || parts.iter().any(|part| *part == ".." || part.contains(['{', '\\', '!'])) {
        return Ok(None);
    }
    let mut folders = vec![String::new()];
    let mut rest = parts.iter();
    for part in rest.by_ref() {
        if *part == "**" {
            return below(&folders, text, path, files);
        }
        let mut next = Vec::new();
        for folder in &folders {
            let inside =
                |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if is_plain(part) {
                next.push(inside(part));
                continue;
            }
            let Some(pattern) = pattern(part) else { return Ok(None) };
            let at = if folder.is_empty() { "." } else { folder };
            let Some(at) = path.sibling(at) else { return Ok(None) };
            let names = files.context.list(&at)?;
            next.extend(names.iter().filter(|name| pattern.matches(name)).map(|name| inside(name)));
        }
        if next.len() > MOST {
            return Ok(None);
        }
        folders = next;
    }
    Ok(Some(folders.into_iter().collect()))
}

/// The folders with a manifest at any depth below `folders` that match a pattern.
fn below(
    folders: &[String],
    text: &str,
    path: &ContextPath,
    files: &Files<'_>,
) -> Result<Option<BTreeSet<String>>, ContextError> {
    let Some(pattern) = pattern(text) else { return Ok(None) };
    let roots = folders.iter().map(|folder| path.sibling(if folder.is_empty() { "." } else { folder }));
    let Some(roots) = roots.collect::<Option<BTreeSet<ContextPath>>>() else { return Ok(None) };
    let found = files.context.find(&roots, &["pyproject.toml"], &files.ignored.patterns)?;
    // The search returns paths relative to the context.
    let above = path.as_str().rsplit_once('/').map_or("", |(above, _)| above);
    let inside = found.iter().filter_map(|manifest| {
        let manifest = manifest.strip_prefix(above)?.trim_start_matches('/');
        manifest.strip_suffix("/pyproject.toml").filter(|folder| pattern.matches(folder))
    });
    Ok(Some(inside.map(str::to_owned).collect()))
}
