//! Why a comparison could not be made at all.

use std::io;

/// A failure of this machine. A tool that refuses a project is not a failure: its refusal is a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file or a program.
    #[error("{what}: {source}")]
    Io {
        /// The failed action.
        what: String,
        /// The error of the system.
        source: io::Error,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Adds the failed action to an I/O error.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl From<pybuild_tests::Failure> for Failure {
    fn from(failure: pybuild_tests::Failure) -> Self {
        Self::Other(failure.to_string())
    }
}
