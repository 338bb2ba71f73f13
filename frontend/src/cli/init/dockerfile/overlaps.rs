//! What a copy finds where it goes: a folder that is there, or files that another instruction has put there.

use std::path::Path;

use super::model::{CopyOp, Op};
use super::place::Places;
use super::settings::join;
use super::whole::is_below;
use crate::cli::init::draft::Copy;
use crate::ignore::Patterns;

/// Folders that every image of a system has.
const IN_EVERY_IMAGE: [&str; 22] = [
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
];

/// How many files of a folder are looked at. A folder with more is taken to overlap.
const MOST_FILES: usize = 20_000;

impl Places<'_> {
    /// Where files go: a file is put into a folder that is there, and does not take the folder's place.
    pub(super) fn destination(&self, op: &CopyOp) -> String {
        if op.to.ends_with('/') {
            return op.to.clone();
        }
        let model = self.model;
        let at = model.parts.iter().rposition(|part| part.line <= op.line).unwrap_or_default();
        let chain = model.chain(at);
        let mut above = chain.iter().filter_map(|at| model.parts.get(*at)).flat_map(|part| &part.ops);
        let is_made = |other: &Op| match other {
            Op::Run(run) => {
                run.line < op.line
                    && made(&run.script).any(|path| is_below(&join(&run.workdir, path), &op.to))
            }
            Op::Copy(copy) if copy.line < op.line => {
                let is_above = copy.to != op.to && is_below(&copy.to, &op.to);
                is_above || (copy.to == op.to && copy.paths.iter().any(|path| self.is_folder(path)))
            }
            Op::Copy(_) => false,
        };
        let is_there = IN_EVERY_IMAGE.contains(&op.to.as_str()) || above.any(is_made);
        if is_there && op.to != "/" { format!("{}/", op.to) } else { op.to.clone() }
    }

    /// Whether what is included would lie over files of an earlier copy.
    ///
    /// Of the files of a stage or of an image nothing is known: where these go to a folder that the context has as well,
    /// they are taken to overlap.
    pub(super) fn collides(&self, copy: &Copy, included: &str, workdir: &str) -> bool {
        let name = copy.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let is_known = copy.from.is_none() && !copy.path.contains("${");
        let is_file = is_known && !is_pattern(&copy.path) && !self.is_folder(&copy.path);
        let to = if is_file && copy.to.ends_with('/') { join(&copy.to, name) } else { join("/", &copy.to) };
        // The place of the copy in the context, if the working directory were the context.
        let Some(place) = below(&to, workdir) else {
            // A copy to a folder above the working directory may have files for it.
            return !is_known && is_below(workdir, &to);
        };
        let both = match (included, place) {
            (".", place) => place,
            (included, place) if is_inside(place, included) => place,
            (included, place) if is_inside(included, place) => included,
            _ => return false,
        };
        let there = self.folder.join(both);
        if there.symlink_metadata().is_err() {
            return false;
        }
        if !is_known || is_file {
            return true;
        }
        if is_pattern(&copy.path) {
            return self.matching(&copy.path).iter().any(|name| there.join(name).symlink_metadata().is_ok());
        }
        // A folder is copied as its contents.
        let rest = both.strip_prefix(place).unwrap_or_default().trim_start_matches('/');
        let source = self.folder.join(copy.path.trim_start_matches("./").trim_start_matches('/')).join(rest);
        source != there && shares_file(&source, &there)
    }

    /// The names of a folder of the context that a pattern matches.
    fn matching(&self, pattern: &str) -> Vec<String> {
        let pattern = pattern.trim_start_matches("./").trim_start_matches('/');
        let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let Ok(patterns) = Patterns::from_rules([name]) else { return Vec::new() };
        let entries = std::fs::read_dir(self.folder.join(folder)).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| patterns.matches(name)).collect()
    }
}

fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The folders that a script makes.
fn made(script: &str) -> impl Iterator<Item = &str> {
    let commands = script.split(['\n', ';', '|']).flat_map(|line| line.split("&&"));
    let makes = commands.map(str::trim).filter_map(|command| command.strip_prefix("mkdir "));
    let words = makes.flat_map(str::split_whitespace).filter(|word| !word.starts_with('-'));
    words.map(|word| word.trim_matches(['"', '\'']))
}

/// The part of a path below a folder; empty for the folder itself.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// Whether a path of the context is another one, or below it.
fn is_inside(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether two folders have a file of the same name in the same place.
fn shares_file(one: &Path, other: &Path) -> bool {
    let mut open = vec![(one.to_owned(), other.to_owned())];
    let mut left = MOST_FILES;
    while let Some((one, other)) = open.pop() {
        let entries = std::fs::read_dir(one).into_iter().flatten().flatten();
        for entry in entries {
            let Some(fewer) = left.checked_sub(1) else { return true };
            left = fewer;
            let there = other.join(entry.file_name());
            let Ok(found) = there.symlink_metadata() else { continue };
            if !found.is_dir() || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                return true;
            }
            open.push((entry.path(), there));
        }
    }
    false
}
