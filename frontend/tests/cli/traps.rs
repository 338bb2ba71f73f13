//! Mistakes that could pass without a message, or that a parser would report in unclear words.

use std::os::unix::fs::PermissionsExt as _;

use crate::folder::Folder;

const HEAD: &str = "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\n";

/// What `check` prints for a build file and files beside it.
fn told(more: &str, files: &[(&str, &str)]) -> String {
    let file = format!("{HEAD}{more}");
    let mut all = vec![("pybuild.toml", file.as_str())];
    all.extend(files);
    Folder::new(&all).run(&["check"]).stdout
}

#[test]
fn a_path_that_loses_the_environment_is_an_error_where_there_is_one() {
    let stage = |more: &str| told(&format!("dependencies.requirements = []\n{more}"), &[]);
    let lost = "error: `PATH` has no `/venv/bin`";
    assert!(stage("[stage.production]\nenv.PATH = \"/opt/bin:/bin\"\n").contains(lost));
    assert!(stage("[stage.test]\nchecks.a = { run = \"true\", env.PATH = \"/bin\" }\n").contains(lost));
    for fine in [
        "[stage.production]\nenv.PATH = \"/opt/bin:${PATH}\"\n",
        "[stage.production]\nenv.PATH = \"/opt/bin:/venv/bin\"\n",
        "[stage.tools]\nfrom = \"node:22\"\nenv.PATH = \"/opt/bin\"\n",
    ] {
        assert!(!stage(fine).contains("PATH"), "{fine}");
    }
}

#[test]
fn a_lock_that_no_tool_has_written_is_told_with_the_command_that_locks_again() {
    let conflict = "version = 1\n<<<<<<< HEAD\nrevision = 2\n=======\nrevision = 3\n>>>>>>> other\n";
    let merge = told("", &[("uv.lock", conflict)]);
    assert!(merge.contains("error: uv.lock has the marks of a merge that was not finished"), "{merge}");
    assert!(merge.contains("uv.lock:2:1") && merge.contains("help: lock again: `uv lock`"), "{merge}");
    let empty = told("", &[("poetry.lock", "\n")]);
    assert!(empty.contains("error: poetry.lock is empty") && empty.contains("`poetry lock`"), "{empty}");
    let damaged = told("", &[("Pipfile.lock", "{ \"_meta\": {")]);
    assert!(damaged.contains("help: lock again: `pipenv lock`"), "{damaged}");
    let half = told("", &[("pdm.lock", "[metadata]\nlock_version = \"4.5\"\n[[package]\n")]);
    assert!(half.contains("help: lock again: `pdm lock`"), "{half}");
}

/// uv 0.13.9 compiles a file onto itself; `uv lock` needs a `[project]` table, and `poetry lock` one of
/// Poetry's.
#[test]
fn what_is_not_locked_is_told_with_a_command_for_the_files_that_are_there() {
    let plain = told("", &[("requirements.txt", "six\n")]);
    let compile = "uv pip compile --universal --generate-hashes requirements.txt -o requirements.txt";
    assert!(plain.contains(&format!("help: commit a lock: `{compile}`")), "{plain}");
    let project = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"six\"]\n";
    assert!(told("", &[("pyproject.toml", project)]).contains("commit a lock: `uv lock`"));
    let poetry = "[tool.poetry]\nname = \"a\"\n[tool.poetry.dependencies]\nsix = \"*\"\n";
    assert!(told("", &[("pyproject.toml", poetry)]).contains("commit a lock: `poetry lock`"));
    for empty in ["", "# nothing yet\n\n", "\u{feff}# nothing\r\n"] {
        let said = told("", &[("requirements.txt", empty)]);
        assert!(!said.contains("not locked"), "{said}");
    }
}

#[test]
fn a_wrong_python_is_told_with_the_file_that_says_it() {
    let project = "[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = \"3.12.*\"\n";
    let said = told("", &[("pyproject.toml", project)]);
    assert!(said.contains("pyproject.toml:4:") && said.contains("`==3.12.*` or `>=3.12`"), "{said}");
    let file = "# syntax=REGISTRY/pybuild:TAG\ndependencies.requirements = []\n";
    let project = "[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n";
    let folder =
        Folder::new(&[("pybuild.toml", file), (".python-version", "3.11\n"), ("pyproject.toml", project)]);
    let said = folder.run(&["check"]).stdout;
    assert!(said.contains("help: change the version in .python-version, or"), "{said}");
}

#[test]
fn a_script_without_the_executable_bit_is_told_of_unless_its_copy_has_a_mode() {
    let file = |more: &str| format!("{HEAD}dependencies.requirements = []\n[stage.production]\n{more}\n");
    let run = |more: &str, mode: u32| {
        let folder = Folder::new(&[("pybuild.toml", &file(more)), ("start.sh", "#!/bin/sh\n")]);
        let script = folder.path().join("start.sh");
        std::fs::set_permissions(script, std::fs::Permissions::from_mode(mode)).unwrap();
        folder.run(&["check"]).stdout
    };
    let told = "`start.sh` may not be executed: it has no executable bit";
    assert!(run("entrypoint = [\"./start.sh\"]", 0o644).contains(told));
    assert!(!run("entrypoint = [\"./start.sh\"]", 0o755).contains(told));
    assert!(!run("entrypoint = [\"sh\", \"./start.sh\"]", 0o644).contains(told));
    let copied =
        "entrypoint = [\"/start.sh\"]\ncopy = [{ path = \"start.sh\", to = \"/start.sh\", mode = \"0755\" }]";
    assert!(!run(copied, 0o644).contains(told));
}

#[test]
fn a_command_is_shown_without_what_a_terminal_obeys() {
    let file =
        format!("{HEAD}dependencies.requirements = []\n[stage.production]\nrun = \"echo \\u001b[2J\"\n");
    let plan = Folder::new(&[("pybuild.toml", &file)]).run(&["plan"]).stdout;
    assert!(!plan.contains('\u{1b}') && plan.contains("run: echo ␛[2J"), "{plan}");
}
