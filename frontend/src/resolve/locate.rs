//! Finds the URLs of files for which a lock has only hashes. Indexes are asked, and a file is accepted only
//! if its hash matches.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::choose;
use super::files::{FilesQuestion, UnknownIndex};
use crate::address::{FileName, HttpUrl};
use crate::diagnostics::{Diagnostics, Problem};
use crate::lock::{Artifact, Format, Hash, Hashes, Location, Lock, Policy, Source, Timestamp};
use crate::pep508::{Name, parse_specifiers};
use crate::project::{Locked, Wanted};
use crate::select::{Selected, Selection, Take};
use crate::spec::Spec;
use crate::tags::{Tags, Target};

/// The question for the files that must be found; `None` if every file has a URL. An error means that a
/// problem was reported and nothing can be asked.
pub(super) fn question(
    selection: &Selection,
    locked: &Locked,
    spec: &Spec,
    found: &mut Diagnostics,
) -> Result<Option<FilesQuestion>, ()> {
    let mut question = FilesQuestion::default();
    let mut complete = true;
    for entry in selection.entries.iter().filter(|entry| needs_address(entry)) {
        if let Err(UnknownIndex(index)) = question.add(entry, &locked.lock, &spec.dependencies.index) {
            let problem = Problem::UnknownIndex { package: entry.package.label(), index };
            match choose::place(entry, Some(locked)) {
                Some(at) => found.report(&at.source, at.span, problem),
                None => found.report(&spec.source, spec.anywhere(), problem),
            }
            complete = false;
        }
    }
    if !complete {
        return Err(());
    }
    Ok(Some(question).filter(|question| !question.packages.is_empty()))
}

/// The places in the lock of the packages whose files must be found.
pub(super) fn wanted(selection: &Selection, locked: &Locked) -> Vec<Wanted> {
    let needed = selection.entries.iter().filter(|entry| needs_address(entry));
    needed
        .filter_map(|entry| {
            let at = choose::place(entry, Some(locked))?;
            Some(Wanted { name: entry.package.name.as_str().to_owned(), at })
        })
        .collect()
}

fn needs_address(entry: &Selected) -> bool {
    match &entry.take {
        Take::Wheel(artifact) | Take::Sdist(artifact) => artifact.location == Location::Index,
        Take::Release => matches!(entry.package.source, Source::Index { .. }),
        Take::Source => false,
    }
}

/// The files that were found, by package.
pub(super) struct Located {
    files: BTreeMap<Name, Artifact>,
    /// The packages whose locked files are all for other Python versions, with the requirement of these
    /// files.
    for_other_pythons: BTreeMap<Name, String>,
}

impl Located {
    /// Selects the locked file of each package in `selection` from the files in `answer`.
    ///
    /// If pip installs from the lock, a file is refused if its `requires-python` on the index excludes the
    /// target's Python. Such a lock does not say for which Python a file is, so pip asks the index.
    ///
    /// # Errors
    /// If the answer is not valid.
    pub(super) fn new(
        answer: &str,
        question: &FilesQuestion,
        selection: &Selection,
        lock: &Lock,
        target: &Target,
    ) -> serde_json::Result<Self> {
        let answer: Map<String, Value> = serde_json::from_str(answer)?;
        let tags = lock.format.tags(target);
        let asks_index = matches!(lock.format, Format::Pipfile | Format::Requirements);
        let (mut files, mut for_other_pythons) = (BTreeMap::new(), BTreeMap::new());
        for entry in selection.entries.iter().filter(|entry| needs_address(entry)) {
            let name = &entry.package.name;
            let offered = answer.get(name.as_str()).and_then(Value::as_array).into_iter().flatten();
            let other_python = |file: &&Value| asks_index && requires_other(file, target).is_some();
            let (others, offered): (Vec<&Value>, Vec<&Value>) = offered.partition(other_python);
            // pip takes a file that is not yanked before any that is, even a source archive before a wheel.
            let is_yanked = |file: &&&Value| asks_index && file.get("yanked") == Some(&Value::Bool(true));
            let kept: Vec<&Value> = offered.iter().filter(|file| !is_yanked(file)).copied().collect();
            let read = |files: &[&Value]| -> Vec<Artifact> {
                files.iter().filter_map(|file| offered_file(file, question)).collect()
            };
            let picked = pick(&read(&kept), entry, &lock.policy, &tags);
            if let Some(artifact) = picked.or_else(|| pick(&read(&offered), entry, &lock.policy, &tags)) {
                files.insert(name.clone(), artifact);
            } else if let Some(artifact) = pick(&read(&others), entry, &lock.policy, &tags) {
                let is_picked =
                    |file: &&&Value| file.get("file").and_then(Value::as_str) == Some(artifact.file.as_str());
                let requires = others.iter().find(is_picked).and_then(|file| requires_other(file, target));
                for_other_pythons.insert(name.clone(), requires.unwrap_or_default().to_owned());
            }
        }
        Ok(Self { files, for_other_pythons })
    }

    /// The Python version that the locked files of a package require, if the target has another one.
    pub(super) fn other_python(&self, name: &Name) -> Option<&str> {
        self.for_other_pythons.get(name).map(String::as_str)
    }

    /// The file of a package.
    pub(super) fn file(&self, name: &Name) -> Option<&Artifact> {
        self.files.get(name)
    }
}

/// The Python requirement of a file in the answer, if it excludes the target's Python. As in pip, an invalid
/// requirement is ignored.
fn requires_other<'v>(file: &'v Value, target: &Target) -> Option<&'v str> {
    let text = file.get("python")?.as_str()?;
    let requires = parse_specifiers(text).ok()?;
    (!requires.contains(&target.python.full_version())).then_some(text)
}

/// A file of the answer; `None` if it cannot be used, such as a file with an invalid name.
fn offered_file(file: &Value, question: &FilesQuestion) -> Option<Artifact> {
    let name = FileName::parse(file.get("file")?.as_str()?).ok()?;
    let location = match (file.get("url"), file.get("folder")) {
        (Some(url), _) => Location::Url(HttpUrl::parse(url.as_str()?).ok()?.without_fragment()),
        (None, Some(number)) => {
            let folder = question.folder(usize::try_from(number.as_u64()?).ok()?)?;
            Location::Path(if folder.is_root() {
                name.to_string()
            } else {
                format!("{}/{name}", folder.as_str())
            })
        }
        (None, None) => return None,
    };
    let hashes = file.get("hashes").and_then(Value::as_object).into_iter().flatten();
    let hashes = hashes.filter_map(|(algorithm, digest)| Hash::new(algorithm, digest.as_str()?));
    let mut artifact = Artifact::new(name, location);
    artifact.hashes = hashes.collect();
    artifact.size = file.get("size").and_then(Value::as_u64);
    artifact.uploaded = file.get("uploaded").and_then(Value::as_str).and_then(Timestamp::parse);
    Some(artifact)
}

/// The best of the locked files, with the hashes from the lock.
fn pick(offered: &[Artifact], entry: &Selected, policy: &Policy, tags: &Tags) -> Option<Artifact> {
    let agreeing = offered.iter().filter_map(|file| agreed(file, entry));
    let name = &entry.package.name;
    let mut best: Option<(_, Artifact)> = None;
    let mut source = None;
    for file in agreeing {
        let Some(wheel) = file.wheel() else {
            if source.is_none() && !policy.only_wheels.covers(name) {
                source = Some(file);
            }
            continue;
        };
        let Some(rank) = tags.rank(wheel).filter(|_| !policy.no_wheels.covers(name)) else { continue };
        // The order is pip's: the highest version (a locked `2.0` can also have files of `2.0+cpu`), the best
        // tag, the highest build number, the last name. If two indexes have the same file, the index that was
        // asked first wins.
        let key = (Reverse(wheel.version.clone()), rank, Reverse((wheel.build.clone(), file.file.clone())));
        if best.as_ref().is_none_or(|(known, _)| key < *known) {
            best = Some((key, file));
        }
    }
    best.map(|(_, file)| file).or(source)
}

/// The file with the hashes that it must match; `None` if it is not one of the locked files.
fn agreed(file: &Artifact, entry: &Selected) -> Option<Artifact> {
    let locked = match &entry.take {
        Take::Wheel(artifact) | Take::Sdist(artifact) => {
            (artifact.file == file.file).then_some(())?;
            artifact.hashes.clone()
        }
        Take::Release | Take::Source => {
            // The lock does not say which hash belongs to which file, only the index does. A file without a
            // hash could be any file.
            let of_file = |hash: &&Hash| file.hashes.iter().any(|known| known == *hash);
            let known: Hashes = entry.package.hashes.iter().filter(of_file).cloned().collect();
            return known.proof().is_some().then(|| Artifact { hashes: known, ..file.clone() });
        }
    };
    let differs = |hash: &Hash| {
        let mut same = file.hashes.iter().filter(|known| known.algorithm == hash.algorithm);
        same.any(|known| known.digest != hash.digest)
    };
    let is_other = locked.iter().any(differs) || locked.proof().is_none();
    (!is_other).then(|| Artifact { hashes: locked, ..file.clone() })
}
