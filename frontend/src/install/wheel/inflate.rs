//! Unpacks a member with a buffer of fixed size. The content must have the declared size and checksum.

use std::io::{BufRead, BufReader, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use ruzstd::decoding::StreamingDecoder;

use super::archive::{Archive, Member, Method};
use super::error::Problem;

/// A size that unpacks most members at once, and is small enough for one buffer per thread.
const BUFFER: usize = 128 << 10;

/// The receiver of a member's content. Its error stops the unpacking.
pub(super) type Sink<'s, E> = &'s mut dyn FnMut(&[u8]) -> Result<(), E>;

/// A receiver of content whose size and checksum are already counted.
type Checked<'s, E> = &'s mut dyn FnMut(&[u8], &mut Declared<'_>) -> Result<(), E>;

/// The buffers of one thread. They are reused for each member.
pub(crate) struct Inflater {
    state: Decompress,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { state: Decompress::new(false), input: vec![0; BUFFER], output: vec![0; BUFFER] }
    }

    /// Passes the content to `sink` in pieces. Each piece except the last fills the buffer.
    pub(super) fn unpack<E: From<Problem>>(
        &mut self,
        archive: &Archive,
        name: &str,
        member: &Member,
        sink: Sink<'_, E>,
    ) -> Result<(), E> {
        let mut stored = archive.stored(member)?;
        let mut left = Declared { name, expected: member.size, seen: 0, crc: Crc::new() };
        let mut checked = |piece: &[u8], left: &mut Declared<'_>| -> Result<(), E> {
            left.crc.update(piece);
            sink(piece)
        };
        match member.method {
            Method::Stored => self.copy(&mut stored, &mut left, &mut checked)?,
            Method::Deflated => self.inflate(&mut stored, &mut left, &mut checked)?,
            Method::Zstandard => {
                let mut stored = BufReader::with_capacity(BUFFER, stored);
                // The data can have several consecutive frames.
                while !stored.fill_buf().map_err(|error| damaged(name, &error))?.is_empty() {
                    let mut frame =
                        StreamingDecoder::new(&mut stored).map_err(|error| damaged(name, &error))?;
                    self.copy(&mut frame, &mut left, &mut checked)?;
                }
            }
        }
        Ok(left.finish(member.crc)?)
    }

    /// The whole content of a member. It is used for the few small files that are read before anything is
    /// written.
    pub(super) fn read(
        &mut self,
        archive: &Archive,
        name: &str,
        member: &Member,
        limit: u64,
    ) -> Result<Vec<u8>, Problem> {
        if member.size > limit {
            return Err(Problem::TooLarge { what: name.to_owned(), size: member.size, limit });
        }
        let mut content = Vec::new();
        let mut keep = |piece: &[u8]| -> Result<(), Problem> {
            content.extend_from_slice(piece);
            Ok(())
        };
        self.unpack(archive, name, member, &mut keep)?;
        Ok(content)
    }

    fn copy<E: From<Problem>>(
        &mut self,
        content: &mut impl Read,
        left: &mut Declared<'_>,
        sink: Checked<'_, E>,
    ) -> Result<(), E> {
        loop {
            let got = content.read(&mut self.output).map_err(|error| damaged(left.name, &error))?;
            let piece = self.output.get(..got).unwrap_or_default();
            if piece.is_empty() {
                return Ok(());
            }
            left.take(piece.len())?;
            sink(piece, left)?;
        }
    }

    fn inflate<E: From<Problem>>(
        &mut self,
        stored: &mut impl Read,
        left: &mut Declared<'_>,
        sink: Checked<'_, E>,
    ) -> Result<(), E> {
        let name = left.name;
        self.state.reset(false);
        let (mut at, mut end, mut filled) = (0, 0, 0);
        loop {
            if at == end {
                end = stored.read(&mut self.input).map_err(|error| damaged(name, &error))?;
                at = 0;
            }
            let input = self.input.get(at..end).unwrap_or_default();
            let output = self.output.get_mut(filled..).unwrap_or_default();
            let (in_before, out_before) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, output, FlushDecompress::None)
                .map_err(|error| damaged(name, &error))?;
            let consumed = length(self.state.total_in() - in_before);
            let produced = length(self.state.total_out() - out_before);
            left.take(produced)?;
            at += consumed;
            filled += produced;
            let done = status == Status::StreamEnd;
            if done || filled == self.output.len() {
                sink(self.output.get(..filled).unwrap_or_default(), left)?;
                filled = 0;
            }
            if done {
                return Ok(());
            }
            if end == 0 && produced == 0 {
                return Err(damaged(name, &"its data end too early").into());
            }
        }
    }
}

/// The declared size and checksum of a member, and those of its content so far.
struct Declared<'n> {
    name: &'n str,
    expected: u64,
    seen: u64,
    crc: Crc,
}

impl Declared<'_> {
    /// Fails if there is too much content, before it is written.
    fn take(&mut self, length: usize) -> Result<(), Problem> {
        self.seen += length as u64;
        if self.seen > self.expected {
            return Err(self.wrong("more".to_owned()));
        }
        Ok(())
    }

    fn finish(&self, crc: u32) -> Result<(), Problem> {
        if self.seen != self.expected {
            return Err(self.wrong(self.seen.to_string()));
        }
        if self.crc.sum() != crc {
            return Err(damaged(self.name, &"its checksum is wrong"));
        }
        Ok(())
    }

    fn wrong(&self, found: String) -> Problem {
        Problem::Size { member: self.name.to_owned(), expected: self.expected, found }
    }
}

/// A count that is at most the length of a buffer.
fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(BUFFER)
}

fn damaged(name: &str, reason: &dyn std::fmt::Display) -> Problem {
    Problem::Damaged { member: name.to_owned(), reason: reason.to_string() }
}
