//! A graph as Mermaid, as DOT, and as a tree for a terminal.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Graph, Node};
use crate::address::visible;

/// The colours of stages, for Mermaid and DOT.
const FILLS: [&str; 8] =
    ["#dbeafe", "#dcfce7", "#fef3c7", "#fce7f3", "#ede9fe", "#cffafe", "#ffe4e6", "#e2e8f0"];

fn fill(stage: usize) -> &'static str {
    FILLS.get(stage % FILLS.len()).copied().unwrap_or("#ffffff")
}

/// The title of a step, and its details on a second line.
fn lines(node: &Node, line_break: &str) -> String {
    let detail = node.detail();
    if detail.is_empty() { node.title.clone() } else { format!("{}{line_break}{detail}", node.title) }
}

/// The graph as a Mermaid flowchart, with a subgraph for each stage.
pub fn mermaid(graph: &Graph) -> String {
    let text = |text: &str| {
        // `#` begins an entity in Mermaid, so `#` has to be replaced first.
        let text = visible(text).replace('#', "#35;");
        text.replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;").replace('`', "#96;")
    };
    let mut out = String::from("flowchart LR\n");
    for (number, stage) in graph.stages().iter().enumerate() {
        let _ = writeln!(out, "  subgraph s{number}[\"{}\"]", text(stage));
        for (at, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.stage == *stage) {
            // `<br/>` is Mermaid's line break and must not be escaped.
            let whole = lines(node, "\n").split('\n').map(text).collect::<Vec<_>>().join("<br/>");
            let _ = writeln!(out, "    n{at}[\"{whole}\"]");
        }
        let _ = writeln!(out, "  end\n  style s{number} fill:{}", fill(number));
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            let _ = writeln!(out, "  n{input} --> n{at}");
        }
    }
    for at in graph.longest_chain() {
        let _ = writeln!(out, "  style n{at} stroke:#dc2626,stroke-width:3px");
    }
    out
}

/// The graph in the DOT language of Graphviz, with a cluster for each stage.
pub fn dot(graph: &Graph) -> String {
    let text = |text: &str| visible(text).replace('\\', "\\\\").replace('"', "\\\"");
    let chain = graph.longest_chain();
    let mut out =
        String::from("digraph build {\n  rankdir=LR\n  node [shape=box, style=\"rounded,filled\"]\n");
    let _ = writeln!(out, "  label=\"{}\"", text(&graph.title));
    for (number, stage) in graph.stages().iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label=\"{}\"", text(stage));
        for (at, node) in graph.nodes.iter().enumerate().filter(|(_, node)| node.stage == *stage) {
            let whole = lines(node, "\n").split('\n').map(text).collect::<Vec<_>>().join("\\n");
            let line = if chain.contains(&at) { ", color=\"#dc2626\", penwidth=2" } else { "" };
            let _ = writeln!(out, "    n{at} [label=\"{whole}\", fillcolor=\"{}\"{line}]", fill(number));
        }
        out.push_str("  }\n");
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            let _ = writeln!(out, "  n{input} -> n{at}");
        }
    }
    out.push_str("}\n");
    out
}

/// The graph as trees. The root of a tree is a step that no other step depends on, and the children of a step
/// are its dependencies. A step that was shown before is shown again without its children.
pub fn tree(graph: &Graph) -> String {
    let used: BTreeSet<usize> = graph.nodes.iter().flat_map(|node| node.inputs.iter().copied()).collect();
    let mut out = format!("{}\n", graph.title);
    if let Some(summary) = graph.summary() {
        let _ = writeln!(out, "{summary}");
    }
    let mut seen = BTreeSet::new();
    for at in (0..graph.nodes.len()).rev().filter(|at| !used.contains(at)) {
        branch(graph, at, &mut seen, &mut out);
    }
    out
}

/// Draws a tree. It uses a stack instead of recursion, because a chain of steps can be long.
fn branch(graph: &Graph, root: usize, seen: &mut BTreeSet<usize>, out: &mut String) {
    let mut stack = vec![(root, String::new(), String::new())];
    while let Some((at, lead, below)) = stack.pop() {
        let Some(node) = graph.nodes.get(at) else { continue };
        let detail = node.detail();
        let detail = if detail.is_empty() { String::new() } else { format!("  ({detail})") };
        let first = seen.insert(at);
        let again = if first || node.inputs.is_empty() { "" } else { " …" };
        let (stage, title) = (visible(&node.stage), visible(&node.title));
        let _ = writeln!(out, "{lead}[{stage}] {title}{detail}{again}");
        if !first {
            continue;
        }
        for (number, input) in node.inputs.iter().rev().enumerate() {
            let (corner, bar) = if number == 0 { ("└── ", "    ") } else { ("├── ", "│   ") };
            stack.push((*input, format!("{below}{corner}"), format!("{below}{bar}")));
        }
    }
}
