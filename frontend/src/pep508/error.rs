//! What can be wrong with a requirement or a marker, and where.

use super::NameError;
use crate::diagnostics::Span;

/// A requirement or marker that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The bytes of the text that it is about.
    pub span: Span,
}

/// What is wrong with a requirement or marker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// Something else was due.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What could stand here.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A version specifier that PEP 440 does not know.
    #[error("`{text}` is not a version specifier")]
    Specifier {
        /// What was given.
        text: String,
    },
    /// A marker variable that does not exist.
    #[error("`{name}` is not a marker variable")]
    Variable {
        /// What was given.
        name: String,
    },
    /// A string without its end.
    #[error("the string is not closed")]
    OpenString,
    /// Two strings compared with each other: always the same, and a sign of missing or extra quotes.
    #[error("a comparison needs a marker variable such as `python_version` on one side")]
    NoVariable,
    /// Parentheses deeper than any tool writes.
    #[error("the marker is nested too deeply")]
    TooDeep,
}

impl ParseError {
    /// The same error for a text that starts at byte `offset` of a larger one.
    #[must_use]
    pub fn shifted(mut self, offset: usize) -> Self {
        self.span.start += offset;
        self.span.end += offset;
        self
    }
}
