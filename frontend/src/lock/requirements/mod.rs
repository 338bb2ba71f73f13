//! Requirements files, read in the same way as by pip: lines, options, includes. If every line has its
//! hashes, they are a lock.
//!
//! A callback reads included files, so that the caller decides what a path means and whether it may be read.
//! Paths in a file are relative to the file. All resulting paths are relative to the context.

mod lines;
mod options;
mod statement;

pub use options::{OfRequirement, Options, Setting, links};
pub use statement::{Says, Statement, statements};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::lines::Logical;
use super::artifact::{Artifact, ArtifactKind, Location};
use super::location::{file_url_path, is_url, join, parameter, pip_git};
use super::model::{Install, Listing, Lock, Package, Place, Roots, Source};
use super::table::Document;
use super::{Format, Hash, Hashes, LockError, LockErrorKind, Reader, fresh};
use crate::address::{Commit, FileName, HttpUrl};
use crate::pep508::{Name, Requirement, Wanted};

/// Reads a file of the context by its path. The error is a text for the user.
pub type ReadFile<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// Whether a path of the context exists.
pub type Exists<'a> = dyn Fn(&str) -> bool + 'a;

pub(super) const READER: Reader = Reader {
    format: Format::Requirements,
    claims: |name| name.strip_suffix(".txt").is_some_and(|stem| stem.contains("requirements")),
    parse: |input| {
        let mut parsed = parse_requirements(input.path, input.text, input.read, input.exists)?;
        parsed.name_folders(input.read);
        parsed.into_lock()
    },
    fresh: fresh::unknown,
    manifest: "",
    renew: "`uv pip compile --generate-hashes` or `pip-compile --generate-hashes`",
};

/// The maximum depth of includes, more than any real file has.
const MAX_DEPTH: usize = 32;

/// The content of a requirements file and of its includes.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedRequirements {
    /// The requirements, in order. Those of an included file stand at the place of the include.
    pub lines: Vec<Line>,
    /// Constraints (`-c`): they restrict the versions of packages that others require.
    pub constraints: Vec<Line>,
    /// The options of all files.
    pub options: Options,
    /// The files that were read, the first file first.
    pub files: Vec<Arc<str>>,
    /// The URLs that are included, with their places. These files have not been read.
    pub remote: Vec<(HttpUrl, Place)>,
    /// The options that have no effect here, with their long names and places.
    pub ignored: Vec<(&'static str, Place)>,
}

/// A requirement.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The name; `None` for a URL or path that does not contain it.
    pub name: Option<Name>,
    /// The parsed requirement, if the line is one.
    pub requirement: Option<Requirement>,
    /// The source of the package.
    pub source: Source,
    /// The hashes of the files that may be installed.
    pub hashes: Hashes,
    /// Settings for the build backend, as `KEY=VALUE`.
    pub settings: Vec<String>,
    /// The place of the line.
    pub at: Place,
}

/// Reads a requirements file and everything that it includes.
///
/// # Errors
/// If a line or an option is invalid, or if an included file cannot be read.
pub fn parse_requirements(
    path: &str,
    text: &str,
    read: &ReadFile<'_>,
    exists: &Exists<'_>,
) -> Result<ParsedRequirements, LockError> {
    let mut reading = Reading {
        read,
        exists,
        found: ParsedRequirements {
            lines: Vec::new(),
            constraints: Vec::new(),
            options: Options::default(),
            files: Vec::new(),
            remote: Vec::new(),
            ignored: Vec::new(),
        },
        open: Vec::new(),
        done: BTreeSet::new(),
    };
    reading.file(path, text, Role::Requirements)?;
    Ok(reading.found)
}

/// The meaning of a file's lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Requirements,
    Constraints,
}

struct Reading<'a> {
    read: &'a ReadFile<'a>,
    exists: &'a Exists<'a>,
    found: ParsedRequirements,
    /// The chain of files from the first one to the current one.
    open: Vec<String>,
    /// The files that were read, each with the meaning of its lines. Otherwise, files that include each other
    /// along many paths would be read many times.
    done: BTreeSet<(String, Role)>,
}

impl Reading<'_> {
    fn file(&mut self, path: &str, text: &str, role: Role) -> Result<(), LockError> {
        let file: Arc<str> = path.into();
        if !self.found.files.contains(&file) {
            self.found.files.push(Arc::clone(&file));
        }
        self.open.push(path.to_owned());
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for statement in statements(text) {
            self.statement(statement, &file, role)?;
        }
        self.open.pop();
        Ok(())
    }

    fn statement(&mut self, statement: Statement, file: &Arc<str>, role: Role) -> Result<(), LockError> {
        let at = Place { file: Arc::clone(file), span: statement.span() };
        let says = statement.says.map_err(|kind| LockError::at(at.clone(), kind))?;
        match says {
            Says::Include { target, constraints } => {
                // As in pip, a file that constraints include with `-r` contains requirements.
                let role = if constraints { Role::Constraints } else { Role::Requirements };
                self.include(&target, &at, role)?;
            }
            Says::Editable { target, options } => {
                self.ignore(&options, &at);
                let line = self.editable_line(&target, at)?;
                self.push(line, role);
            }
            Says::Requirement { text, options } => {
                self.ignore(&options, &at);
                let line = self.requirement_line(&statement.line, &text, options, at)?;
                self.push(line, role);
            }
            Says::Settings(settings) => {
                for setting in &settings {
                    let set = self.found.options.set(setting, folder(file), self.exists);
                    set.map_err(|kind| LockError::at(at.clone(), kind))?;
                    if matches!(setting.0, "--trusted-host" | "--use-feature" | "--no-require-hashes") {
                        self.found.ignored.push((setting.0, at.clone()));
                    }
                }
            }
        }
        Ok(())
    }

    fn ignore(&mut self, options: &OfRequirement, at: &Place) {
        // A build uses `--config-settings`.
        let ignored = options.of_build.iter().filter(|name| !name.starts_with("--config-setting"));
        self.found.ignored.extend(ignored.map(|name| (*name, at.clone())));
    }

    fn push(&mut self, line: Line, role: Role) {
        match role {
            Role::Requirements => self.found.lines.push(line),
            Role::Constraints => self.found.constraints.push(line),
        }
    }

    fn include(&mut self, path: &str, at: &Place, role: Role) -> Result<(), LockError> {
        let fail = |kind| LockError::at(at.clone(), kind);
        let path = match file_url_path(path) {
            Some(path) => path,
            None if is_url(path) => {
                let url = HttpUrl::parse(path).map_err(|error| fail(error.into()))?;
                self.found.remote.push((url, at.clone()));
                return Ok(());
            }
            None => join(folder(&at.file), path),
        };
        if self.open.contains(&path) || self.open.len() > MAX_DEPTH {
            return Err(fail(LockErrorKind::Circle { path }));
        }
        if !self.done.insert((path.clone(), role)) {
            return Ok(());
        }
        let text = (self.read)(&path);
        let text = text.map_err(|message| fail(LockErrorKind::Include { path: path.clone(), message }))?;
        self.file(&path, &text, role)
    }
}

/// The folder of a file, given by its path in the context.
fn folder(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A repository, a URL or a path.
enum Bare {
    /// The source of a package, and its name if it is known.
    Source(Option<Name>, Source),
    /// A path, the project's folder in it, and the name.
    Path { path: String, subdirectory: Option<String>, name: Option<Name> },
}

impl Reading<'_> {
    /// A requirement with its options, or a bare URL or path.
    fn requirement_line(
        &self,
        line: &Logical,
        text: &str,
        options: OfRequirement,
        at: Place,
    ) -> Result<Line, LockError> {
        let OfRequirement { hashes, settings, .. } = options;
        let base = folder(&at.file);
        let fail = |kind| LockError::at(at.clone(), kind);
        if let Some(found) = bare(text).map_err(fail)? {
            let (name, source) = self.source(found, base, Install::Built);
            return Ok(Line { name, requirement: None, source, hashes, settings, at });
        }
        let requirement = Requirement::parse(text).map_err(|error| {
            let span = line.inner(error.span);
            LockError::at(Place { file: Arc::clone(&at.file), span }, error.kind)
        })?;
        let source = match &requirement.wanted {
            Wanted::Url(url) => match bare(url).map_err(fail)? {
                Some(found) => self.source(found, base, Install::Built).1,
                None => {
                    let url = HttpUrl::parse(url).map_err(|error| fail(error.into()))?;
                    Source::Url { url, subdirectory: None }
                }
            },
            Wanted::Versions(_) => Source::Index { url: None },
        };
        let name = Some(requirement.name.clone());
        Ok(Line { name, requirement: Some(requirement), source, hashes, settings, at })
    }

    fn editable_line(&self, target: &str, at: Place) -> Result<Line, LockError> {
        let found = bare(target).map_err(|kind| LockError::at(at.clone(), kind))?;
        let found = found.unwrap_or_else(|| Bare::Path {
            path: target.split('[').next().unwrap_or(target).to_owned(),
            subdirectory: None,
            name: None,
        });
        let (name, source) = self.source(found, folder(&at.file), Install::Editable);
        Ok(Line { name, requirement: None, source, hashes: Hashes::default(), settings: Vec::new(), at })
    }

    fn source(&self, found: Bare, base: &str, install: Install) -> (Option<Name>, Source) {
        let (path, subdirectory, name) = match found {
            Bare::Source(name, source) => return (name, source),
            Bare::Path { path, subdirectory, name } => (local(&path, base, self.exists), subdirectory, name),
        };
        let name = name.or_else(|| named_by(&path));
        let source = match ArtifactKind::of_path(&path) {
            ArtifactKind::Other => {
                Source::Directory { path: join(&path, &subdirectory.unwrap_or_default()), install }
            }
            _ => Source::File { path, subdirectory },
        };
        (name, source)
    }
}

/// The path in the context for a path in a line. As in pip, the path is relative to the folder in which pip
/// is started: the root of the context. If nothing exists there, the path is relative to the folder of the
/// file, because the user starts pip there.
pub fn local(path: &str, base: &str, exists: &Exists<'_>) -> String {
    let from_root = join("", path);
    if base.is_empty() || exists(&from_root) {
        return from_root;
    }
    let beside = join(base, path);
    if exists(&beside) { beside } else { from_root }
}

/// The target of a URL or a path; `None` if the text is neither.
fn bare(text: &str) -> Result<Option<Bare>, LockErrorKind> {
    let text = text.trim();
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let egg = parameter(fragment, "egg");
    let name = egg.and_then(|egg| Name::new(egg.split('[').next().unwrap_or_default()).ok());
    let subdirectory = parameter(fragment, "subdirectory");
    if let Some(found) = pip_git(text) {
        let (source, revision) = found?;
        let source = match (source, revision) {
            // The revision is a branch or a tag. It is stored as the commit too.
            (Source::Git { url, commit, subdirectory, .. }, Some(revision)) if commit.is_empty() => {
                Source::Git { url, commit: revision.clone(), revision: Some(revision), subdirectory }
            }
            (source, _) => source,
        };
        return Ok(Some(Bare::Source(name, source)));
    }
    let path = match file_url_path(address) {
        Some(path) => path,
        None if is_url(address) => {
            let url = HttpUrl::parse(address.split_whitespace().next().unwrap_or_default())?;
            let name = name.or_else(|| named_by(url.as_str()));
            return Ok(Some(Bare::Source(name, Source::Url { url, subdirectory })));
        }
        None if is_path(address) => address.to_owned(),
        None => return Ok(None),
    };
    let path = path.split(['[', ';']).next().unwrap_or(&path).trim().to_owned();
    Ok(Some(Bare::Path { path, subdirectory, name }))
}

/// The package of the wheel at the end of a URL or path.
fn named_by(address: &str) -> Option<Name> {
    match ArtifactKind::of_path(address) {
        ArtifactKind::Wheel(wheel) => Some(wheel.name),
        _ => None,
    }
}

/// pip's rule: a text that begins with a dot or contains a slash, or the name of an archive.
pub fn is_path(text: &str) -> bool {
    let first = text.split([';', ' ']).next().unwrap_or(text);
    let is_archive = ArtifactKind::of_path(first) != ArtifactKind::Other;
    first.starts_with('.') || (first.contains('/') && !text.contains('@')) || is_archive
}

impl ParsedRequirements {
    /// Whether any line has a hash. As in pip, all lines then need one.
    pub fn is_hashed(&self) -> bool {
        let mut lines = self.lines.iter().chain(&self.constraints);
        self.options.require_hashes || lines.any(|line| !line.hashes.is_empty())
    }

    /// As in pip, lines without a version or hashes take those of the constraint for the same package.
    fn take_constraints(&mut self) {
        let constraints: BTreeMap<Name, &Line> =
            self.constraints.iter().filter_map(|line| Some((line.name.clone()?, line))).collect();
        for line in &mut self.lines {
            let Some(constraint) = line.name.as_ref().and_then(|name| constraints.get(name)) else {
                continue;
            };
            if line.hashes.is_empty() {
                line.hashes.clone_from(&constraint.hashes);
            }
            let pinned = constraint.requirement.as_ref().filter(|wanted| wanted.pinned().is_some());
            if let (Some(own), Some(pinned)) = (&mut line.requirement, pinned)
                && own.pinned().is_none()
            {
                own.wanted.clone_from(&pinned.wanted);
            }
        }
    }

    /// Finds the names of folders in their own `pyproject.toml`.
    fn name_folders(&mut self, read: &ReadFile<'_>) {
        for line in self.lines.iter_mut().filter(|line| line.name.is_none()) {
            let Source::Directory { path, .. } = &line.source else { continue };
            let manifest = join(path, "pyproject.toml");
            line.name = read(&manifest).ok().and_then(|text| project_name(&manifest, &text));
        }
    }

    /// The lines as a lock.
    ///
    /// # Errors
    /// If a line has no exact version or no hash. Folders of the context need neither.
    pub fn into_lock(mut self) -> Result<Lock, LockError> {
        self.take_constraints();
        if let (true, Some((url, at))) = (self.is_hashed(), self.remote.first()) {
            return Err(LockError::at(at.clone(), LockErrorKind::Remote { url: url.to_string() }));
        }
        if !self.is_hashed() {
            let file = self.files.first().map_or("", |file| file);
            return Err(LockError::whole(file, LockErrorKind::NotLocked));
        }
        let mut packages: Vec<Package> = Vec::new();
        let mut known: BTreeMap<(Name, String), usize> = BTreeMap::new();
        let mut settings: BTreeMap<Name, Vec<String>> = BTreeMap::new();
        for line in self.lines {
            if let Some(name) = line.name.as_ref().filter(|_| !line.settings.is_empty()) {
                settings.insert(name.clone(), line.settings.clone());
            }
            let package = package(line)?;
            // The same line in two included files is one package.
            let key = (package.name.clone(), format!("{:?}{:?}", package.version, package.marker));
            if known.insert(key, packages.len()).is_none() {
                packages.push(package);
            }
        }
        let mut lock = Lock::empty(Format::Requirements, Roots::Listed(Listing::default()));
        lock.packages = packages.into_iter().map(Arc::new).collect();
        lock.policy = self.options.policy();
        lock.build_settings = settings;
        lock.indexes = self.options.indexes;
        Ok(lock)
    }
}

fn project_name(path: &str, text: &str) -> Option<Name> {
    let document = Document::parse(path, text).ok()?;
    let project = document.root().table("project").ok()??;
    project.text("name").ok()??.name().ok()
}

fn package(line: Line) -> Result<Package, LockError> {
    let fail = |kind| LockError::at(line.at.clone(), kind);
    let Some(name) = line.name.clone() else {
        let text = match &line.source {
            Source::Directory { path, .. } | Source::File { path, .. } => path.clone(),
            Source::Git { url, .. } => url.to_string(),
            Source::Url { url, .. } => url.to_string(),
            Source::Index { .. } => String::new(),
        };
        return Err(fail(LockErrorKind::Nameless { text }));
    };
    // Folders contain the user's own files of this build, so there is nothing to compare them with.
    let is_folder = matches!(line.source, Source::Directory { .. });
    if line.hashes.is_empty() && !is_folder {
        return Err(fail(LockErrorKind::Unhashed { package: name.to_string() }));
    }
    let mut package = Package::new(name, line.source.clone(), line.at.clone());
    if let Some(requirement) = &line.requirement {
        package.marker.clone_from(&requirement.marker);
        package.version = requirement.pinned().cloned();
    }
    match &package.source {
        Source::Index { .. } if package.version.is_none() => {
            return Err(fail(LockErrorKind::Unpinned { package: package.name.to_string() }));
        }
        Source::Index { .. } => package.hashes = line.hashes,
        Source::Url { url, .. } => {
            let file = FileName::of_address(url.as_str()).map_err(|error| fail(error.into()))?;
            package.artifacts.push(archive(file, Location::Url(url.clone()), line.hashes));
        }
        Source::File { path, .. } => {
            let file = FileName::of_address(path).map_err(|error| fail(error.into()))?;
            package.artifacts.push(archive(file, Location::Path(path.clone()), line.hashes));
        }
        // The hash of a file cannot check a repository, so the id of the commit must be complete.
        Source::Git { commit, .. } => {
            Commit::parse(commit).map_err(|error| fail(error.into()))?;
        }
        Source::Directory { .. } => {}
    }
    Ok(package)
}

/// A wheel, or else a source distribution with any suffix.
fn archive(file: FileName, location: Location, hashes: Hashes) -> Artifact {
    let mut artifact = Artifact::new(file, location);
    if artifact.kind == ArtifactKind::Other {
        artifact.kind = ArtifactKind::Sdist;
    }
    artifact.hashes = hashes;
    artifact
}

/// Reads the value of a `--hash` option.
fn hash(text: &str) -> Result<Hash, LockErrorKind> {
    Hash::parse(text).ok_or_else(|| LockErrorKind::Hash { text: text.to_owned() })
}
