//! The Python version of a project.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::{Version, VersionSpecifiers};

use super::context::ContextError;
use super::files::Files;
use super::other_tools::{self, OTHER_TOOLS};
use super::pinned::{self, Pinned};
use super::pyproject::Pyproject;
use super::releases;
use crate::diagnostics::{Diagnostics, Place, Problem, Source, Span};
use crate::spec::{ContextPath, Located, Spec};

/// A Python version, with or without its patch number, and the kind of its build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PythonVersion {
    /// The `11` of `3.11.4`.
    pub minor: u32,
    /// The `4` of `3.11.4`.
    pub patch: Option<u32>,
    /// Whether it is the build without the global interpreter lock, such as `3.14t`.
    pub free_threaded: bool,
}

/// The first version of Python that has a free-threaded build.
const FREE_THREADED: u32 = 13;

/// The highest minor version that is accepted. The bound limits lists that grow with the version.
const MOST_MINOR: u32 = 99;

/// The highest patch number that is accepted.
const MOST_PATCH: u32 = 999;

impl PythonVersion {
    /// Reads `3.11`, `3.11.4` or `3.14t`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let numbers = text.strip_suffix('t').unwrap_or(text);
        let mut parts = numbers.split('.');
        if parts.next()? != "3" {
            return None;
        }
        let minor = parts.next()?.parse().ok().filter(|minor| *minor <= MOST_MINOR)?;
        let patch = parts.next().map(str::parse).transpose().ok()?;
        if patch > Some(MOST_PATCH) {
            return None;
        }
        let version = Self { minor, patch, free_threaded: numbers != text };
        version.existing().filter(|_| parts.next().is_none())
    }

    /// The version; `None` if it asks for a free-threaded build that never existed.
    pub(super) fn existing(self) -> Option<Self> {
        (!self.free_threaded || self.minor >= FREE_THREADED).then_some(self)
    }

    /// The version with this minor number, and no patch number.
    fn of_minor(minor: u32) -> Self {
        Self { minor, patch: None, free_threaded: false }
    }

    /// The name of the version's library folder without `python`: `3.11`, or `3.14t`.
    pub fn library(self) -> String {
        Self { patch: None, ..self }.to_string()
    }

    /// Whether some release of this version matches. A version without a patch number stands for all of its
    /// patches.
    fn satisfies(self, specifiers: &VersionSpecifiers) -> bool {
        let patches = self.patch.map_or(0..=40, |patch| patch..=patch);
        patches
            .into_iter()
            .any(|patch| specifiers.contains(&Version::new([3, u64::from(self.minor), u64::from(patch)])))
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "3.{}", self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))?;
        f.write_str(if self.free_threaded { "t" } else { "" })
    }
}

/// The version from the build file, the base image's tag, `.python-version`, the file of another tool, `requires-python`,
/// else the newest; and where that is said.
pub(super) fn choose(
    spec: &Spec,
    pyproject: Option<&Pyproject>,
    (folder, files): (Option<&ContextPath>, &Files<'_>),
    found: &mut Diagnostics,
) -> Result<(Option<PythonVersion>, Option<Place>), ContextError> {
    let chosen = decide(spec, pyproject, (folder, files), found)?;
    if let (Some(version), Some(place)) = &chosen
        && version.free_threaded
        && spec.python.base.is_none()
    {
        let problem = Problem::NoFreeThreadedImage { version: version.to_string() };
        found.report(&place.source, place.span, problem);
    }
    Ok(chosen)
}

fn decide(
    spec: &Spec,
    pyproject: Option<&Pyproject>,
    (folder, files): (Option<&ContextPath>, &Files<'_>),
    found: &mut Diagnostics,
) -> Result<(Option<PythonVersion>, Option<Place>), ContextError> {
    let wanted = pyproject.and_then(|project| requires(project, found));
    let source = Arc::clone(&spec.source);
    if let Some(named) = &spec.python.version {
        // An invalid version was reported when the file was read.
        let version = PythonVersion::parse(&named.value);
        check(version, wanted.as_ref(), &source, named.span, found);
        return Ok((version, Some(Place { source, span: named.span })));
    }
    if let Some(base) = &spec.python.base {
        let version = version_of_tag(spec.python_image().and_then(|image| image.tag()));
        check(version, wanted.as_ref(), &source, base.span, found);
        return Ok((version, Some(Place { source, span: base.span })));
    }
    let newest = || releases::supported().map(PythonVersion::of_minor);
    let errors = found.errors().len();
    let pinned = match version_file(".python-version", folder, files, found)? {
        Some(file) => pinned::read(&file, found),
        None => of_other_tools(folder, files, found)?,
    };
    match pinned {
        Some((Pinned::Version(version), place)) => {
            check(Some(version), wanted.as_ref(), &place.source, place.span, found);
            return Ok((Some(version), Some(place)));
        }
        Some((Pinned::Fitting(specifiers, text), place)) => {
            let of_project = |version: &PythonVersion| {
                wanted.as_ref().is_none_or(|(specifiers, _)| version.satisfies(specifiers))
            };
            let fitting = newest().chain(releases::past().map(PythonVersion::of_minor));
            let mut fitting = fitting.filter(|version| version.satisfies(&specifiers));
            let version = fitting.find(of_project);
            if version.is_none() {
                found.report(&place.source, place.span, Problem::NoPythonFitsBoth { specifier: text });
            }
            return Ok((version, Some(place)));
        }
        None if found.errors().len() > errors => return Ok((None, None)),
        None => {}
    }
    let Some((specifiers, text)) = wanted else {
        return Ok((newest().next(), None));
    };
    let fitting = newest().find(|version| version.satisfies(&specifiers));
    // An upper bound may exclude all versions that still get fixes. An older version that matches still
    // exists.
    let fitting =
        fitting.or_else(|| releases::past().map(PythonVersion::of_minor).find(|v| v.satisfies(&specifiers)));
    let place = pyproject.map(|project| Place { source: Arc::clone(&project.source), span: text.span });
    if let (None, Some(place)) = (fitting, &place) {
        found.report(&place.source, place.span, Problem::NoPythonFits { specifier: text.value });
    }
    Ok((fitting, place))
}

/// What the file of another tool asks for: the first of [`OTHER_TOOLS`] that names a Python. Nothing where it leaves the
/// version open.
fn of_other_tools(
    folder: Option<&ContextPath>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<(Pinned, Place)>, ContextError> {
    for name in OTHER_TOOLS {
        let Some(file) = version_file(name, folder, files, found)? else { continue };
        if let Some((word, span)) = other_tools::word(name, &file) {
            return Ok(pinned::of_tool(&file, span, &word, found));
        }
    }
    Ok(None)
}

/// The file of the project's folder, else the one of the context, where uv, pyenv and the other tools look next.
fn version_file(
    name: &str,
    folder: Option<&ContextPath>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Arc<Source>>, ContextError> {
    let below = folder.and_then(|folder| ContextPath::parse(&format!("{}/{name}", folder.as_str())));
    for path in below.into_iter().chain(ContextPath::parse(name)) {
        let file = files.read_text(&path, found)?;
        if file.is_some() {
            return Ok(file);
        }
    }
    Ok(None)
}

type Wanted = (VersionSpecifiers, Located<String>);

fn requires(project: &Pyproject, found: &mut Diagnostics) -> Option<Wanted> {
    let text = project.requires_python.clone()?;
    match VersionSpecifiers::from_str(&text.value) {
        Ok(specifiers) => Some((specifiers, text)),
        Err(_) => {
            found.report(&project.source, text.span, Problem::BadSpecifier { value: text.value });
            None
        }
    }
}

fn check(
    version: Option<PythonVersion>,
    wanted: Option<&Wanted>,
    source: &Arc<Source>,
    span: Span,
    found: &mut Diagnostics,
) {
    let (Some(version), Some((specifiers, text))) = (version, wanted) else {
        return;
    };
    if !version.satisfies(specifiers) {
        let problem = Problem::RequiresPython {
            version: version.to_string(),
            specifier: text.value.clone(),
            said: source.name.clone(),
        };
        found.report(source, span, problem);
    }
}

/// The version in a tag such as `3.11-slim` or `3.13.1-alpine3.20`.
fn version_of_tag(tag: Option<&str>) -> Option<PythonVersion> {
    PythonVersion::parse(tag?.split('-').next()?)
}
