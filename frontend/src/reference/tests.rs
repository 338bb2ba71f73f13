//! The grammar of references and their forms.

use super::{DEFAULT_DOMAIN, ImageReference, LEGACY_DEFAULT_DOMAIN, is_component};

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[test]
fn references_are_completed_and_shortened_as_docker_does() {
    // The columns: text, full form, short form, and the name of the context that replaces the image.
    let cases = [
        ("python", "HUB/library/python", "python", "python"),
        ("python:latest", "HUB/library/python:latest", "python:latest", "python"),
        ("python:3.11-slim", "HUB/library/python:3.11-slim", "python:3.11-slim", "python:3.11-slim"),
        ("team/app", "HUB/team/app", "team/app", "team/app"),
        ("HUB/python", "HUB/library/python", "python", "python"),
        ("LEGACY/team/app:1", "HUB/team/app:1", "team/app:1", "team/app:1"),
        ("library/a/b", "HUB/library/a/b", "library/a/b", "library/a/b"),
        ("localhost/app", "localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"),
        ("localhost:5000", "HUB/library/localhost:5000", "localhost:5000", "localhost:5000"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        (
            "registry.test/a__b/c-d--e.f",
            "registry.test/a__b/c-d--e.f",
            "registry.test/a__b/c-d--e.f",
            "registry.test/a__b/c-d--e.f",
        ),
        ("HOST/app", "HOST/app", "HOST/app", "HOST/app"),
    ];
    for (text, full, familiar, context) in cases {
        let text = text.replace("HUB", DEFAULT_DOMAIN).replace("LEGACY", LEGACY_DEFAULT_DOMAIN);
        let full = full.replace("HUB", DEFAULT_DOMAIN);
        let (text, full) = (text.as_str(), full.as_str());
        let reference = ImageReference::parse(text).expect(text);
        assert_eq!(reference.to_string(), full, "{text}");
        assert_eq!(reference.familiar(), familiar, "{text}");
        assert_eq!(reference.context_name(), context, "{text}");
        assert_eq!(ImageReference::parse(full).as_ref(), Ok(&reference), "{text}");
    }
}

#[test]
fn tag_and_digest_are_kept_side_by_side() {
    let reference = ImageReference::parse(&format!("python:3.11@{DIGEST}")).expect("valid");
    assert_eq!(reference.tag(), Some("3.11"));
    assert_eq!(reference.digest(), Some(DIGEST));
    assert_eq!(reference.name(), format!("{DEFAULT_DOMAIN}/library/python"));
    assert_eq!(reference.familiar(), format!("python:3.11@{DIGEST}"));
    assert_eq!(reference.to_string(), format!("{DEFAULT_DOMAIN}/library/python:3.11@{DIGEST}"));
}

#[test]
fn the_default_tag_is_added_only_to_bare_names() {
    let tagged = |text: &str| ImageReference::parse(text).expect(text).with_default_tag().familiar();
    assert_eq!(tagged("python"), "python:latest");
    assert_eq!(tagged("python:3"), "python:3");
    assert_eq!(tagged(&format!("python@{DIGEST}")), format!("python@{DIGEST}"));
}

#[test]
fn a_digest_pins_and_is_checked() {
    let python = ImageReference::parse("registry.test/python:3").expect("valid");
    let pinned = python.clone().with_digest(DIGEST).expect("valid digest");
    assert_eq!(pinned.to_string(), format!("registry.test/python:3@{DIGEST}"));
    let error = python.with_digest("md5:00").expect_err("unknown algorithm");
    assert_eq!(
        error.to_string(),
        "`md5:00` in image reference `registry.test/python:3` is not a valid digest: use `sha256:` and 64 \
         lower-case hexadecimal digits"
    );
}

#[test]
fn each_broken_rule_has_its_message() {
    let id = "0".repeat(64);
    let long = "a".repeat(256);
    let cases = [
        ("", "image reference `` has no name".to_owned()),
        (":3", "image reference `:3` has no name".to_owned()),
        ("registry.test/", "image reference `registry.test/` has no name".to_owned()),
        ("py thon", "image reference `py thon` contains a blank".to_owned()),
        ("Python:3", "image name `Python` in `Python:3` must be lower case".to_owned()),
        (id.as_str(), format!("`{id}` is an image id, not an image name")),
        (
            "my_host.org/app",
            "`my_host.org` in image reference `my_host.org/app` is not a valid registry host".to_owned(),
        ),
        ("host:/app", "`host:` in image reference `host:/app` is not a valid registry host".to_owned()),
        (
            "-app",
            "`-app` in image reference `-app` is not a valid name component: use a-z and 0-9, separated by `.`, \
             `_`, `__` or `-`"
                .to_owned(),
        ),
        (
            "a//b",
            "`` in image reference `a//b` is not a valid name component: use a-z and 0-9, separated by `.`, `_`, \
             `__` or `-`"
                .to_owned(),
        ),
        (long.as_str(), format!("image name in `{long}` is longer than 255 characters")),
        (
            "python:",
            "`` in image reference `python:` is not a valid tag: use up to 128 letters, digits, `_`, `.` and `-`, \
             not beginning with `.` or `-`"
                .to_owned(),
        ),
        (
            "python@sha256:12",
            "`sha256:12` in image reference `python@sha256:12` is not a valid digest: use `sha256:` and 64 \
             lower-case hexadecimal digits"
                .to_owned(),
        ),
    ];
    for (text, message) in cases {
        let error = ImageReference::parse(text).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
    }
}

#[test]
fn components_follow_the_separators_of_the_grammar() {
    for good in ["a", "0", "a.b", "a_b", "a__b", "a-b", "a---b"] {
        assert!(is_component(good), "{good}");
    }
    for bad in ["", "a..b", "a___b", "a._b", "_a", "a-", "a-_b", "ä"] {
        assert!(!is_component(bad), "{bad}");
    }
}
