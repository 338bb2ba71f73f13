//! `docker buildx build --call=…`: requests that need no build.

use pybuild_tests::command::{Finished, run};
use pybuild_tests::{Engine, Project, Result};
use serde_json::Value;

use crate::small;

/// What the client makes of an answer.
fn ask(project: &Project, call: &str, more: &[&str]) -> Result<Finished> {
    let engine = Engine::get()?;
    let file = project.path().join("pybuild.toml").display().to_string();
    let folder = project.path().display().to_string();
    let call = format!("--call={call}");
    let mut client = engine.docker(&["buildx", "build", "--quiet", &call, "-f", &file]);
    run(client.args(more).arg(&folder))
}

/// The answer as JSON, and the exit code.
fn call(project: &Project, name: &str) -> Result<(Value, Option<i32>)> {
    let finished = ask(project, &format!("{name},format=json"), &[])?;
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
    let shown = ask(&project, "targets", &[])?.successful()?.stdout;
    assert!(shown.contains("\nproduction (default) The image that ships\n"), "{shown}");
    Ok(())
}

#[test]
fn the_outline_has_args_secrets_and_caches() -> Result {
    let project = small::project(
        "[args]\n# How much is made.\nMODE = \"fast\"\n[stage.production]\n\
         run = [{ run = \"true\", secrets = [\"token\"], cache = [\"/var/cache/x\"], ssh = true }]\n",
    )?;
    let (answer, code) = call(&project, "outline")?;
    assert_eq!(code, Some(0));
    let lines = ["args", "secrets", "ssh", "cache"].map(|key| {
        let entry = &answer[key][0];
        let named = entry["name"].as_str().or(entry["ID"].as_str()).unwrap_or_default().to_owned();
        let line = &entry["location"]["ranges"][0]["start"]["line"];
        (named, entry["required"] == true, line.as_u64().unwrap_or_default())
    });
    let expected =
        [("MODE", false, 8), ("token", true, 10), ("default", true, 10), ("/var/cache/x", false, 10)];
    assert_eq!(lines, expected.map(|(name, required, line)| (name.to_owned(), required, line)));

    let shown = ask(&project, "outline", &[])?.successful()?.stdout;
    let text = "TARGET: production\n\n\
        BUILD ARG   VALUE   DESCRIPTION\nMODE        fast    How much is made.\n\n\
        SECRET   REQUIRED\ntoken    true\n\nSSH       REQUIRED\ndefault   true\n";
    assert_eq!(shown.trim(), text.trim());

    let unknown = ask(&project, "outline", &["--target", "prod"])?;
    assert!(
        !unknown.status.success() && unknown.stderr.contains("unknown target `prod`"),
        "{}",
        unknown.stderr
    );
    Ok(())
}

#[test]
fn what_can_be_asked_is_told() -> Result {
    let project = small::project("")?;
    let shown = ask(&project, "subrequests.describe", &[])?.successful()?.stdout;
    let expected = "NAME                 VERSION DESCRIPTION\n\
        outline              1.0.0   List all parameters current build target supports\n\
        targets              1.0.0   List all targets current build supports\n\
        subrequests.describe 1.0.0   List available subrequest types\n";
    assert_eq!(shown.trim(), expected.trim());
    Ok(())
}

#[test]
fn a_request_that_nobody_knows_is_refused_in_our_name() -> Result {
    let asked = ask(&small::project("")?, "nope", &[])?;
    assert_eq!(asked.status.code(), Some(1));
    // Had the client taken the file for a Dockerfile, the error would be about its first line.
    assert!(asked.stderr.contains("unsupported request frontend.nope"), "{}", asked.stderr);
    assert!(!asked.stderr.contains("unknown instruction"), "{}", asked.stderr);
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
