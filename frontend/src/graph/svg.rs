//! A graph as SVG: lanes in colours and steps as boxes. For a recorded build, it also shows the durations and
//! the longest chain.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::layout::{Lane, Layout, Place, layout};
use super::{Graph, Node};
use crate::address::lines;

const WIDTH: usize = 230;
const HEIGHT: usize = 38;
/// The space between columns, and between the steps of a block. All lengths are in pixels.
const GAP: usize = 56;
const INNER: usize = 12;
/// The space between the frame of a block and its steps.
const FRAME: usize = 5;
const ROW: usize = HEIGHT + 12;
/// The space for the names of the lanes.
const LEFT: usize = 120;
const TOP: usize = 64;
/// The space between lanes.
const LANE: usize = 18;
/// The number of characters that fit in a box.
const LETTERS: usize = 34;

/// The colours of a stage: the fill and the outline of its boxes, and the background of its lane.
const COLOURS: [(&str, &str, &str); 8] = [
    ("#dbeafe", "#2563eb", "#f5f9ff"),
    ("#dcfce7", "#16a34a", "#f5fdf8"),
    ("#fef3c7", "#d97706", "#fffbf0"),
    ("#fce7f3", "#db2777", "#fff6fb"),
    ("#ede9fe", "#7c3aed", "#f9f7ff"),
    ("#cffafe", "#0891b2", "#f3fdff"),
    ("#ffe4e6", "#e11d48", "#fff6f7"),
    ("#e2e8f0", "#475569", "#f8fafc"),
];

/// Draws a graph.
pub fn svg(graph: &Graph) -> String {
    let layout = layout(graph);
    let canvas = Canvas::new(&layout);
    let (width, height) = (canvas.width, canvas.height);
    let chain = graph.longest_chain();
    let longest =
        graph.nodes.iter().filter_map(|node| node.timing).map(|timing| timing.took).max().unwrap_or(0);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"12\">"
    );
    let _ = writeln!(out, "<title>{}</title>", escape(&graph.title));
    let _ = writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
    let _ = writeln!(
        out,
        "<text x=\"16\" y=\"28\" font-size=\"18\" font-weight=\"600\" fill=\"#0f172a\">{}</text>",
        escape(&graph.title)
    );
    let summary = graph.summary().unwrap_or_else(|| format!("{} steps", graph.nodes.len()));
    let _ = writeln!(out, "<text x=\"16\" y=\"48\" fill=\"#475569\">{}</text>", escape(&summary));
    for (at, lane) in layout.lanes.iter().enumerate() {
        lane_box(&mut out, lane, at, width);
    }
    edges(&mut out, graph, &canvas, &chain);
    for frame in canvas.frames() {
        let (_, outline, _) = colours(canvas.lane_of(frame.row));
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"7\" fill=\"none\" stroke=\"{outline}\" \
             stroke-opacity=\"0.6\"/>",
            frame.left,
            frame.top,
            frame.right - frame.left,
            frame.bottom - frame.top
        );
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        if let Some(place) = layout.places.get(at) {
            let corner = (canvas.x(*place), canvas.y(*place));
            step_box(&mut out, node, corner, canvas.lane_of(place.row), chain.contains(&at), longest);
        }
    }
    out.push_str("</svg>\n");
    out
}

/// The positions in the picture, in pixels.
struct Canvas<'l> {
    layout: &'l Layout<'l>,
    /// The left side of each column.
    columns: Vec<usize>,
    width: usize,
    height: usize,
}

/// A box for the ends of lines: a step or the frame of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Frame {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    /// The first row of the box.
    row: usize,
}

impl<'l> Canvas<'l> {
    fn new(layout: &'l Layout<'l>) -> Self {
        let mut width = LEFT;
        let mut columns = Vec::new();
        for parts in &layout.columns {
            columns.push(width);
            width += parts * (WIDTH + INNER) - INNER + GAP;
        }
        let height = TOP + layout.rows * ROW + (layout.lanes.len() + 1) * LANE;
        Self { layout, columns, width, height }
    }

    fn lane_of(&self, row: usize) -> usize {
        self.layout.lanes.iter().rposition(|lane| lane.row <= row && lane.rows > 0).unwrap_or(0)
    }

    fn x(&self, place: Place) -> usize {
        self.columns.get(place.column).copied().unwrap_or(LEFT) + place.part * (WIDTH + INNER)
    }

    fn y(&self, place: Place) -> usize {
        TOP + place.row * ROW + (self.lane_of(place.row) + 1) * LANE
    }

    fn of_step(&self, at: usize) -> Frame {
        let place = self.layout.places.get(at).copied().unwrap_or_default();
        let (left, top) = (self.x(place), self.y(place));
        Frame { left, right: left + WIDTH, top, bottom: top + HEIGHT, row: place.row }
    }

    fn of_block(&self, block: &[usize]) -> Option<Frame> {
        let frames = block.iter().map(|at| self.of_step(*at));
        frames
            .reduce(|all, one| Frame {
                left: all.left.min(one.left),
                right: all.right.max(one.right),
                top: all.top.min(one.top),
                bottom: all.bottom.max(one.bottom),
                row: all.row.min(one.row),
            })
            .map(|frame| Frame {
                left: frame.left - FRAME,
                right: frame.right + FRAME,
                top: frame.top - FRAME,
                bottom: frame.bottom + FRAME,
                ..frame
            })
    }

    fn frames(&self) -> impl Iterator<Item = Frame> {
        self.layout.blocks.iter().filter_map(|block| self.of_block(block))
    }

    /// The box where lines to and from a step end.
    fn end(&self, at: usize) -> Frame {
        let block = self.layout.blocks.iter().find(|block| block.contains(&at));
        block.and_then(|block| self.of_block(block)).unwrap_or_else(|| self.of_step(at))
    }
}

/// Draws a line for each pair of boxes, and the longest chain on top of them, from step to step.
fn edges(out: &mut String, graph: &Graph, canvas: &Canvas<'_>, chain: &[usize]) {
    let ends: Vec<Frame> = (0..graph.nodes.len()).map(|at| canvas.end(at)).collect();
    let mut drawn = BTreeSet::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            let (Some(from), Some(to)) = (ends.get(*input), ends.get(at)) else { continue };
            if !chain.windows(2).any(|pair| pair == [*input, at]) && drawn.insert((*from, *to)) {
                line(out, *from, *to, "stroke=\"#94a3b8\" stroke-opacity=\"0.7\"");
            }
        }
    }
    for pair in chain.windows(2) {
        if let [from, to] = pair {
            let (from, to) = (canvas.of_step(*from), canvas.of_step(*to));
            line(out, from, to, "stroke=\"#dc2626\" stroke-width=\"2.5\"");
        }
    }
}

fn line(out: &mut String, from: Frame, to: Frame, stroke: &str) {
    let (x1, y1) = (from.right, usize::midpoint(from.top, from.bottom));
    let (x2, y2) = (to.left, usize::midpoint(to.top, to.bottom));
    let bend = (x2.saturating_sub(x1) / 2).clamp(24, 160);
    let (c1, c2) = (x1 + bend, x2.saturating_sub(bend));
    let _ = writeln!(out, "<path d=\"M{x1} {y1}C{c1} {y1} {c2} {y2} {x2} {y2}\" fill=\"none\" {stroke}/>");
}

fn colours(lane: usize) -> (&'static str, &'static str, &'static str) {
    COLOURS.get(lane % COLOURS.len()).copied().unwrap_or(("#ffffff", "#000000", "#ffffff"))
}

fn lane_box(out: &mut String, lane: &Lane<'_>, at: usize, width: usize) {
    let (_, outline, tint) = colours(at);
    let y = TOP + lane.row * ROW + (at + 1) * LANE - 9;
    let height = lane.rows * ROW + 6;
    let _ = writeln!(
        out,
        "<rect x=\"8\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"6\" fill=\"{tint}\"/>",
        width - 16
    );
    let label: String = shortened(lane.stage, 15);
    let _ = writeln!(
        out,
        "<text x=\"18\" y=\"{}\" font-weight=\"600\" fill=\"{outline}\">{}</text>",
        y + height / 2 + 4,
        escape(&label)
    );
}

fn step_box(
    out: &mut String,
    node: &Node,
    (x, y): (usize, usize),
    lane: usize,
    on_chain: bool,
    longest: u64,
) {
    let (fill, outline, _) = colours(lane);
    let cached = node.timing.is_some_and(|timing| timing.cached);
    let failed = node.timing.is_some_and(|timing| timing.failed);
    let fill = if cached { "#ffffff" } else { fill };
    let (outline, stroke) = if on_chain || failed { ("#dc2626", 2) } else { (outline, 1) };
    let dashes = if cached { " stroke-dasharray=\"4 3\"" } else { "" };
    let detail = node.detail();
    let tip = format!("[{}] {}", node.stage, node.title);
    let tip = if detail.is_empty() { tip } else { format!("{tip}\n{detail}") };
    let _ = writeln!(out, "<g><title>{}</title>", escape(&tip));
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"5\" fill=\"{fill}\" stroke=\"{outline}\" \
         stroke-width=\"{stroke}\"{dashes}/>"
    );
    // A bar at the bottom of the box. Its length is the duration of the step relative to the longest
    // duration.
    if let Some(timing) = node.timing.filter(|timing| !timing.cached && longest > 0) {
        let room = u64::try_from(WIDTH - 8).unwrap_or(0);
        let bar = (timing.took * room / longest).max(1);
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{bar}\" height=\"4\" rx=\"2\" fill=\"{outline}\"/>",
            x + 4,
            y + HEIGHT - 6
        );
    }
    let title_y = if detail.is_empty() { y + 23 } else { y + 15 };
    let title = shortened(&node.title, LETTERS);
    let _ = writeln!(out, "<text x=\"{}\" y=\"{title_y}\" fill=\"#0f172a\">{}</text>", x + 8, escape(&title));
    if !detail.is_empty() {
        let detail = escape(&detail);
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" font-size=\"10.5\" fill=\"#475569\">{detail}</text>",
            x + 8,
            y + 28
        );
    }
    out.push_str("</g>\n");
}

/// A text that fits into a box. The title of the box has the whole text.
fn shortened(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let head: String = text.chars().take(letters - 1).collect();
    format!("{}…", head.trim_end())
}

/// Escapes a text for XML. XML cannot have control characters in any form, so they are replaced. Line breaks
/// stay.
fn escape(text: &str) -> String {
    lines(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
