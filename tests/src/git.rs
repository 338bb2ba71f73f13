//! A git repository, made from a project and served on the loopback interface.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::command::stdout;
use crate::failure::{Failure, Result};
use crate::project::{Project, temporary_folder};

/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A served repository with one commit on `main`. The server ends with the value.
#[derive(Debug)]
pub struct Repository {
    _folder: TempDir,
    server: Child,
    port: u16,
    commit: String,
}

impl Repository {
    /// Commits the project's files and serves them.
    ///
    /// # Errors
    /// If git fails, or the server does not listen.
    pub fn of(project: &Project) -> Result<Self> {
        let folder = temporary_folder()?;
        let bare = folder.path().join("project.git");
        let in_project = |arguments: &[&str]| {
            let mut git = git();
            git.arg("--git-dir").arg(&bare).arg("--work-tree").arg(project.path()).args(arguments);
            stdout(git.current_dir(project.path()))
        };
        stdout(git().args(["init", "--quiet", "--bare", "--initial-branch=main"]).arg(&bare))?;
        in_project(&["add", "--all"])?;
        in_project(&["commit", "--quiet", "--message", "The project"])?;
        let commit = in_project(&["rev-parse", "HEAD"])?.trim().to_owned();
        let port = free_port()?;
        let server = serve(folder.path(), port)?;
        let repository = Self { _folder: folder, server, port, commit };
        repository.wait()?;
        Ok(repository)
    }

    /// The URL of the branch.
    pub fn url(&self) -> String {
        format!("{}#main", self.remote())
    }

    /// The URL of the repository.
    pub fn remote(&self) -> String {
        format!("git://127.0.0.1:{}/project.git", self.port)
    }

    /// The commit's full hash.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    fn wait(&self) -> Result {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if start.elapsed() > PATIENCE {
                return Err(Failure::Unexpected("the git server does not listen".to_owned()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// git with nobody's settings and an author of its own.
fn git() -> Command {
    let mut git = Command::new("git");
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", "/nonexistent");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "E2E").env(format!("GIT_{role}_EMAIL"), "e2e@example.org");
    }
    git
}

fn serve(folder: &Path, port: u16) -> Result<Child> {
    // The daemon itself, not `git daemon`: that one starts it as a child, which would outlive a kill.
    let programs = stdout(git().arg("--exec-path"))?;
    let mut daemon = Command::new(Path::new(programs.trim()).join("git-daemon"));
    daemon.args(["--export-all", "--listen=127.0.0.1", "--reuseaddr"]).arg(format!("--port={port}"));
    daemon.arg(format!("--base-path={}", folder.display()));
    daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    daemon.spawn().map_err(Failure::io("starting git-daemon"))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Failure::io("finding a port"))?;
    let address = listener.local_addr().map_err(Failure::io("finding a port"))?;
    Ok(address.port())
}
