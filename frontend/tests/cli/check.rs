use crate::folder::Folder;

const CLEAN: &str =
    "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\ndependencies.requirements = []\n";

const WRONG: &str = "# syntax=REGISTRY/pybuild:TAG\npython.version = \"3.13\"\ndependencies.requirements = []\n\
                     [stage.production]\nexpose = [\"http\"]\nhealtcheck = \"true\"\n";

#[test]
fn a_project_without_mistakes_is_said_to_have_none() {
    let folder = Folder::new(&[("pybuild.toml", CLEAN)]);
    assert_eq!(folder.run(&["check"]).result(), "pybuild.toml: nothing found\n");
    assert_eq!(folder.run(&["check", "--format", "github"]).result(), "");
}

#[test]
fn mistakes_are_shown_with_their_lines_and_what_to_do() {
    let ran = Folder::new(&[("pybuild.toml", WRONG)]).run(&["check"]);
    let shown = "\
error: `http` is not a port
 --> pybuild.toml:5:11
  |
5 | expose = [\"http\"]
  |           ^^^^^^
  |
  = help: write a number from 1 to 65535, or a string as `\"53/udp\"` or `\"8000-8010\"`

error: unknown key `healtcheck` in [stage.production]; did you mean `healthcheck`?
 --> pybuild.toml:6:1
  |
6 | healtcheck = \"true\"
  | ^^^^^^^^^^

2 errors
";
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str(), ran.code), (shown, "", 1));
}

/// The errors of a build file, each with its help, on one line.
fn errors_of(text: &str, files: &[(&str, &str)]) -> Vec<String> {
    let text = format!("# syntax=REGISTRY/pybuild:TAG\n{text}");
    let folder = Folder::new(&[files, &[("pybuild.toml", text.as_str())]].concat());
    let shown = folder.run(&["check"]).stdout;
    let said = shown.lines().filter_map(|line| {
        let help = line.trim_start().strip_prefix("= ").filter(|line| line.starts_with("help: "));
        line.strip_prefix("error: ").or(help).map(str::to_owned)
    });
    said.collect()
}

#[test]
fn what_is_almost_right_is_told_as_it_should_be_written() {
    let none = "dependencies.requirements = []\n";
    let told = |text: &str| errors_of(&format!("{none}{text}"), &[]);
    assert_eq!(
        told("python.version = 3.13\nsystem.build = \"gcc\"\n[stage.production]\nenv.X = 1.5\n"),
        [
            "`version` must be a string, not a float",
            "help: write it between quotes: `\"3.13\"`",
            "`build` must be a list, not a string",
            "help: write it between brackets: `[\"gcc\"]`",
            "`env.X` must be a string, a whole number or a boolean, not a float",
            "help: write it between quotes: `\"1.5\"`",
        ]
    );
    assert_eq!(
        told(
            "python.version = \"3.13\"\n[stage.production]\ncmd = [\"x\"]\nports = [1]\nenvironment.A = \"1\"\n"
        ),
        [
            "unknown key `cmd` in [stage.production]; did you mean `command`?",
            "unknown key `ports` in [stage.production]; did you mean `expose`?",
            "unknown key `environment` in [stage.production]; did you mean `env`?",
        ]
    );
    assert_eq!(
        told("[production]\ncommand = \"x\"\n"),
        ["unknown key `production` in this file; did you mean `stage.production`?"]
    );
    assert_eq!(
        told("[tool.pybuild]\npython.version = \"3.13\"\n"),
        [
            "unknown key `tool` in this file",
            "help: tables below `tool.pybuild` are for a pyproject.toml: here they stand by themselves",
        ]
    );
    assert_eq!(
        told("python.version = \"latest\"\n"),
        [
            "`latest` is not a version of Python 3",
            "help: write a version as `3.13`, `3.13.1` or, for the free-threaded build, `3.14t`"
        ]
    );
    assert_eq!(
        errors_of("FROM python:3.13\nRUN pip install flask\n", &[]),
        [
            "invalid TOML: key with no value, expected `=`",
            "help: this reads like a Dockerfile: `pybuild init --from FILE` writes a build file for it",
        ]
    );
}

#[test]
fn a_path_that_is_hidden_or_not_there_is_told_with_what_to_do() {
    let text =
        "python.version = \"3.13\"\ndependencies.requirements = []\n[stage.production]\ncopy = [COPY]\n";
    let told = |copy: &str| {
        errors_of(&text.replace("COPY", copy), &[(".env", "A=1\n"), ("assets/a.css", ""), ("main.py", "")])
    };
    assert_eq!(
        told("{ path = \".env\" }"),
        [
            "`.env` is hidden by `**/.env` in the rules built into pybuild",
            "help: write a .dockerignore without such a rule: the built-in ones then do not hold",
        ]
    );
    // The folder of a pattern must exist. The copy step finds out whether a file matches.
    assert_eq!(
        told("{ path = \"asets/*.css\", to = \"/x/\" }"),
        ["`asets` is not in the build context; did you mean `assets`?"]
    );
    assert_eq!(told("{ path = \"assets/*.css\", to = \"/x/\" }"), Vec::<String>::new());
}

#[test]
fn files_that_name_dependencies_and_are_not_read_are_named() {
    let files =
        [("pybuild.toml", "python.version = \"3.13\"\n"), ("Pipfile", "[packages]\n"), ("main.py", "")];
    let shown = Folder::new(&files).run(&["check"]).stdout;
    let expected =
        "warning: no dependencies found: `Pipfile` is not read, and there is nothing else that names them\n";
    assert!(shown.starts_with(expected), "{shown}");
    let help = "  = help: lock it: `pipenv lock`\n  = help: if the app needs none, say so: `[dependencies]` with \
                `requirements = []`\n";
    assert!(shown.contains(help), "{shown}");
}

#[test]
fn the_build_arg_for_rules_replaces_what_the_file_says() {
    let rules = "# check=skip=FloatingBaseTag\n";
    let text = CLEAN.replacen('\n', &format!("\n{rules}"), 1)
        + "[stage.production]\nuser = \"root\"\n[stage.assets]\nfrom = \"node\"\ncommand = [\"node\"]\n";
    let folder = Folder::new(&[("pybuild.toml", &text)]);
    let rules_of = |arguments: &[&str]| -> Vec<String> {
        let all: Vec<_> =
            ["check", "--format", "json"].into_iter().chain(arguments.iter().copied()).collect();
        let found: serde_json::Value = serde_json::from_str(&folder.run(&all).stdout).unwrap();
        let problems = found["problems"].as_array().unwrap().iter();
        problems.map(|problem| problem["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(rules_of(&[]), ["RootUser"]);
    assert_eq!(rules_of(&["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=RootUser"]), ["FloatingBaseTag"]);
    assert_eq!(rules_of(&["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=all"]), Vec::<String>::new());
    let from_shell = folder.run_with(
        &["check", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK"],
        &[("BUILDKIT_DOCKERFILE_CHECK", "skip=all")],
    );
    assert_eq!(from_shell.code, 0, "{}", from_shell.stdout);
    let ran = folder.run(&["check", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("build arg `BUILDKIT_DOCKERFILE_CHECK` has the value `skip`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn colours_come_only_where_they_are_asked_for() {
    let folder = Folder::new(&[("pybuild.toml", WRONG)]);
    let forced = folder.run_with(&["check"], &[("CLICOLOR_FORCE", "1")]).stdout;
    assert!(forced.contains("\u{1b}[1m"), "{forced}");
    let refused = folder.run_with(&["check"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).stdout;
    assert!(!refused.contains('\u{1b}'), "{refused}");
}

#[test]
fn each_format_for_machines_has_the_place_and_the_rule() {
    let folder = Folder::new(&[("api/pybuild.toml", WRONG)]);
    let ran = folder.run(&["check", "api", "--format", "github"]);
    let lines = "\
::error file=api/pybuild.toml,line=5,endLine=5,col=11,endColumn=17,title=BadPort::`http` is not a port%0A  help: \
                 write a number from 1 to 65535, or a string as `\"53/udp\"` or `\"8000-8010\"`
::error file=api/pybuild.toml,line=6,endLine=6,col=1,endColumn=11,title=UnknownKey::unknown key `healtcheck` in \
                 [stage.production]; did you mean `healthcheck`?
";
    assert_eq!((ran.stdout.as_str(), ran.code), (lines, 1));

    let json: serde_json::Value =
        serde_json::from_str(&folder.run(&["check", "api", "--format", "json"]).stdout).unwrap();
    assert_eq!(json["problems"][1]["rule"], "UnknownKey");
    assert_eq!(json["problems"][1]["severity"], "error");
    assert_eq!(json["problems"][1]["start"], serde_json::json!({ "line": 6, "column": 1 }));
    assert_eq!(json["problems"][1]["end"], serde_json::json!({ "line": 6, "column": 11 }));

    let sarif: serde_json::Value =
        serde_json::from_str(&folder.run(&["check", "api", "--format", "sarif"]).stdout).unwrap();
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "BadPort");
    assert_eq!((&result["ruleId"], &result["level"]), (&"BadPort".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "api/pybuild.toml");
    assert_eq!(place["region"]["startColumn"], 11);
}

#[test]
fn a_warning_fails_unless_warnings_are_allowed() {
    let text = "python.version = \"3.13\"\n";
    let folder = Folder::new(&[("pybuild.toml", text), ("requirements.txt", "flask\n")]);
    assert_eq!(folder.run(&["check"]).code, 1);
    let allowed = folder.run(&["check", "--allow-warnings"]);
    assert_eq!(allowed.code, 0);
    assert!(allowed.stdout.ends_with("1 warning\n"), "{}", allowed.stdout);
}

#[test]
fn mistakes_of_locks_are_shown_in_the_lock() {
    let lock = "version = 99\n";
    let folder = Folder::new(&[("pybuild.toml", "python.version = \"3.13\"\n"), ("uv.lock", lock)]);
    let ran = folder.run(&["check"]);
    assert!(ran.stdout.contains("--> uv.lock:1:11"), "{}", ran.stdout);
    assert_eq!(ran.code, 1);
}

#[test]
fn what_cannot_be_checked_is_refused_with_what_to_do() {
    let folder = Folder::new(&[("app.py", "")]);
    let missing = "error: there is no pybuild.toml in `.`\n  help: `pybuild init` writes one\n  help: or name the \
                   build file: `-f FILE`\n";
    assert_eq!(folder.run(&["check"]).refusal(), missing);
    let nowhere =
        "error: `api` does not exist\n  help: name the folder that `docker buildx build` is given\n";
    assert_eq!(folder.run(&["check", "api"]).refusal(), nowhere);
    folder.write("pybuild.toml", [0xff, 0xfe]);
    let latin = "error: pybuild.toml: the file is not UTF-8 text (byte 0)\n  help: save it as UTF-8\n";
    assert_eq!(folder.run(&["check"]).refusal(), latin);
}

#[test]
fn a_pyproject_with_our_table_is_found() {
    let text = "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = []\n[tool.pybuild.stage.production]\nport = 1\n";
    let ran = Folder::new(&[("pyproject.toml", text)]).run(&["check", "--format", "github"]);
    assert!(ran.stdout.starts_with("::error file=pyproject.toml,line=6,"), "{}", ran.stdout);
}

#[test]
fn build_args_that_are_for_builders_need_no_declaration() {
    let folder = Folder::new(&[("pybuild.toml", CLEAN)]);
    let given = [
        ["--build-arg", "BUILDKIT_INLINE_CACHE=1"],
        ["--build-arg", "BUILDKIT_LATER=1"],
        ["--build-arg", "SOURCE_DATE_EPOCH=0"],
        ["--build-arg", "HTTPS_PROXY=http://proxy.example:3128"],
    ];
    for command in ["check", "plan"] {
        let ran = folder.run(&[&[command][..], &given.concat()].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        assert!(!ran.stdout.contains("build arg"), "{}", ran.stdout);
    }
    let ran = folder.run(&["check", "--build-arg", "LEVEL=1"]);
    assert!(ran.stdout.starts_with("warning: build arg `LEVEL`"), "{}", ran.stdout);
    // A file that declares one sees what was given.
    let text = format!(
        "{CLEAN}[args]\nBUILDKIT_MODE = \"default\"\n[stage.production]\nenv.MODE = \"${{BUILDKIT_MODE}} ${{SOURCE_DATE_EPOCH}}\"\n"
    );
    folder.write("pybuild.toml", text);
    let given = ["eject", "--build-arg", "BUILDKIT_MODE=given", "--build-arg", "SOURCE_DATE_EPOCH=7"];
    let ran = folder.run(&given);
    assert!(ran.stdout.contains("ENV MODE=\"given 7\"\n"), "{}{}", ran.stdout, ran.stderr);
}
