//! The order of installation: of a file that several packages bring, the package that is installed last has the say.
//!
//! pip installs what is required before what requires it, and among packages that are equally far from the end of such a
//! chain it goes backwards by name (`get_topological_weights` and `get_installation_order` in pip's resolver; measured
//! with pip 23.2). uv installs all at once, so that its order is a matter of chance. The order of pip is followed here.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::WheelPlan;

/// The names of the packages, as pip installs them one after the other.
pub(super) fn of_installation<'w>(wheels: impl Iterator<Item = &'w WheelPlan>) -> Vec<&'w str> {
    let wheels: BTreeMap<&str, &WheelPlan> = wheels.map(|wheel| (wheel.name.as_str(), wheel)).collect();
    let required = |name: &str| {
        let names = wheels.get(name).into_iter().flat_map(|wheel| &wheel.requires).map(String::as_str);
        names.filter(|other| *other != name && wheels.contains_key(other)).collect::<BTreeSet<&str>>()
    };
    // How many packages that a package requires are not in the order yet, and who requires a package.
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
    // What is left requires itself in a circle, or requires such packages.
    order.extend(circles(&open.into_keys().collect(), &required));
    order
}

/// Packages of which each requires others of them: those that are farthest from where the project asks come first.
fn circles<'w>(left: &BTreeSet<&'w str>, required: &dyn Fn(&str) -> BTreeSet<&'w str>) -> Vec<&'w str> {
    let mut wanted: BTreeSet<&str> = left.clone();
    for name in left {
        for other in required(name) {
            wanted.remove(other);
        }
    }
    let mut distance: BTreeMap<&str, usize> = BTreeMap::new();
    // Where nothing outside of the circles asks for them, the first by name is where they begin.
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

    /// Packages with what they require, and their order.
    type Case<'c> = (&'c [(&'c str, &'c [&'c str])], &'c [&'c str]);

    /// The orders are those of `pip install` 23.2 ("Installing collected packages: …") for wheels that say so.
    #[test]
    fn what_is_required_comes_first_and_names_go_backwards() {
        let cases: [Case<'_>; 4] = [
            (&[("a", &[]), ("b", &[]), ("c", &[])], &["c", "b", "a"]),
            (&[("a", &["z"]), ("b", &[]), ("z", &[])], &["z", "b", "a"]),
            // The fork requires something and the original does not, so the fork's files are there in the end.
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
