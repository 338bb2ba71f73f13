//! Writes the files of a package. Each file is checked against the package's list, and placeholders are
//! replaced by the environment's path.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use sha2::{Digest, Sha256};
use tar::EntryType;

use super::archive::{Entry, Part, damaged};
use super::error::CondaProblem;
use super::metadata::{FileMode, Listed, PathType};
use super::package::{Content, Environment, Package, hexadecimal};
use super::prefix;
use crate::install::tree::{Leads, Mode, Pending, Tree};
use crate::install::{ToolError, limits};

/// A size that writes most files at once.
const BUFFER: usize = 128 << 10;

/// A file or link that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The sha256 of the written content, hexadecimal. For a link, of the name of its target.
    pub(super) sha256: String,
    /// The size in bytes.
    pub(super) size: u64,
    /// The kind of the file, for packages whose list does not contain it.
    pub(super) path_type: PathType,
}

/// The reason why a file was not written.
enum Failure {
    Problem(CondaProblem),
    Tool(ToolError),
}

impl From<CondaProblem> for Failure {
    fn from(problem: CondaProblem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        Self::Tool(error)
    }
}

struct Extraction<'a> {
    package: &'a Package,
    environment: &'a Environment,
    tree: &'a Tree,
    written: BTreeMap<String, Written>,
}

impl Package {
    /// Writes the files that are in `owned`. The result is keyed by path in the environment.
    pub(super) fn extract(
        &self,
        environment: &Environment,
        tree: &Tree,
        owned: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Written>, ToolError> {
        let mut extraction = Extraction { package: self, environment, tree, written: BTreeMap::new() };
        let done = extraction.run(owned);
        done.map_err(|failure| match failure {
            Failure::Problem(problem) => problem.of(&self.file).into(),
            Failure::Tool(error) => error,
        })?;
        Ok(extraction.written)
    }

    /// Checks the target of every link that was written.
    pub(super) fn check_links(
        &self,
        environment: &Environment,
        tree: &Tree,
        written: &BTreeMap<String, Written>,
    ) -> Result<(), ToolError> {
        for place in
            written.iter().filter(|(_, one)| one.path_type == PathType::SoftLink).map(|(place, _)| place)
        {
            let target = tree.target(&format!("{}/{place}", environment.prefix))?;
            let stays = match tree.leads(&environment.prefix, place)? {
                Leads::Inside => true,
                Leads::Outside => false,
                Leads::Nowhere => goes_up_first(place, &target),
            };
            if !stays {
                return Err(CondaProblem::Link { path: place.clone(), target }.of(&self.file).into());
            }
        }
        Ok(())
    }
}

impl Extraction<'_> {
    fn run(&mut self, owned: &BTreeSet<&str>) -> Result<(), Failure> {
        let package = self.package;
        let mut wanted: BTreeMap<&str, (&str, &Listed)> = BTreeMap::new();
        for (place, content) in &package.files {
            match content {
                Content::Member(listed) => drop(wanted.insert(&listed.path, (place, listed))),
                Content::Made(text) if owned.contains(place.as_str()) => {
                    self.tree.write(&self.path(place), text.as_bytes(), Mode::Executable)?;
                    self.note(place, text.as_bytes(), PathType::HardLink);
                }
                Content::Made(_) => {}
            }
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        package.archive.walk(Part::Files, &mut |path, entry| {
            let Some((place, listed)) = wanted.get(path) else { return Ok(()) };
            if !seen.insert(path.to_owned()) {
                return Err(CondaProblem::Twice(path.to_owned()).into());
            }
            if owned.contains(place) { self.entry(place, listed, entry, &wanted) } else { Ok(()) }
        })?;
        match wanted.keys().find(|path| !seen.contains(**path)) {
            Some(absent) => Err(CondaProblem::Absent((*absent).to_owned()).into()),
            None => Ok(()),
        }
    }

    fn entry(
        &mut self,
        place: &str,
        listed: &Listed,
        entry: &mut Entry<'_>,
        all: &BTreeMap<&str, (&str, &Listed)>,
    ) -> Result<(), Failure> {
        let special = |kind| CondaProblem::Special { path: listed.path.clone(), kind };
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                self.file(place, listed, entry)
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().map(Cow::into_owned).unwrap_or_default();
                self.link(place, listed, &String::from_utf8_lossy(&target))
            }
            EntryType::Link => {
                let target = entry.link_name_bytes().map(Cow::into_owned).unwrap_or_default();
                let target = String::from_utf8_lossy(&target).into_owned();
                let target = target.strip_prefix("./").unwrap_or(&target);
                let absent = || CondaProblem::Absent(target.to_owned());
                let (other, _) = all.get(target).ok_or_else(absent)?;
                match self.written.get(*other).map(|written| written.path_type) {
                    None => Err(absent().into()),
                    // A hard link to a symbolic link becomes a symbolic link with the same target.
                    Some(PathType::SoftLink) => {
                        let target = self.tree.target(&self.path(other))?;
                        self.link(place, listed, &target)
                    }
                    Some(_) => self.copy(place, other),
                }
            }
            EntryType::Directory => Err(special("a folder where a file is listed").into()),
            EntryType::Fifo => Err(special("a named pipe").into()),
            EntryType::Char | EntryType::Block => Err(special("a device").into()),
            _ => Err(special("of an unknown kind").into()),
        }
    }

    /// Makes a link. Its target is checked after all links exist ([`Package::check_links`]).
    fn link(&mut self, place: &str, listed: &Listed, target: &str) -> Result<(), Failure> {
        if target.is_empty() || target.starts_with('/') {
            return Err(CondaProblem::Link { path: listed.path.clone(), target: target.to_owned() }.into());
        }
        self.tree.link(&self.path(place), target)?;
        self.note(place, target.as_bytes(), PathType::SoftLink);
        Ok(())
    }

    /// Makes a separate file with the content of another file.
    fn copy(&mut self, place: &str, other: &str) -> Result<(), Failure> {
        let (mut input, mode, seconds) = self.tree.open(&self.path(other))?;
        let mut output = self.tree.create(&self.path(place))?;
        let written = stream(&mut input, &mut output)?;
        output.finish_at(mode, seconds)?;
        self.written.insert(place.to_owned(), written);
        Ok(())
    }

    fn file(&mut self, place: &str, listed: &Listed, entry: &mut Entry<'_>) -> Result<(), Failure> {
        let executable = entry.header().mode().map_err(damaged)? & 0o111 != 0
            || self.package.metadata.is_noarch_python && listed.path.starts_with("python-scripts/");
        let mode = if executable { Mode::Executable } else { Mode::Plain };
        // Bytecode in the package is valid only if its source keeps the time from the package.
        let seconds = entry.header().mtime().map_err(damaged)?;
        let mut output = self.tree.create(&self.path(place))?;
        let written = match &listed.prefix_placeholder {
            None => {
                let written = stream(entry, &mut output)?;
                check_hash(listed, &written.sha256)?;
                written
            }
            Some(placeholder) => {
                if entry.size() > limits::HELD {
                    return Err(CondaProblem::TooLarge(limits::HELD).into());
                }
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(damaged)?;
                check_hash(listed, &hexadecimal(&Sha256::digest(&content)))?;
                let prefix = self.environment.path();
                let replaced = match listed.file_mode {
                    Some(FileMode::Binary) => prefix::in_binary(&content, placeholder, &prefix)
                        .ok_or_else(|| CondaProblem::PrefixTooLong(listed.path.clone()))?,
                    Some(FileMode::Text) | None => prefix::in_text(&content, placeholder, &prefix),
                };
                output.write(&replaced)?;
                let sha256 = hexadecimal(&Sha256::digest(&replaced));
                Written { sha256, size: replaced.len() as u64, path_type: PathType::HardLink }
            }
        };
        output.finish_at(mode, seconds)?;
        self.written.insert(place.to_owned(), written);
        Ok(())
    }

    fn note(&mut self, place: &str, content: &[u8], path_type: PathType) {
        let sha256 = hexadecimal(&Sha256::digest(content));
        self.written.insert(place.to_owned(), Written { sha256, size: content.len() as u64, path_type });
    }

    fn path(&self, place: &str) -> String {
        format!("{}/{place}", self.environment.prefix)
    }
}

/// Copies a stream to a file in pieces, and returns its hash and size.
fn stream(input: &mut impl Read, output: &mut Pending<'_>) -> Result<Written, Failure> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let got = input.read(&mut buffer).map_err(damaged)?;
        let piece = buffer.get(..got).unwrap_or_default();
        if piece.is_empty() {
            let sha256 = hexadecimal(&hasher.finalize());
            return Ok(Written { sha256, size, path_type: PathType::HardLink });
        }
        hasher.update(piece);
        size += got as u64;
        output.write(piece)?;
    }
}

fn check_hash(listed: &Listed, found: &str) -> Result<(), CondaProblem> {
    match &listed.sha256 {
        Some(expected) if !expected.eq_ignore_ascii_case(found) => Err(CondaProblem::Hash {
            path: listed.path.clone(),
            expected: expected.clone(),
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Whether the target of a link first goes up, then only down, and never above the environment.
///
/// Such a link stays inside of the environment, independently of all other links and layers. The parent
/// folders of the link are real folders, and each link on the way down has the same property.
fn goes_up_first(place: &str, target: &str) -> bool {
    let parts: Vec<_> = target.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let ups = parts.iter().take_while(|part| **part == "..").count();
    ups <= place.matches('/').count() && !parts.iter().skip(ups).any(|part| *part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_stay_inside_whatever_other_links_there_are() {
        for (place, target, inside) in [
            ("lib/libz.so", "libz.so.1", true),
            ("lib/terminfo", "../share/terminfo", true),
            ("lib/a", "./../b//c", true),
            ("lib/a", "../../etc/passwd", false),
            ("lib/a", "b/../c", false),
            ("a", "..", false),
        ] {
            assert_eq!(goes_up_first(place, target), inside, "{place} -> {target}");
        }
    }
}
