//! Removes secrets in addresses from texts that are shown or stored. The secrets are user names and
//! passwords, signatures and tokens in a query, and tokens in a path with a known form.

use std::borrow::Cow;

use super::{SCHEME_END, path_of, scheme_ends};

/// The replacement for a secret.
const HIDDEN: &str = "****";

/// The minimum length of a token in a path. Names of folders are shorter.
const SHORTEST_TOKEN: usize = 16;

/// Folders in a path that come before a token: `/t/TOKEN/` of conda, and `/priv/TOKEN/` of package hosts.
const BEFORE_TOKEN: [&str; 2] = ["/t/", "/priv/"];

/// Prefixes of tokens, from the documentation of the services: GitHub, GitLab, package indexes, registries.
const TOKEN_PREFIXES: [&str; 13] = [
    "dckr_pat_",
    "dop_v1_",
    "ghp_",
    "gho_",
    "ghr_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "gldt-",
    "glpat-",
    "hf_",
    "npm_",
    "pypi-AgE",
];

/// Folders in the path of an index that come after a token: `https://HOST/TOKEN/simple/`.
const BEHIND_TOKEN: [&str; 2] = ["simple", "+simple"];

/// Keys of a query whose value is a secret, in lower case, with `_` for `-`.
const SECRET_KEYS: [&str; 18] = [
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "auth_token",
    "awsaccesskeyid",
    "client_secret",
    "googleaccessid",
    "job_token",
    "jwt",
    "passwd",
    "password",
    "private_token",
    "secret",
    "security_token",
    "sig",
    "signature",
    "token",
];

/// Prefixes of such keys. Signed addresses of object stores have several keys with the same prefix.
const SECRET_PREFIXES: [&str; 3] = ["x_amz_", "x_goog_", "x_oss_"];

/// The place of a secret in a text. All positions are in bytes.
struct Piece {
    /// The range of the secret.
    secret: (usize, usize),
    /// The range to remove for an address without the secret.
    whole: (usize, usize),
}

/// The text with `****` in place of each secret. The lone user `git` of SSH stays, because it is not a
/// secret.
pub fn redacted(text: &str) -> Cow<'_, str> {
    replaced(text, |piece| piece.secret, |shown, _| shown.push_str(HIDDEN))
}

/// The text with one `*` for each byte of a secret, so all other characters keep their positions.
pub fn masked(text: &str) -> Cow<'_, str> {
    replaced(text, |piece| piece.secret, |shown, length| shown.extend(std::iter::repeat_n('*', length)))
}

/// The text with addresses that have no secrets. The addresses look as if the author had written them without
/// secrets.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    replaced(text, |piece| piece.whole, |_, _| {})
}

fn replaced(
    text: &str,
    place: impl Fn(&Piece) -> (usize, usize),
    put: impl Fn(&mut String, usize),
) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    for piece in pieces(text) {
        let (start, end) = place(&piece);
        shown.push_str(text.get(done..start).unwrap_or_default());
        put(&mut shown, end.saturating_sub(start));
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(shown)
}

/// Whether an address in the text has a secret.
pub fn has_credentials(text: &str) -> bool {
    pieces(text).next().is_some()
}

/// The places of the secrets, in the order of the text.
fn pieces(text: &str) -> impl Iterator<Item = Piece> + '_ {
    scheme_ends(text).flat_map(move |at| {
        let start = at + SCHEME_END.len();
        let rest = text.get(start..).unwrap_or_default();
        let word = rest.get(..end_of_word(rest)).unwrap_or_default();
        // An address in the query of another address is a separate item of this iterator.
        let word = word.get(..scheme_ends(word).next().unwrap_or(word.len())).unwrap_or_default();
        in_address(word, start)
    })
}

/// Whether a byte ends an address, or is not ASCII and needs a closer look. It is a single test, because
/// every byte of every address in a lock is tested.
fn stops(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | b'"' | b'\'' | b'<' | b'>' | b'`' | 0x80..)
}

/// The end of the address at the start of a text.
fn end_of_word(text: &str) -> usize {
    let is_end = |byte: u8| byte.is_ascii() && stops(byte);
    match text.bytes().position(stops) {
        Some(end) if text.as_bytes().get(end).is_some_and(|byte| !byte.is_ascii()) => {
            // Blanks outside ASCII also end an address.
            let is_end = |c: char| c.is_whitespace() || u8::try_from(c).is_ok_and(is_end);
            text.find(is_end).unwrap_or(text.len())
        }
        Some(end) => end,
        None => text.len(),
    }
}

/// The secrets of an address. `word` is the address after its `://`, and `start` is the position of `word` in
/// the text.
fn in_address(word: &str, start: usize) -> Vec<Piece> {
    let mut found = Vec::new();
    let authority_end =
        word.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(word.len());
    let authority = word.get(..authority_end).unwrap_or_default();
    // Nearly all addresses have no user, and a search for a single byte is fast.
    let user = if word.contains('@') {
        authority.rsplit_once('@').map_or_else(|| broken(word, authority), |(user, _)| Some(user))
    } else {
        None
    };
    if let Some(user) = user.filter(|user| !matches!(*user, "" | "git")) {
        let end = start + user.len();
        // The `@` comes after the credentials.
        found.push(Piece { secret: (start, end), whole: (start, end + 1) });
    }
    let skipped = user.map_or(authority.len(), |user| authority.len().max(user.len() + 1));
    let rest = word.get(skipped..).unwrap_or_default();
    let path = path_of(rest);
    match token_of_path(path, start + skipped) {
        Some(token) => found.push(token),
        None => found.extend(tokens_among(path, start + skipped)),
    }
    if let Some(query) = rest.get(path.len()..).and_then(|rest| rest.strip_prefix('?')) {
        let query = query.split('#').next().unwrap_or_default();
        found.extend(secrets_of_query(query, start + skipped + path.len() + 1));
    }
    found
}

/// The token at the start of a path, if it has a known form.
fn token_of_path(path: &str, start: usize) -> Option<Piece> {
    let before = BEFORE_TOKEN.into_iter().find(|before| path.starts_with(before))?;
    let token = path.get(before.len()..)?.split('/').next()?;
    let end = start + before.len() + token.len();
    let is_one = is_token(token);
    // A token in a path is followed by the resource that it gives access to.
    let is_followed = path.len() > before.len() + token.len();
    (is_one && is_followed).then(|| Piece { secret: (start + before.len(), end), whole: (start, end) })
}

/// The parts of a path that are tokens at any place. A token in a path is followed by the resource that it
/// gives access to.
fn tokens_among(path: &str, start: usize) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut at = start;
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let end = at + part.len();
        let next = parts.peek().copied();
        // Most parts of most paths are names of folders, and a file of a megabyte has thousands of paths.
        let is_long = part.len() >= SHORTEST_TOKEN;
        let is_key = || next.is_some_and(|next| BEHIND_TOKEN.contains(&next)) && is_key(part);
        if is_long && next.is_some() && (has_token_form(part) || is_key()) {
            // The `/` before the token is removed, too.
            found.push(Piece { secret: (at, end), whole: (at.saturating_sub(1), end) });
        }
        at = end + 1;
    }
    found
}

/// Whether a part has a token prefix of a service, or is a JSON web token (RFC 7519).
fn has_token_form(part: &str) -> bool {
    let is_rest = |rest: &str| {
        rest.len() >= SHORTEST_TOKEN
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    // Nearly all parts differ from every prefix in the first letter.
    let first = part.bytes().next();
    let alike = TOKEN_PREFIXES.iter().filter(|prefix| prefix.bytes().next() == first);
    let mut named = alike.filter_map(|prefix| part.strip_prefix(prefix));
    let is_web_token =
        part.starts_with("eyJ") && part.split('.').count() == 3 && part.len() > 2 * SHORTEST_TOKEN;
    named.any(is_rest) || is_web_token
}

/// Whether the path part before `simple` is a key and not a name that a person gave to an index. A key has
/// upper case letters, lower case letters and digits without a dash, or the digits of a large number.
fn is_key(part: &str) -> bool {
    let has = |wanted: fn(&char) -> bool| part.chars().any(|c| wanted(&c));
    let is_plain = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_mixed =
        has(char::is_ascii_digit) && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    let is_number = part.len() >= 32
        && part.chars().all(|c| c.is_ascii_hexdigit())
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic);
    (is_plain && is_mixed && part.len() >= 20) || is_number
}

/// Whether a part of a path looks like a token: letters and digits without a dash, or a UUID with or without
/// a prefix. Titles, which forums also put after `/t/`, are words with dashes.
fn is_token(part: &str) -> bool {
    let has = |wanted: fn(&char) -> bool| part.chars().any(|c| wanted(&c));
    let is_mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    if !part.contains('-') {
        let is_plain = part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return part.len() >= SHORTEST_TOKEN && is_plain && is_mixed;
    }
    let lengths: Vec<usize> = part.rsplit('-').map(str::len).collect();
    lengths.starts_with(&[12, 4, 4, 4, 8]) && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The secret values of a query.
fn secrets_of_query(query: &str, start: usize) -> Vec<Piece> {
    let is_open =
        |pair: &str| !pair.split_once('=').is_some_and(|(key, value)| is_secret(key) && !value.is_empty());
    let keeps_some = query.split('&').any(is_open);
    let query_end = start + query.len();
    let mut found: Vec<Piece> = Vec::new();
    let (mut at, mut is_kept_before) = (start, false);
    for pair in query.split('&') {
        let end = at + pair.len();
        if is_open(pair) {
            is_kept_before = true;
        } else {
            let value = pair.split_once('=').map_or("", |(_, value)| value);
            // The `&` between a secret pair and the remaining pairs is removed with the pair. If no pair
            // remains, the `?` is removed.
            let whole = match (keeps_some, is_kept_before, found.is_empty()) {
                (true, true, _) => (at - 1, end),
                (true, false, _) => (at, end + 1),
                (false, _, true) => (start - 1, query_end),
                (false, _, false) => (query_end, query_end),
            };
            found.push(Piece { secret: (end - value.len(), end), whole });
        }
        at = end + 1;
    }
    found
}

/// Whether the name of a query key means that the value is a secret.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    SECRET_KEYS.contains(&key.as_str()) || SECRET_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// The user name and password of a malformed address, whose password contains `/`, `?` or `#`.
fn broken<'t>(word: &'t str, authority: &str) -> Option<&'t str> {
    let (_, port) = authority.split_once(':')?;
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty();
    // After a port, the text after the first `/` is a normal path and may contain an `@`.
    if is_port || authority.starts_with('[') {
        return None;
    }
    word.rsplit_once('@').map(|(user, _)| user)
}
