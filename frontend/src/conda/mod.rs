//! Locks with conda packages: every format read into one [`CondaLock`], and what of it a platform gets. Pure.
//!
//! One file a format, and one line in [`Format::of_file`]. A conda lock lists, for each platform, files with their
//! addresses: there is nothing to choose but the platform and the groups.

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

/// The names under which conda locks are looked for, in this order.
pub const FILES: [&str; 2] = ["conda-lock.yml", "pixi.lock"];

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `conda-lock.yml`, version 1.
    CondaLock,
    /// `pixi.lock`, versions 6 and 7.
    Pixi,
}

/// What a lock says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaLock {
    /// The format that it was read from.
    pub format: Format,
    /// The platforms that it is for, as conda names them: `linux-64`.
    pub platforms: BTreeSet<String>,
    /// The groups besides the project's own dependencies: categories, or environments.
    pub groups: BTreeSet<String>,
    /// Its packages.
    pub entries: Vec<Entry>,
}

/// A file of a lock, for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its version; absent where the format does not say it of a package of Python's index.
    pub version: Option<String>,
    /// The platform.
    pub platform: String,
    /// The group that asks for it; absent for the project's own dependencies.
    pub group: Option<String>,
    /// What it is.
    pub kind: EntryKind,
    /// Where it is.
    pub address: Address,
    /// Its SHA-256, hexadecimal.
    pub sha256: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// The names of the packages that it requires, of its own kind.
    pub requires: Vec<String>,
    /// Where it stands in the lock.
    pub span: Span,
}

/// What a file of a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A conda package.
    Conda,
    /// A package of Python's index.
    Python,
}

/// A lock that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CondaLockError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl Format {
    /// The format that a file of this name has.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name);
        match name {
            "pixi.lock" => Some(Self::Pixi),
            // `conda-lock --lockfile dev.conda-lock.yml`
            _ if name == "conda-lock.yml" || name.ends_with(".conda-lock.yml") => Some(Self::CondaLock),
            _ => None,
        }
    }

    /// The command that locks again.
    pub fn renew(self) -> &'static str {
        match self {
            Self::CondaLock => "conda-lock",
            Self::Pixi => "pixi lock",
        }
    }
}

/// Reads a lock of a known format.
///
/// # Errors
/// If the text is not what the format says, or of a version that is not known here.
pub fn parse(format: Format, source: &Source) -> Result<CondaLock, CondaLockError> {
    match format {
        Format::CondaLock => conda_lock::parse(source),
        Format::Pixi => pixi::parse(source),
    }
}

/// Reads YAML into `T`.
fn yaml<T: serde::de::DeserializeOwned>(source: &Source) -> Result<T, CondaLockError> {
    serde_saphyr::from_str(&source.text).map_err(|error| {
        let line = error.location().and_then(|found| u32::try_from(found.line()).ok()).unwrap_or(1);
        CondaLockError { message: error.without_snippet().to_string(), span: source.line_span(line.max(1)) }
    })
}

/// The line at which a value begins.
fn span_of<T>(source: &Source, value: &serde_saphyr::Spanned<T>) -> Span {
    source.line_span(u32::try_from(value.referenced.line()).unwrap_or(1).max(1))
}

/// A name of a package: what both conda and Python's index have.
fn checked_name(name: &str, span: Span) -> Result<String, CondaLockError> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && name.chars().all(of_name) {
        return Ok(name.to_owned());
    }
    Err(CondaLockError { message: format!("`{}` is not the name of a package", visible(name)), span })
}

/// A version of a package: a word.
fn checked_version(version: String, span: Span) -> Result<String, CondaLockError> {
    let of_version =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '!' | '*' | '~');
    if !version.is_empty() && version.chars().all(of_version) {
        return Ok(version);
    }
    Err(CondaLockError { message: format!("`{}` is not a version", visible(&version)), span })
}

/// A SHA-256 in hexadecimal digits of lower case.
fn checked_sha256(hash: &str, span: Span) -> Result<String, CondaLockError> {
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hash.to_ascii_lowercase());
    }
    Err(CondaLockError { message: format!("`{}` is not a SHA-256", visible(hash)), span })
}

/// An address or a path.
fn checked_address(text: &str, span: Span) -> Result<Address, CondaLockError> {
    Address::of(text).map_err(|error| CondaLockError { message: error.to_string(), span })
}

/// A version of the format that is not read here.
fn version_error(source: &Source, format: &str, found: &str, reads: &str) -> CondaLockError {
    CondaLockError {
        message: format!("{format} has version `{found}` of its format; {reads} can be read"),
        span: source.line_span(1),
    }
}
