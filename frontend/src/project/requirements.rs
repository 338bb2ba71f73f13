//! Requirements files: which files one pulls in, and whether each line is one that pip can read.
//!
//! pip itself reads the files in the build step. Here they are followed only as far as a build needs: to know
//! every file that is an input of the step, and to find mistakes before anything runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::ContextError;
use super::decode::decoded;
use super::files::Files;
use super::own::{self, OwnLine};
use super::pyproject::normalized;
use crate::address::without_credentials;
use crate::diagnostics::{Diagnostics, Place, Problem, Source, Span};
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
    /// Lines of the files that stand for the project itself.
    pub own: Vec<OwnLine>,
    /// Every requirement of these files and lines, as far as they can be told apart.
    pub wanted: Vec<Wanted>,
    /// Where it was asked for: marked in the progress and in errors of what names no requirement.
    pub asked: Option<Span>,
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
        // Two lines of one file are told apart by where they begin.
        let place = |at: &Place| (at.source.name.clone(), at.span);
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

    /// The text of an input as pip and the resolver read it, where that is another than the file's: without the lines
    /// that stand for the project, and all others where they are.
    pub fn rewritten(&self, file: &ContextPath) -> Option<String> {
        let mut own = self.own.iter().filter(|own| *own.at.source.name == *file.as_str()).peekable();
        let mut text = own.peek()?.at.source.text.clone();
        for line in own {
            let Span { start, end } = line.at.span;
            let Some(written) = text.get(start..end) else { continue };
            let blank: Vec<u8> =
                written.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
            text.replace_range(start..end, &String::from_utf8_lossy(&blank));
        }
        Some(text)
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

/// Follows `files` and everything they include.
///
/// # Errors
/// If the context cannot be read. What is wrong with the files is reported to `found`.
pub(super) fn follow(
    files: &[Located<ContextPath>],
    source: &Arc<Source>,
    context: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Requirements, ContextError> {
    let mut requirements = Requirements {
        files: files.iter().map(|file| file.value.clone()).collect(),
        asked: files.first().map(|file| file.span),
        ..Requirements::default()
    };
    // Those named first are read first, each with all that it includes.
    let mut open: Vec<Include> =
        files.iter().rev().map(|file| Include::new(&file.value, source, file.span)).collect();
    while let Some(next) = open.pop() {
        let mut includes = follow_one(&next, context, &mut requirements, found)?;
        open.extend(includes.drain(..).rev());
    }
    Ok(requirements)
}

/// A file that is named somewhere.
struct Include {
    path: ContextPath,
    named_in: Arc<Source>,
    span: Span,
}

impl Include {
    fn new(path: &ContextPath, named_in: &Arc<Source>, span: Span) -> Self {
        Self { path: path.clone(), named_in: Arc::clone(named_in), span }
    }
}

/// Reads a file that was not read before; what it includes is left to be read.
fn follow_one(
    include: &Include,
    context: &Files<'_>,
    read: &mut Requirements,
    found: &mut Diagnostics,
) -> Result<Vec<Include>, ContextError> {
    let Include { path, named_in, span } = include;
    let span = *span;
    let mut includes = Vec::new();
    if read.inputs.contains(path) {
        return Ok(includes);
    }
    let Some(bytes) = context.read_named(path, named_in, span, found)? else {
        return Ok(includes);
    };
    read.inputs.insert(path.clone());
    let Some(text) = decoded(&bytes) else {
        found.report(named_in, span, Problem::FileNotUtf8 { path: path.as_str().to_owned() });
        return Ok(includes);
    };
    let source = Arc::new(Source::new(path.as_str(), text.strip_prefix('\u{feff}').unwrap_or(&text)));
    let has_credentials = own::has_credentials(&source.text);
    for line in logical_lines(&source.text) {
        match Line::parse(&line.value) {
            Ok(Line::Project(extras)) if !has_credentials => {
                let at = Place { source: Arc::clone(&source), span: line.span };
                read.own.push(OwnLine { line: line.value, extras, at });
            }
            Ok(Line::Project(_)) => {
                // Told where the file is named: its own lines would be shown.
                let path = path.as_str().to_owned();
                found.report(named_in, span, Problem::BesideCredentials { line: line.value, path });
            }
            Ok(Line::Include(other)) => match path.sibling(&other) {
                Some(next) => includes.push(Include::new(&next, &source, line.span)),
                None if other.contains("://") => {}
                None => found.report(&source, line.span, Problem::RequirementLeavesContext { path: other }),
            },
            Ok(Line::Other) => {
                found.report_credentials(&line.value, &source, line.span);
                read.wanted.extend(Wanted::of(&line.value, &source, line.span));
            }
            Err(problem) => found.report(&source, line.span, problem),
        }
    }
    Ok(includes)
}

/// Lines less comments, with continuation lines joined, each where it starts.
fn logical_lines(text: &str) -> Vec<Located<String>> {
    let mut lines = Vec::new();
    let mut pending = String::new();
    let mut start = None;
    let mut offset = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_end_matches(['\n', '\r']);
        let begin = *start.get_or_insert(offset);
        let end = offset + line.len();
        offset += raw.len();
        // A comment ends a continued line, as pip reads it.
        if let Some(head) = line.strip_suffix('\\').filter(|head| !head.trim_start().starts_with('#')) {
            pending.push_str(head);
            continue;
        }
        pending.push_str(strip_comment(line));
        let whole = std::mem::take(&mut pending);
        start = None;
        if !whole.trim().is_empty() {
            lines.push(Located::new(whole.trim().to_owned(), Span { start: begin, end }));
        }
    }
    if !pending.trim().is_empty() {
        lines.push(Located::new(
            pending.trim().to_owned(),
            Span { start: start.unwrap_or(offset), end: offset },
        ));
    }
    lines
}

/// A `#` starts a comment at the start of a line or after a blank.
fn strip_comment(line: &str) -> &str {
    let comment = line.char_indices().find(|(at, c)| {
        *c == '#' && (*at == 0 || line.get(..*at).is_some_and(|before| before.ends_with([' ', '\t'])))
    });
    comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

enum Line {
    /// `-r` or `-c` with a file.
    Include(String),
    /// The project itself, with these extras.
    Project(Vec<String>),
    /// A requirement, or an option of pip's own.
    Other,
}

impl Line {
    fn parse(line: &str) -> Result<Self, Problem> {
        for option in ["--requirement", "--constraint", "-r", "-c"] {
            let Some(rest) = line.strip_prefix(option) else {
                continue;
            };
            let long = option.starts_with("--");
            if long && !rest.starts_with(['=', ' ', '\t']) {
                continue;
            }
            let file = rest.trim_start_matches(['=', ' ', '\t']).trim_matches(['"', '\'']);
            if file.is_empty() {
                return Err(Problem::BadRequirement { line: line.to_owned() });
            }
            return Ok(Self::Include(file.to_owned()));
        }
        let editable = ["-e", "--editable"].iter().find_map(|option| line.strip_prefix(option));
        let target = editable.map_or(line, |rest| rest.trim_start_matches(['=', ' ', '\t']));
        if let Some(extras) = own::extras(target) {
            return Ok(Self::Project(extras));
        }
        let path_like =
            target == "." || target.starts_with("./") || target.starts_with("../") || target.starts_with('/');
        let local =
            target.starts_with("file:") || path_like || (editable.is_some() && !target.contains("://"));
        if local {
            return Err(Problem::LocalRequirement { line: line.to_owned() });
        }
        let first = line.chars().next();
        if first == Some('-') || first.is_some_and(|c| c.is_ascii_alphanumeric()) {
            return Ok(Self::Other);
        }
        Err(Problem::BadRequirement { line: line.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_stripped_of_comments() {
        let text = "# top\nflask==3.0 # web\nnumpy==2 \\\n    --hash=sha256:00\n\nurl @ https://x/#egg=y\n";
        let lines: Vec<_> = logical_lines(text).into_iter().map(|line| line.value).collect();
        assert_eq!(lines, ["flask==3.0", "numpy==2     --hash=sha256:00", "url @ https://x/#egg=y"]);
    }

    #[test]
    fn includes_are_found_and_nonsense_is_refused() {
        let include = |line| match Line::parse(line) {
            Ok(Line::Include(file)) => Some(file),
            _ => None,
        };
        assert_eq!(include("-r base.txt").as_deref(), Some("base.txt"));
        assert_eq!(include("--requirement=base.txt").as_deref(), Some("base.txt"));
        assert_eq!(include("-cconstraints.txt").as_deref(), Some("constraints.txt"));
        assert!(Line::parse("requests>=2").is_ok() && Line::parse("--index-url https://x").is_ok());
        assert!(matches!(Line::parse("=flask"), Err(Problem::BadRequirement { .. })));
        assert!(matches!(Line::parse("-e ."), Ok(Line::Project(extras)) if extras.is_empty()));
        assert!(matches!(Line::parse("-e ./lib"), Err(Problem::LocalRequirement { .. })));
    }
}
