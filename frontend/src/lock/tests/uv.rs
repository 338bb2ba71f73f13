use super::*;

const LOCK: &str = r#"
version = 1
revision = 5
requires-python = ">=3.10"
supported-markers = ["sys_platform == 'linux'"]
conflicts = [[{ package = "demo", extra = "cpu" }, { package = "demo", group = "gpu" }]]

[manifest]
members = ["demo", "tool"]

[[package]]
name = "demo"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "a", version = "1.0", source = { registry = "https://example.invalid/simple" }, marker = "python_full_version < '3.12'" },
    { name = "tool", extra = ["x"] },
]
[package.optional-dependencies]
cpu = [{ name = "local" }]
[package.dev-dependencies]
dev = [{ name = "g" }]
[package.metadata]
provides-extras = ["cpu", "empty"]
[package.metadata.requires-dev]
dev = [{ name = "g" }]
none = []

[[package]]
name = "tool"
version = "0.2.0"
source = { editable = "packages/tool" }

[[package]]
name = "A"
version = "1.0"
source = { registry = "https://example.invalid/simple" }
sdist = { url = "https://example.invalid/a-1.0.tar.gz", hash = "HASH", size = 10 }
wheels = [
    { url = "https://example.invalid/a-1.0%2Bx-py3-none-any.whl", hash = "HASH", size = 20 },
]

[[package]]
name = "flat"
version = "1.0"
source = { registry = "./wheels" }
wheels = [{ path = "flat-1.0-py3-none-any.whl" }]

[[package]]
name = "local"
version = "1.0"
source = { path = "vendor/local-1.0-py3-none-any.whl" }
wheels = [{ filename = "local-1.0-py3-none-any.whl", hash = "HASH" }]

[[package]]
name = "g"
source = { git = "https://example.invalid/g?rev=main&subdirectory=py#0123456789012345678901234567890123456789" }

[[package]]
name = "u"
version = "1"
source = { url = "https://example.invalid/u.tar.gz", subdirectory = "s" }
sdist = { hash = "HASH" }
"#;

#[test]
fn every_kind_of_source_is_read() {
    let lock = read(Format::Uv, LOCK, None).unwrap();
    let text = str::to_owned;
    let index = |url: &str| Source::Index { url: Some(text(url)) };
    let directory = |path: &str, install| Source::Directory { path: text(path), install };
    let commit = text("0123456789012345678901234567890123456789");
    let cases = [
        ("demo", directory(".", Install::Not)),
        ("tool", directory("packages/tool", Install::Editable)),
        ("a", index("https://example.invalid/simple")),
        ("flat", index("wheels")),
        ("local", Source::File { path: text("vendor/local-1.0-py3-none-any.whl"), subdirectory: None }),
        (
            "g",
            Source::Git {
                url: GitUrl::parse("https://example.invalid/g").unwrap(),
                commit,
                revision: Some(text("main")),
                subdirectory: Some(text("py")),
            },
        ),
        ("u", Source::Url { url: http("https://example.invalid/u.tar.gz"), subdirectory: Some(text("s")) }),
    ];
    for (name, source) in cases {
        assert_eq!(package(&lock, name).source, source, "{name}");
    }
    assert_eq!(package(&lock, "g").version, None);
}

#[test]
fn artifacts_know_where_they_are() {
    let lock = read(Format::Uv, LOCK, None).unwrap();
    let artifacts = &package(&lock, "a").artifacts;
    assert_eq!(artifacts[0].kind, ArtifactKind::Sdist);
    assert_eq!(artifacts[0].hashes.sha256(), HASH.strip_prefix("sha256:"));
    assert_eq!((artifacts[1].file.as_str(), artifacts[1].size), ("a-1.0+x-py3-none-any.whl", Some(20)));
    let place = |name: &str| package(&lock, name).artifacts[0].location.clone();
    assert_eq!(place("flat"), Location::Path("wheels/flat-1.0-py3-none-any.whl".into()));
    assert_eq!(place("local"), Location::Path("vendor/local-1.0-py3-none-any.whl".into()));
    assert_eq!(place("u"), Location::Url(http("https://example.invalid/u.tar.gz")));
    let at = &package(&lock, "a").at;
    assert_eq!(&*at.file, "the.lock");
    assert!(at.span.start > 0);
}

#[test]
fn members_are_roots_with_extras_and_groups() {
    let lock = read(Format::Uv, LOCK, None).unwrap();
    let Roots::Graph(roots) = &lock.roots else { panic!("a graph") };
    let [demo, tool] = roots.as_slice() else { panic!("two members") };
    assert!(demo.is_main && !tool.is_main);
    assert_eq!(demo.extras.keys().map(Name::as_str).collect::<Vec<_>>(), ["cpu", "empty"]);
    assert_eq!(demo.groups.keys().map(Name::as_str).collect::<Vec<_>>(), ["dev", "none"]);
    assert!(matches!(&demo.dependencies[0].pick, Pick::Exact { version: Some(_), source: Some(_) }));
    assert_eq!(demo.dependencies[1].extras, [name("x")].into());
    assert_eq!(lock.conflicts[0].items[1].group, Some(name("gpu")));
    assert_eq!(lock.environments.len(), 1);
}

#[test]
fn a_workspace_without_a_project_has_a_nameless_root() {
    let text = r#"
version = 1
[manifest]
members = ["m"]
[manifest.dependency-groups]
dev = [{ name = "m" }]
[[package]]
name = "m"
source = { editable = "m" }
"#;
    let lock = read(Format::Uv, text, None).unwrap();
    let Roots::Graph(roots) = &lock.roots else { panic!("a graph") };
    assert_eq!(roots.iter().map(|root| root.name.clone()).collect::<Vec<_>>(), [Some(name("m")), None]);
    assert_eq!(lock.groups(), [name("dev")].into());
}
