//! The project's lock, where it has one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::context::ContextError;
use super::files::Files;
use super::requirements::Requirements;
use crate::diagnostics::{Diagnostics, Problem, Source, Span};
use crate::lock::{self, Format, Input, Lock, LockError};
use crate::pep508::Name;
use crate::spec::{ContextPath, Located, Spec};

/// A lock and the file it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Locked {
    /// The file.
    pub path: ContextPath,
    /// Its text, for errors that point into it.
    pub source: Arc<Source>,
    /// What it says.
    pub lock: Arc<Lock>,
}

impl Locked {
    /// The groups and extras that can be asked for: those of the member that an image is for, and the workspace's.
    pub(super) fn names_for(&self, spec: &Spec) -> BTreeSet<Name> {
        let member = spec.app.member.as_ref().map(|member| &member.value);
        let mut names = self.lock.groups_of(member);
        names.append(&mut self.lock.extras_of(member));
        names
    }
}

/// Reads the lock that the build file names, or else the first that is there.
///
/// # Errors
/// If the context cannot be read. What is wrong with the lock is reported to `found`.
pub(super) fn read(
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Locked>, ContextError> {
    let named = match &spec.dependencies.lock {
        Some(named) => Some(named.clone()),
        // Who names requirements wants these.
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
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let source = Arc::new(Source::new(path, text));
    let manifest = match named.value.sibling(format.manifest()) {
        Some(manifest) if !format.manifest().is_empty() => files.context.read(&manifest)?,
        _ => None,
    };
    let manifest = manifest.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let pyproject = manifest.as_deref().filter(|_| format.manifest() == "pyproject.toml");
    Ok(parse(format, &source, pyproject, files, found).map(|lock| {
        if let Some(stale) = manifest.as_deref().and_then(|manifest| lock.stale(manifest)) {
            let problem = Problem::StaleLock {
                lock: path.to_owned(),
                manifest: stale.manifest.to_owned(),
                reason: stale.reason.to_string(),
                command: stale.command.to_owned(),
            };
            found.report(&spec.source, named.span, problem);
        }
        Locked { path: named.value.clone(), source, lock: Arc::new(lock) }
    }))
}

/// A requirements file counts as a lock if it has hashes: pip would then refuse whatever has none.
fn read_hashed(
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Locked>, ContextError> {
    let path = match &spec.dependencies.requirements {
        Some(named) => match named.as_slice() {
            [only] => Some(only.value.clone()),
            _ => None,
        },
        None => files.first_of(&super::REQUIREMENTS)?,
    };
    match path {
        Some(path) => hashed(path, files, found),
        None => Ok(None),
    }
}

/// The groups that are made of one file with hashes.
pub(super) fn hashed_groups(
    groups: &BTreeMap<String, Requirements>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<BTreeMap<String, Locked>, ContextError> {
    let mut locked = BTreeMap::new();
    for (name, group) in groups {
        if let ([only], []) = (group.files.as_slice(), group.inline.as_slice())
            && let Some(lock) = hashed(only.clone(), files, found)?
        {
            locked.insert(name.clone(), lock);
        }
    }
    Ok(locked)
}

fn hashed(
    path: ContextPath,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Locked>, ContextError> {
    let Some(bytes) = files.context.read(&path)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if !text.contains("--hash=") {
        return Ok(None);
    }
    let source = Arc::new(Source::new(path.as_str(), text));
    let lock = parse(Format::Requirements, &source, None, files, found);
    Ok(lock.map(|lock| Locked { path, source, lock: Arc::new(lock) }))
}

fn parse(
    format: Format,
    source: &Arc<Source>,
    pyproject: Option<&str>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Option<Lock> {
    let read = |path: &str| -> Result<String, String> {
        let cleaned = ContextPath::parse(path).ok_or_else(|| format!("`{path}` leaves the build context"))?;
        match files.context.read(&cleaned) {
            Ok(Some(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(None) => Err(format!("`{path}` is not in the build context")),
            Err(error) => Err(error.to_string()),
        }
    };
    let input = Input { path: &source.name, text: &source.text, pyproject, read: &read };
    match lock::parse(format, &input) {
        Ok(lock) => Some(lock),
        Err(error) => {
            report(&error, source, files, found);
            None
        }
    }
}

/// Shows an error in the file that it is about, which may be one that the lock includes.
fn report(error: &LockError, source: &Arc<Source>, files: &Files<'_>, found: &mut Diagnostics) {
    let problem = Problem::Lock { message: error.to_string(), help: Vec::new() };
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
