//! A second engine with an empty cache, like a new runner of a CI host.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::command::stdout;
use crate::engine::{Engine, script};
use crate::failure::{Failure, Result};

/// How the script ends where there can be no second engine.
const NOT_HERE: i32 = 3;

/// An engine with the first one's registry, and nothing else that it can reach. It goes away with the value,
/// and also with a test that is killed: the script that holds it waits for the end of its input.
#[derive(Debug)]
pub struct EmptyEngine {
    script: Child,
    printed: Option<BufReader<ChildStdout>>,
    host: String,
}

impl EmptyEngine {
    /// Starts one. There is none in a Docker that is not the tests' own; the reason is printed.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start() -> Result<Option<Self>> {
        Self::start_with(&[])
    }

    /// Starts one whose data may take `size` bytes, as `600m`: a disk that fills up.
    ///
    /// # Errors
    /// If it does not start.
    pub fn of_size(size: &str) -> Result<Option<Self>> {
        Self::start_with(&["--size", size])
    }

    fn start_with(options: &[&str]) -> Result<Option<Self>> {
        // Its registry and its programs are the first engine's.
        Engine::get()?;
        let mut command = script();
        let pipes = command.arg("empty").args(options).stdin(Stdio::piped());
        let pipes = pipes.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut script = pipes.map_err(Failure::io("starting an empty engine"))?;
        let printed = script.stdout.take().map(BufReader::new);
        let mut engine = Self { script, printed, host: String::new() };
        if engine.read_host()? {
            return Ok(Some(engine));
        }
        let mut reason = String::new();
        if let Some(mut printed) = engine.script.stderr.take() {
            printed.read_to_string(&mut reason).map_err(Failure::io("reading the engine's messages"))?;
        }
        let status = engine.script.wait().map_err(Failure::io("waiting for an empty engine"))?;
        if status.code() == Some(NOT_HERE) {
            tell(&reason);
            return Ok(None);
        }
        Err(Failure::Command {
            command: "engine empty".to_owned(),
            status: status.to_string(),
            output: reason,
        })
    }

    /// Kills the engine in the middle of what it does, and starts another one on the same data, as after a
    /// power cut.
    ///
    /// # Errors
    /// If the engine does not start again.
    pub fn kill_and_start_again(&mut self) -> Result {
        stdout(Command::new("kill").args(["-USR1", &self.script.id().to_string()]))?;
        if self.read_host()? {
            return Ok(());
        }
        Err(Failure::Unexpected("the engine that was killed did not start again".to_owned()))
    }

    /// Waits for the line with the engine's address. `false` where the script ended without such a line.
    fn read_host(&mut self) -> Result<bool> {
        let mut line = String::new();
        if let Some(printed) = &mut self.printed {
            printed.read_line(&mut line).map_err(Failure::io("reading the engine's address"))?;
        }
        let host = line.trim().strip_prefix("export DOCKER_HOST='").and_then(|rest| rest.strip_suffix('\''));
        host.unwrap_or_default().clone_into(&mut self.host);
        Ok(host.is_some())
    }

    /// Its address, for `DOCKER_HOST`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What its build cache holds: for each record, where it is from.
    ///
    /// # Errors
    /// If it does not say.
    pub fn cache(&self) -> Result<Vec<String>> {
        let mut client: Command = Engine::get()?.docker(&["buildx", "du", "--verbose"]);
        let printed = stdout(client.env("DOCKER_HOST", &self.host))?;
        let records = printed.lines().filter_map(|line| line.strip_prefix("Description:"));
        Ok(records.map(|record| record.trim().to_owned()).collect())
    }
}

impl Drop for EmptyEngine {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}

#[expect(clippy::print_stderr, reason = "the only way to say what of a test could not be done")]
fn tell(reason: &str) {
    eprint!("{reason}");
}
