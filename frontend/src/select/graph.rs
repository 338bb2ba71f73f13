//! Walking a graph from its roots.
//!
//! Breadth first, the project's own dependencies before extras and groups, so that the first way that is found to
//! a package is a shortest one that ships. Circles are walked once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Found, LeftOut, Origin, Scene, SelectError, Why};
use crate::lock::{ConflictItem, Dependency, Package, Pick, Root};
use crate::pep508::{Active, Name};

/// More rounds than extras can switch each other on in any real lock.
const MAX_ROUNDS: usize = 16;

/// A package, and the extra of it that is followed next.
type Stop = (usize, Option<Name>);

struct Walk<'a> {
    scene: &'a Scene<'a>,
    by_name: BTreeMap<&'a Name, Vec<usize>>,
    active: Active,
    /// The first way to each package, by its place in the lock.
    ways: BTreeMap<usize, Why>,
    visited: BTreeSet<Stop>,
    queue: VecDeque<Stop>,
    left_out: BTreeSet<LeftOut>,
    edges: BTreeMap<Name, BTreeSet<Name>>,
    errors: Vec<SelectError>,
}

/// Follows every edge whose marker holds.
pub(super) fn walk(scene: &Scene<'_>, roots: &[Root], errors: &mut Vec<SelectError>) -> Found {
    let roots = match chosen_roots(scene, roots) {
        Ok(roots) => roots,
        Err(error) => {
            errors.push(error);
            return Found::default();
        }
    };
    let mut active = Active::default();
    for root in &roots {
        activate_root(&mut active, root, scene);
    }
    check_conflicts(scene, &active, errors);
    let mut walk = Walk::new(scene, active);
    walk.run(&roots);
    // Where a lock has conflicts, markers ask which extras of packages are on; an extra that a walk reaches can
    // thus open and close edges of the next.
    for _ in 0..MAX_ROUNDS {
        let mut active = walk.active.clone();
        if scene.lock.conflicts.is_empty() {
            break;
        }
        for (index, extra) in &walk.visited {
            if let (Some(package), Some(extra)) = (scene.lock.packages.get(*index), extra) {
                active.extras.extend(conflict_name("extra", &package.name, Some(extra)));
            }
        }
        if active == walk.active {
            break;
        }
        walk = Walk::new(scene, active);
        walk.run(&roots);
    }
    errors.append(&mut walk.errors);
    let ways = walk.ways.into_iter();
    let chosen = ways.filter_map(|(index, why)| Some((Arc::clone(scene.lock.packages.get(index)?), why)));
    Found { chosen: chosen.collect(), left_out: walk.left_out, edges: walk.edges }
}

/// The member that was asked for, or the main project, or everything.
fn chosen_roots<'r>(scene: &Scene<'_>, roots: &'r [Root]) -> Result<Vec<&'r Root>, SelectError> {
    let Some(member) = &scene.request.member else {
        let main: Vec<&Root> = roots.iter().filter(|root| root.is_main).collect();
        return Ok(if main.is_empty() { roots.iter().collect() } else { main });
    };
    if let Some(root) = roots.iter().find(|root| root.name.as_ref() == Some(member)) {
        Ok(vec![root])
    } else {
        let known = roots.iter().filter_map(|root| root.name.clone()).collect();
        Err(SelectError::UnknownMember { member: member.clone(), known })
    }
}

/// The name under which uv's markers ask for an extra, a group or a project that takes part in a conflict.
fn conflict_name(kind: &str, package: &Name, item: Option<&Name>) -> Option<Name> {
    let package_part = format!("{kind}-{}-{package}", package.as_str().len());
    match item {
        Some(item) => Name::new(&format!("{package_part}-{item}")).ok(),
        None => Name::new(&package_part).ok(),
    }
}

fn activate_root(active: &mut Active, root: &Root, scene: &Scene<'_>) {
    let request = scene.request;
    active.extras.extend(request.extras.iter().cloned());
    active.groups.extend(request.groups.iter().cloned());
    let Some(name) = &root.name else { return };
    active.extras.extend(conflict_name("project", name, None));
    let extras = request.extras.iter().filter(|extra| root.extras.contains_key(*extra));
    active.extras.extend(extras.filter_map(|extra| conflict_name("extra", name, Some(extra))));
    let groups = request.groups.iter().filter(|group| root.groups.contains_key(*group));
    active.extras.extend(groups.filter_map(|group| conflict_name("group", name, Some(group))));
}

fn check_conflicts(scene: &Scene<'_>, active: &Active, errors: &mut Vec<SelectError>) {
    let is_on = |item: &&ConflictItem| {
        let name = match (&item.extra, &item.group) {
            (Some(extra), _) => conflict_name("extra", &item.package, Some(extra)),
            (None, Some(group)) => conflict_name("group", &item.package, Some(group)),
            (None, None) => conflict_name("project", &item.package, None),
        };
        name.is_some_and(|name| active.extras.contains(&name))
    };
    for conflict in &scene.lock.conflicts {
        let items: Vec<ConflictItem> = conflict.0.iter().filter(is_on).cloned().collect();
        if items.len() > 1 {
            errors.push(SelectError::Conflict { items });
        }
    }
}

impl<'a> Walk<'a> {
    fn new(scene: &'a Scene<'a>, active: Active) -> Self {
        let mut by_name: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
        for (index, package) in scene.lock.packages.iter().enumerate() {
            by_name.entry(&package.name).or_default().push(index);
        }
        Self {
            scene,
            by_name,
            active,
            ways: BTreeMap::new(),
            visited: BTreeSet::new(),
            queue: VecDeque::new(),
            left_out: BTreeSet::new(),
            edges: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    fn run(&mut self, roots: &[&Root]) {
        let packages = &self.scene.lock.packages;
        for root in roots {
            let own = root.package.as_ref();
            let index = own.and_then(|own| packages.iter().position(|package| Arc::ptr_eq(package, own)));
            if let Some(index) = index {
                // The root's edges are followed below, where their origins are known.
                self.visited.insert((index, None));
                self.ways.entry(index).or_insert(Why { origin: Origin::Project, through: Vec::new() });
            }
        }
        for root in roots {
            self.follow_all(
                &root.dependencies,
                None,
                &Why { origin: Origin::Dependencies, through: Vec::new() },
            );
        }
        self.drain();
        let request = self.scene.request;
        for (names, origin) in
            [(&request.extras, Origin::Extra as fn(Name) -> Origin), (&request.groups, Origin::Group)]
        {
            for name in names {
                let why = Why { origin: origin(name.clone()), through: Vec::new() };
                for root in roots {
                    let lists =
                        if matches!(why.origin, Origin::Extra(_)) { &root.extras } else { &root.groups };
                    self.follow_all(lists.get(name).map_or(&[], Vec::as_slice), None, &why);
                }
                self.drain();
            }
        }
    }

    fn drain(&mut self) {
        while let Some((index, extra)) = self.queue.pop_front() {
            let Some(package) = self.scene.lock.packages.get(index) else { continue };
            let edges = match &extra {
                None => package.dependencies.as_slice(),
                Some(extra) => package.extras.get(extra).map_or(&[][..], Vec::as_slice),
            };
            let Some(way) = self.ways.get(&index) else { continue };
            let mut way = way.clone();
            if way.origin == Origin::Project {
                way.origin = Origin::Dependencies;
            }
            way.through.push(package.name.clone());
            self.follow_all(edges, Some(package), &way);
        }
    }

    fn follow_all(&mut self, edges: &[Dependency], from: Option<&Arc<Package>>, way: &Why) {
        for edge in edges {
            self.follow(edge, from, way);
        }
    }

    fn follow(&mut self, edge: &Dependency, from: Option<&Arc<Package>>, way: &Why) {
        if let Some(marker) = &edge.marker
            && !marker.holds(&self.scene.environment, &self.active)
        {
            self.left_out.insert(LeftOut {
                name: edge.name.clone(),
                required_by: from.map(|package| package.name.clone()),
                because: marker.explain(&self.scene.environment, &self.active).because,
            });
            return;
        }
        let Some(index) = self.resolve(edge) else {
            self.errors.push(SelectError::NotLocked {
                package: edge.name.clone(),
                required_by: from.map(|package| package.label()),
                at: from.map(|package| package.at.clone()),
            });
            return;
        };
        if let Some(from) = from.filter(|from| from.name != edge.name) {
            self.edges.entry(from.name.clone()).or_default().insert(edge.name.clone());
        }
        self.ways.entry(index).or_insert_with(|| way.clone());
        for stop in std::iter::once(None).chain(edge.extras.iter().cloned().map(Some)) {
            let stop = (index, stop);
            if self.visited.insert(stop.clone()) {
                self.queue.push_back(stop);
            }
        }
    }

    /// The package that an edge means.
    fn resolve(&self, edge: &Dependency) -> Option<usize> {
        let named = self.by_name.get(&edge.name)?;
        let package = |index: &usize| self.scene.lock.packages.get(*index);
        let fits = |index: &&usize| {
            let Some(package) = package(index) else { return false };
            let marker = package.marker.as_ref();
            let meant = match &edge.pick {
                Pick::Only => true,
                Pick::Exact { version, source } => {
                    version.as_ref().is_none_or(|version| package.version.as_ref() == Some(version))
                        && source.as_ref().is_none_or(|source| package.source == *source)
                }
                // A package that comes from elsewhere than an index need not have a version that fits.
                Pick::AnyOf(_) if named.len() == 1 => true,
                Pick::AnyOf(sets) => package
                    .version
                    .as_ref()
                    .is_none_or(|version| sets.iter().any(|set| set.contains(version))),
            };
            meant && marker.is_none_or(|marker| marker.holds(&self.scene.environment, &self.active))
        };
        // Formats without discriminators leave several at times; the newest is what their tools would take.
        let newest = |index: &&usize| package(index).and_then(|package| package.version.clone());
        named.iter().filter(fits).max_by_key(newest).copied()
    }
}
