//! The reason why a command failed.

use std::fmt;

/// The error and its help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CliError {
    message: String,
    help: Vec<String>,
}

impl CliError {
    /// An error with a message: one line in lower case.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: Vec::new() }
    }

    /// Adds the place of the error.
    pub(super) fn at(self, place: &str) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }

    /// Adds a way to fix the error.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.iter().try_for_each(|help| write!(f, "\n  help: {help}"))
    }
}
