//! Where the steps are in a picture: a column for each depth, a lane for each stage.
//!
//! Depth goes from left to right, so what is one above the other can run at the same time. Within its lane, a step is
//! near those it depends on.

use std::collections::BTreeMap;

use super::Graph;

/// A step's place, in columns and rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) column: usize,
    pub(super) row: usize,
}

/// The lane of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane<'g> {
    pub(super) stage: &'g str,
    /// Its first row.
    pub(super) row: usize,
    /// How many it has.
    pub(super) rows: usize,
}

/// A whole picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout<'g> {
    pub(super) places: Vec<Place>,
    pub(super) lanes: Vec<Lane<'g>>,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// How often rows are put in order again; more changes nothing that can be seen.
const SWEEPS: usize = 4;

pub(super) fn layout(graph: &Graph) -> Layout<'_> {
    let columns = columns(graph);
    let mut stages: Vec<(usize, usize, &str)> = graph
        .stages()
        .into_iter()
        .enumerate()
        .map(|(at, stage)| {
            let of_stage = graph.nodes.iter().zip(&columns).filter(|(node, _)| node.stage == stage);
            (of_stage.map(|(_, column)| *column).max().unwrap_or(0), at, stage)
        })
        .collect();
    // Lanes go down as the build goes on.
    stages.sort_unstable();
    let mut places: Vec<Place> = columns.iter().map(|column| Place { column: *column, row: 0 }).collect();
    let mut lanes: Vec<Lane<'_>> = Vec::new();
    let mut row = 0;
    let mut cells: Vec<Vec<usize>> = Vec::new();
    for (_, _, stage) in stages {
        let mut by_column: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, (node, column)) in graph.nodes.iter().zip(&columns).enumerate() {
            if node.stage == stage {
                by_column.entry(*column).or_default().push(at);
            }
        }
        let rows = by_column.values().map(Vec::len).max().unwrap_or(0);
        lanes.push(Lane { stage, row, rows });
        for cell in by_column.into_values() {
            set_rows(&mut places, &cell, row);
            cells.push(cell);
        }
        row += rows;
    }
    order_rows(graph, &mut places, &mut cells);
    let columns = columns.iter().max().map_or(0, |last| last + 1);
    Layout { places, lanes, columns, rows: row }
}

fn set_rows(places: &mut [Place], cell: &[usize], first: usize) {
    for (offset, at) in cell.iter().enumerate() {
        if let Some(place) = places.get_mut(*at) {
            place.row = first + offset;
        }
    }
}

/// Each step one column after the last of those it depends on; sources just before the first that uses them.
fn columns(graph: &Graph) -> Vec<usize> {
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

/// Puts the steps of each lane and column in the order of what they are connected to.
fn order_rows(graph: &Graph, places: &mut [Place], cells: &mut [Vec<usize>]) {
    let mut near: Vec<Vec<usize>> = graph.nodes.iter().map(|node| node.inputs.clone()).collect();
    for (at, node) in graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            if let Some(list) = near.get_mut(*input) {
                list.push(at);
            }
        }
    }
    for _ in 0..SWEEPS {
        for cell in cells.iter_mut().filter(|cell| cell.len() > 1) {
            let first =
                cell.iter().filter_map(|at| places.get(*at)).map(|place| place.row).min().unwrap_or(0);
            // Twice the mean row, as a whole number: the same on every machine.
            let weight = |at: &usize| {
                let rows: Vec<usize> = near
                    .get(*at)
                    .into_iter()
                    .flatten()
                    .filter_map(|other| places.get(*other))
                    .map(|p| p.row)
                    .collect();
                let sum: usize = rows.iter().sum();
                if rows.is_empty() { 0 } else { sum * 1024 / rows.len() }
            };
            let mut weighed: Vec<(usize, usize)> = cell.iter().map(|at| (weight(at), *at)).collect();
            weighed.sort_unstable();
            *cell = weighed.into_iter().map(|(_, at)| at).collect();
            set_rows(places, cell, first);
        }
    }
}
