//! `docker buildx build --call=…`: what can be asked without building.

use pybuild_tests::command::run;
use pybuild_tests::{Engine, Project, Result};
use serde_json::Value;

use crate::small;

/// The answer as JSON, and the exit code.
fn call(project: &Project, name: &str) -> Result<(Value, Option<i32>)> {
    let engine = Engine::get()?;
    project.replace("pybuild.toml", "localhost:5000/pybuild:dev", engine.frontend())?;
    let file = project.path().join("pybuild.toml").display().to_string();
    let folder = project.path().display().to_string();
    let call = format!("--call={name},format=json");
    let finished = run(&mut engine.docker(&["buildx", "build", "--quiet", &call, "-f", &file, &folder]))?;
    Ok((serde_json::from_str(&finished.stdout).unwrap_or(Value::Null), finished.status.code()))
}

#[test]
fn targets_are_listed_with_what_the_author_says_of_them() -> Result {
    let project = small::project("# The files of the web site.\n[stage.static]\nfrom = \"scratch\"\n")?;
    let (answer, code) = call(&project, "targets")?;
    assert_eq!(code, Some(0));
    let targets = answer["targets"].as_array().cloned().unwrap_or_default();
    let names: Vec<_> = targets.iter().filter_map(|target| target["name"].as_str()).collect();
    assert_eq!(names, ["builder", "dev", "test", "production", "static"]);
    assert_eq!(targets[4]["description"], "The files of the web site.");
    assert_eq!(targets[3]["default"], true);
    Ok(())
}

#[test]
fn the_outline_has_args_secrets_and_caches() -> Result {
    let project = small::project(
        "[args]\nMODE = \"fast\"\n[stage.production]\n\
         run = [{ run = \"true\", secrets = [\"token\"], cache = [\"/var/cache/x\"] }]\n",
    )?;
    let (answer, code) = call(&project, "outline")?;
    assert_eq!(code, Some(0));
    assert_eq!(answer["args"][0]["name"], "MODE");
    assert_eq!(answer["args"][0]["value"], "fast");
    assert_eq!(answer["secrets"][0]["name"], "token");
    assert_eq!(answer["secrets"][0]["required"], true);
    assert_eq!(answer["cache"][0]["ID"], "/var/cache/x");
    Ok(())
}

#[test]
fn a_check_fails_for_warnings_and_mistakes_alone() -> Result {
    let clean = small::project("")?;
    let (answer, code) = call(&clean, "check")?;
    assert_eq!((&answer["warnings"], code), (&Value::Null, Some(0)));

    let unlocked = Project::with(&[
        ("pybuild.toml", "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n"),
        ("requirements.txt", "six\n"),
    ])?;
    let (answer, code) = call(&unlocked, "check")?;
    assert_eq!(answer["warnings"][0]["ruleName"], "UnlockedDependencies");
    assert_eq!(code, Some(1));

    let wrong = small::project("[stage.production]\nexpsoe = [1]\n")?;
    let (answer, code) = call(&wrong, "check")?;
    let message = answer["buildError"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("did you mean `expose`?"), "{answer}");
    assert_eq!(code, Some(1));
    Ok(())
}
