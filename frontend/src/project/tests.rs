use std::sync::Arc;

use super::memory::Memory;
use super::*;
use crate::diagnostics::Source;
use crate::ignore::Patterns;
use crate::spec::{Arguments, ContextPath};

const NOT_LOCKED: &str = "are not locked: the next build may install other versions";

fn detect(file: &str, context: &[(&'static str, &'static str)]) -> (Project, Vec<String>) {
    detect_for(None, file, context)
}

/// For a single target, or for all stages.
fn detect_for(
    target: Option<&str>,
    file: &str,
    context: &[(&'static str, &'static str)],
) -> (Project, Vec<String>) {
    let context = Memory(context.iter().copied().collect());
    let source = Arc::new(Source::new("pybuild.toml", file));
    let (spec, mut found) = Spec::parse(&source, Arguments::default());
    let ignored = Ignored {
        patterns: Patterns::parse(context.0.get(".dockerignore").copied().unwrap_or_default()).unwrap(),
        file: Some(".dockerignore".into()),
    };
    let files = Files { context: &context, ignored: &ignored };
    let spec = spec.expect("a file");
    let scope = target.map_or_else(|| Scope::all(&spec), |target| Scope::of(&spec, target));
    let project = Project::detect(&spec, &scope, &files, &mut found).unwrap();
    let all = found.errors().into_iter().chain(found.warnings());
    let lines = all.map(|one| format!("{}:{}: {}", one.source.name, one.line(), one.problem)).collect();
    (project, lines)
}

#[test]
fn an_empty_file_takes_everything_from_the_project() {
    let (project, problems) = detect(
        "",
        &[
            ("requirements.txt", "flask==3.0.3\n-c constraints.txt\n"),
            ("constraints.txt", "werkzeug<4\n"),
            ("requirements-dev.txt", "-r requirements.txt\npytest==8.3.3\n"),
            (".python-version", "3.12.4\n"),
        ],
    );
    assert_eq!(problems, [format!("pybuild.toml:1: the dependencies in requirements.txt {NOT_LOCKED}")]);
    assert_eq!(project.python, PythonVersion::parse("3.12.4"));
    assert_eq!(project.requirements.label(), "requirements.txt");
    let inputs: Vec<_> = project.requirements.inputs.iter().map(ContextPath::as_str).collect();
    assert_eq!(inputs, ["constraints.txt", "requirements.txt"]);
    let dev = project.requirements_with(&["dev".to_owned()]);
    assert_eq!(dev.label(), "requirements.txt, requirements-dev.txt");
}

#[test]
fn pyproject_gives_dependencies_groups_python_and_labels() {
    let pyproject = r#"
[build-system]
requires = ["hatchling"]
[project]
name = "shop"
version = "1.2"
requires-python = ">=3.10,<3.13"
dependencies = ["flask"]
[project.optional-dependencies]
pg = ["psycopg"]
all = ["shop[pg]", "redis"]
[dependency-groups]
base = ["pytest"]
dev = [{ include-group = "base" }, "black"]
"#;
    let (project, problems) = detect("", &[("pyproject.toml", pyproject)]);
    assert_eq!(problems, [format!("pybuild.toml:1: the dependencies in pyproject.toml {NOT_LOCKED}")]);
    assert_eq!(project.python, PythonVersion::parse("3.12"));
    assert!(project.is_package);
    assert_eq!(project.requirements.inline, ["flask"]);
    assert_eq!(project.groups["dev"].inline, ["pytest", "black"]);
    assert_eq!(project.groups["all"].inline, ["psycopg", "redis"]);
    assert_eq!(project.labels["org.opencontainers.image.version"], "1.2");
}

#[test]
fn what_is_missing_or_hidden_is_told_apart() {
    let file = "[app]\ninclude = [\"ap\", \"secret.txt\", \"web/**\"]\n[dependencies]\nrequirements = [\"requirement.txt\"]\n[stage.dev]\ngroups = [\"develop\"]\n";
    let (_, problems) = detect(
        file,
        &[
            ("requirements.txt", "flask\n"),
            ("requirements-dev.txt", "pytest\n"),
            ("app/main.py", ""),
            ("secret.txt", ""),
            (".dockerignore", "*.md\nsecret*\n"),
        ],
    );
    assert_eq!(
        problems,
        [
            "pybuild.toml:2: `ap` is not in the build context; did you mean `app`?",
            "pybuild.toml:2: `secret.txt` is hidden by `secret*` in .dockerignore",
            "pybuild.toml:4: `requirement.txt` is not in the build context; did you mean `requirements.txt`?",
            "pybuild.toml:6: unknown dependency group `develop`",
        ]
    );
}

#[test]
fn mistakes_in_the_projects_own_files_are_shown_there() {
    let (_, problems) = detect(
        "[python]\nversion = \"3.9\"\n",
        &[
            ("requirements.txt", "flask\n=oops\n-e .\n-r gone.txt\n"),
            ("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.10\"\n"),
        ],
    );
    assert_eq!(
        problems,
        [
            "pybuild.toml:2: Python 3.9 does not satisfy the project's `requires-python = \">=3.10\"`",
            "requirements.txt:2: `=oops` is not a requirement",
            "requirements.txt:3: `-e .` names a folder of the project, which is not an input of this step",
            "requirements.txt:4: `gone.txt` is not in the build context",
            "pybuild.toml:1: the dependencies in requirements.txt are not locked: the next build may install other versions",
        ]
    );
}

#[test]
fn what_is_wrong_with_other_stages_is_not_told() {
    let file = "[app]\ninclude = [\"app.py\", \"gone.py\"]\n\
        [dependencies]\nlock = \"uv.lock\"\n\
        [dependencies.groups]\nserving = [\"serving.txt\"]\n\
        [stage.production]\ngroups = [\"serving\"]\n\
        [stage.assets]\nfrom = \"node:20-slim\"\ninclude = [\"package.json\"]\n\
        [stage.pages]\nfrom = \"scratch\"\ncopy = [{ from = \"assets\", path = \"/app\" }, { path = \"pages\" }]\n";
    let app_lock = [("app.py", ""), ("package.json", "{}"), ("pages", "")];
    let lock = "pybuild.toml:4: `uv.lock` is not in the build context";
    let gone = "pybuild.toml:2: `gone.py` is not in the build context";
    let serving = "pybuild.toml:6: `serving.txt` is not in the build context";
    for (target, expected) in [
        (None, &[gone, lock, serving][..]),
        (Some(""), &[gone, lock, serving]),
        (Some("dev"), &[lock]),
        (Some("builder"), &[lock]),
        (Some("assets"), &[]),
        (Some("pages"), &[]),
    ] {
        assert_eq!(detect_for(target, file, &app_lock).1, expected, "{target:?}");
    }
    // A stage also needs the packages of the stages that it starts from and copies from.
    let (_, problems) = detect_for(Some("pages"), file, &[("pages", "")]);
    assert_eq!(problems, ["pybuild.toml:11: `package.json` is not in the build context"]);
}

#[test]
fn a_project_of_poetry_is_a_package_where_its_table_says_what_it_holds() {
    let package = |lines: &str| {
        let text = format!(
            "[build-system]\nrequires = [\"poetry-core\"]\n[tool.poetry]\nname = \"rates\"\nversion = \"1\"\n{lines}"
        );
        detect("", &[("pyproject.toml", text.leak())]).0.is_package
    };
    assert!(package("packages = [{ include = \"rates\", from = \"src\" }]\n"));
    assert!(package("[tool.poetry.scripts]\nrates = \"rates.main:main\"\n"));
    // Many applications have a name and a version, but are run from their folder and not installed.
    assert!(!package(""));
    assert!(!package("package-mode = false\n[tool.poetry.scripts]\nrates = \"rates.main:main\"\n"));
}

#[test]
fn a_python_is_said_by_the_file_that_it_is_shown_at() {
    let said = |file: &str, context: &[(&'static str, &'static str)]| {
        let (project, problems) = detect(&format!("dependencies.requirements = []\n{file}"), context);
        let place = project.python_said.map(|place| format!("{}:{}", place.source.name, place.line()));
        (project.python.map(|version| version.to_string()), place, problems)
    };
    let found = |version: &str, place: &str| (Some(version.to_owned()), Some(place.to_owned()), Vec::new());
    let requires = ("pyproject.toml", "[project]\nname = \"a\"\nrequires-python = \">=3.11,<3.14\"\n");
    assert_eq!(said("", &[(".python-version", "#\n3.12.*\n")]), found("3.12", ".python-version:2"));
    assert_eq!(said("", &[(".python-version", "<3.13\n"), requires]), found("3.12", ".python-version:1"));
    assert_eq!(said("", &[requires]), found("3.13", "pyproject.toml:3"));
    assert_eq!(said("", &[(".python-version", "3\n"), requires]), found("3.13", "pyproject.toml:3"));
    // The files of other tools, where there is no `.python-version`.
    assert_eq!(said("", &[("runtime.txt", "python-3.12.4\n")]), found("3.12.4", "runtime.txt:1"));
    let asdf = (".tool-versions", "nodejs 20.1\npython 3.12.4 3.11.9\n");
    assert_eq!(said("", &[asdf]), found("3.12.4", ".tool-versions:2"));
    assert_eq!(said("", &[asdf, (".python-version", "3.13\n")]), found("3.13", ".python-version:1"));
    let mise = ("mise.toml", "[tools]\npython = \"3.12\"\n");
    assert_eq!(said("", &[mise, requires]), found("3.12", "mise.toml:2"));
    let latest = (".tool-versions", "python latest\n");
    assert_eq!(said("", &[latest, requires]), found("3.13", "pyproject.toml:3"));
    assert_eq!(
        said("", &[("runtime.txt", "python-3.9.1\n"), requires]).2,
        ["runtime.txt:1: Python 3.9.1 does not satisfy the project's `requires-python = \">=3.11,<3.14\"`"]
    );
    let base = "python.base = \"a.example/python:3.14t-slim\"\n";
    assert_eq!(said(base, &[]), found("3.14t", "pybuild.toml:2"));
    let base = "python.base = \"a.example/python:1\"\npython.version = \"3.14t\"\n";
    assert_eq!(said(base, &[]), found("3.14t", "pybuild.toml:3"));
    let problem =
        |text: &str, file: &'static str| said("", &[(".python-version", file), requires]).2 == [text];
    assert!(problem(
        ".python-version:1: Python 3.13t, the free-threaded build, has no official image",
        "3.13t\n"
    ));
    assert!(problem(
        ".python-version:1: no released Python fits `>=3.14` and the project's `requires-python`",
        ">=3.14\n"
    ));
}

#[test]
fn a_project_is_where_its_lock_is() {
    let manifest = "[project]\nname = \"My_Api\"\nversion = \"2\"\nrequires-python = \">=3.12,<3.13\"\n\
                    [build-system]\nrequires = []\n";
    let lock = "version = 1\nrequires-python = \"==3.12.*\"\n[[package]]\nname = \"my-api\"\nversion = \"2\"\n\
                source = { editable = \".\" }\n";
    let other =
        "[project]\nname = \"other\"\nrequires-python = \">=3.11,<3.12\"\n[build-system]\nrequires = []\n";
    let file = "dependencies.lock = \"backend/uv.lock\"\n";
    let beside = [("backend/uv.lock", lock), ("pyproject.toml", other), (".python-version", "3.12.4\n")];
    let (project, problems) = detect(file, &[&beside[..], &[("backend/pyproject.toml", manifest)]].concat());
    assert_eq!(problems, [""; 0]);
    let below = project.below.unwrap();
    assert_eq!((below.folder.as_str(), below.name.as_str()), ("backend", "my-api"));
    assert_eq!(project.python, PythonVersion::parse("3.12.4"));
    assert_eq!(project.labels["org.opencontainers.image.title"], "My_Api");
    // The nearest file comes first, as in uv and pyenv.
    let nearer = [("backend/pyproject.toml", manifest), ("backend/.python-version", "3.12.9\n")];
    let (project, _) = detect(file, &[&beside[..], &nearer].concat());
    assert_eq!(project.python, PythonVersion::parse("3.12.9"));
    // A lock without a manifest in its folder belongs to the project of the context.
    let (project, _) = detect(
        "dependencies.lock = \"locks/uv.lock\"\n",
        &[("locks/uv.lock", lock), ("pyproject.toml", other)],
    );
    assert!(project.is_package && project.below.is_none());
}

/// The results of `uv lock` 0.13.9 (`virtual` without a build system or with `package = false`, else
/// `editable`), of `poetry install --dry-run` 2.5.1, and of `pdm sync --dry-run` 2.29.4. Poetry installs all
/// projects except those with `package-mode = false`. PDM installs all projects with a name except those with
/// `distribution = false`.
#[test]
fn whether_the_project_is_a_package_is_decided_as_the_tool_of_its_lock_decides() {
    let backend = "[build-system]\nrequires = []\n";
    let uv = |install: &str| {
        format!("version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = {{ {install} = \".\" }}\n")
    };
    let poetry = "[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n".to_owned();
    let pdm = "[metadata]\nlock_version = \"4.5.0\"\nstrategy = [\"inherit_metadata\"]\n".to_owned();
    let cases = [
        ("uv.lock", uv("editable"), backend, true),
        ("uv.lock", uv("editable"), "[tool.uv]\npackage = true\n", true),
        ("uv.lock", uv("virtual"), "", false),
        ("uv.lock", uv("virtual"), "[build-system]\nrequires = []\n[tool.uv]\npackage = false\n", false),
        // uv ignores the settings of other tools.
        (
            "uv.lock",
            uv("editable"),
            "[build-system]\nrequires = []\n[tool.pdm]\ndistribution = false\n",
            true,
        ),
        ("poetry.lock", poetry.clone(), backend, true),
        (
            "poetry.lock",
            poetry.clone(),
            "[build-system]\nrequires = []\n[tool.poetry]\npackage-mode = false\n",
            false,
        ),
        ("poetry.lock", poetry, "[build-system]\nrequires = []\n[tool.uv]\npackage = false\n", true),
        ("pdm.lock", pdm.clone(), backend, true),
        ("pdm.lock", pdm.clone(), "", true),
        ("pdm.lock", pdm.clone(), "[build-system]\nrequires = []\n[tool.pdm]\ndistribution = false\n", false),
        ("pdm.lock", pdm.clone(), "[tool.pdm]\npackage-type = \"application\"\n", false),
        ("pdm.lock", pdm, "[tool.uv]\npackage = false\n", true),
        // If no lock names the tool of the project, each setting counts.
        ("nothing", String::new(), backend, true),
        ("nothing", String::new(), "", false),
        ("nothing", String::new(), "[build-system]\nrequires = []\n[tool.uv]\npackage = false\n", false),
        (
            "nothing",
            String::new(),
            "[build-system]\nrequires = []\n[tool.pdm]\ndistribution = false\n",
            false,
        ),
        ("nothing", String::new(), "[tool.uv]\npackage = true\n", true),
    ];
    for (lock, text, tables, expected) in cases {
        let manifest =
            format!("[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n{tables}");
        let (lock, text, manifest): (&'static str, &'static str, &'static str) =
            (lock, text.leak(), manifest.leak());
        let (project, problems) = detect("", &[(lock, text), ("pyproject.toml", manifest)]);
        assert_eq!(project.is_package, expected, "{lock}: {tables} {problems:?}");
        // The build file has priority over the project's files.
        let (project, _) = detect("app.package = false\n", &[(lock, text), ("pyproject.toml", manifest)]);
        assert!(!project.is_package, "{lock}: {tables}");
    }
}

#[test]
fn groups_and_extras_that_include_one_another_by_many_ways_are_each_read_once() {
    let groups = (0..60)
        .map(|n| format!("g{} = [{{ include-group = \"g{n}\" }}, {{ include-group = \"g{n}\" }}]\n", n + 1));
    let extras = (0..60).map(|n| format!("e{} = [\"shop[e{n}]\", \"shop[e{n}]\"]\n", n + 1));
    let text = [
        "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = []\n".to_owned(),
        format!("[dependency-groups]\ng0 = [\"pytest\"]\n{}", groups.collect::<String>()),
        format!("[project.optional-dependencies]\ne0 = [\"idna\"]\n{}", extras.collect::<String>()),
    ];
    // The files of the test live as long as the process.
    let (project, _) = detect("[python]\nversion = \"3.13\"\n", &[("pyproject.toml", text.concat().leak())]);
    assert_eq!(project.groups["g60"].inline, ["pytest"]);
    assert_eq!(project.groups["e60"].inline, ["idna"]);
}

#[test]
fn a_chain_of_groups_or_extras_of_any_length_is_read_or_refused() {
    let project = |count: usize| {
        let groups = (1..count).map(|n| format!("g{n} = [{{ include-group = \"g{}\" }}]\n", n - 1));
        let extras = (1..count).map(|n| format!("e{n} = [\"shop[e{}]\"]\n", n - 1));
        let text = [
            "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = []\n".to_owned(),
            format!("[dependency-groups]\ng0 = [\"pytest\"]\n{}", groups.collect::<String>()),
            format!("[project.optional-dependencies]\ne0 = [\"idna\"]\n{}", extras.collect::<String>()),
        ];
        // The files of the test live as long as the process.
        detect("[python]\nversion = \"3.13\"\n", &[("pyproject.toml", text.concat().leak())])
    };
    let (read, problems) = project(200);
    assert_eq!(read.groups["g199"].inline, ["pytest"]);
    assert_eq!(read.groups["e199"].inline, ["idna"]);
    assert!(!problems.iter().any(|problem| problem.contains("groups")), "{problems:?}");
    let (_, problems) = project(3000);
    let told = "groups and extras that include one another make more than 100000 requirements";
    assert!(problems.iter().any(|problem| problem.ends_with(told)), "{problems:?}");
}

#[test]
fn a_version_comes_from_git_where_the_backend_says_so_and_none_is_written() {
    let by = |requires: &str, project: &str| {
        let text = format!("[build-system]\nrequires = {requires}\n[project]\nname = \"shop\"\n{project}");
        let found = detect("", &[("pyproject.toml", text.leak())]).0.version_from_git;
        found.map(|found| {
            (found.by.clone(), found.can_be_given(), found.source.position(found.span.start).line)
        })
    };
    let dynamic = "dynamic = [\"version\"]\n";
    let said = |by: &str, given: bool, line: u32| Some((by.to_owned(), given, line));
    assert_eq!(by("[\"setuptools\", \"Setuptools_SCM[toml]>=8\"]", dynamic), said("setuptools-scm", true, 2));
    assert_eq!(by("[\"versioningit~=3.0\"]", dynamic), said("versioningit", false, 2));
    let scm = format!("{dynamic}[tool.pdm.version]\nsource = \"scm\"\n");
    assert_eq!(by("[\"pdm-backend\"]", &scm), said("pdm-backend", true, 7));
    assert_eq!(by("[\"hatchling\"]", dynamic), None);
    assert_eq!(by("[\"setuptools-scm\"]", "version = \"1\"\n"), None);
    let placeholder = by("[\"poetry-dynamic-versioning\"]", "version = \"0.0.0\"\n");
    assert_eq!(placeholder, said("poetry-dynamic-versioning", true, 2));
}

#[test]
fn a_version_is_one_and_not_a_second_one() {
    let manifest =
        "[build-system]\nrequires = []\n[project]\nname = \"shop\"\nversion = \"1.0\"\ndependencies = []\n";
    let (_, problems) =
        detect("python.version = \"3.13\"\napp.version = \"v1.1\"\n", &[("pyproject.toml", manifest)]);
    assert_eq!(problems, ["pybuild.toml:2: the project has the version 1.0: pyproject.toml says so"]);
    let (_, problems) = detect("app.version = \"v1.1-3-g01ab\"\ndependencies.requirements = []\n", &[]);
    assert_eq!(problems, ["pybuild.toml:1: `v1.1-3-g01ab` is not a version of a Python package"]);
    let (project, _) = detect("app.version = \"v1.1\"\ndependencies.requirements = []\n", &[]);
    assert_eq!(project.labels["org.opencontainers.image.version"], "1.1");
}

#[test]
fn a_line_for_the_project_itself_stands_for_what_it_depends_on() {
    let manifest = "[build-system]\nrequires = []\n[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"flask\"]\n\
        [project.optional-dependencies]\nTools = [\"ruff\", \"shop[unit]\"]\nunit = [\"pytest\"]\n";
    let files = [
        ("pyproject.toml", manifest),
        ("requirements.txt", "-e .\ngunicorn # serves\n"),
        ("requirements-dev.txt", "-r requirements.txt\nblack\n--editable=.[tools] \\\n  # all of it\nmypy"),
    ];
    let (project, problems) = detect("python.version = \"3.13\"\n", &files);
    assert_eq!(problems, [format!("pybuild.toml:1: the dependencies in requirements.txt {NOT_LOCKED}")]);
    assert!(project.is_package);
    assert_eq!(project.requirements.inline, ["flask"]);
    let dev = project.requirements_with(&["dev".to_owned()]);
    assert_eq!(dev.inline, ["flask", "ruff", "pytest"]);
    let places = Places { sources: "/s", remote: None, editable: true };
    let read = |path: &str| {
        let text = dev.rewritten(&ContextPath::parse(path).unwrap(), &places).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(read("requirements.txt"), ["", "gunicorn # serves"]);
    assert_eq!(read("requirements-dev.txt"), ["-r requirements.txt", "black", "", "", "mypy"]);
    let lines: Vec<_> = dev.wanted.iter().map(|one| (one.name.as_str(), format!("{:?}", one.at))).collect();
    assert!(lines.contains(&("mypy", "requirements-dev.txt:5".to_owned())), "{lines:?}");
    assert!(lines.contains(&("pytest", "pyproject.toml:9".to_owned())), "{lines:?}");
}

#[test]
fn a_line_for_a_project_that_is_no_package_is_refused() {
    let manifest =
        "[build-system]\nrequires = []\n[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = []\n";
    let told = |file: &str, manifest: &'static str, requirements: &'static str| {
        let files = [("pyproject.toml", manifest), ("requirements.txt", requirements)];
        detect(&format!("python.version = \"3.13\"\n{file}"), &files).1.remove(0)
    };
    let refused =
        "requirements.txt:1: `-e .` names a folder of the project, which is not an input of this step";
    assert_eq!(told("", "[project]\nname = \"shop\"\n", "-e .\n"), refused);
    assert_eq!(told("app.package = false\n", manifest, "-e .\n"), refused);
    let kept = "pybuild.toml:1: `-e .` is in requirements.txt, which has a user name or password: these would be kept with the build";
    assert_eq!(told("", manifest, "-e .\n--index-url https://me:word@pypi.example/simple\n"), kept);
    assert_eq!(told("", manifest, "-e .[dv]\n"), "requirements.txt:1: unknown dependency group `dv`");
    let dynamic: &'static str = manifest.replace("dependencies = []", "dynamic = [\"dependencies\"]").leak();
    let told = told("", dynamic, "-e .\n");
    assert_eq!(
        told,
        "pyproject.toml:6: the project's dependencies are dynamic and cannot be read from pyproject.toml"
    );
}
