//! The names of downloaded files.

use std::fmt;

use super::{every, is_invisible, path_of, split_scheme, visible};

/// The longest file name on Linux file systems, in bytes (`NAME_MAX`).
const LONGEST: usize = 255;

/// The name of a file: a single path component that has no special meaning in any folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

/// The reason why a text is not the name of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not the name of a file: {reason}")]
pub struct FileNameError {
    /// The text. Invisible characters are replaced.
    pub name: String,
    /// The reason.
    pub reason: &'static str,
}

impl FileName {
    /// Reads a name.
    ///
    /// # Errors
    /// If the text is empty or a path, has invisible characters, is too long, or has a special meaning in
    /// layers of images.
    pub fn parse(name: &str) -> Result<Self, FileNameError> {
        // Nearly every name is plain ASCII without slashes.
        let is_odd = !every(name, |byte| byte.is_ascii_graphic() && byte != b'/' && byte != b'\\');
        let reason = match name {
            "" => "it is empty",
            "." | ".." => "it is a folder",
            name if is_odd && name.contains(['/', '\\']) => "it has a slash",
            name if is_odd && name.chars().any(is_invisible) => "it has a control character",
            // In layers of images, such a name removes a file (a whiteout of the OCI image specification).
            name if name.starts_with(".wh.") => "layers give names with `.wh.` another meaning",
            name if name.starts_with('-') => "it looks like an option",
            name if name.len() > LONGEST => "it has more than 255 bytes",
            name => return Ok(Self(name.to_owned())),
        };
        let shown: String = name.chars().take(LONGEST).collect();
        Err(FileNameError { name: visible(&shown), reason })
    }

    /// The name at the end of an address or a path, without query and fragment. Escapes such as `%2B` are
    /// decoded.
    ///
    /// # Errors
    /// If the last part is not the name of a file.
    pub fn of_address(address: &str) -> Result<Self, FileNameError> {
        let path = path_of(address);
        // The host is not the name of a file.
        let path =
            split_scheme(path).map_or(path, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
        let path = path.trim_end_matches('/');
        Self::parse(&decoded(path.rsplit('/').next().unwrap_or(path)))
    }

    /// The name of the file.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Decodes escapes such as `%2B`. Invalid escapes stay as they are. The whole text stays as it is if the
/// decoded text would not be UTF-8.
pub fn decoded(text: &str) -> String {
    // A lock has thousands of addresses, and nearly all have no escape.
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
