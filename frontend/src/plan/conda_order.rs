//! The order in which conda packages are installed. If several packages have the same file, the file of the
//! package that is installed last is kept.
//!
//! Every tool installs the requirements of a package before the package itself. For packages that do not
//! require each other, the order differs between tools. This module follows the tool that reads the lock.

use std::collections::{BTreeMap, BTreeSet};

use super::CondaPlan;

/// The tool whose order is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CondaTool {
    /// conda, and all tools that install files of conda-lock. Packages are installed level by level, and by
    /// name in each level (`toposort` of conda and of conda-lock).
    Conda,
    /// pixi, which installs with rattler. Of the packages that nothing requires, the last by name comes
    /// first, together with everything that it requires (`sort_topologically` of rattler's crate
    /// `rattler_conda_types`; measured with py-rattler 0.28).
    Rattler,
}

/// The names of the packages in the order in which `tool` installs them.
pub(super) fn of_installation(packages: &[CondaPlan], tool: CondaTool) -> Vec<String> {
    let graph = Graph::of(packages);
    let order = match tool {
        CondaTool::Conda => graph.by_levels(),
        CondaTool::Rattler => graph.by_depth(),
    };
    order.into_iter().map(str::to_owned).collect()
}

/// The packages that each package requires.
struct Graph<'p> {
    requires: BTreeMap<&'p str, BTreeSet<&'p str>>,
    for_any_platform: BTreeSet<&'p str>,
}

impl<'p> Graph<'p> {
    fn of(packages: &'p [CondaPlan]) -> Self {
        let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
        let required = |package: &'p CondaPlan| {
            let others = package.requires.iter().filter_map(|name| names.get(name.as_str()).copied());
            (package.name.as_str(), others.filter(|other| *other != package.name).collect())
        };
        let of_any = packages.iter().filter(|package| package.is_for_any_python());
        Self {
            requires: packages.iter().map(required).collect(),
            for_any_platform: of_any.map(|package| package.name.as_str()).collect(),
        }
    }

    fn requiring(&self) -> BTreeMap<&'p str, Vec<&'p str>> {
        let mut requiring: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, others) in &self.requires {
            for other in others {
                requiring.entry(other).or_default().push(name);
            }
        }
        requiring
    }

    /// First the packages without requirements, then the packages that only require these, and so on. If
    /// packages require each other in a circle, the one with the fewest open requirements comes first.
    fn by_levels(mut self) -> Vec<&'p str> {
        // conda itself breaks this circle.
        if let Some(others) = self.requires.get_mut("python") {
            others.remove("pip");
        }
        let requiring = self.requiring();
        let mut open: BTreeMap<&str, usize> =
            self.requires.iter().map(|(name, others)| (*name, others.len())).collect();
        let mut waiting: BTreeSet<(usize, &str)> = open.iter().map(|(name, count)| (*count, *name)).collect();
        let mut order = Vec::with_capacity(open.len());
        while let Some(first) = waiting.first().copied() {
            let level: Vec<_> = match first {
                (0, _) => waiting.range(..(1, "")).copied().collect(),
                circle => vec![circle],
            };
            for entry in &level {
                waiting.remove(entry);
                open.remove(entry.1);
                order.push(entry.1);
            }
            for other in level.iter().filter_map(|(_, name)| requiring.get(name)).flatten() {
                if let Some(count) = open.get_mut(other) {
                    waiting.remove(&(*count, other));
                    *count = count.saturating_sub(1);
                    waiting.insert((*count, other));
                }
            }
        }
        order
    }

    /// Starts at the packages that nothing requires, the last by name first. Each package follows the
    /// packages that it requires.
    fn by_depth(mut self) -> Vec<&'p str> {
        self.cut_circles();
        let requiring = self.requiring();
        let (inner, roots): (Vec<&str>, Vec<&str>) =
            self.requires.keys().copied().partition(|name| requiring.contains_key(name));
        let mut order = Vec::with_capacity(self.requires.len());
        let mut seen = BTreeSet::new();
        // The packages after the roots form a circle that could not be cut.
        for root in roots.into_iter().rev().chain(inner) {
            let mut stack = vec![(root, false)];
            while let Some((name, is_ready)) = stack.pop() {
                if is_ready {
                    order.push(name);
                } else if seen.insert(name) {
                    stack.push((name, true));
                    stack.extend(self.requires.get(name).into_iter().flatten().map(|other| (*other, false)));
                }
            }
        }
        order
    }

    /// Removes one requirement from each circle. If a package for one platform requires a package for any
    /// platform, this requirement is removed, else the one that closes the circle.
    fn cut_circles(&mut self) {
        let mut cuts: BTreeSet<(&str, &str)> = BTreeSet::new();
        let mut done = BTreeSet::new();
        for root in self.requires.keys().copied() {
            // The path from the root. Each package is listed with the requirements that are not visited yet.
            let mut way: Vec<(&str, Vec<&str>)> = Vec::new();
            let mut on_way: BTreeMap<&str, usize> = BTreeMap::new();
            let mut next = Some(root);
            loop {
                match next.take() {
                    Some(name) if done.insert(name) => {
                        on_way.insert(name, way.len());
                        let others = self.requires.get(name).into_iter().flatten().rev().copied().collect();
                        way.push((name, others));
                    }
                    Some(name) => {
                        if let Some(start) = on_way.get(name) {
                            let circle: Vec<&str> =
                                way.iter().skip(*start).map(|(name, _)| *name).chain([name]).collect();
                            cuts.extend(self.cut(&circle));
                        }
                    }
                    None => {}
                }
                let Some((_, others)) = way.last_mut() else { break };
                match others.pop() {
                    Some(other) => next = Some(other),
                    None => {
                        if let Some((name, _)) = way.pop() {
                            on_way.remove(name);
                        }
                    }
                }
            }
        }
        for (name, other) in cuts {
            if let Some(others) = self.requires.get_mut(name) {
                others.remove(other);
            }
        }
    }

    fn cut(&self, circle: &[&'p str]) -> Option<(&'p str, &'p str)> {
        let edges = || circle.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
        let is_any = |name: &str| self.for_any_platform.contains(name);
        edges().find(|(one, other)| !is_any(one) && is_any(other)).or_else(|| edges().next_back())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{FileName, HttpUrl};
    use crate::plan::CondaFrom;

    /// `*` marks a package for any platform.
    fn package(name: &str, requires: &[&str]) -> CondaPlan {
        let (name, folder) = match name.strip_suffix('*') {
            Some(name) => (name, "noarch"),
            None => (name, "linux-64"),
        };
        let file = format!("{name}-1.0-0.conda");
        CondaPlan {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            from: CondaFrom::Http(
                HttpUrl::parse(&format!("https://channel.example/{folder}/{file}")).unwrap(),
            ),
            file: FileName::parse(&file).unwrap(),
            sha256: String::new(),
            size: None,
            requires: requires.iter().map(|name| (*name).to_owned()).collect(),
            at: None,
        }
    }

    /// The order of rattler was measured: each pair of packages had one file in common, and py-rattler 0.28.0
    /// installed all of them. The order of conda is the result of its `toposort`.
    #[test]
    fn the_order_is_that_of_the_tool() {
        type Case<'c> = (&'c [(&'c str, &'c [&'c str])], &'c str, &'c str);
        let cases: [Case<'_>; 6] = [
            (&[("a", &[]), ("b", &[]), ("c", &[])], "a b c", "c b a"),
            (&[("a", &["b"]), ("b", &["c"]), ("c", &[])], "c b a", "c b a"),
            (
                &[
                    ("app", &["lib-a", "lib-z"]),
                    ("core", &[]),
                    ("lib-a", &["core"]),
                    ("lib-z", &[]),
                    ("tool", &["lib-a"]),
                ],
                "core lib-z lib-a app tool",
                "core lib-a tool lib-z app",
            ),
            (
                &[("a", &["d"]), ("b", &[]), ("c", &["b"]), ("d", &["e"]), ("e", &[]), ("f", &["a", "c"])],
                "b e c d a f",
                "b c e d a f",
            ),
            (
                &[
                    ("python", &["pip", "zlib"]),
                    ("pip*", &["python", "setuptools"]),
                    ("setuptools*", &["python"]),
                    ("zlib", &[]),
                ],
                "zlib python setuptools pip",
                "zlib python setuptools pip",
            ),
            (&[("x", &["y"]), ("y", &["z"]), ("z", &["x"]), ("w", &["x", "unknown"])], "w x z y", "z y x w"),
        ];
        for (graph, conda, rattler) in cases {
            let packages: Vec<CondaPlan> = graph.iter().map(|(name, others)| package(name, others)).collect();
            assert_eq!(of_installation(&packages, CondaTool::Conda).join(" "), conda, "{graph:?}");
            assert_eq!(of_installation(&packages, CondaTool::Rattler).join(" "), rattler, "{graph:?}");
        }
    }

    #[test]
    fn a_long_chain_and_a_large_circle_cost_little() {
        let name = |number: usize| format!("p{number:05}");
        let count = 20_000;
        let mut packages: Vec<CondaPlan> =
            (0..count).map(|number| package(&name(number), &[&name(number + 1)])).collect();
        packages.push(package(&name(count), &[&name(0)]));
        for tool in [CondaTool::Conda, CondaTool::Rattler] {
            assert_eq!(of_installation(&packages, tool).len(), count + 1);
        }
    }
}
