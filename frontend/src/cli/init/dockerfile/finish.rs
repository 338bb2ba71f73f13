//! The last part of a translation: the tables, the user, the variables and the command of the build file.

use std::collections::BTreeSet;

use super::image::{say, without_empty};
use super::native::{Native, Reason};
use super::place::{image, is_there};
use super::system::with_recommended;
use crate::cli::init::draft::{Command, Health, Production, string};

impl Native<'_> {
    /// Writes the collected settings into the draft.
    pub(super) fn finish(mut self, found: &Production) -> Result<(), Reason> {
        self.base()?;
        self.dependencies();
        self.packages();
        let chain = self.shipped.clone();
        let mut last = std::mem::take(&mut self.segments.open);
        for part in chain.iter().filter_map(|at| self.model.parts.get(*at)) {
            say(part, &mut last);
        }
        without_empty(&mut last);
        self.command(&mut last, found)?;
        self.stages(last)?;
        // The stages from which files are copied.
        let mut wanted = Vec::new();
        for stage in self.draft.carried.iter().map(|(_, stage)| stage).chain([&self.draft.production]) {
            for copy in &stage.copy {
                wanted.extend(self.places.names.iter().position(|name| Some(name) == copy.from.as_ref()));
            }
        }
        let mut carried = Vec::new();
        for at in self.places.needed(&wanted) {
            let name = self.places.names.get(at).cloned().unwrap_or_default();
            carried.extend(self.places.whole(at, &name, self.report));
        }
        self.draft.carried.splice(0..0, carried);
        Ok(())
    }

    fn base(&mut self) -> Result<(), Reason> {
        let Some(bottom) = self.model.bottom(self.target) else { return Ok(()) };
        let Some(python) = &bottom.base.python else { return Ok(()) };
        let varies = bottom.image.args().next().is_some();
        let own = bottom.image.with(&self.model.args) == *python;
        if !own {
            let what = if varies { ", and no arg changes it any more" } else { "" };
            self.report.note(bottom.line, format!("uv is not in the image: the base is `{python}`{what}"));
        }
        let written = if own { image(&bottom.image) } else { python.clone() };
        match &bottom.base.version {
            Some(version) if *python == format!("python:{version}-slim") && !varies => {
                self.draft.python = Some(version.clone());
                self.draft.base = None;
            }
            Some(_) => {
                self.draft.python = None;
                self.draft.base = Some(written);
            }
            // The version of `python:3-slim` and `python:slim` changes every year.
            None => {
                let version = self.draft.python.clone().unwrap_or_else(|| "3.14".to_owned());
                let slim = python.contains("slim");
                let (alpine, edition) = (bottom.base.is_alpine, if slim { "-slim" } else { "" });
                let edition = if alpine { "-alpine" } else { edition };
                self.report
                    .note(bottom.line, format!("`{python}` says no version of Python: {version} is taken"));
                self.draft.python = Some(version.clone());
                self.draft.base = (edition != "-slim").then(|| format!("python:{version}{edition}"));
            }
        }
        match bottom.platform.as_deref() {
            Some(platform) if platform.contains("BUILDPLATFORM") => self.report.note(
                bottom.line,
                "FROM: the image is made for the platform that is asked for, not for that of the builder"
                    .to_owned(),
            ),
            Some(platform) if !platform.contains('$') => self.report.doubt(
                bottom.line,
                format!("FROM: the platform of a build is passed with `--platform {platform}`"),
            ),
            _ => {}
        }
        let helper = self.helpers.iter().next().and_then(|helper| self.model.bottom(*helper));
        if let Some(helper) = helper.filter(|helper| helper.image != bottom.image) {
            if helper.base.is_alpine != bottom.base.is_alpine {
                return Err("the environment is made on another system than it is used on".to_owned());
            }
            let python = helper.base.python.clone().unwrap_or_default();
            let own = helper.image.with(&self.model.args) == python;
            let written = if own { image(&helper.image) } else { python };
            if Some(&written) != self.draft.base.as_ref()
                && written.strip_prefix("python:")
                    != self.draft.python.as_ref().map(|version| format!("{version}-slim")).as_deref()
            {
                self.draft.build_base = Some(written);
            }
        }
        self.report.row(
            format!("image: {}", bottom.image.with(&self.model.args)),
            self.draft
                .base
                .clone()
                .unwrap_or_else(|| format!("python {}, slim", self.draft.python.clone().unwrap_or_default())),
        );
        Ok(())
    }

    fn dependencies(&mut self) {
        let folder = self.places.folder;
        let locks = ["uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock"];
        let first = locks.into_iter().find(|lock| folder.join(lock).is_file());
        let usual = [
            "requirements.txt",
            "requirements/production.txt",
            "requirements/prod.txt",
            "requirements/base.txt",
        ];
        let found = usual.into_iter().find(|file| folder.join(file).is_file());
        let draft = &mut *self.draft;
        let mut said = Vec::new();
        if let Some(locked) = &self.locked {
            draft.dependencies.requirements = None;
            if folder.join(locked.lock).is_file() {
                draft.dependencies.lock = (first != Some(locked.lock)).then(|| locked.lock.to_owned());
            } else if folder.join("pyproject.toml").is_file() {
                self.report
                    .note(0, format!("`{}` is not there: versions are chosen in the build", locked.lock));
            } else {
                self.report.doubt(
                    0,
                    format!(
                        "`{}` is installed, and is not in the build context: name the right folder",
                        locked.lock
                    ),
                );
            }
            draft.dependencies.extras.extend(locked.extras.iter().cloned());
            let is_there = folder.join(locked.lock).is_file();
            said.push(if is_there { locked.lock } else { "pyproject.toml" }.to_owned());
        }
        if !self.files.is_empty() {
            let is_found = first.is_none() && self.files.iter().map(String::as_str).eq(found);
            draft.dependencies.requirements =
                (!is_found || self.locked.is_some()).then(|| self.files.clone());
            said.extend(self.files.iter().cloned());
        }
        if self.files.is_empty() && self.locked.is_none() && !self.installs_project {
            draft.dependencies.requirements = Some(Vec::new());
            if self.by_name.is_empty() {
                said.push("none".to_owned());
            }
        }
        if draft.is_package && !self.installs_project {
            draft.app.package = Some(false);
        }
        if self.installs_project && self.locked.is_none() {
            said.push("pyproject.toml".to_owned());
        }
        if !self.by_name.is_empty() {
            said.push(format!("in a step: {}", self.by_name.join(" ")));
        }
        // The checks are those of the packages that were found in the project.
        if draft.dependencies.requirements.is_some() || draft.dependencies.lock.is_some() {
            draft.checks.clear();
        }
        draft.dependencies.extras.sort();
        draft.dependencies.extras.dedup();
        self.report.row("packages of Python", said.join(", "));
    }

    fn packages(&mut self) {
        let unique = |names: &[String]| -> Vec<String> {
            let mut known = BTreeSet::new();
            names.iter().filter(|name| known.insert((*name).clone())).cloned().collect()
        };
        let mut system = unique(&self.system);
        let mut build = unique(&self.build);
        let mut added = with_recommended(&mut system, &self.recommending);
        added.extend(with_recommended(&mut build, &self.recommending));
        added.sort();
        added.dedup();
        let left = std::mem::take(&mut self.recommending);
        if system.iter().chain(&build).any(|name| left.contains(name)) {
            self.say_recommended(&added);
        }
        // Packages of a stage that both builds and ships are available for both, as in the Dockerfile.
        let (both, alone): (Vec<_>, Vec<_>) =
            system.into_iter().partition(|name| self.installs_shipped || build.contains(name));
        build.retain(|name| !both.contains(name));
        let list = &mut self.draft.system;
        list.because.clear();
        if both.iter().any(|name| {
            name.ends_with("-dev") || matches!(name.as_str(), "gcc" | "g++" | "build-essential" | "git")
        }) {
            list.because.push("The packages of the Dockerfile's stage. What only compiles can stand in `build`, and ships no more.".to_owned());
        }
        let said: Vec<String> = [("packages", &both), ("build", &build), ("runtime", &alone)]
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(name, names)| format!("{name}: {}", names.join(" ")))
            .collect();
        (list.packages, list.build, list.runtime) = (both, build, alone);
        if !said.is_empty() {
            self.report.row("packages of the system", said.join("; "));
        }
    }

    /// The command without a package manager's runner, and with the new paths of the environment's programs.
    fn command(&mut self, last: &mut Production, found: &Production) -> Result<(), Reason> {
        for command in last.entrypoint.iter_mut().chain(&mut last.command) {
            let plain = super::runner::without(command)?;
            let text = match &plain {
                Command::Line(line) => line.clone(),
                Command::List(words) => words.join(" "),
            };
            let mut text_now = text.clone();
            for folder in &self.environments {
                text_now = text_now.replace(&format!("{folder}/bin/"), "/venv/bin/");
            }
            *command = match plain {
                Command::Line(_) => Command::Line(text_now),
                Command::List(words) => {
                    let moved = |word: &String| {
                        let folder = self.environments.iter().find_map(|folder| {
                            word.strip_prefix(&format!("{folder}/bin/")).map(str::to_owned)
                        });
                        folder.map_or_else(|| word.clone(), |name| format!("/venv/bin/{name}"))
                    };
                    Command::List(words.iter().map(moved).collect())
                }
            };
            let now = match &*command {
                Command::Line(line) => line.clone(),
                Command::List(words) => words.join(" "),
            };
            self.is_ordinary(&now, 0)?;
            self.scripts(&now)?;
        }
        if let Some(check) = last.healthcheck.as_ref().and_then(|check| check.command.as_ref()) {
            self.is_ordinary(&check.text(), 0).map_err(|reason| reason.replace("line 0", "HEALTHCHECK"))?;
        }
        let shown =
            last.entrypoint.iter().chain(&last.command).map(Command::text).collect::<Vec<_>>().join(" ");
        if shown.is_empty() {
            self.report
                .doubt(0, "the Dockerfile has no CMD: a container would run `python3` and end".to_owned());
            if let Some(command) = &found.command {
                self.report.doubt(
                    0,
                    format!("the project looks as if this were its command: command = {}", command.text()),
                );
            }
        } else {
            self.report.row("command", shown);
        }
        Ok(())
    }

    /// Checks scripts that a command calls. They may call programs that no longer exist.
    fn scripts(&self, command: &str) -> Result<(), Reason> {
        for word in command.split_whitespace().filter(|word| word.rsplit('.').next() == Some("sh")) {
            let name = word.rsplit('/').next().unwrap_or(word);
            for place in [
                name.to_owned(),
                format!("docker/{name}"),
                format!("scripts/{name}"),
                word.trim_start_matches("./").to_owned(),
            ] {
                let text = crate::cli::folder::text_below(self.places.folder, &place);
                if !text.is_empty() {
                    self.is_ordinary(&text, 0).map_err(|reason| reason.replace("line 0", &place))?;
                }
            }
        }
        Ok(())
    }

    fn stages(&mut self, mut last: Production) -> Result<(), Reason> {
        let workdir = self.model.workdir(self.target);
        if workdir != "/app" {
            self.draft.app.workdir = Some(workdir.clone());
        }
        let mut segments = std::mem::take(&mut self.segments.done);
        let user = self.user(&mut segments, &mut last);
        self.variables(segments.first_mut().unwrap_or(&mut last))?;
        let count = segments.len();
        segments.push(last);
        let groups = self.locked.as_ref().map(|locked| locked.groups.clone()).unwrap_or_default();
        let mut previous: Option<String> = None;
        for (number, mut stage) in segments.into_iter().enumerate() {
            let is_last = number == count;
            if number == 0 {
                stage.groups.clone_from(&groups);
                let whole = stage.include.as_ref().is_some_and(|paths| paths.iter().any(|path| path == "."));
                stage.include = match stage.include.take() {
                    // The files of a package are copied only on request.
                    Some(_) if whole && self.draft.is_package && self.draft.app.package.is_none() => {
                        Some(vec![".".to_owned()])
                    }
                    Some(_) if whole => None,
                    Some(paths) if is_last => {
                        self.draft.app.include = paths;
                        None
                    }
                    Some(paths) => Some(paths),
                    None => Some(Vec::new()),
                };
            }
            stage.from = previous.take();
            if is_last {
                if count == 0 || user.1 {
                    stage.user.clone_from(&user.0);
                }
                self.draft.production = stage;
            } else {
                if number == 0 {
                    stage.user = if user.1 { Some(string("root")) } else { user.0.clone() };
                    stage.about = vec![
                        "What the Dockerfile does before it copies more: the order is the Dockerfile's."
                            .to_owned(),
                    ];
                }
                let name = self.places.unique(&if number == 0 {
                    "prepared".to_owned()
                } else {
                    format!("prepared-{number}")
                });
                previous = Some(name.clone());
                self.draft.carried.push((name, stage));
            }
        }
        Ok(())
    }

    /// The user, and whether a command adds it.
    fn user(&mut self, segments: &mut Vec<Production>, last: &mut Production) -> (Option<String>, bool) {
        let said = self.model.inherited(self.target, |own| own.user.clone());
        let Some(said) = said else {
            let folders: Vec<String> = self.folders.drain(..).collect();
            for folder in folders {
                if !self.draft.app.writable.contains(&folder) {
                    self.draft.app.writable.push(folder);
                }
            }
            if self.ran {
                self.report.note(0, "the Dockerfile has no USER and runs as root; its steps may have written to root's home, so the image runs as root, too: try it without `user`".to_owned());
                self.report.row("user: none, so root", "root");
                return (Some(string("root")), false);
            }
            self.report.note(0, "the Dockerfile has no USER and runs as root; this image runs as `app`: name what it writes to in [app] writable, or say user = \"root\"".to_owned());
            self.report.row("user: none, so root", "app (10001), which is safer");
            return (None, false);
        };
        self.report.row(format!("user: {said}"), "the same");
        let (name, group) =
            said.split_once(':').map_or((said.as_str(), None), |(name, group)| (name, Some(group)));
        if let Some(account) = self.account.take() {
            let number = account.number.or(if account.system {
                // The first number that the tools give to a system user is not certain.
                None
            } else {
                Some(1000)
            });
            let group = group.or(account.group.as_deref());
            let gid = match group {
                None => None,
                Some("root" | "0") => Some(0),
                Some(group) => {
                    group.parse().ok().or_else(|| self.groups.get(group).and_then(|known| known.number))
                }
            };
            let mut table = format!("{{ name = {}", string(&account.name));
            if let Some(number) = number {
                table = format!("{table}, uid = {number}");
            } else {
                self.report.note(0, format!("the user `{}` has the number 10001", account.name));
            }
            if let Some(gid) = gid.filter(|gid| Some(*gid) != number) {
                table = format!("{table}, gid = {gid}");
            }
            let is_plain = number.is_none() && gid.is_none();
            return (Some(if is_plain { string(&account.name) } else { format!("{table} }}") }), false);
        }
        if is_there(&said) {
            return (Some(string(&said)), false);
        }
        // An unknown command adds the user, so the user is looked up in the base of the last segment.
        let by_command = self.ran;
        if !by_command {
            self.report
                .doubt(0, format!("USER: nothing that is understood adds `{name}`; the build file adds it"));
            return (Some(string(name)), false);
        }
        if !last.run.is_empty() {
            let runs = Production {
                run: std::mem::take(&mut last.run),
                copy: std::mem::take(&mut last.copy),
                include: last.include.take(),
                ..Production::default()
            };
            segments.push(runs);
        }
        (Some(string(&said)), true)
    }
}

/// Adds a health check if there is none and the command contains the port on which it listens.
pub(super) fn healthy(production: &mut Production, found: Option<Health>, exposed: &[String]) {
    if production.healthcheck.is_none() {
        production.healthcheck = production.listens_on().map(|port| match found {
            Some(found) if exposed.contains(&port) => found,
            _ => Health::of_port(&port),
        });
    }
}
