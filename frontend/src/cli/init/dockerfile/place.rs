//! Translates the destinations of `COPY` and the needs of `RUN` into keys of a build file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::expand::Value;
use super::model::{CopyOp, Model, Origin, PLATFORM, Part, RunOp};
use super::report::Report;
use super::settings::join;
use crate::cli::init::draft::{Command, Copy, Production, Step, key, list, string};
use crate::ignore::Patterns;
use crate::spec::ContextPath;

/// The names of the stages in the build file, and the folder of the context.
pub(super) struct Places<'p> {
    pub(super) model: &'p Model,
    /// The names by index.
    pub(super) names: Vec<String>,
    pub(super) folder: &'p Path,
}

/// The segments of a stage. As in every stage of a build file, a segment copies files before it runs
/// commands.
#[derive(Default)]
pub(super) struct Segments {
    pub(super) done: Vec<Production>,
    pub(super) open: Production,
    /// The number of the stage's variables that are in segments so far.
    said: usize,
}

impl Segments {
    /// Starts a new segment, if this one has run commands.
    pub(super) fn after_runs(&mut self) {
        if !self.open.run.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    /// Adds the variables that the stage has set up to `moment`. A variable applies to all steps of a
    /// segment. So a step before it needs a segment of its own.
    pub(super) fn variables(&mut self, part: &Part, moment: usize) {
        let new = part.env.get(self.said..moment).unwrap_or_default();
        if new.is_empty() {
            return;
        }
        self.after_runs();
        for (name, value) in new {
            self.open.env.insert(name.clone(), value.written());
        }
        self.said = moment;
    }
}

/// An image name that cannot be mistaken for a stage: a bare name gets its tag.
pub(super) fn image(value: &Value) -> String {
    let written = value.written();
    if written.contains([':', '@', '/', '$']) || written == "scratch" {
        written
    } else {
        format!("{written}:latest")
    }
}

/// Whether it is a number, or a user that almost every image has.
pub(super) fn is_there(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user);
    matches!(name, "root" | "nobody" | "daemon" | "mail" | "www-data") || name.parse::<u32>().is_ok()
}

impl Places<'_> {
    pub(super) fn is_folder(&self, path: &str) -> bool {
        let there = self.folder.join(path);
        if there.exists() {
            return there.is_dir();
        }
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
        path.ends_with('/') || !name.contains('.')
    }

    /// The path for `include`, if a file of the context has the same path below the working directory.
    pub(super) fn at_place(&self, source: &str, to: &str, workdir: &str) -> Option<String> {
        // Without a working directory, nothing is below it.
        if workdir.is_empty() || source.contains(['*', '?', '[']) {
            return None;
        }
        let clean = ContextPath::parse(source.trim_start_matches('/'))?.as_str().to_owned();
        let target = if clean != "." && !self.is_folder(source) && to.ends_with('/') {
            join(to, clean.rsplit('/').next().unwrap_or(&clean))
        } else {
            join("/", to)
        };
        (target == join(workdir, &clean)).then_some(clean)
    }

    /// Adds a `COPY` to the open segment. Files of the context that keep their path are included.
    pub(super) fn copy(&self, op: &CopyOp, workdir: &str, segments: &mut Segments, report: &mut Report) {
        if op.unpacks {
            return Self::unpack(op, segments, report);
        }
        segments.after_runs();
        let plain = op.owner.is_none() && op.mode.is_none() && op.exclude.is_empty();
        let from = match &op.from {
            Origin::Context => None,
            Origin::Stage(at) => Some(self.names.get(*at).cloned().unwrap_or_default()),
            Origin::Image(value) => Some(image(value)),
        };
        let mut to = self.destination(op);
        let mut paths = &op.paths;
        if let Some((written, place)) = &op.written {
            let is_folder = to.ends_with('/') && !op.to.ends_with('/');
            to = if is_folder { format!("{place}/") } else { place.clone() };
            paths = written;
        }
        for path in paths {
            if from.is_none() && op.written.is_none() && !self.has_match(path) {
                report.note(op.line, format!("COPY: nothing in the context matches `{path}`"));
                continue;
            }
            let included = match from {
                None if plain && op.written.is_none() => self.at_place(path, &to, workdir),
                _ => None,
            };
            if let Some(included) = included {
                // A stage includes before it copies. What is laid over an earlier copy comes in a stage of its own.
                if segments.open.copy.iter().any(|copy| self.collides(copy, &included, workdir)) {
                    segments.done.push(std::mem::take(&mut segments.open));
                }
                let include = segments.open.include.get_or_insert_default();
                if !include.contains(&included) {
                    include.push(included);
                }
                continue;
            }
            let path = if from.is_some() { join("/", path) } else { path.trim_start_matches('/').to_owned() };
            segments.open.copy.push(Copy {
                path: if path.is_empty() { ".".to_owned() } else { path },
                from: from.clone(),
                to: to.clone(),
                owner: op.owner.clone().filter(|owner| owner != "root:root" && owner != "root"),
                mode: op.mode.clone().filter(|mode| {
                    let octal = !mode.is_empty() && mode.chars().all(|c| c.is_digit(8));
                    if !octal {
                        report.doubt(op.line, format!("COPY: the mode `{mode}` is no octal number"));
                    }
                    octal
                }),
                exclude: op.exclude.clone(),
            });
        }
    }

    /// Whether the context has a file for a pattern. Docker takes a pattern that matches nothing.
    fn has_match(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_pattern = |text: &str| text.contains(['*', '?', '[']);
        if !is_pattern(name) || is_pattern(folder) {
            return true;
        }
        let Ok(patterns) = Patterns::from_rules([name]) else { return true };
        let Ok(entries) = std::fs::read_dir(self.folder.join(folder)) else { return false };
        entries.filter_map(Result::ok).any(|entry| patterns.matches(&entry.file_name().to_string_lossy()))
    }

    /// An `ADD` of an archive becomes a step that unpacks it.
    fn unpack(op: &CopyOp, segments: &mut Segments, report: &mut Report) {
        for path in &op.paths {
            let word = shlex::try_quote(path).map_or_else(|_| path.clone(), Into::into);
            let to = shlex::try_quote(&op.to).map_or_else(|_| op.to.clone(), Into::into);
            let line = format!("mkdir -p {to} && tar -xf {word} -C {to} && rm {word}");
            let keys = vec![
                ("include".to_owned(), list(std::slice::from_ref(path))),
                ("workdir".to_owned(), string("/tmp")),
            ];
            segments.open.run.push(Step { command: Command::Line(line), keys });
        }
        report.note(op.line, "ADD unpacks an archive: a step does".to_owned());
    }

    /// Adds a `RUN` to the open segment, word for word.
    pub(super) fn run(
        &self,
        op: &RunOp,
        at: usize,
        workdir: &str,
        more: &[(String, String)],
        segments: &mut Segments,
        report: &mut Report,
    ) {
        let named = op.user.as_deref().filter(|user| !matches!(*user, "root" | "0" | "root:root" | "0:0"));
        if named.is_some_and(|user| !is_there(user)) {
            segments.after_runs();
        }
        let mut keys = self.mounts(op, segments, report);
        if op.workdir != workdir {
            keys.push(("workdir".to_owned(), string(&op.workdir)));
        }
        if let Some(user) = named {
            keys.push(("user".to_owned(), string(user)));
        }
        match op.network.as_deref() {
            None | Some("default") => {}
            Some(network) => keys.push(("network".to_owned(), string(network))),
        }
        for (name, value) in self.environment(op, at).into_iter().chain(more.iter().cloned()) {
            if let Some(line) = self.model.without_default.get(&name).filter(|_| value.starts_with("${")) {
                let text = format!(
                    "ARG: where no build passes `{name}`, a step that reads it finds it empty, and not unset"
                );
                report.note(*line, text);
            }
            keys.push((format!("env.{}", key(&name)), string(&value)));
        }
        segments.open.run.push(Step { command: op.command.clone(), keys });
    }

    /// Variables that have another value later, and args that programs may read although the text does not
    /// mention them.
    fn environment(&self, op: &RunOp, at: usize) -> Vec<(String, String)> {
        let Some(part) = self.model.parts.get(at) else { return Vec::new() };
        let mentioned: BTreeSet<&str> = names(&op.script).collect();
        let earlier = mentioned.iter().filter(|name| !part.is_final(name, op.moment));
        let earlier = earlier.map(|name| {
            let value = part.value_at(name, op.moment).map(Value::written).unwrap_or_default();
            ((*name).to_owned(), value)
        });
        // A program can read all declared args from its environment. It is not known which step reads which
        // arg.
        let is_set = |name: &String| part.value_at(name, op.moment).is_some();
        let chain = self.model.chain(at);
        let above = chain.iter().filter(|part| **part != at).filter_map(|part| self.model.parts.get(*part));
        let above = above.flat_map(Part::declared);
        let declared: BTreeSet<&String> = above.chain(part.declared().take(op.declared)).collect();
        let args = declared.into_iter().filter(|name| {
            let is_known = self.model.args.contains_key(*name) || PLATFORM.contains(&name.as_str());
            is_known && !mentioned.contains(name.as_str()) && !is_set(name)
        });
        earlier.chain(args.map(|name| (name.clone(), format!("${{{name}}}")))).collect()
    }

    fn mounts(&self, op: &RunOp, segments: &mut Segments, report: &mut Report) -> Vec<(String, String)> {
        let (mut caches, mut secrets, mut agents, mut include) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for mount in &op.mounts {
            let get = |name: &str| mount.get(name).map(String::as_str);
            let target = get("target").map(|target| join(&op.workdir, target));
            match get("type").unwrap_or("bind") {
                "cache" => {
                    if get("from").is_some() {
                        report.doubt(
                            op.line,
                            "RUN: a cache that begins with files of a stage begins empty".to_owned(),
                        );
                    }
                    if ["uid", "gid", "mode"].iter().any(|name| mount.contains_key(*name)) {
                        report.doubt(
                            op.line,
                            "RUN: a cache belongs to root; its owner is not carried over".to_owned(),
                        );
                    }
                    let path = string(&target.unwrap_or_default());
                    let more: Vec<_> = ["id", "sharing"]
                        .into_iter()
                        .filter_map(|name| Some(format!(", {name} = {}", string(get(name)?))))
                        .collect();
                    caches.push(if more.is_empty() {
                        path
                    } else {
                        format!("{{ path = {path}{} }}", more.concat())
                    });
                }
                "secret" => secrets.push(secret(mount, target.as_deref())),
                "ssh" => agents.push(get("id").unwrap_or("default").to_owned()),
                "tmpfs" => {
                    report.note(op.line, "RUN: what a tmpfs would have held is in the image".to_owned());
                }
                "bind" => {
                    let source = get("source").unwrap_or(if get("from").is_some() { "/" } else { "." });
                    let target = target.unwrap_or_default();
                    let from = get("from").map(|from| match self.model.position(from) {
                        Some(at) => self.names.get(at).cloned().unwrap_or_default(),
                        None => image(&Value::text(from)),
                    });
                    let placed =
                        if from.is_none() { self.at_place(source, &target, &op.workdir) } else { None };
                    match placed {
                        Some(path) => include.push(path),
                        None => {
                            segments.after_runs();
                            let path = if from.is_some() {
                                join("/", source)
                            } else {
                                source.trim_start_matches('/').to_owned()
                            };
                            segments.open.copy.push(Copy { from, path, to: target, ..Copy::default() });
                        }
                    }
                    report.note(
                        op.line,
                        format!("RUN: `{source}` is copied, not mounted, and stays in the image"),
                    );
                }
                other => {
                    report.doubt(op.line, format!("RUN: a mount of the type `{other}` is not carried over"));
                }
            }
        }
        let mut keys = Vec::new();
        if !include.is_empty() {
            keys.push(("include".to_owned(), list(&include)));
        }
        for (name, tables) in [("cache", caches), ("secrets", secrets)] {
            if !tables.is_empty() {
                keys.push((name.to_owned(), format!("[{}]", tables.join(", "))));
            }
        }
        if !agents.is_empty() {
            keys.push(("ssh".to_owned(), list(&agents)));
        }
        keys
    }
}

/// A secret as a table. In a Dockerfile, a secret is optional by default.
fn secret(mount: &BTreeMap<String, String>, target: Option<&str>) -> String {
    let get = |name: &str| mount.get(name).map(String::as_str);
    let id = get("id").or_else(|| get("target")?.rsplit('/').next()).unwrap_or_default();
    let mut table = format!("{{ id = {}", string(id));
    if let Some(target) = target {
        table = format!("{table}, path = {}", string(target));
    }
    if let Some(name) = get("env") {
        table = format!("{table}, env = {}", string(name));
    }
    let needed = matches!(get("required"), Some("true" | "1"));
    format!("{table}{} }}", if needed { "" } else { ", required = false" })
}

/// The names of the variables in a script.
pub(super) fn names(script: &str) -> impl Iterator<Item = &str> {
    script.split('$').skip(1).map(|rest| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    })
}
