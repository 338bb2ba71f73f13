//! Takes user names and passwords out of texts that are shown or kept.

use std::borrow::Cow;

/// What stands in the place of a user name and password.
const HIDDEN: &str = "****";

/// A text in which no address has a user name or password. A lone `git` of SSH stays: that user is no secret.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    for (start, end) in credentials(text) {
        shown.push_str(text.get(done..start).unwrap_or_default());
        shown.push_str(HIDDEN);
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(shown)
}

/// The same with a `*` for each byte, so that every other character keeps its place.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    for (start, end) in credentials(text) {
        shown.push_str(text.get(done..start).unwrap_or_default());
        shown.extend(std::iter::repeat_n('*', end - start));
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(shown)
}

/// A text in which addresses stand without user names and passwords, as they would be written without.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    for (start, end) in credentials(text) {
        shown.push_str(text.get(done..start).unwrap_or_default());
        // The `@` stands behind them.
        done = end + 1;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(shown)
}

/// Whether an address in the text has a user name or password.
pub fn has_credentials(text: &str) -> bool {
    credentials(text).next().is_some()
}

/// Where user names and passwords stand: from behind `://` to before the `@`.
fn credentials(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    text.match_indices("://").filter_map(move |(at, mark)| {
        let start = at + mark.len();
        let rest = text.get(start..)?;
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
        let word = rest.get(..rest.find(is_end).unwrap_or(rest.len()))?;
        let authority = word.get(..word.find(['/', '?', '#']).unwrap_or(word.len()))?;
        let user = match authority.rsplit_once('@') {
            Some((user, _)) => user,
            None => broken(word, authority)?,
        };
        let is_git = matches!(user, "" | "git");
        (!is_git).then_some((start, start + user.len()))
    })
}

/// A user and password in an address that is written wrongly: the password has a `/`, `?` or `#` in it.
fn broken<'t>(word: &'t str, authority: &str) -> Option<&'t str> {
    let (_, port) = authority.split_once(':')?;
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty();
    // What follows the first `/` of an address with a port can be anything.
    if is_port || authority.starts_with('[') {
        return None;
    }
    word.rsplit_once('@').map(|(user, _)| user)
}
