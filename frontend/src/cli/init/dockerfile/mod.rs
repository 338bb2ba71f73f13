//! A Dockerfile of a Python project, read into a draft.
//!
//! An instruction is understood whole, or carried over whole, word for word, in its place; it is never cut apart. Where the
//! last stage is on an image of Python's own and all that installs packages is understood, the build file says it in its
//! own words ([`native`]). Otherwise each stage of the Dockerfile becomes a stage of the build file ([`whole`]).

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

/// Carries over what the Dockerfile says, with the stage that ships: the one of this name, or the last.
///
/// # Errors
/// If it is no Dockerfile, or has no such stage.
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
    // What was found in the project counts where the Dockerfile says nothing.
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
            // Of what was found in the project, the Dockerfile says nothing.
            draft.is_whole = true;
            draft.system = System::default();
            draft.checks.clear();
            draft.test_groups.clear();
            places.everything(target, draft, &mut report);
            draft.python_path = None;
        }
    }
    let needed = places.needed(&[target]);
    // What is doubtful about a stage that does not ship is nobody's business.
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
    // The Dockerfile says where modules are imported from, if anything does.
    draft.python_path = None;
    Ok(report)
}
