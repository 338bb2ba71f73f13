//! Tests `examples/flask` against its README.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Container, Project, Result};
use serde_json::json;

#[test]
fn production_answers_requests() -> Result {
    let outcome = Build::of(&Project::example("flask")?).load().succeed()?;
    let container = Container::start(outcome.image()?, 8000)?;

    let health = container.get(8000, "/health")?;
    assert_eq!((health.status, health.json()?), (200, json!({ "status": "healthy" })));
    let index = container.get(8000, "/")?;
    assert_eq!(index.status, 200);
    assert_eq!(index.json()?, json!({ "message": "Hello from pybuild!", "environment": "production" }));
    Ok(())
}

#[test]
fn production_runs_as_an_ordinary_user_who_owns_nothing() -> Result {
    let outcome = Build::of(&Project::example("flask")?).load().succeed()?;
    let image = outcome.image()?;

    let config = image.config()?;
    assert!(!matches!(config["User"].as_str(), None | Some("" | "root" | "0")), "{config}");
    assert_eq!(image.prints(&["id", "-u"])?, "10001");
    assert_eq!(image.prints(&["id", "-un"])?, "app");
    assert_eq!(image.prints(&["pwd"])?, "/app");
    assert_eq!(
        image.prints(&["stat", "-c", "%U", "/app", "/app/app.py", "/venv/bin/gunicorn"])?,
        "root\nroot\nroot"
    );
    for path in ["/app/new", "/venv/new", "/usr/bin/new"] {
        assert!(!image.run(&["touch", path])?.status.success(), "{path} can be written");
    }
    Ok(())
}

#[test]
fn production_has_nothing_that_only_builds_and_tests_need() -> Result {
    let outcome = Build::of(&Project::example("flask")?).load().succeed()?;
    let files = outcome.image()?.files()?;

    assert!(files.contains("app/app.py"), "the app is missing");
    assert!(files.contains("venv/bin/gunicorn"), "the venv is missing");
    let app: Vec<_> = files.iter().filter(|path| path.starts_with("app/")).collect();
    assert_eq!(app, ["app/", "app/app.py"], "only what the stage includes is there");
    let unwanted = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or_default();
        matches!(name, "gcc" | "cc" | "cc1" | "make" | "pytest" | "flake8")
            || path.contains("/_pytest/")
            || path.contains(".cache/pip")
            || path.starts_with("root/.cache/")
    };
    assert_eq!(files.iter().filter(unwanted).collect::<Vec<_>>(), Vec::<&String>::new());
    Ok(())
}

#[test]
fn the_health_check_needs_no_curl() -> Result {
    let project = Project::example("flask")?;
    project.replace(
        "pybuild.toml",
        "healthcheck = \"python",
        "healthcheck.interval = \"1s\"\nhealthcheck.command = \"python",
    )?;
    let outcome = Build::of(&project).load().succeed()?;
    let container = Container::start(outcome.image()?, 8000)?;

    assert_eq!(container.health()?, "healthy");
    Ok(())
}

#[test]
fn dev_has_the_developers_packages_and_the_whole_project() -> Result {
    let outcome = Build::of(&Project::example("flask")?).target("dev").load().succeed()?;
    let image = outcome.image()?;

    let tests = image.run(&["python", "-m", "pytest", "-q"])?.successful()?;
    assert!(tests.stdout.contains("3 passed"), "{}", tests.stdout);
    assert!(image.prints(&["flake8", "--version"])?.starts_with("7."));
    Ok(())
}

#[test]
fn the_test_target_runs_every_check() -> Result {
    let project = Project::example("flask")?;
    project.append("tests/test_app.py", &format!("# {}\n", nonce()))?;
    let outcome = Build::of(&project).target("test").succeed()?;

    let pytest = outcome.step("check: pytest")?;
    assert!(pytest.ran());
    let log = outcome.progress.log_of(pytest);
    assert!(log.contains("test_health_is_healthy PASSED") && log.contains("3 passed"), "{log}");
    assert!(outcome.step("check: flake8")?.ran());
    Ok(())
}

#[test]
fn the_builder_is_a_target_with_the_dependencies_alone() -> Result {
    let outcome = Build::of(&Project::example("flask")?).target("builder").load().succeed()?;
    let image = outcome.image()?;

    let where_flask_is = image.prints(&["python", "-c", "import flask; print(flask.__file__)"])?;
    assert!(where_flask_is.starts_with("/venv/lib/"), "{where_flask_is}");
    assert!(!image.files()?.contains("app/app.py"), "the builder has the app");
    Ok(())
}
