//! Texts of users, and places in these texts.

use std::fmt;
use std::sync::Arc;

use super::Problem;
use crate::address::{lines, masked};

/// A half-open range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The position of the first byte.
    pub start: usize,
    /// The position after the last byte.
    pub end: usize,
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// A line (from 1) and a column (from 0, in characters), as in BuildKit's source ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 0.
    pub character: u32,
}

/// A file for diagnostics and source maps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The name that the user knows.
    pub name: String,
    /// The whole text.
    pub text: String,
    lines: Vec<usize>,
    /// The number of characters that begin before each [`STRIDE`]th byte. So a place in a very long line is
    /// found as fast as any other.
    characters: Vec<usize>,
}

/// The distance between two counts in `characters`, in bytes.
const STRIDE: usize = 1024;

impl Source {
    /// The maximum size of a build file, in bytes. Each graph that is sent to the engine contains the text of
    /// the file, and the engine accepts messages of at most 16 MiB.
    pub const LIMIT: usize = 1 << 20;

    /// Decodes a build file from UTF-8. A byte order mark is removed, because TOML spans start after it. If a
    /// file is larger than [`Self::LIMIT`], `bytes` needs only one byte more than the limit.
    ///
    /// # Errors
    /// If the file is too large or not UTF-8.
    pub fn decode(name: impl Into<String>, bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > Self::LIMIT {
            return Err(Problem::TooLarge { limit: Self::LIMIT >> 20 });
        }
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|error| Problem::NotUtf8 { offset: error.valid_up_to() })?;
        Ok(Self::new(name, text.strip_prefix('\u{feff}').unwrap_or(text)))
    }

    /// Makes a source and indexes the lines of `text`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut before = 0;
        let counted = text.as_bytes().chunks(STRIDE).map(|chunk| {
            let characters = before;
            before += beginnings(chunk);
            characters
        });
        let characters = counted.collect();
        Self { name: name.into(), text, lines, characters }
    }

    /// The number of characters that begin before byte `offset`.
    fn characters_before(&self, offset: usize) -> usize {
        let stride = offset / STRIDE;
        let rest = self.text.as_bytes().get(stride * STRIDE..offset).map_or(0, beginnings);
        self.characters
            .get(stride)
            .copied()
            .map_or_else(|| beginnings(self.text.as_bytes()), |known| known + rest)
    }

    /// The position of byte `offset`. An offset after the end gives the position of the end.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.lines.partition_point(|&start| start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let character = self.characters_before(offset).saturating_sub(self.characters_before(start));
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            character: u32::try_from(character).unwrap_or(u32::MAX),
        }
    }

    /// The text for use outside the build: in excerpts and in the metadata of operations. Addresses have no
    /// user name and no password, and characters that a terminal reads as commands are replaced. Lines keep
    /// their numbers, and bytes keep their positions in a line if they are visible.
    pub fn shown(&self) -> String {
        lines(&masked(&self.text)).into_owned()
    }

    /// The span of a line (from 1), without its line break.
    pub fn line_span(&self, line: u32) -> Span {
        let index = (line.max(1) - 1) as usize;
        let start = self.lines.get(index).copied().unwrap_or(self.text.len());
        let end = self.lines.get(index + 1).map_or(self.text.len(), |next| next - 1);
        Span { start, end: end.max(start) }
    }

    /// The first and last position of `span`. An empty span gives its own position twice.
    pub fn range(&self, span: Span) -> (Position, Position) {
        let end = if span.end > span.start { span.end - 1 } else { span.start };
        (self.position(span.start), self.position(end))
    }
}

/// The number of UTF-8 characters that begin in these bytes.
fn beginnings(bytes: &[u8]) -> usize {
    if bytes.is_ascii() {
        return bytes.len();
    }
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// A place in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// The bytes in the file.
    pub span: Span,
}

impl Place {
    /// The line in the file, from 1.
    pub fn line(&self) -> u32 {
        self.source.position(self.span.start).line
    }
}

// The debug output of a plan contains places. It names the file and the line only, without the text of the
// file.
impl fmt::Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.source.name, self.source.position(self.span.start).line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_text_of_bounded_size_less_its_byte_order_mark() {
        let decode = |bytes: &[u8]| Source::decode("f", bytes).map(|source| source.text);
        assert_eq!(decode(b"\xef\xbb\xbfa = 1\n"), Ok("a = 1\n".to_owned()));
        assert_eq!(decode(b"a = \xff"), Err(Problem::NotUtf8 { offset: 4 }));
        let mut bytes = vec![b'#'; Source::LIMIT];
        assert_eq!(decode(&bytes).map(|text| text.len()), Ok(Source::LIMIT));
        bytes.push(b'#');
        assert_eq!(decode(&bytes), Err(Problem::TooLarge { limit: 1 }));
    }

    #[test]
    fn positions_count_lines_from_one_and_characters_from_zero() {
        let source = Source::new("f", "é = 1\nb = 2\n");
        assert_eq!(source.position(0), Position { line: 1, character: 0 });
        assert_eq!(source.position(3), Position { line: 1, character: 2 });
        assert_eq!(source.position(7), Position { line: 2, character: 0 });
        assert_eq!(source.position(999), Position { line: 3, character: 0 });
        assert_eq!(source.line_span(2), Span { start: 7, end: 12 });
    }

    #[test]
    fn places_of_a_long_line_are_counted_as_any() {
        let text = "é".repeat(3 * STRIDE);
        let source = Source::new("f", format!("first\n{text}"));
        for character in [0, 1, STRIDE / 2, STRIDE - 1, STRIDE, 2 * STRIDE + 7, 3 * STRIDE - 1, 3 * STRIDE] {
            let place = source.position(6 + 2 * character);
            assert_eq!(place, Position { line: 2, character: u32::try_from(character).unwrap() });
        }
    }
}
