//! Packages that must share one layer because they have the same files.
//!
//! The files of a package are known only after unpacking. So layers are first made without this knowledge. If
//! two layers have the same file, and their order differs from the order of installation, the layers are made
//! again with these packages together. Within a layer, the order of installation decides.

use std::collections::{BTreeMap, BTreeSet};

use super::spread::{Grouped, contents};
use super::{CondaLayer, CondaPlan, CondaSet, WheelLayer, WheelPlan, WheelSet, order};

/// The result of comparing an environment's layers: sets of package names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Together {
    /// Sets among the project's own dependencies. They do not depend on groups.
    pub below: Vec<BTreeSet<String>>,
    /// Sets of packages of groups and packages that have the same files. The packages from lower layers are
    /// repeated in the new layer.
    pub all: Vec<BTreeSet<String>>,
}

impl Together {
    /// Reads the output of `pybuild tool overlaps`; `None` if the text has another format.
    pub fn parse(text: &str) -> Option<Self> {
        let mut found = Self::default();
        for line in text.lines() {
            let (kind, names) = line.split_once(' ')?;
            let names = names.split(' ').map(str::to_owned).collect();
            match kind {
                "below" => found.below.push(names),
                "all" => found.all.push(names),
                _ => return None,
            }
        }
        Some(found)
    }

    /// Whether no packages need a common layer.
    pub fn is_empty(&self) -> bool {
        self.below.is_empty() && self.all.is_empty()
    }
}

impl WheelSet {
    /// The environment with the packages of each set in a common layer. `below` are the layers to which the
    /// environment is added; they stay unchanged. Without such layers it is empty.
    #[must_use]
    pub fn with_together(&self, together: &Together, below: &[WheelLayer]) -> Self {
        let mut set = self.clone();
        if below.is_empty() {
            gather(&mut set.base, &together.below, &by_name(self.base.iter()));
        }
        gather(&mut set.extra, &together.all, &by_name(below.iter().chain(self.layers())));
        set
    }
}

/// The names of the packages in layers, in the order of their installation.
pub fn installation_order<'w>(layers: impl Iterator<Item = &'w WheelLayer>) -> Vec<&'w str> {
    order::of_installation(layers.flat_map(|layer| &layer.wheels))
}

impl CondaSet {
    /// The environment with the packages of each set in a common layer.
    #[must_use]
    pub fn with_together(&self, together: &Together) -> Self {
        let mut set = self.clone();
        gather(&mut set.base, &together.below, &by_name(self.base.iter()));
        gather(&mut set.extra, &together.all, &by_name(self.layers()));
        set
    }
}

/// A layer of packages of one kind.
trait Layer {
    /// The type of the layer's packages.
    type Package: Grouped + Clone;

    fn new(name: String, packages: Vec<Self::Package>) -> Self;
    fn packages(&self) -> &[Self::Package];
    fn keep(&mut self, is_kept: impl Fn(&Self::Package) -> bool);
}

impl Layer for WheelLayer {
    type Package = WheelPlan;

    fn new(name: String, wheels: Vec<WheelPlan>) -> Self {
        Self { name, wheels }
    }

    fn packages(&self) -> &[WheelPlan] {
        &self.wheels
    }

    fn keep(&mut self, is_kept: impl Fn(&WheelPlan) -> bool) {
        self.wheels.retain(is_kept);
    }
}

impl Layer for CondaLayer {
    type Package = CondaPlan;

    fn new(name: String, packages: Vec<CondaPlan>) -> Self {
        Self { name, packages }
    }

    fn packages(&self) -> &[CondaPlan] {
        &self.packages
    }

    fn keep(&mut self, is_kept: impl Fn(&CondaPlan) -> bool) {
        self.packages.retain(is_kept);
    }
}

fn by_name<'l, L: Layer + 'l>(layers: impl Iterator<Item = &'l L>) -> BTreeMap<&'l str, &'l L::Package> {
    layers.flat_map(Layer::packages).map(|package| (package.name(), package)).collect()
}

/// Removes the packages of each set from their layers, and puts a layer with the whole set on top. The order
/// of the other layers was found to be right and stays the same.
fn gather<L: Layer>(layers: &mut Vec<L>, sets: &[BTreeSet<String>], known: &BTreeMap<&str, &L::Package>) {
    for set in sets {
        let packages: Vec<L::Package> = set
            .iter()
            .filter_map(|name| known.get(name.as_str()).map(|package| (*package).clone()))
            .collect();
        // A set for other layers can leave a single package here. It needs no layer of its own.
        let Some(contents) = contents(&packages).filter(|_| packages.len() > 1) else { continue };
        for layer in layers.iter_mut() {
            layer.keep(|package| !set.contains(package.name()));
        }
        layers.retain(|layer| !layer.packages().is_empty());
        layers.push(L::new(format!("with the same files: {contents}"), packages));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{FileName, HttpUrl};
    use crate::lock::Hash;
    use crate::plan::WheelFrom;
    use crate::project::BuildRules;

    fn wheel(name: &str, size: u64) -> WheelPlan {
        let from = WheelFrom::Http {
            url: HttpUrl::parse(&format!("https://files.example/{name}-1.0-py3-none-any.whl")).unwrap(),
            hash: Hash::of_sha256("00"),
            file: FileName::parse(&format!("{name}-1.0-py3-none-any.whl")).unwrap(),
            size: Some(size),
        };
        WheelPlan {
            name: name.into(),
            version: Some("1.0".into()),
            from,
            direct_url: None,
            requested: false,
            requires: Vec::new(),
            build: BuildRules::default(),
            at: None,
        }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn shown(layers: &[WheelLayer]) -> Vec<(&str, Vec<&str>)> {
        layers
            .iter()
            .map(|layer| {
                (layer.name.as_str(), layer.wheels.iter().map(|wheel| wheel.name.as_str()).collect())
            })
            .collect()
    }

    #[test]
    fn the_answer_of_the_comparison_is_read() {
        let read = Together::parse("below a b\nall a b c\n");
        assert_eq!(read, Some(Together { below: vec![set(&["a", "b"])], all: vec![set(&["a", "b", "c"])] }));
        assert_eq!(Together::parse(""), Some(Together::default()));
        assert!(Together::default().is_empty());
        assert_eq!(Together::parse("a b\n"), None);
        assert_eq!(Together::parse("all\n"), None);
    }

    #[test]
    fn packages_with_the_same_files_leave_their_layers_and_the_other_layers_stay() {
        let base = vec![wheel("fork", 4 << 20), wheel("large", 3 << 20), wheel("original", 2 << 20)];
        let all = [&base[..], &[wheel("linter", 10), wheel("other", 2 << 20)]].concat();
        let whole = WheelSet::new("3.13".into(), &base, all, true);
        let together = Together {
            below: vec![set(&["fork", "original"])],
            all: vec![set(&["fork", "original", "other"])],
        };
        let gathered = whole.with_together(&together, &[]);
        let both = ("with the same files: fork, original", vec!["fork", "original"]);
        assert_eq!(shown(&gathered.base), [("large 1.0", vec!["large"]), both]);
        let [(_, linter), (name, three)] = &shown(&gathered.extra)[..] else { panic!("two layers") };
        assert_eq!(
            (linter.as_slice(), three.as_slice()),
            (&["linter"][..], &["fork", "original", "other"][..])
        );
        assert_eq!(*name, "with the same files: fork, original, other");

        // The layers of a stage below stay unchanged.
        let alone = WheelSet::new("3.13".into(), &base, base.clone(), true);
        let (added, _) = whole.clone().on_top_of(&alone);
        let added = added.with_together(&together, &alone.base);
        assert_eq!(added.base, alone.base);
        assert_eq!(shown(&added.extra), shown(&gathered.extra));

        let nothing = whole.with_together(&Together::default(), &[]);
        assert_eq!(nothing, whole);
    }
}
