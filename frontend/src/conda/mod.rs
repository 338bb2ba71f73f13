//! Locks with conda packages. Each format is parsed to a [`CondaLock`], and [`select()`] chooses the packages
//! of a platform. No input or output.
//!
//! Each format has a file of its own and a line in [`Format::of_file`]. A conda lock has a list of files with
//! addresses for each platform. So only the platform and the groups have to be chosen.

mod conda_lock;
mod environment;
mod package;
mod pixi;
mod select;
#[cfg(test)]
mod tests;

pub use environment::{Asked, Channel, EnvironmentFile};
pub use package::{Address, CondaName, subdir_of};
pub use select::{Chosen, SelectError, select};

use std::collections::BTreeSet;

use crate::address::visible;
use crate::diagnostics::{Source, Span};

/// The file names of conda locks, in the order of the search.
pub const FILES: [&str; 2] = ["conda-lock.yml", "pixi.lock"];

/// The format of a conda lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `conda-lock.yml`, version 1.
    CondaLock,
    /// `pixi.lock`, versions 6 and 7.
    Pixi,
}

/// A parsed conda lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaLock {
    /// The format of the file.
    pub format: Format,
    /// The platforms of the lock, with conda's names: `linux-64`.
    pub platforms: BTreeSet<String>,
    /// The groups besides the project's own dependencies: categories in conda-lock, environments in pixi.
    pub groups: BTreeSet<String>,
    /// The entries for all platforms.
    pub entries: Vec<Entry>,
}

/// An entry of a lock: the file of a package, for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name of the package.
    pub name: String,
    /// The version. Absent for a Python package if the format does not write its version.
    pub version: Option<String>,
    /// The platform.
    pub platform: String,
    /// The group that requires the package. Absent for the project's own dependencies.
    pub group: Option<String>,
    /// The kind of the package.
    pub kind: EntryKind,
    /// The address of the file.
    pub address: Address,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: Option<String>,
    /// The size of the file in bytes.
    pub size: Option<u64>,
    /// The names of the packages of the same kind that this package requires.
    pub requires: Vec<String>,
    /// The place of the entry in the lock.
    pub span: Span,
}

/// The kind of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A conda package.
    Conda,
    /// A package of the Python package index.
    Python,
}

/// A lock that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CondaLockError {
    /// The message.
    pub message: String,
    /// The place of the error.
    pub span: Span,
}

impl Format {
    /// The format of a file with this name.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name);
        match name {
            "pixi.lock" => Some(Self::Pixi),
            // `conda-lock --lockfile dev.conda-lock.yml` writes such a name.
            _ if name == "conda-lock.yml" || name.ends_with(".conda-lock.yml") => Some(Self::CondaLock),
            _ => None,
        }
    }

    /// The command that makes the lock again.
    pub fn renew(self) -> &'static str {
        match self {
            Self::CondaLock => "conda-lock",
            Self::Pixi => "pixi lock",
        }
    }
}

/// Parses a lock of a known format.
///
/// # Errors
/// If the text does not have the format, or has an unknown version of the format.
pub fn parse(format: Format, source: &Source) -> Result<CondaLock, CondaLockError> {
    match format {
        Format::CondaLock => conda_lock::parse(source),
        Format::Pixi => pixi::parse(source),
    }
}

/// Parses YAML.
fn yaml<T: serde::de::DeserializeOwned>(source: &Source) -> Result<T, CondaLockError> {
    serde_saphyr::from_str(&source.text).map_err(|error| {
        let line = error.location().and_then(|found| u32::try_from(found.line()).ok()).unwrap_or(1);
        CondaLockError { message: error.without_snippet().to_string(), span: source.line_span(line.max(1)) }
    })
}

/// The line where a value begins.
fn span_of<T>(source: &Source, value: &serde_saphyr::Spanned<T>) -> Span {
    source.line_span(u32::try_from(value.referenced.line()).unwrap_or(1).max(1))
}

/// Checks the name of a package. The characters are the ones that both conda and the Python package index
/// allow.
fn checked_name(name: &str, span: Span) -> Result<String, CondaLockError> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && name.chars().all(of_name) {
        return Ok(name.to_owned());
    }
    Err(CondaLockError { message: format!("`{}` is not the name of a package", visible(name)), span })
}

/// Checks the version of a package: a single word.
fn checked_version(version: String, span: Span) -> Result<String, CondaLockError> {
    let of_version =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!' | '*' | '~');
    if !version.is_empty() && version.chars().all(of_version) {
        return Ok(version);
    }
    Err(CondaLockError { message: format!("`{}` is not a version", visible(&version)), span })
}

/// Checks a SHA-256. The result is in lower case hexadecimal digits.
fn checked_sha256(hash: &str, span: Span) -> Result<String, CondaLockError> {
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hash.to_ascii_lowercase());
    }
    Err(CondaLockError { message: format!("`{}` is not a SHA-256", visible(hash)), span })
}

/// Parses an address or a path.
fn checked_address(text: &str, span: Span) -> Result<Address, CondaLockError> {
    Address::of(text).map_err(|error| CondaLockError { message: error.to_string(), span })
}

/// The error for an unknown version of the format.
fn version_error(source: &Source, format: &str, found: &str, reads: &str) -> CondaLockError {
    CondaLockError {
        message: format!("{format} has version `{found}` of its format; {reads} can be read"),
        span: source.line_span(1),
    }
}
