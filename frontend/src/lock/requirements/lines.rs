//! From the text of a requirements file to its logical lines: joined, without comments, each with its place.

use crate::diagnostics::Span;

/// A line after joining.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logical {
    /// Without comments and spaces around it.
    pub(super) text: String,
    /// From its first character to the end of what was joined.
    pub(super) span: Span,
    /// How much of `text` stands in the file as it is, from the span's start.
    literal: usize,
}

impl Logical {
    /// Where a part of the text stands in the file; the whole line if that is not known.
    pub(super) fn inner(&self, part: Span) -> Span {
        if part.end <= self.literal {
            Span { start: self.span.start + part.start, end: self.span.start + part.end }
        } else {
            self.span
        }
    }
}

/// Joins what ends in a backslash, unless it is a comment, and drops comments and empty lines.
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
        // A comment in the middle ends the line, and stands apart from what is before it.
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

/// Where a comment begins: a `#` at the beginning or after a space.
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

/// Splits a requirement from its options: the first word that begins with a dash.
pub(super) fn split_options(line: &str) -> (&str, &str) {
    let at = line.char_indices().find(|(at, character)| {
        let before = line.get(..*at).and_then(|before| before.chars().next_back());
        *character == '-' && before.is_some_and(char::is_whitespace)
    });
    let (text, options) = at.and_then(|(at, _)| line.split_at_checked(at)).unwrap_or((line, ""));
    (text.trim(), options)
}
