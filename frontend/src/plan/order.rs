//! The order of installation. If several packages have the same file, the file of the package that is
//! installed last is kept.
//!
//! pip installs the requirements of a package before the package. Packages with the same distance from the
//! end of such a chain are installed in descending order of their names (`get_topological_weights` and
//! `get_installation_order` in pip's resolver; measured with pip 23.2). uv installs all packages at the same
//! time, so its order is random. This module follows pip's order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::WheelPlan;

/// The names of the packages in the order in which pip installs them.
pub(super) fn of_installation<'w>(wheels: impl Iterator<Item = &'w WheelPlan>) -> Vec<&'w str> {
    let wheels: BTreeMap<&str, &WheelPlan> = wheels.map(|wheel| (wheel.name.as_str(), wheel)).collect();
    let required = |name: &str| {
        let names = wheels.get(name).into_iter().flat_map(|wheel| &wheel.requires).map(String::as_str);
        names.filter(|other| *other != name && wheels.contains_key(other)).collect::<BTreeSet<&str>>()
    };
    // `open` counts the requirements of each package that are not in the order yet. `requiring` lists the
    // packages that require a package.
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut requiring: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in wheels.keys().copied() {
        let required = required(name);
        open.insert(name, required.len());
        for other in required {
            if let Some((other, _)) = wheels.get_key_value(other) {
                requiring.entry(other).or_default().push(name);
            }
        }
    }
    let mut order = Vec::with_capacity(wheels.len());
    let mut next: Vec<&str> = open.iter().filter(|(_, open)| **open == 0).map(|(name, _)| *name).collect();
    while !next.is_empty() {
        next.sort_unstable_by_key(|name| Reverse(*name));
        let mut after = Vec::new();
        for name in next {
            open.remove(name);
            order.push(name);
            for other in requiring.get(name).into_iter().flatten() {
                if let Some(count) = open.get_mut(other) {
                    *count -= 1;
                    if *count == 0 {
                        after.push(*other);
                    }
                }
            }
        }
        next = after;
    }
    // The remaining packages form circles, or require packages of a circle.
    order.extend(circles(&open.into_keys().collect(), &required));
    order
}

/// Orders packages that require each other. The packages with the largest distance from the project's
/// requirements come first.
fn circles<'w>(left: &BTreeSet<&'w str>, required: &dyn Fn(&str) -> BTreeSet<&'w str>) -> Vec<&'w str> {
    let mut wanted: BTreeSet<&str> = left.clone();
    for name in left {
        for other in required(name) {
            wanted.remove(other);
        }
    }
    let mut distance: BTreeMap<&str, usize> = BTreeMap::new();
    // If no package outside of the circles requires them, the first package by name is the start.
    let mut ring: BTreeSet<&str> = wanted;
    let mut far = 0;
    loop {
        if ring.is_empty() {
            match left.iter().find(|name| !distance.contains_key(**name)) {
                Some(name) => ring.insert(name),
                None => break,
            };
        }
        far += 1;
        let mut next = BTreeSet::new();
        for name in ring {
            if distance.insert(name, far).is_none() {
                next.extend(required(name).into_iter().filter(|other| left.contains(other)));
            }
        }
        ring = next.into_iter().filter(|name| !distance.contains_key(name)).collect();
    }
    let mut names: Vec<&str> = left.iter().copied().collect();
    names.sort_by_key(|name| Reverse((distance.get(name).copied().unwrap_or(0), *name)));
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{BuildFrom, WheelFrom};
    use crate::project::BuildRules;

    fn package(name: &str, requires: &[&str]) -> WheelPlan {
        WheelPlan {
            name: name.to_owned(),
            version: None,
            from: WheelFrom::Built(BuildFrom::Context { path: name.to_owned(), editable: false }),
            requested: false,
            requires: requires.iter().map(|name| (*name).to_owned()).collect(),
            build: BuildRules::default(),
            at: None,
            direct_url: None,
        }
    }

    /// Packages with their requirements, and the expected order.
    type Case<'c> = (&'c [(&'c str, &'c [&'c str])], &'c [&'c str]);

    /// The orders are those that `pip install` 23.2 prints ("Installing collected packages: …") for wheels
    /// with these requirements.
    #[test]
    fn what_is_required_comes_first_and_names_go_backwards() {
        let cases: [Case<'_>; 4] = [
            (&[("a", &[]), ("b", &[]), ("c", &[])], &["c", "b", "a"]),
            (&[("a", &["z"]), ("b", &[]), ("z", &[])], &["z", "b", "a"]),
            // The fork has a requirement and the original has none, so the fork is installed later and its
            // files are kept.
            (
                &[("urllib3", &[]), ("urllib3-future", &["h11"]), ("h11", &[]), ("requests", &["urllib3"])],
                &["urllib3", "h11", "urllib3-future", "requests"],
            ),
            (
                &[("a", &["b"]), ("b", &["c"]), ("c", &[]), ("d", &["c"]), ("e", &["a", "not-there"])],
                &["c", "d", "b", "a", "e"],
            ),
        ];
        for (packages, expected) in cases {
            let packages: Vec<_> = packages.iter().map(|(name, requires)| package(name, requires)).collect();
            assert_eq!(of_installation(packages.iter()), expected);
            assert_eq!(of_installation(packages.iter().rev()), expected);
        }
    }

    #[test]
    fn circles_have_an_order_too() {
        let packages =
            [package("a", &["b"]), package("b", &["c"]), package("c", &["b"]), package("x", &["x"])];
        assert_eq!(of_installation(packages.iter()), ["x", "c", "b", "a"]);
    }
}
