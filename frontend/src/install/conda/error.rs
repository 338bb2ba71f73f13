//! The reasons why a conda package is refused. The user reads them in the step's output.

/// The error for a package that was not installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot install `{package}`: {problem}\n  help: {}", .problem.help())]
pub struct CondaError {
    /// The package's file name.
    pub package: String,
    /// The reason. It is a part of the message, so it is not an error source.
    pub problem: CondaProblem,
}

/// The reasons to refuse a conda package.
#[derive(Debug, thiserror::Error)]
pub enum CondaProblem {
    /// The file name does not have the form of a package name.
    #[error("the file name is not `NAME-VERSION-BUILD.conda` or `NAME-VERSION-BUILD.tar.bz2`")]
    FileName,
    /// The file is not the one in the lock.
    #[error("its sha256 is {found}, but the lock says {expected}")]
    FileHash {
        /// The hash in the lock, hexadecimal.
        expected: String,
        /// The hash of the file, hexadecimal.
        found: String,
    },
    /// The archive cannot be read.
    #[error("the archive is damaged: {0}")]
    Archive(String),
    /// A file of the package's description is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A file of the package's description cannot be read.
    #[error("`{file}` cannot be read: {message}")]
    Metadata {
        /// The file.
        file: &'static str,
        /// The reason.
        message: String,
    },
    /// The name in the package's description differs from the file name.
    #[error("it says that it is `{0}`")]
    OtherPackage(String),
    /// The version of the package format is not supported.
    #[error("it has version {0} of the package format; 2 can be read")]
    Format(u64),
    /// A path that leads out of the environment.
    #[error("the path `{}` leads out of the environment", .0.escape_debug())]
    Path(String),
    /// A path that belongs to the environment itself.
    #[error("the path `{0}` belongs to the environment itself")]
    Reserved(String),
    /// A member that is neither a file, a folder nor a link.
    #[error("`{path}` is {kind}, which packages cannot have")]
    Special {
        /// The path.
        path: String,
        /// The kind of the member.
        kind: &'static str,
    },
    /// A link whose target is outside of the environment.
    #[error("the link `{path}` points out of the environment, to `{}`", .target.escape_debug())]
    Link {
        /// The path.
        path: String,
        /// The target.
        target: String,
    },
    /// A file that the package lists twice, or two files with the same destination.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// A path is a file in one package and a folder in another.
    #[error("`{0}` is a file here, and a folder in another package or place")]
    FileAndFolder(String),
    /// A listed file is missing from the archive.
    #[error("`{0}` is listed in `info/paths.json`, and is not in the archive")]
    Absent(String),
    /// The content of a file differs from the listed hash.
    #[error("`{path}` has the sha256 {found}, but `info/paths.json` says {expected}")]
    Hash {
        /// The path of the file.
        path: String,
        /// The listed hash.
        expected: String,
        /// The found hash.
        found: String,
    },
    /// The package unpacks to more bytes than any real package.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// The package has more items of a kind than any real package.
    #[error("it has more than {limit} {what}, which is the most that is allowed")]
    Limit {
        /// The kind of the items.
        what: &'static str,
        /// The maximum number.
        limit: u64,
    },
    /// A path that removes files from other layers.
    #[error("the path `{}` has a part that begins with `.wh.`, which removes files from the layers below", .0.escape_debug())]
    Whiteout(String),
    /// A path is longer than a file system allows.
    #[error("the path `{}…` is longer than any file's", .0.escape_debug())]
    LongPath(String),
    /// The environment's path is longer than the placeholder that it must replace.
    #[error("the environment's path is longer than the placeholder in `{0}`")]
    PrefixTooLong(String),
    /// The package contains Python modules, but the environment has no Python.
    #[error("it is a Python package, and the environment has no Python")]
    NoPython,
    /// An invalid entry point.
    #[error("`{}` is not an entry point", .0.escape_debug())]
    EntryPoint(String),
}

impl CondaProblem {
    /// The error for this package.
    pub(super) fn of(self, package: &str) -> CondaError {
        CondaError { package: package.to_owned(), problem: self }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::FileName | Self::Format(_) => "lock another build of the package",
            Self::FileHash { .. } => "lock again; if that changes nothing, ask who runs the channel",
            Self::NoPython => "add `python` to what is locked, and lock again",
            Self::PrefixTooLong(_) => "use a build of the package with a longer placeholder",
            _ => "the package does not follow the format; use another build, and tell its maintainers",
        }
    }
}
