//! What an environment is made from: requirements files with all that they pull in, and single requirements.
//!
//! pip or the resolver itself reads the files in a build step. What the step needs for that is listed here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::own::OwnLine;
use super::pyproject::normalized;
use super::reading::{Changed, Part, Places};
use crate::address::{HttpUrl, without_credentials};
use crate::diagnostics::{Place, Source, Span};
use crate::spec::{ContextPath, Located};

/// A requirement that the user has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The package's normalised name.
    pub name: String,
    /// Where it stands.
    pub at: Place,
}

impl Wanted {
    /// What a requirement asks for; nothing where it names no package, as an address alone.
    pub fn of(requirement: &str, source: &Arc<Source>, span: Span) -> Option<Self> {
        let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')));
        let (name, rest) = requirement.split_at(end.unwrap_or(requirement.len()));
        let named =
            name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !rest.starts_with([':', '+', '/']);
        named.then(|| Self { name: normalized(name), at: Place { source: Arc::clone(source), span } })
    }
}

/// What of a folder or archive a resolver has to see. pip, which installs from it, needs all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// The `pyproject.toml` of the folder.
    Manifest,
    /// All of it.
    All,
}

/// What one environment is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requirements {
    /// The files that are handed to pip with `-r`, in order.
    pub files: Vec<ContextPath>,
    /// All files that these pull in, themselves included.
    pub inputs: BTreeSet<ContextPath>,
    /// Requirements that stand in no file of their own.
    pub inline: Vec<String>,
    /// The file that these stand in, where it is another than `pyproject.toml`.
    pub inline_of: Option<String>,
    /// Folders and archives of the context that lines name, and folders of `--find-links`. Of a folder whose manifest
    /// tells all that a resolver asks, the manifest is enough to resolve.
    pub sources: BTreeMap<ContextPath, Needs>,
    /// Files at addresses that are included, and where.
    pub remote: BTreeMap<HttpUrl, Place>,
    /// Lines that steps read in another form.
    pub changed: Vec<Changed>,
    /// Whether prereleases are wanted: `--pre`.
    pub prereleases: bool,
    /// The first line that has a hash.
    pub hashed: Option<Place>,
    /// Lines of the files that stand for the project itself.
    pub own: Vec<OwnLine>,
    /// Every requirement of these files and lines, as far as they can be told apart.
    pub wanted: Vec<Wanted>,
    /// Where it was asked for: marked in the progress and in errors of what names no requirement.
    pub asked: Option<Span>,
}

impl Needs {
    /// What of `path` is mounted.
    pub fn path(self, path: &ContextPath, builds: bool) -> String {
        match self {
            Self::Manifest if !builds => format!("{}/pyproject.toml", path.as_str()),
            _ => path.as_str().to_owned(),
        }
    }
}

impl Requirements {
    /// Whether nothing is to be installed.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.inline.is_empty()
    }

    /// Whether the requirements stand in `pyproject.toml` alone, so that the settings of the project's tool hold for them.
    pub(super) fn is_of_manifest(&self) -> bool {
        self.files.is_empty() && !self.inline.is_empty() && self.inline_of.is_none()
    }

    /// Both together; what stands in both is taken once.
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
        // Two lines of one file are told apart by where they begin.
        let place = |at: &Place| (at.source.name.clone(), at.span);
        add_new(&mut both.changed, &other.changed, |changed| place(&changed.at));
        add_new(&mut both.own, &other.own, |own| place(&own.at));
        add_new(&mut both.wanted, &other.wanted, |wanted| (wanted.name.clone(), place(&wanted.at)));
        both.inline_of = self.inline_of.clone().or_else(|| other.inline_of.clone());
        both.asked = self.asked.or(other.asked);
        both
    }

    /// Takes over requirements that stand in a file of another kind.
    pub(super) fn add_inline(&mut self, lines: &[Located<String>], source: &Arc<Source>) {
        for line in lines {
            // The text becomes part of an operation.
            self.inline.push(without_credentials(&line.value).into_owned());
            self.wanted.extend(Wanted::of(&line.value, source, line.span));
        }
    }

    /// The text of an input as a step reads it, where that is another than the file's: without the lines that stand for
    /// the project, with other words for paths and addresses, and all other lines where they are.
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
            // Every other line keeps its number.
            text.extend(written.chars().filter(|c| *c == '\n'));
            done = end;
        }
        text.push_str(source.text.get(done..).unwrap_or_default());
        Some(text)
    }

    /// The paths of the context that a step mounts which reads the files, and builds what they name if it `builds`.
    pub fn context_paths(&self, builds: bool) -> impl Iterator<Item = String> + '_ {
        let files = self.inputs.iter().map(|path| path.as_str().to_owned());
        files.chain(self.sources.iter().map(move |(path, needs)| needs.path(path, builds)))
    }

    /// The files' names on one line, for progress.
    pub fn label(&self) -> String {
        let mut names: Vec<&str> = self.files.iter().map(ContextPath::as_str).collect();
        if !self.inline.is_empty() {
            names.push(self.inline_of.as_deref().unwrap_or("pyproject.toml"));
        }
        names.join(", ")
    }
}

/// Adds what is not there yet, told apart by `key`.
fn add_new<T: Clone, K: Ord>(all: &mut Vec<T>, more: &[T], key: impl Fn(&T) -> K) {
    if more.is_empty() {
        return;
    }
    let mut known: BTreeSet<K> = all.iter().map(&key).collect();
    all.extend(more.iter().filter(|one| known.insert(key(one))).cloned());
}
