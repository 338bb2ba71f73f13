//! The engine of the tests, and the frontend image in it. Both are started once in a run.
//!
//! Every test calls [`Engine::get`], and the first call does the work. Tests can be threads of one process
//! (`cargo test`) or separate processes (`cargo nextest`). So a file lock prevents concurrent work, and a
//! file beside the lock names the run that has built the frontend image.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::command::{run, stdout};
use crate::failure::{Failure, Result};

/// The reference that the files of this repository name in their first line.
pub const DEFAULT_FRONTEND: &str = "localhost:5000/pybuild:dev";

/// How to reach a running engine that has the frontend image.
#[derive(Debug)]
pub struct Engine {
    environment: BTreeMap<String, String>,
    frontend: String,
}

impl Engine {
    /// The engine of this run.
    ///
    /// # Errors
    /// If it does not come up, or the frontend image cannot be built on it.
    pub fn get() -> Result<&'static Self> {
        static ENGINE: OnceLock<Engine> = OnceLock::new();
        if let Some(engine) = ENGINE.get() {
            return Ok(engine);
        }
        // Threads that arrive together wait for the lock and find everything done.
        let engine = Self::start()?;
        Ok(ENGINE.get_or_init(|| engine))
    }

    /// The frontend image's reference.
    pub fn frontend(&self) -> &str {
        &self.frontend
    }

    /// The address of the registry that the engine pulls from, and tests may push to.
    pub fn registry(&self) -> &str {
        self.environment.get("PYBUILD_REGISTRY").map_or("localhost:5000", String::as_str)
    }

    /// Whether it keeps images in containerd's store. Docker's classic one knows neither several platforms
    /// under one tag nor OCI layouts.
    pub fn has_containerd_store(&self) -> bool {
        self.environment.get("PYBUILD_ENGINE_STORE").is_none_or(|store| store == "containerd")
    }

    /// Whether builds see the images that `docker pull` has fetched. A builder of its own (`BUILDX_BUILDER`)
    /// does not.
    pub fn builds_from_its_images(&self) -> bool {
        !self.environment.contains_key("BUILDX_BUILDER")
    }

    /// Has this machine run programs of linux/arm64, and makes `python:3.11-slim-bookworm` for both
    /// platforms.
    ///
    /// # Errors
    /// If it cannot.
    pub fn run_arm64(&self) -> Result {
        let lock = File::create(env::temp_dir().join("pybuild-e2e").join("lock"));
        let lock = lock.map_err(Failure::io("creating the lock"))?;
        lock.lock().map_err(Failure::io("locking"))?;
        stdout(script().arg("arm64")).map(drop)
    }

    /// A program with the engine's environment and nothing else: what works here works without a home.
    pub fn program(&self, name: &str) -> Command {
        isolated(name, &self.environment)
    }

    /// The docker client.
    pub fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = self.program("docker");
        command.args(arguments);
        command
    }

    fn start() -> Result<Self> {
        let folder = env::temp_dir().join("pybuild-e2e");
        fs::create_dir_all(&folder).map_err(Failure::io("creating the lock's folder"))?;
        let lock = File::create(folder.join("lock")).map_err(Failure::io("creating the lock"))?;
        lock.lock().map_err(Failure::io("locking"))?;
        let mut engine = Self::from_script();
        if !engine.as_ref().is_ok_and(Self::answers) {
            stdout(script().arg("up"))?;
            engine = Self::from_script();
        }
        let engine = engine?;
        Self::build_frontend(&folder.join("frontend"))?;
        Ok(engine)
    }

    fn from_script() -> Result<Self> {
        let mut shell = isolated("bash", &inherited());
        shell.args(["-c", "variables=$(\"$1\" env) && eval \"$variables\" && exec env -0", "bash"]);
        let printed = stdout(shell.arg(script().get_program()))?;
        let pairs = printed.split('\0').filter_map(|pair| pair.split_once('='));
        let mut environment: BTreeMap<String, String> =
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // A Docker that is not ours may have its plugins in the user's home.
        if let (None, Ok(home)) = (environment.get("DOCKER_CONFIG"), env::var("HOME")) {
            environment.insert("DOCKER_CONFIG".to_owned(), format!("{home}/.docker"));
        }
        let named = environment.get("PYBUILD_FRONTEND").cloned();
        Ok(Self { environment, frontend: named.unwrap_or_else(|| DEFAULT_FRONTEND.to_owned()) })
    }

    fn answers(&self) -> bool {
        let ends_well = |command: &mut Command| run(command).is_ok_and(|done| done.status.success());
        ends_well(&mut self.docker(&["version"])) && ends_well(&mut self.docker(&["buildx", "version"]))
    }

    fn build_frontend(built: &Path) -> Result {
        if env::var("PYBUILD_FRONTEND_READY").is_ok_and(|value| value == "1") {
            return Ok(());
        }
        let run = run_key();
        if fs::read_to_string(built).is_ok_and(|key| key == run) {
            return Ok(());
        }
        stdout(script().arg("frontend"))?;
        fs::write(built, run).map_err(Failure::io("remembering the frontend's build"))
    }
}

/// The root of the checkout.
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

pub(crate) fn script() -> Command {
    isolated(&repository().join("tests/engine/engine").to_string_lossy(), &inherited())
}

fn isolated(program: &str, environment: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment).env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
    command
}

/// What of the caller's environment decides which engine is meant.
fn inherited() -> BTreeMap<String, String> {
    let meant = |name: &str| {
        matches!(name, "PATH" | "TMPDIR" | "BUILDX_BUILDER")
            || name.starts_with("DOCKER_")
            || name.starts_with("PYBUILD_")
    };
    env::vars().filter(|(name, _)| meant(name)).collect()
}

/// Names the run: the test runner is the parent of every test process. Its start time (field 22 of
/// `/proc/PID/stat`) tells it from an older process of the same number.
fn run_key() -> String {
    let parent = parent_id();
    let stat = fs::read_to_string(format!("/proc/{parent}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let started = after_name.split_whitespace().nth(19).unwrap_or("unknown");
    format!("{parent} {started}")
}
