//! `pybuild init`: a first build file for a project, from what is in its folder or from its Dockerfile.

mod beside;
mod checks;
mod code;
mod django;
mod dockerfile;
mod draft;
mod health;
mod look;
mod native;
mod packages;
mod runs;
mod workspace;

use std::fmt::Write;
use std::io::Write as _;

use super::arguments::{Init, Project};
use super::error::CliError;
use super::folder::{FILE, Opened, named_text};
use super::{Answer, platform};
use crate::diagnostics::Diagnostics;
use crate::project::Folder;

/// The frontend image that the examples name, where nothing else is asked for.
pub(super) const IMAGE: &str = "localhost:5000/pybuild:dev";

pub(super) fn run(asked: &Init) -> Result<Answer, CliError> {
    let folder = &asked.folder;
    if !folder.is_dir() {
        let what = if folder.exists() { "is not a folder" } else { "does not exist" };
        return Err(CliError::new(format!("`{}` {what}", folder.display())).help("name the project's folder"));
    }
    let path = folder.join(FILE);
    if path.symlink_metadata().is_ok() && !asked.print {
        let shown = path.strip_prefix(".").unwrap_or(&path).display();
        let error = CliError::new(format!("`{shown}` is there already, and is never overwritten"));
        return Err(error.help("`--print` shows what would be written"));
    }
    let context = Folder::new(folder);
    let mut draft = look::project(folder, &context, asked.image.as_deref().unwrap_or(IMAGE))?;
    if let Some(version) = &asked.python {
        draft.python = Some(version.clone());
    }
    let mut report = Vec::new();
    if let Some(file) = &asked.from {
        let text = named_text(file)
            .map_err(|error| CliError::new(format!("`{}` cannot be read: {error}", file.display())))?;
        report = dockerfile::carry(&file.display().to_string(), &text, &mut draft)?;
        if let Some(version) = &asked.python {
            draft.python = Some(version.clone());
        }
    }
    let text = draft.text();
    let warnings = try_out(asked, &text)?;
    let mut notes = Vec::new();
    if asked.image.is_none() {
        notes.push(format!(
            "the frontend image is {IMAGE}, that of `make frontend`; name yours with `--image`"
        ));
    }
    notes.extend(warnings);
    if asked.print {
        notes.extend(report);
        return Ok(Answer { result: text, notes, code: 0 });
    }
    // Never over a file that came to be in the meantime.
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    let written = written.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CliError::new(format!("`{}` cannot be written: {error}", path.display())))?;
    let mut result = String::new();
    for line in &report {
        let _ = writeln!(result, "{line}");
    }
    if !report.is_empty() {
        result.push('\n');
    }
    let _ = writeln!(result, "wrote {}", path.strip_prefix(".").unwrap_or(&path).display());
    let _ = writeln!(result, "  {}", draft.about);
    let folder = folder.display();
    let _ = writeln!(
        result,
        "next: docker buildx build -f {} {folder}",
        path.strip_prefix(".").unwrap_or(&path).display()
    );
    Ok(Answer { result, notes, code: 0 })
}

/// A Dockerfile of a project of which nothing else is known, as a build file.
#[cfg(fuzzing)]
pub(super) fn carried(text: &str) -> String {
    let mut draft = draft::Draft::default();
    match dockerfile::carry("Dockerfile", text, &mut draft) {
        Ok(report) => format!("{}{}", draft.text(), report.concat()),
        Err(error) => error.to_string(),
    }
}

/// Looks at the project with the new file as a build would. With a mistake nothing is written; warnings are given back.
fn try_out(asked: &Init, text: &str) -> Result<Vec<String>, CliError> {
    let project = Project { folder: asked.folder.clone(), file: None, build_args: Vec::new() };
    let opened = Opened::draft(&project, text)?;
    let mut found = Diagnostics::default();
    for target in ["production", "test", "dev"] {
        opened.prepare(Some(target), &platform::native(), &mut found)?;
    }
    if found.has_errors() {
        let error = CliError::new(format!("no build file is written for this project: {}", found.summary()));
        return Err(error.help("mend this first, then run `pybuild init` again"));
    }
    Ok(found.warnings().iter().map(ToString::to_string).collect())
}
