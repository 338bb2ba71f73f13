//! The requirements of an environment: requirements files with the files that they include, and single
//! requirements.
//!
//! pip or the resolver reads the files itself in a build step. This module lists the inputs that the step
//! needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::own::OwnLine;
use super::pyproject::normalized;
use super::reading::{Changed, Part, Places};
use crate::address::{HttpUrl, without_credentials};
use crate::diagnostics::{Place, Source, Span};
use crate::spec::{ContextPath, Located};

/// A requirement in the user's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The package's normalised name.
    pub name: String,
    /// The place of the requirement.
    pub at: Place,
}

impl Wanted {
    /// The package that a requirement names. `None` if it names no package, as a lone URL.
    pub fn of(requirement: &str, source: &Arc<Source>, span: Span) -> Option<Self> {
        let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')));
        let (name, rest) = requirement.split_at(end.unwrap_or(requirement.len()));
        let named =
            name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !rest.starts_with([':', '+', '/']);
        named.then(|| Self { name: normalized(name), at: Place { source: Arc::clone(source), span } })
    }
}

/// The part of a folder or archive that a resolver needs. pip installs from it, so it needs all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// The `pyproject.toml` of the folder.
    Manifest,
    /// All files.
    All,
}

/// The requirements of one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The files that pip gets with `-r`, in order.
    pub files: Vec<ContextPath>,
    /// These files and all files that they include.
    pub inputs: BTreeSet<ContextPath>,
    /// Requirements that are not lines of a requirements file.
    pub inline: Vec<String>,
    /// The file with these requirements, if it is not `pyproject.toml`.
    pub inline_of: Option<String>,
    /// Folders and archives of the context that lines name, and folders of `--find-links`. If the manifest of
    /// a folder contains all metadata, the manifest is enough to resolve.
    pub sources: BTreeMap<ContextPath, Needs>,
    /// The URLs of included files, with the place of the include.
    pub remote: BTreeMap<HttpUrl, Place>,
    /// Lines that steps read in another form.
    pub changed: Vec<Changed>,
    /// Whether prereleases are accepted: `--pre`.
    pub prereleases: bool,
    /// The first line that has a hash.
    pub hashed: Option<Place>,
    /// Lines of the files that name the project itself.
    pub own: Vec<OwnLine>,
    /// Every requirement of these files and lines that names a package.
    pub wanted: Vec<Wanted>,
    /// The place that asks for the requirements. The progress marks it, and errors use it if they name no
    /// requirement.
    pub asked: Option<Span>,
}

impl Needs {
    /// The part of `path` that a step mounts.
    pub fn path(self, path: &ContextPath, builds: bool) -> String {
        match self {
            Self::Manifest if !builds => format!("{}/pyproject.toml", path.as_str()),
            _ => path.as_str().to_owned(),
        }
    }
}

impl Requirements {
    /// Whether there is nothing to install.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.inline.is_empty()
    }

    /// Whether all requirements stand in `pyproject.toml`, so that the settings of the project's tool apply
    /// to them.
    pub(super) fn is_of_manifest(&self) -> bool {
        self.files.is_empty() && !self.inline.is_empty() && self.inline_of.is_none()
    }

    /// The requirements of both. Requirements that both have are included once.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut both = self.clone();
        add_new(&mut both.files, &other.files, Clone::clone);
        add_new(&mut both.inline, &other.inline, Clone::clone);
        both.inputs.extend(other.inputs.iter().cloned());
        for (path, needs) in &other.sources {
            let known = both.sources.entry(path.clone()).or_insert(*needs);
            *known = (*known).max(*needs);
        }
        for (url, at) in &other.remote {
            both.remote.entry(url.clone()).or_insert_with(|| at.clone());
        }
        both.prereleases |= other.prereleases;
        both.hashed = self.hashed.clone().or_else(|| other.hashed.clone());
        // The start of a line distinguishes two lines of one file.
        let place = |at: &Place| (at.source.name.clone(), at.span);
        add_new(&mut both.changed, &other.changed, |changed| place(&changed.at));
        add_new(&mut both.own, &other.own, |own| place(&own.at));
        add_new(&mut both.wanted, &other.wanted, |wanted| (wanted.name.clone(), place(&wanted.at)));
        both.inline_of = self.inline_of.clone().or_else(|| other.inline_of.clone());
        both.asked = self.asked.or(other.asked);
        both
    }

    /// Adds requirements from a file that is not a requirements file.
    pub(super) fn add_inline(&mut self, lines: &[Located<String>], source: &Arc<Source>) {
        for line in lines {
            // The text becomes a part of an operation, so it must not contain credentials.
            self.inline.push(without_credentials(&line.value).into_owned());
            self.wanted.extend(Wanted::of(&line.value, source, line.span));
        }
    }

    /// The text of an input in the form in which a step reads it. `None` if the step reads the file
    /// unchanged. The text is without the lines that name the project, and has other words for paths and
    /// URLs. All other lines keep their line number.
    pub fn rewritten(&self, file: &ContextPath, places: &Places<'_>) -> Option<String> {
        let own = self.own.iter().map(|own| (&own.at, &[][..]));
        let changed = self.changed.iter().map(|changed| (&changed.at, changed.parts.as_slice()));
        let of_file = own.chain(changed).filter(|(at, _)| *at.source.name == *file.as_str());
        let mut lines: Vec<(&Place, &[Part])> = of_file.collect();
        lines.sort_by_key(|(at, _)| (at.span.start, at.span.end));
        let source = &lines.first()?.0.source;
        let mut text = String::with_capacity(source.text.len());
        let mut done = 0;
        for (at, parts) in lines {
            let Span { start, end } = at.span;
            let (Some(before), Some(written)) = (source.text.get(done..start), source.text.get(start..end))
            else {
                continue;
            };
            text.push_str(before);
            for part in parts {
                text.push_str(&part.text(places, &self.remote));
            }
            // Every other line keeps its line number.
            text.extend(written.chars().filter(|c| *c == '\n'));
            done = end;
        }
        text.push_str(source.text.get(done..).unwrap_or_default());
        Some(text)
    }

    /// The paths of the context that a step mounts if it reads the files. If it `builds`, it also mounts the
    /// folders that the files name.
    pub fn context_paths(&self, builds: bool) -> impl Iterator<Item = String> + '_ {
        let files = self.inputs.iter().map(|path| path.as_str().to_owned());
        files.chain(self.sources.iter().map(move |(path, needs)| needs.path(path, builds)))
    }

    /// The names of the files on one line, for the progress.
    pub fn label(&self) -> String {
        let mut names: Vec<&str> = self.files.iter().map(ContextPath::as_str).collect();
        if !self.inline.is_empty() {
            names.push(self.inline_of.as_deref().unwrap_or("pyproject.toml"));
        }
        names.join(", ")
    }
}

/// Adds items whose `key` is not in the list yet.
fn add_new<T: Clone, K: Ord>(all: &mut Vec<T>, more: &[T], key: impl Fn(&T) -> K) {
    if more.is_empty() {
        return;
    }
    let mut known: BTreeSet<K> = all.iter().map(&key).collect();
    all.extend(more.iter().filter(|one| known.insert(key(one))).cloned());
}
