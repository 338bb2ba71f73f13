//! The packaging tools, in pinned versions, in a folder that is kept from run to run.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::run;
use crate::failure::Failure;

/// Installing everything takes half a minute with a registry nearby.
const PATIENCE: Duration = Duration::from_secs(600);

/// The tools: uv, poetry, pdm, pipenv, pip-tools and pip, in one virtual environment.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    home: PathBuf,
}

impl Tools {
    /// Installs what `list` names, unless it is there.
    ///
    /// # Errors
    /// If the machine has no Python, or its registry does not have a tool.
    pub(crate) fn installed(home: Option<PathBuf>, list: &Path) -> Result<Self, Failure> {
        let home = match home {
            Some(home) => home,
            None => default_home()?,
        };
        let wanted = std::fs::read_to_string(list).map_err(Failure::io(list.display().to_string()))?;
        let tools = Self { home };
        std::fs::create_dir_all(&tools.home).map_err(Failure::io(tools.home.display().to_string()))?;
        // Two runs at once must not install into one folder.
        let lock = tools.home.join("lock");
        let lock = File::create(&lock).map_err(Failure::io(lock.display().to_string()))?;
        lock.lock().map_err(Failure::io("waiting for another run that installs the tools"))?;
        let done = tools.home.join("installed.txt");
        if std::fs::read_to_string(&done).is_ok_and(|there| there == wanted) {
            return Ok(tools);
        }
        let uv = wanted.lines().find(|line| line.starts_with("uv==")).unwrap_or("uv");
        let venv = tools.home.join("venv");
        step(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", uv];
        step(Command::new(tools.python()).args(pip))?;
        let mut install = Command::new(tools.program("uv"));
        install.args(["pip", "install", "--quiet", "--python"]).arg(tools.python()).arg("-r").arg(list);
        step(&mut install)?;
        std::fs::write(&done, wanted).map_err(Failure::io(done.display().to_string()))?;
        Ok(tools)
    }

    /// Where everything is kept.
    pub(crate) fn folder(&self) -> &Path {
        &self.home
    }

    /// A tool's program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.home.join("venv/bin").join(name)
    }

    /// The Python that the tools run with, and whose packages they are.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }
}

fn default_home() -> Result<PathBuf, Failure> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let home =
        home.ok_or_else(|| Failure::Other("there is no HOME: name a folder with --home".to_owned()))?;
    Ok(PathBuf::from(home).join(".cache/pybuild-differential"))
}

fn step(command: &mut Command) -> Result<(), Failure> {
    let finished = run(command, PATIENCE)?;
    if finished.success {
        return Ok(());
    }
    Err(Failure::Other(format!("{command:?} failed\n{}{}", finished.stdout, finished.stderr)))
}
