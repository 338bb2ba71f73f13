//! One project, locked by its tool and edited: asked of both sides, compared.

use std::path::Path;

use pybuild::diagnostics::Problem;
use serde_json::json;

use super::edited::Edited;
use crate::desk::Verdict;
use crate::failure::Failure;
use crate::selection::answer::Answer;
use crate::selection::case::{Ask, Case};
use crate::selection::compare::{Bench, LOCKING};
use crate::selection::ours::{self, Reading};
use crate::selection::publish::Published;
use crate::selection::shrink::without;
use crate::selection::target::Target;
use crate::selection::{manifests, pipenv, uv};

/// The most comparisons for making one case small.
const MOST: usize = 250;

/// Compares edits of one project, which is locked once.
pub(super) fn compare(edits: &[&Edited], bench: &mut Bench) -> Result<Vec<Verdict>, Failure> {
    let Some(first) = edits.first() else { return Ok(Vec::new()) };
    bench.with(&first.before, |bench, published| {
        if let Err(words) = bench.lock(published)? {
            return Ok(vec![Verdict::Refused(words); edits.len()]);
        }
        edits.iter().map(|edited| compare_one(edited, published, bench)).collect()
    })
}

fn compare_one(edited: &Edited, locked: &Published<'_>, bench: &mut Bench) -> Result<Verdict, Failure> {
    let published = locked.edited(&edited.after);
    // A member that is gone leaves nothing behind.
    for folder in ["members", "libs"] {
        let _ = std::fs::remove_dir_all(published.folder.join(folder));
    }
    published.write_folders()?;
    let manifest = if edited.after.kind == "uv" {
        uv::write_manifests(&published)?;
        "pyproject.toml"
    } else {
        manifests::write(&published)?;
        if edited.after.kind == "pipenv" { "Pipfile" } else { "pyproject.toml" }
    };
    let path = published.folder.join(manifest);
    let text = std::fs::read_to_string(&path).map_err(Failure::io(manifest))?;
    let text = edited.texts.iter().fold(text, |text, change| change.apply(&text));
    std::fs::write(&path, text).map_err(Failure::io(manifest))?;
    let theirs = theirs(&published.folder, &edited.after, bench)?;
    let ours = ours(&published)?;
    let tool = &edited.after.kind;
    Ok(match (theirs, ours) {
        (Ok(()), Ok(())) | (Err(_), Err(_)) => Verdict::Same,
        (Ok(()), Err(why)) => {
            Verdict::Different(format!("{}\n{tool} takes the lock, pybuild does not:\n{why}", edited.what))
        }
        (Err(why), Ok(())) => {
            let same = if tool == "uv" && stays_the_same(&published.folder, bench)? { SAME } else { "" };
            Verdict::Different(format!(
                "{}\npybuild takes the lock, {tool} does not:\n{}{same}",
                edited.what,
                why.trim_end()
            ))
        }
    })
}

/// What is said of a lock that uv would write anew without changing what it installs.
const SAME: &str = "\nthe packages of the new lock are those of the old one";

/// Whether a new lock of uv has the packages of the old one: the edges between packages, versions and files,
/// without what projects asked for. The old lock is put back.
fn stays_the_same(folder: &Path, bench: &mut Bench) -> Result<bool, Failure> {
    let path = folder.join("uv.lock");
    let read = || std::fs::read_to_string(&path).map_err(Failure::io("uv.lock"));
    let old = read()?;
    let environment = bench.environments.of(&Target::parse(LOCKING)?, &bench.tools)?;
    let new = match bench.uv.lock(folder, &environment)? {
        Ok(()) => read()?,
        Err(_) => return Ok(false),
    };
    let is_same = |new: &str| packages(&old).is_some_and(|old| packages(new) == Some(old));
    let mut same = is_same(&new);
    if !same {
        // uv does not always choose again what a lock has: the first lock was made without another one.
        std::fs::remove_file(&path).map_err(Failure::io("uv.lock"))?;
        same = bench.uv.lock(folder, &environment)?.is_ok() && is_same(&read()?);
    }
    std::fs::write(&path, &old).map_err(Failure::io("uv.lock"))?;
    Ok(same)
}

fn packages(lock: &str) -> Option<Vec<toml::Value>> {
    let lock: toml::Table = toml::from_str(lock).ok()?;
    let mut packages = lock.get("package")?.as_array()?.clone();
    for table in packages.iter_mut().filter_map(toml::Value::as_table_mut) {
        table.remove("metadata");
        // The forks that uv made while it resolved. What is installed where follows from the edges.
        table.remove("resolution-markers");
    }
    Some(packages)
}

/// Whether the tool takes the lock; its words where it does not.
fn theirs(folder: &Path, case: &Case, bench: &mut Bench) -> Result<Result<(), String>, Failure> {
    let target = Target::parse(LOCKING)?;
    match case.kind.as_str() {
        "uv" => {
            let environment = bench.environments.of(&target, &bench.tools)?;
            bench.uv.check(folder, &environment)
        }
        "pipenv" => pipenv::verify(folder, &bench.tools, &bench.folder.path().join("home")),
        kind => {
            let question = json!({"op": "check", "kind": kind, "folder": folder});
            Ok(match bench.worker()?.ask(question, &target)? {
                Answer::Packages(_) => Ok(()),
                Answer::Refused(why) => Err(why),
            })
        }
    }
}

/// Whether a build takes the lock; what it says where it does not.
fn ours(published: &Published<'_>) -> Result<Result<(), String>, Failure> {
    let target = Target::parse(LOCKING)?;
    let found = match ours::read(published, ours::build_file(published.case, &Ask::default(), &target))? {
        Ok(Reading { found, .. }) | Err(found) => found,
    };
    let is_stale = found.errors().iter().any(|one| matches!(one.problem, Problem::StaleLock { .. }));
    Ok(if is_stale || found.has_errors() { Err(ours::lines(&found)) } else { Ok(()) })
}

/// The smallest edit found that still disagrees, and how.
///
/// Every part of the project is left out in turn, of what it was before and of what it is afterwards at once.
pub(super) fn shrink(edited: &Edited, text: &str, bench: &mut Bench) -> Result<(Edited, String), Failure> {
    let json = |case: &Case| serde_json::to_value(case).map_err(|error| Failure::Other(error.to_string()));
    let (mut best, mut words, mut left) = (edited.clone(), text.to_owned(), MOST);
    loop {
        let (mut smaller, mut number) = (false, 0);
        while left > 0 {
            let (before, after) = (json(&best.before)?, json(&best.after)?);
            let Some(candidate) = without(&before, &mut { number }) else { break };
            // A part of both is left out of both.
            let both = pointer_without(&before, &candidate).and_then(|path| removed(&after, &path));
            let after = both.unwrap_or(after);
            number += 1;
            let parsed = serde_json::from_value(candidate).ok().zip(serde_json::from_value(after).ok());
            let Some((before, after)) = parsed else { continue };
            let candidate = Edited { before, after, ..best.clone() };
            if candidate == best || candidate.before.members.is_empty() || candidate.after.members.is_empty()
            {
                continue;
            }
            left -= 1;
            if let Ok(verdicts) = compare(&[&candidate], bench)
                && let Some(Verdict::Different(text)) = verdicts.into_iter().next()
                && direction(&text) == direction(&words)
            {
                (best, words, smaller) = (candidate, text, true);
                number -= 1;
            }
        }
        if !smaller || left == 0 {
            return Ok((best, words));
        }
    }
}

/// Which side takes the lock, and whether a new lock has the same packages: a smaller case is a case of the
/// same kind.
fn direction(text: &str) -> (Option<&str>, bool) {
    (text.lines().find(|line| line.contains("takes the lock")), text.ends_with(SAME))
}

/// Where a value lacks the part that another one has: the keys and places that lead to the part.
fn pointer_without(whole: &serde_json::Value, smaller: &serde_json::Value) -> Option<Vec<String>> {
    use serde_json::Value;
    match (whole, smaller) {
        (Value::Array(whole), Value::Array(smaller)) => {
            let same = whole.iter().zip(smaller).take_while(|(one, other)| one == other).count();
            let mut path = vec![same.to_string()];
            if whole.len() == smaller.len() {
                path.extend(pointer_without(whole.get(same)?, smaller.get(same)?)?);
            }
            Some(path)
        }
        (Value::Object(whole), Value::Object(smaller)) => {
            let (key, value) = whole.iter().find(|(key, value)| smaller.get(*key) != Some(*value))?;
            let mut path = vec![key.clone()];
            if let Some(other) = smaller.get(key) {
                path.extend(pointer_without(value, other)?);
            }
            Some(path)
        }
        _ => None,
    }
}

/// The value without the part that a path leads to.
fn removed(value: &serde_json::Value, path: &[String]) -> Option<serde_json::Value> {
    use serde_json::Value;
    let (last, folders) = path.split_last()?;
    let mut value = value.clone();
    let mut at = &mut value;
    for key in folders {
        at = match at {
            Value::Array(items) => items.get_mut(key.parse::<usize>().ok()?)?,
            Value::Object(table) => table.get_mut(key)?,
            _ => return None,
        };
    }
    match at {
        Value::Array(items) => {
            let place = key_place(last).filter(|place| *place < items.len())?;
            items.remove(place);
        }
        Value::Object(table) => {
            table.remove(last)?;
        }
        _ => return None,
    }
    Some(value)
}

fn key_place(key: &str) -> Option<usize> {
    key.parse().ok()
}
