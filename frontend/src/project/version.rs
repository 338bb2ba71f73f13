//! Projects that take their version from git when they are built.

use std::sync::Arc;

use toml::de::DeTable;

use super::pyproject::{Pyproject, string, strings, table};
use super::requirements::Wanted;
use crate::diagnostics::{Diagnostics, Problem, Source, Span};
use crate::spec::Spec;

/// Packages that pass the version from git to a build backend.
const ASKING: [&str; 8] = [
    "flit-scm",
    "hatch-vcs",
    "pbr",
    PLACEHOLDER,
    "setuptools-git-versioning",
    "setuptools-scm",
    "uv-dynamic-versioning",
    "versioningit",
];

/// The only one of them that requires a placeholder as the written version.
const PLACEHOLDER: &str = "poetry-dynamic-versioning";

/// The tool that takes a project's version from git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFromGit {
    /// The name of the package.
    pub by: String,
    /// The file that names it.
    pub source: Arc<Source>,
    /// The place in the file.
    pub span: Span,
}

impl VersionFromGit {
    /// Whether the tool accepts a version from the environment.
    pub fn can_be_given(&self) -> bool {
        !matches!(self.by.as_str(), "setuptools-git-versioning" | "versioningit")
    }
}

/// Finds the tool that takes the version from git: a build requirement such as `setuptools-scm`, or a setting
/// of PDM. A written version takes precedence (`is_written`).
pub(super) fn asked_for(
    root: &DeTable<'_>,
    source: &Arc<Source>,
    is_written: bool,
) -> Option<VersionFromGit> {
    let by = |by: String, span| VersionFromGit { by, source: Arc::clone(source), span };
    let list = table(root, "build-system").and_then(|backend| backend.get("requires"));
    let required = list.into_iter().flat_map(|list| strings(list.get_ref())).find_map(|line| {
        let name = Wanted::of(&line.value, source, line.span)?.name;
        ASKING.contains(&name.as_str()).then(|| by(name, line.span))
    });
    let asking = required.or_else(|| {
        let version = table(table(table(root, "tool")?, "pdm")?, "version")?;
        let kind = string(version, "source").filter(|kind| kind.value == "scm")?;
        Some(by("pdm-backend".to_owned(), kind.span))
    });
    asking.filter(|asking| !is_written || asking.by == PLACEHOLDER)
}

/// Refuses a version in the build file if the project has a fixed version.
pub(super) fn check(span: Span, spec: &Spec, pyproject: Option<&Pyproject>, found: &mut Diagnostics) {
    let fixed = pyproject.filter(|project| project.version_from_git.is_none());
    if let Some(fixed) = fixed.and_then(|project| project.version.clone()) {
        found.report(&spec.source, span, Problem::FixedVersion { fixed });
    }
}
