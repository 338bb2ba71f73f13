//! Conda packages in layers, grouped as wheels are.

use super::conda_order::{self, CondaTool};
use super::spread::{Grouped, ON_TOP, PROJECT, contents};
use crate::address::{FileName, HttpUrl};
use crate::diagnostics::Place;

/// A conda package as it gets into an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CondaPlan {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The name of its file.
    pub file: FileName,
    /// Where it comes from.
    pub from: CondaFrom,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes, where the lock has it.
    pub size: Option<u64>,
    /// The names of the conda packages that it requires.
    pub requires: Vec<String>,
    /// Where a file of the project locks it.
    pub at: Option<Place>,
}

/// Where a conda package comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CondaFrom {
    /// An address.
    Http(HttpUrl),
    /// A file of the context.
    Context(String),
}

impl CondaFrom {
    /// The address or path.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Http(url) => url.as_str(),
            Self::Context(path) => path,
        }
    }
}

/// Packages that are unpacked together: one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaLayer {
    /// What it is called: the package's name, or the bucket's.
    pub name: String,
    /// The packages.
    pub packages: Vec<CondaPlan>,
}

impl CondaLayer {
    /// What is in it, for progress.
    pub fn contents(&self) -> String {
        contents(&self.packages).unwrap_or_else(|| self.name.clone())
    }
}

/// The layers of conda packages of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaSet {
    /// The project's own dependencies.
    pub base: Vec<CondaLayer>,
    /// What groups add.
    pub extra: Vec<CondaLayer>,
    /// The names of the project's own dependencies in the order of their installation, as if there were no groups.
    pub base_order: Vec<String>,
    /// The names of all packages in the order of their installation.
    pub order: Vec<String>,
}

impl CondaPlan {
    /// Whether it may hold modules for any version of Python, which come without bytecode: channels keep such packages
    /// in a folder of their own.
    pub fn is_for_any_python(&self) -> bool {
        self.from.as_str().rsplit('/').nth(1) == Some("noarch")
    }
}

impl Grouped for CondaPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    fn size(&self) -> u64 {
        self.size.unwrap_or(0)
    }
}

impl CondaSet {
    /// Layers for `base`, and for what of `all` is not in it, which `tool` would install.
    pub fn new(base: Vec<CondaPlan>, all: Vec<CondaPlan>, tool: CondaTool) -> Self {
        let base_order = conda_order::of_installation(&base, tool);
        let order = conda_order::of_installation(&all, tool);
        let extra = all.into_iter().filter(|one| !base.iter().any(|other| other.name == one.name)).collect();
        let layer = |(name, packages)| CondaLayer { name, packages };
        Self {
            base: PROJECT.layers(base, "packages").into_iter().map(layer).collect(),
            extra: ON_TOP.layers(extra, "group packages").into_iter().map(layer).collect(),
            base_order,
            order,
        }
    }

    /// All layers, lowest first.
    pub fn layers(&self) -> impl Iterator<Item = &CondaLayer> {
        self.base.iter().chain(&self.extra)
    }

    /// The packages that are files of the context.
    pub fn context_paths(&self) -> impl Iterator<Item = &str> {
        self.layers().flat_map(|layer| &layer.packages).filter_map(|package| match &package.from {
            CondaFrom::Context(path) => Some(path.as_str()),
            CondaFrom::Http(_) => None,
        })
    }
}
