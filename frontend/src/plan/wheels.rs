//! The wheels of an environment, in layers.

use std::collections::{BTreeMap, BTreeSet};

use super::CondaSet;
use super::spread::{Grouped, ON_TOP, PROJECT, Spread, contents};
use crate::address::{Commit, FileName, GitUrl, HttpUrl};
use crate::diagnostics::Place;
use crate::lock::Hash;
use crate::project::BuildRules;

/// A package as it gets into an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WheelPlan {
    /// Its normalised name.
    pub name: String,
    /// Its version, where it is known before anything is built.
    pub version: Option<String>,
    /// Where the wheel comes from.
    pub from: WheelFrom,
    /// Whether the project asks for it by name.
    pub requested: bool,
    /// The packages that it asks for itself, sorted, where the lock says so. Nothing of an image depends on it.
    pub requires: Vec<String>,
    /// How it is built, where it has to be.
    pub build: BuildRules,
    /// Where a file of the project locks it.
    pub at: Option<Place>,
    /// The text of its `direct_url.json`, where it is from no index.
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

    /// Whether the same files are installed.
    pub fn is_same(&self, other: &Self) -> bool {
        self.version == other.version && self.from == other.from
    }

    /// Whether it is built from files of the context.
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

/// Where a wheel comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WheelFrom {
    /// An address, with the hash that the lock has.
    Http {
        /// The address.
        url: HttpUrl,
        /// The hash that the file is held to.
        hash: Hash,
        /// The file's name.
        file: FileName,
        /// Its size in bytes, where the lock has it.
        size: Option<u64>,
    },
    /// A file of the context.
    Context {
        /// Its path.
        path: String,
        /// The hash that the lock has for it.
        hash: Option<Hash>,
    },
    /// A wheel that is built first.
    Built(BuildFrom),
}

/// What a wheel is built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildFrom {
    /// A source archive.
    Sdist {
        /// The address.
        url: HttpUrl,
        /// The hash that the file is held to, where one is known.
        hash: Option<Hash>,
        /// The file's name.
        file: FileName,
    },
    /// A commit of a repository.
    Git {
        /// The repository's address.
        url: GitUrl,
        /// The commit.
        commit: Commit,
        /// The project's folder in it, of plain components.
        subdirectory: Option<String>,
    },
    /// A folder or archive of the context.
    Context {
        /// Its path.
        path: String,
        /// Whether it is a part of the project that people work on: where they do, its code is what runs.
        editable: bool,
    },
}

/// Wheels that are unpacked together: one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelLayer {
    /// What it is called: the package's name, or the bucket's.
    pub name: String,
    /// The wheels, by name.
    pub wheels: Vec<WheelPlan>,
}

impl WheelLayer {
    /// What is in it, for progress. Its name stays the same whatever is in it, and says as little.
    pub fn contents(&self) -> String {
        contents(&self.wheels).unwrap_or_else(|| self.name.clone())
    }
}

/// The layers of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelSet {
    /// The minor version of Python that they are for, as `3.13`; `3.13t` for the free-threaded build.
    pub python: String,
    /// The conda packages that the environment is made of, Python among them.
    pub conda: Option<CondaSet>,
    /// The project's own dependencies.
    pub base: Vec<WheelLayer>,
    /// What groups add.
    pub extra: Vec<WheelLayer>,
    /// Whether modules get bytecode.
    pub bytecode: bool,
}

impl WheelSet {
    /// Layers for the packages of `base`, and for the others of `all`, which is what the environment holds. Where a
    /// package of `base` is another one in `all`, that one is in the layers; the layers that are equal are shared.
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

    /// The same on top of an environment of conda packages.
    pub fn on_conda(
        python: String,
        conda: CondaSet,
        base: &[WheelPlan],
        all: Vec<WheelPlan>,
        bytecode: bool,
    ) -> Self {
        let (base, extra) = parted(base, all);
        // Most of what is heavy is a conda package.
        Self {
            python,
            conda: Some(conda),
            base: layers(base, ON_TOP, "wheels"),
            extra: layers(extra, ON_TOP, "group wheels"),
            bytecode,
        }
    }

    /// The same environment as what has to be added to the environment `below`, and the packages, each with what is
    /// below, that cannot be added because another version or file of the package is there.
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

    /// All layers, lowest first.
    pub fn layers(&self) -> impl Iterator<Item = &WheelLayer> {
        self.base.iter().chain(&self.extra)
    }

    /// Whether a package is among them, by its normalised name.
    pub fn has(&self, name: &str) -> bool {
        self.layers().flat_map(|layer| &layer.wheels).any(|wheel| wheel.name == name)
    }

    /// Paths of the context that wheels come from or are built from.
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

    /// Takes out what people work on, and gives its folders, sorted.
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

    /// Whether something has to be built before it can be installed.
    pub fn builds(&self) -> bool {
        self.layers().flat_map(|layer| &layer.wheels).any(|wheel| matches!(wheel.from, WheelFrom::Built(_)))
    }
}

/// What of `all` has the name of one of `base`, and the others.
fn parted(base: &[WheelPlan], all: Vec<WheelPlan>) -> (Vec<WheelPlan>, Vec<WheelPlan>) {
    let names: BTreeSet<&str> = base.iter().map(|wheel| wheel.name.as_str()).collect();
    all.into_iter().partition(|wheel| names.contains(wheel.name.as_str()))
}

fn layers(wheels: Vec<WheelPlan>, spread: Spread, kind: &str) -> Vec<WheelLayer> {
    // What is built from the context changes with every line of its code, and would have a bucket made again each time.
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
