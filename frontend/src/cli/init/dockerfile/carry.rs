//! From the instructions of a Dockerfile to a draft, with a word about each.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Instruction, expand};
use super::steps::{Step, steps};
use crate::cli::error::CliError;
use crate::cli::init::draft::{Command, Copy, Draft, Health, Stage};
use crate::reference::ImageReference;
use crate::spec::ContextPath;

/// A stage of the Dockerfile.
struct Part<'i> {
    /// The first name is how others call it; it has a number as well.
    names: Vec<String>,
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
    args: BTreeMap<String, String>,
    before: Vec<&'a Instruction>,
    draft: &'a mut Draft,
    said: Vec<(usize, String)>,
    workdir: String,
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
                args.extend(instruction.pairs());
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
        self.draft.production.expose.clear();
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
        if self.workdir != "/app" && self.workdir != "/" {
            self.draft.app.workdir = Some(self.workdir.clone());
        }
        self.said.sort_by_key(|(line, _)| *line);
        self.said
    }

    fn is_python_part(at: usize, parts: &[Part<'_>]) -> bool {
        let mut part = parts.get(at);
        for _ in 0..parts.len() {
            match part.and_then(|part| part.parent) {
                Some(parent) => part = parts.get(parent),
                None => break,
            }
        }
        part.is_some_and(|part| is_python(&part.image))
    }

    fn say(&mut self, instruction: &Instruction, what: impl AsRef<str>) {
        let name = &instruction.name;
        self.said.push((instruction.line, format!("{name}: {}", what.as_ref())));
    }

    fn expanded(&self, text: &str) -> String {
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
        self.draft.stages.push(stage);
    }

    fn run_steps(&mut self, instruction: &Instruction, builds: bool) {
        let line = match (instruction.list(), &instruction.heredoc) {
            (Some(words), _) => shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default(),
            (None, Some(text)) => text.clone(),
            (None, None) => instruction.rest.clone(),
        };
        for step in steps(&line) {
            let what = self.step(step, builds);
            self.say(instruction, what);
        }
    }

    fn step(&mut self, step: Step, builds: bool) -> String {
        match step {
            Step::Needless(why) => format!("not needed: {why}"),
            Step::Packages(names) => {
                let (build, runtime): (Vec<_>, Vec<_>) =
                    names.into_iter().partition(|name| builds || is_for_building(name));
                let shown = [("build", &build), ("runtime", &runtime)];
                let shown = shown.iter().filter(|(_, names)| !names.is_empty());
                let shown: Vec<_> =
                    shown.map(|(kind, names)| format!("system.{kind} = {}", names.join(" "))).collect();
                add(&mut self.draft.system.build, build);
                add(&mut self.draft.system.runtime, runtime);
                format!("carried over: {}", shown.join(", "))
            }
            Step::Requirements(files) => {
                let found: Vec<_> = files
                    .iter()
                    .filter_map(|file| {
                        ContextPath::parse(
                            file.rsplit("/tmp/").next().unwrap_or(file).trim_start_matches('/'),
                        )
                    })
                    .map(|path| path.as_str().to_owned())
                    .collect();
                let usual = [
                    "requirements.txt",
                    "requirements/production.txt",
                    "requirements/prod.txt",
                    "requirements/base.txt",
                ];
                if let [only] = found.as_slice()
                    && usual.contains(&only.as_str())
                {
                    return format!("carried over: {only} is found by its name");
                }
                let said = format!("carried over: dependencies.requirements = {}", found.join(" "));
                self.draft.requirements = Some(found);
                said
            }
            Step::Project => {
                "carried over: the project is installed as a package if it names a build backend".to_owned()
            }
            Step::Lock(lock) => format!("carried over: {lock} is read as it is"),
            Step::Named(names) => {
                format!("not carried over: add {} to the project's dependencies", names.join(" "))
            }
            Step::User(name) => {
                let said = format!("carried over: user = \"{name}\", unless another `USER` follows");
                self.draft.production.user.get_or_insert(name);
                said
            }
            Step::Own(folders) | Step::Folders(folders)
                if folders.iter().all(|folder| folder.starts_with('/')) =>
            {
                let folders: Vec<_> = folders.into_iter().map(|folder| self.expanded(&folder)).collect();
                // The app's own folder belongs to root: what is written has a folder of its own.
                let (app, own): (Vec<_>, Vec<_>) =
                    folders.into_iter().partition(|folder| *folder == self.workdir || folder == "/app");
                if own.is_empty() {
                    return format!(
                        "not carried over: {} belongs to root; name what is written in app.writable",
                        app.join(" ")
                    );
                }
                let said = format!("carried over: app.writable = {}", own.join(" "));
                add(&mut self.draft.app.writable, own);
                said
            }
            Step::Own(folders) | Step::Folders(folders) => {
                format!("not carried over: {} of the working directory; see app.writable", folders.join(" "))
            }
            Step::Other(command) if builds => {
                format!("not carried over: `{command}` of a stage that does not ship")
            }
            Step::Other(command) => {
                let said = format!("carried over: run = \"{command}\", after the app is copied");
                self.draft.production.run.push(command);
                said
            }
        }
    }

    fn copy(&mut self, instruction: &Instruction, parts: &[Part<'_>]) {
        if instruction.heredoc.is_some() {
            return self.say(instruction, "not carried over: put the text into a file and copy that");
        }
        let words: Vec<_> = instruction.words().iter().map(|word| self.expanded(word)).collect();
        let Some((to, sources)) = words.split_last() else { return };
        if sources.iter().any(|source| source.contains("://")) {
            return self.say(instruction, "not carried over: nothing is downloaded by a copy; use `run`");
        }
        let Some(from) = instruction.flags.get("from").map(|from| from.to_ascii_lowercase()) else {
            return self.copy_app(instruction, sources, to);
        };
        let stage = parts.iter().position(|part| part.names.contains(&from));
        if stage.is_some_and(|at| Self::is_python_part(at, parts)) {
            return self.say(instruction, "not needed: the environment comes from the builder");
        }
        if from.contains("uv") && sources.iter().any(|source| source.contains("uv")) {
            return self.say(instruction, "not needed: uv is not in the image");
        }
        let from = stage.and_then(|at| parts.get(at)?.names.first()).map_or(from, |name| {
            if name.starts_with(|c: char| c.is_ascii_digit()) { format!("stage{name}") } else { name.clone() }
        });
        for source in sources {
            let copy = Copy {
                from: Some(from.clone()),
                path: source.clone(),
                to: to.trim_start_matches("./").to_owned(),
                owner: instruction.flags.get("chown").filter(|owner| !owner.is_empty()).cloned(),
                mode: instruction.flags.get("chmod").filter(|mode| mode.parse::<u32>().is_ok()).cloned(),
            };
            // What was found to be copied before is said by the Dockerfile now.
            self.draft.production.copy.retain(|other| other.from.as_deref() != Some("assets"));
            self.draft.production.copy.push(copy);
        }
        self.say(instruction, format!("carried over: copy from {from}"));
    }

    fn copy_app(&mut self, instruction: &Instruction, sources: &[String], to: &str) {
        let manifests = [
            "requirements",
            "pyproject.toml",
            "poetry.lock",
            "uv.lock",
            "Pipfile",
            "pdm.lock",
            "setup.py",
            "setup.cfg",
            "README",
        ];
        let is_manifest = |source: &String| {
            manifests.iter().any(|name| source.rsplit('/').next().unwrap_or(source).starts_with(name))
        };
        if sources.iter().all(is_manifest) {
            return self.say(instruction, "not needed: manifests and locks are read where they are");
        }
        if sources.iter().any(|source| source == "." || source == "./") {
            return self.say(instruction, "carried over: all files are copied unless app.include names some");
        }
        let target = to.trim_end_matches('/');
        let mut kept = Vec::new();
        for source in sources {
            let Some(path) = ContextPath::parse(source.trim_start_matches('/')) else { continue };
            let name = path.as_str();
            let base = self.workdir.trim_end_matches('/');
            let within =
                target.strip_prefix(base).unwrap_or(target).trim_start_matches("./").trim_matches('/');
            // Files that stay where they are in the project; others are copied there.
            if within.is_empty() && !name.contains('/') || within == name || within == "." {
                kept.push(name.to_owned());
            } else {
                let copy = Copy { path: name.to_owned(), to: to.to_owned(), ..Copy::default() };
                self.draft.production.copy.push(copy);
            }
        }
        let said = if kept.is_empty() {
            "carried over: copy".to_owned()
        } else {
            format!("carried over: app.include = {}", kept.join(" "))
        };
        add(&mut self.draft.app.include, kept);
        self.say(instruction, said);
    }

    fn setting(&mut self, instruction: &Instruction) {
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

fn health(instruction: &Instruction) -> Health {
    let rest = &instruction.rest;
    let Some(command) = rest.strip_prefix("CMD").map(str::trim) else { return Health::default() };
    let command =
        serde_json::from_str(command).map_or_else(|_| Command::Line(command.to_owned()), Command::List);
    let times = instruction.flags.iter().map(|(name, value)| {
        let value = if name == "retries" { value.clone() } else { format!("\"{value}\"") };
        (name.clone(), value)
    });
    Health { command: Some(command), times: times.collect() }
}

fn is_python(image: &str) -> bool {
    ImageReference::parse(image).is_ok_and(|image| image.path().contains("python"))
}

/// Compilers and headers, which do not ship.
fn is_for_building(name: &str) -> bool {
    let name = name.split(['=', '<', '>', '~']).next().unwrap_or(name);
    name.ends_with("-dev")
        || name.ends_with("-devel")
        || matches!(
            name,
            "gcc"
                | "g++"
                | "make"
                | "cmake"
                | "build-essential"
                | "build-base"
                | "pkg-config"
                | "musl-dev"
                | "git"
                | "clang"
        )
}

/// Adds what is not there yet.
fn add(list: &mut Vec<String>, more: Vec<String>) {
    for word in more {
        if !list.contains(&word) {
            list.push(word);
        }
    }
}
