//! Packages in layers: which go together, so that a changed package changes as little as possible of an image.
//!
//! Every layer costs time in every build, and a changed package costs the bytes of its layer. So the heaviest packages are
//! layers of their own. The others are spread over a fixed number of buckets. Packages of one size go together: a small
//! package that changes often takes no large one with it. Within a class of sizes, a hash of the package's name decides
//! the bucket, so a package that is added, removed or bumped touches one bucket and no other.
//!
//! The layers of the heaviest packages come first, and those of the smallest last: image stores unpack everything after
//! the first layer that changed, and heavy packages change least.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// Packages from this size on, in bytes, can be layers of their own.
pub(super) const HEAVY: u64 = 1 << 20;

/// The most characters of names that stand for a layer in the progress; further ones are counted.
const MOST_NAMED: usize = 48;

/// What is spread over layers.
pub(super) trait Grouped: Ord {
    /// The name, which decides the bucket.
    fn name(&self) -> &str;
    /// Name and version, for progress.
    fn label(&self) -> String;
    /// The size in bytes, 0 where it is not known.
    fn size(&self) -> u64;
}

/// How many layers there are, and for what.
///
/// docs/benchmarks.md has the replay of real locks that the numbers come from.
#[derive(Clone, Copy)]
pub(super) struct Spread {
    /// How many of the heaviest packages are layers of their own.
    alone: usize,
    /// The classes of the others, heaviest first: the size that their packages have at least, and their buckets.
    classes: &'static [(u64, u64)],
    /// The buckets of packages of unknown size. A lock has the sizes of all packages, or of none.
    unknown: u64,
}

/// What a project needs: at most 24 layers.
pub(super) const PROJECT: Spread = Spread {
    alone: 8,
    classes: &[(4 << 20, 5), (HEAVY, 3), (256 << 10, 3), (64 << 10, 3), (1, 2)],
    unknown: 8,
};

/// What groups add on top, and what is installed beside another environment: at most 9 layers.
pub(super) const ON_TOP: Spread =
    Spread { alone: 4, classes: &[(HEAVY, 2), (256 << 10, 1), (1, 2)], unknown: 4 };

impl Spread {
    /// All buckets of packages whose size is known.
    fn buckets(self) -> u64 {
        self.classes.iter().map(|(_, buckets)| buckets).sum()
    }

    /// The place of a package among the buckets of its kind, from 0.
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

    /// Spreads packages over layers, each with what it is called.
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
    /// Of packages of unknown size.
    Unknown(u64),
    /// Of packages of one class of sizes.
    Known(u64),
}

/// Packages for progress: one with its version, several by their names as far as there is room.
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

/// The bucket of a package: a hash of its name alone, so that no other package moves it.
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
