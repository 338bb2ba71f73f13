use super::*;

#[test]
fn pylock_reads_all_kinds_of_sources() {
    let text = r#"
lock-version = "1.0"
requires-python = ">=3.10"
environments = ["sys_platform == 'linux'"]
extras = ["x"]
dependency-groups = ["dev"]
default-groups = ["default"]
created-by = "a test"

[[packages]]
name = "w"
version = "1.0"
marker = "'dev' in dependency_groups"
requires-python = ">=3.8"
sdist = { name = "w-1.0.tar.gz", url = "https://example.invalid/x", hashes = { sha512 = "ab" } }
wheels = [{ url = "https://example.invalid/w-1.0-py3-none-any.whl", path = "wheels/w-1.0-py3-none-any.whl", size = 3, upload-time = 2024-01-01T00:00:00Z, hashes = { sha256 = "DIGEST" } }]

[[packages]]
name = "v"
vcs = { type = "git", url = "https://example.invalid/v", requested-revision = "main", commit-id = "0123456789012345678901234567890123456789" }

[[packages]]
name = "d"
directory = { path = "libs/d", editable = true }

[[packages]]
name = "a"
archive = { url = "https://example.invalid/download", hashes = { sha256 = "DIGEST" } }
"#;
    let digest = HASH.strip_prefix("sha256:").unwrap();
    let error = read(Format::Pylock, &text.replace("DIGEST", digest), None).unwrap_err();
    assert_eq!(error.to_string(), "`ab` is not a hash such as `sha256:…`");
    let text = text.replace("DIGEST", digest).replace("sha512 = \"ab\"", "blake2b = \"ab\"");
    let lock = read(Format::Pylock, &text, None).unwrap();
    let w = package(&lock, "w");
    assert_eq!(w.artifacts[0].file.as_str(), "w-1.0.tar.gz");
    assert_eq!(w.artifacts[1].location, Location::Path("wheels/w-1.0-py3-none-any.whl".into()));
    assert_eq!(w.artifacts[0].hashes.sha256(), None);
    assert!(
        matches!(&package(&lock, "v").source, Source::Git { commit, .. } if commit == "0123456789012345678901234567890123456789")
    );
    assert!(matches!(&package(&lock, "d").source, Source::Directory { install: Install::Editable, .. }));
    assert_eq!(package(&lock, "a").artifacts[0].kind, ArtifactKind::Sdist);
    let Roots::Listed(listing) = &lock.roots else { panic!("a listing") };
    assert_eq!(listing.base, [name("default")].into());
    assert_eq!(listing.groups, [name("default"), name("dev")].into());
}

const POETRY: &str = r#"
[[package]]
name = "Yaml"
version = "6.0"
optional = true
python-versions = ">=3.8"
groups = ["main", "dev"]
files = [{file = "yaml-6.0-py3-none-any.whl", hash = "HASH"}, {file = "yaml-6.0.win32.exe", hash = "HASH"}]
[package.markers]
main = "extra == \"yaml\""

[[package]]
name = "private"
version = "1.0"
optional = false
python-versions = "*"
groups = ["main"]
markers = "python_version < \"3.11\""
files = []
[package.source]
type = "legacy"
url = "https://example.invalid/simple"
reference = "mine"

[[package]]
name = "direct"
version = "1.0"
optional = false
python-versions = "*"
groups = ["main"]
files = [{file = "direct-1.0-py3-none-any.whl", hash = "HASH"}]
[package.source]
type = "url"
url = "https://example.invalid/direct-1.0-py3-none-any.whl"

[extras]
yaml = ["yaml"]

[metadata]
lock-version = "2.1"
python-versions = "^3.10"
content-hash = "0"
"#;

#[test]
fn poetry_packages_say_when_they_are_installed() {
    let lock = read(Format::Poetry, POETRY, None).unwrap();
    let yaml = package(&lock, "yaml");
    let marker = |group: &str| yaml.groups[&name(group)].as_ref().map(ToString::to_string);
    assert_eq!((marker("main"), marker("dev")), (Some("extra == 'yaml'".to_owned()), None));
    assert_eq!(yaml.artifacts[0].location, Location::Index);
    assert_eq!(yaml.artifacts[1].kind, ArtifactKind::Other);
    assert_eq!(lock.indexes[0].url, "https://example.invalid/simple");
    let place = &package(&lock, "direct").artifacts[0].location;
    assert_eq!(*place, Location::Url(http("https://example.invalid/direct-1.0-py3-none-any.whl")));
    assert_eq!(lock.extras(), [name("yaml")].into());
    assert_eq!(lock.requires_python.unwrap().to_string(), ">=3.10, <4");
}

#[test]
fn older_poetry_locks_need_the_project() {
    let lock = r#"
[[package]]
name = "a"
version = "1.0"
optional = false
python-versions = "*"
[package.dependencies]
b = {version = ">=1", optional = true, markers = "extra == \"x\" and python_version > \"3\""}
c = [{version = "<2", markers = "python_version < \"3.9\""}, {version = ">=2"}]
[package.extras]
x = ["b (>=1)"]

[metadata]
lock-version = "1.1"
content-hash = "0"
python-versions = "*"
[metadata.files]
a = [{file = "a-1.0-py3-none-any.whl", hash = "HASH"}]
"#;
    let error = read(Format::Poetry, lock, None).unwrap_err();
    let message =
        "poetry.lock does not say what the project depends on, and there is no pyproject.toml beside it";
    assert_eq!(error.to_string(), message);
    let project = r#"
[tool.poetry.dependencies]
python = "^3.8"
a = {version = "^1", extras = ["x"], python = "^3.9"}
o = {version = "*", optional = true}
[tool.poetry.extras]
more = ["o"]
[tool.poetry.group.docs.dependencies]
d = "*"
[tool.poetry.dev-dependencies]
t = "*"
"#;
    let lock = read(Format::Poetry, lock, Some(project)).unwrap();
    let Roots::Graph(roots) = &lock.roots else { panic!("a graph") };
    let root = &roots[0];
    assert_eq!(root.dependencies.len(), 1);
    let marker = root.dependencies[0].marker.as_ref().unwrap().to_string();
    assert_eq!(marker, "python_full_version >= '3.9' and python_full_version < '4'");
    assert_eq!(root.extras[&name("more")][0].name, name("o"));
    assert_eq!(root.groups.keys().map(Name::as_str).collect::<Vec<_>>(), ["dev", "docs"]);
    let a = package(&lock, "a");
    assert_eq!(a.artifacts.len(), 1);
    assert_eq!(a.dependencies.len(), 2);
    let extra = &a.extras[&name("x")][0];
    assert_eq!(extra.marker.as_ref().unwrap().to_string(), "python_version > '3'");
}

const PDM: &str = r#"
[metadata]
groups = ["default", "dev", "yaml"]
strategy = ["inherit_metadata"]
lock_version = "4.5.0"
content_hash = "sha256:0"

[[metadata.targets]]
requires_python = ">=3.10"

[[package]]
name = "requests"
version = "2.0"
requires_python = ">=3.8"
groups = ["default"]
dependencies = ["idna>=2"]
files = [{file = "requests-2.0-py3-none-any.whl", hash = "HASH"}]

[[package]]
name = "requests"
version = "2.0"
extras = ["socks"]
groups = ["dev"]
dependencies = ["PySocks!=1.5.7", "requests==2.0"]
files = [{file = "requests-2.0-py3-none-any.whl", hash = "HASH"}]

[[package]]
name = "local"
version = "1"
path = "./libs/local"
editable = true
groups = ["default"]

[[package]]
name = "wheel-here"
version = "1"
url = "file:///${PROJECT_ROOT}/wheels/wheel_here-1-py3-none-any.whl"
groups = ["default"]
files = [{url = "file:///${PROJECT_ROOT}/wheels/wheel_here-1-py3-none-any.whl", hash = "HASH"}]
"#;

#[test]
fn pdm_entries_of_one_package_become_one() {
    let lock = read(Format::Pdm, PDM, None).unwrap();
    assert_eq!(lock.packages.len(), 3);
    let requests = package(&lock, "requests");
    assert_eq!(requests.groups.keys().map(Name::as_str).collect::<Vec<_>>(), ["default", "dev"]);
    assert_eq!(requests.extras[&name("socks")].len(), 1);
    assert_eq!(requests.artifacts.len(), 1);
    assert!(matches!(&package(&lock, "local").source, Source::Directory { install: Install::Editable, .. }));
    let source = &package(&lock, "wheel-here").source;
    assert!(
        matches!(source, Source::File { path, .. } if path == "wheels/wheel_here-1-py3-none-any.whl"),
        "{source:?}"
    );
    assert_eq!(lock.extras(), [name("dev"), name("yaml")].into());
    assert_eq!(lock.environments[0].to_string(), "python_full_version >= '3.10'");
}

#[test]
fn pdm_without_inherited_metadata_is_walked_from_the_project() {
    let text = PDM.replace("\"inherit_metadata\"", "\"static_urls\"");
    let project = "
[project]
dependencies = ['requests[socks]>=2']
[project.optional-dependencies]
yaml = ['pyyaml']
[dependency-groups]
test = ['pytest']
dev = [{include-group = 'test'}, {include-group = 'dev'}]
[tool.pdm.dev-dependencies]
lint = ['ruff', '-e file:///${PROJECT_ROOT}/x#egg=x']
";
    let lock = read(Format::Pdm, &text, Some(project)).unwrap();
    let Roots::Graph(roots) = &lock.roots else { panic!("a graph") };
    let groups: Vec<_> = roots[0].groups.iter().map(|(name, list)| (name.as_str(), list.len())).collect();
    assert_eq!(groups, [("dev", 1), ("lint", 2), ("test", 1)]);
    assert_eq!(roots[0].dependencies[0].extras, [name("socks")].into());
}

#[test]
fn pipfile_sections_are_groups() {
    let text = r#"{
    "_meta": {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {},
              "sources": [{"name": "main", "url": "https://example.invalid/simple", "verify_ssl": true}]},
    "default": {
        "requests": {"hashes": ["HASH"], "version": "==2.0", "markers": "python_version >= '3.8'", "extras": ["socks"]},
        "colorama": {"markers": "sys_platform == 'win32'", "version": "*"},
        "repo": {"git": "https://example.invalid/r", "ref": "0123456789012345678901234567890123456789"},
        "here": {"path": "./here", "editable": true},
        "far": {"file": "https://example.invalid/far-1.0.tar.gz", "hashes": ["HASH"]}
    },
    "develop": {"requests": {"hashes": ["HASH"], "version": "==2.0"}},
    "docs": {}
}"#;
    let lock = read(Format::Pipfile, text, None).unwrap();
    let requests = package(&lock, "requests");
    assert_eq!(requests.groups.keys().map(Name::as_str).collect::<Vec<_>>(), ["default", "dev"]);
    assert!(requests.groups[&name("default")].is_some() && requests.groups[&name("dev")].is_none());
    assert!(requests.artifacts.is_empty() && !requests.hashes.is_empty());
    assert_eq!(package(&lock, "colorama").version, None);
    assert!(matches!(&package(&lock, "here").source, Source::Directory { install: Install::Editable, .. }));
    assert_eq!(package(&lock, "far").artifacts[0].kind, ArtifactKind::Sdist);
    assert_eq!(lock.groups(), [name("dev"), name("docs")].into());
    assert_eq!(lock.indexes[0].kind, IndexKind::Main);
    let span = requests.at.span;
    assert_eq!(&text[span.start..span.end], "\"requests\"");
}

/// pipenv 2026.10.3 writes this on Linux for `old = {version = ">=1,<4", markers = "sys_platform ==
/// 'win32'"}`.
#[test]
fn what_pipenv_left_out_may_have_a_range() {
    let text = r#"{
    "_meta": {"hash": {"sha256": "0"}, "pipfile-spec": 6, "requires": {}, "sources": []},
    "default": {"old": {"markers": "sys_platform == 'win32'", "version": "==>=1,<4"}}, "develop": {}}"#;
    let lock = read(Format::Pipfile, text, None).unwrap();
    assert_eq!(lock.packages[0].version, None);
    let wrong = text.replace("==>=1,<4", "==latest");
    assert_eq!(read(Format::Pipfile, &wrong, None).unwrap_err().to_string(), "`==latest` is not a version");
}
