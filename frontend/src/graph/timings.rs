//! Reads a recorded build: the output of `docker buildx build --progress=rawjson`, with a JSON object on each
//! line. A step can be on several lines. The last line about a step is valid.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Graph, Node, Timing};

/// The reason why a progress cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingsError {
    /// A line is not a progress of buildx.
    #[error("line {line} is no progress of buildx: {reason}")]
    NotProgress {
        /// The line number, from 1.
        line: usize,
        /// The message of the JSON parser.
        reason: String,
    },
    /// The text has no step.
    #[error("there is no step in it")]
    Empty,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    vertexes: Option<Vec<Vertex>>,
}

#[derive(Clone, Deserialize)]
struct Vertex {
    digest: String,
    #[serde(default)]
    inputs: Option<Vec<String>>,
    #[serde(default)]
    name: String,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    error: String,
}

/// Reads a progress.
///
/// # Errors
/// If the text is not a progress.
pub fn read(title: &str, text: &str) -> Result<Graph, TimingsError> {
    let mut order: Vec<String> = Vec::new();
    let mut known: BTreeMap<String, Vertex> = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        // After the build, buildx writes warnings and links to the same stream.
        if !line.starts_with('{') && !known.is_empty() {
            continue;
        }
        let status: Status = serde_json::from_str(line)
            .map_err(|error| TimingsError::NotProgress { line: at + 1, reason: error.to_string() })?;
        for vertex in status.vertexes.unwrap_or_default() {
            if !known.contains_key(&vertex.digest) {
                order.push(vertex.digest.clone());
            }
            known.insert(vertex.digest.clone(), vertex);
        }
    }
    if order.is_empty() {
        return Err(TimingsError::Empty);
    }
    // The build starts with the first reported step that is not from the cache. Later steps can have an
    // earlier start, because another build started and shares them. Cached steps can have the times of the
    // build that made them.
    let first = order
        .iter()
        .filter_map(|digest| known.get(digest))
        .find(|vertex| !vertex.cached && vertex.started.is_some());
    let start = first.and_then(|vertex| milliseconds(vertex.started.as_deref()?)).unwrap_or(0);
    let mut graph = Graph { title: title.to_owned(), nodes: Vec::new() };
    let mut placed = BTreeMap::new();
    for digest in inputs_first(&order, &known) {
        let Some(vertex) = known.get(digest) else { continue };
        let mut node = Node::named(&vertex.name);
        let inputs: BTreeSet<usize> =
            vertex.inputs.iter().flatten().filter_map(|input| placed.get(input.as_str()).copied()).collect();
        node.inputs = inputs.into_iter().collect();
        node.timing = timing(vertex, start);
        placed.insert(digest, graph.nodes.len());
        graph.nodes.push(node);
    }
    Ok(graph)
}

fn timing(vertex: &Vertex, start: u64) -> Option<Timing> {
    let failed = !vertex.error.is_empty();
    if vertex.cached {
        return Some(Timing { start: 0, took: 0, cached: true, failed });
    }
    let begun = milliseconds(vertex.started.as_deref()?)?;
    let ended = vertex.completed.as_deref().and_then(milliseconds).unwrap_or(begun);
    let (start, took) = (begun.saturating_sub(start), ended.saturating_sub(begun));
    Some(Timing { start, took, cached: false, failed })
}

/// The steps in their order, but each after the steps that it depends on. BuildKit makes no cycles; a cycle
/// in the input is cut.
fn inputs_first<'a>(order: &'a [String], known: &'a BTreeMap<String, Vertex>) -> Vec<&'a str> {
    let mut done = BTreeSet::new();
    let mut sorted = Vec::new();
    for digest in order {
        let mut stack = vec![(digest.as_str(), false)];
        while let Some((digest, inputs_done)) = stack.pop() {
            if inputs_done {
                sorted.push(digest);
                continue;
            }
            if !done.insert(digest) {
                continue;
            }
            stack.push((digest, true));
            let inputs = known.get(digest).and_then(|vertex| vertex.inputs.as_ref());
            stack.extend(inputs.into_iter().flatten().rev().map(|input| (input.as_str(), false)));
        }
    }
    sorted
}

/// An RFC 3339 time in UTC, as milliseconds since 1970. The fraction may have any number of digits.
fn milliseconds(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut time = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    // With March as the first month, the leap day is the last day of the year.
    let (shifted, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = shifted * 365 + shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    u64::try_from(seconds * 1000 + thousandths.parse::<i64>().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_fraction() {
        assert_eq!(milliseconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(milliseconds("2024-02-29T12:34:56.7Z"), Some(1_709_210_096_700));
        assert_eq!(milliseconds("2024-02-29T12:34:56.123456789Z"), Some(1_709_210_096_123));
        assert_eq!(milliseconds("yesterday"), None);
    }

    #[test]
    fn what_is_said_last_holds_and_inputs_come_first() {
        let text = concat!(
            r#"{"vertexes":[{"digest":"b","inputs":["a"],"name":"[test] check: pytest"}]}"#,
            "\n",
            r#"{"vertexes":[{"digest":"a","name":"[base] python","started":"2024-01-01T00:00:00Z","completed":"2024-01-01T00:00:01.5Z"}]}"#,
            "\n",
            r#"{"vertexes":[{"digest":"b","inputs":["a"],"name":"[test] check: pytest","cached":true}],"logs":[]}"#,
            "\n\n1 warning found\n",
        );
        let graph = read("build", text).unwrap();
        let first = Timing { start: 0, took: 1500, cached: false, failed: false };
        assert_eq!(graph.nodes[0].timing, Some(first));
        assert_eq!(
            (graph.nodes[1].title.as_str(), graph.nodes[1].inputs.as_slice()),
            ("check: pytest", &[0][..])
        );
        assert!(graph.nodes[1].timing.is_some_and(|timing| timing.cached));
        assert_eq!(graph.summary().unwrap(), "1.5 s; 1 of 2 steps cached; longest chain 1.5 s");
    }

    #[test]
    fn what_is_no_progress_is_refused_with_its_line() {
        let error = read("build", "#1 [base] python\n").unwrap_err();
        assert_eq!(error.to_string(), "line 1 is no progress of buildx: expected value at line 1 column 1");
        assert_eq!(read("build", "{\"logs\":[]}\n").unwrap_err(), TimingsError::Empty);
    }
}
