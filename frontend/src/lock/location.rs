//! URLs and paths in lock files.
//!
//! This module has only what locks need: joining relative paths, and reading the forms in which uv and pip
//! write a repository.

use super::artifact::Location;
use super::model::Source;
use crate::address::{AddressError, Commit, GitUrl, HttpUrl, decoded, split_scheme};

/// Joins `path` to the folder `base`, both with `/`, and resolves `.` and `..`. An absolute `path` stays as
/// it is. The folder itself is `.`.
pub(super) fn join(base: &str, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (base.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Whether `text` is a URL and not a path.
pub fn is_url(text: &str) -> bool {
    let in_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    split_scheme(text).is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(in_scheme))
}

/// The path of a `file:` URL.
pub fn file_url_path(url: &str) -> Option<String> {
    let rest = url.strip_prefix("file:")?;
    let path = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
    Some(decoded(path.split(['?', '#']).next().unwrap_or(path)))
}

/// The location of a URL or path. A path is relative to `base`.
pub(super) fn locate(base: &str, text: &str) -> Result<Location, AddressError> {
    Ok(match file_url_path(text) {
        Some(path) => Location::Path(join(base, &path)),
        None if is_url(text) => Location::Url(HttpUrl::parse(text)?),
        None => Location::Path(join(base, text)),
    })
}

/// The value of a parameter after `?` or `#`. Parameters are separated by `&`.
pub(super) fn parameter(text: &str, key: &str) -> Option<String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == key).map(|(_, value)| decoded(value)).next()
}

/// A repository in uv's form: `https://host/repo?rev=main&subdirectory=a#<commit>`.
pub(super) fn uv_git(text: &str) -> Result<Source, AddressError> {
    let (address, commit) = text.rsplit_once('#').unwrap_or((text, ""));
    let (url, query) = address.split_once('?').unwrap_or((address, ""));
    Ok(Source::Git {
        url: GitUrl::parse(url)?,
        commit: Commit::parse(commit)?.as_str().to_owned(),
        revision: ["rev", "tag", "branch"].iter().find_map(|key| parameter(query, key)),
        subdirectory: parameter(query, "subdirectory"),
    })
}

/// A repository in pip's form: `git+https://host/repo@<commit>#egg=a&subdirectory=b`. The second value is the
/// revision in the text, which may be a branch or a tag.
pub(super) fn pip_git(text: &str) -> Option<Result<(Source, Option<String>), AddressError>> {
    let address = text.strip_prefix("git+")?;
    let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
    // An `@` before the path belongs to the user, as in `ssh://git@host/repo`.
    let path_start = address.find("://").map_or(0, |at| at + 3);
    let path_start = address.get(path_start..)?.find('/').map_or(address.len(), |at| path_start + at);
    let revision_at = address.get(path_start..)?.rfind('@').map(|at| path_start + at);
    let (url, revision) = match revision_at {
        Some(at) => (address.get(..at)?, address.get(at + 1..).map(str::to_owned)),
        None => (address, None),
    };
    let commit = revision.clone().filter(|revision| is_commit(revision)).unwrap_or_default();
    let subdirectory = parameter(fragment, "subdirectory");
    Some(
        GitUrl::parse(url)
            .map(|url| (Source::Git { url, commit, revision: revision.clone(), subdirectory }, revision)),
    )
}

/// Whether `text` is a full commit id.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
