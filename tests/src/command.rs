//! Child processes: run, captured, and reported whole when they fail.

use std::ffi::OsStr;
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::failure::{Failure, Result};

/// The output and the exit code of a program.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Its standard error, in the same way.
    pub stderr: String,
    line: String,
}

impl Finished {
    /// The output, or an error with the whole output.
    ///
    /// # Errors
    /// If the exit code is not 0.
    pub fn successful(self) -> Result<Self> {
        if self.status.success() {
            return Ok(self);
        }
        let output = format!("{}{}", self.stdout, self.stderr);
        Err(Failure::Command { command: self.line, status: self.status.to_string(), output })
    }
}

/// Runs `command` to its end.
///
/// # Errors
/// If it cannot be started. How it ends is the caller's business.
pub fn run(command: &mut Command) -> Result<Finished> {
    let line = line(command);
    let output = output(command)?;
    Ok(Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        line,
    })
}

/// Runs `command` to its end and gives its standard output.
///
/// # Errors
/// If it cannot be started, or fails.
pub fn stdout(command: &mut Command) -> Result<String> {
    run(command)?.successful().map(|finished| finished.stdout)
}

/// As [`run`], with the bytes as they are.
fn output(command: &mut Command) -> Result<Output> {
    let what = line(command);
    command.output().map_err(Failure::io(what))
}

/// Starts `command` with its standard output as a pipe.
pub(crate) fn piped(command: &mut Command) -> Result<std::process::Child> {
    let what = line(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(Failure::io(what))
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
