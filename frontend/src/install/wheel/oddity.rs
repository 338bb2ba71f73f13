//! What breaks the wheel format and does no harm: pip, uv and Poetry install such wheels, and so do we, with a note.
//!
//! The lock has the hash of the whole archive, and the archive has a checksum for each member. RECORD is a third witness:
//! where RECORD says something else, RECORD was written wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::error::Shown;

/// The most names that one note has; further ones are counted.
const MOST_NAMED: usize = 3;

/// A way to break the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oddity {
    /// RECORD has rows for files that the archive does not have.
    Absent,
    /// RECORD has no row for a member.
    Unlisted,
    /// RECORD has a row without a hash.
    NoHash,
    /// RECORD has a hash that is no SHA-256, SHA-384 or SHA-512.
    WeakHash,
    /// RECORD's hash cannot be read.
    HashFormat,
    /// RECORD has another hash than the file.
    OtherHash,
    /// RECORD has another size than the file.
    OtherSize,
    /// RECORD has two rows for one file, and they differ.
    ListedTwice,
    /// A line of RECORD is not a path, a hash and a size.
    Row,
    /// Two files have names that differ by case alone.
    Case,
    /// A command takes the place of the script that activates the environment.
    Activate,
    /// A command has the name of a program of the system, or of pip.
    Program,
    /// A file is run whenever Python starts.
    Startup,
    /// A backslash is a part of a name.
    Backslash,
    /// A path has parts that mean nothing.
    Roundabout,
    /// A link is installed as a file that has the target's path as its text.
    Link,
    /// A member says that it is something else than a file.
    Special,
    /// A member stands in the archive more than once, with the same content.
    Repeated,
    /// Two members go to one place.
    SamePlace,
    /// METADATA is not UTF-8.
    Encoding,
    /// The name of the `.dist-info` directory has another version than the file name.
    OtherVersion,
}

impl Oddity {
    fn sentence(self) -> &'static str {
        match self {
            Self::Absent => "RECORD lists files that are not in the archive",
            Self::Unlisted => "RECORD does not list",
            Self::NoHash => "RECORD has no hash for",
            Self::WeakHash => "RECORD has a hash that is no sha256, sha384 or sha512 for",
            Self::HashFormat => "RECORD has a hash that cannot be read for",
            Self::OtherHash => "RECORD has another hash than the file for",
            Self::OtherSize => "RECORD has another size than the file for",
            Self::ListedTwice => "RECORD has two rows that differ for",
            Self::Row => "RECORD has lines that are not a path, a hash and a size",
            Self::Case => "names differ by case alone, so that a file system without case keeps one of them",
            Self::Activate => "a command takes the place of the environment's own script",
            Self::Program => "commands are called in the place of the system's own, or of pip",
            Self::Startup => "Python runs files of it at every start",
            Self::Backslash => "a backslash is a part of the file's name",
            Self::Roundabout => "the archive has a path with `.`, `..` or `//` in it",
            Self::Link => {
                "a link is installed as a file with the target's path in it, as pip and uv install it"
            }
            Self::Special => "a member that says it is no file is installed as one",
            Self::Repeated => "the archive has the same member twice",
            Self::SamePlace => "two files go to one place, and the one from `.data` is kept",
            Self::Encoding => "the text is not UTF-8",
            Self::OtherVersion => "the directory's name has another version than the file name",
        }
    }
}

/// The oddities of a wheel, each with the names that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oddities(BTreeMap<Oddity, BTreeSet<String>>);

impl Oddities {
    /// Notes one.
    pub(super) fn add(&mut self, oddity: Oddity, name: impl Into<String>) {
        self.0.entry(oddity).or_default().insert(name.into());
    }

    /// A line for each kind, for the step's output.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(oddity, names): (&Oddity, &BTreeSet<String>)| {
            let mut text = format!("{}: ", oddity.sentence());
            for (at, name) in names.iter().take(MOST_NAMED).enumerate() {
                let comma = if at == 0 { "" } else { ", " };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma}`{}`", Shown(name));
            }
            if let Some(more) = names.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
                let _ = write!(text, " and {more} more");
            }
            text
        };
        self.0.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_of_one_kind_are_counted() {
        let mut oddities = Oddities::default();
        for number in 0..5 {
            oddities.add(Oddity::Absent, format!("a{number}"));
        }
        oddities.add(Oddity::NoHash, "x\u{1b}");
        assert_eq!(
            oddities.lines(),
            [
                "RECORD lists files that are not in the archive: `a0`, `a1`, `a2` and 2 more",
                "RECORD has no hash for: `x\\u{1b}`"
            ]
        );
    }
}
