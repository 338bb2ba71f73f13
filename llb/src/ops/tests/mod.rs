//! The messages that the builders make.

use crate::{Platform, State, pb};

mod exec;
mod file;
mod golden;
mod graph;
mod mounts;
mod sources;

fn amd64() -> Platform {
    Platform::new("linux", "amd64")
}

/// The op of a state, whole.
fn op(state: &State) -> pb::Op {
    let definition = state.marshal();
    let (_, op) = definition.ops().next_back().expect("not scratch");
    op.clone()
}

/// The capabilities that the op of a state asks for.
fn caps(state: &State) -> Vec<String> {
    let definition = state.marshal();
    let digest = state.digest().expect("not scratch");
    definition.metadata(&digest).expect("metadata of every op").caps.keys().cloned().collect()
}

/// The inputs of the op of a state.
fn inputs(state: &State) -> Vec<(String, i64)> {
    op(state).inputs.into_iter().map(|input| (input.digest, input.index)).collect()
}

fn input(state: &State, index: i64) -> (String, i64) {
    (state.digest().expect("not scratch").to_string(), index)
}
