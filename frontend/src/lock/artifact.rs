//! The files that a lock offers, where they are, and what may be taken of them.

use std::collections::BTreeSet;

use super::{Hashes, Timestamp};
use crate::address::{FileName, HttpUrl};
use crate::pep508::Name;
use crate::tags::WheelName;

/// A file that can be installed, or built and then installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The file's name.
    pub file: FileName,
    /// Where it is.
    pub location: Location,
    /// What is known of its content.
    pub hashes: Hashes,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// When its index received the file, where the lock says so.
    pub uploaded: Option<Timestamp>,
    /// Wheel or source archive.
    pub kind: ArtifactKind,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// At an address.
    Url(HttpUrl),
    /// In the context, at a path relative to the lock.
    Path(String),
    /// On the package's index; the format does not say where.
    Index,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactKind {
    /// A wheel.
    Wheel(WheelName),
    /// A source archive.
    Sdist,
    /// Something from long ago that is never installed (an egg, an installer), or a wheel without a valid name.
    Other,
}

impl Artifact {
    /// A file by its name.
    pub fn new(file: FileName, location: Location) -> Self {
        let kind = ArtifactKind::of_file(file.as_str());
        Self { file, location, hashes: Hashes::default(), size: None, uploaded: None, kind }
    }

    /// The wheel that it is.
    pub fn wheel(&self) -> Option<&WheelName> {
        match &self.kind {
            ArtifactKind::Wheel(name) => Some(name),
            _ => None,
        }
    }
}

impl ArtifactKind {
    const ARCHIVES: [&'static str; 5] = [".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz"];

    /// What the file at the end of a path or address is.
    pub fn of_path(path: &str) -> Self {
        FileName::of_address(path).map_or(Self::Other, |name| Self::of_file(name.as_str()))
    }

    fn of_file(file: &str) -> Self {
        if let Ok(wheel) = WheelName::parse(file) {
            return Self::Wheel(wheel);
        }
        // `bdist_dumb` archives end like source archives but name their platform.
        let dumb = [".linux-", ".win32", ".win-amd64", ".macosx-"].iter().any(|mark| file.contains(mark));
        if Self::ARCHIVES.iter().any(|ending| file.ends_with(ending)) && !dumb {
            Self::Sdist
        } else {
            Self::Other
        }
    }
}

/// An index that a lock or requirements file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Its address, with `${VARIABLES}` as they stand.
    pub url: String,
    /// What is found there.
    pub kind: IndexKind,
    /// Patterns of names: packages that are looked for here, and not in indexes without such a pattern.
    pub include: Vec<String>,
    /// Patterns of names: packages that are not looked for here.
    pub exclude: Vec<String>,
}

impl Index {
    /// An index for every package.
    pub(super) fn new(name: Option<String>, url: String, kind: IndexKind) -> Self {
        Self { name, url, kind, include: Vec::new(), exclude: Vec::new() }
    }

    /// Whether `package` is looked for here: `Some` where a pattern says it, as pdm reads them.
    pub fn preference(&self, package: &Name) -> Option<bool> {
        let is_in = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, package.as_str()));
        if is_in(&self.include) {
            Some(true)
        } else if is_in(&self.exclude) {
            Some(false)
        } else {
            None
        }
    }
}

/// Whether a name is one of those that a pattern with `*` and `?` stands for.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut read) = (0, 0);
    // The last `*`, and how much of the name it stands for.
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = name.get(read) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == letter => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((before, taken)) => {
                    star = Some((before, taken + 1));
                    at = before + 1;
                    read = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

/// What an address of packages is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// An index; it stands in for the default one.
    Main,
    /// An index asked besides the main one.
    Extra,
    /// A page or folder with links to files.
    Links,
}

/// Which kinds of artifacts may be taken, by package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Packages that must be wheels.
    pub only_wheels: Scope,
    /// Packages that must be built.
    pub no_wheels: Scope,
    /// Whether no index may be asked at all.
    pub no_index: bool,
}

/// Some packages, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// These.
    Only(BTreeSet<Name>),
    /// Every one.
    All,
}

impl Default for Scope {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl Scope {
    /// Whether `name` is meant.
    pub fn covers(&self, name: &Name) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_names_are_read_as_pdm_reads_them() {
        // Each compared with `fnmatch.fnmatch` of Python, which pdm calls.
        for (pattern, name, expected) in [
            ("corp-*", "corp-tools", true),
            ("corp-*", "corporate", false),
            ("*", "six", true),
            ("*-stubs*", "types-stubs-extra", true),
            ("p?g", "pig", true),
            ("p?g", "pg", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbY", false),
            ("", "six", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
