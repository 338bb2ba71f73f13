//! `examples/ci`: checks the files of GitHub Actions and GitLab as far as possible without these services:
//! known keys, shell lines, options of the client, and the reports of the pipeline.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use pybuild_tests::command::run;
use pybuild_tests::{Engine, Failure, Project, Result};
use serde_json::Value;

/// Of <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax>.
pub(crate) const WORKFLOW: &[&str] =
    &["name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs"];
pub(crate) const JOB: &[&str] =
    &["name", "needs", "if", "runs-on", "permissions", "env", "strategy", "steps", "timeout-minutes"];
pub(crate) const STEP: &[&str] =
    &["name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory"];

/// The actions that are used, with those of their inputs that are.
pub(crate) const ACTIONS: &[(&str, &[&str])] = &[
    ("actions/checkout@v4", &[]),
    ("docker/setup-buildx-action@v3", &[]),
    ("docker/login-action@v3", &["registry", "username", "password"]),
    ("actions/upload-artifact@v4", &["name", "path"]),
];

/// Of <https://docs.gitlab.com/ci/yaml/>.
pub(crate) const GITLAB_JOB: &[&str] =
    &["stage", "image", "services", "variables", "before_script", "script", "artifacts", "rules", "needs"];
pub(crate) const ARTIFACTS: &[&str] = &["when", "paths", "reports", "name", "expire_in"];

fn yaml(project: &Project, path: &str) -> Result<Value> {
    let read = serde_saphyr::from_str(&project.read(path)?);
    read.map_err(|error| Failure::Unexpected(format!("{path}: {error}")))
}

pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}

pub(crate) fn assert_known(value: &Value, known: &[&str]) {
    let unknown: Vec<_> = keys(value).into_iter().filter(|key| !known.contains(key)).collect();
    assert_eq!(unknown, Vec::<&str>::new(), "in {value:#}");
}

pub(crate) fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Runs a line as a host does, with a pipeline that only says what it was called with.
fn arguments(shell: &str, line: &str, variables: &[(&str, &str)]) -> Result<String> {
    let project = Project::with(&[("pipeline.sh", "#!/bin/sh\nprintf '%s|' \"$@\"\n")])?;
    run(Command::new("chmod").arg("+x").arg(project.path().join("pipeline.sh")))?.successful()?;
    let mut command = Command::new(shell);
    command.args(["-euc", line]).current_dir(project.path()).envs(variables.iter().copied());
    Ok(run(&mut command)?.successful()?.stdout)
}

#[test]
fn the_workflow_of_github_has_known_keys_and_calls_the_pipeline() -> Result {
    let project = Project::example("ci")?;
    let workflow = yaml(&project, ".github/workflows/image.yaml")?;
    assert_known(&workflow, WORKFLOW);
    assert!(!workflow["on"].is_null(), "nothing starts it");
    let job = &workflow["jobs"]["image"];
    assert_eq!(keys(&workflow["jobs"]), BTreeSet::from(["image"]));
    assert_known(job, JOB);
    assert_eq!(keys(&job["permissions"]), BTreeSet::from(["contents", "packages"]));

    let steps = job["steps"].as_array().expect("steps");
    let mut used = Vec::new();
    for step in steps {
        assert_known(step, STEP);
        assert_ne!(step["uses"].is_null(), step["run"].is_null(), "one of `uses` and `run`: {step:#}");
        if let Some(action) = step["uses"].as_str() {
            let (_, inputs) = ACTIONS.iter().find(|(name, _)| *name == action).expect(action);
            assert_known(&step["with"], inputs);
            used.push(action);
        } else {
            used.push("run");
        }
    }
    let expected = [ACTIONS[0].0, ACTIONS[1].0, ACTIONS[2].0, "run", ACTIONS[3].0];
    assert_eq!(used, expected, "a builder and a login come before the pipeline, its reports after it");
    assert_eq!(steps[4]["if"], "always()");
    assert_eq!(steps[4]["with"]["path"], "reports");

    let line = steps[3]["run"].as_str().expect("a line");
    let variables = [("GITHUB_REPOSITORY", "Team/Shout"), ("GITHUB_SHA", "0a1b")];
    assert_eq!(arguments("bash", line, &variables)?, "ghcr.io/team/shout|0a1b|");
    Ok(())
}

#[test]
fn the_job_of_gitlab_has_known_keys_and_calls_the_pipeline() -> Result {
    let project = Project::example("ci")?;
    let file = yaml(&project, ".gitlab-ci.yml")?;
    assert_eq!(keys(&file), BTreeSet::from(["image"]));
    let job = &file["image"];
    assert_known(job, GITLAB_JOB);
    assert_known(&job["artifacts"], ARTIFACTS);
    assert_eq!(job["artifacts"]["when"], "always");
    assert_eq!(texts(&job["artifacts"]["paths"]), ["reports"]);
    assert_eq!(job["artifacts"]["reports"]["junit"], "reports/pytest/junit.xml");

    let [line] = texts(&job["script"])[..] else { panic!("one line: {}", job["script"]) };
    let variables = [("CI_REGISTRY_IMAGE", "gitlab.test/team/shout"), ("CI_COMMIT_SHORT_SHA", "0a1b")];
    assert_eq!(arguments("sh", line, &variables)?, "gitlab.test/team/shout|0a1b|");

    // The client has these commands and options.
    for line in texts(&job["before_script"]) {
        let words: Vec<_> = line.split_whitespace().collect();
        let command: Vec<_> = words[1..]
            .iter()
            .take_while(|word| !word.starts_with('-') && !word.starts_with('"') && **word != "build")
            .copied()
            .collect();
        let help =
            run(&mut Engine::get()?.docker(&[&command[..], &["--help"]].concat()))?.successful()?.stdout;
        assert!(help.contains(&format!("docker {}", command.join(" "))), "{line}: {help}");
        for option in words.iter().filter(|word| word.starts_with('-')) {
            let listed = help.lines().any(|text| text.split([' ', ',']).any(|word| word == *option));
            assert!(listed, "{option} of `{line}`: {help}");
        }
    }
    Ok(())
}

#[test]
fn the_pipeline_is_a_program_whose_reports_are_those_that_are_kept() -> Result {
    let project = Project::example("ci")?;
    let script = project.path().join("pipeline.sh");
    let mode = std::fs::metadata(&script).expect("the script").permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "hosts start it by its path");
    run(Command::new("sh").arg("-n").arg(&script))?.successful()?;
    let text = project.read("pipeline.sh")?;
    assert!(text.contains("--output type=local,dest=reports"), "{text}");
    assert!(project.read("pybuild.toml")?.contains("reports = [\"junit.xml\""));
    Ok(())
}
