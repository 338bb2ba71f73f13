//! Child processes with an environment of their own, and an end.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Whether it ended well.
    pub(crate) success: bool,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained of.
    pub(crate) stderr: String,
}

/// Runs `command` to its end, or ends it after `patience`, which counts as a failure of the program.
///
/// # Errors
/// If it cannot be started. How it ends is the caller's business.
pub(crate) fn run(command: &mut Command, patience: Duration) -> Result<Finished, Failure> {
    let what = format!("{command:?}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(Failure::io(what.as_str()))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let out = std::thread::spawn(move || text_of(stdout));
    let err = std::thread::spawn(move || text_of(stderr));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(Failure::io(what.as_str()))? {
            break Some(status);
        }
        if start.elapsed() > patience {
            // It may have ended just now.
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(3));
    };
    Ok(Finished {
        success: status.is_some_and(|status| status.success()),
        stdout: out.join().unwrap_or_default(),
        stderr: err.join().unwrap_or_default(),
    })
}

fn text_of(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What came before an error is shown.
        let _ = stream.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
