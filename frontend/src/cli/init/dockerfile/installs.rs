//! Translates commands that install something into keys of a build file.

use std::collections::BTreeSet;

use super::idiom::{Idiom, Locked, Python};
use super::model::RunOp;
use super::native::{Native, Reason};
use super::settings::join;
use crate::cli::init::draft::{Command, Step, string};

impl Native<'_> {
    /// Translates a command. The returned part stays a command.
    pub(super) fn take(
        &mut self,
        idiom: Idiom,
        op: &RunOp,
        at: usize,
        ships: bool,
    ) -> Result<Option<String>, Reason> {
        match idiom {
            Idiom::System { names, together, recommends } => {
                if recommends {
                    self.recommending.extend(names.iter().cloned());
                    self.recommending_line.get_or_insert(op.line);
                }
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
            Idiom::Check if ships => return Ok(Some("pip check".to_owned())),
            Idiom::Check => {
                let keys = vec![("env.PIP_PYTHON".to_owned(), string("/venv/bin/python"))];
                self.named_before.push(Step { command: Command::Line("pip check".to_owned()), keys });
            }
            Idiom::Environment(_) | Idiom::Folders(_) | Idiom::Program => {}
        }
        Ok(None)
    }

    pub(super) fn python(
        &mut self,
        python: &Python,
        op: &RunOp,
        at: usize,
        ships: bool,
    ) -> Result<Option<String>, Reason> {
        self.installs_shipped |= ships && !python.makes_wheels;
        self.build.append(&mut self.late);
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
        if let Some(index) = &python.index
            && dependencies.index.replace(index.clone()).is_some_and(|other| other != *index)
        {
            return Err(format!("line {}: packages come from several indexes, step by step", op.line));
        }
        for index in &python.extra_indexes {
            if !dependencies.extra_indexes.contains(index) {
                dependencies.extra_indexes.push(index.clone());
            }
        }
        if python.named.is_empty() {
            return Ok(None);
        }
        self.by_name.extend(python.named.iter().cloned());
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

    pub(super) fn lock(&mut self, locked: Locked, op: &RunOp, at: usize, ships: bool) -> Result<(), Reason> {
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
        self.build.append(&mut self.late);
        self.installs_project |= !locked.without_project;
        if !locked.without_project && !locked.not_editable && self.draft.is_package {
            self.report.note(op.line, "the project is installed as a wheel, not in editable mode".to_owned());
        }
        if locked.development && self.model.constant(at, "UV_NO_DEV").is_none_or(|value| value.is_empty()) {
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
}
