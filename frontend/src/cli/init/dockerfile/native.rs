//! Translates a Dockerfile whose last stage is based on a Python image. Known commands become keys of the
//! build file, and everything else stays in its order. If one part does not fit, the Dockerfile is copied as
//! a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::idiom::{Account, Idiom, Locked, idiom};
use super::model::{CopyOp, Model, Op, Origin, RunOp};
use super::place::{Places, Segments};
use super::report::Report;
use super::settings::join;
use super::system::compilers;
use super::whole::is_below;
use super::words::{Plain, commands};
use crate::cli::init::draft::{Command, Draft, Step};

/// The reason why a Dockerfile is copied as a whole.
pub(super) type Reason = String;

/// The data collected from the stages.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and they are no state of something"
)]
pub(super) struct Native<'a> {
    pub(super) places: &'a Places<'a>,
    pub(super) model: &'a Model,
    pub(super) target: usize,
    /// The target, and the stages on which it is made.
    pub(super) shipped: Vec<usize>,
    /// Stages whose environment is copied.
    pub(super) helpers: BTreeSet<usize>,
    /// Folders with an environment, or with wheels for an environment.
    pub(super) environments: BTreeSet<String>,
    pub(super) draft: &'a mut Draft,
    pub(super) report: &'a mut Report,
    pub(super) segments: Segments,
    /// OS packages of stages that ship, and of stages that build.
    pub(super) system: Vec<String>,
    pub(super) build: Vec<String>,
    /// Packages that have a common name (`apk add --virtual`).
    pub(super) together: BTreeMap<String, Vec<String>>,
    /// Requirements files, by their paths in the context.
    pub(super) files: Vec<String>,
    pub(super) locked: Option<Locked>,
    /// Files that were exported from a lock.
    pub(super) derived: BTreeSet<String>,
    pub(super) installs_project: bool,
    pub(super) installs_shipped: bool,
    pub(super) named_before: Vec<Step>,
    /// Packages of Python that steps install by name.
    pub(super) by_name: Vec<String>,
    /// Whether something was run that is not understood.
    pub(super) ran: bool,
    /// Whether this command may have configured another package source.
    may_bring_packages: bool,
    pub(super) account: Option<Account>,
    pub(super) groups: BTreeMap<String, Account>,
    pub(super) folders: Vec<String>,
    /// The copied files: the stage, the destination, and the file of the context.
    pub(super) copied: Vec<(usize, String, String)>,
    /// OS packages that were installed with recommended packages, and the line of the first one.
    pub(super) recommending: BTreeSet<String>,
    pub(super) recommending_line: Option<usize>,
    /// Compilers that are installed by a step that is copied as a whole. Packages that are installed after it
    /// need them.
    pub(super) late: Vec<String>,
    /// Steps whose variables may be set later, by line, stage and moment.
    pub(super) later: Vec<(usize, usize, usize)>,
    /// Environments that the Dockerfile makes itself, and those that were already mentioned.
    pub(super) venvs: BTreeSet<String>,
    pub(super) said: BTreeSet<String>,
}

impl<'a> Native<'a> {
    pub(super) fn new(
        places: &'a Places<'a>,
        target: usize,
        draft: &'a mut Draft,
        report: &'a mut Report,
    ) -> Self {
        let model = places.model;
        Self {
            places,
            model,
            target,
            shipped: model.chain(target),
            helpers: BTreeSet::new(),
            environments: BTreeSet::new(),
            draft,
            report,
            segments: Segments::default(),
            system: Vec::new(),
            build: Vec::new(),
            together: BTreeMap::new(),
            files: Vec::new(),
            locked: None,
            derived: BTreeSet::new(),
            installs_project: false,
            installs_shipped: false,
            named_before: Vec::new(),
            by_name: Vec::new(),
            ran: false,
            may_bring_packages: false,
            account: None,
            groups: BTreeMap::new(),
            folders: Vec::new(),
            copied: Vec::new(),
            recommending: BTreeSet::new(),
            recommending_line: None,
            late: Vec::new(),
            later: Vec::new(),
            venvs: BTreeSet::new(),
            said: BTreeSet::new(),
        }
    }

    /// Reads all relevant stages in their order.
    pub(super) fn read(&mut self) -> Result<(), Reason> {
        self.find_environments();
        let mut all: BTreeSet<usize> = self.shipped.iter().copied().collect();
        for helper in self.helpers.clone() {
            all.extend(self.model.chain(helper));
        }
        let workdir = self.model.workdir(self.target);
        let model = self.model;
        for at in all {
            let Some(part) = model.parts.get(at) else { continue };
            let ships = self.shipped.contains(&at);
            for op in &part.ops {
                match op {
                    Op::Copy(op) => self.copy(op, at, ships, &workdir)?,
                    Op::Run(op) if is_export(&op.script) => self.report.note(
                        op.line,
                        "RUN: what `export` sets is gone after its step: `env` is there to say it".to_owned(),
                    ),
                    Op::Run(op) => self.run(op, at, ships, &workdir)?,
                }
            }
        }
        // Packages that were installed by name, in addition to the copied environment.
        let first = self.segments.done.first_mut().unwrap_or(&mut self.segments.open);
        first.run.splice(0..0, std::mem::take(&mut self.named_before));
        Ok(())
    }

    /// The commands of a step; `None` if one of them is not understood.
    pub(super) fn commands(&self, op: &RunOp, at: usize) -> Option<Vec<(Plain, Idiom)>> {
        let look = |name: &str| self.model.constant(at, name);
        let all = commands(&op.script, &look)?;
        Some(
            all.into_iter()
                .map(|command| (idiom(&command), command))
                .map(|(idiom, command)| (command, idiom))
                .collect(),
        )
    }

    fn copy(&mut self, op: &CopyOp, at: usize, ships: bool, workdir: &str) -> Result<(), Reason> {
        match &op.from {
            Origin::Context => {
                for path in &op.paths {
                    if settles_installs(path, &op.to) {
                        return Err(format!("line {}: `{path}` decides what is installed", op.line));
                    }
                    // Where an arg chooses the file, nobody knows what is installed from it.
                    if op.written.is_none() {
                        let to = self.places.destination(op);
                        self.copied.push((at, to, path.trim_start_matches('/').to_owned()));
                    }
                }
                if ships && (is_below(&op.to, workdir) || !op.paths.iter().all(|path| is_manifest(path))) {
                    if op.paths.iter().any(|_| is_below(&op.to, "/etc/apt")) {
                        self.may_bring_packages = true;
                    }
                    self.places.copy(op, workdir, &mut self.segments, self.report);
                } else if ships {
                    let last = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
                    let is_folder = op.to.ends_with('/');
                    let place =
                        |path: &String| if is_folder { join(&op.to, &last(path)) } else { op.to.clone() };
                    let what = op.paths.iter().map(place).collect::<Vec<_>>().join(" ");
                    self.report.note(
                        op.line,
                        format!("COPY: `{what}` says what is installed, and is not in the image"),
                    );
                }
            }
            Origin::Image(image) => {
                let tools = ["uv", "uvx", "poetry"];
                let is_tool = |path: &String| tools.contains(&path.rsplit('/').next().unwrap_or(path));
                if op.paths.iter().all(is_tool) {
                    self.report.note(op.line, format!("COPY: `{}` is not in the image", image.written()));
                } else if ships {
                    self.places.copy(op, workdir, &mut self.segments, self.report);
                }
            }
            Origin::Stage(from) if !self.helpers.contains(from) => {
                if ships {
                    self.places.copy(op, workdir, &mut self.segments, self.report);
                }
            }
            Origin::Stage(_) if !ships => {}
            Origin::Stage(from) => {
                for path in &op.paths {
                    if self.is_environment(path) {
                        self.said.insert(join("/", path));
                        self.report
                            .note(op.line, format!("COPY: `{path}` is the environment, which is /venv"));
                    } else {
                        self.code(op, path, *from, workdir)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn run(&mut self, op: &RunOp, at: usize, ships: bool, workdir: &str) -> Result<(), Reason> {
        let Some(all) = self.commands(op, at) else {
            return self.word_for_word(op, at, ships, workdir);
        };
        if self.stays_whole(&all) {
            return self.word_for_word(op, at, ships, workdir);
        }
        let is_install = |idiom: &Idiom| matches!(idiom, Idiom::Python(_) | Idiom::Lock(_));
        let is_secret = |kind: &String| matches!(kind.as_str(), "secret" | "ssh");
        if all.iter().any(|(_, idiom)| is_install(idiom))
            && op.mounts.iter().any(|mount| mount.get("type").is_some_and(is_secret))
        {
            return Err(format!("line {}: packages are installed with a secret", op.line));
        }
        let count = all.len();
        let mut kept: Vec<String> = Vec::new();
        for (command, idiom) in all {
            match idiom {
                Idiom::Program if !ships => {
                    return Err(format!(
                        "line {}: `{}` is run where the environment is made",
                        op.line,
                        short(&command.text)
                    ));
                }
                Idiom::Folders(folders) if !ships => drop(folders),
                Idiom::Program => {
                    self.is_ordinary(&command.text, op.line)?;
                    kept.push(command.text);
                }
                Idiom::Folders(folders) => {
                    self.folders.extend(folders.iter().map(|folder| join(&op.workdir, folder)));
                    // The folder may be the working directory, which exists.
                    let has_parents = command.words.get(1).is_some_and(|word| word.starts_with('-'));
                    kept.push(if has_parents {
                        command.text
                    } else {
                        command.text.replacen("mkdir", "mkdir -p", 1)
                    });
                }
                other => {
                    if let Some(text) = self.take(other, op, at, ships)? {
                        kept.push(text);
                    }
                }
            }
        }
        if self.gives_folders(&kept, &op.workdir) {
            return Ok(());
        }
        let only_folders = kept.iter().all(|text| text.starts_with("mkdir "));
        // In a Dockerfile without a user, folders belong to the user of the image.
        let folders_are_given =
            only_folders && self.model.inherited(self.target, |own| own.user.clone()).is_none();
        if kept.is_empty() || folders_are_given {
            return Ok(());
        }
        let text = kept.join(" && ");
        let command = match &op.command {
            // No command was removed.
            same if op.script == text || (kept.len() == count && !text.contains("mkdir")) => same.clone(),
            Command::List(words) if words.len() > 2 && words.last() == Some(&op.script) => {
                let shell = words.iter().take(words.len() - 1).cloned();
                Command::List(shell.chain([text.clone()]).collect())
            }
            _ => Command::Line(text.clone()),
        };
        let pip = text.contains("pip install") || text.contains("pip check");
        let mut more =
            if pip { vec![("PIP_PYTHON".to_owned(), "/venv/bin/python".to_owned())] } else { Vec::new() };
        if text.contains("spacy download") {
            more.push(self.pip_of_the_base()?);
        }
        more.extend(self.earlier(op, at));
        self.may_bring_packages |= may_bring_packages(&text);
        self.ran |= !only_folders && !kept.iter().all(|text| is_pip(text));
        let step = RunOp { command, script: text, ..op.clone() };
        self.later.push((op.line, at, op.moment));
        self.places.run(&step, at, workdir, &more, &mut self.segments, self.report);
        Ok(())
    }

    /// Whether a step with these commands is copied as a whole, although each command is understood.
    fn stays_whole(&self, all: &[(Plain, Idiom)]) -> bool {
        // An installation after another command may need it: the command may have added a package source.
        let mut ran = self.may_bring_packages;
        let mut after = false;
        for (command, idiom) in all {
            match idiom {
                Idiom::Program => ran |= may_bring_packages(&command.text),
                Idiom::System { .. } if ran => after = true,
                _ => {}
            }
        }
        let own_users = all.iter().any(|(_, idiom)| match idiom {
            Idiom::User(account) => !self.is_ours(account),
            _ => false,
        });
        // If a package manager is called in an unknown way, it may need the other commands of the step.
        let known =
            ["apt", "apt-get", "apk", "dnf", "microdnf", "yum", "dpkg", "aptitude", "add-apt-repository"];
        let manages = |(command, idiom): &(Plain, Idiom)| {
            *idiom == Idiom::Program
                && command.words.iter().take(2).any(|word| known.contains(&word.as_str()))
        };
        after || own_users || all.iter().any(manages)
    }

    /// Folders that are made for the image's user before anything is copied. `writable` has the same effect.
    fn gives_folders(&mut self, kept: &[String], workdir: &str) -> bool {
        let open = &self.segments.open;
        let has_files = open.include.is_some() || !open.copy.is_empty() || !open.run.is_empty();
        if kept.is_empty() || has_files || !self.segments.done.is_empty() {
            return false;
        }
        let user = self.model.inherited(self.target, |own| own.user.clone()).unwrap_or_default();
        let name = user.split(':').next().unwrap_or_default();
        let mut given: Vec<String> = Vec::new();
        let mut made: Vec<String> = Vec::new();
        for text in kept {
            let words = shlex::split(text).unwrap_or_default();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (owner, paths) = match words.as_slice() {
                ["mkdir", "-p", paths @ ..] => {
                    made.extend(paths.iter().map(|path| join(workdir, path)));
                    continue;
                }
                ["chown", "-R", owner, paths @ ..] | ["chown", owner, paths @ ..] => (owner, paths),
                _ => return false,
            };
            let owner_name = owner.split(':').next().unwrap_or_default();
            let same = owner.split_once(':').is_none_or(|(name, group)| name == group || group.is_empty());
            if name.is_empty() || owner_name != name || !same {
                return false;
            }
            given.extend(paths.iter().map(|path| join(workdir, path)));
        }
        // A folder that is made but not given to a user belongs to root.
        let all = made.iter().all(|made| given.iter().any(|given| given == made));
        // Folders from the base or from a package are still given to the user by the command, with all their
        // contents.
        let is_new = |given: &String| {
            let home = format!("/home/{name}");
            made.contains(given)
                || self.folders.contains(given)
                || self.model.parts.iter().any(|part| part.folders.contains(given))
                || *given == home
        };
        if !all || given.is_empty() || !given.iter().all(is_new) {
            return false;
        }
        for folder in given {
            if !self.draft.app.writable.contains(&folder) {
                self.draft.app.writable.push(folder);
            }
        }
        true
    }

    /// The packages of the base, for a command that calls `python -m pip` itself.
    fn pip_of_the_base(&self) -> Result<(String, String), Reason> {
        let bottom = self.model.bottom(self.target);
        let version = bottom.and_then(|bottom| bottom.base.version.clone());
        let version =
            version.ok_or("a step needs pip, and the version of Python is not in the image's name")?;
        let minor: Vec<&str> = version.split('.').take(2).collect();
        Ok(("PYTHONPATH".to_owned(), format!("/usr/local/lib/python{}/site-packages", minor.join("."))))
    }

    fn word_for_word(&mut self, op: &RunOp, at: usize, ships: bool, workdir: &str) -> Result<(), Reason> {
        if !ships {
            return Err(format!(
                "line {}: `{}` is run where the environment is made",
                op.line,
                short(&op.script)
            ));
        }
        self.is_ordinary(&op.script, op.line)?;
        self.late.extend(compilers(&op.script));
        self.ran = true;
        self.may_bring_packages |= may_bring_packages(&op.script);
        self.later.push((op.line, at, op.moment));
        let more = self.earlier(op, at);
        self.places.run(op, at, workdir, &more, &mut self.segments, self.report);
        Ok(())
    }

    /// Refuses commands that install Python packages in an unknown way, or call an environment by its path.
    pub(super) fn is_ordinary(&self, text: &str, line: usize) -> Result<(), Reason> {
        let installers = [
            "pip",
            "pip3",
            "uv",
            "poetry",
            "pipenv",
            "pdm",
            "conda",
            "mamba",
            "micromamba",
            "easy_install",
            "virtualenv",
        ];
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || "._".contains(c)));
        let found = words.find(|word| installers.contains(word) || *word == "setup.py");
        if let Some(word) = found {
            return Err(format!("line {line}: `{word}` is called in a way of its own"));
        }
        // The build file's environment is also at `/venv`.
        let mut elsewhere = self.environments.iter().filter(|folder| *folder != "/venv");
        match elsewhere.find(|folder| text.contains(folder.as_str())) {
            Some(folder) => Err(format!("line {line}: `{folder}` is called by its path")),
            None => Ok(()),
        }
    }

    /// Whether the build file can make this user: it is the user of the image, and its home folder is a usual
    /// one.
    fn is_ours(&self, account: &Account) -> bool {
        let user = self.model.inherited(self.target, |own| own.user.clone()).unwrap_or_default();
        let name = user.split(':').next().unwrap_or_default();
        let number = account.number.map(|number| number.to_string());
        let home = account
            .home
            .as_deref()
            .is_none_or(|home| home == format!("/home/{}", account.name) || home == "/nonexistent");
        home && !name.is_empty() && (name == account.name || number.as_deref() == Some(name))
    }
}

/// Whether a script does nothing but set variables of its own shell.
fn is_export(script: &str) -> bool {
    script.trim_start().starts_with("export ") && !script.contains(['&', ';', '|', '\n', '<', '>', '`', '('])
}

/// A step of pip that was written here.
fn is_pip(text: &str) -> bool {
    text.starts_with("pip install ") || text == "pip check"
}

/// Whether a file configures the sources of a package manager.
fn settles_installs(path: &str, to: &str) -> bool {
    let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let names = ["pip.conf", "pip.ini", ".netrc", ".condarc"];
    names.contains(&last(path).as_str()) || names.contains(&last(to).as_str())
}

/// Whether a command may change the sources of a package manager. The effect of a script is not known.
fn may_bring_packages(text: &str) -> bool {
    let words = [
        "apt", "apk", "dpkg", "dnf", "yum", "repo", "key", "gpg", "sources", "curl", "wget", "/etc", "sh",
        "make", "./", "python", "ADD", "tar", "rpm", ".list",
    ];
    words.iter().any(|word| text.contains(word))
}

/// Files that contain dependencies.
fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = [
        "pyproject.toml",
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "Pipfile",
        "Pipfile.lock",
        "constraints.txt",
    ];
    known.contains(&name) || (name.starts_with("requirements") && !name.contains('/'))
}

pub(super) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
