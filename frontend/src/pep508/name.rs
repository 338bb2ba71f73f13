//! Normalized names of packages, extras and groups.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The normalized name of a package, an extra or a group (PEP 503): in lower case, with a single `-` in place
/// of each run of `-`, `_` and `.`. Names are compared in this form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// The text is not a valid name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a valid name: letters, digits, `-`, `_` and `.` only, beginning and ending with a letter or digit"
)]
pub struct NameError {
    /// The text.
    pub text: String,
}

impl Name {
    /// Normalizes `text`.
    ///
    /// # Errors
    /// If the text breaks the rules of the core metadata specification for names.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let invalid = || NameError { text: text.to_owned() };
        let bytes = text.as_bytes();
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !ends(bytes.first()) || !ends(bytes.last()) || !bytes.iter().all(inner) {
            return Err(invalid());
        }
        let mut normal = String::with_capacity(text.len());
        for character in text.chars() {
            if character.is_ascii_alphanumeric() {
                normal.push(character.to_ascii_lowercase());
            } else if !normal.ends_with('-') {
                normal.push('-');
            }
        }
        Ok(Self(normal.into()))
    }

    /// A name that is written in the code, in normalized form.
    pub(crate) fn fixed(normal: &'static str) -> Self {
        debug_assert!(
            Self::new(normal).is_ok_and(|name| name.as_str() == normal),
            "`{normal}` is not normal"
        );
        Self(normal.into())
    }

    /// The normalized text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form of the name in file names of wheels and of `.dist-info` folders: with `_` for `-`.
    pub fn escaped(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}
