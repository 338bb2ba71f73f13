//! `examples/ci`: runs the pipeline of its README on an engine, and on a second engine that has only the
//! cache in the registry.

use std::fs;

use pybuild_tests::command::{Finished, run};
use pybuild_tests::progress::Step;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, EmptyEngine, Engine, Failure, Project, Result};
use serde_json::Value;

/// The example, with a test that no other build has.
fn example() -> Result<Project> {
    let project = Project::example("ci")?;
    project.append("tests/test_shout.py", &format!("# {}\n", nonce()))?;
    Ok(project)
}

fn pipeline(project: &Project, image: &str, tag: &str) -> Result<Finished> {
    let engine = Engine::get()?;
    let mut script = engine.program("sh");
    script.args(["pipeline.sh", image, tag]).current_dir(project.path());
    run(script.env("BUILDKIT_SYNTAX", engine.frontend()))
}

/// What the check left, below the project's folder.
fn report(project: &Project, name: &str) -> Result<String> {
    project.read(&format!("reports/pytest/{name}"))
}

#[test]
fn the_pipeline_pushes_an_image_whose_cache_travels() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store exports no cache to a registry.
    }
    let project = example()?;
    let image = format!("{}/e2e/ci-{}", Engine::get()?.registry(), nonce());
    pipeline(&project, &image, "1")?.successful()?;

    assert_eq!(report(&project, "exit-code")?, "0\n");
    assert!(report(&project, "output.txt")?.contains("1 passed"));
    assert!(report(&project, "junit.xml")?.contains("tests=\"1\""));
    assert!(report(&project, "htmlcov/index.html")?.contains("Coverage report"));
    let tag = format!("{image}:1");
    let inspect = ["buildx", "imagetools", "inspect", &tag, "--format", "{{ json .Provenance }}"];
    let provenance = run(&mut Engine::get()?.docker(&inspect))?.successful()?.stdout;
    assert!(provenance.contains("pkg:docker/python@3.13-slim"), "{provenance}");
    let started = run(&mut Engine::get()?.docker(&["run", "--rm", &tag, "hello", "there"]))?.successful()?;
    assert_eq!(started.stdout, "HELLO THERE!\n");
    run(&mut Engine::get()?.docker(&["image", "rm", &tag]))?.successful()?;

    match EmptyEngine::start()? {
        Some(empty) => assert_nothing_is_made_again(&project, &image, &empty),
        None => {
            // The second run finds everything done, the tests included.
            let second = pipeline(&project, &image, "2")?.successful()?;
            let ran = |text: &str| second.stderr.lines().any(|line| line.contains(text));
            assert!(ran("[test] check: pytest") && !ran("1 passed"), "{}", second.stderr);
            Ok(())
        }
    }
}

/// The names of what is at work in a build whose results are all there: the client's files, questions to
/// registries, the frontend's image, texts of our own, and the exports.
const AT_WORK: &[&str] = &[
    "[internal] ",
    "[sbom] list packages",
    "[base] docker.io/",
    "docker-image://",
    "resolve image",
    "resolving provenance ",
    "importing ",
    "exporting ",
];

/// Runs the pipeline's builds on an engine that has never built anything, and reaches the registry alone.
fn assert_nothing_is_made_again(project: &Project, image: &str, empty: &EmptyEngine) -> Result {
    let cache = format!("type=registry,ref={image}:cache");
    let folder = temporary_folder()?;
    let build = || Build::of(project).on(empty).option("--cache-from", &cache);
    let output = format!("type=local,dest={}", folder.path().display());
    let reports = build().target("reports:test").output(&output).succeed()?;
    let output = fs::read_to_string(folder.path().join("pytest/output.txt")).unwrap_or_default();
    assert!(output.contains("1 passed"), "{output}");
    let output = format!("type=image,name={image}:2,push=true");
    let image_made =
        build().option("--provenance", "mode=max").option("--sbom", "true").output(&output).succeed()?;

    // A wheel that is known by its digest is asked for that alone.
    let may_run = |step: &Step| {
        let is_download = step.group.as_ref().is_some_and(|group| group.name == "[wheels] download");
        is_download || AT_WORK.iter().any(|start| step.name.starts_with(start))
    };
    for outcome in [&reports, &image_made] {
        let ran: Vec<_> = outcome.progress.steps().filter(|step| step.ran() && !may_run(step)).collect();
        assert!(ran.is_empty(), "{ran:#?}\n{}", outcome.transcript());
        for step in ["check: pytest", "unpack: ", "resolve: requirements-dev.txt"] {
            assert!(!outcome.ran(step)?, "{step}\n{}", outcome.transcript());
        }
    }
    // All that is there came with the cache: no wheel, no layer of the base, nothing that a program has
    // written.
    let records = empty.cache()?;
    let made = |record: &&String| {
        ["http url", "mount ", "pulled from docker.io"].iter().any(|kind| record.starts_with(kind))
    };
    assert_eq!(records.iter().filter(made).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(records.iter().any(|record| record.starts_with("imported sha256:")), "{records:#?}");

    assert_eq!(manifest(&format!("{image}:1"))?, manifest(&format!("{image}:2"))?, "another image");
    Ok(())
}

/// The digest of the image's manifest, which names its config and its layers by theirs.
fn manifest(tag: &str) -> Result<String> {
    let inspect = ["buildx", "imagetools", "inspect", tag, "--format", "{{ json .Manifest }}"];
    let index: Value =
        serde_json::from_str(&run(&mut Engine::get()?.docker(&inspect))?.successful()?.stdout)?;
    let images = index.get("manifests").and_then(Value::as_array).into_iter().flatten();
    let mut images = images.filter(|entry| entry.pointer("/platform/os").is_some_and(|os| os == "linux"));
    let digest = images.next().and_then(|image| image.get("digest")).and_then(Value::as_str);
    digest.map(str::to_owned).ok_or_else(|| Failure::Unexpected(format!("no image in {index}")))
}

#[test]
fn reports_come_out_of_a_check_that_fails_and_the_image_does_not() -> Result {
    let project = example()?;
    project.append(
        "tests/test_shout.py",
        "\n\ndef test_whispers() -> None:\n    assert shout([\"a\"]) == \"a\"\n",
    )?;
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    let exported = Build::of(&project).target("reports:test").output(&output).succeed()?;
    assert!(exported.step("check: pytest")?.ran());
    let read = |name: &str| fs::read_to_string(folder.path().join("pytest").join(name)).unwrap_or_default();
    assert_eq!(read("exit-code"), "1\n");
    assert!(read("junit.xml").contains("failures=\"1\""), "{}", read("junit.xml"));
    assert!(read("output.txt").contains("1 failed, 1 passed"), "{}", read("output.txt"));

    for target in ["test", "production"] {
        let outcome = Build::of(&project).target(target).fail()?;
        assert!(!outcome.step("check: pytest")?.ran(), "the check ran again\n{}", outcome.transcript());
        // The verdict shows what the check had printed, and the client the check's lines.
        let log = outcome.progress.log_of(outcome.step("verdict: pytest")?);
        assert!(log.contains("1 failed, 1 passed"), "{log}");
        assert!(outcome.errors.contains(">>> [stage.test.checks.pytest]"), "{}", outcome.errors);
    }
    Ok(())
}

#[test]
fn a_check_as_another_user_leaves_what_it_can_and_is_told_what_is_missing() -> Result {
    let project = example()?;
    let check = format!(
        "checks.left = {{ run = \"id -u > /tmp/who && mkdir -p a/b && cp /tmp/who a/b/who # {}\", \
         reports = [\"a/b/who\", \"none\"], user = \"1000\", workdir = \"/tmp\" }}\n\n[stage.test.checks.pytest]",
        nonce()
    );
    project.replace("pybuild.toml", "[stage.test.checks.pytest]", &check)?;
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    let outcome = Build::of(&project).target("reports:test").output(&output).succeed()?;
    let who = fs::read_to_string(folder.path().join("left/a/b/who")).unwrap_or_default();
    assert_eq!(who, "1000\n", "{}", outcome.transcript());
    let log = outcome.progress.log_of(outcome.step("check: left")?);
    assert!(log.contains("pybuild: the check has left no none"), "{log}");

    let none = Build::of(&project).target("reports:production").fail()?;
    assert!(none.errors.contains("no check of stage `production` has `reports`"), "{}", none.errors);
    Ok(())
}
