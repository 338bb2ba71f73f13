//! The stages of a Dockerfile: which of them ships, and what becomes of the others. Each instruction gets a word.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Instruction, expand};
use crate::cli::error::CliError;
use crate::cli::init::draft::{Draft, Health, Stage};
use crate::reference::ImageReference;
use crate::spec::ContextPath;

/// A stage of the Dockerfile.
pub(super) struct Part<'i> {
    /// The first name is how others call it; it has a number as well.
    pub(super) names: Vec<String>,
    image: String,
    /// The stage that it starts from, by its position.
    parent: Option<usize>,
    instructions: Vec<&'i Instruction>,
}

/// Carries a Dockerfile over.
pub(super) struct Carrier<'a> {
    parts: Vec<Part<'a>>,
    /// The stages that the last one is made on, itself included.
    shipped: BTreeSet<usize>,
    /// Args and variables, with their values as far as they are known.
    pub(super) args: BTreeMap<String, String>,
    before: Vec<&'a Instruction>,
    pub(super) draft: &'a mut Draft,
    said: Vec<(usize, String)>,
    pub(super) workdir: String,
}

impl<'a> Carrier<'a> {
    pub(super) fn new(
        file: &str,
        instructions: &'a [Instruction],
        draft: &'a mut Draft,
    ) -> Result<Self, CliError> {
        let mut args = BTreeMap::new();
        let mut parts: Vec<Part<'a>> = Vec::new();
        let mut before = Vec::new();
        for instruction in instructions {
            if instruction.name == "ARG" {
                for (name, value) in instruction.pairs() {
                    let value = expand(&value, &args);
                    args.insert(name, value);
                }
            }
            if instruction.name == "FROM" {
                let words = instruction.words();
                let image = expand(words.first().map_or("", String::as_str), &args);
                let name = words.iter().skip_while(|word| !word.eq_ignore_ascii_case("as")).nth(1);
                let parent = parts.iter().rposition(|part| part.names.contains(&image.to_ascii_lowercase()));
                let number = parts.len().to_string();
                let names = name.map(|name| name.to_ascii_lowercase()).into_iter().chain([number]).collect();
                parts.push(Part { names, image, parent, instructions: vec![instruction] });
            } else if let Some(part) = parts.last_mut() {
                part.instructions.push(instruction);
            } else {
                before.push(instruction);
            }
        }
        let mut shipped = BTreeSet::new();
        let mut at = parts.len().checked_sub(1);
        while let Some(position) = at.filter(|position| shipped.insert(*position)) {
            at = parts.get(position).and_then(|part| part.parent);
        }
        let carrier = Self { parts, shipped, args, before, draft, said: Vec::new(), workdir: "/".to_owned() };
        let bottom = carrier.bottom();
        if !is_python(bottom) {
            let error = CliError::new(format!(
                "{file}: its last stage is made from `{bottom}`, which is no Python image"
            ));
            let error = error.help("name a Dockerfile whose last stage starts from a Python image");
            return Err(error.help("or run `pybuild init` without `--from`; nothing has been written"));
        }
        Ok(carrier)
    }

    /// The image at the bottom of the last stage.
    fn bottom(&self) -> &str {
        let first = self.shipped.first().and_then(|at| self.parts.get(*at));
        first.map_or("", |part| part.image.as_str())
    }

    /// What is said of each line, in order.
    pub(super) fn run(mut self) -> Vec<(usize, String)> {
        for instruction in std::mem::take(&mut self.before) {
            self.say(instruction, "carried over where it is used: its default");
        }
        let found = std::mem::take(&mut self.draft.app.writable);
        let exposed = std::mem::take(&mut self.draft.production.expose);
        let health = self.draft.production.healthcheck.take();
        self.draft.production.command = None;
        self.draft.production.command_note = None;
        let parts = std::mem::take(&mut self.parts);
        for (at, part) in parts.iter().enumerate() {
            if self.shipped.contains(&at) {
                self.shipped_part(part, &parts);
            } else if part
                .parent
                .map_or_else(|| is_python(&part.image), |parent| Self::is_python_part(parent, &parts))
            {
                self.builder_part(part);
            } else {
                self.foreign_part(part, &parts);
            }
        }
        if self.draft.production.healthcheck.is_none() {
            self.draft.production.healthcheck = self.draft.production.listens_on().map(|port| match health {
                Some(health) if exposed.contains(&port) => health,
                _ => Health::of_port(&port),
            });
        }
        if self.workdir == "/app" || self.workdir == "/" {
            add(&mut self.draft.app.writable, found);
        } else {
            self.moved(&found);
        }
        self.said.sort_by_key(|(line, _)| *line);
        self.said
    }

    /// What was found in the project before is below the working directory of the Dockerfile.
    fn moved(&mut self, writable: &[String]) {
        let workdir = self.workdir.clone();
        let moved = |path: &str| match path
            .strip_prefix("/app")
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            Some(rest) => format!("{workdir}{rest}"),
            None => path.to_owned(),
        };
        add(&mut self.draft.app.writable, writable.iter().map(|path| moved(path)).collect());
        self.draft.python_path = self.draft.python_path.as_deref().map(moved);
        let own = ["static", "assets"];
        let copies = self.draft.stages.iter_mut().flat_map(|stage| stage.copy.iter_mut());
        for copy in copies.chain(self.draft.production.copy.iter_mut()) {
            if copy.from.as_deref().is_some_and(|from| own.contains(&from)) {
                copy.path = moved(&copy.path);
            }
        }
        self.draft.app.workdir = Some(self.workdir.clone());
    }

    pub(super) fn is_python_part(at: usize, parts: &[Part<'_>]) -> bool {
        let mut part = parts.get(at);
        for _ in 0..parts.len() {
            match part.and_then(|part| part.parent) {
                Some(parent) => part = parts.get(parent),
                None => break,
            }
        }
        part.is_some_and(|part| is_python(&part.image))
    }

    pub(super) fn say(&mut self, instruction: &Instruction, what: impl AsRef<str>) {
        let name = &instruction.name;
        self.said.push((instruction.line, format!("{name}: {}", what.as_ref())));
    }

    pub(super) fn expanded(&self, text: &str) -> String {
        expand(text, &self.args)
    }

    /// The last stage and those it starts from: production.
    fn shipped_part(&mut self, part: &Part<'_>, parts: &[Part<'_>]) {
        for instruction in &part.instructions {
            match instruction.name.as_str() {
                "FROM" => self.from(instruction, part),
                "RUN" => self.run_steps(instruction, false),
                "COPY" | "ADD" => self.copy(instruction, parts),
                _ => self.setting(instruction),
            }
        }
    }

    fn from(&mut self, instruction: &Instruction, part: &Part<'_>) {
        if part.parent.is_some() {
            return self.say(instruction, "carried over: one stage with that it starts from");
        }
        let Ok(image) = ImageReference::parse(&part.image) else {
            return self
                .say(instruction, "not carried over: the image's name depends on an arg without a default");
        };
        let tag = image.tag().unwrap_or("latest");
        let version = tag.split('-').next().unwrap_or(tag);
        let numbered =
            version.starts_with("3.") && version.split('.').all(|part| part.parse::<u32>().is_ok());
        if image.familiar_name() == "python" && numbered {
            self.draft.python = Some(version.to_owned());
            if tag == format!("{version}-slim") || tag == version {
                let slim = if tag == version { ", its slim edition" } else { "" };
                return self.say(instruction, format!("carried over: python.version = \"{version}\"{slim}"));
            }
        }
        self.draft.base = Some(part.image.clone());
        self.say(instruction, format!("carried over: python.base = \"{}\"", part.image));
    }

    /// A stage that builds what the last one copies: the builder does the same.
    fn builder_part(&mut self, part: &Part<'_>) {
        for instruction in &part.instructions {
            match instruction.name.as_str() {
                "RUN" => self.run_steps(instruction, true),
                "FROM" => {
                    self.say(instruction, "not needed: dependencies are installed in a stage `builder`");
                }
                "ENV" | "ARG" | "WORKDIR" | "COPY" | "USER" => {
                    self.say(instruction, "not needed: the builder has its own");
                }
                _ => self.say(instruction, "not carried over: a setting of a stage that does not ship"),
            }
        }
    }

    /// A stage of another kind, as one that builds assets.
    fn foreign_part(&mut self, part: &Part<'_>, parts: &[Part<'_>]) {
        let name = part.names.first().map_or("other", String::as_str);
        let name = if name.starts_with(|c: char| c.is_ascii_digit()) {
            format!("stage{name}")
        } else {
            name.to_owned()
        };
        let mut stage = Stage {
            about: format!("From the stage `{name}` of the Dockerfile."),
            from: part
                .parent
                .and_then(|at| parts.get(at)?.names.first().cloned())
                .unwrap_or_else(|| part.image.clone()),
            name,
            ..Stage::default()
        };
        for instruction in &part.instructions {
            let rest = self.expanded(&instruction.rest);
            match instruction.name.as_str() {
                "FROM" => self.say(instruction, format!("carried over: [stage.{}]", stage.name)),
                "WORKDIR" => {
                    stage.workdir = Some(rest);
                    self.say(instruction, "carried over: workdir of the stage");
                }
                "ENV" => {
                    stage.env.extend(instruction.pairs());
                    self.say(instruction, "carried over: env of the stage");
                }
                "RUN" if instruction.heredoc.is_none() && instruction.list().is_none() => {
                    stage.run.push(rest);
                    let mounts = instruction.flags.contains_key("mount");
                    let mounts = if mounts { ", without its mounts: see `cache` and `secrets`" } else { "" };
                    self.say(instruction, format!("carried over: run of the stage{mounts}"));
                }
                "COPY" if !instruction.flags.contains_key("from") => {
                    let words = instruction.words();
                    let sources = words.split_last().map_or(&[][..], |(_, sources)| sources);
                    for source in sources.iter().filter_map(|source| ContextPath::parse(source)) {
                        stage.include.push(source.as_str().to_owned());
                    }
                    self.say(instruction, "carried over: include of the stage; files keep their folders");
                }
                _ => self.say(instruction, "not carried over: write it by hand"),
            }
        }
        stage.include.sort();
        stage.include.dedup();
        self.draft.stages.retain(|other| other.name != stage.name && other.name != "assets");
        for other in &mut self.draft.stages {
            other.copy.retain(|copy| copy.from.as_deref() != Some("assets"));
        }
        // Before the static files of Django, which are made from it.
        let at = self.draft.stages.iter().position(|other| other.name == "static");
        self.draft.stages.insert(at.unwrap_or(self.draft.stages.len()), stage);
    }
}

fn is_python(image: &str) -> bool {
    ImageReference::parse(image).is_ok_and(|image| image.path().contains("python"))
}

/// Adds what is not there yet.
pub(super) fn add(list: &mut Vec<String>, more: Vec<String>) {
    let mut known: BTreeSet<String> = list.iter().cloned().collect();
    list.extend(more.into_iter().filter(|word| known.insert(word.clone())));
}
