//! `pybuild init` in projects of odd but common shapes: what it finds there.

use crate::folder::Folder;

/// What is written, less the first lines, once it has been seen that it is a file without mistakes.
fn found(files: &[(&str, &str)]) -> String {
    let folder = Folder::new(files);
    let ran = folder.run(&["init"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let check = folder.run(&["check", "--allow-warnings"]);
    assert_eq!(check.code, 0, "{}", check.stdout);
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
    assert_eq!(command(&both), "command = [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"admin:app\"]");
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
fn what_only_a_program_could_tell_is_asked_for() {
    let folder =
        Folder::new(&[("setup.py", "from setuptools import setup\nsetup()\n"), ("shop/__init__.py", "")]);
    let refused = "error: what setup.py alone says of dependencies is not known before it is run\n  help: list them: \
                   `uv pip compile setup.py -o requirements.txt`\n  help: or move them into `[project]` of a \
                   pyproject.toml\n";
    assert_eq!(folder.run(&["init"]).refusal(), refused);
}
