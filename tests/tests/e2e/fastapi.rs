//! Tests `examples/fastapi` against its README.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Container, Project, Result};
use serde_json::{Value, json};

#[test]
fn production_answers_and_keeps_notes() -> Result {
    let outcome = Build::of(&Project::example("fastapi")?).load().succeed()?;
    let container = Container::start(outcome.image()?, 8000)?;

    let health = container.get(8000, "/health")?;
    assert_eq!((health.status, health.json()?), (200, json!({ "status": "healthy" })));
    container.exec(&["alembic", "upgrade", "head"])?.successful()?;
    let post = [
        "curl",
        "-fsS",
        "http://localhost:8000/notes",
        "-H",
        "content-type: application/json",
        "-d",
        r#"{"title": "Milk"}"#,
    ];
    let note: Value = serde_json::from_str(&container.exec(&post)?.successful()?.stdout)?;
    assert_eq!(note, json!({ "title": "Milk", "text": "", "id": 1 }));
    assert_eq!(container.get(8000, "/notes")?.json()?, json!([note]));
    Ok(())
}

#[test]
fn production_runs_as_the_named_user() -> Result {
    let outcome = Build::of(&Project::example("fastapi")?).load().succeed()?;
    let image = outcome.image()?;

    assert_eq!(image.prints(&["id", "-un"])?, "fastapi");
    assert_eq!(image.prints(&["id", "-u"])?, "10001");
    assert_eq!(image.prints(&["stat", "-c", "%U", "/app/app/main.py"])?, "root");
    assert!(!image.run(&["touch", "/app/new"])?.status.success(), "the user can write into /app");
    Ok(())
}

#[test]
fn production_has_runtime_packages_and_no_build_packages() -> Result {
    let outcome = Build::of(&Project::example("fastapi")?).load().succeed()?;
    let image = outcome.image()?;

    // The pure-Python psycopg loads Debian's libpq: it works only with the runtime package.
    let implementation = image.prints(&["python", "-c", "import psycopg.pq as pq; print(pq.__impl__)"])?;
    assert_eq!(implementation, "python");
    assert!(image.prints(&["curl", "--version"])?.starts_with("curl "));
    let files = image.files()?;
    for path in ["app/app/main.py", "app/alembic.ini", "app/alembic/versions/0001_create_notes.py"] {
        assert!(files.contains(path), "{path} is missing");
    }
    let unwanted = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or_default();
        matches!(name, "gcc" | "cc" | "cc1" | "pytest" | "mypy" | "black" | "psycopg_binary")
            || path.starts_with("app/tests")
            || path.contains(".cache/")
            || path.starts_with("var/lib/apt/lists/") && name.contains("Packages")
            || path.starts_with("var/cache/apt/archives/") && name.contains(".deb")
    };
    assert_eq!(files.iter().filter(unwanted).collect::<Vec<_>>(), Vec::<&String>::new());
    Ok(())
}

#[test]
fn the_image_config_says_what_the_file_says() -> Result {
    let outcome = Build::of(&Project::example("fastapi")?).load().succeed()?;
    let config = outcome.image()?.config()?;

    let command = ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000", "--workers", "4"];
    assert_eq!(config["Cmd"], json!(command));
    assert_eq!(config["WorkingDir"], "/app");
    assert_eq!(config["ExposedPorts"], json!({ "8000/tcp": {} }));
    let second = 1_000_000_000_u64;
    assert_eq!(
        config["Healthcheck"],
        json!({
            "Test": ["CMD-SHELL", "curl -f http://localhost:8000/health"],
            "Interval": 30 * second,
            "Timeout": 10 * second,
            "StartPeriod": 5 * second,
            "Retries": 3,
        })
    );
    Ok(())
}

#[test]
fn dev_serves_with_reload() -> Result {
    let outcome = Build::of(&Project::example("fastapi")?).target("dev").load().succeed()?;
    let image = outcome.image()?;

    assert!(image.prints(&["mypy", "--version"])?.starts_with("mypy "));
    let container = Container::start(image, 8000)?;
    assert_eq!(container.get(8000, "/health")?.status, 200);
    Ok(())
}

#[test]
fn the_test_target_runs_every_check() -> Result {
    let project = Project::example("fastapi")?;
    project.append("app/main.py", &format!("# {}\n", nonce()))?;
    let outcome = Build::of(&project).target("test").succeed()?;

    for check in ["pytest", "black", "flake8", "mypy"] {
        assert!(outcome.step(&format!("check: {check}"))?.ran(), "{check} did not run");
    }
    let log = outcome.progress.log_of(outcome.step("check: pytest")?);
    assert!(log.contains("4 passed"), "{log}");
    Ok(())
}

#[test]
fn the_builder_has_the_compiler() -> Result {
    let outcome = Build::of(&Project::example("fastapi")?).target("builder").load().succeed()?;

    assert!(outcome.image()?.prints(&["gcc", "--version"])?.starts_with("gcc "));
    Ok(())
}
