//! The steps that run again after a change, and the steps that do not.

use std::thread;

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Container, Outcome, Project, Result};

use crate::small;

/// The names of the steps that ran and whose name contains `text`.
fn names_that_ran<'o>(outcome: &'o Outcome, text: &str) -> Vec<&'o str> {
    outcome
        .progress
        .named(text)
        .into_iter()
        .filter(|step| step.ran())
        .map(|step| step.name.as_str())
        .collect()
}

#[test]
fn a_code_change_installs_nothing_and_is_served() -> Result {
    let project = Project::example("fastapi")?;
    project.replace("pybuild.toml", "requires = [\"test\"]", "requires = []")?;
    Build::of(&project).succeed()?;

    let title = nonce();
    project.replace("app/main.py", "title=\"Notes\"", &format!("title=\"{title}\""))?;
    let outcome = Build::of(&project).load().succeed()?;
    for step in ["resolve: ", "unpack: ", "apt: "] {
        assert!(!outcome.ran(step)?, "{}", outcome.transcript());
    }
    let container = Container::start(outcome.image()?, 8000)?;
    let openapi = container.get(8000, "/openapi.json")?.json()?;
    assert_eq!(openapi["info"]["title"], title.as_str());
    Ok(())
}

#[test]
fn a_code_change_changes_no_layer_but_the_apps() -> Result {
    let project = Project::example("flask")?;
    let before = Build::of(&project).load().succeed()?;
    project.replace("app.py", "Hello from pybuild!", "Hello again!")?;
    project.replace("tests/test_app.py", "Hello from pybuild!", "Hello again!")?;
    let after = Build::of(&project).load().succeed()?;

    let (before, after) = (before.image()?.layers()?, after.image()?.layers()?);
    let changed = after.iter().filter(|layer| !before.contains(layer)).count();
    assert_eq!((before.len(), changed), (after.len(), 1), "{before:#?} {after:#?}");
    Ok(())
}

#[test]
fn changed_requirements_are_installed() -> Result {
    let project = Project::example("flask")?;
    project.replace("pybuild.toml", "requires = [\"test\"]", "requires = []")?;
    Build::of(&project).succeed()?;

    project.append("requirements.txt", &format!("six==1.17.0\n# {}\n", nonce()))?;
    let outcome = Build::of(&project).load().succeed()?;
    // Resolved again; only what is new is unpacked, and that at most: its wheel may be known from elsewhere.
    let (resolved, unpacked) = (names_that_ran(&outcome, "resolve: "), names_that_ran(&outcome, "unpack: "));
    assert_eq!(resolved, ["[resolver] resolve: requirements.txt"]);
    assert!(unpacked.len() <= 1, "{unpacked:?}");
    assert_eq!(outcome.image()?.prints(&["python", "-c", "import six; print(six.__version__)"])?, "1.17.0");
    Ok(())
}

#[test]
fn changed_developers_requirements_leave_the_apps_alone() -> Result {
    let project = Project::example("flask")?;
    Build::of(&project).target("dev").succeed()?;

    project.append("requirements-dev.txt", &format!("# {}\n", nonce()))?;
    let outcome = Build::of(&project).target("dev").succeed()?;
    let resolved = names_that_ran(&outcome, "resolve: ");
    assert_eq!(resolved, ["[resolver] resolve: requirements.txt, requirements-dev.txt"]);
    assert!(!outcome.ran("unpack: ")?, "{}", outcome.transcript());
    Ok(())
}

#[test]
fn an_unchanged_project_runs_nothing() -> Result {
    let project = Project::example("flask")?;
    Build::of(&project).succeed()?;

    let outcome = Build::of(&project).succeed()?;
    for step in ["resolve: ", "unpack: ", "check: "] {
        assert!(!outcome.ran(step)?, "{}", outcome.transcript());
    }
    Ok(())
}

#[test]
fn a_step_that_another_build_has_run_is_not_one_of_this_build() -> Result {
    let nonce = nonce();
    let project = small::project(&format!(
        "[stage.shared]\nfrom = \"python:3.11-slim\"\nrun = \"echo {nonce} > /opt/shared\"\n\
         [stage.slow]\nfrom = \"shared\"\nrun = \"sleep 8 # {nonce}\"\n"
    ))?;
    let other = Project::with(&[("pybuild.toml", &project.read("pybuild.toml")?)])?;
    thread::scope(|scope| {
        // As long as this goes on, the engine holds what it knows of the shared step, and tells it to whoever
        // asks.
        let slow = scope.spawn(|| Build::of(&other).target("slow").succeed());
        Build::of(&project).target("shared").succeed()?;
        let again = Build::of(&project).target("shared").succeed()?;
        assert!(!again.ran("run: echo")?, "{}", again.transcript());
        slow.join().expect("the other build").map(drop)
    })
}

#[test]
fn no_cache_runs_everything_again() -> Result {
    let project = small::project(&format!("[stage.test]\nchecks.quick = \"true # {}\"\n", nonce()))?;
    Build::of(&project).target("test").succeed()?;

    let outcome = Build::of(&project).target("test").no_cache().succeed()?;
    assert!(outcome.ran("check: quick")?, "{}", outcome.transcript());
    Ok(())
}

#[test]
fn a_check_runs_again_only_when_its_own_files_change() -> Result {
    let nonce = nonce();
    let project = small::project(&format!(
        "[stage.test]\n\
         checks.code = {{ run = \"cat app.py # {nonce}\", include = [\"*.py\"] }}\n\
         checks.text = {{ run = \"cat notes.txt # {nonce}\", include = [\"notes.txt\"] }}\n"
    ))?;
    project.write("notes.txt", "one\n")?;
    Build::of(&project).target("test").succeed()?;

    project.write("notes.txt", "two\n")?;
    let outcome = Build::of(&project).target("test").succeed()?;
    assert!(outcome.step("check: text")?.ran(), "{}", outcome.transcript());
    assert!(!outcome.step("check: code")?.ran(), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn a_checks_cache_folder_outlives_builds() -> Result {
    let count = |nonce: &str, round: u8| {
        format!(
            "[stage.test]\nchecks.count = {{ run = \"echo {round} >> .cache-{nonce}/log && wc -l < .cache-{nonce}/log\", \
             cache = [\"/app/.cache-{nonce}\"] }}\n"
        )
    };
    let nonce = nonce();
    Build::of(&small::project(&count(&nonce, 1))?).target("test").succeed()?;

    let outcome = Build::of(&small::project(&count(&nonce, 2))?).target("test").succeed()?;
    let log = outcome.progress.log_of(outcome.step("check: count")?);
    assert_eq!(log.trim(), "2", "{}", outcome.transcript());
    Ok(())
}
