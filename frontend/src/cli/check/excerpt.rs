//! The part of a file that is printed with a problem.

use std::ops::Range;

use crate::diagnostics::{Source, Span};

/// The longest part, in bytes. Of a longer one, the beginning of the marked text is shown.
const LONGEST: usize = 8192;

/// The number of bytes before and after the beginning of the marked text that are shown of a very long line.
const AROUND: usize = 200;

/// The whole lines around the marked text. So a problem in a large file costs no more time than one in a
/// small file.
pub(super) struct Excerpt<'s> {
    pub(super) text: &'s str,
    /// The number of the first line, from 1.
    pub(super) first_line: usize,
    /// The marked text in `text`.
    pub(super) span: Range<usize>,
}

impl<'s> Excerpt<'s> {
    pub(super) fn of(source: &'s Source, span: Span) -> Self {
        let text = source.text.as_str();
        let marked = span.start.min(text.len())..span.end.clamp(span.start.min(text.len()), text.len());
        let before = |at: usize| text.get(..at).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
        let behind = |at: usize| {
            text.get(at..).and_then(|text| text.find('\n')).map_or(text.len(), |end| at + end + 1)
        };
        // The renderer shows one more line before and after.
        let whole = before(before(marked.start).saturating_sub(1))..behind(behind(marked.end));
        let shown = if whole.len() <= LONGEST {
            whole
        } else {
            let line = before(marked.start)..behind(marked.start);
            let start = boundary(text, line.start.max(marked.start.saturating_sub(AROUND)));
            start..boundary(text, line.end.min(marked.start + AROUND))
        };
        let within = |at: usize| boundary(text, at.clamp(shown.start, shown.end)) - shown.start;
        Self {
            first_line: source.position(shown.start).line as usize,
            span: within(marked.start)..within(marked.end),
            text: text.get(shown.clone()).unwrap_or_default(),
        }
    }
}

/// The last position at or before `at` at which a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_around_the_mark_are_shown_and_of_long_ones_a_part() {
        let source = Source::new("f", "one\ntwo\nthree\nfour\nfive\n");
        let Excerpt { text, first_line, span } = Excerpt::of(&source, Span { start: 8, end: 13 });
        assert_eq!((text, first_line, text.get(span)), ("two\nthree\nfour\n", 2, Some("three")));
        let long = format!("one\nx = \"{}\"\n", "é".repeat(1 << 19));
        let source = Source::new("f", &*long);
        let Excerpt { text, first_line, span } = Excerpt::of(&source, Span { start: 8, end: long.len() - 1 });
        assert_eq!((text.len() < 2 * AROUND, first_line, span.start), (true, 2, 4));
    }
}
