//! Translates a Dockerfile of a Python project into a draft.
//!
//! Each instruction is either fully understood, or copied word for word to the same place. It is never split.
//! If the last stage is based on a Python image, and all commands that install packages are understood, the
//! build file uses its own keys ([`native`]). Otherwise each stage of the Dockerfile becomes a stage of the
//! build file ([`whole`]).

mod bases;
mod expand;
mod finish;
mod idiom;
mod image;
mod installs;
mod managers;
mod model;
mod native;
mod overlaps;
mod parse;
mod pip;
mod place;
mod report;
mod runner;
mod settings;
mod sources;
mod system;
mod variables;
mod whole;
mod words;

use std::path::Path;

use self::model::Model;
use self::native::Native;
use self::place::Places;
pub(super) use self::report::{Report, Weight};
use super::draft::{Draft, System};
use crate::cli::error::CliError;

/// Translates the Dockerfile. The stage that ships is the one named `target`, or the last one.
///
/// # Errors
/// If the text is not a Dockerfile, or the stage does not exist.
pub(super) fn carry(
    name: &str,
    text: &str,
    target: Option<&str>,
    folder: &Path,
    draft: &mut Draft,
) -> Result<Report, CliError> {
    let file = parse::file(name, text)?;
    let mut report = Report::default();
    let model = Model::new(&file, &mut report);
    let last = model.parts.len().saturating_sub(1);
    let target = match target {
        None => last,
        Some(target) => model.position(target).ok_or_else(|| {
            let known: Vec<_> = model.parts.iter().filter_map(|part| part.name.as_deref()).collect();
            CliError::new(format!("{name} has no stage `{target}`")).help(format!(
                "its stages: {}",
                if known.is_empty() { "none has a name".to_owned() } else { known.join(", ") }
            ))
        })?,
    };
    let names = whole::names(&model, target);
    let places = Places { model: &model, names, folder };
    // Settings that were found in the project are used where the Dockerfile has none.
    let found = std::mem::take(&mut draft.production);
    draft.stages.clear();
    draft.app.writable.clear();
    draft.app.include.clear();
    draft.app.writable_note = None;
    draft.remarks.clear();
    draft.doubts.clear();
    draft.carried.clear();
    draft.args.extend(model.args.iter().map(|(name, value)| (name.clone(), value.clone())));
    let mut own = draft.clone();
    let known = report.remarks.len();
    let rows = report.rows.len();
    let mut try_native = || {
        let bottom = model.bottom(target).filter(|bottom| bottom.base.python.is_some());
        if bottom.is_none() {
            return Err(format!("`{}` is no image of Python's own", places.image_of(target)));
        }
        let mut native = Native::new(&places, target, &mut own, &mut report);
        native.read()?;
        native.finish(&found)
    };
    match try_native() {
        Ok(()) => *draft = own,
        Err(reason) => {
            report.remarks.truncate(known);
            report.rows.truncate(rows);
            report.note(0, format!("each stage is carried over word for word, since {reason}"));
            report.row("packages of Python", "as the Dockerfile installs them");
            // The Dockerfile replaces everything that was found in the project.
            draft.is_whole = true;
            draft.system = System::default();
            draft.checks.clear();
            draft.test_groups.clear();
            places.everything(target, draft, &mut report);
            draft.python_path = None;
        }
    }
    let needed = places.needed(&[target]);
    // Doubts about a stage that does not ship are not reported.
    let ends = model.parts.iter().skip(1).map(|part| part.line).chain([usize::MAX]);
    for ((at, part), end) in model.parts.iter().enumerate().zip(ends) {
        if !needed.contains(&at) {
            report.remarks.retain(|remark| !(part.line..end).contains(&remark.line));
        }
    }
    if folder.join(format!("{name}.dockerignore")).is_file()
        || Path::new(&format!("{name}.dockerignore")).is_file()
    {
        report.doubt(
            0,
            format!("`{name}.dockerignore` holds for this Dockerfile alone: copy it to `pybuild.toml.dockerignore`"),
        );
    }
    for (at, part) in model.parts.iter().enumerate().filter(|(at, _)| !needed.contains(at)) {
        let called = part.name.clone().unwrap_or_else(|| at.to_string());
        report.note(
            part.line,
            format!(
                "the stage `{called}` is not part of what ships: `--target {called}` writes the file for it"
            ),
        );
    }
    finish::healthy(&mut draft.production, found.healthcheck, &found.expose);
    // The Dockerfile alone decides from where modules are imported.
    draft.python_path = None;
    Ok(report)
}
