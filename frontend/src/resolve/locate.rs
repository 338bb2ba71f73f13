//! Addresses for what a lock knows only by its hashes: asked of the index, and kept only where the hash agrees.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::lock::{Artifact, Location, Lock, Package, Source};
use crate::pep508::Name;
use crate::project::{Locked, Wanted};
use crate::resolve::choose;
use crate::select::{Selected, Selection, Take};
use crate::tags::{Tags, Target};

/// What has to be located, as `name==version`; sorted.
pub(super) fn unlocated(selection: &Selection) -> Vec<String> {
    let needed = selection.entries.iter().filter(|entry| needs_address(entry));
    let mut pins: Vec<_> = needed
        .filter_map(|entry| Some(format!("{}=={}", entry.package.name, entry.package.version.as_ref()?)))
        .collect();
    pins.sort();
    pins
}

/// Where the lock has them.
pub(super) fn wanted(selection: &Selection, locked: &Locked) -> Vec<Wanted> {
    let needed = selection.entries.iter().filter(|entry| needs_address(entry));
    needed
        .filter_map(|entry| {
            let at = choose::place(entry, Some(locked))?;
            Some(Wanted { name: entry.package.name.as_str().to_owned(), at })
        })
        .collect()
}

fn needs_address(entry: &Selected) -> bool {
    match &entry.take {
        Take::Wheel(artifact) | Take::Sdist(artifact) => artifact.location == Location::Index,
        Take::Release => matches!(entry.package.source, Source::Index { .. }),
        Take::Source => false,
    }
}

/// Files that were located, by package.
pub(super) struct Located {
    files: BTreeMap<Name, Artifact>,
}

impl Located {
    /// Picks for each package of `selection` the file that the lock means: of what the index has, only files whose
    /// hash is locked count.
    pub(super) fn new(index: &Lock, selection: &Selection, target: &Target) -> Self {
        let tags = Tags::of(target);
        let mut files = BTreeMap::new();
        for entry in selection.entries.iter().filter(|entry| needs_address(entry)) {
            let found = index.packages.iter().find(|package| package.name == entry.package.name);
            if let Some(artifact) = found.and_then(|package| pick(package, entry, &tags)) {
                files.insert(entry.package.name.clone(), artifact);
            }
        }
        Self { files }
    }

    /// The file of a package.
    pub(super) fn file(&self, name: &Name) -> Option<&Artifact> {
        self.files.get(name)
    }
}

fn pick(index: &Arc<Package>, entry: &Selected, tags: &Tags) -> Option<Artifact> {
    let locked: BTreeSet<&str> = match &entry.take {
        Take::Wheel(artifact) | Take::Sdist(artifact) => artifact.hashes.sha256().into_iter().collect(),
        Take::Release | Take::Source => {
            let all = entry.package.hashes.iter().filter(|hash| hash.algorithm == "sha256");
            all.map(|hash| hash.digest.as_str()).collect()
        }
    };
    let agrees = |artifact: &&Artifact| artifact.hashes.sha256().is_some_and(|hash| locked.contains(hash));
    let wheels = index.artifacts.iter().filter(agrees);
    // As pip chooses of several files with the same tag: the highest build number, then the last by name. The rank
    // counts from the best tag on.
    let ranked = wheels.filter_map(|artifact| {
        let wheel = artifact.wheel()?;
        Some(((tags.rank(wheel)?, Reverse((wheel.build.clone(), &artifact.file))), artifact))
    });
    let best = ranked.min_by(|left, right| left.0.cmp(&right.0)).map(|(_, artifact)| artifact.clone());
    best.or_else(|| {
        index.artifacts.iter().filter(agrees).find(|artifact| artifact.wheel().is_none()).cloned()
    })
}
