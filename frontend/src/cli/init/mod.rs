//! `pybuild init`: writes a first build file for a project, from the contents of its folder or from its
//! Dockerfile.

mod beside;
mod changes;
mod checks;
mod code;
mod django;
mod dockerfile;
mod draft;
mod health;
mod look;
mod native;
mod packages;
mod procfile;
mod quoting;
mod runs;
mod settle;
mod workspace;

use std::fmt::Write;
use std::io::Write as _;

use self::dockerfile::Weight;
use super::Answer;
use super::arguments::Init;
use super::error::CliError;
use super::folder::{FILE, named_text, text_below};
use super::table::Table;
use crate::project::Folder;

/// The default frontend image, which the examples use too.
pub(super) const IMAGE: &str = "localhost:5000/pybuild:dev";

pub(super) fn run(asked: &Init) -> Result<Answer, CliError> {
    let folder = &asked.folder;
    if !folder.is_dir() {
        let what = if folder.exists() { "is not a folder" } else { "does not exist" };
        return Err(CliError::new(format!("`{}` {what}", folder.display())).help("name the project's folder"));
    }
    let path = folder.join(FILE);
    if path.symlink_metadata().is_ok() && !asked.print && !asked.diff {
        let shown = path.strip_prefix(".").unwrap_or(&path).display();
        let error = CliError::new(format!("`{shown}` is there already, and is never overwritten"));
        return Err(error.help("`--print` shows what would be written, `--diff` what is different"));
    }
    let (text, said) = make(asked)?;
    let notes = said.notes(asked);
    let code = u8::from(!said.doubts.is_empty());
    if asked.diff {
        let old = text_below(folder, FILE);
        return Ok(Answer { result: changes::changes(&old, &text), notes, code });
    }
    if asked.print {
        return Ok(Answer { result: text, notes, code });
    }
    // A file that was created in the meantime is never overwritten.
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    let written = written.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| CliError::new(format!("`{}` cannot be written: {error}", path.display())))?;
    let shown = path.strip_prefix(".").unwrap_or(&path).display();
    let mut result = said.table();
    let _ = writeln!(result, "wrote {shown}");
    let _ = writeln!(result, "  {}", said.about);
    if code == 0 {
        let _ = writeln!(result, "next: docker buildx build -f {shown} {}", folder.display());
    } else {
        let _ = writeln!(result, "next: look at what is doubtful in {shown}, then `pybuild check`");
    }
    Ok(Answer { result, notes, code })
}

/// The messages besides the file.
#[derive(Default)]
struct Said {
    about: String,
    /// The findings and the decisions.
    rows: Vec<(String, String)>,
    /// Intended differences from the Dockerfile.
    remarks: Vec<String>,
    doubts: Vec<String>,
    warnings: Vec<String>,
}

/// The text of a build file for the project, and the messages about it.
fn make(asked: &Init) -> Result<(String, Said), CliError> {
    let folder = &asked.folder;
    let context = Folder::new(folder);
    let image = asked.image.as_deref().unwrap_or(IMAGE);
    let mut draft = match look::project(folder, &context, image) {
        Err(_) if asked.from.is_some() => look::nothing(folder, image),
        other => other?,
    };
    let mut said = Said::default();
    if let Some(file) = &asked.from {
        let text = named_text(file)
            .map_err(|error| CliError::new(format!("`{}` cannot be read: {error}", file.display())))?;
        let name = file.display().to_string();
        let report = dockerfile::carry(&name, &text, asked.target.as_deref(), folder, &mut draft)?;
        draft.about = format!("From {}.", file.file_name().unwrap_or_default().to_string_lossy());
        for remark in report.sorted() {
            let place = if remark.line > 0 { format!("line {}: ", remark.line) } else { String::new() };
            let text = format!("{place}{}", remark.text);
            draft.remarks.push(if remark.weight == Weight::Doubt {
                format!("Doubtful: {text}")
            } else {
                text.clone()
            });
            if remark.weight == Weight::Doubt { said.doubts.push(text) } else { said.remarks.push(text) }
        }
        said.rows = report.rows;
    } else {
        if draft.production.command.is_none() && draft.production.entrypoint.is_none() {
            draft.doubts.push(NO_COMMAND.to_owned());
        }
        said.doubts.append(&mut draft.doubts);
        draft.remarks.extend(said.doubts.iter().map(|doubt| format!("Doubtful: {doubt}")));
    }
    if let Some(version) = &asked.python {
        draft.python = Some(version.clone());
    }
    let settled = if asked.from.is_none() && asked.python.is_none() {
        let before = draft.remarks.len();
        let settled = settle::with_python(asked, &mut draft)?;
        said.remarks.extend(draft.remarks.iter().skip(before).cloned());
        settled
    } else {
        settle::as_it_is(asked, &draft)?
    };
    said.doubts.extend(settled.doubts);
    said.warnings = settled.warnings;
    said.about = draft.about;
    Ok((settled.text, said))
}

const NO_COMMAND: &str =
    "what a container runs was not found: without `command`, it runs `python3`, prints nothing and ends";

impl Said {
    /// The decisions as a table.
    fn table(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut table = Table::new(&["In the Dockerfile", "In the build file"]);
        for (found, decided) in &self.rows {
            table.row([cut(found, 48), cut(decided, 64)]);
        }
        format!("{}\n", table.render())
    }

    fn notes(&self, asked: &Init) -> Vec<String> {
        let mut notes = Vec::new();
        if asked.image.is_none() {
            notes.push(format!(
                "the frontend image is {IMAGE}, that of `make frontend`; name yours with `--image`"
            ));
        }
        notes.extend(self.doubts.iter().map(|doubt| format!("doubtful: {doubt}")));
        notes.extend(self.remarks.iter().cloned());
        notes.extend(self.warnings.iter().cloned());
        notes
    }
}

/// The beginning of a text that is too long for a column.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let short: String = text.chars().take(width - 1).collect();
    format!("{short}…")
}

/// The translation of a Dockerfile without any other files of a project.
#[cfg(fuzzing)]
pub(super) fn carried(text: &str) -> String {
    let mut draft = draft::Draft::default();
    let folder = std::path::Path::new("/nonexistent");
    match dockerfile::carry("Dockerfile", text, None, folder, &mut draft) {
        Ok(report) => format!("{}{report:?}", draft.text()),
        Err(error) => error.to_string(),
    }
}
