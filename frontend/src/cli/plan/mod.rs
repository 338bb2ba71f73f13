//! `pybuild plan`: shows the build that the build file, the project and its lock give, without running it.

mod bills;
mod diff;
mod report;
mod revision;
mod table;

use super::arguments::{Plan as Arguments, PlanFormat};
use super::error::CliError;
use super::folder::Opened;
use super::{Answer, platform};

pub(super) use self::report::chosen;

pub(super) fn run(asked: &Arguments) -> Result<Answer, CliError> {
    let build = &asked.build;
    let added = match asked.bills.as_slice() {
        [old, new] => Some(bills::added(old, new)?),
        _ => None,
    };
    let code = u8::from(added.as_ref().is_some_and(|added| !added.is_empty()));
    if let (Some(added), None) = (&added, &asked.diff) {
        let result = match asked.format {
            PlanFormat::Table => bills::text(added),
            PlanFormat::Json => json(added)?,
        };
        return Ok(Answer { code, ..Answer::of(result) });
    }
    let opened = Opened::new(&build.project)?;
    let platform = platform::one_of(build.platform.as_deref())?;
    let prepared = opened.plan(build.target.as_deref(), &platform)?;
    if let Some(revision) = &asked.diff {
        let before = revision::Revision::open(&build.project.folder, revision)?;
        let before = opened.as_in(&build.project, Box::new(before))?;
        let old = before.plan(build.target.as_deref(), &platform);
        let old = old.map_err(|error| error.at(&format!("at {revision}")))?;
        let sides = ((&before, &old), (&opened, &prepared));
        let difference = diff::Difference::new(revision, sides.0, sides.1, &platform)?.with_startup(added);
        let result = match asked.format {
            PlanFormat::Table => difference.text(),
            PlanFormat::Json => difference.json()?,
        };
        return Ok(Answer { code, ..Answer::of(result) });
    }
    let report = report::Report::new(&opened, &prepared, &platform);
    Ok(Answer::of(match asked.format {
        PlanFormat::Table => table::render(&report),
        PlanFormat::Json => json(&report)?,
    }))
}

fn json(value: &impl serde::Serialize) -> Result<String, CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::new(error.to_string()))?;
    Ok(text + "\n")
}
