//! The files of a lock: their places, and the kinds that may be used.

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
    /// The place of the file.
    pub location: Location,
    /// The known hashes of the content.
    pub hashes: Hashes,
    /// The size in bytes, if it is known.
    pub size: Option<u64>,
    /// The upload time on the index, if the lock contains it.
    pub uploaded: Option<Timestamp>,
    /// The kind of the file.
    pub kind: ArtifactKind,
}

/// The place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A URL.
    Url(HttpUrl),
    /// A path in the context, relative to the lock.
    Path(String),
    /// The package's index. The format does not contain the URL.
    Index,
}

/// The kind of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArtifactKind {
    /// A wheel.
    Wheel(WheelName),
    /// A source distribution.
    Sdist,
    /// An old format that is never installed (an egg, an installer), or a wheel with an invalid name.
    Other,
}

impl Artifact {
    /// A file with the kind that its name shows.
    pub fn new(file: FileName, location: Location) -> Self {
        let kind = ArtifactKind::of_file(file.as_str());
        Self { file, location, hashes: Hashes::default(), size: None, uploaded: None, kind }
    }

    /// The name of the wheel, if the file is a wheel.
    pub fn wheel(&self) -> Option<&WheelName> {
        match &self.kind {
            ArtifactKind::Wheel(name) => Some(name),
            _ => None,
        }
    }
}

impl ArtifactKind {
    const ARCHIVES: [&'static str; 5] = [".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz"];

    /// The kind of the file at the end of a path or URL.
    pub fn of_path(path: &str) -> Self {
        FileName::of_address(path).map_or(Self::Other, |name| Self::of_file(name.as_str()))
    }

    fn of_file(file: &str) -> Self {
        if let Ok(wheel) = WheelName::parse(file) {
            return Self::Wheel(wheel);
        }
        // `bdist_dumb` archives have the suffix of a source distribution, but their name contains a platform.
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
    /// The name of the index, if it has one.
    pub name: Option<String>,
    /// The URL. `${VARIABLES}` are not replaced.
    pub url: String,
    /// The kind of the index.
    pub kind: IndexKind,
    /// Patterns of package names. These packages are searched here, and not in indexes without a matching
    /// pattern.
    pub include: Vec<String>,
    /// Patterns of package names. These packages are not searched here.
    pub exclude: Vec<String>,
}

impl Index {
    /// An index for every package.
    pub(super) fn new(name: Option<String>, url: String, kind: IndexKind) -> Self {
        Self { name, url, kind, include: Vec::new(), exclude: Vec::new() }
    }

    /// Whether a pattern includes (`Some(true)`) or excludes (`Some(false)`) `package`, with pdm's rules.
    /// `None` if no pattern matches.
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

/// Whether a name matches a pattern with `*` and `?`.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut read) = (0, 0);
    // The position of the last `*`, and the end of the part of the name that it matches.
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

/// The kind of an index URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// An index that replaces the default index.
    Main,
    /// An index in addition to the main one.
    Extra,
    /// A page or folder with links to files.
    Links,
}

/// The kinds of files that may be used for each package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Packages that must be installed from wheels.
    pub only_wheels: Scope,
    /// Packages that must be built.
    pub no_wheels: Scope,
    /// Whether all indexes are disabled.
    pub no_index: bool,
}

/// A set of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// These packages.
    Only(BTreeSet<Name>),
    /// All packages.
    All,
}

impl Default for Scope {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl Scope {
    /// Whether the set contains `name`.
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
        // Each expected value is the result of Python's `fnmatch.fnmatch`, which pdm calls.
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
