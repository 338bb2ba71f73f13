//! Which texts name a repository, and which parts of it.

use super::*;

fn parse(text: &str) -> Option<GitSource> {
    GitSource::parse(text).expect(text)
}

fn git(remote: &str) -> GitSource {
    GitSource { remote: remote.to_owned(), ..GitSource::default() }
}

#[test]
fn what_is_no_repository_is_left_to_others() {
    for text in [
        "",
        ".",
        ".git",
        "./.git",
        "../x.git",
        "https://example.com/",
        "https://example.com/foo",
        "https://example.com/foo.git/",
        "https://example.com/foo.git.bar",
        "http://example.com/foo.git:#branch",
        "custom.xyz/foo/bar.git",
        "docker-image://x@y:z",
        "us er@host:path",
        "https://example.com/%zz.git",
    ] {
        assert_eq!(parse(text), None, "`{text}`");
    }
}

#[test]
fn repositories_are_recognised_in_all_their_spellings() {
    let cases = [
        ("https://github.com/foo/bar.git", "https://github.com/foo/bar.git", "", ""),
        ("git://example.com/foo", "git://example.com/foo", "", ""),
        ("SSH://git@example.com:22/foo", "ssh://git@example.com:22/foo", "", ""),
        ("git@github.com:foo/bar", "git@github.com:foo/bar", "", ""),
        ("https://me:pw@github.com/foo/bar.git", "https://me:pw@github.com/foo/bar.git", "", ""),
        ("github.com/foo/bar#main", "github.com/foo/bar", "main", ""),
        ("https://x/bar.git#baz/qux", "https://x/bar.git", "baz/qux", ""),
        ("https://x/bar.git#:my/../dir/", "https://x/bar.git", "", "dir"),
        ("https://x/bar.git#v1:/a/b", "https://x/bar.git", "v1", "a/b"),
        ("git@x.org:foo/bar.git?subdir=/sub#v1", "git@x.org:foo/bar.git", "v1", "/sub"),
    ];
    for (text, remote, reference, subdir) in cases {
        let expected =
            GitSource { reference: reference.to_owned(), subdir: subdir.to_owned(), ..git(remote) };
        assert_eq!(parse(text), Some(expected), "`{text}`");
    }
}

#[test]
fn a_query_says_what_to_take() {
    let url = "https://example.com/foo.git";
    let at = |reference: &str| GitSource { reference: reference.to_owned(), ..git(url) };
    let cases = [
        ("tag=v1", at("refs/tags/v1")),
        ("branch=b%2Fc", at("refs/heads/b/c")),
        ("branch=refs/heads/b", at("refs/heads/b")),
        ("ref=v1#v1", at("v1")),
        ("mtime=commit", GitSource { file_times: Some(FileTimes::Commit), ..git(url) }),
        (
            "keep-git-dir&submodules=0&fetch-by-commit=true&checksum=deadbeef",
            GitSource {
                keep_git_dir: Some(true),
                submodules: Some(false),
                fetch_by_commit: true,
                checksum: "deadbeef".to_owned(),
                ..git(url)
            },
        ),
    ];
    for (query, expected) in cases {
        assert_eq!(parse(&format!("{url}?{query}")), Some(expected), "`{query}`");
    }
}

#[test]
fn a_query_that_cannot_be_used_says_why() {
    let cases = [
        (
            "nope=1",
            "query key `nope` is unknown; accepted: `ref`, `tag`, `branch`, `subdir`, `checksum`, `commit`, \
             `keep-git-dir`, `submodules`, `mtime`, `fetch-by-commit`",
        ),
        ("ref=", "query key `ref` has no value"),
        ("ref=a&ref=b", "query key `ref` has several values"),
        ("mtime=now", "query key `mtime` has the value `now`; accepted: `checkout` or `commit`"),
        ("submodules=maybe", "query key `submodules` has the value `maybe`; accepted: `true` or `false`"),
        ("ref=a#b", "the reference is given as `b` and as `a`"),
        ("tag=a&branch=a", "the reference is given as `refs/tags/a` and as `refs/heads/a`"),
        ("subdir=a#:b", "the directory is given as `b` and as `a`"),
    ];
    for (query, message) in cases {
        let url = format!("https://example.com/x.git?{query}");
        let error = GitSource::parse(&url).expect_err(query);
        assert_eq!(error.to_string(), format!("git context `{url}`: {message}"));
    }
}

#[test]
fn the_context_is_local_unless_it_is_an_address() {
    let of = |context: &str| {
        let options =
            Options { context: context.to_owned(), session_id: "s".to_owned(), ..Options::default() };
        ContextSource::of(&options).expect(context)
    };
    let local = ContextSource::Local { name: "context".to_owned(), session_id: "s".to_owned() };
    assert_eq!(of(""), local);
    assert_eq!(of("."), local);
    assert_eq!(of("https://x/y.tar"), ContextSource::Http { url: "https://x/y.tar".to_owned() });
    assert_eq!(of("https://x/y.git#v1"), ContextSource::Git(parse("https://x/y.git#v1").expect("git")));
}

#[test]
fn a_git_source_becomes_an_operation() {
    let state = parse("https://example.com/x.git?mtime=commit#v1:sub")
        .expect("git")
        .to_llb(&Options { keep_git_dir: true, ..Options::default() })
        .state();
    let json = state.marshal().to_json().to_string();
    for part in ["git://example.com/x.git#v1:sub", "git.keepgitdir", "git.mtime"] {
        assert!(json.contains(part), "{part} in {json}");
    }
    let plain = parse("https://example.com/x.git").expect("git").to_llb(&Options::default()).state();
    assert!(!plain.marshal().to_json().to_string().contains("git.mtime"));
}

#[test]
fn archives_are_told_from_build_files() {
    assert!(is_archive(&[0x1f, 0x8b, 0x08, 0]));
    assert!(is_archive(b"BZh9"));
    assert!(is_archive(&[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]));
    assert!(!is_archive(b"# syntax=x\n"));
    assert!(!is_archive(&[0; 1024]));
    let mut tar = vec![0_u8; 1024];
    tar[..5].copy_from_slice(b"a.txt");
    let sum: u32 = tar.iter().take(512).map(|&b| u32::from(b)).sum::<u32>() + 8 * 32;
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert!(is_archive(&tar));
    tar[0] = b'b';
    assert!(!is_archive(&tar));
}
