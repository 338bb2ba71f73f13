//! A running container with one published port.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Finished, run, stdout};
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::http::{self, Request, Response};
use crate::image::Image;

/// How long a server may take to answer its first request.
const PATIENCE: Duration = Duration::from_secs(60);

/// A container that is removed with its value.
#[derive(Debug)]
pub struct Container {
    id: String,
}

impl Container {
    /// Starts an image as it is, its `port` published on a free port of the loopback interface.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(image: &Image, port: u16) -> Result<Self> {
        Self::start_with(image, port, &[])
    }

    /// As [`Container::start`], with variables.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(image: &Image, port: u16, variables: &[(&str, &str)]) -> Result<Self> {
        let variables: Vec<String> =
            variables.iter().map(|(name, value)| format!("--env={name}={value}")).collect();
        let published = format!("127.0.0.1::{port}");
        let mut arguments = vec!["run", "--detach", "--publish", &published];
        arguments.extend(variables.iter().map(String::as_str));
        arguments.push(image.tag());
        Self::made(&arguments)
    }

    /// A container that is never started: its file system can be read.
    pub(crate) fn created(image: &Image) -> Result<Self> {
        // An image without a command needs one to be made into a container; it is not looked up.
        Self::made(&["create", image.tag(), "/nothing"])
    }

    fn made(arguments: &[&str]) -> Result<Self> {
        let printed = stdout(&mut Engine::get()?.docker(arguments))?;
        Ok(Self { id: printed.trim().to_owned() })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Asks for `path` until the server answers, with whatever status.
    ///
    /// # Errors
    /// If it does not within a minute; with the container's log.
    pub fn get(&self, port: u16, path: &str) -> Result<Response> {
        self.ask(port, &Request::get(path))
    }

    /// As [`Container::get`], with any request.
    ///
    /// # Errors
    /// As there.
    pub fn ask(&self, port: u16, request: &Request) -> Result<Response> {
        let address = self.address(port)?;
        http::ask_patiently(address, request, PATIENCE, || self.logs())
    }

    /// Runs a program in the running container.
    ///
    /// # Errors
    /// If the client cannot be run.
    pub fn exec(&self, program: &[&str]) -> Result<Finished> {
        let mut client = Engine::get()?.docker(&["exec", &self.id]);
        run(client.args(program))
    }

    /// What it printed so far.
    ///
    /// # Errors
    /// If there is no such container any more.
    pub fn logs(&self) -> Result<String> {
        let finished = run(&mut Engine::get()?.docker(&["logs", &self.id]))?.successful()?;
        Ok(format!("{}{}", finished.stdout, finished.stderr))
    }

    /// Waits until its health check has said something, and gives what: `healthy` or `unhealthy`.
    ///
    /// # Errors
    /// If it says nothing within a minute, or the image has no health check.
    pub fn health(&self) -> Result<String> {
        let start = Instant::now();
        loop {
            let format = "{{.State.Health.Status}}";
            let health = stdout(&mut Engine::get()?.docker(&["inspect", "--format", format, &self.id]))?;
            let health = health.trim();
            if health != "starting" {
                return Ok(health.to_owned());
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::Unexpected("the health check says nothing".to_owned()));
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn address(&self, port: u16) -> Result<SocketAddr> {
        let printed = stdout(&mut Engine::get()?.docker(&["port", &self.id, &format!("{port}/tcp")]))?;
        let first = printed.lines().next().unwrap_or_default();
        first.parse().map_err(|_| Failure::Unexpected(format!("`{first}` is no published address")))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Ok(engine) = Engine::get() {
            let _ = run(&mut engine.docker(&["rm", "--force", "--volumes", &self.id]));
        }
    }
}
