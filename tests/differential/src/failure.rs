//! Why a comparison could not be made at all.

use std::io;

/// Something that had to work on this machine and did not. A tool that refuses a project is no failure: its refusal is
/// an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file or a program.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Wraps an I/O error with what was being done.
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
