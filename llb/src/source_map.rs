//! The lines of the user's file that an op comes from.
//!
//! BuildKit prints these lines under the error of a step. Buildx marks them with a caret.

use std::sync::Arc;

use crate::pb;
use crate::state::State;

/// A file that describes ops, such as the build file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The file name that the user knows.
    pub filename: String,
    /// The whole content.
    pub data: Vec<u8>,
    /// The language for syntax highlighting, such as `toml` or `Dockerfile`.
    pub language: String,
    /// The state that the file was read from. Clients use it to distinguish files with the same name.
    pub definition: Option<State>,
}

/// A place in a file. On the wire, lines count from 1 and characters from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Character in the line, from 0.
    pub character: u32,
}

/// A part of a file, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The first position.
    pub start: Position,
    /// The last position.
    pub end: Position,
}

/// Some ranges of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file. All ops made from a file share this value.
    pub file: Arc<SourceFile>,
    /// The ranges, the most important one first.
    pub ranges: Vec<Range>,
}

impl Range {
    /// Whole lines from `first` to `last`, counted from 1.
    pub fn lines(first: u32, last: u32) -> Self {
        Self { start: Position { line: first, character: 0 }, end: Position { line: last, character: 0 } }
    }

    pub(crate) fn to_pb(self) -> pb::Range {
        pb::Range { start: Some(self.start.to_pb()), end: Some(self.end.to_pb()) }
    }

    pub(crate) fn from_pb(range: &pb::Range) -> Self {
        let position = |position: Option<pb::Position>| position.map(Position::from_pb).unwrap_or_default();
        Self { start: position(range.start), end: position(range.end) }
    }
}

impl Position {
    fn to_pb(self) -> pb::Position {
        let clamp = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        pb::Position { line: clamp(self.line), character: clamp(self.character) }
    }

    fn from_pb(position: pb::Position) -> Self {
        let clamp = |number: i32| u32::try_from(number).unwrap_or_default();
        Self { line: clamp(position.line), character: clamp(position.character) }
    }
}
