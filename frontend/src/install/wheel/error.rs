//! Why a wheel was refused, in the words that the user reads in the step's output.

use std::fmt;

/// A wheel that was not installed, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot install `{wheel}`: {problem}\n  help: {}", .problem.help())]
pub struct WheelError {
    /// The wheel's file name.
    pub wheel: String,
    /// What is wrong with it. Part of the text, so no source of its own.
    pub problem: Problem,
}

/// What is wrong with a wheel. Members are named as they are in the archive, with odd characters escaped.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file is not named as wheels are.
    #[error("the file name is not `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`")]
    FileName,
    /// The file is another than the lock's.
    #[error("its {algorithm} is {found}, but the lock says {expected}")]
    FileHash {
        /// Such as `sha256`.
        algorithm: String,
        /// What the caller asked for, hexadecimal.
        expected: String,
        /// What the file has, hexadecimal.
        found: String,
    },
    /// The archive cannot be read.
    #[error("the archive is damaged: {0}")]
    Archive(String),
    /// The directory of the archive promises another number of members than it has.
    #[error("the archive says that it has {expected} members, and has {found}")]
    MemberCount {
        /// What the end of the archive says.
        expected: u64,
        /// What was found.
        found: u64,
    },
    /// A member whose name could lead out of the environment.
    #[error("the member `{}` {reason}", Shown(.member))]
    MemberName {
        /// The name, lossily decoded.
        member: String,
        /// What is wrong with it.
        reason: NameProblem,
    },
    /// A member is a link that leads out of the environment.
    #[error("the member `{}` is a link to `{}`, which is outside of the wheel", Shown(.member), Shown(.target))]
    Link {
        /// The member.
        member: String,
        /// What it leads to.
        target: String,
    },
    /// A member stands in the archive twice, each time with another content.
    #[error("the member `{}` is there twice, with different contents", Shown(.0))]
    Duplicate(String),
    /// The two headers of a member disagree.
    #[error("the member `{}` has another {what} in its own header than in the archive's directory", Shown(.member))]
    OtherHeader {
        /// The member.
        member: String,
        /// What differs.
        what: Disagreement,
    },
    /// The parts of the archive do not follow one another.
    #[error("the archive {0}, so that two readers could see two archives")]
    Framing(&'static str),
    /// More of something than any wheel has.
    #[error("it has {found} {what}, and {limit} is the most that is allowed")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many there are, as far as was counted.
        found: u64,
        /// The most.
        limit: u64,
    },
    /// A line that is longer than any in a wheel.
    #[error("line {line} of `{file}` has more than {limit} bytes")]
    LongLine {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The most.
        limit: u64,
    },
    /// The name in METADATA is none.
    #[error("`Name` in `{place}` is `{}`, which is no name of a package", Shown(.name))]
    PackageName {
        /// Where it stands.
        place: String,
        /// What stands there.
        name: String,
    },
    /// The wheel is of another package or version than the lock's entry.
    #[error("it is `{found}`, but the lock says `{expected}`")]
    OtherPackage {
        /// `NAME VERSION` of the lock.
        expected: String,
        /// `NAME VERSION` of the wheel.
        found: String,
    },
    /// A member shares its bytes with another.
    #[error("the members `{}` and `{}` overlap in the archive", Shown(.first), Shown(.second))]
    Overlap {
        /// The one that begins first.
        first: String,
        /// The one that begins before the first ends.
        second: String,
    },
    /// A member is encrypted.
    #[error("the member `{}` is encrypted", Shown(.0))]
    Encrypted(String),
    /// A member is compressed in a way that wheels do not use.
    #[error("the member `{}` is compressed with method {method}; wheels use 0 (stored), 8 (deflate) and 93 (zstd)", Shown(.member))]
    Compression {
        /// The member.
        member: String,
        /// The number of the method.
        method: u16,
    },
    /// More bytes than any wheel has.
    #[error("`{}` unpacks to {size} bytes, and {limit} is the most that is allowed", Shown(.what))]
    TooLarge {
        /// The member, or `the wheel`.
        what: String,
        /// The declared size in bytes.
        size: u64,
        /// The bound in bytes.
        limit: u64,
    },
    /// A member unpacks to another size than declared.
    #[error("the member `{}` unpacks to {found} bytes, but {expected} are declared", Shown(.member))]
    Size {
        /// The member.
        member: String,
        /// The declared size in bytes.
        expected: u64,
        /// The size found: `more`, or a number.
        found: String,
    },
    /// A member's compressed bytes are damaged.
    #[error("the member `{}` does not unpack: {reason}", Shown(.member))]
    Damaged {
        /// The member.
        member: String,
        /// What the decompressor said.
        reason: String,
    },
    /// There is no one `.dist-info` directory.
    #[error("it has {0} `.dist-info` directories, and must have one")]
    DistInfo(usize),
    /// A file that every wheel has is missing.
    #[error("`{0}` is missing")]
    Missing(String),
    /// The metadata are of another package or version than the file name.
    #[error("the file name says `{expected}`, but `{place}` says `{found}`")]
    Identity {
        /// `NAME VERSION` of the file name.
        expected: String,
        /// Where something else stands.
        place: String,
        /// What stands there.
        found: String,
    },
    /// A metadata file is not UTF-8.
    #[error("`{0}` is not UTF-8")]
    Encoding(String),
    /// The wheel's format is newer than what is known here.
    #[error("it is in version {0} of the wheel format, and 1 is known")]
    FormatVersion(String),
    /// A line of a metadata file makes no sense.
    #[error("line {line} of `{file}` {reason}")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A place below `.data` that installers do not know.
    #[error("the member `{}` is in no known part of `.data` (purelib, platlib, headers, scripts, data)", Shown(.0))]
    DataPart(String),
    /// A place is taken by a file and a directory.
    #[error("`{}` would be a file and a directory", Shown(.0))]
    FileAndFolder(String),
    /// A file would replace a part of the environment itself.
    #[error("`{}` would replace a file of the environment itself", Shown(.0))]
    Reserved(String),
    /// Another wheel of the same package is among those to install.
    #[error("`{0}` is of the same package")]
    SamePackage(String),
}

/// What is wrong with a member's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Not UTF-8.
    #[error("has a name that is not UTF-8")]
    Encoding,
    /// A NUL byte or another control character.
    #[error("has a control character in its name")]
    Control,
    /// An absolute path.
    #[error("has an absolute path")]
    Absolute,
    /// `..` leads out of the environment.
    #[error("leads out of the environment with `..`")]
    Parent,
    /// A name that removes files of lower layers.
    #[error("has a part that begins with `.wh.`, which removes files from the layers below")]
    Whiteout,
    /// A part that no file can be called.
    #[error("has a part of more than 255 bytes in its name")]
    LongPart,
    /// A path that no file can have.
    #[error("has a path of more than 3500 bytes")]
    Long,
    /// More folders in one another than any package has.
    #[error("has a path of more than 100 parts")]
    Deep,
    /// Nothing but slashes and dots.
    #[error("has no name in its path")]
    Empty,
}

/// What the two headers of a member say differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disagreement {
    /// The name.
    Name,
    /// How it is compressed.
    Method,
    /// Whether and how it is encrypted.
    Encryption,
    /// The checksum.
    Checksum,
    /// A size, of the content or of its compressed form.
    Size,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Name => "name",
            Self::Method => "method of compression",
            Self::Encryption => "encryption",
            Self::Checksum => "checksum",
            Self::Size => "size",
        })
    }
}

impl Problem {
    /// What the user can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::FileHash { .. } => {
                "the index serves another file than was locked: lock again, and if that changes nothing, \
                 ask who runs the index"
            }
            Self::FileName | Self::FormatVersion(_) => {
                "choose a version of the package whose wheel follows the wheel format 1"
            }
            Self::OtherPackage { .. } => {
                "lock again; if that changes nothing, do not use this file: ask who runs the index, and the package's \
                 maintainers"
            }
            Self::SamePackage(_) => "a package can be installed once: keep one of the two in the lock",
            Self::Archive(_) | Self::MemberCount { .. } | Self::Damaged { .. } => {
                "the wheel was built or stored wrongly: pin another version, and tell the package's maintainers"
            }
            Self::MemberName { .. }
            | Self::Link { .. }
            | Self::Duplicate(_)
            | Self::OtherHeader { .. }
            | Self::Framing(_)
            | Self::Limit { .. }
            | Self::LongLine { .. }
            | Self::PackageName { .. }
            | Self::Overlap { .. }
            | Self::TooLarge { .. }
            | Self::Size { .. }
            | Self::Reserved(_) => {
                "this can be an attack: do not use this version, and tell the package's maintainers and the index"
            }
            Self::Encrypted(_)
            | Self::Compression { .. }
            | Self::DistInfo(_)
            | Self::Missing(_)
            | Self::Identity { .. }
            | Self::Encoding(_)
            | Self::Line { .. }
            | Self::DataPart(_)
            | Self::FileAndFolder(_) => {
                "the wheel breaks the wheel format: pin another version, or let it be built from its sources; \
                 tell the package's maintainers"
            }
        }
    }

    /// Names the wheel that has the problem.
    pub fn of(self, wheel: &str) -> WheelError {
        WheelError { wheel: wheel.to_owned(), problem: self }
    }
}

/// A name from an archive: control characters must not reach a terminal.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(formatter, "{}", character.escape_default())?;
            } else {
                write!(formatter, "{character}")?;
            }
        }
        Ok(())
    }
}
