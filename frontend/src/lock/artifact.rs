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
    pub(super) fn new(file: FileName, location: Location) -> Self {
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
