//! The documentation's blocks of code, each run by what it is for.
//!
//! Here are those that need a client: commands, compose and bake files, Dockerfiles, scripts and pipelines. Build files
//! and commands of `pybuild` are tested with the command line. What commands do is tested subject by subject; of these
//! it is seen that the client takes every option.

use std::collections::BTreeSet;

use pybuild_tests::command::run;
use pybuild_tests::pages::{Block, blocks};
use pybuild_tests::{Engine, Failure, Project, Result};
use serde_json::Value;

use crate::ci_files::{ACTIONS, ARTIFACTS, GITLAB_JOB, JOB, STEP, WORKFLOW, assert_known, keys, texts};

/// What a block can be, and who runs those of its kind.
const KINDS: [(&str, &str); 11] = [
    ("console", "here, command by command"),
    ("dockerfile", "here; what `pybuild init` makes of one, with the command line"),
    ("hcl", "here"),
    ("sh", "here"),
    ("text", "no code: listed below"),
    ("text .dockerignore", "with the command line"),
    ("text requirements.txt", "with the command line"),
    ("toml", "with the command line"),
    ("toml config=buildkitd", "here, by the command that names it"),
    ("toml pyproject.toml", "no build file: the part of a manifest that a lock was made from"),
    ("yaml", "here"),
];

/// Blocks that are no code, by how they begin, and what they are.
const TEXTS: [(&str, &str); 11] = [
    ("-e ./libs/shop[web]", "lines of a requirements file: `requirements.rs`"),
    ("bytes ──spec──▶ Spec", "a picture of the way of the data"),
    ("machine packages.example", "a file of logins, which is curl's format and not ours"),
    ("pybuild.toml:3", "what a build prints: `calls.rs`"),
    ("UnlockedDependencies: ", "what a build prints: `locks.rs`"),
    ("ERROR: failed to build: failed to solve: uv.lock is older", "what a build prints: `locks.rs`"),
    ("shop @ https://me:", "a requirement with a password: `secrets.rs`"),
    ("shop @ https://packages.example", "the same without"),
    ("uv.lock:21\n", "what a build prints: `cooldown.rs`"),
    ("uv.lock:209", "what a build prints: `refused.rs`"),
    ("uv.lock:17", "what a build prints: `refused.rs`"),
];

/// Commands that are not run here, by how they begin, and why.
const ELSEWHERE: [(&str, &str); 9] = [
    ("pybuild ", "with the command line"),
    ("bin/pybuild ", "with the command line"),
    ("make bench", "takes half an hour; its options are tested by themselves"),
    ("uv ", "a program of its own"),
    ("poetry ", "a program of its own"),
    ("pip-compile ", "a program of its own"),
    ("conda-lock ", "a program of its own"),
    ("./pipeline.sh ", "the script above it, whose commands are run here"),
    ("ls reports/pytest", "shows what `ci.rs` finds there"),
];

/// What the client says once it has read all options, where there is no builder or no engine.
const READ: [&str; 2] = ["ERROR: no builder \"", "Cannot connect to the Docker daemon"];

fn of(language: &str) -> Result<Vec<Block>> {
    Ok(blocks()?.into_iter().filter(|block| block.language == language).collect())
}

/// Whether every entry of a list is needed: that which is not would hide what comes later.
fn assert_needed(list: &[(&str, &str)], used: &BTreeSet<&str>) {
    let idle: Vec<_> = list.iter().filter(|(begins, _)| !used.contains(begins)).collect();
    assert!(idle.is_empty(), "nothing is like these any more: {idle:?}");
}

/// A folder with the files that commands name.
fn around() -> Result<Project> {
    let all = |language: &str| {
        Ok::<_, Failure>(of(language)?.into_iter().map(|block| block.text).collect::<String>())
    };
    Project::with(&[
        ("pybuild.toml", ""),
        ("company.pem", ""),
        ("buildkitd.toml", &all("toml config=buildkitd")?),
        ("docker-bake.hcl", &all("hcl")?),
        ("compose.yaml", "services: { dev: { build: . }, production: { build: . } }\n"),
    ])
}

/// Has the client read a command, without an engine behind it.
fn assert_read(command: &str, place: &str) -> Result {
    let project = around()?;
    // Nothing is to be started or recorded: that the options are right is enough.
    let quiet = command.replace("--bootstrap", "").replace("2> progress.json", "");
    let mut shell = Engine::get()?.program("sh");
    shell.current_dir(project.path()).env("HOME", project.path()).env("BUILDX_CONFIG", project.path());
    if command.contains("docker buildx ") {
        if !command.starts_with("docker buildx create") {
            shell.env("BUILDX_BUILDER", "no-such-builder");
        }
    } else {
        shell.env("DOCKER_HOST", "unix:///no/such/engine");
    }
    let finished = run(shell.args(["-c", &quiet]))?;
    let is_read = finished.status.success() || READ.iter().any(|said| finished.stderr.contains(said));
    assert!(is_read, "{place}: {command}\n{}", finished.stderr);
    Ok(())
}

#[test]
fn every_block_is_of_a_kind_that_a_test_runs() -> Result {
    let (mut kinds, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for block in blocks()? {
        let place = block.place();
        let kind = KINDS.iter().find(|(kind, _)| *kind == block.language);
        kinds.insert(kind.unwrap_or_else(|| panic!("{place}: who runs `{}`?", block.language)).0);
        if block.language == "text" {
            let text = TEXTS.iter().find(|(begins, _)| block.text.starts_with(begins));
            seen.insert(text.unwrap_or_else(|| panic!("{place}: what is this?\n{}", block.text)).0);
        }
    }
    assert_needed(&KINDS, &kinds);
    assert_needed(&TEXTS, &seen);
    Ok(())
}

#[test]
fn the_client_takes_every_command_of_the_documentation() -> Result {
    let (mut elsewhere, mut seen) = (BTreeSet::new(), 0);
    for block in of("console")? {
        for command in block.commands() {
            if let Some((begins, _)) = ELSEWHERE.iter().find(|(begins, _)| command.starts_with(begins)) {
                elsewhere.insert(*begins);
                continue;
            }
            if command.starts_with("docker ") {
                assert_read(&command, &block.place())?;
            } else {
                // What only a shell is needed for.
                let mut shell = Engine::get()?.program("sh");
                run(shell.args(["-euc", &command]))?.successful()?;
            }
            seen += 1;
        }
    }
    assert!(seen > 35, "{seen}");
    assert_needed(&ELSEWHERE, &elsewhere);
    Ok(())
}

#[test]
fn bake_reads_every_bake_file() -> Result {
    for block in of("hcl")? {
        let project = Project::with(&[("docker-bake.hcl", &block.text), ("pybuild.toml", "")])?;
        let mut client = Engine::get()?.docker(&["buildx", "bake", "--print"]);
        let printed = run(client.current_dir(project.path()))?.successful()?.stdout;
        let read: Value = serde_json::from_str(&printed).expect("JSON");
        let targets = read["target"].as_object().expect("targets");
        assert!(targets.len() > 1, "{}: {printed}", block.place());
        for (name, target) in targets {
            assert_eq!(target["dockerfile"], "pybuild.toml", "{}: {name}", block.place());
            assert_eq!(target["target"], **name, "{}", block.place());
        }
    }
    Ok(())
}

#[test]
fn dockerfiles_pass_the_checks_of_their_own_frontend() -> Result {
    for block in of("dockerfile")? {
        let project = Project::with(&[("Dockerfile", &block.text)])?;
        let mut client = Engine::get()?.docker(&["buildx", "build", "--call=check"]);
        // Images that are not in reach here are read as one that is.
        let images = block.text.lines().filter_map(|line| line.strip_prefix("FROM ")?.split(' ').next());
        for image in images.filter(|image| !image.starts_with("python:")) {
            client.arg(format!("--build-context={image}=docker-image://python:3.13-slim"));
        }
        let finished = run(client.arg(".").current_dir(project.path()))?;
        let said = format!("{}{}", finished.stdout, finished.stderr);
        assert!(said.contains("Check complete, no warnings found."), "{}: {said}", block.place());
    }
    Ok(())
}

#[test]
fn scripts_are_those_of_a_shell_and_the_client_takes_their_commands() -> Result {
    let mut seen = 0;
    for block in of("sh")? {
        run(Engine::get()?.program("sh").args(["-n", "-c", &block.text]))?.successful()?;
        let joined = block.text.replace("\\\n", " ");
        // What the commands refer to is set by the lines between them.
        let (commands, others): (Vec<&str>, Vec<&str>) =
            joined.lines().partition(|line| line.starts_with("docker "));
        let set: Vec<_> = others.into_iter().filter(|line| line.contains('=')).collect();
        for command in commands {
            let text = format!("set -- registry.example/app 1\n{}\n{command}", set.join("\n"));
            assert_read(&text, &block.place())?;
            seen += 1;
        }
    }
    assert!(seen > 2, "{seen}");
    Ok(())
}

#[test]
fn yaml_is_read_as_what_it_is_for() -> Result {
    let mut kinds = BTreeSet::new();
    for block in of("yaml")? {
        let place = block.place();
        let read: Value =
            serde_saphyr::from_str(&block.text).unwrap_or_else(|error| panic!("{place}: {error}"));
        let has = |key: &str| read.get(key).is_some();
        kinds.insert(if has("services") {
            assert_compose(&block)?;
            "compose"
        } else if has("jobs") {
            assert_known(&read, WORKFLOW);
            for job in read["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values()) {
                assert_known(job, JOB);
                assert_steps(&job["steps"], &place)?;
            }
            "workflow"
        } else if read.is_array() {
            assert_steps(&read, &place)?;
            "steps"
        } else if has("channels") {
            assert_known(&read, &["name", "channels", "dependencies"]);
            "environment of conda"
        } else {
            assert_gitlab(&read, &place)?;
            "job of GitLab"
        });
    }
    let all = ["compose", "environment of conda", "job of GitLab", "steps", "workflow"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
    Ok(())
}

fn assert_compose(block: &Block) -> Result {
    let project = Project::with(&[("compose.yaml", &block.text), ("pybuild.toml", "")])?;
    let mut client = Engine::get()?.docker(&["compose", "config", "--format", "json"]);
    let printed = run(client.current_dir(project.path()))?.successful()?.stdout;
    let read: Value = serde_json::from_str(&printed)?;
    let services = read.get("services").and_then(Value::as_object).into_iter().flatten();
    let built: Vec<_> = services.filter_map(|(_, service)| service.get("build")).collect();
    assert!(!built.is_empty(), "{}: {printed}", block.place());
    for build in built {
        assert_eq!(build.get("dockerfile"), Some(&"pybuild.toml".into()), "{}", block.place());
    }
    Ok(())
}

/// Steps of GitHub Actions: what is used is known with its inputs, what is run is a line of bash.
fn assert_steps(steps: &Value, place: &str) -> Result {
    let build: (&str, &[&str]) =
        ("docker/build-push-action@v6", &["context", "file", "push", "tags", "cache-from", "cache-to"]);
    for step in steps.as_array().into_iter().flatten() {
        assert_known(step, STEP);
        let text = |key: &str| step.get(key).and_then(Value::as_str);
        if let Some(action) = text("uses") {
            let known = ACTIONS.iter().chain([&build]).find(|(name, _)| *name == action);
            let (_, inputs) = known.ok_or_else(|| Failure::Unexpected(format!("{place}: {action}")))?;
            assert_known(step.get("with").unwrap_or(&Value::Null), inputs);
        } else {
            let idle = || Failure::Unexpected(format!("{place}: a step that does nothing"));
            let line = text("run").ok_or_else(idle)?;
            run(Engine::get()?.program("bash").args(["-n", "-c", line]))?.successful()?;
        }
    }
    Ok(())
}

fn assert_gitlab(file: &Value, place: &str) -> Result {
    for name in keys(file) {
        let job = &file[name];
        assert_known(job, GITLAB_JOB);
        assert_known(&job["artifacts"], ARTIFACTS);
        assert!(!texts(&job["script"]).is_empty(), "{place}: nothing is run");
        for line in texts(&job["before_script"]).into_iter().chain(texts(&job["script"])) {
            run(Engine::get()?.program("sh").args(["-n", "-c", line]))?.successful()?;
            if line.starts_with("docker buildx build") {
                assert_read(line, place)?;
            }
        }
    }
    Ok(())
}
