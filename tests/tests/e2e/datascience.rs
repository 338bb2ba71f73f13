//! Tests `examples/datascience` against its README.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Container, Project, Result};
use serde_json::json;

#[test]
fn the_service_answers_with_the_trained_model_and_without_what_trained_it() -> Result {
    let project = Project::example("datascience")?;
    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;

    let container = Container::start(image, 8000)?;
    let answer = container.get(8000, "/classify?features=5.1,3.5,1.4,0.2")?;
    assert_eq!((answer.status, answer.json()?), (200, json!({ "iris": "setosa" })));
    assert_eq!(
        container.get(8000, "/classify?features=6.7,3.0,5.2,2.3")?.json()?,
        json!({ "iris": "virginica" })
    );
    assert_eq!(container.get(8000, "/classify?features=1")?.status, 400);
    assert_eq!(container.health()?, "healthy");

    let files = image.files()?;
    assert!(files.contains("app/model.json"));
    let unwanted = |path: &&String| {
        let package = path.strip_prefix("venv/lib/python3.11/site-packages/").unwrap_or_default();
        ["sklearn/", "scipy/", "xxhash/", "pytest/"].iter().any(|name| package.starts_with(name))
            || path.starts_with("app/training")
            || matches!(path.as_str(), "usr/bin/gcc" | "venv/bin/jupyter" | "venv/bin/pytest")
    };
    assert_eq!(files.iter().filter(unwanted).collect::<Vec<_>>(), Vec::<&String>::new());
    Ok(())
}

#[test]
fn only_what_training_reads_trains_again() -> Result {
    let project = Project::example("datascience")?;
    Build::of(&project).succeed()?;
    project.append("server/__init__.py", &format!("# {}\n", nonce()))?;
    let server = Build::of(&project).succeed()?;
    let trained = "run: python training/train.py";
    assert!(!server.step(trained)?.ran(), "a change of the server trains again\n{}", server.transcript());
    assert!(!server.step("check: accuracy")?.ran(), "a change of the server checks the model again");
    assert!(server.step("check: pytest")?.ran(), "a change of the server is not tested");

    project.append("training/model.py", &format!("# {}\n", nonce()))?;
    let training = Build::of(&project).succeed()?;
    assert!(training.step(trained)?.ran(), "a change of the model does not train again");
    assert!(!training.step("check: pytest")?.ran(), "a change of the model tests the server again");
    Ok(())
}

#[test]
fn training_twice_gives_the_same_bytes_and_a_bad_model_gives_no_image() -> Result {
    let project = Project::example("datascience")?;
    let outcome = Build::of(&project).target("training").load().succeed()?;
    let image = outcome.image()?;
    let again = ["sh", "-c", "python training/train.py /tmp/again.json && cmp model.json /tmp/again.json"];
    image.run(&again)?.successful()?;
    // Compiled from its source archive, in the builder alone.
    assert_eq!(image.prints(&["python", "-c", "import xxhash; print(xxhash.VERSION)"])?, "4.1.0");
    assert!(!image.files()?.contains("usr/bin/gcc"), "the training image has a compiler");

    project.replace("pybuild.toml", "--at-least 0.9", "--at-least 0.999")?;
    let failed = Build::of(&project).fail()?;
    let said = failed.transcript();
    assert!(said.contains("the model has to reach 0.999"), "{said}");
    Ok(())
}

#[test]
fn jupyter_answers_on_its_port_and_notebooks_can_be_saved() -> Result {
    let outcome = Build::of(&Project::example("datascience")?).target("notebook").load().succeed()?;
    let image = outcome.image()?;

    let container = Container::start(image, 8888)?;
    let api = container.get(8888, "/api")?;
    assert_eq!(api.status, 200, "{}", api.body);
    assert!(api.json()?["version"].is_string(), "{}", api.body);
    container.exec(&["touch", "/app/notebooks/new.ipynb"])?.successful()?;
    // The notebook's own cells, run as they are.
    let execute = ["jupyter", "execute", "/app/notebooks/irises.ipynb"];
    container.exec(&execute)?.successful()?;
    Ok(())
}
