//! Groups packages into layers, so that a changed package changes as little as possible of an image.
//!
//! Every layer costs time in every build, and a changed package costs the bytes of its layer. So each of the
//! heaviest packages has a layer of its own. The others are distributed over a fixed number of buckets.
//! Packages of similar size share a bucket, so that a small package that changes often does not change the
//! layer of a large one. Within a class of sizes, a hash of the package's name selects the bucket. So adding,
//! removing or updating a package changes only one bucket.
//!
//! The layers of the heaviest packages come first, and those of the smallest packages last. Image stores
//! unpack all layers after the first changed one again, and heavy packages change least often.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The smallest size, in bytes, of a package that can have a layer of its own.
pub(super) const HEAVY: u64 = 1 << 20;

/// The largest number of characters for package names of a layer in the progress. Further packages are only
/// counted.
const MOST_NAMED: usize = 48;

/// A package that is distributed over layers.
pub(super) trait Grouped: Ord {
    /// The name, which selects the bucket.
    fn name(&self) -> &str;
    /// Name and version, for progress.
    fn label(&self) -> String;
    /// The size in bytes; 0 if it is unknown.
    fn size(&self) -> u64;
}

/// The number of layers for each class of packages.
///
/// docs/benchmarks.md describes the replay of real locks from which the numbers come.
#[derive(Clone, Copy)]
pub(super) struct Spread {
    /// The number of the heaviest packages that have layers of their own.
    alone: usize,
    /// The classes of the other packages, the heaviest first: the minimum size of a package and the number of
    /// buckets.
    classes: &'static [(u64, u64)],
    /// The number of buckets for packages of unknown size. A lock contains the sizes of all packages or of
    /// none.
    unknown: u64,
}

/// The layers of a project: at most 24.
pub(super) const PROJECT: Spread = Spread {
    alone: 8,
    classes: &[(4 << 20, 5), (HEAVY, 3), (256 << 10, 3), (64 << 10, 3), (1, 2)],
    unknown: 8,
};

/// The layers of groups, and of packages on top of another environment: at most 9.
pub(super) const ON_TOP: Spread =
    Spread { alone: 4, classes: &[(HEAVY, 2), (256 << 10, 1), (1, 2)], unknown: 4 };

impl Spread {
    /// The number of buckets for packages of known size.
    fn buckets(self) -> u64 {
        self.classes.iter().map(|(_, buckets)| buckets).sum()
    }

    /// The bucket of a package, counted from 0 among the buckets of its kind.
    fn place<T: Grouped>(self, package: &T) -> Place {
        let mut before = 0;
        for (from, buckets) in self.classes {
            if package.size() >= *from {
                return Place::Known(before + bucket(package.name(), *buckets));
            }
            before += buckets;
        }
        Place::Unknown(bucket(package.name(), self.unknown))
    }

    /// Distributes packages over layers. Each layer has a name.
    pub(super) fn layers<T: Grouped>(self, packages: Vec<T>, kind: &str) -> Vec<(String, Vec<T>)> {
        let (mut heavy, mut light): (Vec<_>, Vec<_>) =
            packages.into_iter().partition(|package| package.size() >= HEAVY);
        heavy.sort_by(|a, b| (Reverse(a.size()), a.name()).cmp(&(Reverse(b.size()), b.name())));
        light.extend(heavy.split_off(heavy.len().min(self.alone)));
        let mut filled: BTreeMap<Place, Vec<T>> = BTreeMap::new();
        for package in light {
            filled.entry(self.place(&package)).or_default().push(package);
        }
        let alone = heavy.into_iter().map(|package| (package.label(), vec![package]));
        let together = filled.into_iter().map(|(place, mut packages)| {
            packages.sort();
            let (number, all) = match place {
                Place::Known(number) => (number, self.buckets()),
                Place::Unknown(number) => (number, self.unknown),
            };
            (format!("{kind} {:02} of {all:02}", number + 1), packages)
        });
        alone.chain(together).collect()
    }
}

/// A bucket.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A bucket for packages of unknown size.
    Unknown(u64),
    /// A bucket for packages of one class of sizes.
    Known(u64),
}

/// A list of packages for the progress: a single package with its version, several by name as long as there
/// is room.
pub(super) fn contents<T: Grouped>(packages: &[T]) -> Option<String> {
    let (first, others) = packages.split_first()?;
    if others.is_empty() {
        return Some(first.label());
    }
    let mut shown = first.name().to_owned();
    for (at, other) in others.iter().enumerate() {
        if shown.len() + 2 + other.name().len() > MOST_NAMED {
            return Some(format!("{shown} and {} more", others.len() - at));
        }
        shown = format!("{shown}, {}", other.name());
    }
    Some(shown)
}

/// The bucket of a package. It is a hash of only its name, so no other package changes it.
fn bucket(name: &str, buckets: u64) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    number % buckets.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Package(String, u32, u64);

    impl Grouped for Package {
        fn name(&self) -> &str {
            &self.0
        }

        fn label(&self) -> String {
            format!("{} {}", self.0, self.1)
        }

        fn size(&self) -> u64 {
            self.2
        }
    }

    fn package(name: &str, version: u32, size: u64) -> Package {
        Package(name.to_owned(), version, size)
    }

    fn many() -> Vec<Package> {
        let light = (0..70).map(|number| package(&format!("light-{number}"), 1, 1000 << (number % 10)));
        let heavy = (0..30).map(|number| package(&format!("heavy-{number}"), 1, HEAVY + (number << 18)));
        light.chain(heavy).collect()
    }

    fn changed(before: &[Package], after: &[Package]) -> usize {
        let before = PROJECT.layers(before.to_vec(), "wheels");
        let after = PROJECT.layers(after.to_vec(), "wheels");
        before
            .iter()
            .filter(|layer| !after.contains(layer))
            .count()
            .max(after.iter().filter(|layer| !before.contains(layer)).count())
    }

    #[test]
    fn a_package_that_is_added_removed_or_bumped_touches_one_layer() {
        let before = many();
        for place in 0..before.len() {
            let mut bumped = before.clone();
            bumped[place].1 = 2;
            assert_eq!(changed(&before, &bumped), 1, "{}", before[place].0);
        }
        let fewer: Vec<_> = before.iter().filter(|package| package.0 != "light-9").cloned().collect();
        assert_eq!(changed(&before, &fewer), 1);
        let mut more = before.clone();
        more.push(package("new", 1, 10));
        assert_eq!(changed(&before, &more), 1);
    }

    #[test]
    fn the_number_of_layers_is_bounded() {
        let all = PROJECT.layers(many(), "wheels");
        assert!(all.len() <= 24, "{}", all.len());
        assert_eq!(all.iter().map(|(_, packages)| packages.len()).sum::<usize>(), 100);
        let all = ON_TOP.layers(many(), "wheels");
        assert!(all.len() <= 9, "{}", all.len());
        let unsized_: Vec<_> = many().into_iter().map(|package| Package(package.0, 1, 0)).collect();
        assert_eq!(PROJECT.layers(unsized_, "wheels").len(), 8);
    }

    #[test]
    fn the_heaviest_come_first_and_sizes_do_not_mix() {
        let all = PROJECT.layers(many(), "wheels");
        assert_eq!(all[0].0, "heavy-29 1");
        let classes: Vec<_> = PROJECT.classes.iter().map(|(from, _)| *from).collect();
        let class = |package: &Package| classes.iter().position(|from| package.2 >= *from).unwrap();
        let mut last = 0;
        for (name, packages) in &all[PROJECT.alone..] {
            let found: std::collections::BTreeSet<_> = packages.iter().map(class).collect();
            assert_eq!(found.len(), 1, "{name}");
            let class = *found.first().unwrap();
            assert!(class >= last, "{name}");
            last = class;
        }
    }

    #[test]
    fn a_layer_is_called_by_what_is_in_it_as_far_as_there_is_room() {
        let shown =
            |names: &[&str]| contents(&names.iter().map(|name| package(name, 1, 10)).collect::<Vec<_>>());
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&["click"]).as_deref(), Some("click 1"));
        assert_eq!(shown(&["certifi", "idna"]).as_deref(), Some("certifi, idna"));
        let many = ["certifi", "charset-normalizer", "idna", "python-dateutil", "requests", "urllib3"];
        let expected = "certifi, charset-normalizer, idna and 3 more";
        assert_eq!(shown(&many).as_deref(), Some(expected));
    }
}
