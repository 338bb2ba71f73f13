//! `pybuild graph`: shows the graph of a planned or recorded build as a picture or a tree.

use std::path::Path;

use super::arguments::{Graph as Arguments, GraphFormat};
use super::error::CliError;
use super::folder::{Opened, named_text};
use super::{Answer, offline, platform};
use crate::graph::{self, Graph};

pub(super) fn run(asked: &Arguments) -> Result<Answer, CliError> {
    let (graph, notes) = match &asked.timings {
        Some(file) => (recorded(file)?, Vec::new()),
        None => planned(asked)?,
    };
    let graph = if asked.all { graph } else { graph.folded() };
    let result = match asked.format {
        GraphFormat::Tree => graph::tree(&graph),
        GraphFormat::Svg => graph::svg(&graph),
        GraphFormat::Mermaid => graph::mermaid(&graph),
        GraphFormat::Dot => graph::dot(&graph),
    };
    Ok(Answer { result, notes, code: 0 })
}

fn planned(asked: &Arguments) -> Result<(Graph, Vec<String>), CliError> {
    let build = &asked.build;
    let opened = Opened::new(&build.project)?;
    let platform = platform::one_of(build.platform.as_deref())?;
    let prepared = opened.plan(build.target.as_deref(), &platform)?;
    let image = offline::emit(&opened, &prepared, &platform)?;
    let title = format!("{} for {}", prepared.plan.target, platform.format_all());
    let mut notes = offline::notes(&prepared);
    // A picture names images without their digests, so this note is left out.
    notes.retain(|note| !note.starts_with("images"));
    Ok((Graph::of(title, &image.state.marshal()), notes))
}

fn recorded(file: &Path) -> Result<Graph, CliError> {
    let shown = file.display();
    let record = "record a build: `docker buildx build --progress=rawjson … 2> progress.json`";
    let text = named_text(file);
    let text =
        text.map_err(|error| CliError::new(format!("`{shown}` cannot be read: {error}")).help(record))?;
    let graph = graph::read_timings(&format!("build recorded in {shown}"), &text);
    graph.map_err(|error| CliError::new(format!("`{shown}`: {error}")).help(record))
}
