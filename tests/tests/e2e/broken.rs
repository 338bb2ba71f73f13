//! Invalid build files, with the whole text that the client shows.
//!
//! `fixtures/broken/NAME` is a project. `expected.txt` has the text, and `arguments.txt` has the options of
//! the client, one on each line. With `PYBUILD_BLESS=1` the texts are written and not compared.

use std::env;
use std::fmt::Write as _;
use std::fs;

use pybuild_tests::engine::DEFAULT_FRONTEND;
use pybuild_tests::project::{fixtures, names_in};
use pybuild_tests::{Build, Engine, Outcome, Project, Result};

/// What the client says about one fixture, without what differs between machines.
fn error_of(name: &str) -> Result<String> {
    let project = Project::fixture(&format!("broken/{name}"))?;
    let arguments = project.read("arguments.txt").unwrap_or_default();
    for notes in ["arguments.txt", "expected.txt"] {
        project.remove(notes)?;
    }
    let build = arguments.lines().fold(Build::of(&project), Build::flag);
    shown(&build.fail()?, &project)
}

/// What the client printed, without what differs between machines.
pub(crate) fn shown(outcome: &Outcome, project: &Project) -> Result<String> {
    let frontend = Engine::get()?.frontend();
    let folder = project.path().display().to_string();
    let shown = outcome.errors.replace(frontend, DEFAULT_FRONTEND).replace(&folder, "PROJECT");
    // The client has two calls under way, and names the one that it first hears of the failure from.
    let shown = shown.replace("failed to run Build function", "failed to solve");
    // Older clients say less before it.
    let shown = shown.replace("ERROR: failed to solve", "ERROR: failed to build: failed to solve");
    Ok(without_references(&shown))
}

/// The engine names snapshots by random ids: `of ref abc::def: "/path": not found`.
fn without_references(text: &str) -> String {
    let mut pieces = text.split("of ref ");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.split_once(": ").map_or(piece, |(_, rest)| rest);
        kept.extend(["of ref REF: ", rest]);
    }
    kept
}

#[test]
fn every_broken_file_is_explained_at_its_place() -> Result {
    let parent = fixtures().join("broken");
    let bless = env::var("PYBUILD_BLESS").is_ok_and(|value| value == "1");
    let mut differing = String::new();
    for name in names_in(&parent)? {
        let file = parent.join(&name).join("expected.txt");
        let shown = error_of(&name)?;
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if bless {
            fs::write(&file, &shown).expect("a writable fixture");
        } else if shown != expected {
            writeln!(differing, "\n=== {name}: expected\n{expected}=== {name}: shown\n{shown}")
                .expect("a string takes all");
        }
    }
    assert!(differing.is_empty(), "{differing}");
    Ok(())
}
