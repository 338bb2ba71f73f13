//! Tests `examples/poetry` against its README.

use pybuild_tests::{Build, Container, Image, Project, Request, Result};
use serde_json::json;

/// Names of what is installed besides the project.
fn distributions(image: &Image) -> Result<String> {
    let code = "from importlib.metadata import distributions as all\n\
        print(*sorted(one.name + ' ' + one.version for one in all(path=['/venv/lib/python3.11/site-packages'])))";
    image.prints(&["/venv/bin/python", "-c", code])
}

#[test]
fn the_lock_alone_decides_and_poetry_is_nowhere() -> Result {
    let project = Project::example("poetry")?;
    let production = Build::of(&project).load().succeed()?;
    let image = production.image()?;
    assert_eq!(distributions(image)?, "bottle 0.13.4 click 8.5.1 wordcount 1.0.0");
    let poetry = |path: &&String| path.contains("poetry");
    assert_eq!(image.files()?.iter().filter(poetry).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(production.progress.warnings.len(), 0, "{:?}", production.progress.warnings);
    let container = Container::start(image, 8000)?;
    let words = container.ask(8000, &Request::post("/", "text/plain", "to be or not to be"))?;
    assert_eq!(words.json()?, json!({ "be": 2, "to": 2, "not": 1, "or": 1 }));

    let cli = Build::of(&project).target("cli").load().succeed()?;
    assert_eq!(distributions(cli.image()?)?, "click 8.5.1 wordcount 1.0.0");
    let config = cli.image()?.config()?;
    assert_eq!(config["Entrypoint"], json!(["wordcount"]));
    let counted = cli.image()?.prints(&["sh", "-c", "echo to be or not to be | wordcount --most 1"])?;
    assert_eq!(counted, "2 be");
    Ok(())
}

#[test]
fn poetry_itself_can_install_in_a_stage_that_does_not_ship() -> Result {
    let outcome = Build::of(&Project::example("poetry")?).target("by-poetry").load().succeed()?;
    let image = outcome.image()?;
    // What it finds is what the frontend finds, and the venv's own pip.
    let installed = distributions(image)?;
    assert!(installed.starts_with("click 8.5.1 pip "), "{installed}");
    assert!(installed.ends_with(" wordcount 1.0.0"), "{installed}");
    assert!(!image.files()?.iter().any(|path| path.starts_with("opt/poetry")));
    assert_eq!(image.prints(&["id", "-u"])?, "10001");
    Ok(())
}

#[test]
fn a_dependency_that_was_not_locked_ends_the_build_at_once() -> Result {
    let project = Project::example("poetry")?;
    project.replace("pyproject.toml", "[\"click (>=8.1)\"]", "[\"click (>=8.1)\", \"rich\"]")?;
    let outcome = Build::of(&project).fail()?;
    assert!(
        outcome.errors.ends_with(
            "poetry.lock is older than pyproject.toml: its dependencies are not those that were locked\n  \
             help: lock again: `poetry lock`\n  \
             help: or install what it has all the same: `# check=skip=StaleLock` below the syntax line\n"
        ),
        "{}",
        outcome.errors
    );
    Ok(())
}
