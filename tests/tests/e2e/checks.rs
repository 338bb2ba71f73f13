//! Checks run in parallel. A failing check is named, and stops the stages that require it.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Outcome, Project, Result};

use crate::small;

/// A test that fails, with a text that no other build has: two builds that run the same step at the same time
/// share one run of it, and its output goes to the first.
fn failing_test() -> String {
    format!("\n\ndef test_arithmetic() -> None:\n    assert 1 + 1 == 3, \"sums are off\"  # {}\n", nonce())
}

/// The client's error points at the check's line, and the check's step has the test's own words.
fn assert_blames_pytest(outcome: &Outcome) -> Result {
    let step = outcome.step("check: pytest")?;
    assert!(!step.error.is_empty(), "the step has no error\n{}", outcome.transcript());
    let log = outcome.progress.log_of(step);
    assert!(log.contains("sums are off") && log.contains("1 failed, 3 passed"), "{log}");
    assert!(outcome.errors.contains("pybuild.toml:"), "{}", outcome.errors);
    assert!(outcome.errors.contains(">>> checks.pytest = \"python -m pytest -v\""), "{}", outcome.errors);
    Ok(())
}

#[test]
fn a_failing_test_fails_the_test_target() -> Result {
    let project = Project::example("flask")?;
    project.append("tests/test_app.py", &failing_test())?;

    let outcome = Build::of(&project).target("test").fail()?;
    assert_blames_pytest(&outcome)?;
    // Who mends it works in an image that comes out all the same.
    Build::of(&project).target("dev").succeed()?;
    Ok(())
}

#[test]
fn a_failing_test_keeps_production_from_coming_out() -> Result {
    let project = Project::example("flask")?;
    project.append("tests/test_app.py", &failing_test())?;

    let outcome = Build::of(&project).load().fail()?;
    assert_blames_pytest(&outcome)?;
    assert!(outcome.image()?.inspect().is_err(), "an image came out");
    Ok(())
}

#[test]
fn production_that_requires_nothing_comes_out_whatever_the_tests_say() -> Result {
    let project = Project::example("flask")?;
    project.append("tests/test_app.py", &failing_test())?;
    project.replace("pybuild.toml", "requires = [\"test\"]", "requires = []")?;

    let outcome = Build::of(&project).succeed()?;
    assert_eq!(outcome.progress.named("check: ").len(), 0, "{}", outcome.transcript());
    Ok(())
}

#[test]
fn checks_run_at_the_same_time() -> Result {
    let nonce = nonce();
    let project = small::project(&format!(
        "[stage.test]\nchecks.one = \"sleep 3 # {nonce}\"\nchecks.two = \"sleep 3 ; : {nonce}\"\n"
    ))?;

    let outcome = Build::of(&project).target("test").succeed()?;
    let (one, two) = (outcome.step("check: one")?, outcome.step("check: two")?);
    assert!(one.ran() && two.ran(), "{}", outcome.transcript());
    assert!(one.overlaps(two), "{one:?}\n{two:?}");
    Ok(())
}

#[test]
fn required_checks_run_beside_what_production_is_made_of() -> Result {
    let nonce = nonce();
    let project = small::project(&format!(
        "[stage.test]\nchecks.slow = \"sleep 3 # {nonce}\"\n\
         [stage.assets]\nfrom = \"python:3.11-slim\"\nrun = \"sleep 3 && echo {nonce} > /opt/assets\"\n\
         [stage.production]\nrequires = [\"test\"]\n\
         copy = [{{ from = \"assets\", path = \"/opt/assets\", to = \"/opt/assets\" }}]\n"
    ))?;

    let outcome = Build::of(&project).succeed()?;
    let (check, assets) = (outcome.step("check: slow")?, outcome.step("[assets] run: ")?);
    assert!(check.overlaps(assets), "{check:?}\n{assets:?}");
    Ok(())
}

#[test]
fn a_check_leaves_nothing_in_the_image() -> Result {
    let project = small::project(&format!(
        "[stage.test]\nchecks.writer = \"touch /app/left-over # {}\"\n[stage.production]\nrequires = [\"test\"]\n",
        nonce()
    ))?;

    for target in ["test", "production"] {
        let outcome = Build::of(&project).target(target).load().succeed()?;
        let files = outcome.image()?.files()?;
        assert!(files.contains("app/app.py") && !files.contains("app/left-over"), "in {target}");
    }
    Ok(())
}
