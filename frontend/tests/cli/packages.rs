//! The packages that are installed. They are the same as with the project's own tool, or there is an error
//! with the reason.

use crate::folder::Folder;

const HEAD: &str = "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\n";

/// What `check` says of the files, and whether a build would go through.
fn check(build: &str, files: &[(&str, &str)]) -> (String, bool) {
    let file = format!("{HEAD}{build}");
    let mut all = vec![("pybuild.toml", file.as_str()), ("app.py", "")];
    all.extend(files);
    let ran = Folder::new(&all).run(&["check"]);
    let passes = !ran.stdout.contains("error:") && !ran.stderr.contains("error:");
    (ran.stdout, passes)
}

// uv takes `idna` from the folder: `uv lock` writes `source = { directory = "libs/idna" }`.
#[test]
fn a_source_of_uv_without_a_lock_is_an_error_at_its_line() {
    let manifest = "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"idna\"]\n\n[tool.uv.sources]\nidna = { path = \"libs/idna\" }\n";
    let (said, passes) = check("", &[("pyproject.toml", manifest)]);
    for line in [
        "error: `tool.uv.sources.idna` decides what is installed, and only a lock of uv keeps what it says",
        "--> pyproject.toml:7:1",
        "help: commit a lock: `uv lock`",
    ] {
        assert!(!passes && said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn settings_of_a_uv_toml_and_of_other_tools_are_errors_too() {
    let project = "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"idna\"]\n";
    let (said, passes) = check(
        "",
        &[("pyproject.toml", project), ("uv.toml", "exclude-newer = \"7 days\"\nlink-mode = \"copy\"\n")],
    );
    assert!(
        !passes && said.contains("error: `exclude-newer` decides") && said.contains("--> uv.toml:1:1"),
        "{said}"
    );
    assert!(!said.contains("link-mode` decides"), "{said}");
    let pdm = format!("{project}[tool.pdm.resolution.overrides]\nidna = \"3.7\"\n");
    let (said, passes) = check("", &[("pyproject.toml", &pdm)]);
    assert!(
        !passes && said.contains("error: `tool.pdm.resolution` decides") && said.contains("`pdm lock`"),
        "{said}"
    );
}

#[test]
fn settings_of_uv_say_nothing_of_requirements_files() {
    let manifest =
        "[project]\nname = \"shop\"\nversion = \"1\"\n\n[tool.uv.sources]\nidna = { path = \"libs/idna\" }\n";
    let (said, passes) = check("", &[("pyproject.toml", manifest), ("requirements.txt", "idna==3.10\n")]);
    assert!(passes && !said.contains("decides"), "{said}");
}

/// `member` of a workspace's lock.
fn member(value: &str) -> (String, bool) {
    let lock = "version = 1\nrequires-python = \">=3.13\"\n[manifest]\nmembers = [\"shop\", \"web\"]\n\
        [[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { editable = \"apps/shop\" }\n\
        [[package]]\nname = \"web\"\nversion = \"1\"\nsource = { editable = \"apps/web\" }\n";
    let build = format!("[args]\nSERVICE = \"shop\"\n[app]\nmember = \"{value}\"\n");
    check(&build, &[("uv.lock", lock), ("apps/shop/a.py", ""), ("apps/web/a.py", "")])
}

#[test]
fn a_member_can_be_an_arg_and_anything_unknown_is_an_error_at_its_line() {
    assert!(member("${SERVICE}").1, "{}", member("${SERVICE}").0);
    for (value, message) in [
        ("no such", "error: `no such` is not a valid package name"),
        ("shopp", "error: there is no workspace member `shopp` in the lock"),
        ("elsewhere", "error: there is no workspace member `elsewhere` in the lock"),
        ("${SERVIC}", "error: unknown build arg `SERVIC`"),
    ] {
        let (said, passes) = member(value);
        assert!(
            !passes && said.contains(message) && said.contains("--> pybuild.toml:6:10"),
            "{value}\n{said}"
        );
    }
    assert!(member("elsewhere").0.contains("the members of the lock are `shop`, `web`"));
}

const HASHED: &str =
    "six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274\n";

// `pip install -r requirements.txt`: "Hashes are required in --require-hashes mode, but they are missing".
#[test]
fn a_hash_anywhere_in_the_closure_of_requirements_files_holds_for_all_of_them() {
    let requirements = "dependencies.requirements = [\"requirements.txt\"]\n";
    let several = "dependencies.requirements = [\"requirements.txt\", \"other.txt\"]\n";
    for (build, first, other) in [
        (requirements, "-r other.txt\nidna==3.10\n", HASHED),
        (several, "idna==3.10\n", HASHED),
        (requirements, "-r other.txt\n--require-hashes\n", "idna==3.10\n"),
        (requirements, "idna==3.10\n-c other.txt\n", HASHED),
    ] {
        let (said, passes) = check(build, &[("requirements.txt", first), ("other.txt", other)]);
        assert!(!passes && said.contains("`idna` has no hash"), "{first}\n{said}");
    }
}

#[test]
fn a_hash_with_a_blank_counts_and_one_in_a_comment_does_not() {
    let spaced = HASHED.replace("--hash=", "--hash ");
    let (said, passes) = check("", &[("requirements.txt", &format!("{spaced}idna==3.10\n"))]);
    assert!(!passes && said.contains("`idna` has no hash"), "{said}");
    let (said, passes) = check("", &[("requirements.txt", &format!("# {HASHED}idna==3.10\n"))]);
    assert!(passes && said.contains("are not locked"), "{said}");
}

#[test]
fn a_constraint_gives_a_line_its_version_and_hash() {
    let (said, passes) = check("", &[("requirements.txt", "six\n-c pins.txt\n"), ("pins.txt", HASHED)]);
    assert!(passes && !said.contains("not locked"), "{said}");
}

#[test]
fn two_hashed_files_are_one_lock() {
    let idna = "idna==3.10 --hash=sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3\n";
    let build = "dependencies.requirements = [\"requirements.txt\", \"more/other.txt\"]\n";
    let (said, passes) = check(build, &[("requirements.txt", HASHED), ("more/other.txt", idna)]);
    assert!(passes && !said.contains("not locked"), "{said}");
}

#[test]
fn a_stale_lock_that_the_file_lets_pass_stops_no_command() {
    let manifest = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.13\"\ndependencies = [\"idna\"]\n";
    let lock = "version = 1\nrequires-python = \">=3.13\"\n\n[[package]]\nname = \"shop\"\nversion = \"1\"\nsource = { virtual = \".\" }\n\n[package.metadata]\nrequires-dist = [{ name = \"six\" }]\n";
    for (head, passes) in
        [(HEAD.to_owned(), false), (HEAD.replacen('\n', "\n# check=skip=StaleLock\n", 1), true)]
    {
        let files = [
            ("pybuild.toml", head.as_str()),
            ("pyproject.toml", manifest),
            ("uv.lock", lock),
            ("app.py", ""),
        ];
        let folder = Folder::new(&files);
        for command in ["check", "plan", "graph", "eject", "llb"] {
            let ran = folder.run(&[command]);
            let is_told = ran.stdout.contains("uv.lock is older") || ran.stderr.contains("uv.lock is older");
            assert_eq!(!is_told, passes, "{command}\n{}{}", ran.stdout, ran.stderr);
        }
    }
}
