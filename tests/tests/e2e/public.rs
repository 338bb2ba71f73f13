//! Realistic projects: from `pybuild init` to a running container, without an edit of a file in between.

use pybuild_tests::project::temporary_folder;
use pybuild_tests::{Build, Container, Engine, Image, Outcome, Project, Request, Result, pybuild};
use serde_json::json;

/// A project of `fixtures/public`, with what `init` writes for it.
fn begun(name: &str) -> Result<Project> {
    let project = Project::fixture(&format!("public/{name}"))?;
    init(&project, &[])?;
    Ok(project)
}

fn init(project: &Project, options: &[&str]) -> Result<String> {
    let image = Engine::get()?.frontend();
    pybuild(project, &[&["init", "--image", image][..], options].concat())
}

/// Its production and its checks, as `init` says that they are made.
fn made(project: &Project) -> Result<Outcome> {
    let outcome = Build::of(project).load().succeed()?;
    Build::of(project).target("test").succeed()?;
    Ok(outcome)
}

/// What the image's health check says of a container whose app has answered.
fn is_well(image: &Image, container: &Container) -> Result {
    let config = image.config()?;
    let test = config.pointer("/Healthcheck/Test").and_then(|test| test.as_array()).into_iter().flatten();
    let words: Vec<&str> = test.filter_map(|word| word.as_str()).collect();
    assert_eq!(words.first(), Some(&"CMD"), "a program with its arguments: {config}");
    container.exec(words.get(1..).unwrap_or_default())?.successful()?;
    Ok(())
}

/// What a step of a Dockerfile can ask: uv reads no configuration of pip.
const LOCK: &str = "FROM python:3.13-slim\n\
    RUN pip install --quiet --root-user-action=ignore uv\n\
    ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt UV_NO_PYTHON_DOWNLOADS=1\n\
    WORKDIR /project\n\
    COPY . .\n\
    RUN uv lock\n\
    FROM scratch\n\
    COPY --from=0 /project/uv.lock /\n";

/// Writes the project's `uv.lock` with uv itself, as its author would. It holds addresses, so it is in no
/// repository of ours.
fn lock(project: &Project) -> Result {
    let folder = temporary_folder()?;
    project.write("lock.Dockerfile", LOCK)?;
    let output = format!("type=local,dest={}", folder.path().display());
    Build::of(project).file("lock.Dockerfile").output(&output).succeed()?;
    project.remove("lock.Dockerfile")?;
    let text = std::fs::read_to_string(folder.path().join("uv.lock")).unwrap_or_default();
    project.write("uv.lock", &text)
}

#[test]
fn a_flask_app_of_a_factory_with_its_database() -> Result {
    let project = begun("flask")?;
    let outcome = made(&project)?;
    let container = Container::start(outcome.image()?, 8000)?;
    let bookmark = Request::post("/bookmarks", "application/json", r#"{"url": "https://example.com/"}"#);
    assert_eq!(container.ask(8000, &bookmark)?.status, 201);
    let page = container.get(8000, "/")?;
    assert!(page.body.contains("<li>https://example.com/</li>"), "{}", page.body);
    assert_eq!(outcome.image()?.prints(&["id", "-u"])?, "10001");
    is_well(outcome.image()?, &container)?;
    Ok(())
}

#[test]
fn a_package_of_poetry_with_a_program() -> Result {
    let outcome = made(&begun("poetry")?)?;
    let container = Container::start(outcome.image()?, 8080)?;
    assert_eq!(container.get(8080, "/rates/USD")?.json()?, json!({ "currency": "USD", "rate": 1.09 }));
    Ok(())
}

#[test]
fn a_fastapi_app_that_uv_has_locked() -> Result {
    let project = Project::fixture("public/uv")?;
    lock(&project)?;
    init(&project, &[])?;
    let outcome = made(&project)?;
    assert!(outcome.progress.warnings.is_empty(), "{:?}", outcome.progress.warnings);
    let container = Container::start(outcome.image()?, 8000)?;
    assert_eq!(container.get(8000, "/health")?.json()?, json!({ "status": "ok", "environment": "local" }));
    is_well(outcome.image()?, &container)?;
    assert_eq!(container.get(8000, "/api/v1/notes/")?.json()?, json!([{ "text": "buy milk" }]));
    Ok(())
}

#[test]
fn a_script_that_pipenv_has_locked() -> Result {
    let project = begun("pipenv")?;
    assert!(project.read("pybuild.toml")?.contains("version = \"3.11\"\n"), "the Python of the Pipfile");
    let outcome = made(&project)?;
    let container = Container::start(outcome.image()?, 8080)?;
    let quote = json!({ "quote": "Simple is better than complex." });
    assert_eq!(container.get(8080, "/quote")?.json()?, quote);
    Ok(())
}

#[test]
fn a_package_in_src_that_pdm_has_locked() -> Result {
    let project = begun("pdm")?;
    let outcome = made(&project)?;
    assert!(outcome.progress.warnings.is_empty(), "{:?}", outcome.progress.warnings);
    let container = Container::start(outcome.image()?, 8000)?;
    // The version is one that PDM's backend reads out of the package.
    assert_eq!(
        container.get(8000, "/")?.json()?,
        json!({ "version": "1.2.0", "harbours": ["cuxhaven", "husum"] })
    );
    assert_eq!(container.get(8000, "/harbours/ulm")?.status, 404);
    is_well(outcome.image()?, &container)?;
    // What is for those who work on it is not shipped.
    assert!(!outcome.image()?.run(&["python", "-c", "import pytest"])?.status.success());
    Ok(())
}

#[test]
fn a_workspace_of_uv_ships_the_member_that_serves() -> Result {
    let project = Project::fixture("public/workspace")?;
    lock(&project)?;
    init(&project, &[])?;
    assert!(project.read("pybuild.toml")?.contains("member = \"web\"\n"));
    let outcome = made(&project)?;
    let container = Container::start(outcome.image()?, 8000)?;
    assert_eq!(container.get(8000, "/hello/Ada")?.json()?, json!({ "message": "Hello, Ada!" }));
    Ok(())
}

#[test]
fn a_django_site_with_assets_of_node() -> Result {
    let project = begun("django")?;
    let outcome = made(&project)?;
    let image = outcome.image()?;
    // The settings want a key, which is no matter of an image.
    let container = Container::start_with(image, 8000, &[("SECRET_KEY", "of this container")])?;
    let page = container.get(8000, "/")?;
    assert_eq!(page.status, 200, "{}", container.logs()?);
    let script = page.body.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a script");
    assert!(script.starts_with("/static/dist/site.") && script != "/static/dist/site.js", "{script}");
    let answer = container.get(8000, script)?;
    assert!(answer.body.contains("document.querySelector(\"#menu\")"), "{}", answer.body);
    // Sessions and the admin's pages are in a database, which can be made.
    is_well(image, &container)?;
    let migrated = container.exec(&["python", "manage.py", "migrate", "--noinput"])?.successful()?;
    assert!(migrated.stdout.contains("Applying entries.0001_initial... OK"), "{}", migrated.stdout);
    assert_eq!(container.get(8000, "/admin/login/")?.status, 200);
    let files = image.files()?;
    assert!(!files.iter().any(|path| path.contains("node_modules") || path.ends_with("/node")));
    Ok(())
}

#[test]
fn files_in_folders_of_their_own_are_found() -> Result {
    // An app below `src` without a package, whose modules import one another from there.
    let project = Project::with(&[
        ("requirements.txt", "bottle\nwaitress\n"),
        (
            "src/server.py",
            "from bottle import default_app, route, run\nfrom pages import text\n\n\n@route(\"/\")\ndef index():\n    return text()\n\n\nif __name__ == \"__main__\":\n    run(host=\"0.0.0.0\", port=8000, server=\"waitress\")\n",
        ),
        ("src/pages.py", "def text():\n    return \"from a page\"\n"),
        (".python-version", "3.11\n"),
    ])?;
    init(&project, &[])?;
    let outcome = Build::of(&project).load().succeed()?;
    let container = Container::start(outcome.image()?, 8000)?;
    assert_eq!(container.get(8000, "/")?.body, "from a page");
    Ok(())
}

#[test]
fn a_site_in_a_folder_below_is_served_from_there() -> Result {
    let project = Project::fixture("public/django")?;
    for (path, file) in Project::files(project.path())? {
        let inside = !(path.starts_with("requirements/") || path.starts_with('.'));
        if inside {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            project.remove(&path)?;
            project.write(&format!("backend/{path}"), &text)?;
        }
    }
    project.remove("backend/package.json")?;
    project.replace(
        "backend/templates/index.html",
        "<script defer src=\"{% static 'dist/site.js' %}\"></script>",
        "",
    )?;
    init(&project, &[])?;
    let outcome = Build::of(&project).load().succeed()?;
    let container = Container::start_with(outcome.image()?, 8000, &[("SECRET_KEY", "of this container")])?;
    let page = container.get(8000, "/")?;
    assert!(page.status == 200 && page.body.contains("href=\"/static/css/site."), "{}", container.logs()?);
    Ok(())
}

#[test]
fn the_command_of_an_existing_dockerfile_is_kept() -> Result {
    let project = Project::fixture("public/flask")?;
    project.write(
        "Dockerfile",
        "FROM python:3.11-slim\n\
         WORKDIR /code\n\
         COPY requirements.txt .\n\
         RUN pip install --no-cache-dir -r requirements.txt\n\
         COPY . .\n\
         RUN useradd --create-home web && mkdir -p /code/instance && chown -R web /code/instance\n\
         USER web\n\
         EXPOSE 9000\n\
         CMD [\"gunicorn\", \"-b\", \"0.0.0.0:9000\", \"wsgi:app\"]\n",
    )?;
    init(&project, &["--from", "Dockerfile"])?;
    let outcome = Build::of(&project).load().succeed()?;
    let container = Container::start(outcome.image()?, 9000)?;
    assert_eq!(container.get(9000, "/")?.status, 200, "{}", container.logs()?);
    assert_eq!(outcome.image()?.prints(&["id", "-un"])?, "web");
    is_well(outcome.image()?, &container)?;
    Ok(())
}
