//! Requirements files of a project without a lock: the files and folders that they include, and the form in
//! which a step reads them. Each line is parsed in the same way as in a lock ([`crate::lock::statements`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::ContextError;
use super::decode::{decoded, is_plain};
use super::files::Files;
use super::local::{self, Local};
use super::own::{self, OwnLine};
use super::requirements::{Requirements, Wanted};
use crate::address::HttpUrl;
use crate::diagnostics::{Diagnostics, Place, Problem, Source, Span};
use crate::lock::{self, LockErrorKind, OfRequirement, Says, Setting, Statement, is_url};
use crate::spec::{ContextPath, Installer, Located};

/// A line that steps read in another form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The place of the line.
    pub at: Place,
    /// The text that replaces the line.
    pub parts: Vec<Part>,
}

/// A part of such a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Unchanged text.
    Text(String),
    /// `-e`. It is written only where the code of a folder stays in its place after the installation.
    Editable,
    /// A path of the context.
    Path(ContextPath),
    /// The URL of an included file.
    Remote(HttpUrl),
}

/// The folders of a step that contain the named files.
#[derive(Clone, Copy, Debug)]
pub struct Places<'p> {
    /// The folder below which the context's folders and archives are.
    pub sources: &'p str,
    /// The folder of fetched files; `None` if the reader of the line fetches the file itself.
    pub remote: Option<&'p str>,
    /// Whether `-e` is kept.
    pub editable: bool,
}

impl Part {
    pub(super) fn text(&self, places: &Places<'_>, remote: &BTreeMap<HttpUrl, Place>) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Editable if places.editable => "-e ".to_owned(),
            Self::Editable => String::new(),
            Self::Path(path) if path.is_root() => places.sources.to_owned(),
            Self::Path(path) => format!("{}/{}", places.sources, path.as_str()),
            Self::Remote(url) => match places.remote {
                Some(folder) => {
                    let number = remote.keys().position(|known| known == url).unwrap_or_default();
                    fetched(folder, number)
                }
                None => url.to_string(),
            },
        }
    }
}

/// Options that uv 0.13 ignores if they have a line of their own.
const PASSED_OVER: [&str; 5] =
    ["--pre", "--prefer-binary", "--require-hashes", "--trusted-host", "--use-feature"];

/// Options that uv reads in a requirements file, and pip's other name of one of them.
const READ: [&str; 7] = [
    "--index-url",
    "--pypi-url",
    "--extra-index-url",
    "--find-links",
    "--no-index",
    "--no-binary",
    "--only-binary",
];

/// The path of the fetched file with this number among the requirements.
pub fn fetched(folder: &str, number: usize) -> String {
    format!("{folder}/{number}.txt")
}

/// Follows `files` and all files that they include.
///
/// # Errors
/// If the context cannot be read. Problems of the files are reported to `found`.
pub(super) fn follow(
    files: &[Located<ContextPath>],
    source: &Arc<Source>,
    (context, installer): (&Files<'_>, Installer),
    found: &mut Diagnostics,
) -> Result<Requirements, ContextError> {
    let read = Requirements {
        files: files.iter().map(|file| file.value.clone()).collect(),
        asked: files.first().map(|file| file.span),
        ..Requirements::default()
    };
    let mut reading = Reading { context, installer, read, found };
    // The first file is read first, and then all files that it includes.
    let named = |file: &Located<ContextPath>| Include {
        path: file.value.clone(),
        named_in: Arc::clone(source),
        span: file.span,
    };
    let mut open: Vec<Include> = files.iter().rev().map(named).collect();
    while let Some(next) = open.pop() {
        let mut includes = reading.file(&next)?;
        open.extend(includes.drain(..).rev());
    }
    Ok(reading.read)
}

/// A file that is named somewhere.
struct Include {
    path: ContextPath,
    named_in: Arc<Source>,
    span: Span,
}

struct Reading<'r> {
    context: &'r Files<'r>,
    installer: Installer,
    read: Requirements,
    found: &'r mut Diagnostics,
}

impl Reading<'_> {
    /// Reads a file that was not read before. Returns the files that it includes.
    fn file(&mut self, include: &Include) -> Result<Vec<Include>, ContextError> {
        let Include { path, named_in, span } = include;
        if self.read.inputs.contains(path) {
            return Ok(Vec::new());
        }
        let Some(bytes) = self.context.read_named(path, named_in, *span, self.found)? else {
            return Ok(Vec::new());
        };
        self.read.inputs.insert(path.clone());
        let Some(text) = decoded(&bytes) else {
            let problem = Problem::FileNotUtf8 { path: path.as_str().to_owned() };
            self.found.report(named_in, *span, problem);
            return Ok(Vec::new());
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let source = Arc::new(Source::new(path.as_str(), text));
        let (changed, own) = (self.read.changed.len(), self.read.own.len());
        if !is_plain(&bytes) && self.installer == Installer::Wheels {
            // pip reads a file in this encoding, but the resolver does not.
            let at = Place { source: Arc::clone(&source), span: Span::default() };
            self.read.changed.push(Changed { at, parts: Vec::new() });
        }
        let mut includes = Vec::new();
        for statement in lock::statements(&source.text) {
            self.statement(path, &source, statement, &mut includes)?;
        }
        if own::has_credentials(&source.text) {
            self.keep_out(path, (changed, own), include);
        }
        Ok(includes)
    }

    /// Reports a file with a changed line and credentials. The text of such a file becomes a part of the
    /// graph, so it must not contain secrets. The problem points to the place that names the file, because it
    /// would otherwise show the file's own lines.
    fn keep_out(&mut self, path: &ContextPath, (changed, own): (usize, usize), include: &Include) {
        let own: Vec<OwnLine> = self.read.own.drain(own..).collect();
        let changed: Vec<Changed> = self.read.changed.drain(changed..).collect();
        let lines = own.into_iter().map(|own| own.at).chain(changed.into_iter().map(|changed| changed.at));
        if let Some(at) = lines.min_by_key(|at| at.span.start) {
            let line = at.source.text.get(at.span.start..at.span.end).unwrap_or_default();
            let line = line.lines().next().unwrap_or_default().trim().to_owned();
            let problem = Problem::BesideCredentials { line, path: path.as_str().to_owned() };
            self.found.report(&include.named_in, include.span, problem);
        }
    }

    fn statement(
        &mut self,
        file: &ContextPath,
        source: &Arc<Source>,
        statement: Statement,
        includes: &mut Vec<Include>,
    ) -> Result<(), ContextError> {
        let at = Place { source: Arc::clone(source), span: statement.span() };
        let line = statement.text().to_owned();
        match statement.says {
            Ok(Says::Include { target, constraints }) => {
                includes.extend(self.include(file, &target, constraints, &at));
            }
            Ok(Says::Editable { target, options }) => {
                let is_here = !is_url(&target) && !target.starts_with("git+");
                if is_here || target.starts_with("file:") {
                    return self.local(file, &Local::bare(&target, true), &line, &options, &at);
                }
                self.requirement(&line, &format!("-e {target}"), &options, &at);
            }
            Ok(Says::Requirement { text, options }) => match Local::of(&text) {
                Some(local) => return self.local(file, &local, &line, &options, &at),
                None if text.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
                    self.requirement(&line, &text, &options, &at);
                }
                None => self.report(&at, Problem::BadRequirement { line }),
            },
            Ok(Says::Settings(settings)) => return self.settings(file, &settings, &at),
            Err(kind) => self.report(&at, unreadable(&kind)),
        }
        Ok(())
    }

    fn report(&mut self, at: &Place, problem: Problem) {
        self.found.report(&at.source, at.span, problem);
    }

    /// The file that a line includes: a file of the context, or a URL. The engine fetches a URL for the step.
    fn include(
        &mut self,
        file: &ContextPath,
        target: &str,
        constraints: bool,
        at: &Place,
    ) -> Option<Include> {
        if is_url(target) && !target.starts_with("file:") {
            match HttpUrl::parse(target) {
                Ok(url) => {
                    let option = if constraints { "--constraint" } else { "--requirement" };
                    self.found.report_credentials(&format!("{option} {target}"), &at.source, at.span);
                    self.report(at, Problem::RemoteRequirements { url: url.to_string() });
                    let option = if constraints { "-c " } else { "-r " };
                    let parts = vec![Part::Text(option.to_owned()), Part::Remote(url.clone())];
                    self.read.changed.push(Changed { at: at.clone(), parts });
                    self.read.remote.entry(url).or_insert_with(|| at.clone());
                }
                Err(error) => self.report(at, unreadable(&error.into())),
            }
            return None;
        }
        let path = lock::file_url_path(target).unwrap_or_else(|| target.to_owned());
        let Some(path) = file.sibling(&path) else {
            self.report(at, Problem::RequirementLeavesContext { path: target.to_owned() });
            return None;
        };
        Some(Include { path, named_in: Arc::clone(&at.source), span: at.span })
    }

    /// Records a requirement that comes from an index, a URL or a repository.
    fn requirement(&mut self, line: &str, text: &str, options: &OfRequirement, at: &Place) {
        self.found.report_credentials(line, &at.source, at.span);
        self.read.wanted.extend(Wanted::of(line, &at.source, at.span));
        if let Some(hashes) = self.options(options, at) {
            let parts = vec![Part::Text(format!("{text}{hashes}"))];
            self.read.changed.push(Changed { at: at.clone(), parts });
        }
    }

    /// Reports options that the resolver does not know. If the line must change, this returns the text of the
    /// remaining options.
    fn options(&mut self, options: &OfRequirement, at: &Place) -> Option<String> {
        if self.read.hashed.is_none() && !options.hashes.is_empty() {
            self.read.hashed = Some(at.clone());
        }
        if options.of_build.is_empty() || self.installer == Installer::Pip {
            return None;
        }
        for option in &options.of_build {
            self.report(at, Problem::IgnoredOption { option });
        }
        Some(options.hashes.iter().fold(String::new(), |text, hash| format!("{text} --hash={hash}")))
    }

    /// Records a folder or archive of the context.
    fn local(
        &mut self,
        file: &ContextPath,
        local: &Local,
        line: &str,
        options: &OfRequirement,
        at: &Place,
    ) -> Result<(), ContextError> {
        let Some(path) = local.path(file, self.context)? else {
            self.report(at, Problem::RequirementLeavesContext { path: local.target.clone() });
            return Ok(());
        };
        let hashes = self.options(options, at);
        if path.is_root() && local.subdirectory.is_none() {
            let extras = own::extras(&format!(".{}", local.extras)).unwrap_or_default();
            self.read.own.push(OwnLine { line: line.to_owned(), extras, at: at.clone() });
            return Ok(());
        }
        let Some(kind) = self.context.check_named(&path, &at.source, at.span, self.found)? else {
            return Ok(());
        };
        let needs = match local::needs(&path, kind, local, self.context)? {
            Ok(needs) => needs,
            Err(problem) => {
                self.report(at, problem);
                return Ok(());
            }
        };
        self.read.wanted.extend(Wanted::of(line, &at.source, at.span));
        self.read.sources.entry(path.clone()).and_modify(|known| *known = needs.max(*known)).or_insert(needs);
        // The hashes of an archive stay, because the reader of the line checks them.
        let kept = hashes.unwrap_or_else(|| {
            options.hashes.iter().fold(String::new(), |text, hash| format!("{text} --hash={hash}"))
        });
        let parts = local.parts(&path, &kept);
        self.read.changed.push(Changed { at: at.clone(), parts });
        Ok(())
    }

    /// Reads options of the whole file.
    fn settings(&mut self, file: &ContextPath, settings: &[Setting], at: &Place) -> Result<(), ContextError> {
        let base = file.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
        // The resolver reads only one option per line.
        let mut is_changed = settings.len() > 1;
        let mut parts = Vec::new();
        for (name, value) in settings {
            let is_dropped = self.setting(name, value, at);
            let folder = match *name {
                "--find-links" if !is_url(value) && !value.starts_with("file:") => {
                    let exists = |path: &str| self.context.exists(path);
                    Some(lock::links(value, base, &exists))
                }
                "--find-links" => lock::file_url_path(value),
                _ => None,
            };
            // uv ignores some options with a warning, and refuses other options.
            let is_refused = is_dropped && !PASSED_OVER.contains(name);
            is_changed |= is_refused || folder.is_some() || *name == "--pypi-url";
            if is_dropped {
                continue;
            }
            if !parts.is_empty() {
                parts.push(Part::Text("\n".to_owned()));
            }
            let name = if *name == "--pypi-url" { "--index-url" } else { name };
            let Some(folder) = folder else {
                let blank = if value.is_empty() { "" } else { " " };
                parts.push(Part::Text(format!("{name}{blank}{value}")));
                continue;
            };
            let Some(path) = ContextPath::parse(&folder) else {
                self.report(at, Problem::RequirementLeavesContext { path: value.clone() });
                continue;
            };
            if self.context.check_named(&path, &at.source, at.span, self.found)?.is_some() {
                self.read.sources.insert(path.clone(), super::requirements::Needs::All);
                parts.extend([Part::Text(format!("{name} ")), Part::Path(path)]);
            }
        }
        if is_changed {
            self.read.changed.push(Changed { at: at.clone(), parts });
        }
        Ok(())
    }

    /// Reads an option. True if the resolver must not see it. pip sees every option.
    fn setting(&mut self, name: &'static str, value: &str, at: &Place) -> bool {
        match name {
            "--index-url" | "--pypi-url" | "--extra-index-url" | "--find-links" => {
                self.found.report_credentials(&format!("{name} {value}"), &at.source, at.span);
            }
            "--pre" => self.read.prereleases = true,
            "--all-releases" if value == ":all:" => self.read.prereleases = true,
            "--require-hashes" if self.read.hashed.is_none() => self.read.hashed = Some(at.clone()),
            _ => {}
        }
        if self.installer == Installer::Pip {
            return false;
        }
        let taken = ["--pre", "--require-hashes"];
        let is_taken = taken.contains(&name) || (name == "--all-releases" && value == ":all:");
        // An index without TLS has no certificate to trust, so this option has no effect.
        let is_plain = name == "--trusted-host" && at.source.text.contains(&format!("http://{value}"));
        if !READ.contains(&name) && !is_taken && !is_plain {
            self.report(at, Problem::IgnoredOption { option: name });
        }
        !READ.contains(&name)
    }
}

/// The problem of a line that cannot be read.
fn unreadable(kind: &LockErrorKind) -> Problem {
    Problem::Lock { message: kind.to_string(), help: Vec::new() }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
