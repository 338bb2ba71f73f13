//! The tags that a target accepts, best first.

use std::collections::{BTreeMap, BTreeSet};

use super::{Architecture, Libc, Target, WheelName};

/// The tags of a target, with the rank of each.
///
/// Tags are stored as positions in three small tables. So the thousands of wheels in a lock are ranked
/// without making a text for each tag.
#[derive(Clone, Debug)]
pub struct Tags {
    pythons: BTreeMap<String, u32>,
    abis: BTreeMap<String, u32>,
    platforms: BTreeMap<String, u32>,
    /// The rank by python, abi and platform. 0 is the best rank.
    ranks: BTreeMap<(u32, u32, u32), u32>,
    ordered: Vec<String>,
}

/// The reason why a wheel does not run on a target: its rightmost tag that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mismatch {
    /// Another operating system, another processor, another C library, or a newer C library.
    Platform,
    /// Another version or build of Python.
    Python,
}

impl Tags {
    /// The tags of `target`, in the order of uv: `linux_ARCH` is the last platform.
    pub fn of(target: &Target) -> Self {
        Self::over(target, &platforms(target))
    }

    /// The tags of `target`, in the order of `packaging` since version 26, which pip, poetry and pdm use:
    /// `linux_ARCH` is the first platform.
    pub fn linux_first(target: &Target) -> Self {
        let mut platforms = platforms(target);
        platforms.rotate_right(1);
        Self::over(target, &platforms)
    }

    fn over(target: &Target, platforms: &[String]) -> Self {
        let mut tags = Self {
            pythons: BTreeMap::new(),
            abis: BTreeMap::new(),
            platforms: BTreeMap::new(),
            ranks: BTreeMap::new(),
            ordered: Vec::new(),
        };
        let (major, minor) = (target.python.major, target.python.minor);
        let interpreter = format!("cp{major}{minor}");
        let (own, stable) = if target.python.free_threaded {
            (format!("{interpreter}t"), "abi3t")
        } else {
            (interpreter.clone(), "abi3")
        };
        for abi in [own.as_str(), stable, "none"] {
            tags.push_all(&interpreter, abi, platforms);
        }
        for older in (2..minor).rev() {
            tags.push_all(&format!("cp{major}{older}"), stable, platforms);
        }
        let generic: Vec<String> = std::iter::once(format!("py{major}{minor}"))
            .chain(std::iter::once(format!("py{major}")))
            .chain((0..minor).rev().map(|older| format!("py{major}{older}")))
            .collect();
        for python in &generic {
            tags.push_all(python, "none", platforms);
        }
        tags.push(&interpreter, "none", "any");
        for python in &generic {
            tags.push(python, "none", "any");
        }
        tags
    }

    fn push_all(&mut self, python: &str, abi: &str, platforms: &[String]) {
        for platform in platforms {
            self.push(python, abi, platform);
        }
    }

    fn push(&mut self, python: &str, abi: &str, platform: &str) {
        let key = (
            position(&mut self.pythons, python),
            position(&mut self.abis, abi),
            position(&mut self.platforms, platform),
        );
        let rank = u32::try_from(self.ordered.len()).unwrap_or(u32::MAX);
        self.ranks.entry(key).or_insert(rank);
        self.ordered.push(format!("{python}-{abi}-{platform}"));
    }

    /// All tags, best first.
    pub fn ordered(&self) -> &[String] {
        &self.ordered
    }

    /// The rank of `wheel`. 0 is the best rank. `None` if the wheel does not fit.
    pub fn rank(&self, wheel: &WheelName) -> Option<u32> {
        // Each tag counts once, because a name may repeat a tag many times.
        let known = |table: &BTreeMap<String, u32>, tags: &[String]| -> BTreeSet<u32> {
            tags.iter().filter_map(|tag| table.get(tag).copied()).collect()
        };
        let platforms = known(&self.platforms, &wheel.platforms);
        if platforms.is_empty() {
            return None;
        }
        let (pythons, abis) = (known(&self.pythons, &wheel.pythons), known(&self.abis, &wheel.abis));
        let triples = pythons.iter().flat_map(|python| {
            let platforms = &platforms;
            abis.iter().flat_map(move |abi| platforms.iter().map(move |platform| (*python, *abi, *platform)))
        });
        triples.filter_map(|triple| self.ranks.get(&triple).copied()).min()
    }

    /// The reason why `wheel` does not fit. `None` if the wheel fits.
    pub fn mismatch(&self, wheel: &WheelName) -> Option<Mismatch> {
        if self.rank(wheel).is_some() {
            return None;
        }
        if wheel.platforms.iter().any(|platform| self.platforms.contains_key(platform)) {
            Some(Mismatch::Python)
        } else {
            Some(Mismatch::Platform)
        }
    }
}

fn position(table: &mut BTreeMap<String, u32>, tag: &str) -> u32 {
    if let Some(known) = table.get(tag) {
        return *known;
    }
    let next = u32::try_from(table.len()).unwrap_or(u32::MAX);
    table.insert(tag.to_owned(), next);
    next
}

/// The platform tags of `target`, best first.
fn platforms(target: &Target) -> Vec<String> {
    let machine = target.architecture.name();
    let mut platforms = Vec::new();
    match target.libc {
        Libc::Glibc { major: 2, minor } => {
            let oldest = oldest_glibc(target.architecture);
            for version in (oldest..=minor).rev() {
                platforms.push(format!("manylinux_2_{version}_{machine}"));
                if let Some(legacy) = legacy(version) {
                    platforms.push(format!("{legacy}_{machine}"));
                }
            }
        }
        // There is no glibc 3, and no current Python runs on glibc 1.
        Libc::Glibc { .. } => {}
        Libc::Musl { major, minor } => {
            platforms
                .extend((0..=minor).rev().map(|version| format!("musllinux_{major}_{version}_{machine}")));
        }
    }
    platforms.push(format!("linux_{machine}"));
    platforms
}

/// The oldest minor version of glibc with a manylinux policy for an architecture.
fn oldest_glibc(architecture: Architecture) -> u32 {
    match architecture {
        Architecture::X86_64 | Architecture::I686 => 5,
        _ => 17,
    }
}

/// The platform name from before PEP 600.
fn legacy(minor: u32) -> Option<&'static str> {
    match minor {
        17 => Some("manylinux2014"),
        12 => Some("manylinux2010"),
        5 => Some("manylinux1"),
        _ => None,
    }
}
