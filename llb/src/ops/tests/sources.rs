use std::collections::BTreeMap;

use super::{amd64, caps, op};
use crate::{Differ, Git, Http, HttpHeader, Image, Local, OciLayout, Platform, ResolveMode, State, pb};

fn source(state: &State) -> (String, BTreeMap<String, String>) {
    match op(state).op {
        Some(pb::op::Op::Source(source)) => (source.identifier, source.attrs),
        other => panic!("not a source: {other:?}"),
    }
}

fn attrs<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn an_image_writes_all_it_is_told_and_asks_for_what_that_needs() {
    let image = Image::new("registry.example/python:3.13")
        .resolve_mode(ResolveMode::ForcePull)
        .record_type("internal")
        .layer_limit(2)
        .checksum("sha256:00")
        .platform(&Platform::parse("linux/arm64/v8").expect("a platform"))
        .state();
    let expected = attrs([
        ("image.resolvemode", "pull"),
        ("image.recordtype", "internal"),
        ("image.layerlimit", "2"),
        ("image.checksum", "sha256:00"),
    ]);
    assert_eq!(source(&image), ("docker-image://registry.example/python:3.13".to_owned(), expected));
    let platform = op(&image).platform.expect("an image carries its platform");
    assert_eq!((platform.architecture.as_str(), platform.variant.as_str()), ("arm64", ""));
    assert_eq!(
        caps(&image),
        ["source.image", "source.image.checksum", "source.image.layerlimit", "source.image.resolvemode"]
    );
}

#[test]
fn only_pulling_in_any_case_is_demanded_of_the_engine() {
    let local =
        Image::new("a").resolve_mode(ResolveMode::ForcePull).resolve_mode(ResolveMode::PreferLocal).state();
    assert_eq!(source(&local).1, attrs([("image.resolvemode", "local")]));
    assert_eq!(caps(&local), ["source.image"]);
    let default =
        Image::new("a").resolve_mode(ResolveMode::ForcePull).resolve_mode(ResolveMode::Default).state();
    assert_eq!(default, Image::new("a").state());
}

#[test]
fn a_local_folder_writes_lists_as_json_and_leaves_empty_ones_out() {
    let local = Local::new("context")
        .session_id("s")
        .unique_id("u")
        .include_patterns(["a & b", "<c>"])
        .exclude_patterns(["**/__pycache__"])
        .follow_paths(["pybuild.toml"])
        .shared_key_hint("h")
        .differ(Differ::None)
        .metadata_only(["*.py"])
        .platform(&amd64())
        .state();
    let expected = attrs([
        ("local.session", "s"),
        ("local.unique", "u"),
        ("local.includepattern", r#"["a \u0026 b","\u003cc\u003e"]"#),
        ("local.excludepatterns", r#"["**/__pycache__"]"#),
        ("local.followpaths", r#"["pybuild.toml"]"#),
        ("local.sharedkeyhint", "h"),
        ("local.differ", "none"),
        ("local.metadatatransfer", "true"),
        ("local.metadatatransferexclude", r#"["*.py"]"#),
    ]);
    assert_eq!(source(&local), ("local://context".to_owned(), expected));
    assert_eq!(op(&local).platform, None, "the same files for every platform");
    assert_eq!(local.platform(), Some(&amd64()));
    assert_eq!(
        caps(&local),
        [
            "source.local",
            "source.local.excludepatterns",
            "source.local.followpaths",
            "source.local.includepatterns",
            "source.local.metadatatransfer",
            "source.local.sessionid",
            "source.local.sharedkeyhint",
            "source.local.unique",
        ]
    );
    let plain = Local::new("context").include_patterns(["a"]).include_patterns([""; 0]).state();
    assert_eq!(plain, Local::new("context").state());
    assert_eq!(caps(&plain), ["source.local"]);
}

#[test]
fn a_download_writes_all_it_is_told_and_asks_for_what_that_needs() {
    let http = Http::new("https://files.example/a-1-py3-none-any.whl")
        .checksum("sha256:00")
        .filename("a.whl")
        .mode(0o100_644)
        .uid(1)
        .gid(2)
        .auth_header_secret("token")
        .header(HttpHeader::Accept, "application/json")
        .header(HttpHeader::UserAgent, "pybuild")
        .signature("key", "signature")
        .state();
    let expected = attrs([
        ("http.checksum", "sha256:00"),
        ("http.filename", "a.whl"),
        ("http.perm", "0644"),
        ("http.uid", "1"),
        ("http.gid", "2"),
        ("http.authheadersecret", "token"),
        ("http.header.accept", "application/json"),
        ("http.header.user-agent", "pybuild"),
        ("http.sig.pubkey", "key"),
        ("http.sig.signature", "signature"),
    ]);
    assert_eq!(source(&http), ("https://files.example/a-1-py3-none-any.whl".to_owned(), expected));
    assert_eq!(
        caps(&http),
        [
            "soruce.http.uidgid",
            "source.http",
            "source.http.auth",
            "source.http.checksum",
            "source.http.header",
            "source.http.perm",
            "source.http.signatureverify",
        ]
    );
    let defaults = Http::new("u").mode(0).uid(0).gid(0).state();
    assert_eq!(defaults, Http::new("u").state());
    assert_eq!(caps(&defaults), ["source.http"]);
}

#[test]
fn a_repository_is_named_apart_from_how_it_is_fetched() {
    let cases = [
        // remote, identifier, full URL, agent
        (
            "https://git.example/My%20Team/b?x=1",
            "git://git.example/My Team/b",
            "https://git.example/My%20Team/b",
            None,
        ),
        ("https://git.example/a/b.git", "git://git.example/a/b.git", "https://git.example/a/b.git", None),
        (
            "https://me@git.example:8443/a/b",
            "git://git.example:8443/a/b",
            "https://me@git.example:8443/a/b",
            None,
        ),
        ("git.example/a/b.git#v1", "git://git.example/a/b.git#v1", "https://git.example/a/b.git", None),
        (
            "git@git.example:a/b.git#:sub/x/",
            "git://git.example/a/b.git#:sub/x",
            "git@git.example:a/b.git",
            Some("default"),
        ),
        (
            "ssh://git@git.example:22/a//b.git#v1:/sub",
            "git://git.example:22/a/b.git#v1:sub",
            "ssh://git@git.example:22/a//b.git",
            Some("default"),
        ),
    ];
    for (remote, identifier, url, agent) in cases {
        let (found, attrs) = source(&Git::new(remote).state());
        assert_eq!(found, identifier, "{remote}");
        assert_eq!(attrs["git.fullurl"], url, "{remote}");
        assert_eq!(attrs.get("git.mountsshsock").map(String::as_str), agent, "{remote}");
    }
}

#[test]
fn a_repository_writes_all_it_is_told_and_asks_for_what_that_needs() {
    let git = Git::new("https://git.example/a/b.git")
        .reference("main")
        .subdir("/sub")
        .full_url("https://mirror.example/c.git")
        .keep_git_dir(true)
        .skip_submodules(true)
        .fetch_by_commit(true)
        .commit_times()
        .checksum("0123456")
        .auth_token_secret("token")
        .auth_header_secret("header")
        .known_ssh_hosts("git.example ssh-ed25519 AAAA")
        .ssh("agent")
        .state();
    let expected = attrs([
        ("git.fullurl", "https://mirror.example/c.git"),
        ("git.keepgitdir", "true"),
        ("git.skipsubmodules", "true"),
        ("git.fetchbycommit", "true"),
        ("git.mtime", "commit"),
        ("git.checksum", "0123456"),
        ("git.authtokensecret", "token"),
        ("git.authheadersecret", "header"),
        ("git.knownsshhosts", "git.example ssh-ed25519 AAAA\n"),
        ("git.mountsshsock", "agent"),
    ]);
    assert_eq!(source(&git), ("git://mirror.example/c.git#main:sub".to_owned(), expected));
    assert_eq!(
        caps(&git),
        [
            "source.git",
            "source.git.checksum",
            "source.git.fetchbycommit",
            "source.git.fullurl",
            "source.git.httpauth",
            "source.git.keepgitdir",
            "source.git.knownsshhosts",
            "source.git.mountsshsock",
            "source.git.mtime",
            "source.git.skipsubmodules",
        ]
    );
    let plain = Git::new("https://git.example/a").keep_git_dir(false).state();
    let secrets = attrs([
        ("git.fullurl", "https://git.example/a"),
        ("git.authtokensecret", "GIT_AUTH_TOKEN"),
        ("git.authheadersecret", "GIT_AUTH_HEADER"),
    ]);
    assert_eq!(source(&plain), ("git://git.example/a".to_owned(), secrets));
    assert_eq!(caps(&plain), ["source.git", "source.git.fullurl"]);
}

#[test]
fn an_oci_layout_carries_its_platform() {
    let layout = OciLayout::new("registry.example/app@sha256:00")
        .session_id("s")
        .store_id("store")
        .layer_limit(3)
        .platform(&amd64())
        .state();
    let expected = attrs([("oci.session", "s"), ("oci.store", "store"), ("oci.layerlimit", "3")]);
    assert_eq!(source(&layout), ("oci-layout://registry.example/app@sha256:00".to_owned(), expected));
    assert_eq!(op(&layout).platform.map(|platform| platform.os), Some("linux".to_owned()));
    assert_eq!(caps(&layout), ["source.ocilayout"]);
}
