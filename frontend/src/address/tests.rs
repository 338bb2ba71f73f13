use super::*;

/// Untrusted texts in the place of an address. None of them may become another kind of source operation
/// (`docker-image`, `git`, `local`, `oci-layout`), a file of the machine, or another request.
#[test]
fn only_http_and_https_are_addresses_of_files() {
    for text in [
        "docker-image://localhost:5000/x/y:pwned-1.0.tar.gz",
        "git://git.example/x.git",
        "local://context",
        "oci-layout://x/y@sha256:00",
        "file:///etc/passwd",
        "ftp://files.example/a.whl",
        "HTTPS//files.example/a.whl",
        "//files.example/a.whl",
        "javascript://files.example/a.whl",
        "a.whl",
        "",
    ] {
        assert!(matches!(HttpUrl::parse(text), Err(AddressError::Scheme { .. })), "{text}");
    }
    let refused = HttpUrl::parse("docker-image://u:p@localhost:5000/x").unwrap_err().to_string();
    assert_eq!(
        refused,
        "`docker-image://****@localhost:5000/x` is not an address that a file can be fetched from: \
         it must begin with `https://` or `http://`"
    );
}

#[test]
fn an_address_has_a_host_and_no_character_that_is_read_in_two_ways() {
    for text in
        ["https://", "https:///a.whl", "https://:80/a", "https://user@/a", "https://-x/a", "https://a$(b)/c"]
    {
        assert!(matches!(HttpUrl::parse(text), Err(AddressError::Host { .. })), "{text}");
    }
    for text in [
        "https://files.example\\@evil.example/a",
        "https://files.example/a\nb",
        "https://files.example/a\0",
        "https://files.example/a\tb",
        "https://files.example/\u{1b}[2Ja",
        "https://files.example/\u{202e}lhw.a",
        "https://files.example/\u{a0}a",
    ] {
        assert!(matches!(HttpUrl::parse(text), Err(AddressError::Character { .. })), "{text:?}");
    }
    assert!(matches!(HttpUrl::parse("https://files.example/%zz"), Err(AddressError::Escape { .. })));
    let long = format!("https://files.example/{}", "a".repeat(LONGEST));
    assert_eq!(HttpUrl::parse(&long), Err(AddressError::Length));
}

#[test]
fn usual_addresses_stay_as_they_are() {
    for text in [
        "https://files.example/packages/a%2Bcpu-1.0-py3-none-any.whl",
        "http://127.0.0.1:8000/files/a.whl?part=1&b=%20#sha256=00",
        "https://[::1]:8000/a.whl",
        "https://bücher.example/ä-1.0.tar.gz",
        "https://files.example",
    ] {
        assert_eq!(HttpUrl::parse(text).unwrap().as_str(), text);
    }
    let read = |text| HttpUrl::parse(text).unwrap();
    assert_eq!(read("HTTPS://files.example/a b.whl").as_str(), "https://files.example/a%20b.whl");
    assert_eq!(read("https://files.example:8443/a").host(), "files.example:8443");
    assert_eq!(
        read("https://files.example/a#sha256=00").without_fragment().as_str(),
        "https://files.example/a"
    );
}

#[test]
fn an_address_forgets_user_and_password() {
    for text in [
        "https://me:word@files.example/a.whl",
        "https://token@files.example/a.whl",
        "https://m%40e:w@files.example/a.whl",
    ] {
        let url = HttpUrl::parse(text).unwrap();
        assert_eq!((url.as_str(), url.had_credentials()), ("https://files.example/a.whl", true), "{text}");
        assert!(!format!("{url:?}").contains("word"));
    }
    assert!(!HttpUrl::parse("https://files.example/a@b.whl").unwrap().had_credentials());
    let git = |text| {
        let url = GitUrl::parse(text).unwrap();
        (url.to_string(), url.had_credentials())
    };
    assert_eq!(git("git+https://me:word@git.example/x.git"), ("https://git.example/x.git".into(), true));
    assert_eq!(git("https://token@git.example/x"), ("https://git.example/x".into(), true));
    assert_eq!(git("ssh://git@git.example/x.git"), ("ssh://git@git.example/x.git".into(), false));
    assert_eq!(git("ssh://me:word@git.example:22/x"), ("ssh://me@git.example:22/x".into(), true));
    assert_eq!(git("git@git.example:group/x.git"), ("git@git.example:group/x.git".into(), false));
}

#[test]
fn a_repository_is_no_path_no_option_and_no_command() {
    for text in [
        "ext::sh -c touch% /tmp/pwned",
        "ext::sh",
        "file:///src/x",
        "/src/x",
        "../x",
        "--upload-pack=touch /tmp/pwned",
        "-u@host:x",
        "docker-image://x/y",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-o@host/x",
        "https://git.example/x#main:sub",
        "git@-host:x",
        "https://git.example/x\n.git",
        "",
    ] {
        assert!(GitUrl::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_commit_is_named_in_full() {
    let full = "0123456789ABCDEF0123456789abcdef01234567";
    assert_eq!(Commit::parse(full).unwrap().as_str(), full.to_lowercase());
    assert!(Commit::parse(&"a".repeat(64)).is_ok());
    for text in ["main", "0123456", "v1.0", "", "main:sub", "--x", &"g".repeat(40)] {
        assert!(Commit::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_file_name_is_one_plain_component() {
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\u{1b}[0m",
        ".wh.python",
        ".wh..wh..opq",
        "-r",
        "a\u{202e}b",
    ] {
        assert!(FileName::parse(name).is_err(), "{name:?}");
    }
    assert!(FileName::parse(&"a".repeat(256)).is_err());
    for name in
        ["a", "a b.whl", "torch-2.0+cpu-cp311-cp311-linux_x86_64.whl", "ä.tar.gz", ".x", &"a".repeat(255)]
    {
        assert_eq!(FileName::parse(name).unwrap().as_str(), name);
    }
}

#[test]
fn the_name_at_the_end_of_an_address_is_decoded_once_and_then_checked() {
    let name = |address| FileName::of_address(address).map(|name| name.to_string()).ok();
    assert_eq!(name("https://x.example/a%2Bcpu.whl?b=/c#d/e").as_deref(), Some("a+cpu.whl"));
    assert_eq!(name("https://x.example/a%252f.whl").as_deref(), Some("a%2f.whl"));
    assert_eq!(name("https://x.example/archive/").as_deref(), Some("archive"));
    assert_eq!(name("wheels/a.whl").as_deref(), Some("a.whl"));
    for address in [
        "https://x.example/a%2f..%2fevil.tar.gz",
        "https://x.example/a/%2e%2e",
        "https://x.example/%00.whl",
        "https://x.example/a%0aRUN.whl",
        "https://x.example/%2Ewh.python",
        "https://x.example",
        "https://x.example/?a.whl",
    ] {
        assert_eq!(name(address), None, "{address}");
    }
}

#[test]
fn texts_are_shown_without_user_names_and_passwords() {
    let shown = |text| redacted(text).into_owned();
    assert_eq!(shown("url = \"https://me:wo@rd@x.example/a\""), "url = \"https://****@x.example/a\"");
    assert_eq!(
        shown("a @ https://t@x.example/a\n-i http://u:p@y.example/simple\n"),
        "a @ https://****@x.example/a\n-i http://****@y.example/simple\n"
    );
    assert_eq!(shown("git+ssh://git@git.example/x@v1"), "git+ssh://git@git.example/x@v1");
    // Secrets in malformed addresses are hidden as well, because the error message has the address.
    assert_eq!(shown("https://me:wo/rd@x.example/a"), "https://****@x.example/a");
    assert_eq!(masked("a https://m:w@x.example"), "a https://***@x.example");
    assert_eq!(without_credentials("a @ git+https://m:w@x.example/y@v1"), "a @ git+https://x.example/y@v1");
    for text in ["https://x.example:8080/a@v1", "https://x.example/a@b", "a://", "://@", "me@x.example"] {
        assert_eq!(shown(text), text);
        assert!(!has_credentials(text));
    }
}

#[test]
fn what_is_not_seen_is_shown_as_a_sign() {
    assert_eq!(visible("a\u{1b}[2J\nb\u{7f}\u{202e}c"), "a␛[2J␊b␡\u{fffd}c");
    assert_eq!(lines("a\n\tb\r\u{1b}"), "a\n\tb␍␛");
}

/// The forms are from the documentation of the services: signatures of S3, Google Cloud Storage and Azure's
/// SAS, GitLab's `private_token`, and the token of an Anaconda server in the path.
#[test]
fn signatures_and_tokens_are_secrets_too() {
    for (text, shown, without) in [
        (
            "https://s.example/a.whl?X-Amz-Credential=AK&X-Amz-Signature=ab12&x=1",
            "https://s.example/a.whl?X-Amz-Credential=****&X-Amz-Signature=****&x=1",
            "https://s.example/a.whl?x=1",
        ),
        (
            "https://s.example/a.whl?sv=2024&sig=a%2Fb#sha256=00",
            "https://s.example/a.whl?sv=2024&sig=****#sha256=00",
            "https://s.example/a.whl?sv=2024#sha256=00",
        ),
        (
            "a @ https://s.example/a.whl?private_token=q ; x",
            "a @ https://s.example/a.whl?private_token=**** ; x",
            "a @ https://s.example/a.whl ; x",
        ),
        (
            "https://s.example/a?x=1&token=q&y=2&sig=r",
            "https://s.example/a?x=1&token=****&y=2&sig=****",
            "https://s.example/a?x=1&y=2",
        ),
        (
            "https://conda.example/t/ab-12345678-1234-1234-1234-123456789abc/main/linux-64/a.conda",
            "https://conda.example/t/****/main/linux-64/a.conda",
            "https://conda.example/main/linux-64/a.conda",
        ),
        (
            "https://me:pw@conda.example/t/a1b2c3d4e5f6a7b8c9d0/simple?token=x",
            "https://****@conda.example/t/****/simple?token=****",
            "https://conda.example/simple",
        ),
    ] {
        assert_eq!(redacted(text), shown);
        assert_eq!(without_credentials(text), without);
        assert!(has_credentials(text) && masked(text).len() == text.len(), "{text}");
    }
    let url = HttpUrl::parse("https://s.example/a-1.whl?sig=word").unwrap();
    assert_eq!((url.as_str(), url.had_credentials()), ("https://s.example/a-1.whl", true));
    for text in [
        "https://forum.example/t/python-3-13-is-released/1234",
        "https://host.example/t/short/x",
        "https://host.example/a?tokens=1&design=2#token=3",
        "https://host.example/packages/8b/e1/43beb3d38dba6cb420cefa297822eac205a277ab/a.whl",
        "https://host.example/t/a1b2c3d4e5f6a7b8c9d0",
    ] {
        assert!(!has_credentials(text), "{text}");
        assert_eq!(without_credentials(text), text);
    }
}

/// The prefixes are from the documentation of the services, and the tokens are made up. The unchanged
/// addresses have the forms of Artifactory, Nexus, GitLab, Azure Artifacts, AWS `CodeArtifact`, Google
/// Artifact Registry, devpi and an index of hashes.
#[test]
fn tokens_of_known_forms_are_secrets_wherever_they_stand_in_a_path() {
    for (text, shown, without) in [
        (
            "https://host.example/aB3dE5fG7hJ9kL2mN4pQ/simple/",
            "https://host.example/****/simple/",
            "https://host.example/simple/",
        ),
        (
            "https://host.example/team/0123456789abcdef0123456789abcdef/simple/flask/",
            "https://host.example/team/****/simple/flask/",
            "https://host.example/team/simple/flask/",
        ),
        (
            "https://host.example/glpat-AbCdEfGhIjKlMnOpQrSt/files/a-1.whl",
            "https://host.example/****/files/a-1.whl",
            "https://host.example/files/a-1.whl",
        ),
        (
            "https://host.example/x/ghp_0123456789abcdefghijABCDEFGHIJ012345/y",
            "https://host.example/x/****/y",
            "https://host.example/x/y",
        ),
        (
            "https://host.example/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl/simple/",
            "https://host.example/****/simple/",
            "https://host.example/simple/",
        ),
    ] {
        assert_eq!(redacted(text), shown);
        assert_eq!(without_credentials(text), without);
        assert!(has_credentials(text) && masked(text).len() == text.len(), "{text}");
        assert_eq!(without_credentials(without), without);
    }
    for text in [
        "https://host.example/artifactory/api/pypi/pypi-virtual2024production01/simple/",
        "https://host.example/repository/pypi_internal_releases_2024/simple/",
        "https://host.example/api/v4/projects/12345678/packages/pypi/simple",
        "https://host.example/org/8f14e45f-ceea-467f-a8e4-1f0c3f2b9d11/_packaging/feed/pypi/simple/",
        "https://host.example/pypi/my_repository_with_a_long_name_1/simple/",
        "https://host.example/project-0123456789/repo/simple/",
        "https://host.example/root/pypi/+simple/",
        "https://host.example/packages/8b/e1/43beb3d38dba6cb420cefa297822eac205a277ab/a.whl",
        "https://host.example/0123456789abcdef0123456789abcdef/a.whl",
        "https://host.example/npm_packages/simple/",
        "https://host.example/hf_models/a.whl",
        "https://host.example/x/glpat-AbCdEfGhIjKlMnOpQrSt",
    ] {
        assert!(!has_credentials(text), "{text}");
        assert_eq!(without_credentials(text), text);
    }
}
