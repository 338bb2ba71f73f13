//! Why a conda package was refused, in the words that the user reads in the step's output.

/// A package that was not installed, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot install `{package}`: {problem}\n  help: {}", .problem.help())]
pub struct CondaError {
    /// The package's file name.
    pub package: String,
    /// What is wrong with it. Part of the text, so no source of its own.
    pub problem: CondaProblem,
}

/// What is wrong with a conda package.
#[derive(Debug, thiserror::Error)]
pub enum CondaProblem {
    /// The file is not named as packages are.
    #[error("the file name is not `NAME-VERSION-BUILD.conda` or `NAME-VERSION-BUILD.tar.bz2`")]
    FileName,
    /// The file is another than the lock's.
    #[error("its sha256 is {found}, but the lock says {expected}")]
    FileHash {
        /// What the caller asked for, hexadecimal.
        expected: String,
        /// What the file has, hexadecimal.
        found: String,
    },
    /// The archive cannot be read.
    #[error("the archive is damaged: {0}")]
    Archive(String),
    /// A file of the package's own description is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A file of the package's own description cannot be read.
    #[error("`{file}` cannot be read: {message}")]
    Metadata {
        /// The file.
        file: &'static str,
        /// Why.
        message: String,
    },
    /// What the package says of itself is not what its file is called.
    #[error("it says that it is `{0}`")]
    OtherPackage(String),
    /// A version of the format that is not known here.
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
        /// What it is.
        kind: &'static str,
    },
    /// A link whose target is out of the environment.
    #[error("the link `{path}` points out of the environment, to `{}`", .target.escape_debug())]
    Link {
        /// The path.
        path: String,
        /// What it points at.
        target: String,
    },
    /// A file that the package lists twice, or in two places that are one.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// What is one package's file is another's folder.
    #[error("`{0}` is a file here, and a folder in another package or place")]
    FileAndFolder(String),
    /// A listed file that the archive does not have.
    #[error("`{0}` is listed in `info/paths.json`, and is not in the archive")]
    Absent(String),
    /// A file with another content than listed.
    #[error("`{path}` has the sha256 {found}, but `info/paths.json` says {expected}")]
    Hash {
        /// The file.
        path: String,
        /// What is listed.
        expected: String,
        /// What was found.
        found: String,
    },
    /// More bytes than any package has.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// More of something than any package has.
    #[error("it has more than {limit} {what}, which is the most that is allowed")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// The most.
        limit: u64,
    },
    /// A path that removes files from other layers.
    #[error("the path `{}` has a part that begins with `.wh.`, which removes files from the layers below", .0.escape_debug())]
    Whiteout(String),
    /// A path that no file can have.
    #[error("the path `{}…` is longer than any file's", .0.escape_debug())]
    LongPath(String),
    /// The environment's path does not fit where the placeholder stands.
    #[error("the environment's path is longer than the placeholder in `{0}`")]
    PrefixTooLong(String),
    /// A package of modules for an environment without Python.
    #[error("it is a Python package, and the environment has no Python")]
    NoPython,
    /// An entry point that is none.
    #[error("`{}` is not an entry point", .0.escape_debug())]
    EntryPoint(String),
}

impl CondaProblem {
    /// The same, about a package.
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
