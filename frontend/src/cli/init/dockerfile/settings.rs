//! Instructions that say something of the image: its command, user, variables and the like.

use super::carry::{Carrier, add};
use super::parse::Instruction;
use crate::cli::init::draft::{Command, Health, Production};

impl Carrier<'_> {
    pub(super) fn setting(&mut self, instruction: &Instruction) {
        let rest = self.expanded(&instruction.rest);
        let command = || match instruction.list() {
            Some(words) => Command::List(words),
            None => Command::Line(instruction.rest.clone()),
        };
        match instruction.name.as_str() {
            "ARG" => return self.say(instruction, "carried over where it is used: its default"),
            "ENV" => return self.env(instruction),
            "LABEL" => self.draft.production.labels.extend(instruction.pairs()),
            "WORKDIR" => {
                self.workdir = if rest.starts_with('/') {
                    rest
                } else {
                    format!("{}/{rest}", self.workdir.trim_end_matches('/'))
                };
            }
            "EXPOSE" => {
                let ports =
                    rest.split_whitespace().map(|port| port.trim_end_matches("/tcp").to_owned()).collect();
                add(&mut self.draft.production.expose, ports);
            }
            "USER" => {
                let name = rest.split(':').next().unwrap_or(&rest).to_owned();
                let numeric = name.starts_with(|c: char| c.is_ascii_digit());
                self.draft.production.user = Some(if numeric { rest } else { name });
            }
            "CMD" => self.draft.production.command = Some(command()),
            "ENTRYPOINT" => self.draft.production.entrypoint = Some(command()),
            "VOLUME" => add(&mut self.draft.production.volumes, instruction.words()),
            "STOPSIGNAL" => self.draft.production.stop_signal = Some(rest),
            "HEALTHCHECK" => self.draft.production.healthcheck = Some(health(instruction)),
            _ => return self.say(instruction, "not carried over: a build file has nothing like it"),
        }
        self.say(instruction, "carried over");
    }

    fn env(&mut self, instruction: &Instruction) {
        let needless = |name: &str, value: &str| {
            name.starts_with("PIP_")
                || name.starts_with("POETRY_")
                || name.starts_with("UV_")
                || matches!(name, "PYTHONUNBUFFERED" | "PYTHONDONTWRITEBYTECODE" | "VIRTUAL_ENV")
                || (name == "PATH" && value.contains("$PATH"))
        };
        // What follows may refer to them. What stands before `$PATH` is another matter.
        for (name, value) in instruction.pairs().into_iter().filter(|(name, _)| name != "PATH") {
            let value = self.expanded(&value);
            self.args.insert(name, value);
        }
        let (dropped, kept): (Vec<_>, Vec<_>) =
            instruction.pairs().into_iter().partition(|(name, value)| needless(name, value));
        if !dropped.is_empty() {
            let names: Vec<_> = dropped.iter().map(|(name, _)| name.as_str()).collect();
            self.say(instruction, format!("not needed: {}", names.join(" ")));
        }
        if !kept.is_empty() {
            let names: Vec<_> = kept.iter().map(|(name, _)| name.clone()).collect();
            for (name, value) in kept {
                let value = self.expanded(&value);
                // What is left of variables is text to a build file.
                self.draft.production.env.insert(name, value.replace("${", "$${"));
            }
            self.say(instruction, format!("carried over: env of {}", names.join(" ")));
        }
    }
}

impl Production {
    /// The exposed port, where the command says as well that the app listens there: `EXPOSE` alone may not be true.
    pub(super) fn listens_on(&self) -> Option<String> {
        let port = self.expose.iter().find(|port| port.parse::<u16>().is_ok())?;
        let words = |command: &Command| match command {
            Command::Line(line) => line.split_whitespace().map(str::to_owned).collect(),
            Command::List(words) => words.clone(),
        };
        let words: Vec<String> = self.entrypoint.iter().chain(&self.command).flat_map(words).collect();
        let is_port = |word: &String| word.rsplit([':', '=']).next() == Some(port);
        // The port may come from a variable with this default.
        let varies = words.iter().any(|word| word.contains('$'));
        (!varies && words.iter().any(is_port)).then(|| port.clone())
    }
}

fn health(instruction: &Instruction) -> Health {
    let rest = &instruction.rest;
    let Some(command) = rest.strip_prefix("CMD").map(str::trim) else { return Health::default() };
    let command =
        serde_json::from_str(command).map_or_else(|_| Command::Line(command.to_owned()), Command::List);
    let times = instruction.flags.iter().map(|(name, value)| {
        let value = if name == "retries" { value.clone() } else { format!("\"{value}\"") };
        (name.clone(), value)
    });
    Health { note: None, command: Some(command), times: times.collect() }
}
