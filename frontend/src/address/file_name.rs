//! The name of a file that is downloaded.

use std::fmt;

use super::{every, is_invisible, path_of, split_scheme, visible};

/// The longest name that file systems of Linux take, in bytes (`NAME_MAX`).
const LONGEST: usize = 255;

/// The name of a file: one component of a path that means itself wherever it is put.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

/// Why a text is no name of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not the name of a file: {reason}")]
pub struct FileNameError {
    /// The text, with visible characters alone.
    pub name: String,
    /// Why.
    pub reason: &'static str,
}

impl FileName {
    /// Reads a name.
    ///
    /// # Errors
    /// If it is a path or none at all, has characters that are not seen, is too long, or has a meaning of its own in
    /// layers of images.
    pub fn parse(name: &str) -> Result<Self, FileNameError> {
        // Nearly every name has neither.
        let is_odd = !every(name, |byte| byte.is_ascii_graphic() && byte != b'/' && byte != b'\\');
        let reason = match name {
            "" => "it is empty",
            "." | ".." => "it is a folder",
            name if is_odd && name.contains(['/', '\\']) => "it has a slash",
            name if is_odd && name.chars().any(is_invisible) => "it has a control character",
            // Layers of images remove files by such names.
            name if name.starts_with(".wh.") => "layers give names with `.wh.` another meaning",
            name if name.starts_with('-') => "it looks like an option",
            name if name.len() > LONGEST => "it has more than 255 bytes",
            name => return Ok(Self(name.to_owned())),
        };
        let shown: String = name.chars().take(LONGEST).collect();
        Err(FileNameError { name: visible(&shown), reason })
    }

    /// The name at the end of an address or path: without query and fragment, with escapes such as `%2B` replaced.
    ///
    /// # Errors
    /// If what stands there is none.
    pub fn of_address(address: &str) -> Result<Self, FileNameError> {
        let path = path_of(address);
        // The host is no name of a file.
        let path =
            split_scheme(path).map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
        let path = path.trim_end_matches('/');
        Self::parse(&decoded(path.rsplit('/').next().unwrap_or(path)))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Turns `%2B` and the like back. What is no valid escape stays, and so does a text that would be no UTF-8.
pub fn decoded(text: &str) -> String {
    // A lock has thousands of addresses, and next to none with an escape.
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail.get(..2).filter(|pair| pair.iter().all(u8::is_ascii_hexdigit));
        let pair = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = pair.filter(|_| first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(escaped.unwrap_or(first));
        rest = match escaped {
            Some(_) => tail.get(2..).unwrap_or_default(),
            None => tail,
        };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
