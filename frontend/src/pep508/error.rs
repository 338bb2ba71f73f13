//! Errors in requirements and markers, with their places.

use super::NameError;
use crate::diagnostics::Span;

/// A requirement or a marker that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// The kind of the error.
    pub kind: ParseErrorKind,
    /// The place of the error, in bytes of the text.
    pub span: Span,
}

/// The kind of an error in a requirement or a marker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// The text has something else at this place.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// The expected text.
        expected: &'static str,
        /// The found text.
        found: String,
    },
    /// An invalid name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A version specifier that is invalid by PEP 440.
    #[error("`{text}` is not a version specifier")]
    Specifier {
        /// The text of the specifier.
        text: String,
    },
    /// An unknown marker variable.
    #[error("`{name}` is not a marker variable")]
    Variable {
        /// The name in the marker.
        name: String,
    },
    /// A string without its closing quote.
    #[error("the string is not closed")]
    OpenString,
    /// A comparison of two strings. Its result is always the same, so a quote is probably missing or extra.
    #[error("a comparison needs a marker variable such as `python_version` on one side")]
    NoVariable,
    /// The parentheses are nested deeper than any tool writes.
    #[error("the marker is nested too deeply")]
    TooDeep,
}

impl ParseError {
    /// Moves the error to a larger text, in which the parsed text starts at byte `offset`.
    #[must_use]
    pub fn shifted(mut self, offset: usize) -> Self {
        self.span.start += offset;
        self.span.end += offset;
        self
    }
}
