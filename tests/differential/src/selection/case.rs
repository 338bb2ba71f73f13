//! A project with its indexes, sources and workspace members, and the questions about its lock.
//!
//! A case has no addresses, so it can be kept as a file. The addresses are added when the case is written to
//! a folder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The tool that locks, as the report names it: `uv`, `pylock`, `poetry`, ….
    pub(crate) kind: String,
    /// The indexes; the first is the default one.
    pub(crate) indexes: Vec<Index>,
    /// Packages that are in no index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) trees: Vec<Tree>,
    /// The project, then the other members of its workspace.
    pub(crate) members: Vec<Member>,
    /// Sets of extras and groups of which one at most may be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) conflicts: Vec<Vec<ConflictItem>>,
    /// Requirements that take the place of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) overrides: Vec<Req>,
    /// Requirements that narrow others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) constraints: Vec<Req>,
    /// Markers of the environments that the lock is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) environments: Vec<String>,
    /// More keys of the tool's table, as lines of TOML.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) settings: Vec<String>,
    /// What is asked of the lock.
    pub(crate) asks: Vec<Ask>,
    /// For which machines.
    pub(crate) targets: Vec<String>,
}

/// An index of packages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Index {
    /// Its name.
    pub(crate) name: String,
    /// Whether only packages that name it come from it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) explicit: bool,
    /// What it has.
    pub(crate) releases: Vec<Release>,
}

/// A version of a package in an index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// The package.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// What it requires.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requires: Vec<Req>,
    /// What its extras require.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) extras: BTreeMap<String, Vec<Req>>,
    /// The Pythons that it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) python: String,
    /// Its files: compatibility tags, with a build number before where there is one, or `sdist`.
    pub(crate) files: Vec<String>,
    /// Those of the files that were taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) yanked: Vec<String>,
}

/// A package that is in no index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tree {
    /// The package.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// How it can be had.
    pub(crate) form: Form,
    /// What it requires.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requires: Vec<Req>,
    /// What its extras require.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) extras: BTreeMap<String, Vec<Req>>,
}

/// How a package that is in no index can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    /// A folder of the project.
    #[default]
    Folder,
    /// A folder of the project whose sources are used where they are.
    Editable,
    /// A wheel in a folder of the project.
    WheelFile,
    /// A wheel at an address.
    WheelUrl,
    /// A source archive at an address.
    SdistUrl,
    /// A repository.
    Git,
}

/// A requirement.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Req {
    /// The package.
    pub(crate) name: String,
    /// With these extras.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) extras: Vec<String>,
    /// In these versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) spec: String,
    /// When.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) marker: String,
}

/// An entry of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Item {
    /// A requirement.
    Req(Req),
    /// Another group.
    Include(String),
}

/// A project or a member of its workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// Its name.
    pub(crate) name: String,
    /// The Pythons that it is for.
    pub(crate) python: String,
    /// Whether it is built and installed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) package: bool,
    /// What it requires.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requires: Vec<Req>,
    /// What its extras require.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) extras: BTreeMap<String, Vec<Req>>,
    /// Its groups.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) groups: BTreeMap<String, Vec<Item>>,
    /// Where packages come from that do not come from the default index.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) sources: BTreeMap<String, Vec<Origin>>,
}

/// Where a package comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Origin {
    /// `workspace`, `tree`, or the name of an index.
    pub(crate) from: String,
    /// When.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) marker: String,
    /// For this extra alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) extra: String,
    /// For this group alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
}

/// A side of a conflict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConflictItem {
    /// The member, where it is not the project.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) package: String,
    /// The extra.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) extra: String,
    /// The group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) group: String,
}

/// What is asked of a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// The member; the project where it is empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) member: String,
    /// The extras.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) extras: Vec<String>,
    /// The groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Req {
    /// The requirement as PEP 508 writes it.
    pub(crate) fn text(&self) -> String {
        let extras =
            if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        let marker = if self.marker.is_empty() { String::new() } else { format!(" ; {}", self.marker) };
        format!("{}{extras}{}{marker}", self.name, self.spec)
    }

    /// The same, on the condition that an extra is asked for.
    pub(crate) fn of_extra(&self, extra: &str) -> String {
        let marker = if self.marker.is_empty() {
            format!("extra == '{extra}'")
        } else {
            format!("({}) and extra == '{extra}'", self.marker)
        };
        Self { marker, ..self.clone() }.text()
    }
}

impl Tree {
    /// The folder of the project that it is in, where it is in one.
    pub(crate) fn folder(&self) -> String {
        format!("libs/{}", self.name)
    }

    /// What an installed copy says of where it comes from.
    pub(crate) fn origin(&self) -> String {
        match self.form {
            Form::WheelFile | Form::WheelUrl => self.wheel_file(),
            Form::SdistUrl => format!("{}-{}.tar.gz", self.name, self.version),
            Form::Folder | Form::Editable | Form::Git => format!("tree {}", self.name),
        }
    }

    /// The name of its wheel.
    pub(crate) fn wheel_file(&self) -> String {
        format!("{}-{}-py3-none-any.whl", self.name, self.version)
    }
}

impl Member {
    /// The folder that it is in, below the workspace's own.
    pub(crate) fn folder(&self) -> String {
        format!("members/{}", self.name)
    }
}

impl Release {
    /// The name of a file of the release.
    pub(crate) fn file_name(&self, file: &str) -> String {
        match file {
            "sdist" => format!("{}-{}.tar.gz", self.name, self.version),
            tag => format!("{}-{}-{tag}.whl", self.name, self.version),
        }
    }
}

impl std::fmt::Display for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { member, extras, groups } = self;
        write!(f, "member {member:?}, extras {extras:?}, groups {groups:?}")
    }
}
