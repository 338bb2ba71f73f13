//! `pybuild init` where files of platforms and of other tools say what runs, and on which Python.

use crate::folder::Folder;

/// The exit code of `init`, and the file.
fn init(files: &[(&str, &str)]) -> (i32, String) {
    let folder = Folder::new(files);
    let ran = folder.run(&["init"]);
    let text = std::fs::read_to_string(folder.path().join("pybuild.toml")).unwrap();
    let check = folder.run(&["check", "--allow-warnings"]);
    assert_eq!(check.code, 0, "{}\n{text}", check.stdout);
    (ran.code, text)
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
}

const FLASK: &str = "from flask import Flask\n\napp = Flask(__name__)\n";

/// Heroku's documentation: `web` gets the port in `PORT`, every other process listens to nobody.
#[test]
fn processes_of_a_procfile_are_stages() {
    let procfile =
        "release: python migrate.py\nweb: gunicorn -w 4 --timeout 90 shop:app\nworker: python worker.py\n";
    let (code, text) = init(&[
        ("requirements.txt", "flask\ngunicorn\n"),
        ("shop.py", FLASK),
        ("worker.py", ""),
        ("Procfile", procfile),
    ]);
    assert_eq!(code, 0);
    has(&text, "command = \"exec gunicorn -w 4 --timeout 90 shop:app --bind 0.0.0.0:${PORT:-8000}\"");
    has(&text, "expose = [8000]");
    has(
        &text,
        "healthcheck = [\"python\", \"-c\", \"import os, socket; socket.create_connection(('127.0.0.1', int(os.environ.get('PORT') or 8000)), 3).close()\"]",
    );
    has(&text, "[stage.worker]");
    has(&text, "command = \"exec python worker.py\"");
    has(&text, "healthcheck = false");
    has(
        &text,
        "# The Procfile's `release` runs before a new version starts: docker run --rm IMAGE python migrate.py",
    );
}

#[test]
fn a_process_may_be_any_program() {
    let (code, text) = init(&[
        ("requirements.txt", "idna\n"),
        ("serve.py", ""),
        ("other.py", ""),
        ("Procfile", "web: python serve.py --port $PORT\n"),
    ]);
    assert_eq!(code, 0);
    has(&text, "command = \"exec python serve.py --port ${PORT:-8000}\"");
    let (code, text) = init(&[
        ("requirements.txt", "idna\n"),
        ("a.py", ""),
        ("b.py", ""),
        ("Procfile", "worker: python b.py\n"),
    ]);
    assert_eq!(code, 0);
    has(&text, "command = \"exec python b.py\"");
}

#[test]
fn a_server_that_no_dependency_brings_is_doubtful() {
    let (code, text) = init(&[
        ("requirements.txt", "flask\n"),
        ("shop.py", FLASK),
        ("Procfile", "web: gunicorn shop:app\n"),
    ]);
    assert_eq!(code, 1);
    has(&text, "# Doubtful: the Procfile runs `gunicorn`, which no dependency brings: add `gunicorn`");
    let fastapi = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let (code, text) = init(&[("requirements.txt", "fastapi\n"), ("main.py", fastapi)]);
    assert_eq!(code, 1);
    has(&text, "# Doubtful: the project names no server for its app: add uvicorn to the dependencies");
    // The extra brings uvicorn and the command `fastapi`.
    let (code, text) = init(&[("requirements.txt", "fastapi[standard]\n"), ("main.py", fastapi)]);
    assert_eq!(code, 0);
    has(&text, "command = [\"fastapi\", \"run\", \"main.py\", \"--port\", \"8000\"]");
}

/// `FastHTML` depends on uvicorn, and keeps the key of its sessions in `.sesskey` (its documentation).
#[test]
fn an_app_of_fasthtml_can_write_its_key() {
    for made in ["app = FastHTML()", "app, rt = fast_app()"] {
        let text = format!("from fasthtml.common import *\n\n{made}\n");
        let (code, text) = init(&[("requirements.txt", "python-fasthtml\n"), ("main.py", &text)]);
        assert_eq!(code, 0);
        has(&text, "command = [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]");
        has(&text, "writable = [\"/app\"]");
    }
}

#[test]
fn a_platform_without_a_procfile_sets_the_port_too() {
    let (code, text) =
        init(&[("requirements.txt", "flask\ngunicorn\n"), ("shop.py", FLASK), ("railway.json", "{}\n")]);
    assert_eq!(code, 0);
    has(&text, "command = \"exec gunicorn --bind 0.0.0.0:${PORT:-8000} shop:app\"");
}

#[test]
fn the_python_of_other_tools_is_taken_where_it_fits() {
    let manifest =
        "[project]\nname = \"job\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = []\n";
    let with = |file: (&str, &str)| init(&[("pyproject.toml", manifest), ("main.py", ""), file]).1;
    has(&with(("mise.toml", "[tools]\npython = \"3.12\"\n")), "version = \"3.12\"");
    has(&with(("runtime.txt", "python-3.13.1\n")), "version = \"3.13.1\"");
    has(&with((".tool-versions", "python 3.11.9\n")), "version = \"3.11.9\"");
    let newest = with(("README.md", ""));
    let newest = newest.lines().find(|line| line.starts_with("version = ")).unwrap();
    has(&with(("mise.toml", "[tools]\npython = \"latest\"\n")), newest);
    let older = with((".tool-versions", "python 3.9.23\n"));
    has(&older, newest);
    let said = "# .tool-versions names Python 3.9.23, which does not fit what the project requires: ";
    assert!(older.lines().any(|line| line.starts_with(said)), "{older}");
}

/// numpy 2.2 has wheels up to Python 3.13: its release notes.
#[test]
fn the_newest_python_for_which_there_are_wheels_is_taken() {
    let wheel = |minor: u32| {
        format!(
            "    {{ url = \"https://index.example/numpy-2.2.3-cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.manylinux2014_x86_64.whl\", hash = \"sha256:{}\" }},\n",
            "0".repeat(64)
        )
    };
    let lock = format!(
        "version = 1\nrequires-python = \">=3.11\"\n\n[[package]]\nname = \"job\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\n\
         dependencies = [{{ name = \"numpy\" }}]\n\n[package.metadata]\nrequires-dist = [{{ name = \"numpy\" }}]\n\n\
         [[package]]\nname = \"numpy\"\nversion = \"2.2.3\"\n\
         source = {{ registry = \"https://index.example/simple\" }}\n\
         sdist = {{ url = \"https://index.example/numpy-2.2.3.tar.gz\", hash = \"sha256:{}\" }}\nwheels = [\n{}{}]\n",
        "0".repeat(64),
        wheel(12),
        wheel(13)
    );
    let manifest = "[project]\nname = \"job\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"numpy\"]\n";
    let (_, text) = init(&[("pyproject.toml", manifest), ("uv.lock", &lock), ("main.py", "")]);
    has(&text, "version = \"3.13\"");
    has(&text, "# Python 3.13 is the newest for which the locked packages have wheels.");
}

#[test]
fn what_no_wheel_brings_is_said() {
    let (_, text) = init(&[("requirements.txt", "playwright\nspacy\n"), ("main.py", "")]);
    assert!(text.contains("# playwright needs a browser"), "{text}");
    assert!(text.contains("# a model of spaCy is a package"), "{text}");
}

/// `pdm install` installs a project without a `[build-system]`, too, and a wheel of it need not have its
/// scripts.
#[test]
fn a_script_of_a_package_is_in_the_image() {
    let manifest = "[project]\nname = \"job\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = []\n\
                    [build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n";
    let (_, text) = init(&[("pyproject.toml", manifest), ("job/__init__.py", ""), ("main.py", "print(1)\n")]);
    has(&text, "command = [\"python\", \"main.py\"]");
    has(&text, "include = [\".\"]");
}
