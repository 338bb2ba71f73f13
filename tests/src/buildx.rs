//! `docker buildx build`, as a user types it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::command;
use crate::empty::EmptyEngine;
use crate::engine::Engine;
use crate::failure::{Failure, Result};
use crate::image::Image;
use crate::progress::{Progress, Step};
use crate::project::{Project, temporary_folder};
use crate::unique;
use serde_json::Value;

/// A build to be run.
#[derive(Debug)]
pub struct Build {
    folder: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    context: String,
    file: Option<String>,
    stdin: Option<PathBuf>,
    load: bool,
    exported: bool,
}

impl Build {
    /// `docker buildx build -f pybuild.toml .` in the project's folder. Everything is built; nothing is kept
    /// but the cache, unless [`Build::load`] or [`Build::output`] say so.
    pub fn of(project: &Project) -> Self {
        Self {
            folder: project.path().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            context: ".".to_owned(),
            file: Some("pybuild.toml".to_owned()),
            stdin: None,
            load: false,
            exported: false,
        }
    }

    /// Another build file than `pybuild.toml`; `-` reads it from standard input.
    #[must_use]
    pub fn file(mut self, path: &str) -> Self {
        self.file = Some(path.to_owned());
        self
    }

    /// Another context than the project's folder: a URL, or `-` for a tar on standard input.
    #[must_use]
    pub fn context(mut self, context: &str) -> Self {
        context.clone_into(&mut self.context);
        self
    }

    /// The standard input of the client.
    #[must_use]
    pub fn stdin(mut self, file: &Path) -> Self {
        self.stdin = Some(file.to_owned());
        self
    }

    /// `--target`.
    #[must_use]
    pub fn target(self, stage: &str) -> Self {
        self.option("--target", stage)
    }

    /// `--platform`, with commas between several.
    #[must_use]
    pub fn platforms(self, platforms: &str) -> Self {
        self.option("--platform", platforms)
    }

    /// `--build-arg`.
    #[must_use]
    pub fn arg(self, name: &str, value: &str) -> Self {
        self.option("--build-arg", &format!("{name}={value}"))
    }

    /// `--secret`, from a variable of the client's environment.
    #[must_use]
    pub fn secret(mut self, id: &str, value: &str) -> Self {
        let variable = format!("E2E_SECRET_{}", self.environment.len());
        self.environment.push((variable.clone(), value.to_owned()));
        self.option("--secret", &format!("id={id},env={variable}"))
    }

    /// Builds on another engine than the one of the run.
    #[must_use]
    pub fn on(mut self, engine: &EmptyEngine) -> Self {
        self.environment.push(("DOCKER_HOST".to_owned(), engine.host().to_owned()));
        self
    }

    /// Puts the image into the engine's store, where `docker run` finds it; see [`Outcome::image`].
    #[must_use]
    pub fn load(mut self) -> Self {
        self.load = true;
        self
    }

    /// `--output`.
    #[must_use]
    pub fn output(mut self, output: &str) -> Self {
        self.exported = true;
        self.option("--output", output)
    }

    /// `--no-cache`.
    #[must_use]
    pub fn no_cache(self) -> Self {
        self.flag("--no-cache")
    }

    /// Any option without a value.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.arguments.push(name.into());
        self
    }

    /// Any option with a value.
    #[must_use]
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.arguments.extend([name.into(), value.into()]);
        self
    }

    /// Runs the build to its end, good or bad.
    ///
    /// # Errors
    /// If the client cannot be run at all.
    pub fn run(self) -> Result<Outcome> {
        let engine = Engine::get()?;
        let scratch = temporary_folder()?;
        let metadata_file = scratch.path().join("metadata.json");
        let mut client = self.command(engine, &metadata_file);
        // Named before the build: a tag that a cut-off build left behind goes away too.
        let image = self.load.then(|| Image::tagged(&unique::name()));
        if let Some(image) = &image {
            client.args(["--load", "--tag", image.tag()]);
        } else if !self.exported {
            // Without it, the engine would keep an image without a name for every build.
            client.args(["--output", "type=cacheonly"]);
        }
        if let Some(path) = &self.stdin {
            let file = File::open(path).map_err(Failure::io(format!("opening {}", path.display())))?;
            client.stdin(file);
        }
        let mut progress = Progress::from_now()?;
        let finished = command::run(client.arg(&self.context))?;
        let mut errors = String::new();
        for line in finished.stderr.lines() {
            if !progress.read_line(line) {
                errors.push_str(line);
                errors.push('\n');
            }
        }
        let metadata = fs::read_to_string(&metadata_file).ok();
        let metadata = metadata.map_or(Ok(Value::Null), |text| serde_json::from_str(&text))?;
        Ok(Outcome { success: finished.status.success(), errors, progress, metadata, image })
    }

    /// Runs the build, and sends Ctrl-C as soon as `ready` is true for the progress. Then it waits for the
    /// end of the build.
    ///
    /// # Errors
    /// If the client cannot be run, or ends before `ready` is true.
    pub fn interrupt_when(self, ready: impl Fn(&Progress) -> bool) -> Result<Outcome> {
        self.act_when(ready, |client| signal("-INT", client))
    }

    /// The same with a signal that nobody can answer: the client is gone at once, as with a power cut.
    ///
    /// # Errors
    /// As [`Build::interrupt_when`].
    pub fn kill_when(self, ready: impl Fn(&Progress) -> bool) -> Result<Outcome> {
        self.act_when(ready, |client| signal("-KILL", client))
    }

    /// Runs the build, and calls `act` as soon as `ready` is true for the progress. `act` gets the process
    /// group of the client. Then it waits for the end of the build.
    ///
    /// # Errors
    /// If the client cannot be run, if the client ends before `ready` is true, or the error of `act`.
    pub fn act_when(
        self,
        ready: impl Fn(&Progress) -> bool,
        act: impl FnOnce(u32) -> Result,
    ) -> Result<Outcome> {
        let engine = Engine::get()?;
        let scratch = temporary_folder()?;
        let mut client = self.command(engine, &scratch.path().join("metadata.json"));
        client.args(["--output", "type=cacheonly"]).arg(&self.context);
        // A terminal sends the signal to all programs that it runs: the client, and the plugin that it has
        // started.
        let mut child = client
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Failure::io("starting a build"))?;
        let mut act = Some(act);
        let stderr = child.stderr.take().into_iter();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let all =
                stderr.flat_map(|stderr| BufReader::new(stderr).lines()).map_while(std::result::Result::ok);
            // Whoever does not listen any more has failed already.
            let _ = all.map(|line| sender.send(line)).find(std::result::Result::is_err);
        });
        let (mut progress, mut errors) = (Progress::default(), String::new());
        loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) if progress.read_line(&line) => {}
                Ok(line) => errors.extend([line.as_str(), "\n"]),
                // What `ready` waits for need not be announced by a line.
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Some(act) = act.take_if(|_| ready(&progress)) {
                act(child.id())?;
            }
        }
        let status = child.wait().map_err(Failure::io("waiting for a build"))?;
        let outcome =
            Outcome { success: status.success(), errors, progress, metadata: Value::Null, image: None };
        if act.is_none() {
            return Ok(outcome);
        }
        let message = "the build was over before anything could be done to it";
        Err(Failure::Unexpected(format!("{message}\n{}", outcome.transcript())))
    }

    /// Runs a build that must succeed.
    ///
    /// # Errors
    /// If the build fails. The error has the whole output.
    pub fn succeed(self) -> Result<Outcome> {
        let outcome = self.run()?;
        if outcome.success {
            return Ok(outcome);
        }
        Err(Failure::Unexpected(format!("the build failed\n{}", outcome.transcript())))
    }

    /// Pushes the image under `name`, with nothing beside it; the engine keeps no copy.
    ///
    /// # Errors
    /// If it cannot be built or pushed.
    pub fn push(self, name: &str) -> Result<Outcome> {
        let output = format!("type=image,name={name},push=true,store=false");
        self.option("--provenance", "false").output(&output).succeed()
    }

    /// Runs a build that must fail.
    ///
    /// # Errors
    /// If the build succeeds.
    pub fn fail(self) -> Result<Outcome> {
        let outcome = self.run()?;
        if outcome.success {
            let transcript = outcome.transcript();
            return Err(Failure::Unexpected(format!("the build was expected to fail\n{transcript}")));
        }
        Ok(outcome)
    }

    fn command(&self, engine: &Engine, metadata_file: &Path) -> Command {
        let mut client = engine.docker(&["buildx", "build", "--progress", "rawjson"]);
        client.current_dir(&self.folder).stdin(Stdio::null()).envs(self.environment.iter().cloned());
        client.arg("--metadata-file").arg(metadata_file).args(&self.arguments);
        if let Some(file) = &self.file {
            client.args(["--file", file]);
        }
        client
    }
}

/// The result of a build.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the client ended with 0.
    pub success: bool,
    /// The output of the client without the progress: the error that the user sees, and warnings.
    pub errors: String,
    /// The steps and what they printed.
    pub progress: Progress,
    /// The content of `--metadata-file`, or null if the build failed.
    pub metadata: Value,
    image: Option<Image>,
}

/// Sends a signal to all processes of a group.
fn signal(name: &str, group: u32) -> Result {
    command::stdout(Command::new("kill").args([name, "--", &format!("-{group}")])).map(drop)
}

impl Outcome {
    /// The image of a build with [`Build::load`]. It goes away with the outcome.
    ///
    /// # Errors
    /// If the build was not asked to load one.
    pub fn image(&self) -> Result<&Image> {
        self.image.as_ref().ok_or_else(|| Failure::Unexpected("this build loads no image".to_owned()))
    }

    /// The one step whose name contains `text`.
    ///
    /// # Errors
    /// If there is none, or more than one.
    pub fn step(&self, text: &str) -> Result<&Step> {
        if let [step] = self.progress.named(text)[..] {
            return Ok(step);
        }
        Err(Failure::Unexpected(format!("not exactly one step is named `{text}`\n{}", self.transcript())))
    }

    /// Whether any step whose name contains `text` did its work in this build.
    ///
    /// # Errors
    /// If no step has such a name: a test that asks would prove nothing.
    pub fn ran(&self, text: &str) -> Result<bool> {
        let steps = self.progress.named(text);
        if steps.is_empty() {
            return Err(Failure::Unexpected(format!("no step is named `{text}`\n{}", self.transcript())));
        }
        Ok(steps.iter().any(|step| step.ran()))
    }

    /// Everything that the build said, for the message of a failed test.
    pub fn transcript(&self) -> String {
        let mut text = String::new();
        for step in self.progress.steps() {
            let state = match step {
                Step { error, .. } if !error.is_empty() => "failed",
                Step { cached: true, .. } => "cached",
                Step { is_anothers: true, .. } => "run by another build",
                Step { completed: Some(_), .. } => "ran",
                Step { started: Some(_), .. } => "was running",
                _ => "was not started",
            };
            text.extend(["  ", &step.name, " ", state, "\n"]);
            for line in self.progress.log_of(step).lines() {
                text.extend(["    | ", line, "\n"]);
            }
        }
        text.push_str(&self.errors);
        text
    }
}
