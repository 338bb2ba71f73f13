use std::process::Command;

use crate::folder::Folder;

/// A locked project. The names and hashes in its lock are made up, because nothing is downloaded.
pub(crate) fn shop() -> Folder {
    Folder::new(&[
        ("pybuild.toml", include_str!("shop/pybuild.toml")),
        ("pyproject.toml", include_str!("shop/pyproject.toml")),
        ("uv.lock", include_str!("shop/uv.lock")),
        ("app.py", ""),
    ])
}

const AMD64: [&str; 2] = ["--platform", "linux/amd64"];

#[test]
fn a_plan_lists_stages_packages_and_layers_with_sizes_and_reasons() {
    let plan = shop().run(&["plan", AMD64[0], AMD64[1]]).result();
    let expected = "\
production for linux/amd64, Python 3.13, locked by uv.lock

test: from builder with the project's dependencies and dev, and the pip of the base image
  apt: libpq5
  app: all files to /app
  check pytest: pytest

production: from python:3.13-slim
  apt: libpq5
  user: app (10001:10001)
  venv: /venv with the project's dependencies
  app: all files to /app
  waits for the checks of test

Packages of the project: 3, 16.4 MB to download
  PACKAGE  VERSION  SIZE      LAYER            FILE                                               WHY
  numpy    2.1.0    16.3 MB   numpy 2.1.0      numpy-2.1.0-cp313-cp313-manylinux_2_17_x86_64.whl  dependencies
  click    8.1.7    97.9 kB   wheels 14 of 16  click-8.1.7-py3-none-any.whl                       dependencies → flask
  flask    3.0.3    101.7 kB  wheels 14 of 16  flask-3.0.3-py3-none-any.whl                       dependencies

  LAYER            SIZE      PACKAGES
  numpy 2.1.0      16.3 MB   1
  wheels 14 of 16  199.6 kB  2

Packages that dev adds: 1
  PACKAGE  VERSION  SIZE  LAYER                  FILE                         WHY
  pytest   8.3.3    ?     group wheels 04 of 04  pytest-8.3.3.tar.gz (built)  group `dev`

  LAYER                  SIZE  PACKAGES
  group wheels 04 of 04  ?     1
";
    assert_eq!(plan, expected);
}

#[test]
fn another_platform_has_its_own_wheels() {
    let plan = shop().run(&["plan", "--platform", "linux/arm64", "--format", "json"]).result();
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let numpy = &plan["environments"][0]["layers"][0]["packages"][0];
    assert_eq!(plan["platform"], "linux/arm64");
    assert_eq!(numpy["artifact"], "numpy-2.1.0-cp313-cp313-manylinux_2_17_aarch64.whl");
    assert_eq!(numpy["bytes"], 13_900_000);
}

#[test]
fn what_is_not_locked_is_said_to_be_resolved_in_the_build() {
    let folder = Folder::new(&[
        ("pybuild.toml", "python.version = \"3.13\"\n"),
        ("requirements.txt", "flask\n"),
        ("requirements-dev.txt", "pytest\n"),
    ]);
    let plan = folder.run(&["plan", "--target", "dev", AMD64[0], AMD64[1]]).result();
    let expected = "\
dev for linux/amd64, Python 3.13

dev: from builder with the project's dependencies and dev, and the pip of the base image
  app: all files to /app

Packages of the project
  requirements.txt: resolved in the build

Packages that dev adds
  requirements.txt, requirements-dev.txt: resolved in the build
";
    assert_eq!(plan, expected);
}

#[test]
fn a_lock_without_addresses_gives_packages_and_leaves_layers_open() {
    let lock = "[[package]]\nname = \"click\"\nversion = \"8.1.7\"\ndescription = \"\"\noptional = false\n\
                python-versions = \">=3.7\"\ngroups = [\"main\"]\nfiles = [\n    {file = \
                \"click-8.1.7-py3-none-any.whl\", hash = \"sha256:\
                1111111111111111111111111111111111111111111111111111111111111111\"},\n]\n\n[metadata]\n\
                lock-version = \"2.1\"\npython-versions = \">=3.12\"\ncontent-hash = \"\"\n";
    let folder = Folder::new(&[("pybuild.toml", "python.version = \"3.13\"\n"), ("poetry.lock", lock)]);
    let plan = folder.run(&["plan", AMD64[0], AMD64[1]]).result();
    assert!(plan.contains("addresses of 1 locked package: resolved in the build"), "{plan}");
    assert!(
        plan.contains("click    8.1.7    ?     resolved in the build  click-8.1.7-py3-none-any.whl"),
        "{plan}"
    );
}

#[test]
fn a_project_with_mistakes_has_no_plan() {
    let folder =
        Folder::new(&[("pybuild.toml", "pyhton.version = \"3.13\"\ndependencies.requirements = []\n")]);
    let said = "error: unknown key `pyhton` in this file; did you mean `python`?\n  help: `pybuild check` shows the \
                lines\n";
    assert_eq!(folder.run(&["plan"]).refusal(), said);
}

fn git(folder: &Folder, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"];
    let mut command = Command::new("git");
    let ran = command.arg("-C").arg(folder.path()).args(identity).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_difference_says_what_a_lock_s_change_makes_and_pushes_again() {
    let folder = shop();
    git(&folder, &["init", "-q"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "before"]);
    let same = folder.run(&["plan", "--diff", "HEAD", AMD64[0], AMD64[1]]).result();
    let expected = "\
production for linux/amd64: what differs from HEAD

No package and no step differs.

Layers of packages
  kept: 3 of 3, 16.4 MB

Files of the app are not compared: a changed one makes the app's layer again.
";
    assert_eq!(same, expected);
    let lock = include_str!("shop/uv.lock").replace("8.1.7", "8.1.8").replace("1111111111", "1111111112");
    folder.write("uv.lock", lock);
    let changed = folder.run(&["plan", "--diff", "HEAD", AMD64[0], AMD64[1]]).result();
    let expected = "\
production for linux/amd64: what differs from HEAD

Packages
  ~ click 8.1.7 -> 8.1.8

Layers of packages
  made and pushed again: wheels 14 of 16, 199.6 kB (click 8.1.8, flask 3.0.3)
  kept: 2 of 3, 16.3 MB

Steps that run again
  [wheels] click 8.1.8
  [wheels] unpack: click, flask
  [wheels] compare: files of 2 layers
  [wheels] compare: files of 3 layers
  [builder] environment
  [test] apt: libpq5
  [test] check: pytest
  [production] app: all files to /app
  [production] image

Files of the app are not compared: a changed one makes the app's layer again.
";
    assert_eq!(changed, expected);
    let json = folder.run(&["plan", "--diff", "HEAD", "--format", "json", AMD64[0], AMD64[1]]).result();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["packages"][0]["after"], "8.1.8");
    assert_eq!(json["layers"]["kept"], 2);
}

#[test]
fn a_difference_needs_a_revision_that_git_knows() {
    let folder = shop();
    let said = "error: `HEAD` is no revision of a git repository at `.`\n  help: name a commit, a branch or a tag, as \
                `HEAD` or `main`\n";
    assert_eq!(
        folder.run_with(&["plan", "--diff", "HEAD"], &[("GIT_CEILING_DIRECTORIES", "/")]).refusal(),
        said
    );
}

#[test]
fn the_graph_of_a_build_is_printed_with_what_is_not_pinned() {
    let ran = shop().run(&["llb", AMD64[0], AMD64[1]]);
    let graph: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let ops = graph["ops"].as_array().unwrap();
    assert!(ops.iter().any(|op| op["identifier"] == "docker-image://docker.io/library/python:3.13-slim"));
    assert!(ops.iter().any(|op| op["identifier"] == "https://files.example/flask-3.0.3-py3-none-any.whl"));
    let note =
        "note: images are not looked up: `python:3.13-slim` as named, not pinned; a build's digests differ\n";
    assert_eq!((ran.stderr.as_str(), ran.code), (note, 0));
}

/// The lock has the form that uv 0.13 writes for such a manifest; `uv export --extra cpu` gives markupsafe
/// 2.1.5, and without an extra 3.0.2.
#[test]
fn extras_that_conflict_replace_packages_of_the_project() {
    let package = |version: &str, digit: char| {
        let file = format!("markupsafe-{version}-py3-none-any.whl");
        format!(
            "[[package]]\nname = \"markupsafe\"\nversion = \"{version}\"\nsource = {SOURCE}\nwheels = [{{ url = \
             \"https://files.example/{file}\", hash = \"sha256:{}\", size = 10 }}]\n",
            digit.to_string().repeat(64)
        )
    };
    let edge = |version: &str| format!("name = \"markupsafe\", version = \"{version}\", source = {SOURCE}");
    let (old, new) = (edge("2.1.5"), edge("3.0.2"));
    let lock = format!(
        "version = 1\nrevision = 3\nrequires-python = \">=3.13\"\nconflicts = [[{{ package = \"shop\", extra = \
         \"cpu\" }}, {{ package = \"shop\", extra = \"gpu\" }}]]\n[[package]]\nname = \"shop\"\nversion = \"1\"\n\
         source = {{ virtual = \".\" }}\ndependencies = [{{ {old}, marker = \"extra == 'extra-4-shop-cpu'\" }}, {{ \
         {new}, marker = \"extra == 'extra-4-shop-gpu' or extra != 'extra-4-shop-cpu'\" }}]\n\
         [package.optional-dependencies]\ncpu = [{{ {old} }}]\ngpu = [{{ {new} }}]\n[package.metadata]\n\
         requires-dist = [{{ name = \"markupsafe\" }}, {{ name = \"markupsafe\", marker = \"extra == 'cpu'\", \
         specifier = \"==2.1.5\" }}, {{ name = \"markupsafe\", marker = \"extra == 'gpu'\", specifier = \"==3.0.2\" \
         }}]\nprovides-extras = [\"cpu\", \"gpu\"]\n{}{}",
        package("2.1.5", 'a'),
        package("3.0.2", 'b')
    );
    let manifest = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.13\"\ndependencies = \
                    [\"markupsafe\"]\n[project.optional-dependencies]\ncpu = [\"markupsafe==2.1.5\"]\ngpu = \
                    [\"markupsafe==3.0.2\"]\n[tool.uv]\npackage = false\nconflicts = [[{ extra = \"cpu\" }, { extra = \
                    \"gpu\" }]]\n";
    let folder = Folder::new(&[
        (
            "pybuild.toml",
            "[python]\nversion = \"3.13\"\n[stage.production]\ngroups = [\"cpu\"]\ncommand = \"app\"\n",
        ),
        ("pyproject.toml", manifest),
        ("uv.lock", &lock),
    ]);
    let plan = folder.run(&["plan", AMD64[0], AMD64[1]]).result();
    assert!(plan.contains("Packages of the project: 1, 10 B to download\n"), "{plan}");
    assert!(
        plan.contains("Packages of the layers that cpu adds or replaces: 1, 10 B to download\n"),
        "{plan}"
    );
    let versions = ["2.1.5", "3.0.2"].map(|version| plan.find(&format!("markupsafe  {version}")));
    assert!(matches!(versions, [Some(with_cpu), Some(without)] if without < with_cpu), "{plan}");
}

const SOURCE: &str = "{ registry = \"https://index.example/simple\" }";

/// A bill of materials as builds write it: the names, versions and comments of packages.
fn bill(creator: &str, packages: &[(&str, &str, &str)]) -> String {
    let package = |(name, version, files): &(&str, &str, &str)| {
        let comment = match *files {
            "" => String::new(),
            files => format!(r#", "comment": "Python runs at every start: {files}""#),
        };
        format!(
            r#"{{"name": "{name}", "SPDXID": "SPDXRef-Python-{name}", "versionInfo": "{version}",
            "downloadLocation": "NOASSERTION", "filesAnalyzed": false, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION"{comment}}}"#
        )
    };
    let packages: Vec<_> = packages.iter().map(package).collect();
    format!(
        r#"{{"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "shop",
        "documentNamespace": "https://spdx.example/1", "creationInfo": {{"created": "1970-01-01T00:00:00Z",
        "creators": ["{creator}"]}}, "packages": [{}], "relationships": []}}"#,
        packages.join(",")
    )
}

#[test]
fn two_bills_say_which_package_has_come_to_run_code_at_every_start() {
    let folder = shop();
    let ours = "Tool: pybuild-0.1.0";
    let old =
        bill(ours, &[("a", "1.0", "a-1.0-nspkg.pth"), ("b", "1", ""), ("c", "1", "c.pth, sitecustomize.py")]);
    let new = bill(
        ours,
        &[
            ("a", "2.0", "a-2.0-nspkg.pth"),
            ("b", "2", "b.start"),
            ("c", "1", "c.pth"),
            ("d", "3", "d.pth, usercustomize.py"),
        ],
    );
    folder.write("old.json", &old);
    // `--output type=local` writes a statement around the document.
    folder.write(
        "new.json",
        format!(r#"{{"_type": "https://in-toto.example/Statement", "predicate": {new}}}"#),
    );
    let listed = "Files that Python runs at every start, and that were not there before\n  b 1 -> 2: b.start\n  \
                  d 3, a new package: d.pth, usercustomize.py\n";
    let ran = folder.run(&["plan", "--bills", "old.json", "new.json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, listed));
    let ran = folder.run(&["plan", "--bills", "old.json", "new.json", "--format", "json"]);
    assert!(ran.code == 1 && ran.stdout.contains("\"before\": \"1\""), "{}", ran.stdout);
    let ran = folder.run(&["plan", "--bills", "new.json", "old.json"]);
    assert_eq!(ran.code, 1, "what c brought before is new the other way round: {}", ran.stdout);
    let ran = folder.run(&["plan", "--bills", "new.json", "new.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    // Another tool's bill has no word of such files: no news would be wrong.
    folder.write("other.json", bill("Tool: other-1", &[]));
    let refused = folder.run(&["plan", "--bills", "old.json", "other.json"]).refusal();
    assert!(
        refused.contains("`other.json` is no bill of materials of pybuild: another tool has made it"),
        "{refused}"
    );
    let refused = folder.run(&["plan", "--bills", "old.json", "/dev/zero"]).refusal();
    assert!(
        refused.contains("`/dev/zero` is no bill of materials: no file of less than 64 MiB"),
        "{refused}"
    );
}
