//! Turns selected packages into files to fetch or build.

use std::sync::Arc;

use pep440_rs::Version;

use crate::address::{Commit, FileName, visible};
use crate::diagnostics::{Diagnostics, Place, Problem, Severity};
use crate::lock::{Artifact, Format, Install, Location, Package, Source};
use crate::plan::{BuildFrom, SOURCES, WheelFrom, WheelPlan};
use crate::project::{BuildRules, BuildSettings, Locked, Wanted};
use crate::resolve::locate::Located;
use crate::resolve::trust::doubts;
use crate::resolve::{ResolveError, origin};
use crate::select::{SelectError, Selected, Selection, Take};
use crate::spec::{ContextPath, Spec};

/// The wheels of a selection; `None` if an error was reported. The place of a package that is not in a lock
/// is its requirement.
pub(super) fn wheels(
    selection: &Selection,
    located: Option<&Located>,
    locked: Option<&Locked>,
    wanted: &[Wanted],
    spec: &Spec,
    found: &mut Diagnostics,
) -> Option<Vec<WheelPlan>> {
    let mut wheels = Vec::new();
    let mut complete = true;
    // `package = false` with `member`: the member's code is copied, and only its dependencies are installed.
    let is_copied = spec.app.package.as_ref().is_some_and(|package| !package.value);
    for entry in selection.entries.iter().filter(|entry| !(is_copied && entry.is_project())) {
        let wheel = match wheel_of(entry, located, locked) {
            Ok(Some(from)) => WheelPlan {
                direct_url: origin::direct_url(&entry.package.source, &from, locked, &spec.app.workdir),
                name: entry.package.name.as_str().to_owned(),
                version: entry.package.version.as_ref().map(ToString::to_string),
                from,
                requested: entry.why.through.is_empty(),
                at: place(entry, locked).or_else(|| place_of_wanted(entry, wanted)),
                requires: entry.requires.iter().map(|name| name.as_str().to_owned()).collect(),
                build: BuildRules::default(),
            },
            Ok(None) => continue,
            Err(problem) => {
                complete = false;
                match place(entry, locked) {
                    Some(at) => found.report(&at.source, at.span, problem),
                    None => found.report(&spec.source, spec.anywhere(), problem),
                }
                continue;
            }
        };
        let mut wheel = wheel;
        if matches!(wheel.from, WheelFrom::Built(_)) {
            complete &= set_build(&mut wheel, locked, spec, found);
        }
        for problem in doubts(&wheel, spec) {
            complete &= problem.severity() == Severity::Warning;
            match &wheel.at {
                Some(at) => found.report(&at.source, at.span, problem),
                None => found.report(&spec.source, spec.anywhere(), problem),
            }
        }
        wheels.push(wheel);
    }
    complete.then_some(wheels)
}

/// Sets the rules for building a package. False if a build cannot follow one of its settings.
fn set_build(wheel: &mut WheelPlan, locked: Option<&Locked>, spec: &Spec, found: &mut Diagnostics) -> bool {
    let unlocked = BuildSettings::default();
    let settings = locked.map_or(&unlocked, |locked| &locked.build);
    wheel.build = settings.rules(&wheel.name, &spec.dependencies.build_constraints);
    let mut is_met = true;
    for unmet in settings.unmet(&wheel.name) {
        is_met = false;
        let problem = Problem::BuildNotFollowed { key: unmet.key.clone(), package: wheel.label() };
        found.report(&unmet.at.source, unmet.at.span, problem);
    }
    is_met
}

/// A package in messages: its version, and the file that asks for it.
pub(super) fn described(wheel: &WheelPlan) -> String {
    let version = wheel.version.as_deref().unwrap_or("a version that is not known yet");
    match &wheel.at {
        Some(at) => format!("{version} by {}", at.source.name),
        None => format!("{version} as it was resolved"),
    }
}

/// The place of a package in the project's lock.
pub(super) fn place(entry: &Selected, locked: Option<&Locked>) -> Option<Place> {
    locked?.place(&entry.package.at)
}

/// The place of the requirement for a package, or for the package that depends on it.
fn place_of_wanted(entry: &Selected, wanted: &[Wanted]) -> Option<Place> {
    let names = std::iter::once(&entry.package.name).chain(&entry.why.through);
    let mut found = names.filter_map(|name| wanted.iter().find(|wanted| wanted.name == name.as_str()));
    found.next().map(|wanted| wanted.at.clone())
}

/// The file or source of a package's wheel; `None` if the package is not installed as a wheel.
fn wheel_of(
    entry: &Selected,
    located: Option<&Located>,
    locked: Option<&Locked>,
) -> Result<Option<WheelFrom>, Problem> {
    let in_context = |path: &str| context_path(path, locked);
    let address = |artifact: &Artifact| match &artifact.location {
        Location::Index => located.and_then(|located| located.file(&entry.package.name)).cloned(),
        _ => Some(artifact.clone()),
    };
    let missing = || {
        let package = entry.package.label();
        match located.and_then(|located| located.other_python(&entry.package.name)) {
            Some(requires) => Problem::ForOtherPython { package, requires: requires.to_owned() },
            None => Problem::NotOnIndex { package },
        }
    };
    match &entry.take {
        Take::Wheel(artifact) | Take::Sdist(artifact) => {
            let file = address(artifact).ok_or_else(missing)?;
            check_name(&file, &entry.package)?;
            from_file(&file, &in_context)
        }
        Take::Release => {
            let file = located.and_then(|located| located.file(&entry.package.name)).ok_or_else(missing)?;
            check_name(file, &entry.package)?;
            from_file(file, &in_context)
        }
        Take::Source => from_source(&entry.package.source, &in_context),
    }
}

/// Checks that the name of a wheel is that of the locked package. As in uv, the file's version may have a
/// local part that the lock does not have. The metadata in the file is checked in the same way when it is
/// unpacked, and so is a wheel that is built from source.
fn check_name(artifact: &Artifact, package: &Package) -> Result<(), Problem> {
    let Some(wheel) = artifact.wheel() else { return Ok(()) };
    let is_version =
        |version: &Version| wheel.version == *version || wheel.version.clone().without_local() == *version;
    if wheel.name == package.name && package.version.as_ref().is_none_or(is_version) {
        return Ok(());
    }
    Err(Problem::OtherFile { package: package.label(), file: artifact.file.to_string() })
}

type InContext<'a> = dyn Fn(&str) -> Result<String, Problem> + 'a;

fn from_file(artifact: &Artifact, in_context: &InContext<'_>) -> Result<Option<WheelFrom>, Problem> {
    let hash = artifact.hashes.proof().cloned();
    // For a file at a URL, the check of its trust reports this.
    let is_here = matches!(artifact.location, Location::Path(_));
    if is_here && hash.is_none() && !artifact.hashes.is_empty() {
        let algorithms: Vec<_> = artifact.hashes.iter().map(|hash| hash.algorithm.as_str()).collect();
        return Err(Problem::WeakHash {
            file: artifact.file.to_string(),
            algorithms: algorithms.join(" and "),
        });
    }
    let is_wheel = artifact.wheel().is_some();
    Ok(Some(match (&artifact.location, hash) {
        (Location::Url(url), Some(hash)) if is_wheel => {
            WheelFrom::Http { url: url.clone(), hash, file: artifact.file.clone(), size: artifact.size }
        }
        (Location::Url(url), hash) => {
            WheelFrom::Built(BuildFrom::Sdist { url: url.clone(), hash, file: artifact.file.clone() })
        }
        (Location::Path(path), hash) if is_wheel => WheelFrom::Context { path: in_context(path)?, hash },
        (Location::Path(path), _) => {
            WheelFrom::Built(BuildFrom::Context { path: in_context(path)?, editable: false })
        }
        (Location::Index, _) => {
            return Err(Problem::NotOnIndex { package: artifact.file.to_string() });
        }
    }))
}

fn from_source(source: &Source, in_context: &InContext<'_>) -> Result<Option<WheelFrom>, Problem> {
    Ok(Some(WheelFrom::Built(match source {
        Source::Git { url, commit, subdirectory, .. } => {
            let commit = Commit::parse(commit).map_err(|error| unusable(&error))?;
            let subdirectory = subdirectory.as_deref().map(plain_folder).transpose()?;
            BuildFrom::Git { url: url.clone(), commit, subdirectory }
        }
        Source::Url { url, .. } => {
            let file = FileName::of_address(url.as_str()).map_err(|error| unusable(&error))?;
            BuildFrom::Sdist { url: url.clone(), hash: None, file }
        }
        // The project itself is installed as the app.
        Source::Directory { path, install } if *install == Install::Not || path == "." => return Ok(None),
        Source::File { path, .. } => BuildFrom::Context { path: in_context(path)?, editable: false },
        Source::Directory { path, install } => {
            BuildFrom::Context { path: in_context(path)?, editable: *install == Install::Editable }
        }
        Source::Index { .. } => return Ok(None),
    })))
}

/// The problem of a lock entry that cannot be used.
pub(super) fn unusable(error: &dyn std::error::Error) -> Problem {
    Problem::Lock { message: error.to_string(), help: Vec::new() }
}

/// A folder below the root of a repository.
fn plain_folder(path: &str) -> Result<String, Problem> {
    let folder = ContextPath::parse(path).ok_or_else(|| {
        let message = format!("`{}` is no folder of the repository", visible(path));
        Problem::Lock { message, help: Vec::new() }
    })?;
    Ok(folder.as_str().to_owned())
}

/// The path in the context for a path of a lock. Paths of locks are relative to the folder of the lock.
fn context_path(path: &str, locked: Option<&Locked>) -> Result<String, Problem> {
    let resolved = match locked {
        // Paths of requirements files are already relative to the context.
        Some(locked) if locked.lock.format == Format::Requirements => ContextPath::parse(path),
        Some(locked) => locked.path.sibling(path),
        None => ContextPath::parse(mounted(path).unwrap_or(path)),
    };
    let resolved = resolved.ok_or_else(|| Problem::PathLeavesContext { value: path.to_owned() })?;
    Ok(resolved.as_str().to_owned())
}

/// The path in the context of a file that a resolver found in [`SOURCES`]. This folder lies beside the folder
/// of the answer.
fn mounted(path: &str) -> Option<&str> {
    let beside = SOURCES.rsplit('/').next().unwrap_or_default();
    let rest = path.strip_prefix(SOURCES);
    let rest = rest.or_else(|| path.strip_prefix("../").and_then(|path| path.strip_prefix(beside)));
    rest.and_then(|rest| rest.strip_prefix('/'))
}

/// Reports why the selection from a lock failed.
pub(super) fn report(errors: &[SelectError], locked: &Locked, spec: &Spec, found: &mut Diagnostics) {
    for error in errors {
        if let (SelectError::UnknownMember { .. }, Some(member)) = (error, &spec.app.member) {
            let problem = Problem::Lock { message: error.to_string(), help: help(error) };
            found.report(&spec.source, member.span, problem);
            continue;
        }
        let at = error.place().and_then(|place| locked.place(place));
        let (source, span) = match at {
            Some(at) => (at.source, at.span),
            None => (Arc::clone(&locked.source), locked.source.line_span(1)),
        };
        found.report(&source, span, Problem::Lock { message: error.to_string(), help: help(error) });
    }
}

fn help(error: &SelectError) -> Vec<String> {
    match error {
        SelectError::NoArtifact { offered, remedies, .. } => {
            let mut help: Vec<String> = remedies.iter().map(ToString::to_string).collect();
            if !offered.is_empty() {
                help.push(format!("the lock offers {}", offered.join(", ")));
            }
            help
        }
        SelectError::UnknownMember { known, .. } if known.is_empty() => {
            vec!["leave `member` out: only the lock of a workspace has members".to_owned()]
        }
        SelectError::UnknownMember { known, .. } if error.suggestion().is_none() => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            vec![format!("the members of the lock are {}", known.join(", "))]
        }
        error => error.suggestion().map(|name| format!("did you mean `{name}`?")).into_iter().collect(),
    }
}

/// Like [`report`], for a fresh resolution. There is no file of the user that a problem could point to.
pub(super) fn unlocked_error(errors: &[SelectError]) -> ResolveError {
    let lines = errors.iter().flat_map(|error| {
        std::iter::once(error.to_string())
            .chain(help(error).into_iter().map(|help| format!("  help: {help}")))
    });
    ResolveError(lines.collect::<Vec<_>>().join("\n").into())
}
