//! The image settings of a stage, as keys of a build file.

use std::collections::BTreeMap;

use super::expand::Value;
use super::model::{Model, Part};
use super::parse::Instruction;
use crate::cli::init::draft::{Command, Health, Production};

/// Copies the image settings of a Dockerfile's stage.
pub(super) fn say(part: &Part, stage: &mut Production) {
    let own = &part.own;
    for (name, value) in &own.labels {
        stage.labels.insert(name.clone(), value.written());
    }
    extend(&mut stage.expose, &own.expose);
    extend(&mut stage.volumes, &own.volumes);
    if let Some(entrypoint) = &own.entrypoint {
        stage.entrypoint = Some(entrypoint.clone());
    }
    if let Some(command) = &own.command {
        stage.command = Some(command.clone());
    }
    if let Some(signal) = &own.stop_signal {
        stage.stop_signal = Some(signal.clone());
    }
    if let Some(check) = &own.healthcheck {
        stage.healthcheck = Some(health(check));
    }
}

fn extend(list: &mut Vec<String>, more: &[String]) {
    let mut known: std::collections::BTreeSet<String> = list.iter().cloned().collect();
    list.extend(more.iter().filter(|one| known.insert((*one).clone())).cloned());
}

/// Empty lists reset an earlier setting. A build file does not contain them.
pub(super) fn without_empty(stage: &mut Production) {
    let empty = |command: &Command| matches!(command, Command::List(words) if words.is_empty());
    stage.command.take_if(|command| empty(command));
    stage.entrypoint.take_if(|command| empty(command));
}

/// The variables of stages, each with its last value.
pub(super) fn environment(model: &Model, chain: &[usize]) -> BTreeMap<String, Value> {
    let parts = chain.iter().filter_map(|at| model.parts.get(*at));
    parts.flat_map(|part| part.env.iter().cloned()).collect()
}

pub(super) fn health(instruction: &Instruction) -> Health {
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

impl Production {
    /// The exposed port, if the command also contains it. `EXPOSE` alone may be wrong.
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
