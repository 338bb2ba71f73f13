//! The wheels of an environment, in layers.

use std::collections::{BTreeMap, BTreeSet};

use super::CondaSet;
use super::spread::{Grouped, ON_TOP, PROJECT, Spread, contents};
use crate::address::{Commit, FileName, GitUrl, HttpUrl};
use crate::diagnostics::Place;
use crate::lock::Hash;
use crate::project::BuildRules;

/// A package of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WheelPlan {
    /// The normalised name of the package.
    pub name: String,
    /// The version, if it is known before a build.
    pub version: Option<String>,
    /// The source of the wheel.
    pub from: WheelFrom,
    /// Whether the project requires the package by name.
    pub requested: bool,
    /// The packages that it requires, sorted, if the lock contains them. They decide the order of
    /// installation, and they are relations in the SBOM.
    pub requires: Vec<String>,
    /// The rules for building it, if it must be built.
    pub build: BuildRules,
    /// The place of the package in the lock, if a file of the project locks it.
    pub at: Option<Place>,
    /// The text of its `direct_url.json`, if the package does not come from an index.
    pub direct_url: Option<String>,
}

impl WheelPlan {
    /// Name and version, for progress.
    pub fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether both packages install the same files.
    pub fn is_same(&self, other: &Self) -> bool {
        self.version == other.version && self.from == other.from
    }

    /// Whether the package is built from files of the context.
    pub fn is_own(&self) -> bool {
        matches!(self.from, WheelFrom::Built(BuildFrom::Context { .. }))
    }
}

impl Grouped for WheelPlan {
    fn name(&self) -> &str {
        &self.name
    }

    fn label(&self) -> String {
        Self::label(self)
    }

    fn size(&self) -> u64 {
        match &self.from {
            WheelFrom::Http { size, .. } => size.unwrap_or(0),
            WheelFrom::Context { .. } | WheelFrom::Built(_) => 0,
        }
    }
}

/// The source of a wheel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WheelFrom {
    /// A URL, with the hash from the lock.
    Http {
        /// The URL.
        url: HttpUrl,
        /// The hash that the file must have.
        hash: Hash,
        /// The file's name.
        file: FileName,
        /// The size in bytes, if the lock contains it.
        size: Option<u64>,
    },
    /// A file of the context.
    Context {
        /// The path of the file.
        path: String,
        /// The hash of the file in the lock.
        hash: Option<Hash>,
    },
    /// A wheel that is built first.
    Built(BuildFrom),
}

/// The source from which a wheel is built.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildFrom {
    /// A source distribution.
    Sdist {
        /// The URL.
        url: HttpUrl,
        /// The hash that the file must have, if one is known.
        hash: Option<Hash>,
        /// The file's name.
        file: FileName,
    },
    /// A commit of a repository.
    Git {
        /// The repository's URL.
        url: GitUrl,
        /// The commit.
        commit: Commit,
        /// The project's folder in the repository, a relative path without `..`.
        subdirectory: Option<String>,
    },
    /// A folder or archive of the context.
    Context {
        /// The path of the folder or archive.
        path: String,
        /// Whether it is a part of the project that people edit. In development images, programs run its
        /// code.
        editable: bool,
    },
}

/// Wheels that are unpacked together into one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelLayer {
    /// The name of the layer: the name of its package or of its bucket.
    pub name: String,
    /// The wheels, by name.
    pub wheels: Vec<WheelPlan>,
}

impl WheelLayer {
    /// The contents of the layer for the progress. The name of a bucket would always be the same and say
    /// nothing about its contents.
    pub fn contents(&self) -> String {
        contents(&self.wheels).unwrap_or_else(|| self.name.clone())
    }
}

/// The layers of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelSet {
    /// The minor version of Python, such as `3.13`, or `3.13t` for the free-threaded build.
    pub python: String,
    /// The conda packages of the environment, including Python.
    pub conda: Option<CondaSet>,
    /// The project's own dependencies.
    pub base: Vec<WheelLayer>,
    /// The packages that groups add.
    pub extra: Vec<WheelLayer>,
    /// Whether modules get bytecode.
    pub bytecode: bool,
}

impl WheelSet {
    /// Layers for the packages of `base`, and for the other packages of `all`, which is the whole
    /// environment. If `all` has another version of a package in `base`, the layers contain the version of
    /// `all`. Equal layers are shared.
    pub fn new(python: String, base: &[WheelPlan], all: Vec<WheelPlan>, bytecode: bool) -> Self {
        let (base, extra) = parted(base, all);
        Self {
            python,
            conda: None,
            base: layers(base, PROJECT, "wheels"),
            extra: layers(extra, ON_TOP, "group wheels"),
            bytecode,
        }
    }

    /// Like [`Self::new`], on top of a conda environment.
    pub fn on_conda(
        python: String,
        conda: CondaSet,
        base: &[WheelPlan],
        all: Vec<WheelPlan>,
        bytecode: bool,
    ) -> Self {
        let (base, extra) = parted(base, all);
        // Most heavy packages are conda packages.
        Self {
            python,
            conda: Some(conda),
            base: layers(base, ON_TOP, "wheels"),
            extra: layers(extra, ON_TOP, "group wheels"),
            bytecode,
        }
    }

    /// The packages that must be added to the environment `below`. Also the packages that cannot be added
    /// because `below` has another version or file of them, each with the package below.
    pub fn on_top_of(mut self, below: &Self) -> (Self, Vec<(WheelPlan, WheelPlan)>) {
        let there: BTreeMap<&str, &WheelPlan> = below
            .layers()
            .flat_map(|layer| &layer.wheels)
            .map(|wheel| (wheel.name.as_str(), wheel))
            .collect();
        let mut extra = Vec::new();
        let mut others = Vec::new();
        for wheel in self.base.iter().chain(&self.extra).flat_map(|layer| &layer.wheels) {
            match there.get(wheel.name.as_str()) {
                Some(known) if known.is_same(wheel) => {}
                Some(known) => others.push(((*known).clone(), wheel.clone())),
                None => extra.push(wheel.clone()),
            }
        }
        self.base.clone_from(&below.base);
        self.extra = layers(extra, ON_TOP, "group wheels");
        (self, others)
    }

    /// All layers, from the lowest to the highest.
    pub fn layers(&self) -> impl Iterator<Item = &WheelLayer> {
        self.base.iter().chain(&self.extra)
    }

    /// Whether a package with this normalised name is in the layers.
    pub fn has(&self, name: &str) -> bool {
        self.layers().flat_map(|layer| &layer.wheels).any(|wheel| wheel.name == name)
    }

    /// Paths of the context from which wheels come or are built.
    pub fn context_paths(&self) -> impl Iterator<Item = &str> {
        let packages = self.conda.iter().flat_map(CondaSet::context_paths);
        let wheels = self.layers().flat_map(|layer| &layer.wheels).filter_map(|wheel| match &wheel.from {
            WheelFrom::Context { path, .. } | WheelFrom::Built(BuildFrom::Context { path, .. }) => {
                Some(path.as_str())
            }
            _ => None,
        });
        packages.chain(wheels)
    }

    /// Removes the editable packages, and returns their folders, sorted.
    pub fn take_editable(&mut self) -> Vec<String> {
        let mut folders = Vec::new();
        for layers in [&mut self.base, &mut self.extra] {
            for layer in layers.iter_mut() {
                layer.wheels.retain(|wheel| match &wheel.from {
                    WheelFrom::Built(BuildFrom::Context { path, editable: true }) => {
                        folders.push(path.clone());
                        false
                    }
                    _ => true,
                });
            }
            layers.retain(|layer| !layer.wheels.is_empty());
        }
        folders.sort();
        folders.dedup();
        folders
    }

    /// Whether a package must be built before it can be installed.
    pub fn builds(&self) -> bool {
        self.layers().flat_map(|layer| &layer.wheels).any(|wheel| matches!(wheel.from, WheelFrom::Built(_)))
    }
}

/// The packages of `all` that have the name of a package in `base`, and the others.
fn parted(base: &[WheelPlan], all: Vec<WheelPlan>) -> (Vec<WheelPlan>, Vec<WheelPlan>) {
    let names: BTreeSet<&str> = base.iter().map(|wheel| wheel.name.as_str()).collect();
    all.into_iter().partition(|wheel| names.contains(wheel.name.as_str()))
}

fn layers(wheels: Vec<WheelPlan>, spread: Spread, kind: &str) -> Vec<WheelLayer> {
    // A package from the context changes with every line of its code, and would change a bucket each time.
    let (mut own, wheels): (Vec<_>, Vec<_>) = wheels.into_iter().partition(WheelPlan::is_own);
    own.sort();
    let own = (!own.is_empty()).then(|| WheelLayer { name: format!("{kind} of the project"), wheels: own });
    let layers = spread.layers(wheels, kind).into_iter();
    layers.map(|(name, wheels)| WheelLayer { name, wheels }).chain(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(name: &str, version: &str, size: u64) -> WheelPlan {
        let from = WheelFrom::Http {
            url: HttpUrl::parse(&format!("https://files.example/{name}-{version}.whl")).unwrap(),
            hash: Hash::of_sha256("00"),
            file: FileName::parse(&format!("{name}-{version}.whl")).unwrap(),
            size: Some(size),
        };
        WheelPlan {
            name: name.into(),
            version: Some(version.into()),
            from,
            requested: false,
            requires: Vec::new(),
            build: BuildRules::default(),
            at: None,
            direct_url: None,
        }
    }

    fn many() -> Vec<WheelPlan> {
        (0..100).map(|number| wheel(&format!("light-{number}"), "1.0", 1000)).collect()
    }

    #[test]
    fn what_people_work_on_is_a_layer_of_its_own_and_can_be_taken_out() {
        let own = WheelPlan {
            from: WheelFrom::Built(BuildFrom::Context { path: "libs/shared".into(), editable: true }),
            ..wheel("shared", "0", 0)
        };
        let flask = wheel("flask", "3", 10);
        let all = vec![own, flask.clone()];
        let mut set = WheelSet::new("3.13".into(), &all, all.clone(), true);
        let names: Vec<_> = set.base.iter().map(|layer| layer.name.clone()).collect();
        assert_eq!(names.last().map(String::as_str), Some("wheels of the project"));
        assert_eq!(set.take_editable(), ["libs/shared"]);
        let alone = [flask];
        assert_eq!(set.base, WheelSet::new("3.13".into(), &alone, alone.to_vec(), true).base);
    }

    #[test]
    fn groups_add_layers_and_copy_none() {
        let base = vec![wheel("flask", "3", 10)];
        let all = vec![wheel("flask", "3", 10), wheel("pytest", "8", 10)];
        let set = WheelSet::new("3.13".into(), &base, all, true);
        let alone = WheelSet::new("3.13".into(), &base, base.clone(), true);
        assert_eq!(set.base, alone.base);
        let extra: Vec<_> =
            set.extra.iter().flat_map(|layer| &layer.wheels).map(|wheel| &wheel.name).collect();
        assert_eq!(extra, ["pytest"]);
    }

    #[test]
    fn another_version_of_a_package_is_in_a_layer_of_its_own_and_the_others_are_shared() {
        let base = many();
        let mut all = base.clone();
        all[3] = wheel("light-3", "2.0", 1200);
        all.push(wheel("pytest", "8", 10));
        let alone = WheelSet::new("3.13".into(), &base, base.clone(), true);
        let set = WheelSet::new("3.13".into(), &base, all, true);
        let differing = set.base.iter().filter(|layer| !alone.base.contains(layer)).count();
        assert_eq!((differing, set.base.len(), set.extra.len()), (1, alone.base.len(), 1));
        let wheels = |set: &WheelSet| set.layers().map(|layer| layer.wheels.len()).sum::<usize>();
        assert_eq!(wheels(&set), wheels(&alone) + 1);
    }

    #[test]
    fn on_top_of_an_environment_only_what_is_new_is_added() {
        let base = vec![wheel("flask", "3", 10)];
        let with = |more: &[WheelPlan]| WheelSet::new("3.13".into(), &base, [&base[..], more].concat(), true);
        let below = with(&[wheel("pytest", "8", 10)]);
        let (set, others) = with(&[wheel("pytest", "8", 10), wheel("mypy", "1", 10)]).on_top_of(&below);
        let extra: Vec<_> = set.extra.iter().flat_map(|layer| &layer.wheels).map(WheelPlan::label).collect();
        assert_eq!((extra, others.len()), (vec!["mypy 1".to_owned()], 0));
        let (_, others) = with(&[wheel("pytest", "7", 10)]).on_top_of(&below);
        let others: Vec<_> = others.iter().map(|(there, new)| (there.label(), new.label())).collect();
        assert_eq!(others, [("pytest 8".to_owned(), "pytest 7".to_owned())]);
    }
}
