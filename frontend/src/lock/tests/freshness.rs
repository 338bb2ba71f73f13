use std::collections::BTreeMap;

use super::*;

fn stale(format: Format, lock: &str, manifest: &str) -> Option<String> {
    let lock = read(format, lock, Some(manifest)).unwrap();
    let found = lock.stale(&Beside { manifest, ..Beside::default() });
    found.first().map(|(_, stale)| format!("{} ({})", stale.reason, stale.command))
}

/// poetry 2.5, pdm 2.26 and pipenv 2026.10 wrote the hashes for exactly these manifests.
#[test]
fn hashes_are_those_that_the_tools_write() {
    let poetry = "[tool.poetry.dependencies]\npython = \"^3.10\"\nrequests = {version = \"^2\", extras = [\"sécu\"]}\n";
    let poetry_hash = "454a0567809cfc3fd72c5e1043112bbc21eb8e4162c62d1cbb9c3e44694fc1cd";
    let pep621 = "[project]\nname = \"x\"\nrequires-python = \">=3.10\"\ndependencies = [\"requests\"]\n\
        [dependency-groups]\ndev = [\"pytest\", {include-group = \"lint\"}]\nlint = []\n";
    let poetry_pep621_hash = "05d0280a626d2c4f109537500bb08ccef4ce54edb56d00b9967c520846abe7c0";
    let pdm_hash = "8e6dd76070c704d908f6e370ccd6418ccadcfcbcc4c66dd9c26931fdb79b0d39";
    let pipfile = "[[source]]\nurl = \"https://example.invalid/simple\"\nverify_ssl = true\nname = \"main\"\n\
        [packages]\nFlask_App = {version = \">=3\", extras = [\"a\"]}\n[dev-packages]\n[docs]\nsphinx = \"*\"\n\
        [requires]\npython_version = \"3.11\"\n";
    let pipfile_hash = "d18c32f74252936a666d9c2a797baed3424294c42b9fc5c50fbc3dbf39051c48";
    let poetry_lock = |hash: &str| format!("[metadata]\nlock-version = '2.1'\ncontent-hash = '{hash}'");
    let pdm_lock = |hash: &str| format!("[metadata]\nlock_version = '4.5'\ncontent_hash = 'sha256:{hash}'");
    let pipfile_lock =
        |hash: &str| format!("{{\"_meta\": {{\"pipfile-spec\": 6, \"hash\": {{\"sha256\": \"{hash}\"}}}}}}");
    let cases = [
        (Format::Poetry, poetry_lock(poetry_hash), poetry, "requests", "poetry lock"),
        (Format::Poetry, poetry_lock(poetry_pep621_hash), pep621, "requests", "poetry lock"),
        (Format::Pdm, pdm_lock(pdm_hash), pep621, "requests", "pdm lock"),
        (Format::Pipfile, pipfile_lock(pipfile_hash), pipfile, "sphinx", "pipenv lock"),
    ];
    // If a Pipfile has no source, pipenv 2026.10 hashes its default source and writes the source to the lock.
    let sourceless = "[packages]\nSix = \"*\"\n[dev-packages]\n[requires]\npython_version = \"3.11\"\n";
    let sources = |name: &str| {
        format!(
            "{{\"_meta\": {{\"pipfile-spec\": 6, \"hash\": {{\"sha256\": \"532bb8ca6a673a8ce7cb532323c512a710f14b6d1ba8afeafaab484f9a7b2ae6\"}}, \
             \"sources\": [{{\"name\": \"{name}\", \"url\": \"https://index.example/simple\", \"verify_ssl\": true}}]}}}}"
        )
    };
    assert_eq!(stale(Format::Pipfile, &sources("pypi"), sourceless), None);
    assert!(stale(Format::Pipfile, &sources("other"), sourceless).is_some());
    for (format, lock, manifest, word, command) in cases {
        assert_eq!(stale(format, &lock, manifest), None, "{format}");
        let message = format!("its dependencies are not those that were locked ({command})");
        assert_eq!(stale(format, &lock, &manifest.replace(word, "other")), Some(message), "{format}");
        // Settings that are not about dependencies do not change the hash. In a `Pipfile`, every table
        // counts.
        let longer = format!("{manifest}\n[tool.other]\nkey = 1\n");
        let is_pipfile = format == Format::Pipfile;
        assert_eq!(stale(format, &lock, &longer).is_some(), is_pipfile, "{format}");
    }
}

#[test]
fn uv_compares_what_the_project_asked_for() {
    let lock = r#"
version = 1
requires-python = ">=3.10"
[[package]]
name = "demo"
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "a", specifier = ">=1,<2" },
    { name = "b", extras = ["x"], marker = "python_full_version < '3.12'" },
    { name = "c", marker = "extra == 'more'", git = "https://example.invalid/c" },
]
[package.metadata.requires-dev]
dev = [{ name = "d" }]
"#;
    let project = r#"
[project]
name = "Demo"
requires-python = ">=3.10"
dependencies = ["a<2, >=1", "B[x]; python_version < '3.12'"]
[project.optional-dependencies]
more = ["c>=5"]
[dependency-groups]
dev = ["d"]
[tool.uv.sources]
c = { git = "https://example.invalid/c" }
"#;
    let cases = [
        ("the same", "", "", None),
        ("more", "\"a<2, >=1\"", "\"a<2, >=1\", \"new\"", Some("not locked: new")),
        ("less", "\"d\"", "", Some("locked, but no longer asked for: d")),
        ("other versions", "a<2", "a<3", Some("locked for other requirements: a")),
        ("other extras", "B[x]", "B[y]", Some("locked for other requirements: b")),
        ("python", ">=3.10", ">=3.11", Some("locked for Python >=3.10, but the project requires >=3.11")),
        (
            "a source is gone",
            "git = \"https://example.invalid/c\"",
            "path = \"c\"",
            Some("locked for other requirements: c"),
        ),
        ("computed", "[project]", "[project]\ndynamic = ['dependencies']", None),
    ];
    for (case, from, to, expected) in cases {
        let changed = if from.is_empty() { project.to_owned() } else { project.replace(from, to) };
        let expected = expected.map(|text| format!("{text} (uv lock)"));
        assert_eq!(stale(Format::Uv, lock, &changed), expected, "{case}");
    }
}

/// uv 0.13.9 writes these entries of `requires-dist` for this manifest (`uv lock`).
#[test]
fn uv_repeats_an_extra_in_each_alternative_of_a_marker() {
    let lock = r#"
version = 1
requires-python = ">=3.11"
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "six", marker = "(python_full_version >= '3.12' or sys_platform == 'darwin') and extra == 'slow'", specifier = ">=1" },
    { name = "six", marker = "(platform_machine == 'x86_64' and sys_platform == 'linux' and extra == 'fast') or (sys_platform == 'win32' and extra == 'fast')" },
]
"#;
    let manifest = r#"
[project]
name = "shop"
requires-python = ">=3.11"
dependencies = []
[project.optional-dependencies]
fast = ["six; (sys_platform == 'linux' and platform_machine == 'x86_64') or sys_platform == 'win32'"]
slow = ["six>=1; python_version >= '3.12' or sys_platform == 'darwin'"]
"#;
    assert_eq!(stale(Format::Uv, lock, manifest), None);
    let changed = manifest.replace("slow = [\"six>=1;", "slow = [\"six>=2;");
    assert_eq!(
        stale(Format::Uv, lock, &changed).as_deref(),
        Some("locked for other requirements: six (uv lock)")
    );
}

/// uv 0.13.9 writes this lock for a workspace with these members (`uv lock`). `web` requires nothing, so it
/// has no `metadata`.
#[test]
fn uv_compares_what_members_and_folders_asked_for() {
    let lock = r#"
version = 1
revision = 3
requires-python = ">=3.11"
[manifest]
members = ["shop", "web"]
[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
[[package]]
name = "web"
version = "1"
source = { editable = "apps/web" }
[[package]]
name = "common"
version = "1"
source = { directory = "libs/common" }
[package.metadata]
requires-dist = [{ name = "six" }]
"#;
    let read = read(Format::Uv, lock, None).unwrap();
    assert_eq!(read.other_projects().collect::<Vec<_>>(), ["apps/web", "libs/common"]);
    let main = "[project]\nname = \"shop\"\n[tool.uv.workspace]\nmembers = [\"apps/*\"]\n";
    let stale = |folder: &str, manifest: &str| {
        let web = "[project]\nname = \"web\"\nrequires-python = \">=3.11\"\n[build-system]\n";
        let common = "[project]\nname = \"common\"\ndependencies = [\"six\"]\n";
        let mut projects: BTreeMap<String, String> =
            [("apps/web", web), ("libs/common", common)].map(|(at, text)| (at.into(), text.into())).into();
        let main = if folder == "." {
            manifest
        } else {
            projects.insert(folder.into(), manifest.into());
            main
        };
        let members = Some(["apps/web".to_owned()].into());
        let found = read.stale(&Beside { manifest: main, projects, members, ..Beside::default() });
        found.into_iter().map(|(at, stale)| format!("{at}: {}", stale.reason)).next()
    };
    assert_eq!(stale(".", main), None);
    let web = "[project]\nname = \"web\"\nrequires-python = \">=3.11\"\n[build-system]\n";
    assert_eq!(stale("apps/web", web), None);
    let more = web.replace("[build", "dependencies = [\"click\"]\n[build");
    assert_eq!(stale("apps/web", &more).as_deref(), Some("apps/web: not locked: click"));
    let narrower = web.replace("3.11", "3.12");
    let python = ".: locked for Python >=3.11, but the project requires >=3.12";
    assert_eq!(stale("apps/web", &narrower).as_deref(), Some(python));
    let none = web.replace("[build-system]", "");
    let package = "apps/web: `web` was locked as a package, and is none";
    assert_eq!(stale("apps/web", &none).as_deref(), Some(package));
    let group = format!("{web}[dependency-groups]\ndev = [\"pytest\"]\n");
    assert_eq!(stale("apps/web", &group).as_deref(), Some("apps/web: not locked: pytest"));
    // The groups of a folder that is not a member are not locked.
    let common =
        "[project]\nname = \"common\"\ndependencies = [\"six\"]\n[dependency-groups]\ndev = [\"pytest\"]\n";
    assert_eq!(stale("libs/common", common), None);
    assert_eq!(
        stale("libs/common", &common.replace("six", "idna")).as_deref(),
        Some("libs/common: not locked: idna")
    );
    // The first dependency of the main project.
    let more = main.replace("[tool", "dependencies = [\"idna\"]\n[tool");
    assert_eq!(stale(".", &more).as_deref(), Some(".: not locked: idna"));
    let alone = "[project]\nname = \"other\"\n";
    assert_eq!(stale(".", alone).as_deref(), Some(".: locked for the project `shop`, not `other`"));
}

/// uv 0.13.9 writes `python_version < '0'` for a marker that never holds, and then no extra (`uv lock`).
#[test]
fn uv_writes_one_marker_for_what_is_never_installed() {
    let lock = "version = 1\nrevision = 3\n[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { virtual = \".\" }\n\
        [package.metadata]\nrequires-dist = [\n  { name = \"idna\", marker = \"python_version < '0'\" },\n\
        \x20 { name = \"six\", marker = \"python_version < '0'\" },\n]\nprovides-extras = [\"cpu\"]\n";
    let never = "; sys_platform == 'linux' and platform_system != 'Linux'";
    let manifest = format!(
        "[project]\nname = \"shop\"\ndependencies = [\"idna{never}\"]\n\
         [project.optional-dependencies]\ncpu = [\"six{never}\"]\n"
    );
    assert_eq!(stale(Format::Uv, lock, &manifest), None);
    let more = manifest.replace("cpu = [", "cpu = [\"click\", ");
    assert_eq!(stale(Format::Uv, lock, &more).as_deref(), Some("not locked: click (uv lock)"));
}

/// The lock of uv 0.13.9 for this project. Each edit says whether `uv lock --check` accepts the lock after
/// it.
#[test]
fn uv_compares_the_pythons_of_groups() {
    let lock = r#"
version = 1
revision = 5
requires-python = ">=3.9"
[[package]]
name = "demo"
version = "0.1.0"
source = { virtual = "." }
[package.group-requires-python]
dev = ">=3.10,>=3.12"
old = ">=3.10"
[package.metadata]
[package.metadata.requires-dev]
dev = [
    { name = "idna", marker = "python_full_version >= '3.12' and sys_platform == 'linux'" },
    { name = "iniconfig", marker = "python_full_version >= '3.12'" },
    { name = "six", marker = "python_full_version >= '3.12'" },
]
old = [{ name = "iniconfig", marker = "python_full_version >= '3.10'" }]
"#;
    let manifest = r#"
[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = []
[dependency-groups]
dev = ["six", "idna; sys_platform == 'linux'", {include-group = "old"}]
old = ["iniconfig"]
[tool.uv.dependency-groups]
dev = { requires-python = ">=3.12" }
old = { requires-python = ">=3.10" }
"#;
    let settings = Some("locked with other settings: dependency-groups (uv lock)");
    let cases = [
        ("", "", None),
        ("old = [\"iniconfig\"]", "old = [\"iniconfig; python_version >= '3.10'\"]", None),
        ("dev = [\"six\"", "dev = [\"six; python_version >= '3.11'\"", None),
        ("dev = [\"six\"", "dev = [\"six>=1\"", Some("locked for other requirements: six (uv lock)")),
        (">=3.12", ">=3.11", Some("locked for other requirements: idna, iniconfig, six (uv lock)")),
        ("\">=3.10\"", "\">=3.9\"", Some("locked for other requirements: iniconfig (uv lock)")),
        (">=3.12\"", ">=3.12,>=3.8\"", settings),
        (">=3.12\"", ">=3.12,!=3.13.*\"", settings),
        (">=3.12\"", ">=3.12,<4\"", Some("locked for other requirements: idna, iniconfig, six (uv lock)")),
    ];
    for (from, to, expected) in cases {
        let changed = if from.is_empty() { manifest.to_owned() } else { manifest.replace(from, to) };
        assert_eq!(stale(Format::Uv, lock, &changed).as_deref(), expected, "{to}");
    }
    // A lock of an earlier revision has no table for the Python versions.
    let earlier = lock.replace("revision = 5", "revision = 3");
    assert_eq!(stale(Format::Uv, &earlier, &manifest.replace(">=3.12\"", ">=3.12,>=3.8\"")), None);
}

/// Revision 4 may leave out `metadata` in every package.
#[test]
fn a_lock_without_what_was_asked_for_must_have_what_the_project_depends_on() {
    let lock = "version = 1\nrevision = 4\nrequires-python = \">=3.12\"\n[[package]]\nname = \"six\"\nversion = \"1\"\nsource = { registry = \"https://a.example\" }\n\
        [[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"six\" }]\n";
    let manifest = "[project]\nname = \"shop\"\nrequires-python = \">=3.12\"\n\
        dependencies = [\"six\", \"old; python_version < '3.8'\"]\n";
    assert_eq!(stale(Format::Uv, lock, manifest), None);
    let more = manifest.replace("\"six\",", "\"six\", \"idna\",");
    assert_eq!(stale(Format::Uv, lock, &more).as_deref(), Some("not locked: idna (uv lock)"));
}

/// Before 2.3, poetry did not hash `[dependency-groups]`. The first line of a lock names the version of
/// poetry (2.5.1: `poetry check --lock`).
#[test]
fn a_lock_of_a_new_poetry_must_have_the_groups_of_the_project() {
    // poetry 2.1 and 2.5 write this lock for this project without groups.
    let hash = "356ea28cc0a224833d10ed4e84359208ee6800e346fb0b9d2f6e4702658123d1";
    let manifest = "[project]\nname = \"demo\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n";
    let lock = |version: &str| {
        format!(
            "# This file is automatically @generated by Poetry {version} and should not be changed by hand.\n\
             package = []\n[metadata]\nlock-version = '2.1'\ncontent-hash = '{hash}'\n"
        )
    };
    let grouped = format!("{manifest}[dependency-groups]\ndev = [\"six\"]\n");
    for version in ["2.2.1", "2.5.1"] {
        assert_eq!(stale(Format::Poetry, &lock(version), manifest), None, "{version}");
    }
    assert_eq!(stale(Format::Poetry, &lock("2.2.1"), &grouped), None);
    assert!(stale(Format::Poetry, &lock("2.5.1"), &grouped).is_some());
}

#[test]
fn formats_without_a_trace_are_taken_as_fresh() {
    assert_eq!(stale(Format::Pylock, "lock-version = '1.0'\npackages = []", "[project]"), None);
    assert_eq!(stale(Format::Uv, "version = 1", "[project]"), None);
}

/// The lock of uv 0.13.9 for this project, whose dependencies setuptools reads from a file. `uv lock --check`
/// accepts the unchanged lock, and refuses it after each edit.
#[test]
fn uv_compares_what_no_backend_computes() {
    let lock = r#"
version = 1
revision = 5
requires-python = ">=3.11"
[[package]]
name = "shop"
version = "1"
source = { editable = "." }
[package.metadata]
requires-dist = [{ name = "six" }, { name = "six", marker = "extra == 'web'" }]
provides-extras = ["web"]
[package.metadata.requires-dev]
dev = [{ name = "six", specifier = ">=1.16" }]
[[package]]
name = "six"
version = "1.17.0"
source = { registry = "https://index.example/simple" }
"#;
    let manifest = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n\
        dynamic = [\"dependencies\"]\n[project.optional-dependencies]\nweb = [\"six\"]\n\
        [dependency-groups]\ndev = [\"six>=1.16\"]\n[build-system]\nrequires = [\"setuptools\"]\n\
        build-backend = \"setuptools.build_meta\"\n";
    assert_eq!(stale(Format::Uv, lock, manifest), None);
    for (old, new) in [
        ("six>=1.16", "six>=1.15"),
        ("web = [\"six\"]", "web = [\"six\"]\nmore = [\"six\"]"),
        ("web = [\"six\"]", "web = [\"six>=1\"]"),
        ("dev = [", "old = [\"six\"]\ndev = ["),
    ] {
        assert!(stale(Format::Uv, lock, &manifest.replace(old, new)).is_some(), "{new}");
    }
}
