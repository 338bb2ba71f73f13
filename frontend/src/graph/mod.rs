//! The graph of a build as a picture. The picture shows dependencies, stages, steps that can run at the same
//! time, and the durations of the steps of a recorded build.
//!
//! The input is a [`Definition`] or a recorded progress, and the output is text. No other input or output:
//! the same input always gives the same picture.

mod layout;
mod svg;
mod text;
mod timings;

#[cfg(test)]
mod tests;

pub use svg::svg;
pub use text::{dot, mermaid, tree};
pub use timings::{TimingsError, read as read_timings};

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{CUSTOM_NAME, Definition};

/// The stage of steps without a stage.
const ENGINE: &str = "engine";

/// The stage that downloads and unpacks wheels.
const WHEELS: &str = "wheels";

/// A graph of steps. A step comes after the steps that it depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The title of the picture.
    pub title: String,
    /// The steps.
    pub nodes: Vec<Node>,
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The stage of the step.
    pub stage: String,
    /// The title of the step.
    pub title: String,
    /// The positions of the steps that this step depends on.
    pub inputs: Vec<usize>,
    /// The times and the result of the step, for a recorded build.
    pub timing: Option<Timing>,
    /// The number of downloads that are shown as part of this step.
    pub downloads: usize,
}

/// The times and the result of a step in a recorded build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Milliseconds from the start of the build to the start of the step.
    pub start: u64,
    /// The duration in milliseconds.
    pub took: u64,
    /// Whether the result came from the cache.
    pub cached: bool,
    /// Whether the step failed.
    pub failed: bool,
}

impl Node {
    /// A step, from a name that clients print: `[stage] title`.
    fn named(name: &str) -> Self {
        let (stage, title) = match name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((stage, title)) => (stage, title),
            None => (ENGINE, name),
        };
        Self { stage: stage.to_owned(), title: familiar(title), ..Self::default() }
    }

    /// Whether the step is internal: the image does not depend on its files.
    fn is_machinery(&self) -> bool {
        self.is_internal() || (self.stage == ENGINE && self.title.starts_with("docker-image://"))
    }

    fn is_internal(&self) -> bool {
        self.stage == "internal"
    }

    /// The details below the title of the step.
    fn detail(&self) -> String {
        let mut parts = Vec::new();
        if self.downloads > 0 {
            parts.push(format!("{} download{}", self.downloads, if self.downloads == 1 { "" } else { "s" }));
        }
        if let Some(timing) = &self.timing {
            parts.push(match timing {
                Timing { failed: true, .. } => format!("failed after {}", duration(timing.took)),
                Timing { cached: true, .. } => "cached".to_owned(),
                _ => duration(timing.took),
            });
        }
        parts.join(", ")
    }
}

/// A title with short image names: without the default registry and without the digest.
fn familiar(title: &str) -> String {
    let short = title.replace("docker.io/library/", "");
    match short.split_once("@sha256:") {
        Some((name, digest)) if digest.len() == 64 => name.to_owned(),
        _ => short,
    }
}

/// Milliseconds, for people.
fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..60_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1000),
    }
}

impl Graph {
    /// The graph of a definition.
    pub fn of(title: impl Into<String>, definition: &Definition) -> Self {
        let positions: BTreeMap<&str, usize> =
            definition.ops().enumerate().map(|(at, (digest, _))| (digest.as_str(), at)).collect();
        let nodes = definition.ops().map(|(digest, op)| {
            let known = definition.metadata(digest);
            let name = known.and_then(|known| known.description.get(CUSTOM_NAME));
            let mut node = Node::named(name.map_or(digest.as_str(), String::as_str));
            let inputs: BTreeSet<_> =
                op.inputs.iter().filter_map(|input| positions.get(input.digest.as_str()).copied()).collect();
            node.inputs = inputs.into_iter().collect();
            node
        });
        Self { title: title.into(), nodes: nodes.collect() }
    }

    /// The graph for people. Internal steps are removed, and the downloads of wheels are part of the step
    /// that unpacks them.
    #[must_use]
    pub fn folded(&self) -> Self {
        let is_download = |node: &Node| node.stage == WHEELS && node.inputs.is_empty();
        let mut graph = self.clone();
        for node in &mut graph.nodes {
            let inputs = std::mem::take(&mut node.inputs);
            let (downloads, inputs): (Vec<_>, Vec<_>) =
                inputs.into_iter().partition(|input| self.nodes.get(*input).is_some_and(is_download));
            node.downloads = downloads.len();
            node.inputs = inputs;
        }
        graph.without(|node| node.is_machinery() || is_download(node))
    }

    /// The graph without some steps. A step that depends on a dropped step depends on the inputs of the
    /// dropped step instead.
    fn without(&self, dropped: impl Fn(&Node) -> bool) -> Self {
        // By old position: the new positions to depend on.
        let mut stands_for: Vec<BTreeSet<usize>> = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        for node in &self.nodes {
            let inputs: BTreeSet<usize> =
                node.inputs.iter().filter_map(|input| stands_for.get(*input)).flatten().copied().collect();
            if dropped(node) {
                stands_for.push(inputs);
            } else {
                stands_for.push(BTreeSet::from([nodes.len()]));
                nodes.push(Node { inputs: inputs.into_iter().collect(), ..node.clone() });
            }
        }
        Self { title: self.title.clone(), nodes }
    }

    /// The stages, in the order of their first step.
    fn stages(&self) -> Vec<&str> {
        let mut stages: Vec<&str> = Vec::new();
        for node in &self.nodes {
            if !stages.contains(&node.stage.as_str()) {
                stages.push(&node.stage);
            }
        }
        stages
    }

    /// The positions of the steps in the chain with the longest duration, from first to last. Empty without a
    /// recorded build.
    fn longest_chain(&self) -> Vec<usize> {
        let mut best: Vec<(u64, Option<usize>)> = Vec::new();
        for node in &self.nodes {
            let before = node.inputs.iter().filter_map(|input| Some((best.get(*input)?.0, *input))).max();
            let own = node.timing.filter(|timing| !timing.cached).map_or(0, |timing| timing.took);
            best.push((own + before.map_or(0, |(sum, _)| sum), before.map(|(_, input)| input)));
        }
        let last = best.iter().enumerate().max_by_key(|(at, (sum, _))| (*sum, std::cmp::Reverse(*at)));
        let mut chain = Vec::new();
        let mut at = last.filter(|(_, (sum, _))| *sum > 0).map(|(at, _)| at);
        while let Some(position) = at {
            chain.push(position);
            at = best.get(position).and_then(|(_, before)| *before);
        }
        chain.reverse();
        chain
    }

    /// A summary of the build in a single line. `None` without a recorded build.
    pub fn summary(&self) -> Option<String> {
        let timed: Vec<Timing> = self.nodes.iter().filter_map(|node| node.timing).collect();
        let end = timed.iter().map(|timing| timing.start + timing.took).max()?;
        let cached = timed.iter().filter(|timing| timing.cached).count();
        let chain: u64 = self
            .longest_chain()
            .iter()
            .filter_map(|at| self.nodes.get(*at)?.timing)
            .filter(|timing| !timing.cached)
            .map(|timing| timing.took)
            .sum();
        let (end, chain) = (duration(end), duration(chain));
        Some(format!("{end}; {cached} of {} steps cached; longest chain {chain}", timed.len()))
    }
}
