//! Merges states into one, and takes the difference of two states, without copying files.

use std::collections::BTreeSet;

use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::pb;
use crate::state::{Inputs, NONE, Parts, State};

/// All states in one, the last on top.
///
/// Scratch inputs are left out. A single remaining state is returned itself; without any, the result is
/// scratch. The platform is that of the first state.
pub fn merge(inputs: &[State], metadata: Metadata) -> State {
    let real: Vec<&State> = inputs.iter().filter(|state| !state.is_scratch()).collect();
    let (first, rest) = match real.split_first() {
        None => return State::scratch(),
        Some((only, [])) => return (*only).clone(),
        Some((first, rest)) => (*first, rest),
    };
    let mut all = Inputs::default();
    let indices = std::iter::once(&first).chain(rest).map(|state| pb::MergeInput { input: all.push(state) });
    let op = pb::MergeOp { inputs: indices.collect() };
    graph_op(pb::op::Op::Merge(op), all, first, metadata, Cap::MergeOp)
}

/// The files that `upper` has and `lower` does not have, and the removal of files that only `lower` has.
///
/// If `lower` is scratch, the result is `upper` itself.
pub fn diff(lower: &State, upper: &State, metadata: Metadata) -> State {
    if lower.is_scratch() {
        return upper.clone();
    }
    let mut inputs = Inputs::default();
    let lower_input = inputs.push(lower);
    let upper_input = if upper.is_scratch() { NONE } else { inputs.push(upper) };
    let op = pb::DiffOp {
        lower: Some(pb::LowerDiffInput { input: lower_input }),
        upper: Some(pb::UpperDiffInput { input: upper_input }),
    };
    graph_op(pb::op::Op::Diff(op), inputs, lower, metadata, Cap::DiffOp)
}

fn graph_op(op: pb::op::Op, inputs: Inputs, base: &State, metadata: Metadata, cap: Cap) -> State {
    let caps = BTreeSet::from([cap]);
    let parts = Parts { op, inputs, op_platform: None, platform: base.platform(), metadata, caps };
    State::new(parts.vertex(), 0)
}
