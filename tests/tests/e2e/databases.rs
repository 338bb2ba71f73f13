//! Tests `examples/compose` and the compose file of `examples/fastapi` against their READMEs.

use std::thread;
use std::time::{Duration, Instant};

use pybuild_tests::{Compose, Project, Request, Result};
use serde_json::{Value, json};

#[test]
fn an_edit_shows_without_a_build_and_the_data_stays() -> Result {
    let project = Project::example("compose")?;
    let compose = Compose::of(&project)?.with("PRODUCTION_PORT", "0");
    compose.succeed(&["up", "--build", "--detach", "--wait"])?;
    let ask = |service: &str| -> Result<Value> { compose.ask(service, 8000, &Request::get("/"))?.json() };
    let answer = |environment: &str, message: &str, visits: u64| json!({ "environment": environment, "message": message, "visits": visits });
    assert_eq!(ask("dev")?, answer("development", "Hello from compose!", 1));
    assert_eq!(ask("production")?, answer("production", "Hello from compose!", 2));

    project.replace("app.py", "Hello from compose!", "Good morning!")?;
    let edited = Instant::now();
    let seen = loop {
        // A server that is about to start anew may take a request and never answer it.
        let response = compose.ask("dev", 8000, &Request::get("/"))?;
        match response.json() {
            Ok(seen) if seen["message"] == "Good morning!" => break seen,
            Ok(seen) => assert_eq!(seen["message"], "Hello from compose!"),
            Err(_) => assert_eq!(response.body, ""),
        }
        assert!(edited.elapsed() < Duration::from_secs(60), "the edit does not show");
        thread::sleep(Duration::from_millis(200));
    };
    let visits = seen["visits"].as_u64().unwrap_or_default();
    assert!(visits > 2, "{seen}");
    assert_eq!(seen, answer("development", "Good morning!", visits));
    assert_eq!(ask("production")?["message"], "Hello from compose!");

    // A build brings it to production; the database was away in between, its volume was not.
    compose.succeed(&["down", "--timeout", "1"])?;
    compose.succeed(&["up", "--build", "--detach", "--wait", "production"])?;
    assert_eq!(ask("production")?, answer("production", "Good morning!", visits + 2));

    compose.succeed(&["stop", "db"])?;
    let health = compose.ask("production", 8000, &Request::get("/health"))?;
    let said = health.json()?;
    assert_eq!((health.status, &said["status"]), (503, &json!("no database")));
    assert!(said["reason"].as_str().is_some_and(|reason| reason.starts_with("db: ")), "{said}");
    Ok(())
}

#[test]
fn notes_are_migrated_and_survive_a_restart() -> Result {
    let project = Project::example("fastapi")?;
    let compose = Compose::of(&project)?;
    // `--wait`: the migration has run, and the health check of `web` has passed.
    compose.succeed(&["up", "--build", "--detach", "--wait"])?;
    let note = Request::post("/notes", "application/json", r#"{"title": "Milk"}"#);
    let written = compose.ask("web", 8000, &note)?;
    assert_eq!(written.status, 201, "{}", written.body);
    let note = written.json()?;
    assert_eq!(note, json!({ "title": "Milk", "text": "", "id": 1 }));

    compose.succeed(&["down", "--timeout", "1"])?;
    compose.succeed(&["up", "--detach", "--wait"])?;
    assert_eq!(compose.ask("web", 8000, &Request::get("/notes"))?.json()?, json!([note]));
    let version = ["exec", "--no-TTY", "web", "alembic", "current"];
    assert!(compose.succeed(&version)?.stdout.contains("0001 (head)"));

    compose.succeed(&["stop", "db"])?;
    let upgrade = compose.run(&["run", "--rm", "--no-deps", "migrate"])?;
    assert!(!upgrade.status.success());
    assert!(upgrade.stderr.contains("failed to resolve host 'db'"), "{}", upgrade.stderr);
    Ok(())
}
