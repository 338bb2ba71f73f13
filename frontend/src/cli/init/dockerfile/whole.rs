//! Stages that are copied as a whole: from their base image, instruction by instruction, word for word.

use super::image::{say, without_empty};
use super::model::{Model, Op, Origin, RunOp};
use super::place::{Places, Segments, image, is_there};
use super::report::Report;
use super::settings::join;
use crate::cli::init::draft::{Command, Draft, Production, string};

impl Places<'_> {
    /// Copies a stage under this name. If a stage copies files after it has run a command, it becomes several
    /// stages, each based on the one before. So the order stays the same.
    pub(super) fn whole(&self, at: usize, name: &str, report: &mut Report) -> Vec<(String, Production)> {
        let Some(part) = self.model.parts.get(at) else { return Vec::new() };
        // Where the image's own folder is not known, the stage says none, and keeps the image's.
        let is_said =
            self.model.is_placed(at) || self.model.inherited(at, |own| own.workdir.clone()).is_some();
        let workdir = if is_said { self.model.workdir(at) } else { String::new() };
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
        self.doubt_of_places(at, report);
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
        // The user that a command adds is looked up in the base of the segment.
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
        // Without a working directory, a stage with files would get that of the app.
        let has_steps = !part.ops.is_empty();
        let mut previous = from;
        let count = done.len();
        let mut stages = Vec::new();
        for (number, mut stage) in done.into_iter().enumerate() {
            stage.workdir = (is_said && (has_steps || part.own.workdir.is_some())).then(|| workdir.clone());
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

    /// Reports commands and copies that start in an unknown folder of an unknown image.
    fn doubt_of_places(&self, at: usize, report: &mut Report) {
        let Some(part) = self.model.parts.get(at) else { return };
        let image = self.image_of(at);
        for op in &part.ops {
            if let Op::Copy(op) = op
                && !op.is_placed
            {
                let text = format!(
                    "COPY: the working directory of `{image}` is not known, so that `{}` is a guess",
                    op.to
                );
                report.doubt(op.line, text);
            }
        }
        let mut runs = part.runs().filter(|run| !run.is_placed && needs_folder(&run.script));
        if let Some(run) = runs.next() {
            let more = runs.count();
            let others =
                if more > 0 { format!(", as {more} of the steps after it do") } else { String::new() };
            let text = format!(
                "RUN: the working directory of `{image}` is not known, and the step runs in `{}`{others}",
                run.workdir
            );
            report.doubt(run.line, text);
        }
    }

    /// Reports the assumptions about an unknown image: its folder, its user and its shell.
    fn doubt_of_base(&self, at: usize, report: &mut Report) {
        let Some(part) =
            self.model.parts.get(at).filter(|part| part.parent.is_none() && !part.ops.is_empty())
        else {
            return;
        };
        let image = self.image_of(at);
        if part.own.workdir.is_some() && !part.own.is_placed {
            let text = format!("WORKDIR: the working directory of `{image}` is not known: `/` is taken");
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
        let by_shell = |run: &RunOp| matches!(run.command, Command::Line(_));
        if let Some(run) = part.runs().find(|run| by_shell(run) && needs_bash(&run.script)) {
            let text = format!(
                "RUN: the shell of `{image}` is not known, and `/bin/sh` may not understand the command"
            );
            report.doubt(run.line, text);
        }
    }

    /// The image at the bottom of a stage, for messages: with the defaults of args, or as it is written where these are
    /// empty.
    pub(super) fn image_of(&self, at: usize) -> String {
        let Some(bottom) = self.model.bottom(at) else { return String::new() };
        let image = bottom.image.with(&self.model.args);
        if image.is_empty() { bottom.image.written() } else { image }
    }

    /// A name that no stage has.
    pub(super) fn unique(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.names.contains(&name) {
            name.push('x');
        }
        name
    }

    /// The stages that these stages need, in the order of the Dockerfile.
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

    /// Copies the whole Dockerfile: `production` starts from the base image of the Dockerfile.
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
        // The images have a Python of their own: the project's own stages alone would have another.
        draft.python = model.bottom(target).and_then(|bottom| bottom.base.version.clone());
        let inherits = model.inherited(target, |own| own.command.clone().or(own.entrypoint.clone()));
        let own = model.bottom(target).is_some_and(|bottom| bottom.base.has_command);
        if inherits.is_none() && !own {
            report.note(
                0,
                "the Dockerfile has no CMD: a container runs what its base runs, as before".to_owned(),
            );
        }
    }
}

/// Whether a script has words that bash understands and other shells may not. What the script passes to bash does not
/// count.
fn needs_bash(script: &str) -> bool {
    if script.lines().next().is_some_and(|first| first.contains("bash") && first.contains("<<")) {
        return false;
    }
    let lines = script.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut commands = lines.flat_map(|line| line.split(';')).flat_map(|line| line.split("&&"));
    commands.any(|command| {
        let words = command.split_whitespace().skip_while(|word| BEFORE.contains(word));
        words.take(1).any(|word| matches!(word, "source" | "[[" | "pushd" | "declare" | "shopt"))
    })
}

/// Programs that read and write no file of the folder that they run in, unless a word is a path.
const ANYWHERE: [&str; 23] = [
    "apt-get",
    "apt",
    "apk",
    "dnf",
    "yum",
    "microdnf",
    "useradd",
    "groupadd",
    "adduser",
    "addgroup",
    "usermod",
    "ldconfig",
    "update-alternatives",
    "update-ca-certificates",
    "locale-gen",
    "set",
    "export",
    "virtualenv",
    "true",
    "curl",
    "apt-key",
    "gpg",
    "echo",
];

/// Words of the shell before a command.
const BEFORE: [&str; 9] = ["if", "then", "else", "elif", "do", "!", "(", "{", "sudo"];

/// Whether a script may depend on the current folder. It does not if all programs that it calls are known not
/// to use this folder.
fn needs_folder(script: &str) -> bool {
    let commands = script.split(['\n', ';', '|']).flat_map(|line| line.split("&&"));
    let commands = commands.map(str::trim).filter(|command| !command.is_empty());
    // After `cd /folder`, the folder before it does not matter.
    let leaves =
        |command: &&str| command.strip_prefix("cd ").is_some_and(|to| to.trim_start().starts_with('/'));
    let mut commands = commands.take_while(|command| !leaves(command));
    commands.any(|command| !is_free(command))
}

/// Whether a command does not use the current folder.
fn is_free(command: &str) -> bool {
    let assigns = |word: &str| {
        let name =
            |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        word.split_once('=').is_some_and(|(before, _)| name(before))
    };
    let mut words = command.split_whitespace().skip_while(|word| BEFORE.contains(word) || assigns(word));
    let Some(program) = words.next() else { return true };
    // A program that is called by its path.
    let program =
        if program.starts_with('/') { program.rsplit('/').next().unwrap_or(program) } else { program };
    let rest: Vec<&str> = words.map(|word| word.trim_matches(['"', '\''])).collect();
    let (program, rest) = match (program, rest.as_slice()) {
        ("python" | "python3", ["-m", "pip", rest @ ..]) => ("pip", rest.to_vec()),
        _ => (program, rest),
    };
    let rooted = |word: &&str| word.starts_with(['/', '$', '-', '~', '>']);
    let is_path = |word: &&str| word.contains('/') || word.starts_with('.');
    let no_path = |word: &&str| rooted(word) || word.contains("://") || !is_path(word);
    // The word after these options is a file. `-O` of curl writes a file into the current folder.
    let files = ["-r", "-e", "-f", "-c", "-o", "--output", "--requirement", "--file", ">", ">>", "<"];
    let reads = rest
        .iter()
        .zip(rest.iter().skip(1))
        .any(|(word, next)| files.contains(word) && !rooted(next) && !next.contains("://"))
        || rest.iter().any(|word| matches!(*word, "." | "sync" | "-O" | "--remote-name" | "-LO" | "-OL"));
    match program {
        "fi" | "done" | "}" | ")" | "[" | "add-apt-repository" => true,
        "pip" | "pip3" | "uv" | "conda" | "mamba" => !reads && rest.iter().all(no_path),
        "chmod" | "chown" => {
            let operands = rest.iter().filter(|word| !word.starts_with('-'));
            operands.skip(1).all(rooted)
        }
        // What it does to a line is no path; its last word is the file.
        "sed" => rest.len() > 1 && rest.last().is_some_and(rooted),
        "git" => match rest.as_slice() {
            ["-C", folder, ..] => rooted(folder),
            ["clone", rest @ ..] => {
                let named = rest.iter().filter(|word| !word.starts_with('-')).count();
                named > 1 && rest.last().is_some_and(rooted)
            }
            _ => false,
        },
        "mkdir" | "rm" | "ln" | "touch" | "cp" | "mv" | "cat" | "tee" => rest.iter().all(rooted),
        // A Python that reads its program from another command.
        python if python.starts_with("python") && rest.is_empty() => true,
        program => ANYWHERE.contains(&program) && !reads && rest.iter().all(no_path),
    }
}

/// Unique names for the stages of a build file. They differ from the names of pybuild's own stages.
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

/// Whether a path is below another path, or equal to it.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    let (path, folder) = (join("/", path), join("/", folder));
    path == folder || path.strip_prefix(&folder).is_some_and(|rest| rest.starts_with('/') || folder == "/")
}

#[cfg(test)]
mod tests {
    use super::needs_folder;

    #[test]
    fn a_script_is_free_of_its_folder_where_nothing_in_it_is_relative() {
        for script in [
            "apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*",
            "pip install omegaconf 'x==1'",
            "uv pip install --system git+https://r.example/x.git",
            "mkdir -p /app && chown -R 1001 /app && chmod 755 /app",
            "DEBIAN_FRONTEND=noninteractive apt-get install -y tzdata",
            "echo hello there > /etc/motd",
            "virtualenv -p python3.6 /env",
            "curl -sS https://r.example/get-pip.py | python3.10",
            "apt-get update; pip3 install -r /app/requirements.txt;",
            "if [ \"$MODE\" = \"speech\" ] ; then pip3 install x==1; fi",
            "add-apt-repository ppa:team/python",
            "sed -i 's/# deb/deb/' /etc/apt/sources.list",
            "/env/bin/pip install -r /app/requirements.txt",
            "python -m pip install --upgrade pip",
            "git clone https://r.example/x.git /opt/x && git -C /opt/x checkout v1 && cd /opt/x && make",
            "pip install --pre x -f https://r.example/pre",
        ] {
            assert!(!needs_folder(script), "{script}");
        }
        for script in [
            "pip install -r requirements.txt",
            "pip install -e .",
            "apt-get install -y ./x.deb",
            "git clone https://r.example/x.git",
            "git clone --branch v1 https://r.example/x.git",
            "git checkout v1",
            "sed -i s/a/b/ conf.ini",
            "make && cd /opt",
            "cd x && make",
            "mkdir build",
            "make",
            "cat x > /y",
            "chown -R web data",
            "curl -O https://r.example/x",
            "echo a > b",
        ] {
            assert!(needs_folder(script), "{script}");
        }
    }
}
