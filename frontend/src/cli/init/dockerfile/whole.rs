//! Stages that are carried over whole: from the image that they start from, instruction by instruction, word for word.

use super::image::{say, without_empty};
use super::model::{Model, Op, Origin, RunOp};
use super::place::{Places, Segments, image, is_there};
use super::report::Report;
use super::settings::join;
use crate::cli::init::draft::{Draft, Production, string};

impl Places<'_> {
    /// Carries a stage over, under this name. A stage that copies after it has run something becomes several, each on
    /// the one before, so that the order stays.
    pub(super) fn whole(&self, at: usize, name: &str, report: &mut Report) -> Vec<(String, Production)> {
        let Some(part) = self.model.parts.get(at) else { return Vec::new() };
        let workdir = self.model.workdir(at);
        let mut segments = Segments::default();
        match part.platform.as_deref() {
            Some(platform) if platform.contains("BUILDPLATFORM") => report.note(
                part.line,
                "FROM: the stage is made on the platform of the image, not on that of the builder".to_owned(),
            ),
            Some(platform) => report.doubt(
                part.line,
                format!("FROM: a stage of a build file has no platform: pass `--platform {platform}`"),
            ),
            None => {}
        }
        for op in &part.ops {
            match op {
                Op::Copy(op) => self.copy(op, &workdir, &mut segments, report),
                Op::Run(op) => {
                    segments.variables(part, op.moment);
                    self.run(op, at, &workdir, &[], &mut segments, report);
                }
            }
        }
        segments.variables(part, part.env.len());
        self.doubt_of_base(at, report);
        // A user that a command adds is looked up in what the segment starts from.
        if part.own.user.as_deref().is_some_and(|user| !is_there(user)) {
            segments.after_runs();
        }
        let Segments { mut done, mut open, .. } = segments;
        say(part, &mut open);
        without_empty(&mut open);
        open.user = part.own.user.as_deref().map(string);
        done.push(open);
        let from = match part.parent {
            Some(parent) => self.names.get(parent).cloned().unwrap_or_default(),
            None => image(&part.image),
        };
        // Without one, a stage with files would have that of the app.
        let has_steps = !part.ops.is_empty();
        let mut previous = from;
        let count = done.len();
        let mut stages = Vec::new();
        for (number, mut stage) in done.into_iter().enumerate() {
            stage.workdir = (has_steps || part.own.workdir.is_some()).then(|| workdir.clone());
            let called = if number + 1 == count {
                name.to_owned()
            } else {
                self.unique(&format!("{name}-{}", number + 1))
            };
            stage.from = Some(std::mem::replace(&mut previous, called.clone()));
            stage.about = match (number, part.name.as_deref()) {
                (0, Some(own)) => {
                    vec![format!("The stage `{own}` of the Dockerfile, line {}, word for word.", part.line)]
                }
                (0, None) => {
                    vec![format!("The stage of line {} of the Dockerfile, word for word.", part.line)]
                }
                _ => Vec::new(),
            };
            stages.push((called, stage));
        }
        stages
    }

    /// Says what is taken for granted of an image that nobody knows: its folder, its user and its shell.
    fn doubt_of_base(&self, at: usize, report: &mut Report) {
        let Some(part) =
            self.model.parts.get(at).filter(|part| part.parent.is_none() && !part.ops.is_empty())
        else {
            return;
        };
        let image = part.image.with(&self.model.args);
        if part.base.workdir.is_none() && part.own.workdir.is_none() {
            let text = format!("the working directory of `{image}` is not known: `/` is taken");
            report.doubt(part.line, text);
        }
        if part.base.is_known {
            return;
        }
        if part.runs().any(|run| run.user.is_none()) {
            let text = format!(
                "where `{image}` names a user, the Dockerfile's steps run as that user; here they run as root"
            );
            report.note(part.line, text);
        }
        let of_bash = ["source ", "[[ ", "pushd "];
        let script = |run: &RunOp| of_bash.iter().any(|word| run.script.contains(word));
        if let Some(run) = part.runs().find(|run| part.own.shell.is_none() && script(run)) {
            let text = format!(
                "RUN: the shell of `{image}` is not known, and `/bin/sh` may not understand the command"
            );
            report.doubt(run.line, text);
        }
    }

    /// A name that no stage has.
    pub(super) fn unique(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.names.contains(&name) {
            name.push('x');
        }
        name
    }

    /// The stages that these need, in the order of the Dockerfile.
    pub(super) fn needed(&self, from: &[usize]) -> Vec<usize> {
        let model = self.model;
        let mut found = std::collections::BTreeSet::new();
        let mut open = from.to_vec();
        while let Some(at) = open.pop() {
            let Some(part) = model.parts.get(at).filter(|_| found.insert(at)) else { continue };
            open.extend(part.parent);
            for op in &part.ops {
                match op {
                    Op::Copy(op) => {
                        if let Origin::Stage(at) = op.from {
                            open.push(at);
                        }
                    }
                    Op::Run(op) => {
                        let from = op.mounts.iter().filter_map(|mount| model.position(mount.get("from")?));
                        open.extend(from.filter(|from| *from < at));
                    }
                }
            }
        }
        found.into_iter().collect()
    }

    /// Carries all of the Dockerfile over whole: production starts from the image that the Dockerfile starts from.
    pub(super) fn everything(&self, target: usize, draft: &mut Draft, report: &mut Report) {
        for at in self.needed(&[target]) {
            let name = self.names.get(at).cloned().unwrap_or_default();
            let mut stages = self.whole(at, &name, report);
            if at == target
                && let Some((_, last)) = stages.pop()
            {
                draft.carried.extend(stages);
                draft.production = last;
                continue;
            }
            draft.carried.extend(stages);
        }
        let model = self.model;
        if let Some(version) = model.bottom(target).and_then(|bottom| bottom.base.version.clone()) {
            draft.python = Some(version);
        }
        let inherits = model.inherited(target, |own| own.command.clone().or(own.entrypoint.clone()));
        let own = model.bottom(target).is_some_and(|bottom| bottom.base.has_command);
        if inherits.is_none() && !own {
            report.doubt(0, "the Dockerfile has no CMD: a container runs what its base runs".to_owned());
        }
    }
}

/// Names for the stages of a build file: those of pybuild's own stages are taken, and so is every name once.
pub(super) fn names(model: &Model, target: usize) -> Vec<String> {
    const TAKEN: [&str; 8] =
        ["builder", "dev", "test", "production", "scratch", "prepared", "default", "debug"];
    let mut known: std::collections::BTreeSet<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
    let mut names = Vec::new();
    for (at, part) in model.parts.iter().enumerate() {
        if at == target {
            names.push("production".to_owned());
            continue;
        }
        let own = part.name.clone().unwrap_or_else(|| format!("stage-{at}"));
        let valid = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
        let clean: String = own.chars().map(valid).collect();
        let clean = clean.trim_start_matches(['-', '_', '.']).to_owned();
        let mut name = if clean.is_empty() { format!("stage-{at}") } else { clean };
        while !known.insert(name.clone()) {
            name = if name.ends_with("-stage") { format!("{name}-{at}") } else { format!("{name}-stage") };
        }
        names.push(name);
    }
    names
}

/// A path below another, or the same.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    let (path, folder) = (join("/", path), join("/", folder));
    path == folder || path.strip_prefix(&folder).is_some_and(|rest| rest.starts_with('/') || folder == "/")
}
