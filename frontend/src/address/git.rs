//! Addresses of git repositories, and ids of commits.

use std::fmt;

use super::{AddressError, Parts, check, check_characters, is_host, redacted, visible};

/// The address of a repository: `https://host/path`, `ssh://git@host/path` or `git@host:path`. The address
/// never has a password. It has a user name only for SSH, where the user name is part of the address and not
/// a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitUrl {
    text: String,
    had_credentials: bool,
}

/// The full id of a commit, in lower case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit(String);

impl GitUrl {
    /// Reads an address, with or without the prefix `git+`.
    ///
    /// # Errors
    /// If the text is not an address, or if Git would read it as something else: a path, an option, or the
    /// command of a remote helper.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.strip_prefix("git+").unwrap_or(text);
        check_characters(text)?;
        let other = || AddressError::Scheme {
            address: visible(&redacted(text)),
            what: "a repository",
            schemes: "`https://`, `http://`, `ssh://` or `git@HOST:`",
        };
        let Some(parts) = Parts::split(text) else {
            return Self::of_ssh(text).ok_or_else(other);
        };
        let scheme = parts.scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https" | "ssh" | "git") {
            return Err(other());
        }
        check(text, &parts)?;
        // The engine would read the text after `#` as the name of a branch and of a folder.
        if parts.rest.contains('#') {
            return Err(AddressError::Character { address: visible(&redacted(text)), what: "a `#`" });
        }
        let (user, password) = match parts.user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            Some((user, password)) => (user, password),
            None => ("", ""),
        };
        let is_ssh = scheme == "ssh";
        let user = match user {
            "" => String::new(),
            user if is_ssh && user.chars().all(is_of_user) && !user.starts_with('-') => format!("{user}@"),
            _ if is_ssh => return Err(AddressError::Host { address: visible(&redacted(text)) }),
            _ => String::new(),
        };
        let had_credentials =
            !password.is_empty() || (!is_ssh && parts.user.is_some_and(|user| !matches!(user, "" | "git")));
        Ok(Self { text: format!("{scheme}://{user}{}{}", parts.host, parts.rest), had_credentials })
    }

    /// `user@host:path`
    fn of_ssh(text: &str) -> Option<Self> {
        let (user, place) = text.split_once('@')?;
        let (host, path) = place.split_once(':')?;
        let is_user = !user.is_empty() && user.chars().all(is_of_user) && !user.starts_with('-');
        let is_path = !path.is_empty() && !path.contains('#');
        (is_user && is_host(host) && is_path).then(|| Self { text: text.to_owned(), had_credentials: false })
    }

    /// The address, without credentials.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text had a user name or a password, which were removed.
    pub fn had_credentials(&self) -> bool {
        self.had_credentials
    }
}

fn is_of_user(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+')
}

impl Commit {
    /// Reads an id: 40 digits, or 64 digits in repositories that use SHA-256.
    ///
    /// # Errors
    /// If the text is not an id, or is an abbreviated id.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(AddressError::Commit { text: visible(text) })
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
