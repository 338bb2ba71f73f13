//! An image in the store of the engine: its config, its files, and the output of commands in it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::command::{Finished, piped, run, stdout};
use crate::container::Container;
use crate::engine::Engine;
use crate::failure::{Failure, Result};

/// An image by a tag of ours. The tag goes away with the value.
#[derive(Debug)]
pub struct Image {
    tag: String,
}

impl Image {
    pub(crate) fn tagged(name: &str) -> Self {
        Self { tag: format!("{name}:e2e") }
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// What `docker image inspect` says.
    ///
    /// # Errors
    /// If there is no such image.
    pub fn inspect(&self) -> Result<Value> {
        let printed = stdout(&mut Engine::get()?.docker(&["image", "inspect", &self.tag]))?;
        let all: Value = serde_json::from_str(&printed)?;
        Ok(all.get(0).cloned().unwrap_or_default())
    }

    /// What containers are started with: `Env`, `Cmd`, `User` and so on.
    ///
    /// # Errors
    /// If there is no such image.
    pub fn config(&self) -> Result<Value> {
        Ok(self.inspect()?.get("Config").cloned().unwrap_or_default())
    }

    /// The value of a variable in the image's environment.
    ///
    /// # Errors
    /// If there is no such image.
    pub fn env(&self, name: &str) -> Result<Option<String>> {
        let config = self.config()?;
        let all = config.get("Env").and_then(Value::as_array);
        let pairs = all.into_iter().flatten().filter_map(|pair| pair.as_str()?.split_once('='));
        Ok(pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).next())
    }

    /// The content digests of its layers, the base's first.
    ///
    /// # Errors
    /// If there is no such image.
    pub fn layers(&self) -> Result<Vec<String>> {
        let inspected = self.inspect()?;
        let layers = inspected.pointer("/RootFS/Layers").and_then(Value::as_array);
        Ok(layers.into_iter().flatten().filter_map(|layer| Some(layer.as_str()?.to_owned())).collect())
    }

    /// The layers that the build put on the base, by what the history calls them.
    ///
    /// # Errors
    /// If there is no such image, or it has fewer layers than its history says.
    pub fn named_layers(&self) -> Result<BTreeMap<String, String>> {
        let history = self.history()?;
        let names: Vec<_> = history.iter().filter_map(|line| line.strip_suffix(" pybuild")).collect();
        let layers = self.layers()?;
        if layers.len() < names.len() {
            return Err(Failure::Unexpected(format!("{} layers for {names:#?}", layers.len())));
        }
        Ok(names.into_iter().map(str::to_owned).zip(layers.into_iter().rev()).collect())
    }

    /// The lines of `docker image history`, whole, the newest first.
    ///
    /// # Errors
    /// If there is no such image.
    pub fn history(&self) -> Result<Vec<String>> {
        let arguments =
            ["image", "history", "--no-trunc", "--format", "{{.CreatedBy}} {{.Comment}}", &self.tag];
        Ok(stdout(&mut Engine::get()?.docker(&arguments))?.lines().map(str::to_owned).collect())
    }

    /// All paths in it, without a leading slash; folders end in a slash.
    ///
    /// Works for an image in which nothing can be run.
    ///
    /// # Errors
    /// If it cannot be exported.
    pub fn files(&self) -> Result<BTreeSet<String>> {
        let container = Container::created(self)?;
        let mut export = piped(&mut Engine::get()?.docker(&["export", container.id()]))?;
        let pipe = export.stdout.take().map_or_else(Stdio::null, Stdio::from);
        let listed = stdout(Command::new("tar").args(["-t", "-f", "-"]).stdin(pipe));
        let ended = export.wait().map_err(Failure::io("waiting for docker export"))?;
        if !ended.success() {
            return Err(Failure::Unexpected(format!("docker export of {} failed", self.tag)));
        }
        Ok(listed?.lines().map(|line| line.trim_start_matches("./").to_owned()).collect())
    }

    /// Runs a program in a container of its own, as the image's user and in its working directory.
    ///
    /// # Errors
    /// If the client cannot be run. How the program ends is the caller's business.
    pub fn run(&self, program: &[&str]) -> Result<Finished> {
        let Some((first, rest)) = program.split_first() else {
            return Err(Failure::Unexpected("no program to run".to_owned()));
        };
        let mut client = Engine::get()?.docker(&["run", "--rm", "--entrypoint", first, &self.tag]);
        run(client.args(rest))
    }

    /// What a program prints in a container of its own, without blanks around it.
    ///
    /// # Errors
    /// If the program fails.
    pub fn prints(&self, program: &[&str]) -> Result<String> {
        Ok(self.run(program)?.successful()?.stdout.trim().to_owned())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // An image that never came out cannot be removed; that is no news.
        if let Ok(engine) = Engine::get() {
            let _ = run(&mut engine.docker(&["image", "rm", "--force", &self.tag]));
        }
    }
}
