//! The comparison of layers: which files several packages bring, and whose file is seen.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::list::Listed;
use crate::install::ToolError;
use crate::install::tree::parents;
use crate::install::unpack::conflict;
use crate::install::wheel::Problem;

/// The layers of an environment.
pub(super) struct Layers {
    packages: Vec<Package>,
    /// All files, by place; those of one place by layer, the lowest first.
    files: Vec<File>,
}

/// A package in a layer.
struct Package {
    name: String,
    file: String,
    layer: usize,
    /// The number of the package's name. A package that two layers have has one number.
    number: usize,
    /// Whether the layer belongs to the project's own dependencies.
    is_below: bool,
    /// The place in the order of installation: among the packages below alone, and among all.
    places: [usize; 2],
}

/// A file of a package.
struct File {
    place: String,
    /// Hash and size; empty where nothing is known of the content.
    content: String,
    package: usize,
}

/// What a comparison has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Packages below that need a common layer.
    pub(super) below: Vec<BTreeSet<String>>,
    /// Packages that need a common layer above.
    pub(super) all: Vec<BTreeSet<String>>,
    /// What the user is told where the layers are right.
    pub(super) warnings: Vec<String>,
}

/// Sets of numbers that grow together.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The number that stands for the set of `number`.
    fn of(&mut self, mut number: usize) -> usize {
        while let Some(next) = self.0.get(number).copied().filter(|next| *next != number) {
            // Half of the way is cut off for who comes next.
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

/// Packages of one scope: those below alone, or all.
struct Scope {
    sets: Sets,
    /// Packages with a file of which another package's is seen.
    wrong: BTreeSet<usize>,
}

impl Scope {
    fn new(count: usize) -> Self {
        Self { sets: Sets::new(count), wrong: BTreeSet::new() }
    }

    /// The sets that have a package with a wrong file.
    fn needed(&mut self) -> BTreeSet<usize> {
        self.wrong.iter().map(|number| self.sets.of(*number)).collect()
    }
}

/// Whether two files are the same, as far as is known.
fn is_same(one: &File, other: &File) -> bool {
    one.content == other.content && !one.content.is_empty()
}

impl Layers {
    /// Layers in their order, the lowest first; the first `below` of them belong to the project's own dependencies. The
    /// orders have the place of each package in the order of installation.
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
        // Packages stand in the order of their layers.
        files.sort_by(|a, b| (&a.place, a.package).cmp(&(&b.place, b.package)));
        Self { packages, files }
    }

    /// Compares them.
    ///
    /// # Errors
    /// If a path is a file of one package and a folder of another.
    pub(super) fn compare(&self) -> Result<Found, ToolError> {
        self.check_folders()?;
        let (mut below, mut all) = (Scope::new(self.packages.len()), Scope::new(self.packages.len()));
        // The places of each pair of packages: one whose file is not seen in the end, and the one whose file is.
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
            // What lies below has been put right by itself.
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
            // Who unpacks a layer tells of the packages in the layer, and will tell of those that get a common one.
            let in_one = one.layer == two.layer;
            let is_decided = needed.contains(&all.sets.of(one.number))
                || (one.is_below && two.is_below && needed_below.contains(&below.sets.of(one.number)));
            if !in_one && !is_decided {
                found.warnings.push(conflict(&one.file, &two.file, place, places.len()));
            }
        }
        Ok(found)
    }

    /// What is a file in one layer and a folder in another would hide all that is in the folder, or the file.
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

/// The file that is seen: of the upper layer, and there of the package that is installed last.
fn seen<'l>(held: &[Held<'l>], order: usize) -> Option<Held<'l>> {
    held.iter().copied().max_by_key(|(_, package)| (package.layer, package.places.get(order).copied()))
}

/// Notes what the files of one place say: whose have other contents belong together, and are wrong if another file is
/// seen than the right one.
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
