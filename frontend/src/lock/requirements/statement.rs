//! One logical line of a requirements file, taken apart and not yet acted upon. Whoever reads requirements files reads
//! them by this: the reader of locks, and the project that has nothing locked.

use super::LockErrorKind;
use super::lines::{Logical, logical_lines, split_options};
use super::options::{OfRequirement, Setting, of_requirement, settings};
use crate::diagnostics::Span;

/// A logical line and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(super) line: Logical,
    /// What it says, or why it says nothing.
    pub says: Result<Says, LockErrorKind>,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    /// `-r` and `-c`
    Include {
        /// The file: a path or an address.
        target: String,
        /// Whether the file has constraints.
        constraints: bool,
    },
    /// `-e`
    Editable {
        /// A folder or a repository.
        target: String,
        /// What stands behind the target.
        options: OfRequirement,
    },
    /// A requirement, or a bare address or path.
    Requirement {
        /// Its text, without options.
        text: String,
        /// What stands behind it.
        options: OfRequirement,
    },
    /// Options of the whole file.
    Settings(Vec<Setting>),
}

impl Statement {
    /// Where the line stands in the text.
    pub fn span(&self) -> Span {
        self.line.span
    }

    /// The line, without comments and joined.
    pub fn text(&self) -> &str {
        &self.line.text
    }
}

/// Takes the text of a requirements file apart.
pub fn statements(text: &str) -> Vec<Statement> {
    let lines = logical_lines(text).into_iter();
    lines.map(|line| Statement { says: said(&line.text), line }).collect()
}

/// The variable that a line names as pip has it: `${NAME}`, of upper case letters, digits and `_`.
fn variable(text: &str) -> Option<&str> {
    let starts = text.match_indices("${").filter_map(|(at, begin)| text.get(at + begin.len()..));
    starts.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).find(|name| {
        let is_named = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        !name.is_empty() && name.chars().all(is_named)
    })
}

fn said(text: &str) -> Result<Says, LockErrorKind> {
    let says = statement(text)?;
    // The options of a file are judged where they are used: a user name or password in an index's address is left out.
    if !matches!(says, Says::Settings(_))
        && let Some(name) = variable(text)
    {
        return Err(LockErrorKind::Variable { name: name.to_owned() });
    }
    Ok(says)
}

fn statement(text: &str) -> Result<Says, LockErrorKind> {
    if !text.starts_with('-') {
        let (text, options) = split_options(text);
        return Ok(Says::Requirement { text: text.to_owned(), options: of_requirement(options)? });
    }
    if let Some(rest) = editable(text) {
        // A target has no blanks, but for the name before an address.
        let (target, options) = split_options(rest);
        let target = unquoted(target);
        if target.is_empty() {
            return Err(LockErrorKind::OptionValue { option: "--editable".to_owned() });
        }
        return Ok(Says::Editable { target: target.to_owned(), options: of_requirement(options)? });
    }
    let all = settings(text)?;
    let is_include = |(name, _): &&Setting| matches!(*name, "--requirement" | "--constraint");
    match all.iter().find(is_include) {
        // pip takes the first file of a line and drops everything else there.
        Some((name, _)) if all.len() > 1 => Err(LockErrorKind::Crowded { option: (*name).to_owned() }),
        Some((name, target)) => {
            Ok(Says::Include { target: target.clone(), constraints: *name == "--constraint" })
        }
        None => Ok(Says::Settings(all)),
    }
}

/// A text without the quotes around it.
fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// What follows `-e` and `--editable`.
fn editable(text: &str) -> Option<&str> {
    let blank = |rest: &str| rest.is_empty() || rest.starts_with(['=', ' ', '\t']);
    let rest = match text.strip_prefix("--editable") {
        Some(rest) => blank(rest).then_some(rest)?,
        None => text.strip_prefix("-e")?,
    };
    Some(rest.trim_start_matches(['=', ' ', '\t']))
}
