//! A long-lived Python process that asks the tools that are written in Python.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::answer::{Answer, Installed};
use super::target::Target;
use crate::failure::Failure;
use crate::tools::Tools;

const PROGRAM: &str = include_str!("worker.py");

/// The process. It ends with the value.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts one, with settings and caches in a folder of the run's own.
    pub(crate) fn start(tools: &Tools, home: &std::path::Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(home).map_err(Failure::io(home.display().to_string()))?;
        let words = std::fs::File::create(home.join("words.txt")).map_err(Failure::io("a log"))?;
        let mut command = Command::new(tools.python());
        command.args(["-c", PROGRAM]).env_clear().env("HOME", home).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("NO_COLOR", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(words);
        let mut child = command.spawn().map_err(Failure::io("starting the tools' Python"))?;
        let missing = || Failure::Other("the tools' Python has no pipe".to_owned());
        let questions = child.stdin.take().ok_or_else(missing)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Self { child, questions, answers })
    }

    /// What a tool answers to a question; `target` is the machine that it is to believe it runs on.
    pub(crate) fn ask(&mut self, mut question: Value, target: &Target) -> Result<Answer, Failure> {
        if let Some(table) = question.as_object_mut() {
            let (major, minor) = target.libc_version;
            let target =
                json!({"markers": target.markers(), "libc": target.libc, "libc_version": [major, minor]});
            table.insert("target".to_owned(), target);
        }
        writeln!(self.questions, "{question}").map_err(Failure::io("asking a tool"))?;
        self.questions.flush().map_err(Failure::io("asking a tool"))?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(Failure::io("hearing a tool"))?;
        let answer: Value = serde_json::from_str(&line)
            .map_err(|error| Failure::Other(format!("{error} in the answer {line:?} to {question}")))?;
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            let trace = answer.get("trace").and_then(Value::as_str).unwrap_or_default();
            return Ok(Answer::Refused(format!("{error}\n{trace}")));
        }
        // Of a check: whether the lock is fresh.
        if let Some(false) = answer.get("packages").and_then(Value::as_bool) {
            return Ok(Answer::Refused("the lock is not fresh".to_owned()));
        }
        let packages = answer.get("packages").and_then(Value::as_object).into_iter().flatten();
        let text = |value: &Value, place: usize| {
            value.get(place).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let installed = packages.map(|(name, value)| {
            (name.clone(), Installed { version: text(value, 0), origin: text(value, 1) })
        });
        Ok(Answer::Packages(installed.collect()))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
