//! The steps that give a build backend a version.

use std::collections::BTreeMap;

use super::*;

const GIVEN: &str = "python.version = \"3.13\"\napp.version = \"v1.2\"\n";
const SHOP: (&str, &str) = (
    "pyproject.toml",
    "[build-system]\nrequires = [\"hatch-vcs\"]\n[project]\nname = \"shop\"\ndynamic = [\"version\"]\n",
);
const LOCKED: &str = r#"
lock-version = "1.0"
created-by = "test"
[[packages]]
name = "docopt"
version = "0.6.2"
sdist = { url = "https://files.example/docopt-0.6.2.tar.gz", size = 25000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000004" } }
[[packages]]
name = "till"
version = "0.3.dev1"
vcs = { type = "git", url = "https://git.example/till.git", commit-id = "0123456789012345678901234567890123456789" }
[[packages]]
name = "libs"
directory = { path = "libs" }
"#;

/// The version in the environment of each step that builds a package.
fn versions(file: &str, target: &str, lock: &'static str) -> BTreeMap<String, Vec<String>> {
    let files = [SHOP, ("shop/__init__.py", ""), ("libs/setup.py", ""), ("pylock.toml", lock)];
    let json = build(file, &files, target, CapSet::all()).image.state.marshal().to_json();
    let mut found = BTreeMap::new();
    for op in json["ops"].as_array().unwrap().iter().filter(|op| op["type"] == "exec") {
        let name = name_of(op).unwrap();
        let env = op["env"].as_array().into_iter().flatten().map(|entry| entry.as_str().unwrap());
        let variables = crate::emit::environment::VERSION_VARIABLES;
        let is_one = |entry: &&str| variables.iter().any(|name| entry.starts_with(&format!("{name}=")));
        let given: Vec<_> = env.filter(is_one).map(str::to_owned).collect();
        if ["project: wheel", "project: build", "project: editable", "] build: "]
            .iter()
            .any(|title| name.contains(title))
        {
            found.insert(name.rsplit("] ").next().unwrap().to_owned(), given);
        }
    }
    found
}

fn given(version: &str) -> Vec<String> {
    crate::emit::environment::VERSION_VARIABLES.iter().map(|name| format!("{name}={version}")).collect()
}

#[test]
fn what_the_context_has_is_built_with_the_projects_and_what_git_has_with_the_locks() {
    let steps = versions(GIVEN, "", LOCKED);
    let expected = [
        ("build: docopt 0.6.2", Vec::new()),
        ("build: libs", given("1.2")),
        ("build: till 0.3.dev1", given("0.3.dev1")),
        ("project: wheel", given("1.2")),
    ];
    assert_eq!(steps, expected.map(|(name, version)| (name.to_owned(), version)).into());
    assert_eq!(versions(GIVEN, "dev", LOCKED)["project: editable"], given("1.2"));
}

#[test]
fn nothing_is_given_where_the_file_says_nothing() {
    let steps = versions("python.version = \"3.13\"\n", "", LOCKED);
    assert_eq!(steps["project: wheel"], Vec::<String>::new());
    assert_eq!(steps["build: till 0.3.dev1"], given("0.3.dev1"));
}

#[test]
fn pip_is_given_it_too() {
    let steps = versions(&format!("{GIVEN}dependencies.installer = \"pip\"\n"), "", "");
    assert_eq!(steps, [("project: build".to_owned(), given("1.2"))].into());
}
