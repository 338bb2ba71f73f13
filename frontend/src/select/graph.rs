//! Walks a graph from its roots.
//!
//! The active extras, which markers need, are found before. This walk activates nothing. So its order only
//! decides which path to a package is shown. The walk is breadth first, and the project's own dependencies
//! come before extras and groups. So the first path to a package is the shortest one that ships. Circles are
//! walked once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::activate::{Activated, Start, activate, edges_of};
use super::{Found, LeftOut, Origin, Scene, SelectError, Why};
use crate::lock::{Dependency, Package, Pick, Root};
use crate::pep508::{Active, Name};

/// A package, and the extra of it whose dependencies are followed next.
pub(super) type Stop = (usize, Option<Name>);

/// An index of a lock's packages.
pub(super) struct Graph<'a> {
    pub(super) scene: &'a Scene<'a>,
    by_name: BTreeMap<&'a Name, Vec<usize>>,
    /// The projects of the workspace, by their index in the lock.
    projects: BTreeSet<usize>,
}

struct Walk<'g, 'a> {
    graph: &'g Graph<'a>,
    active: &'g Active,
    /// The first path to each package, by its index in the lock.
    ways: BTreeMap<usize, Why>,
    visited: BTreeSet<Stop>,
    queue: VecDeque<Stop>,
    left_out: BTreeSet<LeftOut>,
    edges: BTreeMap<Name, BTreeSet<Name>>,
    errors: Vec<SelectError>,
}

/// Follows every edge whose marker holds.
pub(super) fn walk(scene: &Scene<'_>, roots: &[Root], errors: &mut Vec<SelectError>) -> Found {
    let graph = Graph::new(scene, roots);
    let start = match Start::of(&graph, roots) {
        Ok(start) => start,
        Err(error) => {
            errors.push(error);
            return Found::default();
        }
    };
    start.check_pythons(&graph, errors);
    let activated = activate(&graph, &start, errors);
    if !errors.is_empty() {
        return Found::default();
    }
    let mut walk = Walk::new(&graph, &activated.active);
    walk.run(&start, &activated);
    errors.append(&mut walk.errors);
    let ways = walk.ways.into_iter();
    let chosen = ways.filter_map(|(index, why)| Some((Arc::clone(scene.lock.packages.get(index)?), why)));
    Found { chosen: chosen.collect(), left_out: walk.left_out, edges: walk.edges }
}

impl<'a> Graph<'a> {
    fn new(scene: &'a Scene<'a>, roots: &'a [Root]) -> Self {
        let mut by_name: BTreeMap<&Name, Vec<usize>> = BTreeMap::new();
        for (index, package) in scene.lock.packages.iter().enumerate() {
            by_name.entry(&package.name).or_default().push(index);
        }
        let mut graph = Self { scene, by_name, projects: BTreeSet::new() };
        let own = roots.iter().filter_map(|root| root.package.as_ref());
        graph.projects = own.filter_map(|own| graph.index_of(own)).collect();
        graph
    }

    /// The index of a package in the lock.
    pub(super) fn index_of(&self, package: &Arc<Package>) -> Option<usize> {
        let named = self.by_name.get(&package.name)?.iter();
        let same = |index: &&usize| {
            self.scene.lock.packages.get(**index).is_some_and(|known| Arc::ptr_eq(known, package))
        };
        named.copied().find(|index| same(&index))
    }

    /// The last package with this name.
    pub(super) fn last_of(&self, name: &Name) -> Option<&'a Package> {
        self.scene.lock.packages.get(*self.by_name.get(name)?.last()?).map(|package| &**package)
    }

    /// Whether a package is a project of the workspace.
    pub(super) fn is_project(&self, package: &Package) -> bool {
        let named = self.by_name.get(&package.name).into_iter().flatten();
        named.copied().any(|index| self.projects.contains(&index))
    }

    /// The dependencies of a stop.
    pub(super) fn edges(&self, (index, extra): &Stop) -> &'a [Dependency] {
        let package = self.scene.lock.packages.get(*index);
        package.map_or(&[][..], |package| edges_of(package, extra.as_ref()))
    }

    /// The package to which an edge leads.
    pub(super) fn resolve(&self, edge: &Dependency) -> Option<usize> {
        let named = self.by_name.get(&edge.name)?;
        let package = |index: &usize| self.scene.lock.packages.get(*index);
        let fits = |index: &&usize| {
            let Some(package) = package(index) else { return false };
            let meant = match &edge.pick {
                Pick::Only | Pick::Forked => true,
                Pick::Exact { version, source } => {
                    return version.as_ref().is_none_or(|version| package.version.as_ref() == Some(version))
                        && source.as_ref().is_none_or(|source| package.source == *source);
                }
                // The version of a package that does not come from an index need not match.
                Pick::AnyOf(_) if named.len() == 1 => true,
                Pick::AnyOf(sets) => package
                    .version
                    .as_ref()
                    .is_none_or(|version| sets.iter().any(|set| set.contains(version))),
            };
            let active = if edge.pick == Pick::Forked { &Active::default() } else { &self.scene.asked };
            let marker = package.marker.as_ref();
            meant && marker.is_none_or(|marker| marker.holds(&self.scene.environment, active))
        };
        // Formats without discriminators sometimes leave several candidates. Their tools take the newest one.
        let newest = |index: &&usize| package(index).and_then(|package| package.version.clone());
        named.iter().filter(fits).max_by_key(newest).copied()
    }
}

impl<'g, 'a> Walk<'g, 'a> {
    fn new(graph: &'g Graph<'a>, active: &'g Active) -> Self {
        Self {
            graph,
            active,
            ways: BTreeMap::new(),
            visited: BTreeSet::new(),
            queue: VecDeque::new(),
            left_out: BTreeSet::new(),
            edges: BTreeMap::new(),
            errors: Vec::new(),
        }
    }

    fn run(&mut self, start: &Start<'a>, activated: &Activated<'a>) {
        let project = |root: &&'a Root| root.package.as_ref().and_then(|own| self.graph.index_of(own));
        let projects: Vec<usize> = start.roots.iter().filter_map(project).collect();
        for index in projects {
            // The edges of the root are followed below, where their origins are known.
            self.visited.insert((index, None));
            self.ways.entry(index).or_insert(Why::direct(Origin::Project));
        }
        for root in &start.roots {
            self.follow_all(&root.dependencies, None, &Why::direct(Origin::Dependencies));
        }
        let (own, groups): (Vec<_>, Vec<_>) =
            activated.accepted.iter().partition(|(origin, _)| *origin == Origin::Dependencies);
        for (origin, edge) in own {
            self.enter(edge, None, &Why::direct(origin.clone()));
        }
        self.drain();
        for name in &self.graph.scene.request.extras {
            for edges in start.roots.iter().filter_map(|root| root.extras.get(name)) {
                self.follow_all(edges, None, &Why::direct(Origin::Extra(name.clone())));
            }
            self.drain();
        }
        // The edges of one group are followed before those of the next group, so that the other groups do not
        // change the paths.
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by(|left, right| left.0.cmp(&right.0));
        for (at, (origin, edge)) in groups.iter().enumerate() {
            self.enter(edge, None, &Why::direct(origin.clone()));
            if groups.get(at + 1).is_none_or(|next| next.0 != *origin) {
                self.drain();
            }
        }
        for edge in &activated.refused {
            self.leave_out(edge, None);
        }
    }

    fn drain(&mut self) {
        while let Some(stop) = self.queue.pop_front() {
            let Some(package) = self.graph.scene.lock.packages.get(stop.0) else { continue };
            let Some(way) = self.ways.get(&stop.0) else { continue };
            let mut way = way.clone();
            if way.origin == Origin::Project {
                way.origin = Origin::Dependencies;
            }
            way.push(package.name.clone());
            self.follow_all(self.graph.edges(&stop), Some(package), &way);
        }
    }

    fn follow_all(&mut self, edges: &[Dependency], from: Option<&Arc<Package>>, way: &Why) {
        let environment = &self.graph.scene.environment;
        for edge in edges {
            if edge.marker.as_ref().is_none_or(|marker| marker.holds(environment, self.active)) {
                self.enter(edge, from, way);
            } else {
                self.leave_out(edge, from);
            }
        }
    }

    fn leave_out(&mut self, edge: &Dependency, from: Option<&Arc<Package>>) {
        let Some(marker) = &edge.marker else { return };
        self.left_out.insert(LeftOut {
            name: edge.name.clone(),
            required_by: from.map(|package| package.name.clone()),
            because: marker.explain(&self.graph.scene.environment, self.active).because,
        });
    }

    /// Takes the package to which an edge leads, and continues from there.
    fn enter(&mut self, edge: &Dependency, from: Option<&Arc<Package>>, way: &Why) {
        let Some(index) = self.graph.resolve(edge) else {
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
}
