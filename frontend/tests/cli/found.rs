//! Runs `pybuild init` in projects with unusual but common forms, and checks the findings.

use crate::folder::Folder;

/// The written file without its first lines. The function checks that the file has no errors.
fn found(files: &[(&str, &str)]) -> String {
    let folder = Folder::new(files);
    let ran = folder.run(&["init"]);
    let has_command = !ran.stderr.contains("what a container runs was not found");
    assert_eq!(ran.code, i32::from(!has_command), "{}", ran.stderr);
    let check = folder.run(&["check", "--allow-warnings"]);
    assert_eq!(check.code, 0, "{}", check.stdout);
    assert!(!check.stdout.contains("MissingHealthcheck"), "{}", check.stdout);
    let text = std::fs::read_to_string(folder.path().join("pybuild.toml")).unwrap();
    text.split_once("\n\n").unwrap().1.to_owned()
}

const MANAGE: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.local')\n";
const WSGI: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.production')\n";
const BASE: &str = "from pathlib import Path\nimport os\n\nBASE_DIR = Path(__file__).parent.parent.parent\n\
                    SECRET_KEY = os.environ['SECRET_KEY']\nSTATIC_ROOT = BASE_DIR / 'staticfiles'\n";

#[test]
fn a_site_below_with_settings_for_each_place_gets_its_static_files_and_assets() {
    let text = found(&[
        (".python-version", "3.13\n"),
        ("requirements/base.txt", "django\n"),
        ("requirements/prod.txt", "-r base.txt\ngunicorn\n"),
        ("requirements/local.txt", "-r base.txt\nruff\n"),
        ("backend/manage.py", MANAGE),
        ("backend/shop/wsgi.py", WSGI),
        ("backend/shop/settings/__init__.py", ""),
        ("backend/shop/settings/base.py", BASE),
        ("backend/shop/settings/production.py", "from .base import *\n"),
        ("backend/shop/settings/local.py", "from .base import *\n"),
        ("package.json", "{\"scripts\":{\"build\":\"esbuild a.js --outdir=backend/static\"}}"),
    ]);
    let expected = "\
# What `npm run build` makes: `backend/static`.
[stage.assets]
from = \"node:22-slim\"
include = [\".\"]
run = [\"npm install\", \"npm run build\"]
cache = [\"/root/.npm\"]

# Django's static files. The settings ask for variables: these values are for this stage alone.
[stage.static]
from = \"builder\"
include = [\".\"]
copy = [
    { from = \"assets\", path = \"/app/backend/static\", to = \"backend/static\" },
]
run = [\"python backend/manage.py collectstatic --noinput\"]
env.DJANGO_SETTINGS_MODULE = \"shop.settings.production\"
env.SECRET_KEY = \"for this stage alone\"

# Checks are run by `--target test`, each a step of its own.
[stage.test]
checks.ruff = \"ruff check .\"
env.PYTHONPATH = \"/app/backend\"
env.SECRET_KEY = \"for this stage alone\"

[stage.production]
copy = [
    { from = \"static\", path = \"/app/backend/staticfiles\", to = \"backend/staticfiles\" },
]
command = [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"shop.wsgi\"]
env.PYTHONPATH = \"/app/backend\"
expose = [8000]
# Whether the port is open. A page that tells whether the app is well would tell more.
healthcheck = [\"python\", \"-c\", \"import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()\"]
# No image unless the checks pass:
# requires = [\"test\"]
";
    assert_eq!(text, expected);
}

#[test]
fn a_database_in_a_file_can_be_written() {
    let text = found(&[
        (".python-version", "3.13\n"),
        ("requirements.txt", "fastapi\nuvicorn\nsqlalchemy\n"),
        ("app/main.py", "from fastapi import FastAPI\nfrom app.db import engine\n\napp = FastAPI()\n"),
        ("app/db.py", "engine = create_engine(\"sqlite:///./data/shop.db\")\n"),
    ]);
    let expected = "\
[app]
# A database of SQLite is there. It goes with the container unless a volume is mounted.
writable = [\"/app/data\"]

[stage.production]
command = [\"uvicorn\", \"app.main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]
expose = [8000]
# Whether the port is open. A page that tells whether the app is well would tell more.
healthcheck = [\"python\", \"-c\", \"import socket; socket.create_connection(('127.0.0.1', 8000), 3).close()\"]
";
    assert_eq!(text, expected);
}

fn command(files: &[(&str, &str)]) -> String {
    let text = found(files);
    text.lines().find(|line| line.starts_with("command = ")).unwrap_or_default().to_owned()
}

#[test]
fn factories_and_procfiles_say_what_is_served() {
    let factory = (
        "shop/__init__.py",
        "from flask import Flask\n\n\ndef make(mode=None):\n    return Flask(__name__)\n",
    );
    let wsgi = ("wsgi.py", "from shop import make\n\napp = make()\n");
    let requirements = ("requirements.txt", "flask\ngunicorn\n");
    assert_eq!(
        command(&[requirements, factory, wsgi]),
        "command = [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"wsgi:app\"]"
    );
    assert_eq!(
        command(&[requirements, factory]),
        "command = [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"shop:make()\"]"
    );
    let waitress = ("requirements.txt", "flask\nwaitress\n");
    assert_eq!(
        command(&[waitress, factory]),
        "command = [\"waitress-serve\", \"--listen=0.0.0.0:8000\", \"--call\", \"shop:make\"]"
    );
    let flask = "from flask import Flask\n\napp = Flask(__name__)\n";
    let both =
        [requirements, ("app.py", flask), ("admin.py", flask), ("Procfile", "web: gunicorn admin:app\n")];
    // gunicorn listens to 127.0.0.1 unless it is told.
    assert_eq!(command(&both), "command = \"exec gunicorn admin:app --bind 0.0.0.0:${PORT:-8000}\"");
    let starlette = "from starlette.applications import Starlette\n\n\ndef build():\n    app = Starlette()\n    return app\n";
    assert_eq!(
        command(&[("requirements.txt", "starlette\nuvicorn\n"), ("src/shop/web.py", starlette)]),
        "command = [\"uvicorn\", \"--factory\", \"shop.web:build\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]"
    );
}

#[test]
fn modules_below_a_folder_are_found_by_python() {
    let text = found(&[
        ("requirements.txt", "fastapi\nuvicorn\n"),
        ("backend/app/main.py", "from fastapi import FastAPI\nfrom app.db import x\n\napi = FastAPI()\n"),
        ("backend/app/db.py", "x = 1\n"),
    ]);
    assert!(text.contains("\"app.main:api\""), "{text}");
    assert!(text.contains("env.PYTHONPATH = \"/app/backend\"\n"), "{text}");
    // A script has its own folder on the path.
    let text = found(&[
        ("requirements.txt", "idna\n"),
        ("src/job.py", "import names\nif __name__ == \"__main__\":\n    pass\n"),
        ("src/names.py", ""),
    ]);
    assert!(
        text.contains("command = [\"python\", \"src/job.py\"]") && !text.contains("PYTHONPATH"),
        "{text}"
    );
}

#[test]
fn a_version_of_python_is_taken_from_files_of_other_tools() {
    let text = found(&[("requirements.txt", ""), ("runtime.txt", "python-3.12.4\n"), ("main.py", "")]);
    assert!(text.starts_with("[python]\nversion = \"3.12.4\"\n"), "{text}");
}

const WORKSPACE: &str = "version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n\n[manifest]\nmembers = [\"core\", \"web\"]\n\n\
    [[package]]\nname = \"core\"\nversion = \"1\"\nsource = { editable = \"packages/core\" }\n\n\
    [[package]]\nname = \"web\"\nversion = \"1\"\nsource = { editable = \"apps/web\" }\n\
    dependencies = [{ name = \"core\" }]\n";

#[test]
fn of_a_workspace_the_member_that_serves_is_built() {
    let manifest = |name: &str| {
        format!(
            "[project]\nname = \"{name}\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n[build-system]\nrequires = []\n"
        )
    };
    let (core, web) = (manifest("core"), manifest("web"));
    let root = ("pyproject.toml", "[tool.uv.workspace]\nmembers = [\"apps/*\", \"packages/*\"]\n");
    let files = [
        root,
        ("packages/core/pyproject.toml", core.as_str()),
        ("packages/core/src/core/__main__.py", ""),
        ("apps/web/pyproject.toml", web.as_str()),
        ("apps/web/src/web/main.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ];
    let folder = Folder::new(&files);
    let refused = "error: a workspace is built from its lock, and there is none\n  help: make it: `uv lock`, then run \
                   `pybuild init` again\n";
    assert_eq!(folder.run(&["init"]).refusal(), refused);
    let text = found(&[&files[..], &[("uv.lock", WORKSPACE)]].concat());
    assert!(text.contains("[app]\nmember = \"web\"\n"), "{text}");
    assert!(text.contains("\"web.main:app\"") && !text.contains("PYTHONPATH"), "{text}");
}

#[test]
fn a_member_is_checked_with_the_tools_of_its_own_groups() {
    let manifest =
        |name: &str| format!("[project]\nname = \"{name}\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n");
    let (root, web) = (
        "[tool.uv.workspace]\nmembers = [\"apps/*\"]\n[dependency-groups]\ndev = [\"ruff\"]\n",
        format!("{}dependencies = []\n[dependency-groups]\ndev = [\"pytest\"]\n", manifest("web")),
    );
    let lock = "version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n\n[manifest]\nmembers = [\"web\"]\n\n\
        [manifest.dependency-groups]\ndev = [{ name = \"ruff\" }]\n\n\
        [[package]]\nname = \"ruff\"\nversion = \"0.6.0\"\nsource = { registry = \"https://index.example/simple\" }\n\
        wheels = [{ url = \"https://index.example/ruff-0.6.0-py3-none-any.whl\", hash = \"sha256:{HASH}\" }]\n\n\
        [[package]]\nname = \"pytest\"\nversion = \"8.0.0\"\nsource = { registry = \"https://index.example/simple\" }\n\
        wheels = [{ url = \"https://index.example/pytest-8.0.0-py3-none-any.whl\", hash = \"sha256:{HASH}\" }]\n\n\
        [[package]]\nname = \"web\"\nversion = \"1\"\nsource = { virtual = \"apps/web\" }\n\n\
        [package.dev-dependencies]\ndev = [{ name = \"pytest\" }]\n\n\
        [package.metadata.requires-dev]\ndev = [{ name = \"pytest\" }]\n";
    let lock = lock.replace("{HASH}", &"0".repeat(64));
    let text = found(&[
        ("pyproject.toml", root),
        ("uv.lock", &lock),
        ("apps/web/pyproject.toml", &web),
        ("apps/web/main.py", "if __name__ == \"__main__\":\n    pass\n"),
        ("apps/web/tests/test_main.py", ""),
    ]);
    assert!(text.contains("[stage.test]\nchecks.pytest = \"cd apps/web && python -m pytest\"\n"), "{text}");
    assert!(!text.contains("ruff"), "a group of the workspace is not the member's: {text}");
}

#[test]
fn the_page_for_health_is_asked_where_the_app_has_one() {
    let health = |files: &[(&str, &str)]| -> String {
        let text = found(files);
        text.lines().find(|line| line.starts_with("healthcheck")).unwrap_or_default().to_owned()
    };
    let page = |place: &str| {
        format!(
            "healthcheck = [\"python\", \"-c\", \"from urllib.request import urlopen; urlopen('http://127.0.0.1:{place}')\"]"
        )
    };
    let app = "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route('/healthz')\ndef healthz():\n    return ''\n";
    assert_eq!(health(&[("requirements.txt", "flask\ngunicorn\n"), ("app.py", app)]), page("8000/healthz"));
    let streamlit = [("requirements.txt", "streamlit\n"), ("page.py", "import streamlit as st\n")];
    assert_eq!(health(&streamlit), page("8501/_stcore/health"));
    // What listens nowhere is not asked.
    assert_eq!(health(&[("requirements.txt", "idna\n"), ("job.py", "")]), "");
}

#[test]
fn a_health_check_is_made_of_a_dockerfile_whose_command_says_where_it_listens() {
    let from = |end: &str| {
        let folder = Folder::new(&[("requirements.txt", "flask\n"), ("app.py", "")]);
        folder.write("Dockerfile", format!("FROM python:3.13-slim\nEXPOSE 9000\n{end}\n"));
        let ran = folder.run(&["init", "--from", "Dockerfile", "--print"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.lines().filter(|line| line.starts_with("healthcheck")).collect::<String>()
    };
    let port = "healthcheck = [\"python\", \"-c\", \"import socket; socket.create_connection(('127.0.0.1', 9000), 3).close()\"]";
    assert_eq!(from("CMD [\"gunicorn\", \"--bind=0.0.0.0:9000\", \"app:app\"]"), port);
    assert_eq!(from("CMD flask run --host 0.0.0.0 --port 9000"), port);
    assert_eq!(from("CMD [\"python\", \"app.py\"]"), "", "where it listens is not known");
    assert_eq!(from("CMD flask run --port ${PORT:-9000}"), "");
    assert_eq!(from("HEALTHCHECK NONE\nCMD flask run --port 9000"), "healthcheck = false");
}

#[test]
fn a_group_that_is_made_for_tools_is_installed_for_their_checks() {
    let lock = "[metadata]\ngroups = [\"default\", \"lint\", \"test\"]\nstrategy = [\"inherit_metadata\"]\nlock_version = \"4.5.0\"\n\n\
        [[package]]\nname = \"pytest\"\nversion = \"8.0.0\"\ngroups = [\"test\"]\nfiles = [{ file = \"pytest-8.0.0-py3-none-any.whl\", hash = \"sha256:{HASH}\" }]\n\n\
        [[package]]\nname = \"ruff\"\nversion = \"0.6.0\"\ngroups = [\"lint\"]\nfiles = [{ file = \"ruff-0.6.0-py3-none-any.whl\", hash = \"sha256:{HASH}\" }]\n";
    let lock = lock.replace("{HASH}", &"0".repeat(64));
    let manifest = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n\
        [tool.pdm.dev-dependencies]\ntest = [\"pytest\"]\nlint = [\"ruff\"]\n";
    let text = found(&[
        ("pyproject.toml", manifest),
        ("pdm.lock", &lock),
        ("main.py", ""),
        ("tests/test_main.py", ""),
    ]);
    let expected = "[stage.test]\ngroups = [\"test\", \"lint\"]\nchecks.pytest = \"python -m pytest\"\nchecks.ruff = \"ruff check .\"\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn what_only_a_program_could_tell_is_asked_for() {
    let folder =
        Folder::new(&[("setup.py", "from setuptools import setup\nsetup()\n"), ("shop/__init__.py", "")]);
    let refused = "error: what setup.py alone says of dependencies is not known before it is run\n  help: list them: \
                   `uv pip compile setup.py -o requirements.txt`\n  help: or move them into `[project]` of a \
                   pyproject.toml\n";
    assert_eq!(folder.run(&["init"]).refusal(), refused);
    let unread = Folder::new(&[("Pipfile", "[packages]\nscrapy = \"*\"\n"), ("main.py", "")]);
    let refused = "error: no dependencies found: `Pipfile` is not read, and there is nothing else that names them\n  \
                   help: lock it: `pipenv lock`\n";
    assert_eq!(unread.run(&["init"]).refusal(), refused);
    let script = "#!/usr/bin/env -S uv run\n# /// script\n# dependencies = [\"rich\"]\n# ///\nimport rich\n";
    let refused = "error: `fetch.py` names its dependencies itself (PEP 723), and builds do not read them there\n  \
                   help: list them: `uv export --script fetch.py -o requirements.txt`\n";
    assert_eq!(Folder::new(&[("fetch.py", script)]).run(&["init"]).refusal(), refused);
}

#[test]
fn a_folder_of_projects_is_no_project() {
    let files = [
        ("services/api/requirements.txt", "idna\n"),
        ("services/api/main.py", ""),
        ("libs/a/pyproject.toml", ""),
    ];
    let folder = Folder::new(&files);
    let refused = "error: `.` is no project, it has some: `./libs/a`, `./services/api`\n  \
                   help: name one: `pybuild init ./libs/a`\n";
    assert_eq!(folder.run(&["init"]).refusal(), refused);
    // One that has code of its own is a project all the same.
    folder.write("main.py", "");
    assert_eq!(folder.run(&["init", "--print"]).code, 0);
}
