//! Why a test could not go on.

use std::fmt;
use std::io;

/// The result of everything that talks to the machine.
pub type Result<T = ()> = std::result::Result<T, Failure>;

/// A failure of the test's environment. Assertions about the product are plain `assert!`s in the tests.
#[derive(thiserror::Error)]
pub enum Failure {
    /// A program could not be started, a file not be read.
    #[error("{what}: {source}")]
    Io {
        /// The failed action.
        what: String,
        /// The error of the system.
        source: io::Error,
    },
    /// A program ended with an error.
    #[error("`{command}` ended with {status}\n{output}")]
    Command {
        /// The program and its arguments.
        command: String,
        /// How it ended.
        status: String,
        /// What it printed.
        output: String,
    },
    /// A program or a server answered with something that makes no sense here.
    #[error("{0}")]
    Unexpected(String),
}

/// A test that returns an error is reported by its `Debug` text: it has to be readable.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Failure {
    /// Adds the failed action to an I/O error.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Unexpected(format!("unreadable JSON: {error}"))
    }
}
