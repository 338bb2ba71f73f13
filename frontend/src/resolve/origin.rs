//! `direct_url.json`: the origin of a package that does not come from an index.
//!
//! The specification is "recording the direct URL origin of installed distributions" (PEP 610). The file has
//! the content that the tool of the lock writes. The part `origins` of the comparisons with the tools runs
//! uv, poetry, pdm, pipenv and pip for each kind of source. A URL in the file has no user name, password or
//! token, because the types of URLs remove them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::lock::{Format, Hash, Install, Source};
use crate::plan::{BuildFrom, WheelFrom};
use crate::project::Locked;
use crate::spec::ImagePath;

/// The text for a package from `source` that is installed from `from`. Files of the context are below
/// `workdir` in the image.
pub(super) fn direct_url(
    source: &Source,
    from: &WheelFrom,
    locked: Option<&Locked>,
    workdir: &ImagePath,
) -> Option<String> {
    // Without a lock, uv resolves the requirements.
    let format = locked.map_or(Format::Uv, |locked| locked.lock.format);
    let in_image = |path: &str| {
        let folder = workdir.as_str().trim_end_matches('/');
        let path = if path == "." { String::new() } else { format!("/{path}") };
        format!("file://{}", encoded(&format!("{folder}{path}")))
    };
    let (hash, path) = match from {
        WheelFrom::Http { hash, .. } => (Some(hash), None),
        WheelFrom::Context { path, hash } => (hash.as_ref(), Some(path)),
        WheelFrom::Built(BuildFrom::Sdist { hash, .. }) => (hash.as_ref(), None),
        WheelFrom::Built(BuildFrom::Context { path, .. }) => (None, Some(path)),
        WheelFrom::Built(BuildFrom::Git { .. }) => (None, None),
    };
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
    match source {
        Source::Index { .. } | Source::Directory { install: Install::Not, .. } => return None,
        Source::Git { url, commit, revision, subdirectory } => {
            put("url", json!(url.as_str()));
            let mut info = json!({"vcs": "git", "commit_id": commit});
            // pip installs a `pylock.toml` by asking the repository for the commit itself.
            let revision = if format == Format::Pylock { Some(commit) } else { revision.as_ref() };
            if let (Some(revision), Some(info)) = (revision, info.as_object_mut()) {
                info.insert("requested_revision".to_owned(), json!(revision));
            }
            put("vcs_info", info);
            put_folder(&mut put, subdirectory.as_ref());
        }
        Source::Url { url, subdirectory } => {
            put("url", json!(url.without_fragment().as_str()));
            put("archive_info", archive(format, hash));
            put_folder(&mut put, subdirectory.as_ref());
        }
        Source::File { subdirectory, .. } => {
            put("url", json!(in_image(path?)));
            put("archive_info", archive(format, hash));
            put_folder(&mut put, subdirectory.as_ref());
        }
        // Even an editable folder is installed as a built wheel in images that have this file.
        Source::Directory { .. } => {
            put("url", json!(in_image(path?)));
            put("dir_info", if format == Format::Uv { json!({"editable": false}) } else { json!({}) });
        }
    }
    Some(Value::Object(object).to_string())
}

fn put_folder(put: &mut impl FnMut(&str, Value), subdirectory: Option<&String>) {
    if let Some(folder) = subdirectory {
        put("subdirectory", json!(folder));
    }
}

/// A path in percent-encoding, as a part of a URL.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// The hash of an archive. The specification has two keys for the hash, the old `hash` and the newer
/// `hashes`. A tool writes one of them, both, or none.
fn archive(format: Format, hash: Option<&Hash>) -> Value {
    let Some(Hash { algorithm, digest, .. }) = hash else { return json!({}) };
    let algorithm = algorithm.as_str();
    let (old, new) = (format!("{algorithm}={digest}"), json!({algorithm: digest}));
    match format {
        Format::Uv => json!({}),
        Format::Poetry => json!({"hashes": new}),
        Format::Pdm => json!({"hash": old}),
        Format::Pylock | Format::Pipfile | Format::Requirements => json!({"hash": old, "hashes": new}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Commit, FileName, GitUrl, HttpUrl};

    const COMMIT: &str = "6ec1d22a818e88ce7e565ccf90ef61e426a9e266";

    fn text(source: &Source, from: &WheelFrom) -> Option<Value> {
        let workdir = ImagePath::constant("/app");
        direct_url(source, from, None, &workdir).map(|text| serde_json::from_str(&text).unwrap())
    }

    fn expected(text: &str) -> Option<Value> {
        serde_json::from_str(text).ok()
    }

    fn git(address: &str, revision: Option<&str>, subdirectory: Option<&str>) -> Option<Value> {
        let url = GitUrl::parse(address).unwrap();
        let commit = Commit::parse(COMMIT).unwrap();
        let subdirectory = subdirectory.map(str::to_owned);
        let from = WheelFrom::Built(BuildFrom::Git {
            url: url.clone(),
            commit: commit.clone(),
            subdirectory: subdirectory.clone(),
        });
        let (commit, revision) = (commit.as_str().to_owned(), revision.map(str::to_owned));
        text(&Source::Git { url, commit, revision, subdirectory }, &from)
    }

    /// The expected texts are those that uv 0.13.9 writes for `tag`, for `branch` with `subdirectory`, and
    /// for neither.
    #[test]
    fn repositories() {
        assert_eq!(
            git("https://host.example/r", Some("v1"), None),
            expected(
                r#"{"url":"https://host.example/r","vcs_info":{"vcs":"git","commit_id":"6ec1d22a818e88ce7e565ccf90ef61e426a9e266","requested_revision":"v1"}}"#
            )
        );
        assert_eq!(
            git("https://host.example/r", Some("main"), Some("sub")),
            expected(
                r#"{"url":"https://host.example/r","vcs_info":{"vcs":"git","commit_id":"6ec1d22a818e88ce7e565ccf90ef61e426a9e266","requested_revision":"main"},"subdirectory":"sub"}"#
            )
        );
        assert_eq!(
            git("ssh://git@host.example/r", None, None),
            expected(
                r#"{"url":"ssh://git@host.example/r","vcs_info":{"vcs":"git","commit_id":"6ec1d22a818e88ce7e565ccf90ef61e426a9e266"}}"#
            )
        );
    }

    /// The specification forbids a user name or password in a URL of the file.
    #[test]
    fn credentials_stay_out() {
        let found = git("https://user:secret@host.example/r", Some("v1"), None).unwrap().to_string();
        assert!(!found.contains("secret") && !found.contains("user"), "{found}");
        let url = HttpUrl::parse("https://token:x-oauth@host.example/a-1.0-py3-none-any.whl").unwrap();
        let from = WheelFrom::Http {
            url: url.clone(),
            hash: Hash::of_sha256("00"),
            file: FileName::parse("a-1.0-py3-none-any.whl").unwrap(),
            size: None,
        };
        assert_eq!(
            text(&Source::Url { url, subdirectory: None }, &from),
            expected(r#"{"url":"https://host.example/a-1.0-py3-none-any.whl","archive_info":{}}"#)
        );
        assert_eq!(text(&Source::Index { url: None }, &from), None);
    }

    /// The expected text is the one that uv 0.13.9 writes for a project in `/app`.
    #[test]
    fn folders_are_where_the_image_has_the_project() {
        let from = WheelFrom::Built(BuildFrom::Context { path: "libs/a b".to_owned(), editable: false });
        assert_eq!(
            text(&Source::Directory { path: "libs/a b".to_owned(), install: Install::Built }, &from),
            expected(r#"{"url":"file:///app/libs/a%20b","dir_info":{"editable":false}}"#)
        );
        assert_eq!(text(&Source::Directory { path: ".".to_owned(), install: Install::Not }, &from), None);
    }

    /// The expected texts are those that uv 0.13.9, poetry 2.5.1, pdm 2.29.4 and pip 26.3 write for the same
    /// archive.
    #[test]
    fn every_tool_writes_a_hash_in_its_own_way() {
        let hash = Hash::of_sha256("ef12");
        let of = |format| archive(format, Some(&hash));
        assert_eq!(of(Format::Uv), json!({}));
        assert_eq!(of(Format::Poetry), json!({"hashes": {"sha256": "ef12"}}));
        assert_eq!(of(Format::Pdm), json!({"hash": "sha256=ef12"}));
        for format in [Format::Pylock, Format::Pipfile, Format::Requirements] {
            assert_eq!(of(format), json!({"hash": "sha256=ef12", "hashes": {"sha256": "ef12"}}));
        }
        assert_eq!(archive(Format::Pylock, None), json!({}));
    }
}
