//! The command line, taken out of the frontend image as a user would.

use std::process::Command;

use crate::command::{Finished, run, stdout};
use crate::engine::Engine;
use crate::failure::Result;
use crate::project::{Project, temporary_folder};

/// What a command of the binary in the frontend image prints, run in the project's folder.
///
/// # Errors
/// If the binary cannot be had, or the command fails.
pub fn pybuild(project: &Project, arguments: &[&str]) -> Result<String> {
    let ended = pybuild_to_its_end(project, arguments)?;
    Ok(ended.successful()?.stdout)
}

/// The same, however the command ends.
///
/// # Errors
/// If the binary cannot be had.
pub fn pybuild_to_its_end(project: &Project, arguments: &[&str]) -> Result<Finished> {
    let engine = Engine::get()?;
    let folder = temporary_folder()?;
    let program = folder.path().join("pybuild");
    let made = stdout(&mut engine.docker(&["create", "--pull=always", "-q", engine.frontend()]))?;
    let id = made.trim();
    let copied = run(&mut engine.docker(&["cp", &format!("{id}:/pybuild"), &program.to_string_lossy()]));
    run(&mut engine.docker(&["rm", id]))?.successful()?;
    copied?.successful()?;
    run(Command::new(program).args(arguments).current_dir(project.path()))
}
