//! Lint: the same warnings from `--call=check` and at the end of a build.

use std::fs;

use pybuild_tests::command::run;
use pybuild_tests::git::Repository;
use pybuild_tests::project::{examples, names_in};
use pybuild_tests::source;
use pybuild_tests::{Build, Engine, Outcome, Project, Result};
use serde_json::Value;

use crate::small::HEAD;

/// A project that breaks nearly every rule. Its tables come after [`HEAD`], which has five lines.
const TABLES: &str = "\
[args]
LEVEL = \"info\"
API_TOKEN = \"\"

[system]
build = [\"libpq5\"]

[stage.lint]
groups = [\"dev\"]

[stage.assets]
from = \"localhost:5000/debian\"
run = \"true\"

[stage.production]
groups = [\"dev\"]
packages = [\"make\"]
user = \"root\"
expose = [8000]
command = \"python app.py\"
run = \"echo $API_TOKEN\"
env.DB_PASSWORD = \"hunter2\"
";

/// What is found in it: the rule, and the file and line.
const FOUND: [(&str, &str, u64); 13] = [
    ("UnknownIgnoreEntry", ".dockerignore", 1),
    ("UnusedArg", "pybuild.toml", 7),
    ("SecretInBuildFile", "pybuild.toml", 8),
    ("MisplacedSystemPackage", "pybuild.toml", 11),
    ("DevelopmentGroupShipped", "pybuild.toml", 14),
    ("UnusedStage", "pybuild.toml", 16),
    ("FloatingBaseTag", "pybuild.toml", 17),
    ("DevelopmentGroupShipped", "pybuild.toml", 21),
    ("CompilerInImage", "pybuild.toml", 22),
    ("RootUser", "pybuild.toml", 23),
    ("MissingHealthcheck", "pybuild.toml", 24),
    ("ShellFormCommand", "pybuild.toml", 25),
    ("SecretInBuildFile", "pybuild.toml", 27),
];

fn careless() -> Result<Project> {
    Project::with(&[
        ("pybuild.toml", &format!("{HEAD}{TABLES}")),
        ("app.py", "print('careless')\n"),
        (".dockerignore", "*.log # noise\n"),
        ("requirements-dev.txt", ""),
        (".env", "KEY=value\n"),
    ])
}

/// What `docker buildx build` prints with `options`, and its exit code.
fn client(project: &Project, options: &[&str]) -> Result<(String, Option<i32>)> {
    let engine = Engine::get()?;
    let file = project.path().join("pybuild.toml").display().to_string();
    let folder = project.path().display().to_string();
    let arguments = [&["buildx", "build", "--quiet"], options, &["-f", &file, &folder]].concat();
    let finished = run(&mut engine.docker(&arguments))?;
    Ok((finished.stdout + &finished.stderr, finished.status.code()))
}

/// A warning: the rule, the file and the line.
type Found = (String, String, u64);

/// The warnings of `--call=check`, and its exit code.
fn check(project: &Project, options: &[&str]) -> Result<(Vec<Found>, Option<i32>)> {
    let (text, code) = client(project, &[&["--call=check,format=json"], options].concat())?;
    Ok((found_in(&text)?, code))
}

/// The warnings of an answer in JSON.
fn found_in(answer: &str) -> Result<Vec<Found>> {
    let answer: Value = serde_json::from_str(answer)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = answer.get("warnings").and_then(Value::as_array).into_iter().flatten().map(|warning| {
        let location = &warning["location"];
        let index = location["sourceIndex"].as_u64().unwrap_or(0);
        let file = answer.pointer(&format!("/sources/{index}/filename")).unwrap_or(&Value::Null);
        let rule = text(&warning["ruleName"]);
        assert_eq!(warning["url"], format!("docs/rules/{rule}.md"));
        let line = location.pointer("/ranges/0/start/line").and_then(Value::as_u64).unwrap_or(0);
        (rule, text(file), line)
    });
    Ok(found.collect())
}

fn owned(found: &[(&str, &str, u64)]) -> Vec<Found> {
    found.iter().map(|(rule, file, line)| ((*rule).to_owned(), (*file).to_owned(), *line)).collect()
}

/// The rules of a build's warnings, in their order.
fn rules(outcome: &Outcome) -> Vec<&str> {
    let shorts = outcome.progress.warnings.iter().map(|warning| warning.short.as_str());
    shorts.map(|short| short.split(':').next().unwrap_or(short)).collect()
}

#[test]
fn a_careless_file_is_told_everything_at_its_line() -> Result {
    let project = careless()?;
    let mut expected = owned(&FOUND);
    let secret = |line| ("SecretFileCopied".to_owned(), "pybuild.toml".to_owned(), line);
    // Nothing hides `.env`, and both images have the whole context.
    expected.insert(5, secret(13));
    let (mut found, code) = check(&project, &[])?;
    assert_eq!(code, Some(1));
    found.sort();
    expected.sort();
    assert_eq!(found, expected);

    let (text, code) = client(&project, &["--call=check"])?;
    assert_eq!(code, Some(1));
    assert!(text.contains("Check complete, 14 warnings have been found!"), "{text}");
    let warning = "WARNING: RootUser - docs/rules/RootUser.md\nstage `production` runs as root\n  \
        help: leave `user` out: the image then runs as `app`, a user without rights\n";
    assert!(text.contains(warning), "{text}");
    assert!(text.contains("  23 | >>> user = \"root\"\n"), "{text}");
    Ok(())
}

#[test]
fn a_build_warns_of_its_own_stages_alone() -> Result {
    let project = careless()?;
    let outcome = Build::of(&project).target("lint").succeed()?;
    let expected = [
        "UnknownIgnoreEntry",
        "UnusedArg",
        "SecretInBuildFile",
        "MisplacedSystemPackage",
        "SecretFileCopied",
        "DevelopmentGroupShipped",
        "UnusedStage",
    ];
    assert_eq!(rules(&outcome), expected);
    let arg = &outcome.progress.warnings[1];
    assert_eq!(
        (arg.short.as_str(), &arg.lines[..]),
        ("UnusedArg: arg `LEVEL` is used nowhere (line 7)", &[7][..])
    );
    assert_eq!(arg.url, "docs/rules/UnusedArg.md");
    assert_eq!(arg.detail[0], "use it as `${LEVEL}`, or take it out");
    Ok(())
}

#[test]
fn images_and_their_settings_are_warned_of_in_a_build() -> Result {
    let project = Project::with(&[
        (
            "pybuild.toml",
            &format!(
                "{HEAD}[stage.base]\nfrom = \"scratch\"\ninclude = [\"app.py\"]\n\
                 [stage.image]\nfrom = \"base\"\nuser = \"0\"\ncommand = \"x\"\n"
            ),
        ),
        ("app.py", ""),
    ])?;
    let outcome = Build::of(&project).target("image").succeed()?;
    assert_eq!(rules(&outcome), ["RootUser", "ShellFormCommand"]);
    let (found, code) = check(&project, &["--target", "image"])?;
    assert_eq!(found, owned(&[("RootUser", "pybuild.toml", 11), ("ShellFormCommand", "pybuild.toml", 12)]));
    assert_eq!(code, Some(1));
    Ok(())
}

#[test]
fn what_a_build_would_not_get_to_is_told_before_it_fails() -> Result {
    let nowhere = format!("{}/e2e/none", Engine::get()?.registry());
    let project = Project::with(&[
        (
            "pybuild.toml",
            &format!(
                "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.9\"\ndependencies.installer = \"pip\"\n\
                 [stage.production]\npackages = [\"make\"]\nexpose = [8000]\n\
                 copy = [{{ from = \"{nowhere}\", path = \"/x\", to = \"/y\" }}]\n"
            ),
        ),
        ("requirements.txt", "six\n"),
        ("app.py", ""),
    ])?;
    let outcome = Build::of(&project).fail()?;
    let mut found = rules(&outcome);
    found.sort_unstable();
    let expected = [
        "CompilerInImage",
        "EndOfLifePython",
        "FloatingBaseTag",
        "MissingHealthcheck",
        "UnpinnedDependencies",
    ];
    assert_eq!(found, expected, "{}", outcome.errors);
    Ok(())
}

#[test]
fn a_project_that_depends_on_nothing_is_told_so_in_a_build() -> Result {
    let text = "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n\
        [stage.files]\nfrom = \"scratch\"\ninclude = [\"app.py\"]\n";
    let project = Project::with(&[("pybuild.toml", text), ("app.py", "")])?;
    let outcome = Build::of(&project).target("builder").succeed()?;
    assert_eq!(rules(&outcome), ["NoDependencies"]);
    // A stage without an environment has no use for any.
    let outcome = Build::of(&project).target("files").succeed()?;
    assert_eq!(rules(&outcome), [""; 0]);
    Ok(())
}

#[test]
fn a_repository_is_looked_through_as_a_folder_is() -> Result {
    let project = careless()?;
    project.write("deploy/keys/.env", "KEY=value\n")?;
    project.remove(".env")?;
    let repository = Repository::of(&project)?;
    let url = repository.url();
    let arguments = ["buildx", "build", "--quiet", "--call=check,format=json", "-f", "pybuild.toml", &url];
    let mut found = found_in(&run(&mut Engine::get()?.docker(&arguments))?.stdout)?;
    // Nothing is left out of a repository, so the lines of its ignore file are not looked at.
    let mut expected = owned(&FOUND[1..]);
    expected.push(("SecretFileCopied".to_owned(), "pybuild.toml".to_owned(), 13));
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn the_head_of_the_file_says_which_rules_count() -> Result {
    let project = careless()?;
    project.replace(
        "pybuild.toml",
        "[python]",
        "# check=skip=UnknownIgnoreEntry,SecretFilesCopied;error=true\n[python]",
    )?;
    let outcome = Build::of(&project).target("lint").fail()?;
    let message = "ERROR: failed to build: failed to solve: lint violation found for rules: DevelopmentGroupShipped, \
        MisplacedSystemPackage, SecretFileCopied, SecretInBuildFile, UnknownRule, UnusedArg, UnusedStage\n";
    assert!(
        outcome.errors.replace("failed to run Build function", "failed to solve").ends_with(message),
        "{outcome:?}"
    );
    assert!(outcome.errors.contains("  17 | >>> [stage.assets]\n"), "{}", outcome.errors);
    let unknown = outcome.progress.warnings.iter().find(|warning| warning.short.starts_with("UnknownRule"));
    let short = unknown.map(|warning| warning.short.as_str());
    let expected = "UnknownRule: there is no rule `SecretFilesCopied` to skip; did you mean `SecretFileCopied`? (line 2)";
    assert_eq!(short, Some(expected));

    // What the client says replaces it.
    let outcome =
        Build::of(&project).target("lint").arg("BUILDKIT_DOCKERFILE_CHECK", "skip=all").succeed()?;
    assert_eq!(rules(&outcome), Vec::<&str>::new());
    let skip_all = ["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=all"];
    assert_eq!(check(&project, &skip_all)?, (Vec::new(), Some(0)));
    Ok(())
}

#[test]
fn a_directive_that_says_nothing_is_an_error_at_its_place() -> Result {
    let project = careless()?;
    project.replace("pybuild.toml", "[python]", "# check=skip\n[python]")?;
    let outcome = Build::of(&project).fail()?;
    let message = "`skip` does not say how to check\n  help: write `skip=RULE,RULE` or `skip=all`, and `error=true`, \
        with `;` between\n";
    assert!(outcome.errors.ends_with(message), "{}", outcome.errors);
    assert!(outcome.errors.contains("   2 | >>> # check=skip\n"), "{}", outcome.errors);
    Ok(())
}

#[test]
fn directives_of_a_pyproject_count_as_well() -> Result {
    let pyproject = "# syntax=localhost:5000/pybuild:dev\n# check=skip=UnusedArg\n[project]\nname = \"shop\"\n\
        version = \"1\"\ndependencies = []\n[tool.pybuild]\npython.version = \"3.11\"\nargs.LEVEL = \"info\"\n\
        stage.production.command = \"x\"\n";
    let project = Project::with(&[("pyproject.toml", pyproject), ("app.py", "")])?;
    let outcome = Build::of(&project).file("pyproject.toml").succeed()?;
    assert_eq!(rules(&outcome), ["ShellFormCommand"]);
    Ok(())
}

#[test]
fn a_stale_lock_is_installed_where_its_rule_is_skipped() -> Result {
    let lock = format!(
        "package = []\n\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\ncontent-hash = \"{}\"\n",
        "0".repeat(64)
    );
    let project = Project::with(&[
        (
            "pybuild.toml",
            "# syntax=localhost:5000/pybuild:dev\n# check=skip=StaleLock\npython.version = \"3.11\"\n",
        ),
        ("app.py", ""),
        ("poetry.lock", &lock),
        (
            "pyproject.toml",
            "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"six\"]\n\
             [tool.poetry]\npackage-mode = false\n",
        ),
    ])?;
    let outcome = Build::of(&project).succeed()?;
    assert_eq!(rules(&outcome), Vec::<&str>::new());
    project.replace("pybuild.toml", "StaleLock", "all")?;
    let outcome = Build::of(&project).fail()?;
    assert!(outcome.errors.contains("poetry.lock is older than pyproject.toml"), "{}", outcome.errors);
    Ok(())
}

#[test]
fn old_pythons_and_open_requirements_are_told_without_building() -> Result {
    let project = Project::with(&[
        (
            "pybuild.toml",
            "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.9\"\ndependencies.installer = \"pip\"\n",
        ),
        ("requirements.txt", "six\n"),
        ("uv.lock", "version = 1\n"),
        ("app.py", ""),
    ])?;
    let (found, code) = check(&project, &[])?;
    let expected = [
        ("LockNotRead", "pybuild.toml", 1),
        ("EndOfLifePython", "pybuild.toml", 2),
        ("UnpinnedDependencies", "requirements.txt", 1),
    ];
    assert_eq!((found, code), (owned(&expected), Some(1)));
    Ok(())
}

#[test]
fn a_package_without_a_wheel_is_told_for_its_platform_and_others_are_not() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store has images of one platform.
    }
    let archive = source::archive("native", "1.0", "")?;
    let hash = "0".repeat(64);
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"native\"\nversion = \"1.0\"\n\
         sdist = {{ name = \"native-1.0.tar.gz\", path = \"native-1.0.tar.gz\", hashes = {{ sha256 = \"{hash}\" }} }}\n\
         wheels = [{{ name = \"native-1.0-cp310-cp310-manylinux_2_17_x86_64.whl\", path = \"native.whl\", \
         hashes = {{ sha256 = \"{hash}\" }} }}]\n"
    );
    let project = Project::with(&[
        ("pybuild.toml", "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n"),
        ("pylock.toml", &lock),
        ("app.py", ""),
    ])?;
    fs::write(project.path().join("native-1.0.tar.gz"), archive).expect("a writable project");
    let (text, code) = client(&project, &["--call=check", "--platform", "linux/amd64,linux/arm64"])?;
    let message = |platform: &str, more: &str| {
        format!(
            "pylock.toml:4: native 1.0 has no wheel for Python 3.11 on {platform} with glibc 2.36: it is built from source{more}\n"
        )
    };
    assert_eq!(code, Some(1));
    assert!(text.contains(&message("linux/amd64", "")), "{text}");
    assert!(text.contains(&message("linux/arm64", ", under emulation")), "{text}");
    let outcome = Build::of(&project).succeed()?;
    assert_eq!(rules(&outcome), ["NoMatchingWheel"]);
    Ok(())
}

#[test]
fn the_examples_are_clean() -> Result {
    let mut names = names_in(&examples())?;
    names.retain(|name| examples().join(name).join("pybuild.toml").is_file());
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let project = Project::example(&name)?;
        let (mut found, _) = check(&project, &[])?;
        // Some show what a project without a lock gets; each warning of that is right.
        found.retain(|(rule, _, _)| rule != "UnlockedDependencies");
        assert_eq!(found, Vec::new(), "{name}");
    }
    Ok(())
}
