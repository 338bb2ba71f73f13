//! Compares layers: finds the files that several packages have in common, and the package whose file is
//! visible.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::list::Listed;
use crate::install::ToolError;
use crate::install::tree::parents;
use crate::install::unpack::conflict;
use crate::install::wheel::Problem;

/// The layers of an environment.
pub(super) struct Layers {
    packages: Vec<Package>,
    /// All files, sorted by path. Files with the same path are sorted by layer, the lowest first.
    files: Vec<File>,
}

/// A package in a layer.
struct Package {
    name: String,
    file: String,
    layer: usize,
    /// The number of the package's name. A package that occurs in two layers has one number.
    number: usize,
    /// Whether the layer belongs to the project's own dependencies.
    is_below: bool,
    /// The position in the order of installation: among the lower packages alone, and among all packages.
    places: [usize; 2],
}

/// A file of a package.
struct File {
    place: String,
    /// Hash and size; empty if the content is unknown.
    content: String,
    package: usize,
}

/// The result of a comparison.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Sets of lower packages that need a common layer.
    pub(super) below: Vec<BTreeSet<String>>,
    /// Sets of packages that need a common layer above.
    pub(super) all: Vec<BTreeSet<String>>,
    /// Warnings about files whose layers are right.
    pub(super) warnings: Vec<String>,
}

/// Disjoint sets of numbers (union-find).
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The representative of the set that contains `number`.
    fn of(&mut self, mut number: usize) -> usize {
        while let Some(next) = self.0.get(number).copied().filter(|next| *next != number) {
            // Shortens the path by half for later searches.
            let after = self.0.get(next).copied().unwrap_or(next);
            if let Some(entry) = self.0.get_mut(number) {
                *entry = after;
            }
            number = after;
        }
        number
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        if let Some(entry) = self.0.get_mut(one.max(other)) {
            *entry = one.min(other);
        }
    }
}

/// The packages of one scope: the lower ones, or all.
struct Scope {
    sets: Sets,
    /// Packages with a file that is hidden by the wrong package's file.
    wrong: BTreeSet<usize>,
}

impl Scope {
    fn new(count: usize) -> Self {
        Self { sets: Sets::new(count), wrong: BTreeSet::new() }
    }

    /// The sets that contain a package with a wrong file.
    fn needed(&mut self) -> BTreeSet<usize> {
        self.wrong.iter().map(|number| self.sets.of(*number)).collect()
    }
}

/// Whether two files are known to have the same content.
fn is_same(one: &File, other: &File) -> bool {
    one.content == other.content && !one.content.is_empty()
}

impl Layers {
    /// The layers in their order, the lowest first. The first `below` layers belong to the project's own
    /// dependencies. The orders map each package to its position in the order of installation.
    pub(super) fn new(
        lists: Vec<Vec<Listed>>,
        below: usize,
        order_below: &BTreeMap<String, usize>,
        order: &BTreeMap<String, usize>,
    ) -> Self {
        let (mut packages, mut files) = (Vec::new(), Vec::new());
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for (layer, list) in lists.into_iter().enumerate() {
            for Listed { name, file, rows, .. } in list {
                let next = numbers.len();
                let number = *numbers.entry(name.clone()).or_insert(next);
                let place = |order: &BTreeMap<String, usize>| order.get(&name).copied().unwrap_or_default();
                let places = [place(order_below), place(order)];
                let package = packages.len();
                files.extend(rows.into_iter().map(|(place, content)| File { place, content, package }));
                packages.push(Package { name, file, layer, number, is_below: layer < below, places });
            }
        }
        // Packages have the order of their layers.
        files.sort_by(|a, b| (&a.place, a.package).cmp(&(&b.place, b.package)));
        Self { packages, files }
    }

    /// Compares the layers.
    ///
    /// # Errors
    /// If a path is a file of one package and a folder of another.
    pub(super) fn compare(&self) -> Result<Found, ToolError> {
        self.check_folders()?;
        let (mut below, mut all) = (Scope::new(self.packages.len()), Scope::new(self.packages.len()));
        // The paths of each pair of packages: first the package whose file is hidden, then the package whose
        // file is visible.
        let mut pairs: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
        for files in self.files.chunk_by(|a, b| a.place == b.place) {
            let held: Vec<(&File, &Package)> =
                files.iter().filter_map(|file| Some((file, self.packages.get(file.package)?))).collect();
            if held.len() < 2 {
                continue;
            }
            let lower: Vec<_> = held.iter().copied().filter(|(_, package)| package.is_below).collect();
            let right_below = lower.iter().copied().max_by_key(|(_, package)| package.places[0]);
            join(&mut below, &lower, right_below, seen(&lower, 0));
            // The lower layers have already been handled.
            let upper: Vec<_> = held.iter().copied().filter(|(_, package)| !package.is_below).collect();
            let has_upper = !upper.is_empty();
            let right =
                if has_upper { held.iter().copied().max_by_key(|(_, p)| p.places[1]) } else { right_below };
            let top = if has_upper { seen(&upper, 1) } else { right_below };
            join(&mut all, &held, right, top);
            let Some((right_file, right)) = right else { continue };
            for (file, package) in held {
                if package.number != right.number && !is_same(file, right_file) {
                    pairs.entry((file.package, right_file.package)).or_default().push(&file.place);
                }
            }
        }
        let (needed_below, needed) = (below.needed(), all.needed());
        let mut found = Found {
            below: self.named(&mut below.sets, &needed_below),
            all: self.named(&mut all.sets, &needed),
            warnings: Vec::new(),
        };
        for ((first, last), places) in pairs {
            let numbers = [first, last].map(|at| self.packages.get(at));
            let ([Some(one), Some(two)], Some(place)) = (numbers, places.first()) else { continue };
            // If both packages are in one layer, or get a common layer, the step that unpacks this layer
            // warns.
            let in_one = one.layer == two.layer;
            let is_decided = needed.contains(&all.sets.of(one.number))
                || (one.is_below && two.is_below && needed_below.contains(&below.sets.of(one.number)));
            if !in_one && !is_decided {
                found.warnings.push(conflict(&one.file, &two.file, place, places.len()));
            }
        }
        Ok(found)
    }

    /// Refuses a path that is a file in one layer and a folder in another. One of them would hide the other.
    fn check_folders(&self) -> Result<(), ToolError> {
        let places: HashSet<&str> = self.files.iter().map(|file| file.place.as_str()).collect();
        let parent = self.files.iter().find_map(|file| parents(&file.place).find(|p| places.contains(p)));
        let Some(parent) = parent else { return Ok(()) };
        let holder = self.files.iter().find(|file| file.place == parent);
        let package = holder.and_then(|file| self.packages.get(file.package));
        let file = package.map_or("", |package| package.file.as_str());
        Err(Problem::FileAndFolder(parent.to_owned()).of(file).into())
    }

    /// The names of the packages in these sets.
    fn named(&self, sets: &mut Sets, needed: &BTreeSet<usize>) -> Vec<BTreeSet<String>> {
        let mut named: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for package in &self.packages {
            let set = sets.of(package.number);
            if needed.contains(&set) {
                named.entry(set).or_default().insert(package.name.clone());
            }
        }
        let mut named: Vec<_> = named.into_values().collect();
        named.sort();
        named
    }
}

type Held<'l> = (&'l File, &'l Package);

/// The visible file: that of the highest layer, and in this layer that of the package that is installed last.
fn seen<'l>(held: &[Held<'l>], order: usize) -> Option<Held<'l>> {
    held.iter().copied().max_by_key(|(_, package)| (package.layer, package.places.get(order).copied()))
}

/// Records the files of one path. Packages with different contents belong to the same set. They are wrong if
/// the visible file is not the right one.
fn join(scope: &mut Scope, held: &[Held<'_>], right: Option<Held<'_>>, top: Option<Held<'_>>) {
    let (Some((right, package)), Some((top, _))) = (right, top) else { return };
    for (file, other) in held {
        if other.number != package.number && !is_same(file, right) {
            scope.sets.join(package.number, other.number);
        }
    }
    if top.package != right.package && !is_same(top, right) {
        scope.wrong.insert(package.number);
    }
}
