//! Irregularities of a wheel that do no harm. pip, uv and Poetry install such wheels. So does this installer,
//! with a note.
//!
//! The lock contains the hash of the whole archive, and the archive has a checksum for each member. RECORD is
//! a third source. If RECORD contradicts both, RECORD is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::error::Shown;

/// The maximum number of names in a note. Further names are only counted.
const MOST_NAMED: usize = 3;

/// An irregularity of a wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oddity {
    /// RECORD has rows for files that are not in the archive.
    Absent,
    /// RECORD has no row for a member.
    Unlisted,
    /// RECORD has a row without a hash.
    NoHash,
    /// RECORD has a hash that is not SHA-256, SHA-384 or SHA-512.
    WeakHash,
    /// RECORD's hash cannot be read.
    HashFormat,
    /// RECORD has another hash than the file.
    OtherHash,
    /// RECORD has another size than the file.
    OtherSize,
    /// RECORD has two different rows for one file.
    ListedTwice,
    /// A line of RECORD is not a path, a hash and a size.
    Row,
    /// Two names differ only in case.
    Case,
    /// A command has the name of the script that activates the environment.
    Activate,
    /// A command has the name of a program of the system, or of pip.
    Program,
    /// Python runs a file at every start.
    Startup,
    /// A name contains a backslash.
    Backslash,
    /// A path contains redundant parts.
    Roundabout,
    /// A link is installed as a file that contains the path of the target.
    Link,
    /// A member declares another type than a file.
    Special,
    /// The archive contains a member several times, with the same content.
    Repeated,
    /// Two members have the same destination.
    SamePlace,
    /// METADATA is not UTF-8.
    Encoding,
    /// The `.dist-info` directory has another version than the file name.
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

/// The irregularities of a wheel, each with the names that it applies to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oddities(BTreeMap<Oddity, BTreeSet<String>>);

impl Oddities {
    /// Records an irregularity.
    pub(super) fn add(&mut self, oddity: Oddity, name: impl Into<String>) {
        self.0.entry(oddity).or_default().insert(name.into());
    }

    /// One line for each kind, for the step's output.
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
