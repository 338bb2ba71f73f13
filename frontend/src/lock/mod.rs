//! Reads every lock format into one [`Lock`].
//!
//! Each format has one file and one line in `FORMATS`. A reader turns texts into a value and accesses neither
//! files nor the network. Names are normalised here and nowhere later. [`Lock::stale`] checks whether a lock
//! is up to date with its project.

mod artifact;
mod error;
mod fresh;
mod hashes;
mod location;
mod manifest;
mod model;
mod pdm;
mod pipfile;
mod poetry;
mod pylock;
mod requirements;
mod table;
mod timestamp;
mod uv;

#[cfg(test)]
mod tests;

pub use artifact::{Artifact, ArtifactKind, Index, IndexKind, Location, Policy, Scope};
pub use error::{LockError, LockErrorKind};
pub use fresh::{Beside, Reason, Stale, Unsatisfied};
pub use hashes::{Hash, Hashes};
pub use location::{file_url_path, is_url};
pub use model::{
    Conflict, ConflictItem, Dependency, Install, Listing, Lock, Package, Pick, Place, Root, Roots, Source,
};
pub use poetry::poetry_specifiers;
pub use requirements::{
    Exists, Line, OfRequirement, Options, ParsedRequirements, ReadFile, Says, Setting, Statement, is_path,
    links, local, parse_requirements, statements,
};
pub use timestamp::Timestamp;

use std::fmt;

use self::model::Trace;
use crate::tags::{Tags, Target};

/// A supported lock format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `uv.lock`
    Uv,
    /// `pylock.toml` and `pylock.<name>.toml` (PEP 751)
    Pylock,
    /// `poetry.lock`
    Poetry,
    /// `pdm.lock`
    Pdm,
    /// `Pipfile.lock`
    Pipfile,
    /// Requirements files in which every entry has an exact version and a hash.
    Requirements,
}

/// The texts of a lock and the files beside it.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The lock's path in the context, with `/`.
    pub path: &'a str,
    /// The text of the lock.
    pub text: &'a str,
    /// The text of the `pyproject.toml` beside the lock. Older locks of Poetry and pdm need it.
    pub pyproject: Option<&'a str>,
    /// Reads another file by its path in the context, for the includes of requirements files.
    pub read: &'a ReadFile<'a>,
    /// Whether a path of the context exists, for paths in requirements files.
    pub exists: &'a Exists<'a>,
}

/// The functions and names of a format.
struct Reader {
    format: Format,
    /// Whether a file with this name has the format.
    claims: fn(&str) -> bool,
    /// Reads a lock.
    parse: fn(&Input<'_>) -> Result<Lock, LockError>,
    /// Compares a lock with the files beside it. Returns the folder of each project that differs, and the
    /// reason.
    fresh: fn(&Trace, &Beside<'_>) -> Vec<(String, Reason)>,
    /// The file with the requirements of the project.
    manifest: &'static str,
    /// The command that locks again.
    renew: &'static str,
}

/// The formats, in the order in which a project's lock is searched. A new format is one line here.
const FORMATS: [&Reader; 6] =
    [&uv::READER, &pylock::READER, &poetry::READER, &pdm::READER, &pipfile::READER, &requirements::READER];

impl Format {
    /// The format of a file with this name; `None` if no lock has this name.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name);
        FORMATS.iter().find(|reader| (reader.claims)(name)).map(|reader| reader.format)
    }

    /// The command that makes such a lock again.
    pub fn renew(self) -> &'static str {
        self.reader().map_or("", |reader| reader.renew)
    }

    /// The file of the project with its requirements; empty if the format has none.
    pub fn manifest(self) -> &'static str {
        self.reader().map_or("", |reader| reader.manifest)
    }

    /// The tags of a target, in the order of the tools that install from such a lock.
    pub fn tags(self, target: &Target) -> Tags {
        match self {
            Self::Uv | Self::Pylock => Tags::of(target),
            Self::Poetry | Self::Pdm | Self::Pipfile | Self::Requirements => Tags::linux_first(target),
        }
    }

    /// Whether a higher build number takes precedence over a better tag, as in Poetry.
    pub fn prefers_builds(self) -> bool {
        self == Self::Poetry
    }

    fn reader(self) -> Option<&'static Reader> {
        FORMATS.iter().find(|reader| reader.format == self).copied()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uv => "uv.lock",
            Self::Pylock => "pylock.toml",
            Self::Poetry => "poetry.lock",
            Self::Pdm => "pdm.lock",
            Self::Pipfile => "Pipfile.lock",
            Self::Requirements => "requirements with hashes",
        })
    }
}

/// Reads a lock of a known format.
///
/// # Errors
/// If the text does not have the format, or has an unsupported version of it.
pub fn parse(format: Format, input: &Input<'_>) -> Result<Lock, LockError> {
    match format.reader() {
        Some(reader) => (reader.parse)(input),
        None => Err(LockError::whole(input.path, LockErrorKind::UnknownFormat)),
    }
}

impl Lock {
    /// The reasons why the lock is older than the files beside it. Each has the folder of the project that
    /// differs, relative to the lock.
    ///
    /// Nothing is reported if the format does not record its inputs, or if a text cannot be read.
    pub fn stale(&self, beside: &Beside<'_>) -> Vec<(String, Stale)> {
        let Some(reader) = self.format.reader() else { return Vec::new() };
        let found = (reader.fresh)(&self.trace, beside).into_iter();
        found.map(|(folder, reason)| (folder, Stale { reason, command: reader.renew })).collect()
    }

    /// The input files that a compiled lock does not satisfy. `input` is the lock's file, or one of its
    /// files.
    pub fn unsatisfied(&self, input: &Input<'_>) -> Vec<Unsatisfied> {
        match self.format {
            Format::Pylock | Format::Requirements => fresh::unsatisfied(self, input),
            Format::Uv | Format::Poetry | Format::Pdm | Format::Pipfile => Vec::new(),
        }
    }

    /// The folders of the lock's other projects, relative to the lock: members of the workspace, and folders
    /// that a project depends on.
    pub fn other_projects(&self) -> impl Iterator<Item = &str> {
        let projects = match &self.trace {
            Trace::Asked(asked) => asked.projects.as_slice(),
            Trace::None | Trace::Hash(_) => &[],
        };
        projects.iter().map(|asked| asked.folder.as_str()).filter(|folder| *folder != ".")
    }
}
