//! Parses one logical line of a requirements file, without acting on it. All readers of requirements files
//! use this parser: the reader of locks, and the reader for projects without a lock.

use super::LockErrorKind;
use super::lines::{Logical, logical_lines, split_options};
use super::options::{OfRequirement, Setting, of_requirement, settings};
use crate::diagnostics::Span;

/// A logical line and its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(super) line: Logical,
    /// The content, or the reason why the line is invalid.
    pub says: Result<Says, LockErrorKind>,
}

/// The content of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    /// `-r` and `-c`
    Include {
        /// The file: a path or a URL.
        target: String,
        /// Whether the file contains constraints.
        constraints: bool,
    },
    /// `-e`
    Editable {
        /// A folder or a repository.
        target: String,
        /// The options after the target.
        options: OfRequirement,
    },
    /// A requirement, or a bare URL or path.
    Requirement {
        /// The text without options.
        text: String,
        /// The options after the requirement.
        options: OfRequirement,
    },
    /// Options of the whole file.
    Settings(Vec<Setting>),
}

impl Statement {
    /// The place of the line in the text.
    pub fn span(&self) -> Span {
        self.line.span
    }

    /// The joined line without comments.
    pub fn text(&self) -> &str {
        &self.line.text
    }
}

/// Parses the text of a requirements file.
pub fn statements(text: &str) -> Vec<Statement> {
    let lines = logical_lines(text).into_iter();
    lines.map(|line| Statement { says: said(&line.text), line }).collect()
}

/// The environment variable in a line. As in pip, it has the form `${NAME}` with capital letters, digits and
/// `_`.
fn variable(text: &str) -> Option<&str> {
    let starts = text.match_indices("${").filter_map(|(at, begin)| text.get(at + begin.len()..));
    starts.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).find(|name| {
        let is_named = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        !name.is_empty() && name.chars().all(is_named)
    })
}

fn said(text: &str) -> Result<Says, LockErrorKind> {
    let says = statement(text)?;
    // Options of a whole file are checked where they are used. There, credentials in the URL of an index are
    // removed.
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
        // A target contains no spaces, except after the name before a URL.
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
        // pip reads the first file of a line and ignores the rest.
        Some((name, _)) if all.len() > 1 => Err(LockErrorKind::Crowded { option: (*name).to_owned() }),
        Some((name, target)) => {
            Ok(Says::Include { target: target.clone(), constraints: *name == "--constraint" })
        }
        None => Ok(Says::Settings(all)),
    }
}

/// A text without surrounding quotes.
fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// The text after `-e` or `--editable`.
fn editable(text: &str) -> Option<&str> {
    let blank = |rest: &str| rest.is_empty() || rest.starts_with(['=', ' ', '\t']);
    let rest = match text.strip_prefix("--editable") {
        Some(rest) => blank(rest).then_some(rest)?,
        None => text.strip_prefix("-e")?,
    };
    Some(rest.trim_start_matches(['=', ' ', '\t']))
}
