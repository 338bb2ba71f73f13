//! `docker compose`, as a user types it: the services of an example, under a name of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::command::{Finished, run, stdout};
use crate::engine::{Engine, repository};
use crate::failure::{Failure, Result};
use crate::http::{self, Request, Response};
use crate::project::Project;
use crate::unique;

/// How long a service may take to answer its first request.
const PATIENCE: Duration = Duration::from_secs(60);

/// The services of a project's `compose.yaml`. Containers, volumes and images go away with the value.
#[derive(Debug)]
pub struct Compose {
    folder: PathBuf,
    name: String,
    environment: Vec<(String, String)>,
}

impl Compose {
    /// Those of `project`. Nothing is started; ports are published on free ones.
    ///
    /// # Errors
    /// If the file names a neighbouring example otherwise than once.
    pub fn of(project: &Project) -> Result<Self> {
        // The project is a copy, and its neighbour is not beside it.
        let neighbour = repository().join("examples/postgres");
        project.replace("compose.yaml", "../postgres ", &format!("{} ", neighbour.display()))?;
        let environment = vec![("PORT".to_owned(), "0".to_owned())];
        Ok(Self { folder: project.path().to_owned(), name: unique::name(), environment })
    }

    /// A variable that the file refers to.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs a command of `docker compose` to its end.
    ///
    /// # Errors
    /// If it fails; with what it and the services printed.
    pub fn succeed(&self, arguments: &[&str]) -> Result<Finished> {
        let finished = run(&mut self.command(arguments)?)?;
        if finished.status.success() {
            return Ok(finished);
        }
        let logs = self.logs()?;
        Err(Failure::Unexpected(format!("compose {arguments:?} failed\n{}\n{logs}", finished.stderr)))
    }

    /// As [`Compose::succeed`], however it ends.
    ///
    /// # Errors
    /// If the client cannot be run.
    pub fn run(&self, arguments: &[&str]) -> Result<Finished> {
        run(&mut self.command(arguments)?)
    }

    /// Asks a service until it answers.
    ///
    /// # Errors
    /// If it does not within a minute.
    pub fn ask(&self, service: &str, port: u16, request: &Request) -> Result<Response> {
        let printed = stdout(&mut self.command(&["port", service, &port.to_string()])?)?;
        let published = printed.trim().rsplit(':').next().and_then(|number| number.parse().ok());
        let Some(published) = published else {
            return Err(Failure::Unexpected(format!("`{printed}` is no published address")));
        };
        let address = SocketAddr::from(([127, 0, 0, 1], published));
        http::ask_patiently(address, request, PATIENCE, || self.logs())
    }

    /// What all services printed so far.
    ///
    /// # Errors
    /// If the client fails.
    pub fn logs(&self) -> Result<String> {
        stdout(&mut self.command(&["logs", "--no-color"])?)
    }

    /// The folder with the file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut client = Engine::get()?.docker(&["compose", "--project-name", &self.name]);
        client.current_dir(&self.folder).stdin(Stdio::null());
        client.envs(self.environment.iter().cloned()).args(arguments);
        Ok(client)
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        let all =
            ["--profile", "*", "down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "1"];
        if let Ok(mut client) = self.command(&all) {
            let _ = run(&mut client);
        }
    }
}
