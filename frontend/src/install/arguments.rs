//! The arguments of the tool's commands: pairs of an option and its value, and the kinds of values that
//! several commands accept.

use std::path::PathBuf;

use super::ToolError;

/// The options and their values, in order.
pub(super) fn pairs(arguments: &[String]) -> impl Iterator<Item = Result<(&str, &str), ToolError>> {
    arguments.chunks(2).map(|pair| match pair {
        [name, value] => Ok((name.as_str(), value.as_str())),
        _ => Err(usage(format!("`{}` has no value", pair.join(" ")))),
    })
}

/// The error for a step with wrong arguments.
pub(super) fn usage(text: impl Into<String>) -> ToolError {
    ToolError::Usage(text.into())
}

/// The error for an unknown option.
pub(super) fn unknown(name: &str) -> ToolError {
    usage(format!("`{name}` is no option"))
}

/// An absolute path without `.` and `..` that needs no quoting in a script. The result has no `/` at its
/// beginning.
pub(super) fn absolute(name: &str, value: &str) -> Result<String, ToolError> {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let safe = |c: char| !c.is_control() && !matches!(c, '"' | '\'' | '\\' | '$' | '`');
    match value.strip_prefix('/') {
        Some(path) if path.split('/').all(plain) && path.chars().all(safe) => Ok(path.to_owned()),
        _ => Err(usage(format!("`{value}` after `{name}` is not an absolute path of plain parts"))),
    }
}

/// Seconds since 1970.
pub(super) fn seconds(value: &str) -> Result<u32, ToolError> {
    value.parse().map_err(|_| usage(format!("`{value}` is not a number of seconds since 1970")))
}

/// Reads `PATH:SHA256`, with `-` for an unknown hash.
pub(super) fn hashed_path(value: &str) -> Option<(PathBuf, Option<String>)> {
    let (path, hash) = value.rsplit_once(':').filter(|(path, _)| !path.is_empty())?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    match hash {
        "-" => Some((path.into(), None)),
        hash if is_hash => Some((path.into(), Some(hash.to_ascii_lowercase()))),
        _ => None,
    }
}

/// Reads `PATH:HASH`. The hash is a SHA-256, or `sha384=` or `sha512=` and its digits, or `-` if it is
/// unknown.
pub(super) fn proven_path(value: &str) -> Option<(PathBuf, Option<String>)> {
    if let Some(found) = hashed_path(value) {
        return Some(found);
    }
    let (path, hash) = value.rsplit_once(':').filter(|(path, _)| !path.is_empty())?;
    let (algorithm, digest) = hash.split_once('=')?;
    let length = match algorithm {
        "sha384" => 96,
        "sha512" => 128,
        _ => return None,
    };
    let is_hash = digest.len() == length && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| (path.into(), Some(hash.to_ascii_lowercase())))
}

/// The value of a required option.
pub(super) fn required<T>(value: Option<T>, name: &str) -> Result<T, ToolError> {
    value.ok_or_else(|| usage(format!("`{name}` is missing")))
}

/// The Python version for which code is installed: `3.11`, or `3.13t` for the free-threaded build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PythonVersion(String);

impl PythonVersion {
    pub(super) fn parse(value: &str) -> Result<Self, ToolError> {
        Self::of(value)
            .ok_or_else(|| usage(format!("`{value}` is not a Python version like `3.11` or `3.13t`")))
    }

    /// Reads the version at the end of a name like `python3.11`.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::of(name.strip_prefix("python")?)
    }

    fn of(text: &str) -> Option<Self> {
        let minor = text.strip_suffix('t').unwrap_or(text).strip_prefix("3.")?;
        let number = minor.len() <= 3 && minor.parse::<u16>().is_ok_and(|number| number.to_string() == minor);
        number.then(|| Self(text.to_owned()))
    }

    /// `3.11`, or `3.13t`.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// `3.11` or `3.13`.
    pub(super) fn numbers(&self) -> &str {
        self.0.strip_suffix('t').unwrap_or(&self.0)
    }
}
