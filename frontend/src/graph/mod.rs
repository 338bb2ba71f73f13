//! A build's graph as a picture: what depends on what, which stages there are, what can run at the same time, and
//! where a build that was recorded spent its time.
//!
//! Pure: from a [`Definition`] or a recorded progress to text. The same input gives the same picture.

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

/// The stage of steps that have none.
const ENGINE: &str = "engine";

/// The stage that wheels are fetched and unpacked in.
const WHEELS: &str = "wheels";

/// A graph of steps. A step comes after those it depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// What it is a graph of.
    pub title: String,
    /// The steps.
    pub nodes: Vec<Node>,
}

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// The stage it belongs to.
    pub stage: String,
    /// What it does.
    pub title: String,
    /// The positions of the steps it depends on.
    pub inputs: Vec<usize>,
    /// How it went, in a build that was recorded.
    pub timing: Option<Timing>,
    /// Downloads that are shown as a part of it.
    pub downloads: usize,
}

/// How a step of a recorded build went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Milliseconds from the start of the build to the step's.
    pub start: u64,
    /// Milliseconds that it took.
    pub took: u64,
    /// Whether its result came from the cache.
    pub cached: bool,
    /// Whether it failed.
    pub failed: bool,
}

impl Node {
    /// A step by the name that clients print: `[stage] what it does`.
    fn named(name: &str) -> Self {
        let (stage, title) = match name.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((stage, title)) => (stage, title),
            None => (ENGINE, name),
        };
        Self { stage: stage.to_owned(), title: familiar(title), ..Self::default() }
    }

    /// Whether it is there for the build itself and not for the image.
    fn is_machinery(&self) -> bool {
        self.is_internal() || (self.stage == ENGINE && self.title.starts_with("docker-image://"))
    }

    fn is_internal(&self) -> bool {
        self.stage == "internal"
    }

    /// What is said of it below its title.
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

/// A title with images as people name them: without the default registry and without what they are pinned to.
fn familiar(title: &str) -> String {
    let short = title.replace("docker.io/library/", "");
    match short.split_once("@sha256:") {
        Some((name, digest)) if digest.len() == 64 => name.to_owned(),
        _ => short,
    }
}

/// Milliseconds for people.
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

    /// The graph with what matters to people: internal steps are left out, and the downloads of wheels are a part of
    /// the step that unpacks them.
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

    /// The graph less some steps; what depends on one of these depends on what it depended on.
    fn without(&self, dropped: impl Fn(&Node) -> bool) -> Self {
        // By old position: what to depend on instead.
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

    /// The stages, in the order in which they first appear.
    fn stages(&self) -> Vec<&str> {
        let mut stages: Vec<&str> = Vec::new();
        for node in &self.nodes {
            if !stages.contains(&node.stage.as_str()) {
                stages.push(&node.stage);
            }
        }
        stages
    }

    /// The positions of the chain of steps that took longest, first to last. Empty where no build was recorded.
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

    /// How the build went, on one line; nothing where none was recorded.
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
