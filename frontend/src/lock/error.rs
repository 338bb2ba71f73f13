//! Errors of reading a lock, with their places.

use super::Format;
use super::model::Place;
use crate::address::{AddressError, FileNameError};
use crate::diagnostics::Span;
use crate::pep508::{NameError, ParseErrorKind};

/// The error for a lock that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct LockError {
    /// The place of the error.
    pub at: Place,
    /// The kind of the error.
    pub kind: LockErrorKind,
}

/// The kinds of errors of a lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockErrorKind {
    /// The format has no reader.
    #[error("this is no lock that is read here")]
    UnknownFormat,
    /// The text is not TOML or not JSON.
    #[error("{message}")]
    Syntax {
        /// The parser's message.
        message: String,
    },
    /// The lock has a version of its format that is not supported.
    #[error("{format} has version `{found}` of its format; {reads} can be read")]
    Version {
        /// The format.
        format: Format,
        /// The version of the lock.
        found: String,
        /// The supported versions.
        reads: &'static str,
    },
    /// A required key is missing.
    #[error("`{key}` is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A value has the wrong type.
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType {
        /// The key.
        key: String,
        /// The expected type.
        expected: &'static str,
        /// The found type.
        found: &'static str,
    },
    /// A package name is invalid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A URL cannot be used for fetching.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A file name is invalid.
    #[error(transparent)]
    FileName(#[from] FileNameError),
    /// A requirement or marker is invalid.
    #[error(transparent)]
    Requirement(#[from] ParseErrorKind),
    /// A version is invalid.
    #[error("`{text}` is not a version")]
    PackageVersion {
        /// The invalid text.
        text: String,
    },
    /// Version specifiers are invalid.
    #[error("`{text}` is not a version specifier")]
    Specifiers {
        /// The invalid text.
        text: String,
    },
    /// A hash is invalid.
    #[error("`{text}` is not a hash such as `sha256:…`")]
    Hash {
        /// The invalid text.
        text: String,
    },
    /// The source of a package is unknown.
    #[error("the source of `{package}` is not one that is known here")]
    Source {
        /// The package.
        package: String,
    },
    /// An index is not among the sources of the lock.
    #[error(
        "`{package}` is locked from the index `{index}`, which is no source of this lock: \
         add it as `[[source]]` to the Pipfile and lock again"
    )]
    UnknownIndex {
        /// The package of the index.
        package: String,
        /// The name of the index.
        index: String,
    },
    /// The lock does not contain what is installed, and the manifest that does is missing.
    #[error("{format} does not say what the project depends on, and there is no {manifest} beside it")]
    NeedsManifest {
        /// The format.
        format: Format,
        /// The name of the manifest.
        manifest: &'static str,
    },
    /// The manifest cannot be read.
    #[error("{manifest} cannot be read: {message}")]
    Manifest {
        /// The file.
        manifest: &'static str,
        /// The reason.
        message: String,
    },
    /// The text contains an environment variable, which pip would replace. A build has no environment of its
    /// own.
    #[error("`${{{name}}}` stands for an environment variable, and none is set in a build")]
    Variable {
        /// The variable.
        name: String,
    },
    /// An included file cannot be read.
    #[error("`{path}` cannot be read: {message}")]
    Include {
        /// The file.
        path: String,
        /// The reason.
        message: String,
    },
    /// A file includes itself, directly or through other files.
    #[error("`{path}` includes itself")]
    Circle {
        /// The file.
        path: String,
    },
    /// An option of a requirements file is unknown.
    #[error("`{option}` is not an option of requirements files")]
    Option {
        /// The option.
        option: String,
    },
    /// An option has no value but needs one.
    #[error("`{option}` needs a value")]
    OptionValue {
        /// The option.
        option: String,
    },
    /// An option has a value but accepts none.
    #[error("`{option}` takes no value")]
    OptionWithoutValue {
        /// The option.
        option: String,
    },
    /// A quote is not closed.
    #[error("a quote in the options of this line is not closed")]
    OpenQuote,
    /// An include has other options on the same line.
    #[error("`{option}` needs a line of its own: pip drops the other options there")]
    Crowded {
        /// The option.
        option: String,
    },
    /// A URL is included from files with hashes.
    #[error("`{url}` is read only during a build, but the hashes of all requirements must be known before")]
    Remote {
        /// The URL.
        url: String,
    },
    /// A line of a requirements file with hashes has no exact version.
    #[error("`{package}` is not pinned by `==`, although others here have hashes")]
    Unpinned {
        /// The package.
        package: String,
    },
    /// A line of a requirements file with hashes has no hash.
    #[error("`{package}` has no hash, although others here have")]
    Unhashed {
        /// The package.
        package: String,
    },
    /// A requirements file without hashes is not a lock.
    #[error("nothing here has a hash, so nothing is locked")]
    NotLocked,
    /// A line does not contain the name of its package.
    #[error("`{text}` does not say which package it is; write it as `name @ {text}`")]
    Nameless {
        /// The line.
        text: String,
    },
}

impl LockError {
    /// An error at a place.
    pub(super) fn at(at: Place, kind: impl Into<LockErrorKind>) -> Self {
        Self { at, kind: kind.into() }
    }

    /// An error about the whole of `file`.
    pub(super) fn whole(file: &str, kind: impl Into<LockErrorKind>) -> Self {
        Self::at(Place { file: file.into(), span: Span::default() }, kind)
    }
}
