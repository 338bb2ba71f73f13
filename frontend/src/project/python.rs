//! Which Python a project runs on.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::{Version, VersionSpecifiers};

use super::context::ContextError;
use super::files::Files;
use super::pyproject::Pyproject;
use super::releases;
use crate::diagnostics::{Diagnostics, Problem, Source, Span};
use crate::spec::{Located, Spec};

/// A Python version as far as it is given: minor, or minor and patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PythonVersion {
    /// The `11` of `3.11.4`.
    pub minor: u32,
    /// The `4` of `3.11.4`.
    pub patch: Option<u32>,
}

/// Versions of Python 3 that are taken for such: what runs on one is a list that grows with it.
const MOST_MINOR: u32 = 99;

/// The same for the third number.
const MOST_PATCH: u32 = 999;

impl PythonVersion {
    /// Reads `3.11` or `3.11.4`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.');
        if parts.next()? != "3" {
            return None;
        }
        let minor = parts.next()?.parse().ok().filter(|minor| *minor <= MOST_MINOR)?;
        let patch = parts.next().map(str::parse).transpose().ok()?;
        if patch > Some(MOST_PATCH) {
            return None;
        }
        parts.next().is_none().then_some(Self { minor, patch })
    }

    /// Whether some release of this version fits. A version without a patch stands for all of its patches.
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
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

/// The version from the build file, `.python-version`, the base image's tag, `requires-python`, else the newest.
pub(super) fn choose(
    spec: &Spec,
    pyproject: Option<&Pyproject>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<PythonVersion>, ContextError> {
    let wanted = pyproject.and_then(|project| requires(project, found));
    let source = Arc::clone(&spec.source);
    if let Some(named) = &spec.python.version {
        // A version that is none was reported when the file was read.
        let version = PythonVersion::parse(&named.value);
        check(version, wanted.as_ref(), &source, named.span, found);
        return Ok(version);
    }
    if let Some(base) = &spec.python.base {
        let version = version_of_tag(base.value.tag());
        check(version, wanted.as_ref(), &source, base.span, found);
        return Ok(version);
    }
    if let Some(file) = files.read_if_there(".python-version")? {
        if let Some((version, span)) = pinned(&file, found) {
            check(Some(version), wanted.as_ref(), &file, span, found);
            return Ok(Some(version));
        }
        if found.has_errors() {
            return Ok(None);
        }
    }
    let newest = || releases::supported().map(|minor| PythonVersion { minor, patch: None });
    let Some((specifiers, text)) = wanted else {
        return Ok(newest().next());
    };
    let fitting = newest().find(|version| version.satisfies(&specifiers));
    // An upper bound may lie below what still gets fixes; such a Python exists all the same.
    let fitting = fitting.or_else(|| {
        (0..10).rev().map(|minor| PythonVersion { minor, patch: None }).find(|v| v.satisfies(&specifiers))
    });
    if fitting.is_none()
        && let Some(project) = pyproject
    {
        found.report(&project.source, text.span, Problem::NoPythonFits { specifier: text.value });
    }
    Ok(fitting)
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
        let problem = Problem::RequiresPython { version: version.to_string(), specifier: text.value.clone() };
        found.report(source, span, problem);
    }
}

/// The first version that `.python-version` names (pyenv allows several, and prefixes).
fn pinned(file: &Arc<Source>, found: &mut Diagnostics) -> Option<(PythonVersion, Span)> {
    let lines = file.text.lines().enumerate();
    let (index, line) = lines
        .map(|(at, line)| (at, line.trim()))
        .find(|(_, line)| !line.is_empty() && !line.starts_with('#'))?;
    let span = file.line_span(u32::try_from(index + 1).unwrap_or(1));
    let bare = line.trim_start_matches("cpython").trim_start_matches("python").trim_start_matches('-');
    let version = PythonVersion::parse(bare);
    if version.is_none() {
        found.report(file, span, Problem::BadPythonVersion { value: line.to_owned() });
    }
    Some((version?, span))
}

/// The version in a tag such as `3.11-slim` or `3.13.1-alpine3.20`.
fn version_of_tag(tag: Option<&str>) -> Option<PythonVersion> {
    PythonVersion::parse(tag?.split('-').next()?)
}
