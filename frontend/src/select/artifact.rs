//! Selects the file of a package.

use std::cmp::Reverse;

use super::{SelectError, Take, remedy};
use crate::lock::{Artifact, ArtifactKind, Install, Location, Lock, Package, Source};
use crate::tags::{Tags, Target};

/// The way in which `package` is installed; `None` for a folder that only contributes dependencies.
pub(super) fn take(
    package: &Package,
    target: &Target,
    tags: &Tags,
    lock: &Lock,
) -> Result<Option<Take>, SelectError> {
    let policy = &lock.policy;
    match &package.source {
        Source::Directory { install: Install::Not, .. } => return Ok(None),
        Source::Directory { .. } | Source::Git { .. } => return Ok(Some(Take::Source)),
        Source::Url { .. } | Source::File { .. } if package.artifacts.is_empty() => {
            return Ok(Some(Take::Source));
        }
        Source::Url { .. } | Source::File { .. } | Source::Index { .. } => {}
    }
    // A hash does not help: pip refuses a package that has a hash but no version.
    if package.version.is_none() && package.artifacts.is_empty() {
        return Err(SelectError::Unpinned { package: package.name.clone(), at: package.at.clone() });
    }
    if !policy.no_wheels.covers(&package.name)
        && let Some(wheel) = best_wheel(&package.artifacts, tags, lock.format.prefers_builds())
    {
        return Ok(Some(Take::Wheel(wheel.clone())));
    }
    let sdist = package.artifacts.iter().find(|artifact| artifact.kind == ArtifactKind::Sdist);
    match sdist.filter(|_| !policy.only_wheels.covers(&package.name)) {
        Some(sdist) => return Ok(Some(Take::Sdist(sdist.clone()))),
        None if package.artifacts.is_empty() && !package.hashes.is_empty() => return Ok(Some(Take::Release)),
        None => {}
    }
    Err(SelectError::NoArtifact {
        package: package.label(),
        target: Box::new(target.clone()),
        offered: package.artifacts.iter().map(|artifact| artifact.file.to_string()).collect(),
        remedies: remedy::remedies(package, target, tags, policy),
        at: package.at.clone(),
    })
}

/// The best wheel. The highest version comes first, because a lock's `2.0` can have files of `2.0+cpu` too.
/// Then follow the best tag and the highest build number, in this order or the other way round. Last, the
/// first file name makes the result deterministic.
fn best_wheel<'a>(artifacts: &'a [Artifact], tags: &Tags, prefers_builds: bool) -> Option<&'a Artifact> {
    let ranked = artifacts.iter().filter_map(|artifact| {
        let wheel = artifact.wheel()?;
        let located = usize::from(artifact.location == Location::Index);
        let (rank, build) = (tags.rank(wheel)?, Reverse(wheel.build.clone()));
        let first = prefers_builds.then(|| build.clone());
        Some(((Reverse(&wheel.version), first, rank, build, located, &artifact.file), artifact))
    });
    ranked.min_by(|left, right| left.0.cmp(&right.0)).map(|(_, artifact)| artifact)
}
