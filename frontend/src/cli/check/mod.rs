//! `pybuild check`: shows all errors and warnings of a build.

mod excerpt;
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
use crate::lint::CheckOptions;

/// The findings: errors before warnings, each sorted by file and place.
struct Findings<'a> {
    opened: &'a Opened,
    all: Vec<&'a Diagnostic>,
}

pub(super) fn run(check: &Check) -> Result<Answer, CliError> {
    let opened = Opened::new(&check.project)?;
    let mut found = Diagnostics::default();
    let options = CheckOptions::of(&opened.source, opened.check_options()?.as_ref(), &mut found);
    for platform in platform::list(&check.platform)? {
        opened.examine(check.target.as_deref(), &platform, &options, &mut found)?;
    }
    options.apply(&mut found);
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

fn level(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The id of a problem's rule. A problem without a rule has the name of its variant, which does not change
/// with the message.
fn rule(problem: &Problem) -> String {
    if let Some(rule) = problem.rule() {
        return rule.to_owned();
    }
    let whole = format!("{problem:?}");
    whole.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
}
