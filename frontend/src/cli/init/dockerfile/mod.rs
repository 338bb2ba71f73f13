//! A Dockerfile of a Python project, read into a draft, with a word about every instruction.

mod carry;
mod commands;
mod copies;
mod parse;
mod settings;
mod steps;

use super::draft::Draft;
use crate::cli::error::CliError;

/// Carries over what a build file can say, and reports each instruction by its line.
///
/// # Errors
/// If it is no Dockerfile, or makes no Python image.
pub(super) fn carry(name: &str, text: &str, draft: &mut Draft) -> Result<Vec<String>, CliError> {
    let instructions = parse::instructions(name, text)?;
    let carried = carry::Carrier::new(name, &instructions, draft)?.run();
    let width = carried.iter().map(|(line, _)| line.to_string().len()).max().unwrap_or(0);
    let mut lines = vec![format!("{name}, line by line:")];
    lines.extend(carried.into_iter().map(|(line, said)| format!("  {line:>width$}  {said}")));
    Ok(lines)
}
