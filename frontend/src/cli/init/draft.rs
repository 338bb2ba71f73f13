//! A build file under construction, and its text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::quoting::literal;
pub(super) use super::quoting::{key, list, string};
use crate::address::visible;

/// The contents of the build file. Every list may be empty, and every setting may be missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// The frontend image.
    pub(super) image: String,
    /// The kind of the project, in one line.
    pub(super) about: String,
    pub(super) python: Option<String>,
    pub(super) base: Option<String>,
    /// The image in which dependencies are built, if it is not the base of images that ship.
    pub(super) build_base: Option<String>,
    pub(super) dependencies: Dependencies,
    pub(super) system: System,
    pub(super) app: App,
    pub(super) args: BTreeMap<String, String>,
    /// A folder from which the app's modules are imported.
    pub(super) python_path: Option<String>,
    /// Variables that the app needs when it is imported, with values for checks.
    pub(super) needed: BTreeMap<String, String>,
    /// Checks: names and commands.
    pub(super) checks: Vec<(String, String)>,
    /// The groups of `test`, if the usual groups do not contain all packages of the checks.
    pub(super) test_groups: Vec<String>,
    /// Stages in addition to production.
    pub(super) stages: Vec<Stage>,
    /// Stages of a Dockerfile, by their names.
    pub(super) carried: Vec<(String, Production)>,
    pub(super) production: Production,
    /// Whether the project is installed as a package by default.
    pub(super) is_package: bool,
    /// Rules whose findings are already known.
    pub(super) skipped: Vec<&'static str>,
    /// Remarks at the beginning of the file.
    pub(super) remarks: Vec<String>,
    /// Whether every stage comes from a Dockerfile, so that no image uses the findings about the project.
    pub(super) is_whole: bool,
    /// Parts that the user should check.
    pub(super) doubts: Vec<String>,
    /// The Python version in a file of another tool, and the file.
    pub(super) python_of: Option<(String, String)>,
    /// Whether no file sets the Python version. There may be a range.
    pub(super) python_is_free: bool,
}

/// The sources of dependencies, if they are not the detected ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Dependencies {
    pub(super) lock: Option<String>,
    pub(super) requirements: Option<Vec<String>>,
    pub(super) extras: Vec<String>,
    pub(super) index: Option<String>,
    pub(super) extra_indexes: Vec<String>,
}

/// OS packages, with the reasons for them.
#[derive(Clone, Debug, Default)]
pub(super) struct System {
    pub(super) packages: Vec<String>,
    pub(super) build: Vec<String>,
    pub(super) runtime: Vec<String>,
    pub(super) because: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct App {
    pub(super) include: Vec<String>,
    pub(super) workdir: Option<String>,
    pub(super) package: Option<bool>,
    pub(super) member: Option<String>,
    pub(super) version: Option<String>,
    pub(super) writable: Vec<String>,
    /// A remark about the writable folders.
    pub(super) writable_note: Option<String>,
}

/// A stage with an image of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) from: String,
    pub(super) include: Vec<String>,
    pub(super) copy: Vec<Copy>,
    pub(super) workdir: Option<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) run: Vec<String>,
    pub(super) cache: Vec<String>,
}

/// A step of `run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) command: Command,
    /// The other keys, with their values as TOML.
    pub(super) keys: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Production {
    /// Remarks about the stage.
    pub(super) about: Vec<String>,
    /// The base; `None` for the project.
    pub(super) from: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) include: Option<Vec<String>>,
    pub(super) workdir: Option<String>,
    pub(super) command: Option<Command>,
    /// A remark about the command.
    pub(super) command_note: Option<String>,
    pub(super) entrypoint: Option<Command>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) expose: Vec<String>,
    /// As TOML: a string or a table.
    pub(super) user: Option<String>,
    pub(super) healthcheck: Option<Health>,
    pub(super) volumes: Vec<String>,
    pub(super) stop_signal: Option<String>,
    pub(super) copy: Vec<Copy>,
    pub(super) run: Vec<Step>,
}

/// A command: a line for the shell, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Line(String),
    List(Vec<String>),
}

/// A health check. Without a command, health checks are disabled.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    /// A remark about it.
    pub(super) note: Option<String>,
    pub(super) command: Option<Command>,
    pub(super) times: Vec<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Copy {
    pub(super) from: Option<String>,
    pub(super) path: String,
    pub(super) to: String,
    pub(super) owner: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) exclude: Vec<String>,
}

impl Command {
    pub(super) fn list(words: &[&str]) -> Self {
        Self::List(words.iter().map(|word| (*word).to_owned()).collect())
    }

    /// As TOML.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Line(line) => string(line),
            Self::List(words) => list(words),
        }
    }
}

impl Draft {
    /// Makes the folder of the app's `SQLite` database writable.
    pub(super) fn sqlite(&mut self, folder: String) {
        let note = "A database of SQLite is there. It goes with the container unless a volume is mounted.";
        self.app.writable_note = Some(note.to_owned());
        self.app.writable = vec![folder];
    }

    /// The text of the build file.
    pub(super) fn text(&self) -> String {
        let mut out = format!("# syntax={}\n", visible(&self.image));
        if !self.skipped.is_empty() {
            let _ = writeln!(out, "# check=skip={}", self.skipped.join(","));
        }
        let _ = writeln!(out, "# {}", visible(&self.about));
        for remark in &self.remarks {
            let _ = writeln!(out, "# {}", visible(remark));
        }
        let tail = self.stages_text();
        self.tables(&mut out, &tail);
        out.push_str(&tail);
        out
    }

    /// The text of the stages.
    fn stages_text(&self) -> String {
        let mut out = String::new();
        for stage in &self.stages {
            stage.text(&mut out);
        }
        if !self.checks.is_empty() {
            out.push_str("\n# Checks are run by `--target test`, each a step of its own.\n[stage.test]\n");
            if !self.test_groups.is_empty() {
                let _ = writeln!(out, "groups = {}", list(&self.test_groups));
            }
            for (name, command) in &self.checks {
                let _ = writeln!(out, "checks.{} = {}", key(name), string(command));
            }
            let path = self.python_path.as_ref().map(|path| ("PYTHONPATH", path));
            let needed = self.needed.iter().map(|(name, value)| (name.as_str(), value));
            for (name, value) in path.into_iter().chain(needed) {
                let _ = writeln!(out, "env.{} = {}", key(name), literal(value));
            }
        }
        let mut production = self.production.clone();
        if let Some(path) = &self.python_path {
            production.env.entry("PYTHONPATH".to_owned()).or_insert_with(|| path.clone());
        }
        for (name, stage) in &self.carried {
            stage.text(name, &mut out);
        }
        production.text("production", &mut out);
        if !self.checks.is_empty() {
            out.push_str("# No image unless the checks pass:\n# requires = [\"test\"]\n");
        }
        out
    }

    /// Writes the tables before the stages. Of the args, only those that these tables or the stages use are
    /// written.
    fn tables(&self, out: &mut String, stages: &str) {
        let mut tables = String::new();
        self.project_tables(&mut tables);
        let used: BTreeSet<&str> = references(&tables).chain(references(stages)).collect();
        let args: Vec<_> = self.args.iter().filter(|(name, _)| used.contains(name.as_str())).collect();
        if !args.is_empty() {
            out.push_str("\n# Values that `--build-arg` changes.\n[args]\n");
            for (name, value) in args {
                let _ = writeln!(out, "{} = {}", key(name), string(value));
            }
        }
        out.push_str(&tables);
    }

    fn project_tables(&self, out: &mut String) {
        let python = [("version", &self.python), ("base", &self.base), ("build-base", &self.build_base)];
        if python.iter().any(|(_, value)| value.is_some()) {
            out.push_str("\n[python]\n");
            for (name, value) in python {
                if let Some(value) = value {
                    let _ = writeln!(out, "{name} = {}", string(value));
                }
            }
        }
        self.dependencies.text(out);
        let system = &self.system;
        let lists = [("packages", &system.packages), ("build", &system.build), ("runtime", &system.runtime)];
        if lists.iter().any(|(_, names)| !names.is_empty()) {
            out.push('\n');
            for because in &self.system.because {
                let _ = writeln!(out, "# {}", visible(because));
            }
            out.push_str("[system]\n");
            for (name, packages) in lists {
                if !packages.is_empty() {
                    let _ = writeln!(out, "{name} = {}", list(packages));
                }
            }
        }
        let app = &self.app;
        let mut lines = String::new();
        if !app.include.is_empty() {
            let _ = writeln!(lines, "include = {}", list(&app.include));
        }
        if let Some(workdir) = &app.workdir {
            let _ = writeln!(lines, "workdir = {}", string(workdir));
        }
        if let Some(package) = app.package {
            let _ = writeln!(lines, "package = {package}");
        }
        if let Some(member) = &app.member {
            let _ = writeln!(lines, "member = {}", string(member));
        }
        if let Some(version) = &app.version {
            let _ = writeln!(lines, "version = {}", string(version));
        }
        if !app.writable.is_empty() {
            if let Some(note) = &app.writable_note {
                let _ = writeln!(lines, "# {}", visible(note));
            }
            let _ = writeln!(lines, "writable = {}", list(&app.writable));
        }
        if !lines.is_empty() {
            let _ = write!(out, "\n[app]\n{lines}");
        }
    }
}

impl Dependencies {
    fn text(&self, out: &mut String) {
        let mut lines = String::new();
        if let Some(lock) = &self.lock {
            let _ = writeln!(lines, "lock = {}", string(lock));
        }
        if let Some(files) = &self.requirements {
            let _ = writeln!(lines, "requirements = {}", list(files));
        }
        if !self.extras.is_empty() {
            let _ = writeln!(lines, "extras = {}", list(&self.extras));
        }
        if let Some(index) = &self.index {
            let _ = writeln!(lines, "index.url = {}", string(index));
        }
        if !self.extra_indexes.is_empty() {
            let _ = writeln!(lines, "index.extra = {}", list(&self.extra_indexes));
        }
        if !lines.is_empty() {
            let _ = write!(out, "\n[dependencies]\n{lines}");
        }
    }
}

/// The names after dollar signs.
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    })
}

impl Stage {
    fn text(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "\n# {}\n[stage.{}]\nfrom = {}",
            visible(&self.about),
            key(&self.name),
            string(&self.from)
        );
        if !self.include.is_empty() {
            let _ = writeln!(out, "include = {}", list(&self.include));
        }
        copies(&self.copy, out);
        for (name, words) in [("run", &self.run), ("cache", &self.cache)] {
            if !words.is_empty() {
                let _ = writeln!(out, "{name} = {}", list(words));
            }
        }
        if let Some(workdir) = &self.workdir {
            let _ = writeln!(out, "workdir = {}", string(workdir));
        }
        for (name, value) in &self.env {
            let _ = writeln!(out, "env.{} = {}", key(name), literal(value));
        }
    }
}

impl Production {
    fn text(&self, name: &str, out: &mut String) {
        out.push('\n');
        for line in &self.about {
            let _ = writeln!(out, "# {}", visible(line));
        }
        let _ = writeln!(out, "[stage.{}]", key(name));
        if let Some(from) = &self.from {
            let _ = writeln!(out, "from = {}", string(from));
        }
        if !self.groups.is_empty() {
            let _ = writeln!(out, "groups = {}", list(&self.groups));
        }
        if let Some(include) = &self.include {
            let _ = writeln!(out, "include = {}", list(include));
        }
        copies(&self.copy, out);
        match self.run.as_slice() {
            [] => {}
            [Step { command: Command::Line(line), keys }] if keys.is_empty() => {
                let _ = writeln!(out, "run = {}", string(line));
            }
            steps => {
                let lines: Vec<_> = steps.iter().map(|step| format!("    {},\n", step.text())).collect();
                let _ = writeln!(out, "run = [\n{}]", lines.concat());
            }
        }
        if let Some(workdir) = &self.workdir {
            let _ = writeln!(out, "workdir = {}", string(workdir));
        }
        if let Some(note) = &self.command_note {
            let _ = writeln!(out, "# {}", visible(note));
        }
        for (name, command) in [("entrypoint", &self.entrypoint), ("command", &self.command)] {
            if let Some(command) = command {
                let _ = writeln!(out, "{name} = {}", command.text());
            }
        }
        for (table, values) in [("env", &self.env), ("labels", &self.labels)] {
            for (name, value) in values {
                // Args that the file declares stay args.
                let _ = writeln!(out, "{table}.{} = {}", key(name), string(value));
            }
        }
        if !self.expose.is_empty() {
            let ports: Vec<_> = self
                .expose
                .iter()
                .map(|port| if port.parse::<u16>().is_ok() { port.clone() } else { string(port) })
                .collect();
            let _ = writeln!(out, "expose = [{}]", ports.join(", "));
        }
        if let Some(user) = &self.user {
            let _ = writeln!(out, "user = {user}");
        }
        if let Some(health) = &self.healthcheck {
            health.text(out);
        }
        if !self.volumes.is_empty() {
            let _ = writeln!(out, "volumes = {}", list(&self.volumes));
        }
        if let Some(signal) = &self.stop_signal {
            let _ = writeln!(out, "stop-signal = {}", string(signal));
        }
    }
}

impl Step {
    fn text(&self) -> String {
        if self.keys.is_empty() {
            return self.command.text();
        }
        let mut out = format!("{{ run = {}", self.command.text());
        for (name, value) in &self.keys {
            let _ = write!(out, ", {name} = {value}");
        }
        out.push_str(" }");
        out
    }
}

impl Health {
    fn text(&self, out: &mut String) {
        if let Some(note) = &self.note {
            let _ = writeln!(out, "# {}", visible(note));
        }
        let Some(command) = &self.command else {
            out.push_str("healthcheck = false\n");
            return;
        };
        let command = command.text();
        if self.times.is_empty() {
            let _ = writeln!(out, "healthcheck = {command}");
            return;
        }
        let _ = write!(out, "healthcheck = {{ command = {command}");
        for (name, value) in &self.times {
            let _ = write!(out, ", {name} = {value}");
        }
        out.push_str(" }\n");
    }
}

fn copies(copies: &[Copy], out: &mut String) {
    if !copies.is_empty() {
        let lines: Vec<_> = copies.iter().map(Copy::text).collect();
        let _ = writeln!(out, "copy = [\n{}]", lines.concat());
    }
}

impl Copy {
    fn text(&self) -> String {
        let mut out = String::from("    { ");
        if let Some(from) = &self.from {
            let _ = write!(out, "from = {}, ", string(from));
        }
        let _ = write!(out, "path = {}, to = {}", string(&self.path), string(&self.to));
        if let Some(owner) = &self.owner {
            let _ = write!(out, ", owner = {}", string(owner));
        }
        if let Some(mode) = &self.mode {
            let _ = write!(out, ", mode = {}", string(mode));
        }
        if !self.exclude.is_empty() {
            let _ = write!(out, ", exclude = {}", list(&self.exclude));
        }
        out.push_str(" },\n");
        out
    }
}
