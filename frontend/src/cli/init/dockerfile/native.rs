//! A Dockerfile whose last stage is on an image of Python's own: its idioms become what a build file says in its own
//! words, and all else stays in its order. Where one thing does not fit, the Dockerfile is carried over whole instead.

use std::collections::{BTreeMap, BTreeSet};

use super::idiom::{Account, Idiom, Locked, Python, idiom};
use super::model::{CopyOp, Model, Op, Origin, RunOp};
use super::place::{Places, Segments};
use super::report::Report;
use super::settings::join;
use super::whole::is_below;
use super::words::{Plain, commands};
use crate::cli::init::draft::{Command, Draft, Step, string};

/// Why a Dockerfile is carried over whole.
pub(super) type Reason = String;

/// What is gathered from the stages.
pub(super) struct Native<'a> {
    pub(super) places: &'a Places<'a>,
    pub(super) model: &'a Model,
    pub(super) target: usize,
    /// The stages that the target is made on, itself included.
    pub(super) shipped: Vec<usize>,
    /// Stages whose environment is copied.
    pub(super) helpers: BTreeSet<usize>,
    /// Folders with an environment, or with wheels for one.
    pub(super) environments: BTreeSet<String>,
    pub(super) draft: &'a mut Draft,
    pub(super) report: &'a mut Report,
    pub(super) segments: Segments,
    /// OS packages of the stages that ship, and of those that build.
    pub(super) system: Vec<String>,
    pub(super) build: Vec<String>,
    /// Packages that go by one name (`apk add --virtual`).
    together: BTreeMap<String, Vec<String>>,
    /// Requirements files, by their paths in the context.
    pub(super) files: Vec<String>,
    pub(super) locked: Option<Locked>,
    /// Files that were made of a lock.
    derived: BTreeSet<String>,
    pub(super) installs_project: bool,
    pub(super) installs_shipped: bool,
    named_before: Vec<Step>,
    /// Whether something was run that is not understood.
    pub(super) ran: bool,
    /// Whether that may have told a manager of packages of another place.
    may_bring_packages: bool,
    pub(super) account: Option<Account>,
    pub(super) groups: BTreeMap<String, Account>,
    pub(super) folders: Vec<String>,
    /// What was copied: the stage, the place, and the file of the context.
    copied: Vec<(usize, String, String)>,
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
            ran: false,
            may_bring_packages: false,
            account: None,
            groups: BTreeMap::new(),
            folders: Vec::new(),
            copied: Vec::new(),
        }
    }

    /// Reads every stage that counts, in their order.
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
                    Op::Run(op) => self.run(op, at, ships, &workdir)?,
                }
            }
        }
        // What was installed by name beside the environment that is copied.
        let first = self.segments.done.first_mut().unwrap_or(&mut self.segments.open);
        first.run.splice(0..0, std::mem::take(&mut self.named_before));
        Ok(())
    }

    /// The commands of a step, where all of them are understood.
    fn commands(&self, op: &RunOp, at: usize) -> Option<Vec<(Plain, Idiom)>> {
        let look = |name: &str| self.model.constant(at, name);
        let all = commands(&op.script, &look)?;
        Some(
            all.into_iter()
                .map(|command| (idiom(&command), command))
                .map(|(idiom, command)| (command, idiom))
                .collect(),
        )
    }

    /// Folders with environments, and the stages that they are copied from.
    fn find_environments(&mut self) {
        let model = self.model;
        for at in self.places.needed(&[self.target]) {
            let Some(part) = model.parts.get(at) else { continue };
            for (name, value) in &part.env {
                let value = value.with(&model.args);
                if matches!(name.as_str(), "VIRTUAL_ENV" | "UV_PROJECT_ENVIRONMENT") && value.len() > 1 {
                    self.environments.insert(join(&model.workdir(at), &value));
                }
            }
            for op in &part.ops {
                let Op::Run(op) = op else { continue };
                for (_, idiom) in self.commands(op, at).unwrap_or_default() {
                    let found = match idiom {
                        Idiom::Environment(path) => vec![path],
                        Idiom::Lock(_) => vec![".venv".to_owned()],
                        Idiom::Python(mut python) => {
                            if python.for_user {
                                let home = match op.user.as_deref() {
                                    None | Some("root" | "0") => "/root".to_owned(),
                                    Some(user) => format!("/home/{user}"),
                                };
                                python.places.push(format!("{home}/.local"));
                            }
                            python.places
                        }
                        _ => Vec::new(),
                    };
                    self.environments
                        .extend(found.iter().map(|path| join(&op.workdir, path)).filter(|path| path != "/"));
                }
            }
        }
        let is_python = |at: &usize| model.bottom(*at).is_some_and(|bottom| bottom.base.python.is_some());
        for at in &self.shipped {
            let ops = model.parts.get(*at).map_or(&[][..], |part| &part.ops);
            for op in ops {
                let found: Vec<usize> = match op {
                    Op::Copy(CopyOp { from: Origin::Stage(from), paths, .. }) => {
                        let copies = paths.iter().any(|path| {
                            self.is_environment(path)
                                || self.environments.iter().any(|folder| is_below(folder, path))
                        });
                        copies.then_some(*from).into_iter().collect()
                    }
                    Op::Copy(_) => Vec::new(),
                    Op::Run(op) => {
                        let wheels = op.mounts.iter().filter(|mount| {
                            mount.get("source").is_some_and(|source| self.is_environment(source))
                        });
                        wheels.filter_map(|mount| model.position(mount.get("from")?)).collect()
                    }
                };
                self.helpers.extend(found.into_iter().filter(is_python));
            }
        }
    }

    pub(super) fn is_environment(&self, path: &str) -> bool {
        let path = join("/", path);
        self.environments.iter().any(|folder| is_below(&path, folder))
            || path.contains("/site-packages")
            || path.contains("/dist-packages")
            || path.starts_with("/usr/local/lib/python")
            || path.starts_with("/usr/lib/python")
            || is_below(&path, "/usr/local/bin")
            || matches!(path.as_str(), "/usr/local" | "/usr/local/lib")
    }

    fn copy(&mut self, op: &CopyOp, at: usize, ships: bool, workdir: &str) -> Result<(), Reason> {
        match &op.from {
            Origin::Context => {
                for path in &op.paths {
                    self.copied.push((at, op.to.clone(), path.trim_start_matches('/').to_owned()));
                }
                if ships && (is_below(&op.to, workdir) || !op.paths.iter().all(|path| is_manifest(path))) {
                    if op.paths.iter().any(|_| is_below(&op.to, "/etc/apt")) {
                        self.may_bring_packages = true;
                    }
                    self.places.copy(op, workdir, &mut self.segments, self.report);
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

    /// Copies of files that a helper has copied: they come from where the helper has them.
    fn code(&mut self, op: &CopyOp, path: &str, from: usize, workdir: &str) -> Result<(), Reason> {
        let path = join("/", path);
        let mut found = false;
        for at in self.model.chain(from) {
            let ops = self.model.parts.get(at).map_or(&[][..], |part| &part.ops);
            for inner in ops {
                let Op::Copy(inner) = inner else { continue };
                for source in &inner.paths {
                    let target = join("/", &inner.to);
                    let moved = if is_below(&target, &path) {
                        let rest = target.strip_prefix(&path).unwrap_or_default();
                        let slash = if inner.to.ends_with('/') || inner.to == "/" { "/" } else { "" };
                        Some((
                            source.clone(),
                            format!("{}{slash}", join(&op.to, rest.trim_start_matches('/'))),
                        ))
                    } else if is_below(&path, &target) && !source.contains('*') {
                        let rest = path.strip_prefix(&target).unwrap_or_default().trim_start_matches('/');
                        let source = if source == "." {
                            rest.to_owned()
                        } else {
                            format!("{}/{rest}", source.trim_end_matches('/'))
                        };
                        Some((source, op.to.clone()))
                    } else {
                        None
                    };
                    let Some((source, to)) = moved else { continue };
                    found = true;
                    let copy = CopyOp {
                        line: op.line,
                        paths: vec![source],
                        to,
                        owner: op.owner.clone().or(inner.owner.clone()),
                        mode: op.mode.clone().or(inner.mode.clone()),
                        ..inner.clone()
                    };
                    self.places.copy(&copy, workdir, &mut self.segments, self.report);
                }
            }
        }
        if found {
            Ok(())
        } else {
            Err(format!("line {}: `{path}` is made in a stage that has the environment, too", op.line))
        }
    }

    fn run(&mut self, op: &RunOp, at: usize, ships: bool, workdir: &str) -> Result<(), Reason> {
        let Some(all) = self.commands(op, at) else {
            return self.word_for_word(op, at, ships, workdir);
        };
        // What is installed after something else was run may need that: the package manager may know a new place.
        let mut ran = self.may_bring_packages;
        let mut after = false;
        for (command, idiom) in &all {
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
        // A manager of packages that is called in a way of its own needs what the others of the step do.
        let managers =
            ["apt", "apt-get", "apk", "dnf", "microdnf", "yum", "dpkg", "aptitude", "add-apt-repository"];
        let manages = |(command, idiom): &(Plain, Idiom)| {
            *idiom == Idiom::Program
                && command.words.iter().take(2).any(|word| managers.contains(&word.as_str()))
        };
        if after || own_users || all.iter().any(manages) {
            return self.word_for_word(op, at, ships, workdir);
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
                    // The folder may be the working directory, which is there.
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
        // Folders of a Dockerfile without a user belong to the user of the image.
        let folders_are_given =
            only_folders && self.model.inherited(self.target, |own| own.user.clone()).is_none();
        if kept.is_empty() || folders_are_given {
            return Ok(());
        }
        let text = kept.join(" && ");
        let command = match &op.command {
            // Nothing was taken out.
            same if op.script == text || (kept.len() == count && !text.contains("mkdir")) => same.clone(),
            Command::List(words) if words.len() > 2 && words.last() == Some(&op.script) => {
                let shell = words.iter().take(words.len() - 1).cloned();
                Command::List(shell.chain([text.clone()]).collect())
            }
            _ => Command::Line(text.clone()),
        };
        let pip = text.contains("pip install");
        let mut more =
            if pip { vec![("PIP_PYTHON".to_owned(), "/venv/bin/python".to_owned())] } else { Vec::new() };
        if text.contains("spacy download") {
            more.push(self.pip_of_the_base()?);
        }
        self.may_bring_packages |= may_bring_packages(&text);
        self.ran |= !only_folders && !kept.iter().all(|text| text.starts_with("pip install "));
        let step = RunOp { command, script: text, ..op.clone() };
        self.places.run(&step, at, workdir, &more, &mut self.segments, self.report);
        Ok(())
    }

    /// Folders that are made for the image's user before anything is copied: `writable` says that.
    fn gives_folders(&mut self, kept: &[String], workdir: &str) -> bool {
        let open = &self.segments.open;
        if kept.is_empty()
            || open.include.is_some()
            || !open.copy.is_empty()
            || !self.segments.done.is_empty()
        {
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
        // A folder that is made and given to nobody belongs to root.
        let all = made.iter().all(|made| given.iter().any(|given| given == made));
        if !all || given.is_empty() {
            return false;
        }
        for folder in given {
            if !self.draft.app.writable.contains(&folder) {
                self.draft.app.writable.push(folder);
            }
        }
        true
    }

    /// The packages of the base, for what calls `python -m pip` itself.
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
        self.ran = true;
        self.may_bring_packages |= may_bring_packages(&op.script);
        self.places.run(op, at, workdir, &[], &mut self.segments, self.report);
        Ok(())
    }

    /// Refuses what installs Python packages in a way that is not understood, or calls an environment by its path.
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
        let mut words = text.split(|c: char| !(c.is_alphanumeric() || "._-".contains(c)));
        let found = words.find(|word| installers.contains(word) || *word == "setup.py");
        if let Some(word) = found {
            return Err(format!("line {line}: `{word}` is called in a way of its own"));
        }
        match self.environments.iter().find(|folder| text.contains(folder.as_str())) {
            Some(folder) => Err(format!("line {line}: `{folder}` is called by its path")),
            None => Ok(()),
        }
    }

    /// Whether a build file can make the user: it is the one that the image runs as, with a usual home.
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

    /// Takes an idiom over. What it gives back stays a command.
    fn take(&mut self, idiom: Idiom, op: &RunOp, at: usize, ships: bool) -> Result<Option<String>, Reason> {
        match idiom {
            Idiom::System { names, together } => {
                if let Some(name) = together {
                    self.together.entry(name).or_default().extend(names.iter().cloned());
                }
                let list = if ships { &mut self.system } else { &mut self.build };
                list.extend(names);
            }
            Idiom::Removed(names) => {
                let all: BTreeSet<String> = names
                    .iter()
                    .flat_map(|name| self.together.get(name).cloned().unwrap_or_else(|| vec![name.clone()]))
                    .collect();
                let (gone, kept): (Vec<_>, Vec<_>) =
                    self.system.drain(..).partition(|name| all.contains(name));
                self.system = kept;
                self.build.extend(gone);
            }
            Idiom::Python(python) => return self.python(&python, op, at, ships),
            Idiom::Lock(locked) => self.lock(locked, op, at, ships)?,
            Idiom::Export(lock, file) => {
                self.lock(Locked { lock, without_project: true, ..Locked::default() }, op, at, ships)?;
                self.derived.insert(join(&op.workdir, &file));
            }
            Idiom::User(account) => {
                if self.account.replace(account).is_some() {
                    return Err(format!("line {}: a second user is added", op.line));
                }
            }
            Idiom::Group(account) => {
                self.groups.insert(account.name.clone(), account);
            }
            Idiom::Nothing(why) => {
                if why.contains("upgraded") {
                    self.report.note(op.line, why.to_owned());
                }
            }
            Idiom::Environment(_) | Idiom::Folders(_) | Idiom::Program => {}
        }
        Ok(None)
    }

    fn python(
        &mut self,
        python: &Python,
        op: &RunOp,
        at: usize,
        ships: bool,
    ) -> Result<Option<String>, Reason> {
        self.installs_shipped |= ships && !python.makes_wheels;
        for file in &python.files {
            let path = join(&op.workdir, file);
            if self.derived.contains(&path) {
                continue;
            }
            let found = self
                .source(&path, op, at)
                .ok_or_else(|| format!("line {}: where `{file}` comes from is not known", op.line))?;
            if !self.files.contains(&found) {
                self.files.push(found);
            }
        }
        if let Some((folder, extras)) = &python.project {
            let manifest = join(&join(&op.workdir, folder), "pyproject.toml");
            let found = self.source(&manifest, op, at);
            let is_root = found.as_deref() == Some("pyproject.toml");
            if !is_root || !self.draft.is_package {
                return Err(format!(
                    "line {}: `{folder}` is installed, which is no package with a pyproject.toml at the top",
                    op.line
                ));
            }
            self.installs_project = true;
            self.draft.dependencies.extras.extend(extras.iter().cloned());
            if python.editable {
                self.report
                    .note(op.line, "the project is installed as a wheel, not in editable mode".to_owned());
            }
        }
        let nothing = python.files.is_empty() && python.project.is_none() && python.named.is_empty();
        if nothing
            && self.files.is_empty()
            && self.locked.is_none()
            && !self.installs_project
            && self.named_before.is_empty()
        {
            return Err(format!("line {}: wheels are installed that no requirement names", op.line));
        }
        let dependencies = &mut self.draft.dependencies;
        if let Some(index) = &python.index {
            if dependencies.index.replace(index.clone()).is_some_and(|other| other != *index) {
                return Err(format!("line {}: packages come from several indexes, step by step", op.line));
            }
        }
        for index in &python.extra_indexes {
            if !dependencies.extra_indexes.contains(index) {
                dependencies.extra_indexes.push(index.clone());
            }
        }
        if python.named.is_empty() {
            return Ok(None);
        }
        let names = shlex::try_join(python.named.iter().map(String::as_str)).unwrap_or_default();
        self.report.note(
            op.line,
            format!("{names}: add this to the project's dependencies, and delete the step that installs it"),
        );
        let text = format!("pip install --no-cache-dir {names}");
        if ships {
            return Ok(Some(text));
        }
        let keys = vec![("env.PIP_PYTHON".to_owned(), string("/venv/bin/python"))];
        self.named_before.push(Step { command: Command::Line(text), keys });
        Ok(None)
    }

    fn lock(&mut self, locked: Locked, op: &RunOp, at: usize, ships: bool) -> Result<(), Reason> {
        let path = join(&op.workdir, locked.lock);
        let beside =
            join(&op.workdir, if locked.lock == "Pipfile.lock" { "Pipfile" } else { "pyproject.toml" });
        let there = self.source(&path, op, at);
        let manifest = self.source(&beside, op, at);
        let at_top = |found: &Option<String>| found.as_deref().is_some_and(|path| !path.contains('/'));
        if !at_top(&there) && !at_top(&manifest) {
            return Err(format!("line {}: `{}` is not at the top of the project", op.line, locked.lock));
        }
        if locked.all_extras {
            return Err(format!("line {}: every extra is installed", op.line));
        }
        self.installs_shipped |= ships;
        self.installs_project |= !locked.without_project;
        if locked.development {
            self.report.note(
                op.line,
                "packages for development are in the stages dev and test, not in the image".to_owned(),
            );
        }
        match &mut self.locked {
            None => self.locked = Some(locked),
            Some(known) if known.lock == locked.lock => {
                known.groups.extend(locked.groups);
                known.extras.extend(locked.extras);
                known.groups.sort();
                known.groups.dedup();
                known.extras.sort();
                known.extras.dedup();
            }
            Some(known) => return Err(format!("`{}` and `{}` are both installed", known.lock, locked.lock)),
        }
        Ok(())
    }

    /// The file of the context that is at a place of a stage.
    pub(super) fn source(&self, path: &str, op: &RunOp, at: usize) -> Option<String> {
        let chain = self.model.chain(at);
        let mounts = op.mounts.iter().filter(|mount| {
            mount.get("type").is_none_or(|kind| kind == "bind") && !mount.contains_key("from")
        });
        let mounts = mounts.map(|mount| {
            let source = mount.get("source").map_or(".", String::as_str);
            (join(&op.workdir, mount.get("target").map_or("", String::as_str)), source.to_owned())
        });
        let copies = self.copied.iter().filter(|(part, ..)| chain.contains(part)).rev();
        let copies = copies.map(|(_, to, source)| (to.clone(), source.clone()));
        mounts.chain(copies).find_map(|(to, source)| self.came_from(path, &to, &source))
    }

    fn came_from(&self, path: &str, to: &str, source: &str) -> Option<String> {
        let name = path.rsplit('/').next()?;
        let clean = source.trim_start_matches("./").trim_end_matches('/');
        let own_name = clean.rsplit('/').next()?;
        let folder = |rest: &str| {
            let rest = rest.trim_start_matches('/');
            if clean.is_empty() || clean == "." { rest.to_owned() } else { format!("{clean}/{rest}") }
        };
        if clean.contains('*') {
            let (start, end) = own_name.split_once('*')?;
            let above = clean.rsplit_once('/').map_or(String::new(), |(above, _)| format!("{above}/"));
            let fits = name.starts_with(start) && name.ends_with(end) && join(to, name) == path;
            let there = format!("{above}{name}");
            return (fits && self.places.folder.join(&there).exists()).then_some(there);
        }
        let target = join("/", to);
        let as_file = if to.ends_with('/') { join(to, own_name) } else { target.clone() };
        if as_file == path && !clean.is_empty() && clean != "." && !self.places.folder.join(clean).is_dir() {
            return Some(clean.to_owned());
        }
        if !is_below(path, &target) {
            return None;
        }
        let there = folder(path.strip_prefix(&target).unwrap_or(path));
        self.places.folder.join(&there).exists().then_some(there)
    }
}

/// Whether a command may change where a manager of packages finds them. Of a script nobody knows.
fn may_bring_packages(text: &str) -> bool {
    let words = [
        "apt", "apk", "dpkg", "dnf", "yum", "repo", "key", "gpg", "sources", "curl", "wget", "/etc", "sh",
        "make", "./", "python", "ADD", "tar", "rpm", ".list",
    ];
    words.iter().any(|word| text.contains(word))
}

/// Files that say what is installed.
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
