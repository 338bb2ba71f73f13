//! The project's lock, if the project has one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::build::{self, BuildSettings};
use super::context::ContextError;
use super::decode::{decoded, lossy};
use super::files::Files;
use super::requirements::Requirements;
use super::workspace::{self, Workspace};
use crate::diagnostics::{Diagnostics, Place, Problem, Source, Span};
use crate::lock::{self, Beside, Format, Input, Lock, LockError, LockErrorKind, ParsedRequirements};
use crate::pep508::Name;
use crate::spec::{ContextPath, Located, Spec};

/// A lock and the file it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Locked {
    /// The file.
    pub path: ContextPath,
    /// The text of the file, for errors that point into it.
    pub source: Arc<Source>,
    /// The other files that contain packages: files that a requirements file includes.
    pub included: Vec<Arc<Source>>,
    /// The content of the lock.
    pub lock: Arc<Lock>,
    /// The rules for building packages that have no wheel.
    pub build: BuildSettings,
}

impl Locked {
    /// The place of a package, in the file that contains the package.
    pub fn place(&self, at: &lock::Place) -> Option<Place> {
        let mut sources = std::iter::once(&self.source).chain(&self.included);
        let source = sources.find(|source| *source.name == *at.file)?;
        Some(Place { source: Arc::clone(source), span: at.span })
    }

    /// The groups and extras that stages can install: those of the workspace, and of the member that the
    /// image is for.
    pub(super) fn names_for(&self, spec: &Spec) -> BTreeSet<Name> {
        let member = spec.app.member.as_ref().map(|member| &member.value);
        let mut names = self.lock.groups_of(member);
        names.append(&mut self.lock.extras_of(member));
        names
    }
}

/// Reads the lock that the build file names, or else the first one that exists.
///
/// # Errors
/// If the context cannot be read. Problems of the lock are reported to `found`.
pub(super) fn read(
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Locked>, ContextError> {
    let named = match &spec.dependencies.lock {
        Some(named) => Some(named.clone()),
        // A build file that names requirements files asks for them and not for a detected lock.
        None if spec.dependencies.requirements.is_some() => None,
        None => files.first_of(&super::LOCKS)?.map(|path| Located::new(path, spec.anywhere())),
    };
    if let Some(named) = named {
        return read_one(&named, spec, files, found);
    }
    read_hashed(spec, files, found)
}

fn read_one(
    named: &Located<ContextPath>,
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Locked>, ContextError> {
    let path = named.value.as_str();
    let Some(bytes) = files.read_named(&named.value, &spec.source, named.span, found)? else {
        return Ok(None);
    };
    let Some(format) = Format::of_file(path) else {
        found.report(&spec.source, named.span, Problem::UnknownLock { path: path.to_owned() });
        return Ok(None);
    };
    let source = Arc::new(Source::new(path, lossy(bytes)));
    let manifest = match named.value.sibling(format.manifest()) {
        Some(manifest) if !format.manifest().is_empty() => files.context.read(&manifest)?,
        _ => None,
    };
    let manifest = manifest.map(lossy);
    let pyproject = manifest.as_deref().filter(|_| format.manifest() == "pyproject.toml");
    let Some(mut lock) = parse(format, &source, pyproject, files, found) else { return Ok(None) };
    let beside = pyproject.and_then(|text| {
        let path = named.value.sibling("pyproject.toml")?;
        Some(Arc::new(Source::new(path.as_str(), text)))
    });
    let build = build::read(format, &named.value, beside.as_ref(), &lock.build_constraints, files)?;
    lock.policy.only_wheels = build.policy.only_wheels.clone();
    lock.policy.no_wheels = build.policy.no_wheels.clone();
    compare_compiled(&lock, &source, files, found);
    if let Some(manifest) = &manifest {
        compare(&lock, named, manifest, spec, files, found)?;
    }
    Ok(Some(Locked { path: named.value.clone(), source, included: Vec::new(), lock: Arc::new(lock), build }))
}

/// Reports projects that are newer than the lock: the project beside the lock, members of the workspace, and
/// folders that the project depends on. A folder outside of the context, or without a `pyproject.toml`,
/// cannot be compared.
fn compare(
    lock: &Lock,
    named: &Located<ContextPath>,
    manifest: &str,
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<(), ContextError> {
    let path = &named.value;
    let (Workspace { projects, members, hidden }, settings) = if lock.format == Format::Uv {
        let settings = path.sibling("uv.toml").map(|path| files.context.read(&path)).transpose()?.flatten();
        (workspace::read(lock, path, manifest, files)?, settings)
    } else {
        (Workspace::default(), None)
    };
    let settings = settings.map(lossy);
    let beside = Beside { manifest, settings: settings.as_deref(), projects, members, hidden };
    for (folder, stale) in lock.stale(&beside) {
        let manifest = match folder.as_str() {
            "." => Some(lock.format.manifest().to_owned()),
            folder => path.sibling(&format!("{folder}/pyproject.toml")).map(|path| path.as_str().to_owned()),
        };
        let problem = Problem::StaleLock {
            lock: path.as_str().to_owned(),
            manifest: manifest.unwrap_or_default(),
            reason: stale.reason.to_string(),
            command: stale.command.to_owned(),
        };
        found.report(&spec.source, named.span, problem);
    }
    Ok(())
}

/// Reports the input files of a compiled lock if the lock does not contain everything that they ask for.
fn compare_compiled(lock: &Lock, source: &Arc<Source>, files: &Files<'_>, found: &mut Diagnostics) {
    let read = reader(files);
    let exists = |path: &str| files.exists(path);
    let input =
        Input { path: &source.name, text: &source.text, pyproject: None, read: &read, exists: &exists };
    for stale in lock.unsatisfied(&input) {
        let problem = Problem::StaleLock {
            lock: source.name.clone(),
            manifest: stale.manifest,
            reason: stale.reason.to_string(),
            command: stale.command,
        };
        found.report(source, stale.span, problem);
    }
}

/// Requirements files are a lock if one of them, or a file that they include, has a hash or requires hashes.
/// pip then refuses every requirement without a hash, in all files of one installation.
fn read_hashed(
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Locked>, ContextError> {
    let detected;
    let paths: Vec<&ContextPath> = match &spec.dependencies.requirements {
        Some(named) => named.iter().map(|file| &file.value).collect(),
        None => {
            detected = files.first_of(&super::REQUIREMENTS)?;
            detected.iter().collect()
        }
    };
    hashed(&paths, files, found)
}

/// The groups that are made of files with hashes.
pub(super) fn hashed_groups(
    groups: &BTreeMap<String, Requirements>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<BTreeMap<String, Locked>, ContextError> {
    let mut locked = BTreeMap::new();
    for (name, group) in groups.iter().filter(|(_, group)| group.inline.is_empty()) {
        let paths: Vec<&ContextPath> = group.files.iter().collect();
        if let Some(lock) = hashed(&paths, files, found)? {
            locked.insert(name.clone(), lock);
        }
    }
    Ok(locked)
}

fn hashed(
    paths: &[&ContextPath],
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Locked>, ContextError> {
    let Some(first) = paths.first() else { return Ok(None) };
    let source = match paths {
        [only] => match files.read_fit(only)? {
            // An unknown encoding is reported when the file is followed.
            Some(bytes) => match decoded(&bytes) {
                Some(text) => Arc::new(Source::new(only.as_str(), text)),
                None => return Ok(None),
            },
            None => return Ok(None),
        },
        // pip reads `-r one -r other` as one list. So does this: a list in a file without a name at the root
        // of the context.
        several => {
            let lines = several.iter().map(|path| format!("-r {}\n", path.as_str()));
            Arc::new(Source::new("", lines.collect::<String>()))
        }
    };
    let read = reader(files);
    let exists = |path: &str| files.exists(path);
    let is_hashed = match lock::parse_requirements(&source.name, &source.text, &read, &exists) {
        Ok(parsed) => {
            let is_hashed = parsed.is_hashed();
            if is_hashed {
                warn(&parsed, files, found)?;
            }
            is_hashed
        }
        // An unreadable file is left to the resolver, unless its author wants its hashes to be checked.
        Err(_) => mentions_hash(&source.text),
    };
    if !is_hashed {
        return Ok(None);
    }
    let Some(lock) = parse(Format::Requirements, &source, None, files, found) else { return Ok(None) };
    let source = match files.context.read(first)? {
        Some(bytes) => Arc::new(Source::new(first.as_str(), decoded(&bytes).unwrap_or_default())),
        None => source,
    };
    let included = included(&lock, &source, files)?;
    compare_compiled(&lock, &source, files, found);
    for file in &included {
        compare_compiled(&lock, file, files, found);
    }
    let mut build = BuildSettings::default();
    build.add_settings(&lock.build_settings);
    Ok(Some(Locked { path: (*first).clone(), source, included, lock: Arc::new(lock), build }))
}

/// Warns of options that a lock of requirements files does not follow.
fn warn(parsed: &ParsedRequirements, files: &Files<'_>, found: &mut Diagnostics) -> Result<(), ContextError> {
    for (option, at) in &parsed.ignored {
        let Some(path) = ContextPath::parse(&at.file) else { continue };
        if let Some(text) = files.context.read(&path)?.as_deref().and_then(decoded) {
            // An index without TLS has no certificate to trust, so this option has no effect.
            let hosts = parsed.options.trusted_hosts.iter();
            let is_plain = |host: &String| text.contains(&format!("http://{host}"));
            if *option == "--trusted-host" && hosts.clone().all(is_plain) {
                continue;
            }
            found.report(&Arc::new(Source::new(&*at.file, text)), at.span, Problem::IgnoredOption { option });
        }
    }
    Ok(())
}

/// The texts of the other files that contain packages of a lock.
fn included(lock: &Lock, source: &Arc<Source>, files: &Files<'_>) -> Result<Vec<Arc<Source>>, ContextError> {
    let names: BTreeSet<&str> = lock.packages.iter().map(|package| &*package.at.file).collect();
    let mut texts = Vec::new();
    for path in names.into_iter().filter(|name| **name != *source.name).filter_map(ContextPath::parse) {
        if let Some(bytes) = files.context.read(&path)? {
            let text = decoded(&bytes).unwrap_or_default();
            texts.push(Arc::new(Source::new(path.as_str(), text)));
        }
    }
    Ok(texts)
}

/// Whether a line outside of a comment has a hash.
fn mentions_hash(text: &str) -> bool {
    let has = |line: &str| {
        let options = ["--hash=", "--hash ", "--require-hashes"];
        options
            .iter()
            .filter_map(|option| line.find(option))
            .any(|at| line.get(..at).is_some_and(|before| !before.starts_with('#') && !before.contains(" #")))
    };
    text.lines().map(str::trim_start).any(has)
}

/// Reads files of the context that a requirements file includes.
fn reader<'f>(files: &'f Files<'_>) -> impl Fn(&str) -> Result<String, String> + 'f {
    |path: &str| {
        let cleaned = ContextPath::parse(path).ok_or_else(|| format!("`{path}` leaves the build context"))?;
        match files.context.read(&cleaned) {
            Ok(Some(bytes)) => {
                decoded(&bytes).ok_or_else(|| format!("`{path}` is in no encoding that pip reads"))
            }
            Ok(None) => Err(format!("`{path}` is not in the build context")),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn parse(
    format: Format,
    source: &Arc<Source>,
    pyproject: Option<&str>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Option<Lock> {
    if let Some((span, problem)) = damage(format, source) {
        found.report(source, span, problem);
        return None;
    }
    let read = reader(files);
    let exists = |path: &str| files.exists(path);
    let input = Input { path: &source.name, text: &source.text, pyproject, read: &read, exists: &exists };
    match lock::parse(format, &input) {
        Ok(lock) => Some(lock),
        Err(error) => {
            report(&error, format, source, files, found);
            None
        }
    }
}

/// The problem of a file that no tool has written: an empty file, or a file with git's conflict marks.
fn damage(format: Format, source: &Source) -> Option<(Span, Problem)> {
    let name = &source.name;
    let message = if source.text.trim().is_empty() {
        format!("{name} is empty")
    } else {
        let mut marks = ["<<<<<<< ", "=======", ">>>>>>> "].into_iter().peekable();
        let mut first = None;
        for (number, line) in (1..).zip(source.text.lines()) {
            if marks.next_if(|mark| line.starts_with(mark)).is_some() {
                first.get_or_insert(number);
            }
        }
        let first = first.filter(|_| marks.peek().is_none())?;
        let message = format!("{name} has the marks of a merge that was not finished");
        return Some((source.line_span(first), Problem::Lock { message, help: vec![again(format)] }));
    };
    Some((source.line_span(1), Problem::Lock { message, help: vec![again(format)] }))
}

/// The help for making the lock again.
fn again(format: Format) -> String {
    match format.renew() {
        command if command.contains('`') => format!("lock again, with {command}"),
        command => format!("lock again: `{command}`"),
    }
}

/// Reports an error in the file that contains it. This can be a file that the lock includes.
fn report(
    error: &LockError,
    format: Format,
    source: &Arc<Source>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) {
    let help = match &error.kind {
        LockErrorKind::Remote { url } => vec![format!(
            "save the file beside the requirements, and name that: `curl -o constraints.txt {url}`"
        )],
        // A lock that its tool wrote does not have these errors.
        LockErrorKind::Syntax { .. } | LockErrorKind::Missing { .. } | LockErrorKind::WrongType { .. } => {
            vec![again(format)]
        }
        _ => Vec::new(),
    };
    let problem = Problem::Lock { message: error.to_string(), help };
    if *error.at.file == *source.name {
        found.report(source, error.at.span, problem);
        return;
    }
    let other = ContextPath::parse(&error.at.file).and_then(|path| files.context.read(&path).ok().flatten());
    match other {
        Some(bytes) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            found.report(&Arc::new(Source::new(&*error.at.file, text)), error.at.span, problem);
        }
        None => found.report(source, Span::default(), problem),
    }
}
