//! The stages of a Dockerfile: their bases, their instructions in order, and their image settings.

use std::collections::{BTreeMap, BTreeSet};

use super::bases::{Base, base};
use super::expand::{Expanded, Found, Value, expand};
use super::parse::{File, Instruction};
use super::report::Report;
use crate::cli::init::draft::Command;

/// The source of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Context,
    /// A stage, by its index.
    Stage(usize),
    Image(Value),
}

/// `COPY`, and `ADD` of files.
#[derive(Clone, Debug)]
pub(super) struct CopyOp {
    pub(super) line: usize,
    pub(super) from: Origin,
    pub(super) paths: Vec<String>,
    /// An absolute path. A slash at its end means a folder.
    pub(super) to: String,
    /// The paths and the place as the build file writes them, where args are in them.
    pub(super) written: Option<(Vec<String>, String)>,
    pub(super) owner: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) exclude: Vec<String>,
    /// Whether `ADD` unpacks an archive.
    pub(super) unpacks: bool,
    /// Whether the destination is known.
    pub(super) is_placed: bool,
}

/// `RUN`.
#[derive(Clone, Debug)]
pub(super) struct RunOp {
    pub(super) line: usize,
    pub(super) command: Command,
    /// The script for a shell; empty if no shell runs.
    pub(super) script: String,
    pub(super) mounts: Vec<BTreeMap<String, String>>,
    pub(super) network: Option<String>,
    pub(super) workdir: String,
    pub(super) user: Option<String>,
    /// The number of variables that the stage has set before.
    pub(super) moment: usize,
    /// The number of args that the stage has declared before.
    pub(super) declared: usize,
    /// Whether the working directory is known.
    pub(super) is_placed: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Copy(CopyOp),
    Run(RunOp),
}

/// The settings of an image.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) labels: BTreeMap<String, Value>,
    pub(super) expose: Vec<String>,
    pub(super) volumes: Vec<String>,
    pub(super) user: Option<String>,
    pub(super) workdir: Option<String>,
    /// Whether the working directory is known. It is unknown if it is relative to a folder of an unknown
    /// image.
    pub(super) is_placed: bool,
    pub(super) command: Option<Command>,
    /// `ENTRYPOINT []` is an empty entrypoint.
    pub(super) entrypoint: Option<Command>,
    pub(super) stop_signal: Option<String>,
    pub(super) healthcheck: Option<Instruction>,
    pub(super) shell: Option<Vec<String>>,
    pub(super) user_line: usize,
}

/// A stage.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) line: usize,
    /// The name, if the stage has one.
    pub(super) name: Option<String>,
    /// The base image, unless the base is a stage.
    pub(super) image: Value,
    pub(super) base: Base,
    pub(super) parent: Option<usize>,
    pub(super) platform: Option<String>,
    pub(super) ops: Vec<Op>,
    /// Variables, in the order in which they are set.
    pub(super) env: Vec<(String, Value)>,
    latest: BTreeMap<String, usize>,
    args: BTreeMap<String, Option<Value>>,
    /// The names of its args, in the order of their declarations.
    order: Vec<String>,
    pub(super) own: Settings,
    /// All folders that `WORKDIR` has made.
    pub(super) folders: BTreeSet<String>,
}

/// A parsed Dockerfile.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) parts: Vec<Part>,
    /// Build args and their defaults.
    pub(super) args: BTreeMap<String, String>,
    /// Args without a default, and where the first of a name is declared.
    pub(super) without_default: BTreeMap<String, usize>,
    global: BTreeMap<String, Value>,
    escape: char,
}

/// Args that every build has.
pub(super) const PLATFORM: [&str; 10] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETOSVERSION",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETSTAGE",
];

/// Args that may be passed to every build without a declaration.
const PROXIES: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

impl Model {
    pub(super) fn new(file: &File, report: &mut Report) -> Self {
        let mut model = Self { escape: file.escape, ..Self::default() };
        for instruction in &file.instructions {
            match instruction.name.as_str() {
                "FROM" => model.from(instruction, report),
                "ARG" if model.parts.is_empty() => model.arg(instruction, report),
                _ if model.parts.is_empty() => {
                    report.doubt(
                        instruction.line,
                        format!("`{}` stands before the first `FROM`", instruction.name),
                    );
                }
                _ => super::settings::instruction(&mut model, instruction, report),
            }
        }
        model
    }

    fn from(&mut self, instruction: &Instruction, report: &mut Report) {
        let words: Vec<&str> = instruction.rest.split_whitespace().collect();
        let global = |name: &str| match self.global.get(name) {
            Some(value) => Found::Known(value.clone()),
            None if PLATFORM.contains(&name) => Found::Known(Value::arg(name)),
            None => Found::Unset,
        };
        let expanded = expand(words.first().copied().unwrap_or_default(), self.escape, &global);
        report.doubts(instruction.line, "the image", &expanded.doubts);
        let image = expanded.value;
        let name = match words.as_slice() {
            [_, as_, name] if as_.eq_ignore_ascii_case("as") => Some(name.to_ascii_lowercase()),
            [_] => None,
            _ => {
                report.doubt(instruction.line, format!("`FROM {}` is no FROM", instruction.rest));
                None
            }
        };
        let resolved = image.with(&self.args);
        let parent = self.position(&resolved);
        if resolved.is_empty() && parent.is_none() {
            report.doubt(
                instruction.line,
                format!("`{}`: the name of the image comes from an arg without a default", instruction.rest),
            );
        }
        if let Some(arg) = image.args().next().filter(|_| parent.is_some()) {
            report.note(
                instruction.line,
                format!("FROM: the arg `{arg}` chooses a stage; `{resolved}` is taken, and no arg changes it any more"),
            );
        }
        let base = base(&image.with(&self.args));
        self.parts.push(Part {
            line: instruction.line,
            name,
            image,
            base,
            parent,
            platform: instruction.flag("platform").map(str::to_owned),
            ops: Vec::new(),
            env: Vec::new(),
            latest: BTreeMap::new(),
            args: BTreeMap::new(),
            order: Vec::new(),
            own: Settings::default(),
            folders: BTreeSet::new(),
        });
    }

    /// The last stage with this name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let lower = name.to_ascii_lowercase();
        self.parts.iter().rposition(|part| part.name.as_deref() == Some(&lower))
    }

    /// The last stage, to which instructions are added.
    pub(super) fn last(&mut self) -> Option<&mut Part> {
        self.parts.last_mut()
    }

    /// A stage and the stages below it, the lowest first.
    pub(super) fn chain(&self, at: usize) -> Vec<usize> {
        let mut chain = vec![at];
        let mut here = at;
        while let Some(parent) = self.parts.get(here).and_then(|part| part.parent) {
            // A stage starts from an earlier stage, so this loop ends.
            chain.push(parent);
            here = parent;
        }
        chain.reverse();
        chain
    }

    /// The lowest stage below a stage, which has the base image.
    pub(super) fn bottom(&self, at: usize) -> Option<&Part> {
        self.chain(at).first().and_then(|bottom| self.parts.get(*bottom))
    }

    /// Expands a word of the last stage.
    pub(super) fn expand(&self, word: &str) -> Expanded {
        expand(word, self.escape, &|name| self.look(name))
    }

    /// Expands a word for the build file. Doubts are reported at this line.
    pub(super) fn text(&self, word: &str, line: usize, what: &str, report: &mut Report) -> Value {
        let expanded = self.expand(word);
        report.doubts(line, what, &expanded.doubts);
        expanded.value
    }

    fn look(&self, name: &str) -> Found {
        let Some(at) = self.parts.len().checked_sub(1) else { return Found::Unset };
        self.variable(at, name)
    }

    /// The value of a variable at the end of a stage.
    pub(super) fn variable(&self, at: usize, name: &str) -> Found {
        let mut here = Some(at);
        let mut bottom = None;
        while let Some(part) = here.and_then(|here| self.parts.get(here)) {
            let latest = part.latest.get(name).and_then(|at| part.env.get(*at));
            if let Some((_, value)) = latest {
                return Found::Known(value.clone());
            }
            match part.args.get(name) {
                Some(Some(value)) => return Found::Known(value.clone()),
                Some(None) => return Found::Unset,
                None => {}
            }
            bottom = Some(part);
            here = part.parent;
        }
        let Some(base) = bottom.map(|part| &part.base) else { return Found::Unset };
        if name == "PATH" {
            // A build file and a Dockerfile refer to the image's own `PATH` in the same way.
            let path = if base.is_known { Value::text(base.path.clone()) } else { Value::arg("PATH") };
            return Found::Known(path);
        }
        match base.env.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => Found::Known(Value::text(*value)),
            None if base.is_known && !name.starts_with("PYTHON_") => Found::Unset,
            None => Found::Unknown,
        }
    }

    /// Declares args. The build file declares them too.
    pub(super) fn arg(&mut self, instruction: &Instruction, report: &mut Report) {
        for word in super::settings::words(&instruction.rest, self.escape) {
            let (name, given) =
                word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            if PROXIES.contains(&name) || PLATFORM.contains(&name) {
                if PLATFORM.contains(&name) {
                    self.declare(name, Some(Value::arg(name)));
                }
                continue;
            }
            let is_global = self.parts.is_empty();
            let mut default = None;
            if let Some(given) = given {
                let expanded = if is_global {
                    let global = &self.global;
                    expand(given, self.escape, &|name| {
                        global.get(name).map_or(Found::Unset, |value| Found::Known(value.clone()))
                    })
                } else {
                    self.expand(given)
                };
                report.doubts(instruction.line, &format!("the arg `{name}`"), &expanded.doubts);
                if let Some(other) = expanded.value.args().next() {
                    report.note(
                        instruction.line,
                        format!(
                            "the default of the arg `{name}` does not follow the arg `{other}`: pass both"
                        ),
                    );
                }
                default = Some(expanded.value.with(&self.args));
            }
            // In a stage, an arg without a default takes the default from before the first `FROM`.
            let known = self.args.get(name).cloned();
            match (default, known) {
                (Some(default), Some(known)) if known != default && !known.is_empty() => {
                    report.doubt(
                        instruction.line,
                        format!("the arg `{name}` has the defaults `{known}` and `{default}`; in a build file it has one"),
                    );
                }
                (Some(default), _) => {
                    self.without_default.remove(name);
                    self.args.insert(name.to_owned(), default);
                }
                (None, None) => {
                    self.without_default.insert(name.to_owned(), instruction.line);
                    self.args.insert(name.to_owned(), String::new());
                }
                (None, Some(_)) => {}
            }
            if is_global {
                self.global.insert(name.to_owned(), Value::arg(name));
            }
            let is_empty = self.args.get(name).is_none_or(String::is_empty);
            self.declare(name, Some(if is_empty { Value::empty_arg(name) } else { Value::arg(name) }));
        }
    }

    /// Gives an arg of the last stage a default, if it has none and nothing has used it so far.
    pub(super) fn take_default(&mut self, name: &str, default: &str) -> bool {
        let is_empty = self.args.get(name).is_some_and(String::is_empty) && !self.global.contains_key(name);
        let Some((last, before)) = self.parts.split_last() else { return false };
        let written = format!("${{{name}}}");
        let names = |value: &Value| value.args().any(|arg| arg == name);
        let settings = last.own.expose.iter().chain(last.own.user.iter());
        let is_used = last.env.iter().map(|(_, value)| value).chain(last.own.labels.values()).any(names)
            || settings.into_iter().any(|text| text.contains(&written))
            || last
                .order
                .iter()
                .position(|arg| arg == name)
                .is_none_or(|at| last.runs().any(|run| run.declared > at));
        if !is_empty || is_used || before.iter().any(|part| part.args.contains_key(name)) {
            return false;
        }
        self.without_default.remove(name);
        self.args.insert(name.to_owned(), default.to_owned());
        if let Some(last) = self.parts.last_mut() {
            last.args.insert(name.to_owned(), Some(Value::arg(name)));
        }
        true
    }

    fn declare(&mut self, name: &str, value: Option<Value>) {
        if let Some(part) = self.parts.last_mut()
            && part.args.insert(name.to_owned(), value).is_none()
        {
            part.order.push(name.to_owned());
        }
    }

    /// Sets a variable of the last stage.
    pub(super) fn set(&mut self, name: String, value: Value) {
        if let Some(part) = self.parts.last_mut() {
            part.latest.insert(name.clone(), part.env.len());
            part.env.push((name, value));
        }
    }

    /// The current working directory at the end of a stage.
    pub(super) fn workdir(&self, at: usize) -> String {
        let mut here = Some(at);
        let mut bottom = "/";
        while let Some(part) = here.and_then(|here| self.parts.get(here)) {
            if let Some(workdir) = &part.own.workdir {
                return workdir.clone();
            }
            bottom = part.base.workdir.as_deref().unwrap_or("/");
            here = part.parent;
        }
        bottom.to_owned()
    }

    /// Whether the current working directory at the end of a stage is known.
    pub(super) fn is_placed(&self, at: usize) -> bool {
        let mut here = Some(at);
        let mut is_known = false;
        while let Some(part) = here.and_then(|here| self.parts.get(here)) {
            if part.own.workdir.is_some() {
                return part.own.is_placed;
            }
            is_known = part.base.workdir.is_some();
            here = part.parent;
        }
        is_known
    }

    /// A setting that a stage inherits from its base.
    pub(super) fn inherited<T: Clone>(&self, at: usize, get: impl Fn(&Settings) -> Option<T>) -> Option<T> {
        let mut here = Some(at);
        while let Some(part) = here.and_then(|here| self.parts.get(here)) {
            if let Some(found) = get(&part.own) {
                return Some(found);
            }
            here = part.parent;
        }
        None
    }

    /// A value that a build cannot change, for the variables of a shell.
    pub(super) fn constant(&self, at: usize, name: &str) -> Option<String> {
        match self.variable(at, name) {
            Found::Known(value) => value.constant(),
            Found::Unset | Found::Unknown => None,
        }
    }
}

impl Part {
    /// The value of a variable after the first `moment` variables were set.
    pub(super) fn value_at(&self, name: &str, moment: usize) -> Option<&Value> {
        self.env.iter().take(moment).rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The `RUN` instructions.
    pub(super) fn runs(&self) -> impl Iterator<Item = &RunOp> {
        self.ops.iter().filter_map(|op| match op {
            Op::Run(run) => Some(run),
            Op::Copy(_) => None,
        })
    }

    /// The names of the declared args.
    pub(super) fn declared(&self) -> impl Iterator<Item = &String> {
        self.order.iter()
    }

    /// Whether a variable is not set again after `moment`.
    pub(super) fn is_final(&self, name: &str, moment: usize) -> bool {
        self.latest.get(name).is_none_or(|at| *at < moment)
    }
}
