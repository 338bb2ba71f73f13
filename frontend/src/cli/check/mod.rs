//! `pybuild check`: everything that a build would fail for or warn of.

mod github;
mod human;
mod json;
mod sarif;

use super::Answer;
use super::arguments::{Check, CheckFormat};
use super::error::CliError;
use super::folder::Opened;
use super::platform;
use crate::diagnostics::{Diagnostic, Diagnostics, Problem, Severity};
use crate::spec::{Arguments, Spec};

/// What was found, errors before warnings, each by file and place.
struct Findings<'a> {
    opened: &'a Opened,
    all: Vec<&'a Diagnostic>,
}

pub(super) fn run(check: &Check) -> Result<Answer, CliError> {
    let opened = Opened::new(&check.project)?;
    let mut found = Diagnostics::default();
    for platform in platform::list(&check.platform)? {
        for target in targets(check, &opened) {
            opened.prepare(Some(&target), &platform, &mut found)?;
        }
    }
    let all: Vec<_> = found.errors().into_iter().chain(found.warnings()).collect();
    let fails = if check.allow_warnings { found.has_errors() } else { !all.is_empty() };
    let findings = Findings { opened: &opened, all };
    let result = match check.format {
        CheckFormat::Human => human::render(&findings),
        CheckFormat::Json => json::render(&findings),
        CheckFormat::Sarif => sarif::render(&findings),
        CheckFormat::Github => github::render(&findings),
    };
    Ok(Answer { result, notes: Vec::new(), code: u8::from(fails) })
}

/// The stages to look at: the one that is asked for, or every one of the file.
fn targets(check: &Check, opened: &Opened) -> Vec<String> {
    if let Some(target) = &check.target {
        return vec![target.clone()];
    }
    // Names of stages are the same whatever the args are.
    let (spec, _) = Spec::parse(&opened.source, Arguments::default());
    let targets = spec.map(|spec| spec.targets().into_iter().map(str::to_owned).collect());
    targets.unwrap_or_else(|| vec![crate::spec::DEFAULT_TARGET.to_owned()])
}

fn level(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The id of a problem's rule: the name of its variant, which no message changes.
fn rule(problem: &Problem) -> String {
    let whole = format!("{problem:?}");
    whole.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
}
