//! The one model that every format is read into.
//!
//! Two kinds of lock exist. A *graph* names what each package depends on, and what is installed is found by
//! walking from the roots. A *listing* says of each package when it is installed, by marker, group and extra.
//! [`Roots`] says which of the two a lock is; everything else is the same for both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pep440_rs::{Version, VersionSpecifiers};

use super::artifact::{Artifact, Index, Policy};
use super::{Format, Hashes};
use crate::address::{GitUrl, HttpUrl};
use crate::diagnostics::Span;
use crate::pep508::{Marker, Name};

/// A place in a file of the context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's path in the context.
    pub file: Arc<str>,
    /// The bytes in it.
    pub span: Span,
}

/// A lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// Where it came from.
    pub format: Format,
    /// The Pythons it was made for.
    pub requires_python: Option<VersionSpecifiers>,
    /// The environments it was made for: one of them has to hold. Empty: any.
    pub environments: Vec<Marker>,
    /// What is locked, in the file's order.
    pub packages: Vec<Arc<Package>>,
    /// Where the way to the packages begins.
    pub roots: Roots,
    /// What cannot be asked for together.
    pub conflicts: Vec<Conflict>,
    /// The indexes that the file names, the first before the others.
    pub indexes: Vec<Index>,
    /// What the file says about which artifacts to take.
    pub policy: Policy,
    /// Requirements that what builds a source has to agree with.
    pub build_constraints: Vec<String>,
    /// Settings for the build backends of single packages, as `KEY=VALUE`.
    pub build_settings: BTreeMap<Name, Vec<String>>,
    /// What it was made from.
    pub(super) trace: Trace,
}

/// What a lock remembers of what it was made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Trace {
    /// Nothing.
    #[default]
    None,
    /// A hash of the manifest.
    Hash(ManifestHash),
    /// What the projects asked for and the settings, as `uv.lock` notes them.
    Asked(Box<Asked>),
}

/// A hash of the manifest that a lock was made from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ManifestHash {
    /// The hash, as the lock has it.
    pub(super) text: String,
    /// Whether a version of poetry made the lock that hashes no `[dependency-groups]`.
    pub(super) may_lack_groups: bool,
    /// The sources that pipenv notes in the lock.
    pub(super) sources: serde_json::Value,
}

impl From<String> for ManifestHash {
    fn from(text: String) -> Self {
        Self { text, may_lack_groups: false, sources: serde_json::Value::Null }
    }
}

/// What a `uv.lock` was made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    /// The projects in folders of the context.
    pub(super) projects: Vec<AskedProject>,
    /// The members of the workspace; none where there is one project alone.
    pub(super) members: BTreeSet<Name>,
    /// The lock's own `requires-python`.
    pub(super) requires_python: Option<String>,
    /// Everything that is locked, with its versions.
    pub(super) names: BTreeMap<Name, Vec<Version>>,
    /// The addresses of the indexes that packages come from.
    pub(super) registries: BTreeSet<String>,
    /// The revision of the format.
    pub(super) revision: u64,
    /// The tables `options` and `manifest`, the conflicts and the lists of markers.
    pub(super) head: serde_json::Value,
}

/// What one project asked for when it was locked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AskedProject {
    /// The project.
    pub(super) name: Name,
    /// Its folder, relative to the lock; `.` is the lock's own.
    pub(super) folder: String,
    /// `virtual`, `editable` or `directory`.
    pub(super) kind: String,
    /// Whether it is the project itself or a member of the workspace: the groups of these are locked.
    pub(super) is_member: bool,
    /// The groups that uv installs without being asked, where the lock has them.
    pub(super) default_groups: Option<serde_json::Value>,
    /// The Pythons of groups, where the lock has them.
    pub(super) group_pythons: Option<serde_json::Value>,
    /// The package's `metadata` table; absent in a lock that leaves these out.
    pub(super) metadata: Option<serde_json::Value>,
}

/// Where the way to the packages begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Roots {
    /// What is installed is what can be reached from these.
    Graph(Vec<Root>),
    /// Each package says for itself when it is installed.
    Listed(Listing),
}

/// What a listing knows about what can be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The extras that can be asked for.
    pub extras: BTreeSet<Name>,
    /// The groups that can be asked for.
    pub groups: BTreeSet<Name>,
    /// Whether the format knows no extras but has a group for each.
    pub extras_are_groups: bool,
    /// The groups that make up the project's own dependencies: always on.
    pub base: BTreeSet<Name>,
}

/// A project or workspace member whose dependencies are installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Root {
    /// Its name; absent for a workspace or project without one.
    pub name: Option<Name>,
    /// The project as a package of the lock, if it is one.
    pub package: Option<Arc<Package>>,
    /// Whether it is the project at the lock's own place.
    pub is_main: bool,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
    /// What each of its extras adds.
    pub extras: BTreeMap<Name, Vec<Dependency>>,
    /// What each of its groups adds.
    pub groups: BTreeMap<Name, Vec<Dependency>>,
    /// The Pythons that a group is for, where the group names its own.
    pub group_pythons: BTreeMap<Name, VersionSpecifiers>,
}

/// One locked package.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// Its name.
    pub name: Name,
    /// Its version; absent where it is known only once built, and in formats that left it open.
    pub version: Option<Version>,
    /// Where it comes from.
    pub source: Source,
    /// The files that may be installed.
    pub artifacts: Vec<Artifact>,
    /// The hashes of all files of the release, in formats that do not say which file has which.
    pub hashes: Hashes,
    /// The Pythons that it runs on, where the format says so.
    pub requires_python: Option<VersionSpecifiers>,
    /// When it is installed.
    pub marker: Option<Marker>,
    /// In a listing: the groups that ask for it, each with its own marker.
    pub groups: BTreeMap<Name, Option<Marker>>,
    /// In a graph: what it depends on.
    pub dependencies: Vec<Dependency>,
    /// In a graph: what each of its extras adds.
    pub extras: BTreeMap<Name, Vec<Dependency>>,
    /// Where it stands in the lock.
    pub at: Place,
}

/// An edge of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// On what.
    pub name: Name,
    /// With which extras of it.
    pub extras: BTreeSet<Name>,
    /// When.
    pub marker: Option<Marker>,
    /// Which, where the lock holds several of the name.
    pub pick: Pick,
}

/// How an edge tells several packages of one name apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    /// It does not: there is one.
    Only,
    /// By its exact version and source, as far as they are given.
    Exact {
        /// The version.
        version: Option<Version>,
        /// The source.
        source: Option<Source>,
    },
    /// By what it allows: one of these sets of specifiers.
    AnyOf(Vec<VersionSpecifiers>),
    /// By the markers of the packages themselves, whatever extras and groups are on.
    Forked,
}

/// Where a package comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An index; the address is absent where the format does not say which.
    Index {
        /// Its address.
        url: Option<String>,
    },
    /// A commit of a repository.
    Git {
        /// The repository's address, without what Git does not understand.
        url: GitUrl,
        /// The full id of the commit. In requirements files and `Pipfile.lock` it is whatever revision is named
        /// there, and empty if none is.
        commit: String,
        /// The branch, tag or commit that was asked for, where the lock says so.
        revision: Option<String>,
        /// The folder of the project in it.
        subdirectory: Option<String>,
    },
    /// An archive or wheel at an address.
    Url {
        /// The address.
        url: HttpUrl,
        /// The folder of the project in it.
        subdirectory: Option<String>,
    },
    /// An archive or wheel in the context.
    File {
        /// Its path relative to the lock.
        path: String,
        /// The folder of the project in it.
        subdirectory: Option<String>,
    },
    /// A folder of the context.
    Directory {
        /// Its path relative to the lock; `.` is the lock's own folder.
        path: String,
        /// What is made of it.
        install: Install,
    },
}

/// What is made of a folder with sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Install {
    /// A wheel is built and installed.
    Built,
    /// The sources stay where they are and are put on the path.
    Editable,
    /// Nothing: only its dependencies are wanted.
    Not,
}

/// Extras, groups and projects of which at most one can be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its sides.
    pub items: Vec<ConflictItem>,
    /// Where the lock declares it.
    pub at: Place,
}

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConflictItem {
    /// The project that has the extra or group, or else the project as a whole.
    pub package: Name,
    /// The extra, if it is one.
    pub extra: Option<Name>,
    /// The group, if it is one.
    pub group: Option<Name>,
}

impl Package {
    /// A package of which nothing but its name, source and place is known yet.
    pub(super) fn new(name: Name, source: Source, at: Place) -> Self {
        Self {
            name,
            version: None,
            source,
            artifacts: Vec::new(),
            hashes: Hashes::default(),
            requires_python: None,
            marker: None,
            groups: BTreeMap::new(),
            dependencies: Vec::new(),
            extras: BTreeMap::new(),
            at,
        }
    }

    /// `name version`, for messages.
    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.to_string(),
        }
    }
}

impl Dependency {
    pub(super) fn on(name: Name) -> Self {
        Self { name, extras: BTreeSet::new(), marker: None, pick: Pick::Only }
    }
}

impl Lock {
    /// A lock without packages.
    pub(super) fn empty(format: Format, roots: Roots) -> Self {
        Self {
            format,
            requires_python: None,
            environments: Vec::new(),
            packages: Vec::new(),
            roots,
            conflicts: Vec::new(),
            indexes: Vec::new(),
            policy: Policy::default(),
            build_constraints: Vec::new(),
            build_settings: BTreeMap::new(),
            trace: Trace::None,
        }
    }

    /// The roots that an image is made from: the member that is asked for, or else the project at the lock's own
    /// place, or else all. Empty if there is no such member.
    pub fn roots_of<'r>(roots: &'r [Root], member: Option<&Name>) -> Vec<&'r Root> {
        let Some(member) = member else {
            let main: Vec<&Root> = roots.iter().filter(|root| root.is_main).collect();
            return if main.is_empty() { roots.iter().collect() } else { main };
        };
        roots.iter().filter(|root| root.name.as_ref() == Some(member)).collect()
    }

    /// Whether the project in the lock's own folder is installed itself; nothing where the lock has no such project.
    pub fn installs_own_folder(&self) -> Option<bool> {
        let Roots::Graph(roots) = &self.roots else { return None };
        let package = roots.iter().find(|root| root.is_main)?.package.as_ref()?;
        match &package.source {
            Source::Directory { install, .. } => Some(*install != Install::Not),
            _ => None,
        }
    }

    /// The extras that can be asked for together with `member`.
    pub fn extras_of(&self, member: Option<&Name>) -> BTreeSet<Name> {
        match &self.roots {
            Roots::Listed(listing) => listing.extras.clone(),
            Roots::Graph(roots) => {
                let chosen = Self::roots_of(roots, member).into_iter();
                chosen.flat_map(|root| root.extras.keys().cloned()).collect()
            }
        }
    }

    /// The groups that can be asked for together with `member`: its own, and those of the project at the lock's own
    /// place or of a workspace without one.
    pub fn groups_of(&self, member: Option<&Name>) -> BTreeSet<Name> {
        match &self.roots {
            Roots::Listed(listing) => listing.groups.clone(),
            Roots::Graph(roots) => {
                let above = roots.iter().filter(|root| root.is_main || root.name.is_none());
                let chosen = Self::roots_of(roots, member).into_iter().chain(above);
                chosen.flat_map(|root| root.groups.keys().cloned()).collect()
            }
        }
    }

    /// The extras that can be asked for.
    pub fn extras(&self) -> BTreeSet<Name> {
        match &self.roots {
            Roots::Listed(listing) => listing.extras.clone(),
            Roots::Graph(roots) => roots.iter().flat_map(|root| root.extras.keys().cloned()).collect(),
        }
    }

    /// The groups that can be asked for.
    pub fn groups(&self) -> BTreeSet<Name> {
        match &self.roots {
            Roots::Listed(listing) => listing.groups.clone(),
            Roots::Graph(roots) => roots.iter().flat_map(|root| root.groups.keys().cloned()).collect(),
        }
    }
}
