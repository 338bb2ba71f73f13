//! Projects whose version git knows: what asks it when they are built.

use std::sync::Arc;

use toml::de::DeTable;

use super::pyproject::{Pyproject, normalized, string, strings, table};
use crate::diagnostics::{Diagnostics, Problem, Source, Span};
use crate::spec::{Located, Spec};

/// Packages that give a build backend the version that git knows.
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

/// The one of them that wants a version to stand where it puts its own.
const PLACEHOLDER: &str = "poetry-dynamic-versioning";

/// What takes a project's version from git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFromGit {
    /// The name of the package that does.
    pub by: String,
    /// The file that names it.
    pub source: Arc<Source>,
    /// Where.
    pub span: Span,
}

impl VersionFromGit {
    pub(super) fn of(project: &Pyproject) -> Option<Self> {
        let found = project.version_from_git.clone()?;
        Some(Self { by: found.value, source: Arc::clone(&project.source), span: found.span })
    }

    /// Whether it takes a version that it is given.
    pub fn can_be_given(&self) -> bool {
        !matches!(self.by.as_str(), "setuptools-git-versioning" | "versioningit")
    }
}

/// What takes the version from git, by a pyproject.toml: a requirement of the build backend, or a setting of PDM's. A
/// version that is written there comes from there.
pub(super) fn asked_for(root: &DeTable<'_>, is_written: bool) -> Option<Located<String>> {
    let list = table(root, "build-system").and_then(|backend| backend.get("requires"));
    let required = list.into_iter().flat_map(|list| strings(list.get_ref())).find_map(|line| {
        let name = line.value.split(|mark: char| !mark.is_alphanumeric() && !"-_.".contains(mark)).next()?;
        let name = normalized(name);
        ASKING.contains(&name.as_str()).then(|| Located::new(name, line.span))
    });
    let asking = required.or_else(|| {
        let version = table(table(table(root, "tool")?, "pdm")?, "version")?;
        let source = string(version, "source").filter(|source| source.value == "scm")?;
        Some(Located::new("pdm-backend".to_owned(), source.span))
    });
    asking.filter(|by| !is_written || by.value == PLACEHOLDER)
}

/// Refuses a version beside one that is fixed.
pub(super) fn check(span: Span, spec: &Spec, pyproject: Option<&Pyproject>, found: &mut Diagnostics) {
    let fixed = pyproject.filter(|project| project.version_from_git.is_none());
    if let Some(fixed) = fixed.and_then(|project| project.version.clone()) {
        found.report(&spec.source, span, Problem::FixedVersion { fixed });
    }
}
