//! Addresses and file names that strangers write, as types that cannot hold a harmful one.
//!
//! A lock, a requirements file or an index says where a file is. The engine decides by the scheme of an address what
//! an operation does, and a file name becomes a path in a mount. So a text of a stranger is read once, here: what
//! comes out has a scheme that is meant, a host, and a name that is one plain component of a path. User names and
//! passwords are left behind: operations, images and messages never have them.

use std::borrow::Cow;

mod file_name;
mod git;
mod http;
mod redact;

pub use file_name::{FileName, FileNameError, decoded};
pub use git::{Commit, GitUrl};
pub use http::HttpUrl;
pub use redact::{has_credentials, masked, redacted, without_credentials};

/// The longest address that is read, in bytes. Addresses with a signature of a store have about two thousand.
const LONGEST: usize = 8 << 10;

/// Why a text is no address that something is fetched from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another scheme, or none.
    #[error("`{address}` is not an address that {what} can be fetched from: it must begin with {schemes}")]
    Scheme {
        /// The text, without credentials.
        address: String,
        /// What is to be fetched.
        what: &'static str,
        /// The schemes that are allowed.
        schemes: &'static str,
    },
    /// No host, or characters that no name of a host has.
    #[error("`{address}` has no valid host")]
    Host {
        /// The text, without credentials.
        address: String,
    },
    /// A character that has no place in an address.
    #[error("`{address}` has {what}, which an address cannot have")]
    Character {
        /// The text, without credentials and with visible characters alone.
        address: String,
        /// The character.
        what: &'static str,
    },
    /// A `%` without two hexadecimal digits after it.
    #[error("`{address}` has a `%` without two hexadecimal digits after it")]
    Escape {
        /// The text, without credentials.
        address: String,
    },
    /// More than any tool writes.
    #[error("an address is longer than 8192 bytes")]
    Length,
    /// A text that should be the id of a commit.
    #[error("`{text}` is not the full id of a commit")]
    Commit {
        /// The text.
        text: String,
    },
}

/// An address in its parts. All of them are pieces of the text.
struct Parts<'a> {
    scheme: &'a str,
    /// What stands before the `@`: the user, and a password after a colon.
    user: Option<&'a str>,
    /// Host and port.
    host: &'a str,
    /// From the first `/`, `?` or `#` after the host.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    /// `None` if the text has no scheme.
    fn split(text: &'a str) -> Option<Self> {
        let (scheme, after) = split_scheme(text)?;
        let end = after.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        Some(Self { scheme, user, host, rest })
    }
}

/// What stands between the scheme of an address and its host.
const SCHEME_END: &str = "://";

/// Where [`SCHEME_END`] stands in a text. The search for its first byte alone is the quick one, and files of megabytes are
/// searched in every build.
fn scheme_ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    let colons = text.match_indices(':').map(|(at, _)| at);
    colons.filter(|at| text.as_bytes().get(at + 1..at + SCHEME_END.len()) == Some(b"//"))
}

/// The scheme of an address and what follows `://`; `None` where there is no `://`.
pub fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let at = scheme_ends(text).next()?;
    Some((text.get(..at)?, text.get(at + SCHEME_END.len()..)?))
}

/// An address without its query and its fragment.
fn path_of(address: &str) -> &str {
    let address = address.split_once('#').map_or(address, |(address, _)| address);
    address.split_once('?').map_or(address, |(path, _)| path)
}

/// Whether all bytes of a text are of a kind. The search does not end at the first byte that is of another kind: the
/// processor then asks about many bytes at once, and nearly every text has to be looked at to its end anyway.
fn every(text: &str, is_one: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_one(byte))
}

/// Checks what holds for addresses of every kind.
fn check(text: &str, parts: &Parts<'_>) -> Result<(), AddressError> {
    let address = || visible(&redacted(text));
    if !is_host(parts.host) {
        return Err(AddressError::Host { address: address() });
    }
    // Next to none has an escape.
    let escaped = parts.rest.find('%').and_then(|first| parts.rest.get(first..)).unwrap_or_default();
    let mut bytes = escaped.bytes();
    while let Some(byte) = bytes.next() {
        let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit());
        if byte == b'%' && !(is_digit(bytes.next()) && is_digit(bytes.next())) {
            return Err(AddressError::Escape { address: address() });
        }
    }
    Ok(())
}

/// Checks the length and the characters of a text, before anything else is read of it.
fn check_characters(text: &str) -> Result<(), AddressError> {
    if text.len() > LONGEST {
        return Err(AddressError::Length);
    }
    // A lock has thousands of addresses, and nearly all of them are plain.
    if every(text, |byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Ok(());
    }
    let odd = text.chars().find_map(|c| match c {
        // Some readers take it for a slash and others do not, so that two of them see two hosts.
        '\\' => Some("a backslash"),
        c if c.is_whitespace() => Some("a blank"),
        c if is_invisible(c) => Some("a control character"),
        _ => None,
    });
    match odd {
        Some(what) => Err(AddressError::Character { address: visible(&redacted(text)), what }),
        None => Ok(()),
    }
}

/// Whether a text is a host with or without a port: a name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            if address.is_empty() || !address.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))
            {
                return false;
            }
            (None, port.strip_prefix(':').or_else(|| port.is_empty().then_some("")))
        }
        None => match text.split_once(':') {
            Some((name, port)) => (Some(name), Some(port)),
            None => (Some(text), Some("")),
        },
    };
    let is_name = |name: &str| {
        let of_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        name.starts_with(|c: char| c.is_alphanumeric() || c == '_') && name.chars().all(of_name)
    };
    name.is_none_or(is_name) && port.is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a character is not seen, or changes how its neighbours are seen: control characters, marks of the direction
/// of a text, blanks without a width.
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text of a stranger as it may be shown: a character that is not seen, or that a terminal takes as a command, is
/// replaced by one sign that is seen. Line breaks and tabs of a text of several lines count as such; see [`lines`].
pub fn visible(text: &str) -> String {
    if every(text, is_plain) {
        return text.to_owned();
    }
    text.chars().map(sign).collect()
}

/// The same for a text whose lines stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    // Files of megabytes go through here at every build.
    if every(text, |byte| is_plain(byte) || matches!(byte, b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let shown = |c| if matches!(c, '\n' | '\t') { c } else { sign(c) };
    // A carriage return is no command where the line ends.
    let mut all = text.split("\r\n").map(|part| part.chars().map(shown).collect::<String>());
    let first = all.next().unwrap_or_default();
    Cow::Owned(all.fold(first, |text, part| text + "\r\n" + &part))
}

/// Whether a byte is a character of ASCII that is seen, or a blank.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// The sign that stands for a character: itself, where it is seen.
fn sign(c: char) -> char {
    match c {
        // Unicode has pictures of the control characters of ASCII.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if is_invisible(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests;
