//! Solves images and the comparisons of their layers at the same time.
//!
//! A comparison almost always confirms the layers. Otherwise the graph of the image is made again, and the
//! engine's work for the first graph is cancelled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use buildkit_llb::{Definition, Digest};
use buildkit_proto::pb;
use tokio::task::JoinSet;

use crate::emit::TOGETHER;
use crate::gateway::bridge::{Bridge, lost, solve};
use crate::gateway::calls::{Reference, SolveRequest};
use crate::gateway::errors::{FrontendFailure, RpcError};
use crate::gateway::files::read_range;
use crate::plan::Together;

/// The time that images wait for answers that the engine already has. No result depends on this time. Without
/// the wait, each build with a common layer would start steps on an environment that is made again, and then
/// cancel them.
const KNOWN: Duration = Duration::from_millis(200);

/// The longest answer that is read, in bytes.
const MOST: usize = 1 << 20;

/// The answers of comparisons, by the digest of the step.
pub(super) type Answers = BTreeMap<Digest, Together>;

/// The outcome of graphs and comparisons.
pub(super) enum Outcome {
    /// The layers are right. These are the results of the graphs, in their order.
    Solved(Vec<Option<Reference>>),
    /// Some packages need a common layer.
    Decided(Answers),
}

enum Done {
    Graph(usize, Result<Option<Reference>, RpcError>),
    Answer(Digest, Result<Vec<u8>, RpcError>),
}

impl Bridge {
    /// Solves `graphs` and reads the answers of `comparisons`, all at the same time.
    ///
    /// # Errors
    /// The first graph or comparison that fails. A failure of steps on wrong layers does not count: a check
    /// can fail because a layer has a file of the wrong package.
    pub(super) fn solve_compared(
        &self,
        graphs: &[Definition],
        comparisons: &BTreeMap<Digest, Definition>,
        request: impl Fn(&Definition) -> SolveRequest,
    ) -> Result<Outcome, RpcError> {
        self.runtime.block_on(async {
            let mut running = JoinSet::new();
            let mut open = comparisons.len();
            for (digest, graph) in comparisons {
                let (channel, client) = (self.channel.clone(), self.client.clone());
                let (digest, request) = (digest.clone(), request(graph));
                running.spawn(async move {
                    let answer = match solve(channel, request).await {
                        Ok(Some(reference)) => read_range(client, &reference, TOGETHER, 0, MOST).await,
                        Ok(None) => Ok(Vec::new()),
                        Err(error) => Err(error),
                    };
                    Done::Answer(digest, answer)
                });
            }
            let mut answers = Answers::new();
            let known = async {
                while open > 0
                    && let Some(done) = running.join_next().await
                {
                    if let Done::Answer(digest, answer) = done.map_err(|error| lost(&error))? {
                        answers.insert(digest, read(&answer?)?);
                        open -= 1;
                    }
                }
                Ok::<(), RpcError>(())
            };
            // A timeout loses nothing. Answers that are still missing are read below.
            tokio::time::timeout(KNOWN, known).await.unwrap_or(Ok(()))?;
            if open == 0 && is_decided(&answers) {
                return Ok(Outcome::Decided(answers));
            }
            for (place, graph) in graphs.iter().enumerate() {
                let (channel, request) = (self.channel.clone(), request(graph));
                running.spawn(async move { Done::Graph(place, solve(channel, request).await) });
            }
            let mut solved = BTreeMap::new();
            let mut failed = None;
            while let Some(done) = running.join_next().await {
                match done.map_err(|error| lost(&error))? {
                    Done::Graph(place, Ok(reference)) => drop(solved.insert(place, reference)),
                    Done::Graph(place, Err(error)) => {
                        let graph = graphs.get(place).filter(|_| open > 0);
                        if !graph.is_some_and(|graph| is_after_layers(&error, graph, comparisons)) {
                            return Err(error);
                        }
                        failed = failed.or(Some(error));
                    }
                    Done::Answer(digest, answer) => {
                        answers.insert(digest, read(&answer?)?);
                        open -= 1;
                    }
                }
                if open > 0 {
                    continue;
                }
                if is_decided(&answers) {
                    // Dropping the set cancels the calls for the graphs, and the engine stops the steps that
                    // they started.
                    return Ok(Outcome::Decided(answers));
                }
                if let Some(failed) = failed {
                    return Err(failed);
                }
            }
            Ok(Outcome::Solved(solved.into_values().collect()))
        })
    }
}

/// Whether the failed step was made from layers that are compared.
fn is_after_layers(error: &RpcError, graph: &Definition, comparisons: &BTreeMap<Digest, Definition>) -> bool {
    let mut after: BTreeSet<&str> = BTreeSet::new();
    for comparison in comparisons.values() {
        let processes: BTreeSet<&str> = comparison
            .ops()
            .filter(|(_, op)| matches!(op.op, Some(pb::op::Op::Exec(_))))
            .map(|(digest, _)| digest.as_str())
            .collect();
        let lists = comparison.ops().next_back().into_iter().flat_map(|(_, op)| &op.inputs);
        after.extend(lists.map(|input| input.digest.as_str()).filter(|digest| processes.contains(digest)));
    }
    let layers = after.clone();
    for (digest, op) in graph.ops() {
        if op.inputs.iter().any(|input| after.contains(input.digest.as_str())) {
            after.insert(digest.as_str());
        }
    }
    let failed = FrontendFailure::from(error.clone()).failed_vertices();
    failed.iter().any(|vertex| after.contains(vertex.as_str()) && !layers.contains(vertex.as_str()))
}

fn is_decided(answers: &Answers) -> bool {
    answers.values().any(|answer| !answer.is_empty())
}

fn read(answer: &[u8]) -> Result<Together, RpcError> {
    let read = Together::parse(&String::from_utf8_lossy(answer));
    read.ok_or_else(|| tonic::Status::internal("the comparison of layers has left no answer").into())
}
