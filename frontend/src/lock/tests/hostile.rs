//! Malicious text in a lock that tries to make the engine do something other than download a file.

use super::*;

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A lock of each format with a file at `url`.
fn locks(url: &str) -> Vec<(Format, String)> {
    let hash = format!("sha256:{ZEROS}");
    vec![
        (
            Format::Pylock,
            format!(
                "lock-version = \"1.0\"\n\n[[packages]]\nname = \"x\"\nversion = \"1.0\"\n\
                 wheels = [{{ url = \"{url}\", hashes = {{ sha256 = \"{ZEROS}\" }} }}]\n"
            ),
        ),
        (
            Format::Pylock,
            format!(
                "lock-version = \"1.0\"\n\n[[packages]]\nname = \"x\"\n\
                 archive = {{ url = \"{url}\", hashes = {{ sha256 = \"{ZEROS}\" }} }}\n"
            ),
        ),
        (
            Format::Uv,
            format!(
                "version = 1\n\n[[package]]\nname = \"x\"\nversion = \"1.0\"\n\
                 source = {{ registry = \"https://index.example/simple\" }}\n\
                 sdist = {{ url = \"{url}\", hash = \"{hash}\" }}\n"
            ),
        ),
        (
            Format::Uv,
            format!(
                "version = 1\n\n[[package]]\nname = \"x\"\nversion = \"1.0\"\nsource = {{ url = \"{url}\" }}\n\
                 sdist = {{ hash = \"{hash}\" }}\n"
            ),
        ),
        (
            Format::Poetry,
            format!(
                "[[package]]\nname = \"x\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = []\n\n\
                 [package.source]\ntype = \"url\"\nurl = \"{url}\"\n\n\
                 [metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.9\"\ncontent-hash = \"0\"\n"
            ),
        ),
        (
            Format::Pdm,
            format!(
                "[metadata]\ngroups = [\"default\"]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n\n\
                 [[package]]\nname = \"x\"\nversion = \"1.0\"\ngroups = [\"default\"]\nurl = \"{url}\"\n\
                 files = [{{ url = \"{url}\", hash = \"{hash}\" }}]\n"
            ),
        ),
        (
            Format::Pipfile,
            format!(
                "{{\"_meta\": {{\"hash\": {{\"sha256\": \"0\"}}, \"pipfile-spec\": 6, \"sources\": []}},\n\
                 \"default\": {{\"x\": {{\"file\": \"{url}\", \"hashes\": [\"{hash}\"]}}}}}}"
            ),
        ),
        (Format::Requirements, format!("x @ {url} --hash={hash}\n")),
    ]
}

#[test]
fn another_scheme_than_http_is_refused_in_every_format() {
    for scheme in ["docker-image", "git", "local", "oci-layout", "ssh", "ftp"] {
        let url = format!("{scheme}://localhost:5000/x/y:pwned-1.0.tar.gz");
        let expected = format!(
            "`{url}` is not an address that a file can be fetched from: it must begin with `https://` or `http://`"
        );
        for (format, lock) in locks(&url) {
            let error = read(format, &lock, None).unwrap_err();
            assert_eq!(error.to_string(), expected, "{lock}");
            // The place is the place of the address, or the line of the package if the format has no places.
            let marked = &lock[error.at.span.start..error.at.span.end];
            assert!(marked.contains(&url) || marked.contains('x'), "{marked} in {lock}");
        }
    }
}

#[test]
fn the_end_of_an_address_is_one_component_in_every_format() {
    for (last, name, reason) in [
        ("a%2f..%2fevil.tar.gz", "a/../evil.tar.gz", "it has a slash"),
        ("%2e%2e", "..", "it is a folder"),
        (".wh.python.tar.gz", ".wh.python.tar.gz", "layers give names with `.wh.` another meaning"),
        ("x%00.tar.gz", "x␀.tar.gz", "it has a control character"),
        ("%1b[2Jx.tar.gz", "␛[2Jx.tar.gz", "it has a control character"),
    ] {
        let url = format!("https://files.example/{last}");
        let expected = format!("`{name}` is not the name of a file: {reason}");
        for (format, lock) in locks(&url) {
            // Poetry lists files separately, so an address without files is not used.
            if format != Format::Poetry {
                assert_eq!(read(format, &lock, None).unwrap_err().to_string(), expected, "{lock}");
            }
        }
    }
    for name in ["../evil.whl", "a/b.whl", ".wh.bin", "a\\u0000.whl", ""] {
        let named = locks("https://files.example/x-1.0-py3-none-any.whl").swap_remove(0).1;
        let named = named.replace("wheels = [{ ", &format!("wheels = [{{ name = \"{name}\", "));
        let error = read(Format::Pylock, &named, None).unwrap_err();
        assert!(error.to_string().contains("is not the name of a file"), "{error}");
    }
}

#[test]
fn credentials_of_an_address_are_not_kept_in_any_format() {
    for (format, lock) in locks("https://me:word@files.example/x-1.0.tar.gz") {
        let lock = read(format, &lock, None).unwrap();
        assert!(!format!("{lock:?}").contains("word"), "{lock:?}");
    }
}

#[test]
fn a_repository_is_one_that_an_engine_fetches_at_a_full_commit() {
    let pylock = |url: &str, commit: &str| {
        format!(
            "lock-version = \"1.0\"\n\n[[packages]]\nname = \"x\"\n\
             vcs = {{ type = \"git\", url = \"{url}\", commit-id = \"{commit}\" }}\n"
        )
    };
    let uv = |url: &str, commit: &str| {
        format!(
            "version = 1\n\n[[package]]\nname = \"x\"\nversion = \"1.0\"\nsource = {{ git = \"{url}#{commit}\" }}\n"
        )
    };
    let poetry = |url: &str, commit: &str| {
        format!(
            "[[package]]\nname = \"x\"\nversion = \"1.0\"\ngroups = [\"main\"]\nfiles = []\n\n\
             [package.source]\ntype = \"git\"\nurl = \"{url}\"\nresolved_reference = \"{commit}\"\n\n\
             [metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.9\"\ncontent-hash = \"0\"\n"
        )
    };
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let all = |url: &str, commit: &str| {
        [
            (Format::Pylock, pylock(url, commit)),
            (Format::Uv, uv(url, commit)),
            (Format::Poetry, poetry(url, commit)),
            (Format::Requirements, format!("x @ git+{url}@{commit} --hash=sha256:{ZEROS}\n")),
        ]
    };
    for (format, lock) in all("https://git.example/x", commit) {
        assert!(read(format, &lock, None).is_ok(), "{lock}");
    }
    for url in ["docker-image://x/y", "file:///x", "ext://x", "https://-x/y", "ssh://-oProxyCommand=x/y"] {
        for (format, lock) in all(url, commit) {
            assert!(read(format, &lock, None).is_err(), "{lock}");
        }
    }
    for commit in ["main", "v1:sub", "0123456"] {
        for (format, lock) in all("https://git.example/x", commit) {
            let error = read(format, &lock, None).unwrap_err().to_string();
            assert_eq!(error, format!("`{commit}` is not the full id of a commit"), "{lock}");
        }
    }
}
