//! The layout of the steps in a picture: a column for each depth, and a lane for each stage.
//!
//! Depth increases from left to right, so steps in the same column can run at the same time. In its lane, a
//! step is near the steps that it depends on. Many steps with the same neighbours, such as the steps that
//! unpack wheels, are drawn as a block: side by side in a frame, with a single line for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Graph;

/// The place of a step, in columns and rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: usize,
    /// The subcolumn, if the column has the width of a block.
    pub(super) part: usize,
    pub(super) row: usize,
}

/// The lane of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane<'g> {
    pub(super) stage: &'g str,
    /// The first row of the lane.
    pub(super) row: usize,
    /// The number of rows.
    pub(super) rows: usize,
}

/// The layout of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout<'g> {
    pub(super) places: Vec<Place>,
    pub(super) lanes: Vec<Lane<'g>>,
    /// The number of subcolumns in each column.
    pub(super) columns: Vec<usize>,
    pub(super) rows: usize,
    /// The steps of each block.
    pub(super) blocks: Vec<Vec<usize>>,
}

/// Steps that are placed together: a single step or a block.
type Item = Vec<usize>;

/// The number of passes that sort the rows. More passes make no visible difference.
const SWEEPS: usize = 4;

/// The minimum number of steps in a block.
const BLOCK: usize = 5;

/// The number of steps in a column of a block, and the largest number of such columns.
const HIGH: usize = 6;
const WIDE: usize = 4;

/// The number of steps of an item that are side by side.
fn across(item: &[usize]) -> usize {
    item.len().div_ceil(HIGH).clamp(1, WIDE)
}

pub(super) fn layout(graph: &Graph) -> Layout<'_> {
    let depths = depths(graph);
    let mut stages: Vec<(usize, usize, &str)> = graph
        .stages()
        .into_iter()
        .enumerate()
        .map(|(at, stage)| {
            let of_stage = graph.nodes.iter().zip(&depths).filter(|(node, _)| node.stage == stage);
            (of_stage.map(|(_, depth)| *depth).max().unwrap_or(0), at, stage)
        })
        .collect();
    // The order of the lanes from top to bottom is the order of the build.
    stages.sort_unstable();
    let mut places: Vec<Place> =
        depths.iter().map(|depth| Place { column: *depth, ..Place::default() }).collect();
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    let mut row = 0;
    let mut cells: Vec<(usize, Vec<Item>)> = Vec::new();
    let neighbours = neighbours(graph);
    for (_, _, stage) in stages {
        let mut by_column: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, (node, depth)) in graph.nodes.iter().zip(&depths).enumerate() {
            if node.stage == stage {
                by_column.entry(*depth).or_default().push(at);
            }
        }
        let mut rows = 0;
        for cell in by_column.into_values() {
            let items = items(&cell, &neighbours);
            rows = rows.max(set_rows(&mut places, &items, row));
            cells.push((row, items));
        }
        lanes.push(Lane { stage, row, rows });
        row += rows;
    }
    order_rows(&neighbours, &mut places, &mut cells);
    let mut columns = vec![1; depths.iter().max().map_or(0, |last| last + 1)];
    for place in &places {
        if let Some(parts) = columns.get_mut(place.column) {
            *parts = (*parts).max(place.part + 1);
        }
    }
    let blocks = cells.into_iter().flat_map(|(_, items)| items).filter(|item| item.len() > 1).collect();
    Layout { places, lanes, columns, rows: row, blocks }
}

/// For each step: the steps that it depends on, and the steps that depend on it.
fn neighbours(graph: &Graph) -> Vec<(BTreeSet<usize>, BTreeSet<usize>)> {
    let mut all: Vec<(BTreeSet<usize>, BTreeSet<usize>)> =
        graph.nodes.iter().map(|node| (node.inputs.iter().copied().collect(), BTreeSet::new())).collect();
    for (at, node) in graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            if let Some((_, users)) = all.get_mut(*input) {
                users.insert(at);
            }
        }
    }
    all
}

/// The items of a cell. Many steps with the same neighbours form a block.
fn items(cell: &[usize], neighbours: &[(BTreeSet<usize>, BTreeSet<usize>)]) -> Vec<Item> {
    let mut alike: BTreeMap<_, Item> = BTreeMap::new();
    for at in cell {
        alike.entry(neighbours.get(*at)).or_default().push(*at);
    }
    let mut items: Vec<Item> = Vec::new();
    for steps in alike.into_values() {
        if steps.len() < BLOCK {
            items.extend(steps.into_iter().map(|step| vec![step]));
        } else {
            items.push(steps);
        }
    }
    items.sort_unstable();
    items
}

/// Places items below each other. Returns the number of rows.
fn set_rows(places: &mut [Place], items: &[Item], first: usize) -> usize {
    let mut row = first;
    for item in items {
        let across = across(item);
        for (offset, at) in item.iter().enumerate() {
            if let Some(place) = places.get_mut(*at) {
                (place.row, place.part) = (row + offset / across, offset % across);
            }
        }
        row += item.len().div_ceil(across);
    }
    row - first
}

/// The column of each step: one column after its last dependency. Sources are one column before the first
/// step that uses them.
fn depths(graph: &Graph) -> Vec<usize> {
    let mut columns: Vec<usize> = Vec::new();
    for node in &graph.nodes {
        let before = node.inputs.iter().filter_map(|input| columns.get(*input)).max();
        columns.push(before.map_or(0, |before| before + 1));
    }
    let mut first_use: BTreeMap<usize, usize> = BTreeMap::new();
    for (node, column) in graph.nodes.iter().zip(&columns) {
        for input in &node.inputs {
            let first = first_use.entry(*input).or_insert(*column);
            *first = (*first).min(*column);
        }
    }
    for (at, (node, column)) in graph.nodes.iter().zip(columns.iter_mut()).enumerate() {
        if let (true, Some(first)) = (node.inputs.is_empty(), first_use.get(&at)) {
            *column = first.saturating_sub(1);
        }
    }
    columns
}

/// Sorts the items of each lane and column by the rows of their neighbours.
fn order_rows(
    neighbours: &[(BTreeSet<usize>, BTreeSet<usize>)],
    places: &mut [Place],
    cells: &mut [(usize, Vec<Item>)],
) {
    for _ in 0..SWEEPS {
        for (first, items) in cells.iter_mut().filter(|(_, items)| items.len() > 1) {
            // The mean row of the neighbours. It is an integer, so it is the same on every machine.
            let weight = |item: &Item| {
                let near = item.iter().filter_map(|at| neighbours.get(*at));
                let near = near.flat_map(|(inputs, users)| inputs.iter().chain(users));
                let rows: Vec<usize> =
                    near.filter_map(|other| places.get(*other)).map(|place| place.row).collect();
                let sum: usize = rows.iter().sum();
                if rows.is_empty() { 0 } else { sum * 1024 / rows.len() }
            };
            let mut weighed: Vec<(usize, Item)> = items.drain(..).map(|item| (weight(&item), item)).collect();
            weighed.sort_unstable();
            *items = weighed.into_iter().map(|(_, item)| item).collect();
            set_rows(places, items, *first);
        }
    }
}
