//! Ctrl-C during a build. The build ends at once with a message, and nothing continues to run on the engine.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use pybuild_tests::progress::Progress;
use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Failure, Index, Outcome, Project, Result, Wheel};

use crate::locked::{project, pylock};
use crate::small;

/// How long what was cancelled may take to be gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A build whose frontend can be told from all others by the label in its environment.
fn labelled(project: &Project, label: &str) -> Build {
    Build::of(project).option("--label", &format!("e2e={label}"))
}

/// Whether a step with such a name has begun and not ended.
fn is_running(progress: &Progress, name: &str) -> bool {
    progress.named(name).iter().any(|step| step.started.is_some() && step.completed.is_none())
}

/// What the client says, and nothing else.
fn assert_honest(outcome: &Outcome) {
    assert!(!outcome.success);
    let honest = "ERROR: failed to solve: Canceled: context canceled\n";
    // Clients differ in what they put before it.
    let shown = outcome.errors.replace("failed to run Build function", "failed to solve");
    let shown = shown.replace("failed to build: ", "");
    assert_eq!(shown, honest, "{}", outcome.transcript());
}

/// Waits until no process of the machine carries `text` in its arguments or its environment. Where the engine
/// is on another machine, there is none from the start.
fn wait_until_gone(text: &str) -> Result {
    let start = Instant::now();
    loop {
        let left = processes_with(text);
        if left.is_empty() {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(Failure::Unexpected(format!("still there: {left:?}")));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn processes_with(text: &str) -> Vec<String> {
    let has = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let all = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let carries = |path: &std::path::PathBuf| {
        ["cmdline", "environ"].iter().any(|file| fs::read(path.join(file)).is_ok_and(|bytes| has(&bytes)))
    };
    let arguments = |path: std::path::PathBuf| fs::read(path.join("cmdline")).unwrap_or_default();
    all.filter(carries).map(|path| String::from_utf8_lossy(&arguments(path)).replace('\0', " ")).collect()
}

#[test]
fn ctrl_c_ends_a_check() -> Result {
    let label = nonce();
    let project = small::project(&format!("[stage.test]\nchecks.slow = \"sleep 600 # {label}\"\n"))?;
    let outcome = labelled(&project, &label).target("test").interrupt_when(|progress| {
        is_running(progress, "check: slow") && !processes_with(&label).is_empty()
    })?;
    assert_honest(&outcome);
    wait_until_gone(&label)
}

#[test]
fn ctrl_c_ends_the_download_of_a_wheel() -> Result {
    let index = Index::start()?;
    let label = nonce();
    let mut alpha = index.wheel(&Wheel::new("alpha", "1.0").with("nonce.txt", label.as_bytes()));
    alpha.url = index.stalling(&alpha.file);
    let project = project("pylock.toml", &pylock(&[&alpha]), "")?;
    let outcome = labelled(&project, &label).interrupt_when(|_| index.is_waited_for())?;
    assert_honest(&outcome);
    index.wait_until_left()?;
    wait_until_gone(&label)
}

#[test]
fn ctrl_c_ends_a_resolution() -> Result {
    let index = Index::start()?;
    let label = nonce();
    // On the machine's own network, a step reaches the index.
    let project = Project::with(&[
        ("pybuild.toml", "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n"),
        ("requirements.txt", &format!("--index-url {}\nalpha-{label}\n", index.stalling("simple"))),
        ("app.py", "print('never')\n"),
    ])?;
    let outcome = labelled(&project, &label)
        .option("--network", "host")
        .option("--allow", "network.host")
        .interrupt_when(|_| index.is_waited_for())?;
    assert_honest(&outcome);
    index.wait_until_left()?;
    wait_until_gone(&label)
}
