//! Folders and archives of the context in lines of requirements files: `./lib`, `-e ./lib[dev]`, `lib @
//! file:./lib`, `./wheels/x.whl`.

use super::context::{ContextError, Kind};
use super::files::Files;
use super::pyproject::is_static;
use super::reading::Part;
use super::requirements::Needs;
use crate::diagnostics::Problem;
use crate::lock::{self, ArtifactKind, file_url_path, is_url};
use crate::spec::ContextPath;

/// A line that names a folder or archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// The path, as the line contains it.
    pub(super) target: String,
    /// The extras with their brackets.
    pub(super) extras: String,
    /// The project's subdirectory in the folder or archive.
    pub(super) subdirectory: Option<String>,
    /// `name[extras] @ `, if the line has a name.
    before: String,
    /// The text after the path: extras, a fragment, a marker.
    after: String,
    /// Whether the path must be written as a URL.
    as_url: bool,
    is_editable: bool,
}

impl Local {
    /// The folder or archive of a requirement without its options. `None` if the requirement comes from an
    /// index, a URL or a repository.
    pub(super) fn of(text: &str) -> Option<Self> {
        if let Some((name, target)) = text.split_once('@') {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "._-[], ".contains(c);
            let target = target.trim_start();
            let named = !name.trim().is_empty() && name.chars().all(is_name);
            let is_here = target.starts_with("file:") || !is_url(target);
            if named && is_here && !target.starts_with("git+") {
                let extras = name.split_once('[').map_or("", |(_, rest)| rest.trim());
                let extras = if extras.is_empty() { String::new() } else { format!("[{extras}") };
                let before = format!("{} @ ", name.trim());
                let bare = Self::bare(target, false);
                return Some(Self { before, extras, as_url: true, ..bare });
            }
        }
        let is_here = text.starts_with("file:") || (!is_url(text) && lock::is_path(text));
        (is_here && !text.starts_with("git+")).then(|| Self::bare(text, false))
    }

    /// Like [`Self::of`], for a text that is certainly a path.
    pub(super) fn bare(text: &str, is_editable: bool) -> Self {
        let end = text.find(|c: char| matches!(c, '[' | ';' | '#') || c.is_whitespace());
        let (path, after) = text.split_at(end.unwrap_or(text.len()));
        let fragment = after.split_once('#').map_or("", |(_, rest)| rest);
        let fragment = fragment.split(|c: char| c == ';' || c.is_whitespace()).next().unwrap_or_default();
        let subdirectory = fragment.split('&').find_map(|pair| pair.strip_prefix("subdirectory="));
        let extras = after.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let as_url = path.starts_with("file:");
        Self {
            target: file_url_path(path).unwrap_or_else(|| path.to_owned()),
            extras: extras.map(|(names, _)| format!("[{names}]")).unwrap_or_default(),
            subdirectory: subdirectory.map(str::to_owned),
            before: String::new(),
            after: after.to_owned(),
            as_url,
            is_editable,
        }
    }

    /// The path in the context, found as pip finds it. `None` if it leads out of the context. `.` means the
    /// folder with a project: the root, or else the folder of the requirements file.
    pub(super) fn path(
        &self,
        file: &ContextPath,
        context: &Files<'_>,
    ) -> Result<Option<ContextPath>, ContextError> {
        let base = file.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
        if self.target.starts_with('/') {
            return Ok(None);
        }
        let root = ContextPath::parse(&self.target);
        let beside = ContextPath::parse(&format!("{base}/{}", self.target));
        let (Some(root), Some(beside)) = (&root, &beside) else { return Ok(root.or(beside)) };
        let is_there = |path: &ContextPath| -> Result<bool, ContextError> {
            if !path.is_root() {
                return Ok(context.context.kind(path)?.is_some());
            }
            let manifests = ["pyproject.toml", "setup.py"];
            Ok(manifests.iter().any(|name| context.exists(name)))
        };
        let is_beside = root != beside && !is_there(root)? && is_there(beside)?;
        Ok(Some(if is_beside { beside.clone() } else { root.clone() }))
    }

    /// The parts of the line that a step reads.
    pub(super) fn parts(&self, path: &ContextPath, hashes: &str) -> Vec<Part> {
        let scheme = if self.as_url { "file://" } else { "" };
        let mut parts = Vec::new();
        if self.is_editable {
            parts.push(Part::Editable);
        }
        parts.push(Part::Text(format!("{}{scheme}", self.before)));
        parts.push(Part::Path(path.clone()));
        parts.push(Part::Text(format!("{}{hashes}", self.after)));
        parts
    }
}

/// The files of a folder or archive that a resolver needs.
///
/// # Errors
/// If the context cannot be read. The inner error gives the reason why pip would not install the path.
pub(super) fn needs(
    path: &ContextPath,
    kind: Kind,
    local: &Local,
    context: &Files<'_>,
) -> Result<Result<Needs, Problem>, ContextError> {
    if kind == Kind::File {
        let is_archive = ArtifactKind::of_path(path.as_str()) != ArtifactKind::Other;
        let problem = || Problem::NotInstallable { path: path.as_str().to_owned(), is_folder: false };
        return Ok(if is_archive { Ok(Needs::All) } else { Err(problem()) });
    }
    if local.subdirectory.is_some() {
        return Ok(Ok(Needs::All));
    }
    let manifest = path.join("pyproject.toml");
    let text = match &manifest {
        Some(manifest) => context.context.read(manifest)?,
        None => None,
    };
    if let Some(text) = text {
        let is_static = is_static(&String::from_utf8_lossy(&text));
        return Ok(Ok(if is_static { Needs::Manifest } else { Needs::All }));
    }
    let is_project = context.exists(&format!("{}/setup.py", path.as_str()));
    let problem = || Problem::NotInstallable { path: path.as_str().to_owned(), is_folder: true };
    Ok(if is_project { Ok(Needs::All) } else { Err(problem()) })
}
