//! Files and packages from other places: the inputs of each step, and bases that are stages.

use std::collections::BTreeSet;

use super::*;

const FILE: &str = r#"
dependencies.requirements = []
[python]
version = "3.12"
base = "own"
[system]
runtime = ["psql"]
[[system.repositories]]
url = "https://apt.example/debian"
suites = ["bookworm"]
key = "https://apt.example/key"
checksum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
[app]
to = "/code"
workdir = "/code/backend"
copy = [{ from = "ui", path = "/out", to = "static" }]
[stage.own]
from = "debian:12"
packages = ["python3"]
[stage.ui]
from = "node:20"
run = "make"
[stage.production]
copy = [
    { from = "https://files.example/tool%201", checksum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", to = "/opt/" },
    { from = "https://files.example/a.tgz", checksum = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", unpack = true, path = "/a", to = "/opt/a" },
    { from = "https://git.example/t.git#4b825dc642cb6eb9a060e54bf8d69288fbee4904", path = "mail", to = "/opt/mail" },
]
"#;

#[test]
fn bases_repositories_downloads_and_brought_files_are_nodes_of_the_graph() {
    let built = build(FILE, &[("app.py", "")], "production", CapSet::all());
    let names: Vec<_> = built.plan.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["own", "ui", "production"]);
    insta::assert_snapshot!(drawn(&built.image.state));
}

/// apt compares a package in its cache by name, version and size alone, so the caches of two sets of repositories differ.
#[test]
fn repositories_of_ones_own_have_a_cache_of_their_own() {
    let cache = |file: &str| {
        let built = build(file, &[("app.py", ""), ("apt.asc", "")], "production", CapSet::all());
        let drawn = drawn(&built.image.state);
        let ids = drawn.lines().filter(|line| line.contains("/var/cache/apt")).map(str::to_owned);
        ids.collect::<BTreeSet<String>>()
    };
    let file = |repositories: &str| format!("[system]\nruntime = [\"psql\"]\n{repositories}");
    let repository = |url: &str| {
        format!("[[system.repositories]]\nurl = \"{url}\"\nsuites = [\"a\"]\nkey = \"apt.asc\"\n")
    };
    let (one, other) = (repository("https://apt.example/one"), repository("https://apt.example/other"));
    let kinds = ["", one.as_str(), other.as_str(), &format!("{one}{other}")].map(|part| cache(&file(part)));
    assert!(kinds.iter().all(|ids| !ids.is_empty()), "{kinds:?}");
    let all: Vec<&String> = kinds.iter().flatten().collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{kinds:?}");
    assert_eq!(cache(&file(&one)), cache(&file(&one)));
}
