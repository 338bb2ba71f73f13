mod uv;

use super::*;
use crate::lock::{Format, Input, parse};
use crate::tags::{Architecture, Libc, Python};

const HASH: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn lock(format: Format, text: &str) -> Lock {
    let text =
        text.replace("HASH", HASH).replace("REGISTRY", "{ registry = \"https://example.invalid/simple\" }");
    let read = |path: &str| Err(format!("no {path} here"));
    parse(format, &Input { path: "the.lock", text: &text, pyproject: None, read: &read, exists: &|_| false })
        .unwrap()
}

fn target(minor: u64, architecture: Architecture) -> Target {
    let python = Python { major: 3, minor, patch: None, free_threaded: false };
    Target { python, architecture, libc: Libc::Glibc { major: 2, minor: 36 } }
}

fn linux() -> Target {
    target(12, Architecture::X86_64)
}

fn request(extras: &[&str], groups: &[&str]) -> Request {
    let names = |names: &[&str]| names.iter().map(|name| Name::new(name).unwrap()).collect();
    Request { member: None, extras: names(extras), groups: names(groups) }
}

/// A package in `uv.lock` with a single pure wheel.
fn pure(name: &str, version: &str, rest: &str) -> String {
    let file = name.replace('-', "_");
    format!(
        "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = REGISTRY\n\
         wheels = [{{ url = \"https://example.invalid/{file}-{version}-py3-none-any.whl\", hash = \"HASH\" }}]\n{rest}\n"
    )
}

fn labels(selection: &Selection) -> Vec<String> {
    selection.entries.iter().map(|entry| format!("{} by {}", entry.package.label(), entry.why)).collect()
}

fn messages(errors: &[SelectError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// A project with a cycle (`a` and `b`), an extra of a dependency, a fork by Python version, and groups.
fn graph() -> Lock {
    let root = r#"
version = 1
requires-python = ">=3.10"
[[package]]
name = "demo"
version = "0.1"
source = { editable = "." }
dependencies = [
    { name = "a", extra = ["x"] },
    { name = "fork", version = "1.0", source = REGISTRY, marker = "python_full_version < '3.12'" },
    { name = "fork", version = "2.0", source = REGISTRY, marker = "python_full_version >= '3.12'" },
    { name = "win", marker = "sys_platform == 'win32'" },
]
[package.optional-dependencies]
more = [{ name = "only-more" }]
[package.dev-dependencies]
dev = [{ name = "only-dev" }, { name = "b" }]
"#;
    let a = "dependencies = [{ name = \"b\" }]\n[package.optional-dependencies]\nx = [{ name = \"of-x\" }]";
    let packages = [
        pure("a", "1.0", a),
        pure("b", "1.0", "dependencies = [{ name = \"a\" }]"),
        pure("of-x", "1.0", ""),
        pure("fork", "1.0", ""),
        pure("fork", "2.0", ""),
        pure("win", "1.0", ""),
        pure("only-more", "1.0", ""),
        pure("only-dev", "1.0", "dependencies = [{ name = \"b\" }]"),
    ];
    lock(Format::Uv, &format!("{root}{}", packages.concat()))
}

#[test]
fn a_graph_is_walked_from_its_root() {
    let cases: [(&str, Request, Target, &[&str]); 3] = [
        (
            "the project alone",
            request(&[], &[]),
            linux(),
            &[
                "a 1.0 by dependencies",
                "b 1.0 by dependencies → a",
                "demo 0.1 by the project",
                "fork 2.0 by dependencies",
                "of-x 1.0 by dependencies → a",
            ],
        ),
        (
            "an older Python",
            request(&[], &[]),
            target(10, Architecture::Aarch64),
            &[
                "a 1.0 by dependencies",
                "b 1.0 by dependencies → a",
                "demo 0.1 by the project",
                "fork 1.0 by dependencies",
                "of-x 1.0 by dependencies → a",
            ],
        ),
        (
            "an extra and a group",
            request(&["more"], &["dev"]),
            linux(),
            &[
                "a 1.0 by dependencies",
                "b 1.0 by dependencies → a",
                "demo 0.1 by the project",
                "fork 2.0 by dependencies",
                "of-x 1.0 by dependencies → a",
                "only-dev 1.0 by group `dev`",
                "only-more 1.0 by extra `more`",
            ],
        ),
    ];
    for (case, request, target, expected) in cases {
        let selection = select(&graph(), &target, &request).unwrap();
        assert_eq!(labels(&selection), expected, "{case}");
        let left_out: Vec<_> =
            selection.left_out.iter().map(|left_out| left_out.because.join(", ")).collect();
        assert_eq!(left_out, ["sys_platform == 'win32' (sys_platform is 'linux')"], "{case}");
    }
}

#[test]
fn wrong_requests_suggest_the_right_ones() {
    let errors =
        select(&graph(), &target(9, Architecture::X86_64), &request(&["mor"], &["deb", "zzzz"])).unwrap_err();
    assert_eq!(
        messages(&errors),
        [
            "the lock is for Python >=3.10, the image has Python 3.9",
            "there is no extra `mor` in the lock",
            "there is no group `deb` in the lock",
            "there is no group `zzzz` in the lock",
        ]
    );
    let suggestions: Vec<_> = errors.iter().map(|error| error.suggestion().map(Name::as_str)).collect();
    assert_eq!(suggestions, [None, Some("more"), Some("dev"), None]);
    let request = Request { member: Some(Name::new("demos").unwrap()), ..Request::default() };
    let errors = select(&graph(), &linux(), &request).unwrap_err();
    assert_eq!(errors[0].suggestion().map(Name::as_str), Some("demo"));
}

#[test]
fn conflicts_are_told_apart_by_what_is_active() {
    let root = r#"
version = 1
conflicts = [[{ package = "demo", extra = "cpu" }, { package = "demo", extra = "gpu" }]]
[[package]]
name = "demo"
source = { virtual = "." }
dependencies = [
    { name = "t", version = "1", source = REGISTRY, marker = "extra != 'extra-4-demo-gpu'" },
    { name = "t", version = "2", source = REGISTRY, marker = "extra == 'extra-4-demo-gpu'" },
]
[package.optional-dependencies]
cpu = []
gpu = []
[package.metadata]
provides-extras = ["cpu", "gpu"]
"#;
    let lock = lock(Format::Uv, &format!("{root}{}{}", pure("t", "1", ""), pure("t", "2", "")));
    for (extras, expected) in [(&[][..], "t 1"), (&["cpu"], "t 1"), (&["gpu"], "t 2")] {
        let selection = select(&lock, &linux(), &request(extras, &[])).unwrap();
        assert_eq!(labels(&selection), [format!("{expected} by dependencies")], "{extras:?}");
    }
    let errors = select(&lock, &linux(), &request(&["cpu", "gpu"], &[])).unwrap_err();
    assert_eq!(
        messages(&errors),
        ["extra `cpu` of `demo` and extra `gpu` of `demo` cannot be installed together"]
    );
}

#[test]
fn every_problem_of_a_graph_is_found_at_once() {
    let root = r#"
version = 1
[[package]]
name = "demo"
source = { virtual = "." }
dependencies = [
    { name = "gone" },
    { name = "two", version = "1" },
    { name = "two", version = "2" },
    { name = "native" },
]
"#;
    let native = r#"
[[package]]
name = "native"
version = "1.0"
source = REGISTRY
wheels = [
    { url = "https://example.invalid/native-1.0-cp311-cp311-manylinux_2_17_x86_64.whl" },
    { url = "https://example.invalid/native-1.0-cp312-cp312-manylinux_2_39_x86_64.whl" },
    { url = "https://example.invalid/native-1.0-cp312-cp312-musllinux_1_2_x86_64.whl" },
    { url = "https://example.invalid/native-1.0-cp312-cp312-manylinux_2_17_aarch64.whl" },
    { url = "https://example.invalid/native-1.0-cp312-cp312t-manylinux_2_17_x86_64.whl" },
]
"#;
    let text = format!("{root}{}{}{native}", pure("two", "1", ""), pure("two", "2", ""));
    let errors = select(&lock(Format::Uv, &text), &linux(), &Request::default()).unwrap_err();
    assert_eq!(
        messages(&errors),
        [
            "`gone` is not in the lock",
            "no file of `native 1.0` can be installed on Python 3.12 on linux/amd64 with glibc 2.36",
            "`two` would be installed more than once: 1 by dependencies; 2 by dependencies",
        ]
    );
    let SelectError::NoArtifact { offered, remedies, at, .. } = &errors[1] else { panic!("no artifact") };
    assert_eq!(offered.len(), 5);
    assert!(at.span.start > 0);
    let remedies: Vec<_> = remedies.iter().map(ToString::to_string).collect();
    assert_eq!(
        remedies,
        [
            "use Python 3.11",
            "use a free-threaded Python",
            "use a base image with glibc 2.39 or newer",
            "use a base image with musl 1.2 or newer",
            "build for linux/arm64",
        ]
    );
}

#[test]
fn the_best_file_is_taken() {
    let wheels = |tags: &[&str]| {
        let files =
            tags.iter().map(|tags| format!("{{ url = \"https://example.invalid/p-1.0-{tags}.whl\" }}"));
        format!("wheels = [{}]", files.collect::<Vec<_>>().join(", "))
    };
    let sdist = "sdist = { url = \"https://example.invalid/p-1.0.tar.gz\" }\n";
    let cases = [
        (
            "the newest policy",
            wheels(&[
                "py3-none-any",
                "cp312-cp312-manylinux_2_17_x86_64",
                "cp312-cp312-manylinux_2_28_x86_64",
            ]),
            "p-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        ),
        (
            "the own interface",
            wheels(&["cp38-abi3-manylinux1_x86_64", "cp312-cp312-manylinux1_x86_64"]),
            "p-1.0-cp312-cp312-manylinux1_x86_64.whl",
        ),
        (
            "the build number",
            wheels(&["2-py3-none-any", "10-py3-none-any", "py3-none-any"]),
            "p-1.0-10-py3-none-any.whl",
        ),
        (
            "a wheel before the sources",
            format!("{sdist}{}", wheels(&["py3-none-any"])),
            "p-1.0-py3-none-any.whl",
        ),
        ("the sources", format!("{sdist}{}", wheels(&["cp312-cp312-win_amd64"])), "p-1.0.tar.gz"),
    ];
    for (case, files, expected) in cases {
        let text = format!(
            "version = 1\n[[package]]\nname = \"demo\"\nsource = {{ virtual = \".\" }}\ndependencies = [{{ name = \"p\" }}]\n\
             [[package]]\nname = \"p\"\nversion = \"1.0\"\nsource = REGISTRY\n{files}\n"
        );
        let selection = select(&lock(Format::Uv, &text), &linux(), &Request::default()).unwrap();
        let (Take::Wheel(artifact) | Take::Sdist(artifact)) = &selection.entries[0].take else {
            panic!("{case}")
        };
        assert_eq!(artifact.file.as_str(), expected, "{case}");
    }
}

#[test]
fn a_listing_is_filtered_by_groups_extras_and_markers() {
    let package = |name: &str, rest: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"1.0\"\noptional = false\npython-versions = \"*\"\n\
             files = [{{file = \"{name}-1.0-py3-none-any.whl\", hash = \"HASH\"}}]\n{rest}\n"
        )
    };
    let text = [
        package("always", "groups = [\"main\", \"dev\"]"),
        package("extra", "groups = [\"main\"]\nmarkers = \"extra == 'x'\""),
        package("dev", "groups = [\"dev\"]"),
        package(
            "both",
            "groups = [\"main\", \"dev\"]\n[package.markers]\nmain = \"sys_platform == 'win32'\"",
        ),
        "[extras]\nx = [\"extra\"]\n[metadata]\nlock-version = \"2.1\"\n".to_owned(),
    ];
    let lock = lock(Format::Poetry, &text.concat());
    let cases: [(Request, &[&str]); 3] = [
        (request(&[], &[]), &["always 1.0 by dependencies"]),
        (request(&["x"], &[]), &["always 1.0 by dependencies", "extra 1.0 by extra `x`"]),
        (
            request(&[], &["dev"]),
            &["always 1.0 by dependencies", "both 1.0 by group `dev`", "dev 1.0 by group `dev`"],
        ),
    ];
    for (request, expected) in cases {
        let selection = select(&lock, &linux(), &request).unwrap();
        assert_eq!(labels(&selection), expected, "{request:?}");
    }
    let left_out = select(&lock, &linux(), &request(&[], &[])).unwrap().left_out;
    let left_out: Vec<_> =
        left_out.iter().map(|one| format!("{}: {}", one.name, one.because.join(", "))).collect();
    assert_eq!(
        left_out,
        ["both: sys_platform == 'win32' (sys_platform is 'linux')", "extra: extra == 'x' (extras: none)",]
    );
}

#[test]
fn standard_locks_ask_for_their_groups_in_markers() {
    let package = |name: &str, rest: &str| {
        format!(
            "[[packages]]\nname = \"{name}\"\nversion = \"1\"\n{rest}\n\
             wheels = [{{ url = \"https://example.invalid/{name}-1-py3-none-any.whl\", hashes = {{}} }}]\n"
        )
    };
    let head = "lock-version = \"1.0\"\nenvironments = [\"sys_platform == 'linux'\", \"sys_platform == 'win32'\"]\n\
                extras = [\"x\"]\ndependency-groups = [\"dev\", \"default\"]\ndefault-groups = [\"default\"]\n";
    let text = [
        head.to_owned(),
        package("a", "marker = \"'default' in dependency_groups\""),
        package("b", "marker = \"'dev' in dependency_groups or 'x' in extras\""),
        package("c", "marker = \"'x' in extras\"\nrequires-python = \">=3.13\""),
    ];
    let lock = lock(Format::Pylock, &text.concat());
    let chosen = |request: &Request| select(&lock, &linux(), request).map(|selection| labels(&selection));
    assert_eq!(chosen(&request(&[], &[])).unwrap(), ["a 1 by dependencies"]);
    assert_eq!(chosen(&request(&[], &["dev"])).unwrap(), ["a 1 by dependencies", "b 1 by group `dev`"]);
    let errors = chosen(&request(&["x"], &[])).unwrap_err();
    assert_eq!(messages(&errors), ["`c 1` needs Python >=3.13, the image has Python 3.12"]);
}

#[test]
fn releases_of_which_only_hashes_are_known_are_to_be_located() {
    let text = r#"{
    "_meta": {"pipfile-spec": 6},
    "default": {
        "a": {"hashes": ["HASH"], "version": "==1.0"},
        "open": {"version": "*"},
        "other": {"markers": "sys_platform == 'win32'", "version": "*"}
    }}"#;
    let errors = select(&lock(Format::Pipfile, text), &linux(), &Request::default()).unwrap_err();
    let message = "`open` has no version in the lock, because it was not needed where the lock was made";
    assert_eq!(messages(&errors), [message]);
    // pipenv 2026.10.3 writes a package like this if a wheel of the project requires it and its own marker
    // does not hold.
    let hashed = text.replace("\"open\": {", "\"open\": {\"hashes\": [\"HASH\"], ");
    let errors = select(&lock(Format::Pipfile, &hashed), &linux(), &Request::default()).unwrap_err();
    assert_eq!(messages(&errors), [message]);
    let text = text.replace("\"open\": {\"version\": \"*\"},", "");
    let selection = select(&lock(Format::Pipfile, &text), &linux(), &Request::default()).unwrap();
    assert_eq!(selection.entries[0].take, Take::Release);
    assert_eq!(selection.left_out.len(), 1);
}

#[test]
fn what_may_be_taken_follows_the_options() {
    let lock = |options: &str| {
        let line = "p @ https://example.invalid/p-1.0.tar.gz --hash=HASH\n";
        lock(Format::Requirements, &format!("{options}\n{line}"))
    };
    assert!(select(&lock(""), &linux(), &Request::default()).is_ok());
    let errors = select(&lock("--only-binary :all:"), &linux(), &Request::default()).unwrap_err();
    let [SelectError::NoArtifact { remedies, .. }] = errors.as_slice() else { panic!("one error") };
    assert_eq!(*remedies, [Remedy::AllowBuild]);
}

#[test]
fn the_middle_of_a_long_way_is_left_out() {
    let way = |length: usize| {
        let mut why = Why::direct(Origin::Dependencies);
        for at in 0..length {
            why.push(Name::new(&format!("p{at}")).unwrap());
        }
        why.to_string()
    };
    assert_eq!(way(2), "dependencies → p0 → p1");
    assert!(!way(16).contains('…'));
    let long = way(1000);
    assert!(
        long.starts_with("dependencies → p0 → p1 → p2 → p3 → p4 → p5 → p6 → p7 → … 984 more … → p992 → "),
        "{long}"
    );
    assert!(long.ends_with(" → p998 → p999"), "{long}");
}
