use crate::folder::{Folder, Ran};

/// What `init` says besides its result, where the project is locked or has no dependencies.
const NOTE: &str = "note: the frontend image is localhost:5000/pybuild:dev, that of `make frontend`; name yours with `--image`\n";

fn written(folder: &Folder) -> String {
    std::fs::read_to_string(folder.path().join("pybuild.toml")).unwrap()
}

/// What was written for these files, once it has been seen that it is a file without mistakes.
fn for_project(files: &[(&str, &str)]) -> String {
    let folder = Folder::new(files);
    let ran = folder.run(&["init", "--image", "registry.example/pybuild:1"]);
    let has_command = !ran.stderr.contains("what a container runs was not found");
    assert_eq!(ran.code, i32::from(!has_command), "{}", ran.stderr);
    let check = folder.run(&["check", "--allow-warnings"]);
    assert_eq!(check.code, 0, "{}", check.stdout);
    assert!(!check.stdout.contains("MissingHealthcheck"), "{}", check.stdout);
    written(&folder)
}

#[test]
fn a_script_gets_a_file_that_is_written_once() {
    let folder = Folder::new(&[("main.py", "print(1)\n"), (".python-version", "3.13\n")]);
    let expected = "\
# syntax=localhost:5000/pybuild:dev
# A script, `main.py` without dependencies.

[dependencies]
requirements = []

[stage.production]
command = [\"python\", \"main.py\"]
";
    let shown = folder.run(&["init", "--print"]);
    assert_eq!((shown.stdout.as_str(), shown.stderr.as_str(), shown.code), (expected, NOTE, 0));
    assert!(!folder.path().join("pybuild.toml").exists(), "nothing is written by --print");
    let said = "wrote pybuild.toml\n  A script, `main.py` without dependencies.\nnext: docker buildx build -f \
                pybuild.toml .\n";
    let ran = folder.run(&["init"]);
    assert_eq!(ran, Ran { stdout: said.to_owned(), stderr: NOTE.to_owned(), code: 0 });
    assert_eq!(written(&folder), expected);
    folder.write("pybuild.toml", "# mine\n");
    let refused = "error: `pybuild.toml` is there already, and is never overwritten\n  help: `--print` shows what would \
                   be written, `--diff` what is different\n";
    assert_eq!(folder.run(&["init"]).refusal(), refused);
    assert_eq!(written(&folder), "# mine\n");
}

#[test]
fn a_flask_app_gets_its_server_its_libraries_and_its_checks() {
    let text = for_project(&[
        (".python-version", "3.13\n"),
        ("requirements.txt", "Flask==3.0.3\ngunicorn\npsycopg2\n"),
        ("requirements-dev.txt", "pytest\nruff\n"),
        ("tests/test_a.py", ""),
        ("web.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ]);
    let expected = "\
# syntax=registry.example/pybuild:1
# App of Flask, `web:app`; dependencies: requirements.txt.

# psycopg2 is compiled with, and loads, libraries of the system.
[system]
build = [\"gcc\", \"libc6-dev\", \"libpq-dev\"]
runtime = [\"libpq5\"]

# Checks are run by `--target test`, each a step of its own.
[stage.test]
checks.pytest = \"python -m pytest\"
checks.ruff = \"ruff check .\"

[stage.production]
command = [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"web:app\"]
expose = [8000]
# Whether the port is open. A page that tells whether the app is well would tell more.
healthcheck = [\"python\", \"-c\", \"import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()\"]
# No image unless the checks pass:
# requires = [\"test\"]
";
    assert_eq!(text, expected);
}

#[test]
fn what_a_container_runs_is_found_for_each_kind_of_project() {
    let command = |files: &[(&str, &str)]| -> String {
        let text = for_project(files);
        text.lines().find(|line| line.starts_with("command = ")).unwrap_or_default().to_owned()
    };
    let manage = "import os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n";
    let django = [
        ("requirements.txt", "django\ngunicorn\n"),
        ("manage.py", manage),
        ("shop/wsgi.py", ""),
        ("shop/settings.py", ""),
    ];
    assert_eq!(command(&django), "command = [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"shop.wsgi\"]");
    let fastapi = [
        ("requirements.txt", "fastapi\nuvicorn\n"),
        ("src/api/main.py", "import fastapi\napi: fastapi.FastAPI = fastapi.FastAPI()\n"),
    ];
    assert_eq!(
        command(&fastapi),
        "command = [\"uvicorn\", \"api.main:api\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]"
    );
    let streamlit = [("requirements.txt", "streamlit\n"), ("page.py", "import streamlit as st\n")];
    assert_eq!(
        command(&streamlit),
        "command = [\"streamlit\", \"run\", \"page.py\", \"--server.address=0.0.0.0\", \"--server.port=8501\"]"
    );
    let manifest = "[project]\nname = \"tool\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = \
                    []\n[project.scripts]\ntool = \"tool:main\"\n[build-system]\nrequires = \
                    [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
    assert_eq!(
        command(&[("pyproject.toml", manifest), ("src/tool/__init__.py", "")]),
        "command = [\"tool\"]"
    );
    assert_eq!(command(&[("job/__main__.py", "")]), "command = [\"python\", \"-m\", \"job\"]");
}

#[test]
fn a_version_that_git_knows_is_an_arg() {
    let manifest = |by: &str, more: &str| {
        format!(
            "[project]\nname = \"tool\"\ndynamic = [\"version\"]\nrequires-python = \">=3.12\"\ndependencies = []\n{more}\
             [build-system]\nrequires = [\"{by}\"]\n"
        )
    };
    let written = |manifest: &str| for_project(&[("pyproject.toml", manifest), ("src/tool/__init__.py", "")]);
    let text = written(&manifest("setuptools_scm[toml]>=8", ""));
    assert!(text.contains("[args]\nVERSION = \"0.0.0\"\n"), "{text}");
    assert!(text.contains("[app]\nversion = \"${VERSION}\"\n"), "{text}");
    let text = written(&manifest("pdm-backend", "[tool.pdm.version]\nsource = \"scm\"\n"));
    assert!(text.contains("[app]\nversion = \"${VERSION}\"\n"), "{text}");
    let text = written(&manifest("versioningit", ""));
    assert!(text.contains("[system]\nbuild = [\"git\"]\n") && !text.contains("[app]"), "{text}");
    // A version that is written down comes from there, whatever else the backend needs.
    let text = written(&manifest("setuptools-scm", "").replace("dynamic = [\"version\"]", "version = \"1\""));
    assert!(!text.contains("VERSION"), "{text}");
}

#[test]
fn an_environment_of_conda_is_a_project() {
    let environment = "channels: [conda-forge]\ndependencies: [python=3.13, numpy]\n";
    let text = for_project(&[("environment.yml", environment), ("main.py", "")]);
    assert!(text.contains("# A script, `main.py`; dependencies: environment.yml.\n"), "{text}");
}

#[test]
fn assets_are_built_by_node_where_the_package_says_to_which_folder() {
    let text = for_project(&[
        ("main.py", ""),
        ("package.json", "{\"scripts\":{\"build\":\"esbuild js/a.js --bundle --outdir=static/js\"}}"),
        ("package-lock.json", "{}"),
        (".nvmrc", "v20.1\n"),
    ]);
    let stage = "\
# What `npm run build` makes: `static/js`.
[stage.assets]
from = \"node:20-slim\"
include = [\".\"]
run = [\"npm ci\", \"npm run build\"]
cache = [\"/root/.npm\"]

[stage.production]
copy = [
    { from = \"assets\", path = \"/app/static/js\", to = \"static/js\" },
]
";
    assert!(text.contains(stage), "{text}");
}

#[test]
fn what_cannot_be_read_is_refused_and_nothing_is_written() {
    let folder = Folder::new(&[("notes.md", "")]);
    let none = "error: `.` is no Python project\n  help: init looks for pyproject.toml, a lock, requirements.txt, or a \
                .py file\n";
    assert_eq!(folder.run(&["init"]).refusal(), none);
    folder.write("app.py", "");
    folder.write("Dockerfile", "RUN true\n");
    let none = "error: Dockerfile has no `FROM`\n  help: name a Dockerfile; nothing has been written\n";
    assert_eq!(folder.run(&["init", "--from", "Dockerfile"]).refusal(), none);
    folder.write("Dockerfile", "FROM python:3.13-slim AS web\n");
    let stage = "error: Dockerfile has no stage `api`\n  help: its stages: web\n";
    assert_eq!(folder.run(&["init", "--from", "Dockerfile", "--target", "api"]).refusal(), stage);
    folder.write("uv.lock", "version = 99\n");
    let lock = folder.run(&["init"]).refusal();
    assert!(
        lock.starts_with("error: no build file is written for this project: uv.lock has version `99`"),
        "{lock}"
    );
    assert!(!folder.path().join("pybuild.toml").exists());
}
