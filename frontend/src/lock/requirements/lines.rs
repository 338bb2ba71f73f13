//! Splits the text of a requirements file into logical lines: joined, without comments, and with their
//! places.

use crate::diagnostics::Span;

/// A logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logical {
    /// The text without comments and surrounding spaces.
    pub(super) text: String,
    /// The bytes from the first character to the end of the last joined line.
    pub(super) span: Span,
    /// The length of the first part of `text` that is equal to the file at the start of the span.
    literal: usize,
}

impl Logical {
    /// The place of a part of the text. If it is not known, the place of the whole line.
    pub(super) fn inner(&self, part: Span) -> Span {
        if part.end <= self.literal {
            Span { start: self.span.start + part.start, end: self.span.start + part.end }
        } else {
            self.span
        }
    }
}

/// Joins lines that end in a backslash, except comments, and removes comments and empty lines.
pub(super) fn logical_lines(text: &str) -> Vec<Logical> {
    let mut lines = Vec::new();
    let mut joined: Option<(String, usize, usize)> = None;
    let mut offset = 0;
    for raw in text.split_inclusive('\n') {
        let start = offset;
        offset += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        let is_comment = line.trim_start().starts_with('#');
        let continued = line.strip_suffix('\\').filter(|_| !is_comment);
        let (mut whole, first, literal) = joined.take().unwrap_or((String::new(), start, 0));
        // A comment in the middle ends the logical line. A space separates it from the text before.
        whole.push_str(if is_comment { " " } else { "" });
        whole.push_str(continued.unwrap_or(line));
        let literal = if literal == 0 { continued.unwrap_or(line).len() } else { literal };
        if continued.is_some() && offset < text.len() {
            joined = Some((whole, first, literal));
        } else {
            lines.extend(finish(&whole, first, start + line.len(), literal));
        }
    }
    lines
}

fn finish(whole: &str, start: usize, end: usize, literal: usize) -> Option<Logical> {
    let without_comment = match comment(whole) {
        Some(at) => whole.get(..at).unwrap_or(whole),
        None => whole,
    };
    let text = without_comment.trim();
    let leading = without_comment.len() - without_comment.trim_start().len();
    let span = Span { start: start + leading, end: end.max(start + leading) };
    let single_line_end =
        if literal >= without_comment.len() { start + leading + text.len() } else { span.end };
    (!text.is_empty()).then(|| Logical {
        text: text.to_owned(),
        span: Span { end: single_line_end, ..span },
        literal: literal.saturating_sub(leading),
    })
}

/// The position of a comment: a `#` at the beginning or after a space.
fn comment(line: &str) -> Option<usize> {
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        if character == '#' && before.is_whitespace() {
            return Some(at);
        }
        before = character;
    }
    None
}

/// Splits a requirement from its options, which start at the first word with a dash.
pub(super) fn split_options(line: &str) -> (&str, &str) {
    let at = line.char_indices().find(|(at, character)| {
        let before = line.get(..*at).and_then(|before| before.chars().next_back());
        *character == '-' && before.is_some_and(char::is_whitespace)
    });
    let (text, options) = at.and_then(|(at, _)| line.split_at_checked(at)).unwrap_or((line, ""));
    (text.trim(), options)
}
