//! SSH agents: a step that asks for one reaches the client's, the others do not.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pybuild_tests::command::stdout;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Failure, Project, Result};
use tempfile::TempDir;

use crate::small;

/// How long the agent may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// An agent with a key of its own. It ends with the value.
struct Agent {
    _folder: TempDir,
    program: Child,
    socket: PathBuf,
    /// The name of the key.
    comment: String,
}

impl Agent {
    fn start() -> Result<Self> {
        let folder = temporary_folder()?;
        let (key, socket) = (folder.path().join("key"), folder.path().join("socket"));
        let comment = nonce();
        let mut keygen = Command::new("ssh-keygen");
        stdout(keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", &comment, "-f"]).arg(&key))?;
        let mut agent = Command::new("ssh-agent");
        agent.args(["-D", "-a"]).arg(&socket);
        agent.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let program = agent.spawn().map_err(|error| Failure::Unexpected(format!("ssh-agent: {error}")))?;
        let agent = Self { _folder: folder, program, socket, comment };
        let start = Instant::now();
        while UnixStream::connect(&agent.socket).is_err() {
            if start.elapsed() > PATIENCE {
                return Err(Failure::Unexpected("ssh-agent does not listen".to_owned()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        stdout(Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &agent.socket))?;
        Ok(agent)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Asks the agent for its keys (message 11 of its protocol) and prints the answer, in which keys have their
/// comments.
const LIST: &str = r#"
[[stage.production.run]]
run = '''
python -c '
import os, socket
agent = socket.socket(socket.AF_UNIX)
agent.connect(os.environ["SSH_AUTH_SOCK"])
agent.sendall(bytes([0, 0, 0, 1, 11]))
answer = agent.makefile("rb")
print(answer.read(int.from_bytes(answer.read(4), "big")))
' # NONCE
'''
ssh = true

[[stage.production.run]]
run = "echo \"and later: ${SSH_AUTH_SOCK-none}\" # NONCE"
"#;

fn listing() -> Result<Project> {
    small::project(&LIST.replace("NONCE", &nonce()))
}

#[test]
fn a_step_that_asks_for_the_agent_sees_its_keys() -> Result {
    let agent = Agent::start()?;
    let default = format!("default={}", agent.socket.display());
    let outcome = Build::of(&listing()?).option("--ssh", &default).succeed()?;
    let said = outcome.progress.logs();
    assert!(said.contains(&agent.comment), "{said}");
    assert!(said.contains("and later: none\n"), "{said}");
    Ok(())
}

const NOT_PASSED: &str = "no SSH agent `default` was passed to this build\n  help: pass it: `--ssh default`, with an agent that runs\n";

#[test]
fn an_agent_that_is_not_passed_fails_the_build() -> Result {
    let project = listing()?;
    let outcome = Build::of(&project).fail()?;
    assert!(outcome.errors.contains(NOT_PASSED), "{}", outcome.errors);
    assert!(outcome.errors.starts_with("pybuild.toml:"), "{}", outcome.errors);

    let agent = Agent::start()?;
    let other = format!("other={}", agent.socket.display());
    let outcome = Build::of(&project).option("--ssh", &other).fail()?;
    assert!(outcome.errors.contains(NOT_PASSED), "{}", outcome.errors);
    Ok(())
}
