//! The last step before a build file is written. `init` examines the file as `pybuild check` does, and
//! comments out each key that a build would refuse, with the reason. So `init` writes a file in every case.

use std::collections::BTreeMap;

use super::draft::{Dependencies, Draft};
use crate::address::visible;
use crate::cli::arguments::{Init, Project};
use crate::cli::error::CliError;
use crate::cli::folder::{FILE, Opened};
use crate::cli::platform;
use crate::diagnostics::{Diagnostics, Problem};
use crate::lint::CheckOptions;
use crate::project::releases;

/// A build file, and the remarks about the file.
pub(super) struct Settled {
    pub(super) text: String,
    /// The warnings that a build would give.
    pub(super) warnings: Vec<String>,
    /// Each key that was commented out, and each error in the project itself.
    pub(super) doubts: Vec<String>,
    /// The number of packages that have no wheel.
    pub(super) compiled: usize,
}

/// The largest number of examinations of the file. After each examination, every wrong key is commented out.
const ROUNDS: usize = 8;

/// Chooses the Python version of a draft and settles the draft. It is called where no file names a version,
/// or only files of other tools name one.
///
/// The choice is the newest version for which the most packages have wheels.
pub(super) fn with_python(asked: &Init, draft: &mut Draft) -> Result<Settled, CliError> {
    let first = settle(asked, &draft.text())?;
    let original = draft.clone();
    let other = |version: String| {
        let other = Draft { python: Some(version), ..original.clone() };
        settle(asked, &other.text()).map(|settled| (other, settled))
    };
    if let Some((file, version)) = draft.python_of.take() {
        let (said, settled) = other(version.clone())?;
        if settled.doubts.len() <= first.doubts.len() {
            *draft = said;
            return Ok(settled);
        }
        let taken = draft.python.clone().unwrap_or_default();
        draft.remarks.push(format!(
            "{file} names Python {version}, which does not fit what the project requires: {taken} is taken."
        ));
        return settle(asked, &draft.text());
    }
    if !draft.python_is_free || first.compiled == 0 {
        return Ok(first);
    }
    let mut best: Option<(Draft, Settled)> = None;
    for minor in releases::supported() {
        let (found, settled) = other(format!("3.{minor}"))?;
        let fewest = best.as_ref().map_or(first.compiled, |(_, best)| best.compiled);
        if settled.doubts.len() <= first.doubts.len() && settled.compiled < fewest {
            best = Some((found, settled));
        }
    }
    let Some((mut found, _)) = best else { return Ok(first) };
    let version = found.python.clone().unwrap_or_default();
    found.remarks.push(format!("Python {version} is the newest for which the locked packages have wheels."));
    *draft = found;
    settle(asked, &draft.text())
}

/// Settles a draft. Errors in the packages of the project do not count if no image has these packages.
pub(super) fn as_it_is(asked: &Init, draft: &Draft) -> Result<Settled, CliError> {
    let settled = settle(asked, &draft.text())?;
    if !draft.is_whole || settled.doubts.is_empty() {
        return Ok(settled);
    }
    let mut best = settled;
    let dependencies = Dependencies { requirements: Some(Vec::new()), ..Dependencies::default() };
    let python = draft.python.clone().filter(|_| asked.python.is_some());
    for other in [
        Draft { dependencies: dependencies.clone(), ..draft.clone() },
        // The image has its Python, whatever the project asks for.
        Draft { python: python.clone(), ..draft.clone() },
        Draft { python, dependencies, ..draft.clone() },
    ] {
        let other = settle(asked, &other.text())?;
        if other.doubts.len() < best.doubts.len() {
            best = other;
        }
    }
    Ok(best)
}

/// Examines the text and comments out the wrong keys.
pub(super) fn settle(asked: &Init, text: &str) -> Result<Settled, CliError> {
    let project = Project { folder: asked.folder.clone(), file: None, build_args: Vec::new() };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut skipped: Vec<&'static str> = Vec::new();
    let mut doubts = Vec::new();
    for _ in 0..ROUNDS {
        let text = whole(&lines, &skipped);
        let opened = Opened::draft(&project, &text)?;
        let mut found = Diagnostics::default();
        let options = CheckOptions {
            skip: skipped.iter().map(|rule| (*rule).to_owned()).collect(),
            ..CheckOptions::default()
        };
        opened.examine(None, &platform::native(), &options, &mut found)?;
        options.apply(&mut found);
        let mut refused: BTreeMap<usize, String> = BTreeMap::new();
        let (mut others, skipped_before) = (Vec::new(), skipped.len());
        let above = usize::from(!skipped.is_empty());
        for error in found.errors() {
            let message = visible(&error.problem.to_string()).clone();
            let line = error.line() as usize;
            match error.problem.rule().filter(|_| error.problem.can_be_skipped()) {
                Some(rule) if skipped.contains(&rule) => {}
                Some(rule) => {
                    skipped.push(rule);
                    lines.insert(2.min(lines.len()), format!("# Not right yet: {message}"));
                    doubts.push(message);
                }
                None if error.source.name == FILE && line > 1 + above => {
                    refused.entry(line - 1 - above).or_insert(message);
                }
                None => others.push(format!("{}: {message}", error.source.name)),
            }
        }
        // The head of the file has a new line now, so the places in `refused` are of the old file.
        if skipped.len() > skipped_before {
            continue;
        }
        if refused.is_empty() {
            for other in others {
                lines.insert(2.min(lines.len()), format!("# Not right yet: {other}"));
                doubts.push(other);
            }
            let warnings = found.warnings().iter().map(ToString::to_string).collect();
            let is_compiled = |problem: &&Problem| problem.rule() == Some("NoMatchingWheel");
            let compiled =
                found.warnings().iter().map(|warning| &warning.problem).filter(is_compiled).count();
            return Ok(Settled { text: whole(&lines, &skipped), warnings, doubts, compiled });
        }
        let mut changed = false;
        for (at, message) in refused.iter().rev() {
            changed |= comment_out(&mut lines, *at, message);
            if !doubts.contains(message) {
                doubts.push(message.clone());
            }
        }
        if !changed {
            break;
        }
    }
    doubts.push("the file has mistakes that `pybuild check` shows".to_owned());
    Ok(Settled { text: whole(&lines, &skipped), warnings: Vec::new(), doubts, compiled: 0 })
}

fn whole(lines: &[String], skipped: &[&str]) -> String {
    let (head, rest) = lines.split_at(lines.len().min(1));
    let check = (!skipped.is_empty()).then(|| format!("# check=skip={}", skipped.join(",")));
    let all: Vec<&str> = head.iter().chain(check.iter()).chain(rest).map(String::as_str).collect();
    format!("{}\n", all.join("\n"))
}

/// Comments out a key with all of its lines, or a whole table if the head of the table is wrong. `at` is one
/// of the lines.
fn comment_out(lines: &mut Vec<String>, at: usize, message: &str) -> bool {
    let goes_on = |line: &String| line.starts_with("    ") || line.starts_with(']');
    let mut start = at.min(lines.len().saturating_sub(1));
    while start > 0 && lines.get(start).is_some_and(goes_on) {
        start -= 1;
    }
    let is_head = lines.get(start).is_some_and(|line| line.starts_with('['));
    let mut end = start + 1;
    while lines.get(end).is_some_and(|line| goes_on(line) || (is_head && !line.is_empty())) {
        end += 1;
    }
    let mut changed = false;
    for line in
        lines.iter_mut().take(end).skip(start).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        line.insert_str(0, "# ");
        changed = true;
    }
    if changed {
        lines.insert(start, format!("# Left out: {message}"));
    }
    changed
}
