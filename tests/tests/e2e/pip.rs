//! `installer = "pip"`: one environment that pip fills, for who asks for it.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Container, Outcome, Project, Result};
use serde_json::json;

/// `examples/flask`, installed by pip.
fn flask() -> Result<Project> {
    let project = Project::example("flask")?;
    let python = "python.version = \"3.11\"\n";
    project.replace("pybuild.toml", python, &format!("{python}dependencies.installer = \"pip\"\n"))?;
    // Steps that another test runs at the same moment would count as run here too.
    project.append("requirements.txt", &format!("# {}\n", nonce()))?;
    Ok(project)
}

/// The installing steps that ran.
fn installed(outcome: &Outcome) -> Vec<&str> {
    let steps = outcome.progress.named("pip: ").into_iter();
    steps.filter(|step| step.ran()).map(|step| step.name.as_str()).collect()
}

#[test]
fn production_answers_and_a_code_change_installs_nothing() -> Result {
    let project = flask()?;
    let outcome = Build::of(&project).load().succeed()?;
    // Neither resolved nor unpacked, and no word about locks.
    for other in ["[resolver]", "[wheels]"] {
        assert_eq!(outcome.progress.named(other).len(), 0, "{}", outcome.transcript());
    }
    assert_eq!(outcome.progress.warnings.len(), 0, "{:?}", outcome.progress.warnings);
    let image = outcome.image()?;
    let installer = "import importlib.metadata as m; print(m.distribution('flask').read_text('INSTALLER'))";
    assert_eq!(image.prints(&["python", "-c", installer])?, "pip");
    let container = Container::start(image, 8000)?;
    assert_eq!(container.get(8000, "/health")?.json()?, json!({ "status": "healthy" }));

    for file in ["app.py", "tests/test_app.py"] {
        project.replace(file, "Hello from pybuild!", "Hello again!")?;
    }
    let outcome = Build::of(&project).load().succeed()?;
    assert!(!outcome.ran("pip: ")?, "{}", outcome.transcript());
    let container = Container::start(outcome.image()?, 8000)?;
    assert_eq!(container.get(8000, "/")?.json()?["message"], "Hello again!");
    Ok(())
}

#[test]
fn changed_requirements_are_installed() -> Result {
    let project = flask()?;
    project.replace("pybuild.toml", "requires = [\"test\"]", "requires = []")?;
    project.append("requirements.txt", &format!("six==1.17.0\n# {}\n", nonce()))?;
    let outcome = Build::of(&project).load().succeed()?;
    assert!(outcome.ran("pip: ")?, "{}", outcome.transcript());
    assert_eq!(outcome.image()?.prints(&["python", "-c", "import six; print(six.__version__)"])?, "1.17.0");
    Ok(())
}

#[test]
fn changed_developers_requirements_leave_the_apps_alone() -> Result {
    let project = flask()?;
    Build::of(&project).target("dev").succeed()?;
    project.append("requirements-dev.txt", &format!("# {}\n", nonce()))?;
    let outcome = Build::of(&project).target("dev").succeed()?;
    let ran = installed(&outcome);
    assert!(matches!(ran[..], [only] if only.contains("requirements-dev.txt")), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn a_lock_that_pip_does_not_read_is_a_warning() -> Result {
    let project = flask()?;
    project.write("uv.lock", "version = 1\n")?;
    let outcome = Build::of(&project).target("builder").succeed()?;
    let [warning] = &outcome.progress.warnings[..] else { panic!("{:?}", outcome.progress.warnings) };
    let expected = "LockNotRead: `uv.lock` is not read: dependencies are installed as requirements.txt asks for them \
        (line 1)";
    assert_eq!(warning.short, expected);
    Ok(())
}
