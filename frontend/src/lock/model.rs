//! The model into which every format is read.
//!
//! There are two kinds of locks. A *graph* contains the dependencies of each package, and the installed
//! packages are found by a walk from the roots. A *listing* contains a condition for each package: a marker,
//! groups and extras. [`Roots`] shows the kind of a lock; all other parts are the same for both.

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
    /// The bytes of the place.
    pub span: Span,
}

/// A lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// The format of the file.
    pub format: Format,
    /// The Python versions for which the lock was made.
    pub requires_python: Option<VersionSpecifiers>,
    /// The environments for which the lock was made. One of these markers must hold. Empty means all
    /// environments.
    pub environments: Vec<Marker>,
    /// The locked packages, in the order of the file.
    pub packages: Vec<Arc<Package>>,
    /// The roots of the installed packages.
    pub roots: Roots,
    /// The extras and groups that exclude each other.
    pub conflicts: Vec<Conflict>,
    /// The indexes that the file names, in order.
    pub indexes: Vec<Index>,
    /// The kinds of files that may be used.
    pub policy: Policy,
    /// Constraints for the packages of build environments.
    pub build_constraints: Vec<String>,
    /// Settings for the build backends of single packages, as `KEY=VALUE`.
    pub build_settings: BTreeMap<Name, Vec<String>>,
    /// The record of the lock's inputs.
    pub(super) trace: Trace,
}

/// The record that a lock has of its inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Trace {
    /// No record.
    #[default]
    None,
    /// A hash of the manifest.
    Hash(ManifestHash),
    /// The requirements of the projects and the settings, which `uv.lock` contains.
    Asked(Box<Asked>),
}

/// A hash of the lock's manifest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ManifestHash {
    /// The hash in the text form of the lock.
    pub(super) text: String,
    /// Whether the lock was made by a version of Poetry whose hash does not include `[dependency-groups]`.
    pub(super) may_lack_groups: bool,
    /// The sources that pipenv writes into the lock.
    pub(super) sources: serde_json::Value,
}

impl From<String> for ManifestHash {
    fn from(text: String) -> Self {
        Self { text, may_lack_groups: false, sources: serde_json::Value::Null }
    }
}

/// The inputs of a `uv.lock`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    /// The projects in folders of the context.
    pub(super) projects: Vec<AskedProject>,
    /// The members of the workspace; empty for a single project.
    pub(super) members: BTreeSet<Name>,
    /// The lock's own `requires-python`.
    pub(super) requires_python: Option<String>,
    /// The locked packages with their versions.
    pub(super) names: BTreeMap<Name, Vec<Version>>,
    /// The URLs of the packages' indexes.
    pub(super) registries: BTreeSet<String>,
    /// The revision of the format.
    pub(super) revision: u64,
    /// The tables `options` and `manifest`, the conflicts and the lists of markers.
    pub(super) head: serde_json::Value,
}

/// The inputs of one project.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AskedProject {
    /// The name of the project.
    pub(super) name: Name,
    /// The folder of the project, relative to the lock; `.` is the lock's own folder.
    pub(super) folder: String,
    /// `virtual`, `editable` or `directory`.
    pub(super) kind: String,
    /// Whether it is the main project or a member of the workspace. The lock contains the groups of such
    /// projects.
    pub(super) is_member: bool,
    /// The groups that uv installs by default, if the lock contains them.
    pub(super) default_groups: Option<serde_json::Value>,
    /// The Python bounds of groups, if the lock contains them.
    pub(super) group_pythons: Option<serde_json::Value>,
    /// The package's `metadata` table; `None` if the lock does not have it.
    pub(super) metadata: Option<serde_json::Value>,
}

/// The start of finding the installed packages.
#[derive(Clone, Debug, PartialEq)]
pub enum Roots {
    /// The packages that can be reached from these roots are installed.
    Graph(Vec<Root>),
    /// Each package has a condition of its own.
    Listed(Listing),
}

/// The extras and groups of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The extras that can be requested.
    pub extras: BTreeSet<Name>,
    /// The groups that can be requested.
    pub groups: BTreeSet<Name>,
    /// Whether the format has no extras, but a group for each extra.
    pub extras_are_groups: bool,
    /// The groups that contain the project's own dependencies. They are always active.
    pub base: BTreeSet<Name>,
}

/// A project or workspace member whose dependencies are installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Root {
    /// The name; `None` for a workspace or project without a name.
    pub name: Option<Name>,
    /// The package of the project in the lock, if there is one.
    pub package: Option<Arc<Package>>,
    /// Whether the project is in the folder of the lock.
    pub is_main: bool,
    /// The dependencies of the project.
    pub dependencies: Vec<Dependency>,
    /// The additional dependencies of each extra.
    pub extras: BTreeMap<Name, Vec<Dependency>>,
    /// The additional dependencies of each group.
    pub groups: BTreeMap<Name, Vec<Dependency>>,
    /// The Python bounds of groups that have their own.
    pub group_pythons: BTreeMap<Name, VersionSpecifiers>,
}

/// A locked package.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// Its name.
    pub name: Name,
    /// The version. `None` if only a build shows it, and in formats that may leave it out.
    pub version: Option<Version>,
    /// The source of the package.
    pub source: Source,
    /// The files that may be installed.
    pub artifacts: Vec<Artifact>,
    /// The hashes of all files of the release, in formats that do not say which file has which hash.
    pub hashes: Hashes,
    /// The Python versions that the package supports, if the format contains them.
    pub requires_python: Option<VersionSpecifiers>,
    /// The condition under which the package is installed.
    pub marker: Option<Marker>,
    /// In a listing: the groups that require the package, each with its own marker.
    pub groups: BTreeMap<Name, Option<Marker>>,
    /// In a graph: the dependencies of the package.
    pub dependencies: Vec<Dependency>,
    /// In a graph: the additional dependencies of each extra.
    pub extras: BTreeMap<Name, Vec<Dependency>>,
    /// The place of the package in the lock.
    pub at: Place,
}

/// A dependency: an edge of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// The required package.
    pub name: Name,
    /// The extras of the required package.
    pub extras: BTreeSet<Name>,
    /// The condition of the dependency.
    pub marker: Option<Marker>,
    /// The choice among several packages with this name.
    pub pick: Pick,
}

/// The way in which an edge selects one of several packages with the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    /// There is only one package with this name.
    Only,
    /// By the exact version and source, if they are given.
    Exact {
        /// The version.
        version: Option<Version>,
        /// The source.
        source: Option<Source>,
    },
    /// By version: one of these sets of specifiers must match.
    AnyOf(Vec<VersionSpecifiers>),
    /// By the markers of the packages themselves, independently of active extras and groups.
    Forked,
}

/// The source of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An index. The URL is `None` if the format does not contain it.
    Index {
        /// The URL of the index.
        url: Option<String>,
    },
    /// A commit of a repository.
    Git {
        /// The repository's URL, without parts that Git does not understand.
        url: GitUrl,
        /// The full id of the commit. In requirements files and `Pipfile.lock` it is the revision that the
        /// file names, or empty if the file names none.
        commit: String,
        /// The requested branch, tag or commit, if the lock contains it.
        revision: Option<String>,
        /// The project's folder in the repository.
        subdirectory: Option<String>,
    },
    /// An archive or wheel at a URL.
    Url {
        /// The URL.
        url: HttpUrl,
        /// The project's folder in the archive.
        subdirectory: Option<String>,
    },
    /// An archive or wheel in the context.
    File {
        /// The path relative to the lock.
        path: String,
        /// The project's folder in the archive.
        subdirectory: Option<String>,
    },
    /// A folder of the context.
    Directory {
        /// The path relative to the lock; `.` is the lock's own folder.
        path: String,
        /// The kind of installation.
        install: Install,
    },
}

/// The kind of installation of a folder with sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Install {
    /// A wheel is built and installed.
    Built,
    /// The sources stay in their folder, and Python imports them from there.
    Editable,
    /// The folder itself is not installed, only its dependencies.
    Not,
}

/// Extras, groups and projects of which at most one can be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its sides.
    pub items: Vec<ConflictItem>,
    /// The place in the lock that declares the conflict.
    pub at: Place,
}

/// An item of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConflictItem {
    /// The project that has the extra or group. Without both, the item is the project itself.
    pub package: Name,
    /// The extra, if the item is an extra.
    pub extra: Option<Name>,
    /// The group, if the item is a group.
    pub group: Option<Name>,
}

impl Package {
    /// A package with only a name, a source and a place.
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

    /// The roots of an image: the requested member, else the main project, else all roots. Empty if the
    /// member does not exist.
    pub fn roots_of<'r>(roots: &'r [Root], member: Option<&Name>) -> Vec<&'r Root> {
        let Some(member) = member else {
            let main: Vec<&Root> = roots.iter().filter(|root| root.is_main).collect();
            return if main.is_empty() { roots.iter().collect() } else { main };
        };
        roots.iter().filter(|root| root.name.as_ref() == Some(member)).collect()
    }

    /// Whether the project in the lock's own folder is installed itself; `None` if the lock has no such
    /// project.
    pub fn installs_own_folder(&self) -> Option<bool> {
        let Roots::Graph(roots) = &self.roots else { return None };
        let package = roots.iter().find(|root| root.is_main)?.package.as_ref()?;
        match &package.source {
            Source::Directory { install, .. } => Some(*install != Install::Not),
            _ => None,
        }
    }

    /// The extras that can be requested for `member`.
    pub fn extras_of(&self, member: Option<&Name>) -> BTreeSet<Name> {
        match &self.roots {
            Roots::Listed(listing) => listing.extras.clone(),
            Roots::Graph(roots) => {
                let chosen = Self::roots_of(roots, member).into_iter();
                chosen.flat_map(|root| root.extras.keys().cloned()).collect()
            }
        }
    }

    /// The groups that can be requested for `member`: its own, and those of the main project or of a
    /// workspace without a project.
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

    /// All extras that can be requested.
    pub fn extras(&self) -> BTreeSet<Name> {
        match &self.roots {
            Roots::Listed(listing) => listing.extras.clone(),
            Roots::Graph(roots) => roots.iter().flat_map(|root| root.extras.keys().cloned()).collect(),
        }
    }

    /// All groups that can be requested.
    pub fn groups(&self) -> BTreeSet<Name> {
        match &self.roots {
            Roots::Listed(listing) => listing.groups.clone(),
            Roots::Graph(roots) => roots.iter().flat_map(|root| root.groups.keys().cloned()).collect(),
        }
    }
}
