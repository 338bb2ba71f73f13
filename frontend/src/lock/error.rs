//! Why a lock cannot be read, and where.

use super::Format;
use super::model::Place;
use crate::address::{AddressError, FileNameError};
use crate::diagnostics::Span;
use crate::pep508::{NameError, ParseErrorKind};

/// A lock that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct LockError {
    /// Where.
    pub at: Place,
    /// What is wrong.
    pub kind: LockErrorKind,
}

/// What is wrong with a lock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockErrorKind {
    /// No reader is registered for the format.
    #[error("this is no lock that is read here")]
    UnknownFormat,
    /// Not TOML or not JSON.
    #[error("{message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// A version of the format from after or before what is read here.
    #[error("{format} has version `{found}` of its format; {reads} can be read")]
    Version {
        /// The format.
        format: Format,
        /// The version it has.
        found: String,
        /// The versions that are read.
        reads: &'static str,
    },
    /// A key that has to be there.
    #[error("`{key}` is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A value of another type.
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType {
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An address that nothing is fetched from.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A name that no file has.
    #[error(transparent)]
    FileName(#[from] FileNameError),
    /// A requirement or marker that cannot be read.
    #[error(transparent)]
    Requirement(#[from] ParseErrorKind),
    /// A version that is none.
    #[error("`{text}` is not a version")]
    PackageVersion {
        /// What stands there.
        text: String,
    },
    /// Version specifiers that are none.
    #[error("`{text}` is not a version specifier")]
    Specifiers {
        /// What stands there.
        text: String,
    },
    /// A hash that is none.
    #[error("`{text}` is not a hash such as `sha256:…`")]
    Hash {
        /// What stands there.
        text: String,
    },
    /// A source that is none of the known ones.
    #[error("the source of `{package}` is not one that is known here")]
    Source {
        /// Whose source it is.
        package: String,
    },
    /// An index that is not among the sources of the lock.
    #[error(
        "`{package}` is locked from the index `{index}`, which is no source of this lock: \
         add it as `[[source]]` to the Pipfile and lock again"
    )]
    UnknownIndex {
        /// Whose index it is.
        package: String,
        /// The index's name.
        index: String,
    },
    /// The lock does not say what is installed, and the file that would is not there.
    #[error("{format} does not say what the project depends on, and there is no {manifest} beside it")]
    NeedsManifest {
        /// The format.
        format: Format,
        /// The file that says so.
        manifest: &'static str,
    },
    /// The file that says what is installed cannot be read.
    #[error("{manifest} cannot be read: {message}")]
    Manifest {
        /// The file.
        manifest: &'static str,
        /// Why.
        message: String,
    },
    /// An environment variable, which pip puts in. A build has no environment of its own.
    #[error("`${{{name}}}` stands for an environment variable, and none is set in a build")]
    Variable {
        /// The variable.
        name: String,
    },
    /// A file that another one includes cannot be read.
    #[error("`{path}` cannot be read: {message}")]
    Include {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
    /// A file that includes itself, directly or through others.
    #[error("`{path}` includes itself")]
    Circle {
        /// The file.
        path: String,
    },
    /// An option of a requirements file that is not known.
    #[error("`{option}` is not an option of requirements files")]
    Option {
        /// The option.
        option: String,
    },
    /// An option that needs a value.
    #[error("`{option}` needs a value")]
    OptionValue {
        /// The option.
        option: String,
    },
    /// An option that takes no value.
    #[error("`{option}` takes no value")]
    OptionWithoutValue {
        /// The option.
        option: String,
    },
    /// A quote that begins and does not end.
    #[error("a quote in the options of this line is not closed")]
    OpenQuote,
    /// An included file with other options on its line.
    #[error("`{option}` needs a line of its own: pip drops the other options there")]
    Crowded {
        /// The option.
        option: String,
    },
    /// A file at an address among files with hashes.
    #[error("`{url}` is read only during a build, but the hashes of all requirements must be known before")]
    Remote {
        /// The address.
        url: String,
    },
    /// A line of a hashed requirements file that is not pinned.
    #[error("`{package}` is not pinned by `==`, although others here have hashes")]
    Unpinned {
        /// The package.
        package: String,
    },
    /// A line of a hashed requirements file without a hash.
    #[error("`{package}` has no hash, although others here have")]
    Unhashed {
        /// The package.
        package: String,
    },
    /// A requirements file without any hash is no lock.
    #[error("nothing here has a hash, so nothing is locked")]
    NotLocked,
    /// A line that can be installed by no known name.
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
