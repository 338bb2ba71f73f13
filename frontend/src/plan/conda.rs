//! Conda packages in layers, grouped in the same way as wheels.

use super::conda_order::{self, CondaTool};
use super::spread::{Grouped, ON_TOP, PROJECT, contents};
use crate::address::{FileName, HttpUrl};
use crate::diagnostics::Place;

/// A conda package of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CondaPlan {
    /// The name of the package.
    pub name: String,
    /// The version of the package.
    pub version: String,
    /// The name of the package's file.
    pub file: FileName,
    /// The place from which the file comes.
    pub from: CondaFrom,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The size of the file in bytes, if the lock contains it.
    pub size: Option<u64>,
    /// The names of the conda packages that it requires.
    pub requires: Vec<String>,
    /// The place of the package in the lock, if a file of the project locks it.
    pub at: Option<Place>,
}

/// The place from which a conda package comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CondaFrom {
    /// A URL.
    Http(HttpUrl),
    /// A file of the context.
    Context(String),
}

impl CondaFrom {
    /// The URL or path.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Http(url) => url.as_str(),
            Self::Context(path) => path,
        }
    }
}

/// Packages that are unpacked together into one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaLayer {
    /// The name of the layer: the name of its package or of its bucket.
    pub name: String,
    /// The packages.
    pub packages: Vec<CondaPlan>,
}

impl CondaLayer {
    /// The contents of the layer for the progress.
    pub fn contents(&self) -> String {
        contents(&self.packages).unwrap_or_else(|| self.name.clone())
    }
}

/// The layers of conda packages of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaSet {
    /// The project's own dependencies.
    pub base: Vec<CondaLayer>,
    /// The packages that groups add.
    pub extra: Vec<CondaLayer>,
    /// The names of the project's own dependencies in the order of their installation, computed without
    /// groups.
    pub base_order: Vec<String>,
    /// The names of all packages in the order of their installation.
    pub order: Vec<String>,
}

impl CondaPlan {
    /// Whether the package may contain modules for any Python version, which have no bytecode. Channels keep
    /// such packages in a separate folder.
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
    /// The layers for `base`, and for the packages of `all` that are not in `base`. The order is that of
    /// `tool`.
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

    /// All layers, from the lowest to the highest.
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
