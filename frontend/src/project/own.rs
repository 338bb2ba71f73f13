//! Lines of requirements files that name the project itself, such as `-e .[dev]`.
//!
//! A separate step builds or installs the project. So such a line stands for the project's dependencies, and
//! pip and the resolver read the file without it.

use std::collections::BTreeSet;

use super::groups::{Room, of_extras, unknown};
use super::pyproject::{Pyproject, normalized};
use super::requirements::Requirements;
use crate::address;
use crate::diagnostics::{Diagnostics, Place, Problem};

/// A line that names the project itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnLine {
    /// The text of the line.
    pub line: String,
    /// The extras that the line asks for, with normalised names.
    pub extras: Vec<String>,
    /// The place of the line.
    pub at: Place,
}

/// The extras, if the text after `-e` or the whole line names the project: `.`, `./`, `.[a,b]` or
/// `file:.#egg=name`.
pub(super) fn extras(target: &str) -> Option<Vec<String>> {
    let target = target.trim_matches(['"', '\'']);
    let target = target.strip_prefix("file:").unwrap_or(target);
    let target = target.split_once("#egg=").map_or(target, |(path, _)| path);
    let rest = target.strip_prefix('.')?;
    let rest = rest.strip_prefix('/').unwrap_or(rest).trim();
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let names = rest.strip_prefix('[')?.strip_suffix(']')?;
    Some(names.split(',').map(|name| normalized(name.trim())).filter(|name| !name.is_empty()).collect())
}

/// Whether a URL in a file has credentials. A file with credentials is not copied into the graph. `git@` is
/// only the usual user for access with a key, so it does not count.
pub(super) fn has_credentials(text: &str) -> bool {
    let by_address = address::has_credentials(text);
    by_address
        || text.split("://").skip(1).any(|rest| {
            let authority = rest.split(|c: char| c == '/' || c.is_whitespace()).next().unwrap_or_default();
            authority.rsplit_once('@').is_some_and(|(user, _)| user != "git")
        })
}

/// Replaces the lines that name the project by the project's dependencies.
pub(super) fn take_in(
    requirements: &mut Requirements,
    pyproject: Option<&Pyproject>,
    is_package: bool,
    found: &mut Diagnostics,
) {
    if requirements.own.is_empty() {
        return;
    }
    let mut extras = Vec::new();
    let mut lines = Vec::new();
    for own in requirements.own.clone() {
        let Some(project) = pyproject.filter(|_| is_package) else {
            found.report(&own.at.source, own.at.span, Problem::LocalRequirement { line: own.line });
            continue;
        };
        if let Some(span) = project.dynamic_dependencies {
            found.report(&project.source, span, Problem::DynamicDependencies);
        }
        if lines.is_empty() {
            lines.extend(project.dependencies.iter().flatten().cloned());
        }
        for extra in &own.extras {
            match project.extras.get_key_value(extra) {
                Some((extra, _)) => extras.push(extra.as_str()),
                None => found.report_with(&own.at.source, own.at.span, || unknown(extra, &project.extras)),
            }
        }
    }
    if let Some(project) = pyproject {
        lines.extend(of_extras(project, extras, &mut Room::new(project), found));
        let mut known: BTreeSet<String> = requirements.inline.iter().cloned().collect();
        lines.retain(|line| known.insert(line.value.clone()));
        requirements.add_inline(&lines, &project.source);
    }
}

#[cfg(test)]
mod tests {
    use super::{extras, has_credentials};

    #[test]
    fn the_project_is_its_folder_with_or_without_extras() {
        let asked = |target: &str| extras(target).map(|names| names.join(" "));
        for target in [".", "./", "file:.", "file:.#egg=shop", "'.'"] {
            assert_eq!(asked(target).as_deref(), Some(""), "{target}");
        }
        assert_eq!(asked(".[Dev_Tools, test]").as_deref(), Some("dev-tools test"));
        for target in ["..", "./lib", "lib", ".[dev", "../x", "file:///src"] {
            assert_eq!(asked(target), None, "{target}");
        }
    }

    #[test]
    fn credentials_stand_before_the_host() {
        assert!(has_credentials("--index-url https://me:word@pypi.example/simple\n"));
        assert!(!has_credentials(
            "--index-url https://pypi.example/simple\nx @ git+ssh://git@git.example/x@v1\n"
        ));
    }
}
