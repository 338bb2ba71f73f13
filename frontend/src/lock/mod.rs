//! What is locked: every lock format read into one [`Lock`].
//!
//! One file a format, and one line of registration in `FORMATS`. A reader gets texts and gives a value; it
//! touches no file and no network. Names are normalised here, at the edge, and nowhere later. Whether a lock is
//! still the one of its project is asked with [`Lock::stale`].

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

/// A format that is read.
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
    /// Requirements files whose every entry is pinned and hashed.
    Requirements,
}

/// The texts that a lock is read from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The lock's path in the context, with `/`.
    pub path: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The text of the `pyproject.toml` beside it. Older poetry and pdm locks cannot do without.
    pub pyproject: Option<&'a str>,
    /// Reads another file by its path in the context, for the includes of requirements files.
    pub read: &'a ReadFile<'a>,
    /// Tells whether there is something at a path of the context, for paths in requirements files.
    pub exists: &'a Exists<'a>,
}

/// What a format has to offer.
struct Reader {
    format: Format,
    /// Whether a file of this name is one.
    claims: fn(&str) -> bool,
    /// Reads it.
    parse: fn(&Input<'_>) -> Result<Lock, LockError>,
    /// Compares what it was made from with what stands beside it: the folder of each project that differs, and why.
    fresh: fn(&Trace, &Beside<'_>) -> Vec<(String, Reason)>,
    /// The file that says what should be locked.
    manifest: &'static str,
    /// The command that locks again.
    renew: &'static str,
}

/// The formats, in the order in which a project's lock is looked for. A new format is one line here.
const FORMATS: [&Reader; 6] =
    [&uv::READER, &pylock::READER, &poetry::READER, &pdm::READER, &pipfile::READER, &requirements::READER];

impl Format {
    /// The format that a file of this name has; absent for names that no lock has.
    pub fn of_file(name: &str) -> Option<Self> {
        let name = name.rsplit('/').next().unwrap_or(name);
        FORMATS.iter().find(|reader| (reader.claims)(name)).map(|reader| reader.format)
    }

    /// The command that writes such a lock anew.
    pub fn renew(self) -> &'static str {
        self.reader().map_or("", |reader| reader.renew)
    }

    /// The file of the project that says what should be locked; empty where there is none.
    pub fn manifest(self) -> &'static str {
        self.reader().map_or("", |reader| reader.manifest)
    }

    /// The tags of a target in the order that the tools have which install from such a lock.
    pub fn tags(self, target: &Target) -> Tags {
        match self {
            Self::Uv | Self::Pylock => Tags::of(target),
            Self::Poetry | Self::Pdm | Self::Pipfile | Self::Requirements => Tags::linux_first(target),
        }
    }

    /// Whether a higher build number counts more than a better tag, as poetry has it.
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
/// If the text is not what the format says, or of a version that is not known here.
pub fn parse(format: Format, input: &Input<'_>) -> Result<Lock, LockError> {
    match format.reader() {
        Some(reader) => (reader.parse)(input),
        None => Err(LockError::whole(input.path, LockErrorKind::UnknownFormat)),
    }
}

impl Lock {
    /// What shows that the lock is older than what stands beside it: the folder of each project that differs, relative to
    /// the lock, and why.
    ///
    /// Nothing is said where the format keeps no trace of what it was made from, or where a text cannot be read.
    pub fn stale(&self, beside: &Beside<'_>) -> Vec<(String, Stale)> {
        let Some(reader) = self.format.reader() else { return Vec::new() };
        let found = (reader.fresh)(&self.trace, beside).into_iter();
        found.map(|(folder, reason)| (folder, Stale { reason, command: reader.renew })).collect()
    }

    /// What a compiled lock lacks of the files that it says it was compiled from. `input` is the lock's file, or one of its
    /// files.
    pub fn unsatisfied(&self, input: &Input<'_>) -> Vec<Unsatisfied> {
        match self.format {
            Format::Pylock | Format::Requirements => fresh::unsatisfied(self, input),
            Format::Uv | Format::Poetry | Format::Pdm | Format::Pipfile => Vec::new(),
        }
    }

    /// The folders of the other projects that the lock was made from, relative to the lock: members of the workspace, and
    /// folders that are depended on.
    pub fn other_projects(&self) -> impl Iterator<Item = &str> {
        let projects = match &self.trace {
            Trace::Asked(asked) => asked.projects.as_slice(),
            Trace::None | Trace::Hash(_) => &[],
        };
        projects.iter().map(|asked| asked.folder.as_str()).filter(|folder| *folder != ".")
    }
}
