//! Normalised names of packages, extras and groups.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A package's, an extra's or a group's name in the form in which names are compared (PEP 503): lower case, with
/// every run of `-`, `_` and `.` as one `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

/// A text that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a valid name: letters, digits, `-`, `_` and `.` only, beginning and ending with a letter or digit"
)]
pub struct NameError {
    /// What was given.
    pub text: String,
}

impl Name {
    /// Normalises `text`.
    ///
    /// # Errors
    /// If it breaks the rule for names of the core metadata specification.
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

    /// A name that stands in the code, in its normal form.
    pub(crate) fn fixed(normal: &'static str) -> Self {
        debug_assert!(
            Self::new(normal).is_ok_and(|name| name.as_str() == normal),
            "`{normal}` is not normal"
        );
        Self(normal.into())
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it stands in the names of wheels and of `.dist-info` directories: `_` for `-`.
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
