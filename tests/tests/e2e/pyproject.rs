//! `[tool.pybuild]` of pyproject.toml in place of a file of its own.

use pybuild_tests::{Build, Engine, Project, Result};

use crate::broken::shown;

const PYPROJECT: &str = "[project]\nname = \"demo\"\nversion = \"1.0\"\nrequires-python = \">=3.11,<3.12\"\n\
    [tool.pybuild.stage.peek]\nfrom = \"debian:bookworm-slim\"\nlabels.place = \"pyproject\"\n";

fn project(head: &str, tail: &str) -> Result<Project> {
    Project::with(&[("pyproject.toml", &format!("{head}{PYPROJECT}{tail}")), ("app.py", "print('demo')\n")])
}

/// A file that has to be named as the build's, and to be read by our frontend.
fn build(project: &Project) -> Build {
    Build::of(project).file("pyproject.toml")
}

#[test]
fn a_syntax_line_makes_it_a_build_file() -> Result {
    let project = project(&format!("# syntax={}\n", Engine::get()?.frontend()), "")?;
    let outcome = build(&project).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?, "demo");
    Ok(())
}

#[test]
fn an_untouched_file_is_built_with_a_build_arg() -> Result {
    let project = project("", "")?;
    let outcome =
        build(&project).arg("BUILDKIT_SYNTAX", Engine::get()?.frontend()).target("peek").load().succeed()?;
    assert_eq!(outcome.image()?.config()?["Labels"]["place"], "pyproject");
    Ok(())
}

#[test]
fn a_mistake_is_shown_at_its_line_of_pyproject() -> Result {
    let project = project("", "[tool.pybuild.stage.dev]\nexpsoe = [8000]\n")?;
    let outcome = build(&project).arg("BUILDKIT_SYNTAX", Engine::get()?.frontend()).fail()?;
    let shown = shown(&outcome, &project)?;
    assert!(shown.starts_with("pyproject.toml:9\n"), "{shown}");
    assert!(shown.contains("   9 | >>> expsoe = [8000]\n"), "{shown}");
    assert!(shown.contains("did you mean `expose`?"), "{shown}");
    Ok(())
}
