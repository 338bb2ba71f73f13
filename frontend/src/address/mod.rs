//! Addresses and file names from untrusted texts, as types that cannot have a harmful value.
//!
//! A lock, a requirements file or an index names the address of a file. BuildKit chooses the kind of a source
//! operation by the scheme of its address, and a file name becomes a path in a mount. So each untrusted text
//! is parsed once, in this module. The parsed value has an allowed scheme, a host, and a name that is a
//! single plain path component. User names and passwords are removed: operations, images and messages never
//! have them.

use std::borrow::Cow;

mod file_name;
mod git;
mod http;
mod redact;

pub use file_name::{FileName, FileNameError, decoded};
pub use git::{Commit, GitUrl};
pub use http::HttpUrl;
pub use redact::{has_credentials, masked, redacted, without_credentials};

/// The longest accepted address, in bytes. Signed addresses of object stores have about two thousand bytes.
const LONGEST: usize = 8 << 10;

/// The reason why a text is not an address for downloads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The scheme is missing or not allowed.
    #[error("`{address}` is not an address that {what} can be fetched from: it must begin with {schemes}")]
    Scheme {
        /// The text, without credentials.
        address: String,
        /// The kind of thing at the address.
        what: &'static str,
        /// The allowed schemes.
        schemes: &'static str,
    },
    /// The host is missing, or has characters that no host has.
    #[error("`{address}` has no valid host")]
    Host {
        /// The text, without credentials.
        address: String,
    },
    /// A character that an address cannot have.
    #[error("`{address}` has {what}, which an address cannot have")]
    Character {
        /// The text, without credentials. Invisible characters are replaced.
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
    /// The address is longer than the addresses of any tool.
    #[error("an address is longer than 8192 bytes")]
    Length,
    /// The text is not the full id of a commit.
    #[error("`{text}` is not the full id of a commit")]
    Commit {
        /// The text.
        text: String,
    },
}

/// The parts of an address. All parts are slices of the text.
struct Parts<'a> {
    scheme: &'a str,
    /// The text before the `@`: the user name, and the password after a colon.
    user: Option<&'a str>,
    /// The host and the port.
    host: &'a str,
    /// The rest, from the first `/`, `?` or `#` after the host.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits an address. `None` if the text has no scheme.
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

/// The separator between the scheme and the host of an address.
const SCHEME_END: &str = "://";

/// The positions of [`SCHEME_END`] in a text. The search looks for the first byte only, because this is fast
/// and every build searches files of megabytes.
fn scheme_ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    let colons = text.match_indices(':').map(|(at, _)| at);
    colons.filter(|at| text.as_bytes().get(at + 1..at + SCHEME_END.len()) == Some(b"//"))
}

/// The scheme of an address and the text after `://`. `None` if there is no `://`.
pub fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let at = scheme_ends(text).next()?;
    Some((text.get(..at)?, text.get(at + SCHEME_END.len()..)?))
}

/// An address without its query and its fragment.
fn path_of(address: &str) -> &str {
    let address = address.split_once('#').map_or(address, |(address, _)| address);
    address.split_once('?').map_or(address, |(path, _)| path)
}

/// Whether `is_one` holds for all bytes of a text. The search does not stop at the first other byte: so the
/// compiler can test many bytes at once (SIMD), and nearly every text is tested to its end anyway.
fn every(text: &str, is_one: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_one(byte))
}

/// Checks the rules for addresses of every kind.
fn check(text: &str, parts: &Parts<'_>) -> Result<(), AddressError> {
    let address = || visible(&redacted(text));
    if !is_host(parts.host) {
        return Err(AddressError::Host { address: address() });
    }
    // Nearly all addresses have no escape.
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

/// Checks the length and the characters of a text. This check comes before all other parsing.
fn check_characters(text: &str) -> Result<(), AddressError> {
    if text.len() > LONGEST {
        return Err(AddressError::Length);
    }
    // A lock has thousands of addresses, and nearly all have plain characters only.
    if every(text, |byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Ok(());
    }
    let odd = text.chars().find_map(|c| match c {
        // Some URL parsers read a backslash as a slash, and others do not. So two parsers could see two
        // different hosts.
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

/// Whether a text is a host with an optional port: a name, an IPv4 address, or an IPv6 address in brackets.
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

/// Whether a character is invisible or changes the display of other characters: control characters,
/// bidirectional marks, and zero-width blanks.
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

/// An untrusted text for display. Each invisible character, and each character that a terminal reads as a
/// command, is replaced by a visible one. Line breaks and tabs are also replaced. [`lines`] keeps them.
pub fn visible(text: &str) -> String {
    if every(text, is_plain) {
        return text.to_owned();
    }
    text.chars().map(sign).collect()
}

/// Like [`visible`], but line breaks and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    // Every build passes files of megabytes through this function.
    if every(text, |byte| is_plain(byte) || matches!(byte, b'\n' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let shown = |c| if matches!(c, '\n' | '\t') { c } else { sign(c) };
    // A carriage return at the end of a line is harmless.
    let mut all = text.split("\r\n").map(|part| part.chars().map(shown).collect::<String>());
    let first = all.next().unwrap_or_default();
    Cow::Owned(all.fold(first, |text, part| text + "\r\n" + &part))
}

/// Whether a byte is a visible ASCII character or a blank.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// The visible replacement for a character. A visible character stays.
fn sign(c: char) -> char {
    match c {
        // Unicode has visible pictures of the ASCII control characters.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if is_invisible(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests;
