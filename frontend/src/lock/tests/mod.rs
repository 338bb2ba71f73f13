//! Tests each format with small files. The tests of `select` check the selection of packages.

mod compiled;
mod errors;
mod freshness;
mod hostile;
mod listings;
mod requirements;
mod uv;

use super::*;
use crate::address::{GitUrl, HttpUrl};
use crate::pep508::Name;

/// A digest for all fixtures.
const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn http(text: &str) -> HttpUrl {
    HttpUrl::parse(text).unwrap()
}

fn nothing_to_read(path: &str) -> Result<String, String> {
    Err(format!("no {path} here"))
}

/// Parses a fixture. `HASH` in the fixture stands for the digest.
fn read(format: Format, text: &str, pyproject: Option<&str>) -> Result<Lock, LockError> {
    let text = text.replace("HASH", HASH);
    parse(
        format,
        &Input { path: "the.lock", text: &text, pyproject, read: &nothing_to_read, exists: &|_| false },
    )
}

fn package<'l>(lock: &'l Lock, wanted: &str) -> &'l Package {
    lock.packages.iter().find(|package| package.name.as_str() == wanted).unwrap()
}

#[test]
fn files_are_known_by_their_names() {
    let cases = [
        ("uv.lock", Some(Format::Uv)),
        ("deploy/pylock.toml", Some(Format::Pylock)),
        ("pylock.prod.toml", Some(Format::Pylock)),
        ("pylock.a.b.toml", None),
        ("poetry.lock", Some(Format::Poetry)),
        ("pdm.lock", Some(Format::Pdm)),
        ("Pipfile.lock", Some(Format::Pipfile)),
        ("requirements-dev.txt", Some(Format::Requirements)),
        ("Cargo.lock", None),
    ];
    for (file, format) in cases {
        assert_eq!(Format::of_file(file), format, "{file}");
    }
}

#[test]
fn addresses_and_paths_are_taken_apart() {
    use super::location::{file_url_path, join, pip_git, uv_git};
    for (base, path, joined) in [
        ("", "./a/../b", "b"),
        ("a/b", "../c", "a/c"),
        ("", ".", "."),
        ("a", "../../b", "../b"),
        ("a", "/b", "/b"),
        ("/", "b", "/b"),
    ] {
        assert_eq!(join(base, path), joined, "{base} and {path}");
    }
    assert_eq!(file_url_path("file:///a%20b"), Some("/a b".to_owned()));
    let commit = "0123456789012345678901234567890123456789";
    let expected = |revision: &str, subdirectory: Option<&str>| Source::Git {
        url: GitUrl::parse("https://example.invalid/r").unwrap(),
        commit: commit.to_owned(),
        revision: Some(revision.to_owned()),
        subdirectory: subdirectory.map(str::to_owned),
    };
    let uv = format!("https://example.invalid/r?rev=main&subdirectory=a%2Fb#{commit}");
    assert_eq!(uv_git(&uv), Ok(expected("main", Some("a/b"))));
    assert!(uv_git("https://example.invalid/r?rev=main").is_err());
    let pip = format!("git+https://example.invalid/r@{commit}#egg=r");
    assert_eq!(pip_git(&pip), Some(Ok((expected(commit, None), Some(commit.to_owned())))));
    let (source, revision) = pip_git("git+ssh://git@example.invalid/r@main").unwrap().unwrap();
    assert_eq!(revision.as_deref(), Some("main"));
    assert!(matches!(source, Source::Git { url, .. } if url.as_str() == "ssh://git@example.invalid/r"));
}
