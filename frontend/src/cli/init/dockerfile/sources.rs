//! Finds the environments, and the origin of a file in a stage.

use super::idiom::Idiom;
use super::model::{CopyOp, Op, Origin, RunOp};
use super::native::{Native, Reason};
use super::settings::join;
use super::whole::is_below;

impl Native<'_> {
    /// Finds the folders with environments, and the stages from which they are copied.
    pub(super) fn find_environments(&mut self) {
        let model = self.model;
        for at in self.places.needed(&[self.target]) {
            let Some(part) = model.parts.get(at) else { continue };
            for (name, value) in &part.env {
                let value = value.with(&model.args);
                if matches!(name.as_str(), "VIRTUAL_ENV" | "UV_PROJECT_ENVIRONMENT") && value.len() > 1 {
                    self.venvs.insert(join(&model.workdir(at), &value));
                    self.environments.insert(join(&model.workdir(at), &value));
                }
            }
            for op in &part.ops {
                let Op::Run(op) = op else { continue };
                for (_, idiom) in self.commands(op, at).unwrap_or_default() {
                    let made = match &idiom {
                        Idiom::Environment(path) => Some(path.as_str()),
                        Idiom::Lock(locked) if locked.lock == "uv.lock" && self.venvs.is_empty() => {
                            Some(".venv")
                        }
                        _ => None,
                    };
                    self.venvs.extend(
                        made.map(|path| join(&op.workdir, path))
                            .filter(|path| path != "/" && path != "/venv"),
                    );
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

    /// Translates copies of files that a helper stage has copied itself: they come from the helper's source.
    pub(super) fn code(&mut self, op: &CopyOp, path: &str, from: usize, workdir: &str) -> Result<(), Reason> {
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

    /// The file of the context at a path of a stage.
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

    pub(super) fn came_from(&self, path: &str, to: &str, source: &str) -> Option<String> {
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
