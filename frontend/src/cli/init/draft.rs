//! A build file in the making, and its text.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::json;

use crate::address::visible;

/// What will be written. Every list may be empty, every setting absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// The frontend image.
    pub(super) image: String,
    /// What was found, in one line.
    pub(super) about: String,
    pub(super) python: Option<String>,
    pub(super) base: Option<String>,
    /// Requirements files, where they are not the ones that are found.
    pub(super) requirements: Option<Vec<String>>,
    pub(super) system: System,
    pub(super) app: App,
    pub(super) args: BTreeMap<String, String>,
    /// A folder from which the app's modules are imported.
    pub(super) python_path: Option<String>,
    /// Variables that the app cannot be imported without, with values for checks.
    pub(super) needed: BTreeMap<String, String>,
    /// Checks: names and commands.
    pub(super) checks: Vec<(String, String)>,
    /// The groups of `test`, where the usual ones do not bring all that the checks run.
    pub(super) test_groups: Vec<String>,
    /// Stages besides production.
    pub(super) stages: Vec<Stage>,
    pub(super) production: Production,
}

/// OS packages, and why.
#[derive(Clone, Debug, Default)]
pub(super) struct System {
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
    /// What is to be said of the writable folders.
    pub(super) writable_note: Option<String>,
}

/// A stage that starts from an image of its own.
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

#[derive(Clone, Debug, Default)]
pub(super) struct Production {
    pub(super) command: Option<Command>,
    /// What is to be said of the command.
    pub(super) command_note: Option<String>,
    pub(super) entrypoint: Option<Command>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) expose: Vec<String>,
    pub(super) user: Option<String>,
    /// The numbers of users, where they are given some.
    pub(super) numbers: BTreeMap<String, u32>,
    pub(super) healthcheck: Option<Health>,
    pub(super) volumes: Vec<String>,
    pub(super) stop_signal: Option<String>,
    pub(super) copy: Vec<Copy>,
    pub(super) run: Vec<String>,
    pub(super) packages: Vec<String>,
}

/// A command as it is written: a line for the shell, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Line(String),
    List(Vec<String>),
}

/// A health check; without a command, none.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    /// What is to be said of it.
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
}

impl Command {
    pub(super) fn list(words: &[&str]) -> Self {
        Self::List(words.iter().map(|word| (*word).to_owned()).collect())
    }

    fn text(&self) -> String {
        match self {
            Self::Line(line) => string(line),
            Self::List(words) => list(words),
        }
    }
}

/// A basic string of TOML. What JSON escapes, TOML escapes in the same way.
fn string(text: &str) -> String {
    json!(text).to_string().replace('\u{7f}', "\\u007f")
}

fn list(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| string(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A string in which `${NAME}` would be replaced, kept as it is.
fn literal(text: &str) -> String {
    string(&text.replace("${", "$${"))
}

/// A key, in quotation marks where it needs them.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { string(name) }
}

impl Draft {
    /// Lets the app write to the folder of its `SQLite` database.
    pub(super) fn sqlite(&mut self, folder: String) {
        let note = "A database of SQLite is there. It goes with the container unless a volume is mounted.";
        self.app.writable_note = Some(note.to_owned());
        self.app.writable = vec![folder];
    }

    /// The build file.
    pub(super) fn text(&self) -> String {
        let mut out = format!("# syntax={}\n# {}\n", visible(&self.image), visible(&self.about));
        self.tables(&mut out);
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
        production.text(&mut out);
        if !self.checks.is_empty() {
            out.push_str("# No image unless the checks pass:\n# requires = [\"test\"]\n");
        }
        out
    }

    fn tables(&self, out: &mut String) {
        if !self.args.is_empty() {
            out.push_str("\n# Values that `--build-arg` changes.\n[args]\n");
            for (name, value) in &self.args {
                let _ = writeln!(out, "{} = {}", key(name), string(value));
            }
        }
        if self.python.is_some() || self.base.is_some() {
            out.push_str("\n[python]\n");
            let version = self.python.as_ref().map(|version| ("version", version));
            for (name, value) in version.into_iter().chain(self.base.as_ref().map(|base| ("base", base))) {
                let _ = writeln!(out, "{name} = {}", string(value));
            }
        }
        if let Some(files) = &self.requirements {
            let _ = writeln!(out, "\n[dependencies]\nrequirements = {}", list(files));
        }
        if !self.system.build.is_empty() || !self.system.runtime.is_empty() {
            out.push('\n');
            for because in &self.system.because {
                let _ = writeln!(out, "# {}", visible(because));
            }
            out.push_str("[system]\n");
            for (name, packages) in [("build", &self.system.build), ("runtime", &self.system.runtime)] {
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
    fn text(&self, out: &mut String) {
        out.push_str("\n[stage.production]\n");
        if !self.packages.is_empty() {
            let _ = writeln!(out, "packages = {}", list(&self.packages));
        }
        copies(&self.copy, out);
        if !self.run.is_empty() {
            let _ = writeln!(out, "run = {}", list(&self.run));
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
            let _ = match self.numbers.get(user) {
                Some(number) => writeln!(out, "user = {{ name = {}, uid = {number} }}", string(user)),
                None => writeln!(out, "user = {}", string(user)),
            };
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
        out.push_str(" },\n");
        out
    }
}
