//! A cursor over the text of a requirement or a marker.

use super::{ParseError, ParseErrorKind};
use crate::diagnostics::Span;

/// A position in a text. It only moves forward.
#[derive(Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Skips `expected` if it comes next. Returns whether it did.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let there = self.rest().starts_with(expected);
        if there {
            self.at += expected.len();
        }
        there
    }

    /// Skips the word `expected` if it comes next as a whole word. Returns whether it did.
    pub(super) fn eat_word(&mut self, expected: &str) -> bool {
        let mut ahead = self.clone();
        if ahead.take_while(is_word) == expected {
            *self = ahead;
            return true;
        }
        false
    }

    /// The error for a missing `expected` at this position.
    pub(super) fn expected(&self, expected: &'static str) -> ParseError {
        let (found, length) = match self.peek() {
            None => ("the end".to_owned(), 0),
            Some(character) => (format!("`{character}`"), character.len_utf8()),
        };
        self.error_at(self.at, self.at + length, ParseErrorKind::Expected { expected, found })
    }

    pub(super) fn error_since(&self, start: usize, kind: impl Into<ParseErrorKind>) -> ParseError {
        self.error_at(start, self.at, kind)
    }

    #[expect(clippy::unused_self, reason = "errors are made where the cursor is")]
    fn error_at(&self, start: usize, end: usize, kind: impl Into<ParseErrorKind>) -> ParseError {
        ParseError { kind: kind.into(), span: Span { start, end } }
    }
}

/// Whether `character` can be part of a name, a variable or a word operator.
pub(super) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}
