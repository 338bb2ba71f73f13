//! Filters a listing, in which each package has its own condition.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Found, LeftOut, Origin, Scene, SelectError, Why};
use crate::lock::{Dependency, Listing, Package};
use crate::pep508::{Active, Name};

/// Keeps the packages whose groups are requested and whose markers hold.
pub(super) fn filter(scene: &Scene<'_>, listing: &Listing, errors: &mut Vec<SelectError>) -> Found {
    let request = scene.request;
    let mut groups: BTreeSet<Name> = listing.base.union(&request.groups).cloned().collect();
    if listing.extras_are_groups {
        groups.extend(request.extras.iter().cloned());
    }
    let active = Active { extras: request.extras.clone(), groups };
    let mut found = Found::default();
    for package in &scene.lock.packages {
        match verdict(package, scene, listing, &active) {
            Ok(why) => {
                check_python(package, scene, errors);
                let holds = |edge: &&Dependency| {
                    edge.marker.as_ref().is_none_or(|marker| marker.holds(&scene.environment, &active))
                };
                let edges = package.dependencies.iter().filter(holds).map(|edge| edge.name.clone());
                found.edges.entry(package.name.clone()).or_default().extend(edges);
                found.chosen.push((Arc::clone(package), why));
            }
            // A package of groups that were not requested need not be reported.
            Err(because) if because.is_empty() => {}
            Err(because) => {
                found.left_out.insert(LeftOut { name: package.name.clone(), required_by: None, because });
            }
        }
    }
    found
}

/// The reason why `package` is installed, or the conditions that exclude it.
fn verdict(
    package: &Package,
    scene: &Scene<'_>,
    listing: &Listing,
    active: &Active,
) -> Result<Why, Vec<String>> {
    let mut origin = Origin::Dependencies;
    if !package.groups.is_empty() {
        let mut because = Vec::new();
        let mut asking: Vec<Origin> = Vec::new();
        for (group, marker) in package.groups.iter().filter(|(group, _)| active.groups.contains(*group)) {
            let verdict = marker.as_ref().map(|marker| marker.explain(&scene.environment, active));
            match verdict {
                Some(verdict) if !verdict.holds => because.extend(verdict.because),
                _ => asking.push(origin_of(group, scene, listing)),
            }
        }
        asking.sort();
        origin = asking.into_iter().next().ok_or(because)?;
    }
    if let Some(marker) = &package.marker {
        let verdict = marker.explain(&scene.environment, active);
        if !verdict.holds {
            return Err(verdict.because);
        }
        if origin == Origin::Dependencies {
            origin = origin_by_marker(package, scene, listing, active);
        }
    }
    Ok(Why::direct(origin))
}

fn origin_of(group: &Name, scene: &Scene<'_>, listing: &Listing) -> Origin {
    if listing.base.contains(group) {
        Origin::Dependencies
    } else if listing.extras_are_groups && scene.request.extras.contains(group) {
        Origin::Extra(group.clone())
    } else {
        Origin::Group(group.clone())
    }
}

/// The group or extra in the marker without which the marker would not hold.
fn origin_by_marker(package: &Package, scene: &Scene<'_>, listing: &Listing, active: &Active) -> Origin {
    let Some(marker) = &package.marker else { return Origin::Dependencies };
    let base = Active { extras: BTreeSet::new(), groups: listing.base.clone() };
    if marker.holds(&scene.environment, &base) {
        return Origin::Dependencies;
    }
    let extras = active.extras.iter().map(|extra| {
        let mut one = base.clone();
        one.extras.insert(extra.clone());
        (one, Origin::Extra(extra.clone()))
    });
    let groups = active.groups.iter().map(|group| {
        let mut one = base.clone();
        one.groups.insert(group.clone());
        (one, Origin::Group(group.clone()))
    });
    let mut single = extras.chain(groups);
    let deciding = single.find(|(one, _)| marker.holds(&scene.environment, one));
    deciding.map_or(Origin::Dependencies, |(_, origin)| origin)
}

fn check_python(package: &Package, scene: &Scene<'_>, errors: &mut Vec<SelectError>) {
    let python = scene.target.python.full_version();
    if let Some(requires) = package.requires_python.as_ref().filter(|requires| !requires.contains(&python)) {
        errors.push(SelectError::PackagePython {
            package: package.label(),
            requires: requires.to_string(),
            target: Box::new(scene.target.clone()),
            at: package.at.clone(),
        });
    }
}
