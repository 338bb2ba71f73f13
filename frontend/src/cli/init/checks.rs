//! The checks of `test`: tools in a group, if the project has files for them.

use std::path::Path;

use super::code::is_module;
use super::draft::Draft;
use super::packages::Packages;
use crate::cli::folder::text_below;

/// The groups that `test` installs by default.
const USUAL: [&str; 3] = ["dev", "test", "tests"];

/// Usual names of groups for tools.
const TOOLS: [&str; 10] =
    ["lint", "linting", "linters", "format", "style", "quality", "qa", "check", "checks", "ci"];

/// Adds the checks. The files of a workspace member are in a folder of their own.
pub(super) fn add(packages: &Packages, folder: &Path, member: Option<&str>, draft: &mut Draft) {
    let place = member.map_or_else(|| folder.to_owned(), |member| folder.join(member));
    let tests = has_tests(&place);
    let known =
        [("pytest", "python -m pytest", tests), ("ruff", "ruff check .", true), ("flake8", "flake8", true)];
    let usual: Vec<&str> = USUAL.into_iter().filter(|group| packages.has_group(group)).collect();
    let mut groups = usual.clone();
    for (tool, command, _) in known.into_iter().filter(|(.., wanted)| *wanted) {
        let of_tools = || TOOLS.into_iter().find(|group| packages.is_in(group, tool));
        let more = if usual.iter().any(|group| packages.is_in(group, tool)) {
            None
        } else if let Some(group) = of_tools() {
            Some(group)
        } else if packages.has(tool) {
            None
        } else {
            continue;
        };
        groups.extend(more.filter(|group| !groups.contains(group)));
        let command = match member {
            Some(member) => format!("cd {} && {command}", quoted(member)),
            None => command.to_owned(),
        };
        draft.checks.push((tool.to_owned(), command));
    }
    if groups != usual {
        draft.test_groups = groups.into_iter().map(str::to_owned).collect();
    }
}

/// A quoted word for a shell.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    // A path with a dash at its beginning would be an option of `cd`.
    let path = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn has_tests(folder: &Path) -> bool {
    let is_configured = || {
        let text = text_below(folder, "pyproject.toml");
        folder.join("pytest.ini").is_file() || text.contains("[tool.pytest")
    };
    ["tests", "test"].iter().any(|name| folder.join(name).is_dir())
        || std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("test_") && is_module(&name)
        })
        || is_configured()
}
