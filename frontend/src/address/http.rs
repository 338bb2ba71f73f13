//! Addresses of files for download.

use std::borrow::Cow;
use std::fmt;

use super::{AddressError, Parts, check, check_characters, redacted, visible, without_credentials};

/// The address of a file: `http` or `https`, with a host, and without blanks and control characters. The user
/// name, the password, the signature and the tokens of the text are removed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpUrl {
    text: String,
    had_credentials: bool,
}

impl HttpUrl {
    /// Reads an address. Blanks are written as `%20`, as other tools that read the same locks do.
    ///
    /// # Errors
    /// If the text is not an address, or has another scheme.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let escaped =
            if text.contains(' ') { Cow::Owned(text.replace(' ', "%20")) } else { Cow::Borrowed(text) };
        check_characters(&escaped)?;
        let other = || AddressError::Scheme {
            address: visible(&redacted(text)),
            what: "a file",
            schemes: "`https://` or `http://`",
        };
        let open = without_credentials(&escaped);
        let parts = Parts::split(&open).ok_or_else(other)?;
        let scheme = ["https", "http"].into_iter().find(|scheme| parts.scheme.eq_ignore_ascii_case(scheme));
        let scheme = scheme.ok_or_else(other)?;
        check(text, &parts)?;
        Ok(Self {
            text: [scheme, "://", parts.host, parts.rest].concat(),
            had_credentials: parts.user.is_some_and(|user| !user.is_empty()) || *open != *escaped,
        })
    }

    /// The address, without credentials.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text had a user name, a password or another secret, which were removed.
    pub fn had_credentials(&self) -> bool {
        self.had_credentials
    }

    /// The host and the port.
    pub fn host(&self) -> &str {
        Parts::split(&self.text).map_or("", |parts| parts.host)
    }

    /// The address without the fragment (`#…`), which is not part of a request.
    #[must_use]
    pub fn without_fragment(&self) -> Self {
        let text = self.text.split('#').next().unwrap_or_default().to_owned();
        Self { text, had_credentials: self.had_credentials }
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
