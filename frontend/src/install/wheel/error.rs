//! The reasons why a wheel is refused. The user reads them in the step's output.

use std::fmt;

/// The error for a wheel that was not installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot install `{wheel}`: {problem}\n  help: {}", .problem.help())]
pub struct WheelError {
    /// The wheel's file name.
    pub wheel: String,
    /// The reason. It is a part of the message, so it is not an error source.
    pub problem: Problem,
}

/// The reasons to refuse a wheel. Members have the names of the archive, with odd characters escaped.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file name does not have the form of a wheel's name.
    #[error("the file name is not `NAME-VERSION-PYTHON-ABI-PLATFORM.whl`")]
    FileName,
    /// The file is not the one in the lock.
    #[error("its {algorithm} is {found}, but the lock says {expected}")]
    FileHash {
        /// The hash algorithm, such as `sha256`.
        algorithm: String,
        /// The hash in the lock, hexadecimal.
        expected: String,
        /// The hash of the file, hexadecimal.
        found: String,
    },
    /// The archive cannot be read.
    #[error("the archive is damaged: {0}")]
    Archive(String),
    /// The archive declares another number of members than it has.
    #[error("the archive says that it has {expected} members, and has {found}")]
    MemberCount {
        /// The declared number.
        expected: u64,
        /// The found number.
        found: u64,
    },
    /// The name of a member is not allowed.
    #[error("the member `{}` {reason}", Shown(.member))]
    MemberName {
        /// The name; invalid UTF-8 is replaced.
        member: String,
        /// The reason.
        reason: NameProblem,
    },
    /// A member is a link to a file outside of the wheel.
    #[error("the member `{}` is a link to `{}`, which is outside of the wheel", Shown(.member), Shown(.target))]
    Link {
        /// The member.
        member: String,
        /// The target of the link.
        target: String,
    },
    /// The archive has two members with the same name and different contents.
    #[error("the member `{}` is there twice, with different contents", Shown(.0))]
    Duplicate(String),
    /// The two headers of a member contradict each other.
    #[error("the member `{}` has another {what} in its own header than in the archive's directory", Shown(.member))]
    OtherHeader {
        /// The member.
        member: String,
        /// The field that differs.
        what: Disagreement,
    },
    /// The parts of the archive are not contiguous.
    #[error("the archive {0}, so that two readers could see two archives")]
    Framing(&'static str),
    /// The wheel has more items of a kind than any real wheel.
    #[error("it has {found} {what}, and {limit} is the most that is allowed")]
    Limit {
        /// The kind of the items.
        what: &'static str,
        /// The counted number. Counting may have stopped early.
        found: u64,
        /// The maximum number.
        limit: u64,
    },
    /// A line is longer than any line in a real wheel.
    #[error("line {line} of `{file}` has more than {limit} bytes")]
    LongLine {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The maximum length in bytes.
        limit: u64,
    },
    /// The package name in METADATA is invalid.
    #[error("`Name` in `{place}` is `{}`, which is no name of a package", Shown(.name))]
    PackageName {
        /// The file with the name.
        place: String,
        /// The invalid name.
        name: String,
    },
    /// The wheel has another package or version than the lock's entry.
    #[error("it is `{found}`, but the lock says `{expected}`")]
    OtherPackage {
        /// `NAME VERSION` in the lock.
        expected: String,
        /// `NAME VERSION` of the wheel.
        found: String,
    },
    /// Two members share bytes of the archive.
    #[error("the members `{}` and `{}` overlap in the archive", Shown(.first), Shown(.second))]
    Overlap {
        /// The member that starts first.
        first: String,
        /// The member that starts before the first one ends.
        second: String,
    },
    /// A member is encrypted.
    #[error("the member `{}` is encrypted", Shown(.0))]
    Encrypted(String),
    /// A member has a compression method that wheels do not use.
    #[error("the member `{}` is compressed with method {method}; wheels use 0 (stored), 8 (deflate) and 93 (zstd)", Shown(.member))]
    Compression {
        /// The member.
        member: String,
        /// The number of the compression method.
        method: u16,
    },
    /// A member or the wheel is larger than any real one.
    #[error("`{}` unpacks to {size} bytes, and {limit} is the most that is allowed", Shown(.what))]
    TooLarge {
        /// The member, or `the wheel`.
        what: String,
        /// The declared size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The unpacked size of a member differs from the declared size.
    #[error("the member `{}` unpacks to {found} bytes, but {expected} are declared", Shown(.member))]
    Size {
        /// The member.
        member: String,
        /// The declared size in bytes.
        expected: u64,
        /// The found size: `more`, or a number.
        found: String,
    },
    /// The compressed bytes of a member are damaged.
    #[error("the member `{}` does not unpack: {reason}", Shown(.member))]
    Damaged {
        /// The member.
        member: String,
        /// The decompressor's error.
        reason: String,
    },
    /// The wheel does not have exactly one `.dist-info` directory.
    #[error("it has {0} `.dist-info` directories, and must have one")]
    DistInfo(usize),
    /// A required file is missing.
    #[error("`{0}` is missing")]
    Missing(String),
    /// The metadata contain another package or version than the file name.
    #[error("the file name says `{expected}`, but `{place}` says `{found}`")]
    Identity {
        /// `NAME VERSION` in the file name.
        expected: String,
        /// The file with the other name or version.
        place: String,
        /// `NAME VERSION` in this file.
        found: String,
    },
    /// A metadata file is not UTF-8.
    #[error("`{0}` is not UTF-8")]
    Encoding(String),
    /// The wheel has a newer version of the wheel format than is supported.
    #[error("it is in version {0} of the wheel format, and 1 is known")]
    FormatVersion(String),
    /// A line of a metadata file is invalid.
    #[error("line {line} of `{file}` {reason}")]
    Line {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The reason.
        reason: String,
    },
    /// A member is in an unknown folder of `.data`.
    #[error("the member `{}` is in no known part of `.data` (purelib, platlib, headers, scripts, data)", Shown(.0))]
    DataPart(String),
    /// A path is both a file and a directory.
    #[error("`{}` would be a file and a directory", Shown(.0))]
    FileAndFolder(String),
    /// A file would replace a file of the environment itself.
    #[error("`{}` would replace a file of the environment itself", Shown(.0))]
    Reserved(String),
    /// Another wheel to install has the same package.
    #[error("`{0}` is of the same package")]
    SamePackage(String),
}

/// The reasons why a member's name is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// It is not UTF-8.
    #[error("has a name that is not UTF-8")]
    Encoding,
    /// It has a NUL or another control character.
    #[error("has a control character in its name")]
    Control,
    /// It is an absolute path.
    #[error("has an absolute path")]
    Absolute,
    /// It leaves the environment with `..`.
    #[error("leads out of the environment with `..`")]
    Parent,
    /// It would remove files of lower layers.
    #[error("has a part that begins with `.wh.`, which removes files from the layers below")]
    Whiteout,
    /// A part is longer than a file name may be.
    #[error("has a part of more than 255 bytes in its name")]
    LongPart,
    /// The path is longer than a path may be.
    #[error("has a path of more than 3500 bytes")]
    Long,
    /// It has more nested folders than any real package.
    #[error("has a path of more than 100 parts")]
    Deep,
    /// It has only slashes and dots.
    #[error("has no name in its path")]
    Empty,
}

/// The fields in which two headers of a member can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disagreement {
    /// The name.
    Name,
    /// The compression method.
    Method,
    /// The encryption.
    Encryption,
    /// The checksum.
    Checksum,
    /// The size of the content or of its compressed form.
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
    /// The help for the user.
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

    /// The error for this wheel.
    pub fn of(self, wheel: &str) -> WheelError {
        WheelError { wheel: wheel.to_owned(), problem: self }
    }
}

/// A name from an archive for messages. Control characters must not reach a terminal.
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
