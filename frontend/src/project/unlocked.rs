//! Dependencies without a lock: whether there are any, and the command that locks them.

use super::context::ContextError;
use super::files::Files;
use super::pyproject::Pyproject;
use super::requirements::Requirements;
use crate::diagnostics::Problem;
use crate::spec::ContextPath;

/// Whether requirements ask for a package. A file with only comments does not.
pub(super) fn asks(requirements: &Requirements, files: &Files<'_>) -> Result<bool, ContextError> {
    if !requirements.inline.is_empty() || !requirements.remote.is_empty() {
        return Ok(true);
    }
    for path in &requirements.inputs {
        let text = files.context.read(path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        if lines.any(|line| !line.is_empty() && !line.starts_with('#')) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The warning, with the command that makes a lock from these files.
pub(super) fn problem(what: &str, requirements: &Requirements, pyproject: Option<&Pyproject>) -> Problem {
    let command = match (requirements.files.as_slice(), pyproject) {
        ([], Some(project)) if project.of_poetry => "poetry lock".to_owned(),
        ([], _) => "uv lock".to_owned(),
        (files, _) => {
            let names: Vec<&str> = files.iter().map(ContextPath::as_str).collect();
            // The output may replace its input. Its lines then have versions and hashes.
            let last = names.last().copied().unwrap_or_default();
            let names = shlex::try_join(names.iter().copied()).unwrap_or_default();
            let last = shlex::try_quote(last).unwrap_or_default();
            format!("uv pip compile --universal --generate-hashes {names} -o {last}")
        }
    };
    Problem::NotLocked { what: format!("the dependencies in {what}"), command }
}
