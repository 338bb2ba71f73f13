//! Finds the active extras, groups and projects.
//!
//! In a lock with conflicts, the markers of edges ask for active extras, groups and projects by encoded
//! names. Some extras are activated by edges (`eng[cpu]`), so all edges must be followed once before a marker
//! can be trusted. The order and the rules of this first walk are those of uv's own installation. An extra
//! that an edge names counts as active while the edge's own marker is evaluated. An activated extra stays
//! active. An edge is followed under the conditions of the path to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::condition::{Condition, Conditions, TooLarge};
use super::graph::{Graph, Stop};
use super::{Origin, SelectError};
use crate::lock::{ConflictItem, Dependency, Format, Lock, Package, Root};
use crate::pep508::{Active, Name};

/// The start of a walk.
pub(super) struct Start<'a> {
    /// The projects that are installed.
    pub(super) roots: Vec<&'a Root>,
    /// The project at the root of the lock, if it is not installed but its groups are.
    pub(super) above: Option<&'a Root>,
    /// The requirements of a workspace without a project of its own.
    pub(super) workspace: Option<&'a Root>,
}

/// The result of the first walk.
#[derive(Default)]
pub(super) struct Activated<'a> {
    /// The names that markers can ask for.
    pub(super) active: Active,
    /// The edges of groups whose markers hold, each with its group.
    pub(super) accepted: Vec<(Origin, &'a Dependency)>,
    /// The edges of groups whose markers do not hold.
    pub(super) refused: Vec<&'a Dependency>,
}

impl<'a> Start<'a> {
    /// The requested member, or the main project, or all members.
    pub(super) fn of(graph: &Graph<'a>, roots: &'a [Root]) -> Result<Self, SelectError> {
        let request = graph.scene.request;
        let member = request.member.as_ref();
        let is_workspace = |root: &&Root| root.name.is_none() && !root.is_main;
        let chosen = Lock::roots_of(roots, member);
        if let Some(member) = member.filter(|_| chosen.is_empty()) {
            let known = roots.iter().filter_map(|root| root.name.clone()).collect();
            return Err(SelectError::UnknownMember { member: member.clone(), known });
        }
        let chosen: Vec<&Root> = chosen.into_iter().filter(|root| !is_workspace(root)).collect();
        let start = Self { roots: chosen, above: None, workspace: roots.iter().find(is_workspace) };
        // A member inherits the groups of the root project, except groups of the same name that it has
        // itself.
        let asked = |root: &&Root| request.groups.iter().any(|group| start.has_group(root, group));
        let above = roots.iter().find(|root| {
            root.is_main && !start.roots.iter().any(|chosen| std::ptr::eq(*chosen, *root)) && asked(root)
        });
        Ok(Self { above, ..start })
    }

    /// Whether a request for `group` means this group of `root`.
    fn has_group(&self, root: &Root, group: &Name) -> bool {
        let is_chosen = self.roots.iter().any(|chosen| std::ptr::eq(*chosen, root));
        // With several projects, each project contributes its own group of this name.
        let [only] = self.roots.as_slice() else { return root.groups.contains_key(group) };
        root.groups.contains_key(group) && (is_chosen || !only.groups.contains_key(group))
    }

    fn with_groups(&self) -> impl Iterator<Item = &'a Root> {
        self.roots.iter().copied().chain(self.above)
    }

    /// The requested groups of `root`.
    fn groups(&self, root: &'a Root, asked: &BTreeSet<Name>) -> Vec<(&'a Name, &'a [Dependency])> {
        let meant =
            root.groups.iter().filter(|(name, _)| asked.contains(*name) && self.has_group(root, name));
        meant.map(|(name, edges)| (name, edges.as_slice())).collect()
    }

    /// Checks that the requested groups support the Python version.
    pub(super) fn check_pythons(&self, graph: &Graph<'a>, errors: &mut Vec<SelectError>) {
        let target = graph.scene.target;
        for root in self.with_groups() {
            for (group, _) in self.groups(root, &graph.scene.request.groups) {
                let Some(requires) = root.group_pythons.get(group) else { continue };
                if !requires.contains(&target.python.full_version()) {
                    errors.push(SelectError::GroupPython {
                        group: group.clone(),
                        requires: requires.to_string(),
                        target: Box::new(target.clone()),
                    });
                }
            }
        }
    }
}

/// The extras in conflicts, by package and extra, with their encoded names.
fn conflicting_extras(lock: &Lock) -> BTreeMap<(&Name, &Name), Name> {
    let items = lock.conflicts.iter().flat_map(|conflict| &conflict.items);
    let extras = items.filter_map(|item| Some(((&item.package, item.extra.as_ref()?), encoded(item)?)));
    extras.collect()
}

/// The name by which markers ask for an item.
fn encoded(item: &ConflictItem) -> Option<Name> {
    match (&item.extra, &item.group) {
        (Some(extra), _) => name_of("extra", &item.package, Some(extra)),
        (None, Some(group)) => name_of("group", &item.package, Some(group)),
        (None, None) => name_of("project", &item.package, None),
    }
}

fn name_of(kind: &str, package: &Name, item: Option<&Name>) -> Option<Name> {
    let package_part = format!("{kind}-{}-{package}", package.as_str().len());
    match item {
        Some(item) => Name::new(&format!("{package_part}-{item}")).ok(),
        None => Name::new(&package_part).ok(),
    }
}

/// The active names at the start: the requested projects, extras and groups.
fn asked_for(graph: &Graph<'_>, start: &Start<'_>) -> Active {
    let request = graph.scene.request;
    let mut active = Active::default();
    // In markers of uv, plain names have no meaning: `extra` is used only for encoded names.
    if graph.scene.lock.format != Format::Uv {
        active.extras.extend(request.extras.iter().cloned());
        active.groups.extend(request.groups.iter().cloned());
    }
    for root in &start.roots {
        let (Some(name), Some(package)) = (&root.name, &root.package) else { continue };
        active.extras.extend(name_of("project", name, None));
        // An extra without dependencies is not in the package's lists, so no marker sees it.
        let extras = request.extras.iter().filter(|extra| package.extras.contains_key(*extra));
        active.extras.extend(extras.filter_map(|extra| name_of("extra", name, Some(extra))));
    }
    for root in start.with_groups() {
        let Some(name) = &root.name else { continue };
        let groups = start.groups(root, &request.groups).into_iter().filter(|(_, list)| !list.is_empty());
        active.extras.extend(groups.filter_map(|(group, _)| name_of("group", name, Some(group))));
    }
    active
}

/// Runs the first walk.
pub(super) fn activate<'a>(
    graph: &Graph<'a>,
    start: &Start<'a>,
    errors: &mut Vec<SelectError>,
) -> Activated<'a> {
    check_asked(graph, start, errors);
    let settled = asked_for(graph, start);
    let extras = conflicting_extras(graph.scene.lock);
    let variables: BTreeSet<Name> =
        extras.values().filter(|name| !settled.extras.contains(*name)).cloned().collect();
    let on = vec![false; variables.len()];
    let first = Conditions::over(variables.into_iter()).and_then(|conditions| {
        let mut first =
            First { graph, extras, conditions, on, settled, reach: BTreeMap::new(), queue: VecDeque::new() };
        let mut activated = Activated::default();
        first.seed(start, &mut activated)?;
        if !graph.scene.lock.conflicts.is_empty() {
            first.walk()?;
        }
        activated.active = first.active(&[]);
        Ok(activated)
    });
    let Ok(activated) = first else {
        errors.push(SelectError::ManyConflicts);
        return Activated::default();
    };
    check_activated(graph, &activated.active, errors);
    activated
}

/// The state of the first walk.
struct First<'g, 'a> {
    graph: &'g Graph<'a>,
    extras: BTreeMap<(&'a Name, &'a Name), Name>,
    conditions: Conditions,
    /// The variables that are active so far.
    on: Vec<bool>,
    /// The names that are active independently of edges.
    settled: Active,
    /// The condition under which each stop is reached.
    reach: BTreeMap<Stop, Condition>,
    queue: VecDeque<Stop>,
}

impl<'a> First<'_, 'a> {
    fn seed(&mut self, start: &Start<'a>, activated: &mut Activated<'a>) -> Result<(), TooLarge> {
        let request = self.graph.scene.request;
        for root in start.with_groups() {
            if let Some(index) = root.package.as_ref().and_then(|own| self.graph.index_of(own))
                && start.roots.iter().any(|chosen| std::ptr::eq(*chosen, root))
            {
                self.enter((index, None), Condition::ALWAYS)?;
                let extras = request.extras.iter().filter(|extra| root.extras.contains_key(*extra));
                for extra in extras {
                    self.enter((index, Some(extra.clone())), Condition::ALWAYS)?;
                }
            }
            for (group, edges) in start.groups(root, &request.groups) {
                self.seed_group(group, edges, activated)?;
            }
        }
        let Some(workspace) = start.workspace else { return Ok(()) };
        for edge in &workspace.dependencies {
            if self.accept(edge, Origin::Dependencies, activated) {
                self.enter_edge(edge, Condition::ALWAYS)?;
            }
        }
        for (group, edges) in start.groups(workspace, &request.groups) {
            for edge in edges {
                if self.accept(edge, Origin::Group(group.clone()), activated) {
                    self.switch_on(edge);
                    self.enter_edge(edge, Condition::ALWAYS)?;
                }
            }
        }
        Ok(())
    }

    /// Starts at the edges of a project's group. The edges are evaluated in order, each with the extras that
    /// earlier edges activated.
    fn seed_group(
        &mut self,
        group: &Name,
        edges: &'a [Dependency],
        activated: &mut Activated<'a>,
    ) -> Result<(), TooLarge> {
        for edge in edges {
            let marker = edge.marker.as_ref();
            let condition = self.conditions.of(marker, &self.graph.scene.environment, &self.settled)?;
            if !self.holds(condition, edge) {
                activated.refused.push(edge);
                continue;
            }
            activated.accepted.push((Origin::Group(group.clone()), edge));
            self.switch_on(edge);
            self.enter_edge(edge, condition)?;
        }
        Ok(())
    }

    /// Whether an edge of the workspace holds. Its marker never asks for extras.
    fn accept(&self, edge: &'a Dependency, origin: Origin, activated: &mut Activated<'a>) -> bool {
        let nothing = Active::default();
        let environment = &self.graph.scene.environment;
        let holds = edge.marker.as_ref().is_none_or(|marker| marker.holds(environment, &nothing));
        if holds {
            activated.accepted.push((origin, edge));
        } else {
            activated.refused.push(edge);
        }
        holds
    }

    fn walk(&mut self) -> Result<(), TooLarge> {
        while let Some(stop) = self.queue.pop_front() {
            let Some(way) = self.reach.get(&stop).copied() else { continue };
            for edge in self.graph.edges(&stop) {
                let marker = edge.marker.as_ref();
                let own = self.conditions.of(marker, &self.graph.scene.environment, &self.settled)?;
                let condition = self.conditions.and(own, way)?;
                if self.holds(condition, edge) {
                    self.switch_on(edge);
                    self.enter_edge(edge, condition)?;
                }
            }
        }
        Ok(())
    }

    /// Whether `condition` holds if the extras of `edge` are active.
    fn holds(&self, condition: Condition, edge: &Dependency) -> bool {
        let own: Vec<usize> = self.variables(edge).collect();
        let is_on = |variable| self.on.get(variable).copied().unwrap_or(false) || own.contains(&variable);
        self.conditions.holds(condition, is_on)
    }

    fn variables<'e>(&'e self, edge: &'e Dependency) -> impl Iterator<Item = usize> + 'e {
        let names = edge.extras.iter().filter_map(|extra| self.extras.get(&(&edge.name, extra)));
        names.filter_map(|name| self.conditions.variable(name))
    }

    fn switch_on(&mut self, edge: &Dependency) {
        let variables: Vec<usize> = self.variables(edge).collect();
        for variable in variables {
            if let Some(on) = self.on.get_mut(variable) {
                *on = true;
            }
        }
    }

    fn enter_edge(&mut self, edge: &Dependency, condition: Condition) -> Result<(), TooLarge> {
        let Some(index) = self.graph.resolve(edge) else { return Ok(()) };
        self.enter((index, None), condition)?;
        edge.extras.iter().try_for_each(|extra| self.enter((index, Some(extra.clone())), condition))
    }

    /// Continues from `stop`, unless all paths that hold under `condition` are already known.
    fn enter(&mut self, stop: Stop, condition: Condition) -> Result<(), TooLarge> {
        let known = self.reach.get(&stop).copied();
        let whole = match known {
            Some(known) => self.conditions.or(known, condition)?,
            None => condition,
        };
        if known != Some(whole) {
            self.reach.insert(stop.clone(), whole);
            self.queue.push_back(stop);
        }
        Ok(())
    }

    /// All active names.
    fn active(&self, more: &[Name]) -> Active {
        let mut active = self.settled.clone();
        let is_on = |name: &&Name| {
            let variable = self.conditions.variable(name);
            variable.is_some_and(|variable| self.on.get(variable).copied().unwrap_or(false))
        };
        active.extras.extend(self.extras.values().filter(is_on).chain(more).cloned());
        active
    }
}

/// Reports a conflict between two requested names, anywhere in the installed projects.
fn check_asked(graph: &Graph<'_>, start: &Start<'_>, errors: &mut Vec<SelectError>) {
    let lock = graph.scene.lock;
    if lock.conflicts.is_empty() {
        return;
    }
    let request = graph.scene.request;
    let projects = installed_projects(graph, start);
    for conflict in &lock.conflicts {
        let is_asked = |item: &&ConflictItem| {
            projects.contains(&item.package)
                && match (&item.extra, &item.group) {
                    (Some(extra), _) => request.extras.contains(extra),
                    (None, Some(group)) => request.groups.contains(group),
                    (None, None) => true,
                }
        };
        let items: Vec<ConflictItem> = conflict.items.iter().filter(is_asked).cloned().collect();
        if items.len() > 1 {
            errors.push(SelectError::Conflict { items, at: conflict.at.clone() });
        }
    }
}

/// Reports a conflict between two extras that edges activated.
fn check_activated(graph: &Graph<'_>, active: &Active, errors: &mut Vec<SelectError>) {
    for conflict in &graph.scene.lock.conflicts {
        let is_on = |item: &&ConflictItem| {
            item.extra.is_some() && encoded(item).is_some_and(|name| active.extras.contains(&name))
        };
        let items: Vec<ConflictItem> = conflict.items.iter().filter(is_on).cloned().collect();
        let is_known = errors
            .iter()
            .any(|error| matches!(error, SelectError::Conflict { at, .. } if *at == conflict.at));
        if items.len() > 1 && !is_known {
            errors.push(SelectError::Conflict { items, at: conflict.at.clone() });
        }
    }
}

/// The installed projects of the workspace, as far as they are known without markers.
fn installed_projects<'a>(graph: &Graph<'a>, start: &Start<'a>) -> BTreeSet<&'a Name> {
    let request = graph.scene.request;
    let mut names: BTreeSet<&Name> = start.roots.iter().filter_map(|root| root.name.as_ref()).collect();
    if request.member.is_none() && start.roots.iter().all(|root| !root.is_main) {
        return names;
    }
    let mut open: VecDeque<(&Name, Option<&Name>)> = VecDeque::new();
    let mut seen: BTreeSet<(&Name, Option<&Name>)> = BTreeSet::new();
    let mut enter = |open: &mut VecDeque<_>, name: &'a Name, extra: Option<&'a Name>| {
        if seen.insert((name, extra)) {
            open.push_back((name, extra));
        }
    };
    for root in start.with_groups() {
        if let Some(name) =
            root.name.as_ref().filter(|_| !start.above.is_some_and(|one| std::ptr::eq(one, root)))
        {
            enter(&mut open, name, None);
            let extras = root.extras.keys().filter(|extra| request.extras.contains(*extra));
            extras.for_each(|extra| enter(&mut open, name, Some(extra)));
        }
        for edge in start.groups(root, &request.groups).into_iter().flat_map(|(_, edges)| edges) {
            enter(&mut open, &edge.name, None);
            edge.extras.iter().for_each(|extra| enter(&mut open, &edge.name, Some(extra)));
        }
    }
    while let Some((name, extra)) = open.pop_front() {
        let Some(package) = graph.last_of(name) else { continue };
        if graph.is_project(package) {
            names.insert(name);
        }
        for edge in edges_of(package, extra) {
            enter(&mut open, &edge.name, None);
            edge.extras.iter().for_each(|extra| enter(&mut open, &edge.name, Some(extra)));
        }
    }
    names
}

/// The dependencies of a package, or of one of its extras.
pub(super) fn edges_of<'a>(package: &'a Package, extra: Option<&Name>) -> &'a [Dependency] {
    match extra {
        None => package.dependencies.as_slice(),
        Some(extra) => package.extras.get(extra).map_or(&[][..], Vec::as_slice),
    }
}
