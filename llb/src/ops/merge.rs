//! Putting states on top of each other, and taking them apart, without copying.

use std::collections::BTreeSet;

use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::pb;
use crate::state::{Inputs, NONE, Parts, State};

/// The states on top of each other, the last on top.
///
/// Scratch inputs are left out; one state alone is itself, and nothing is scratch. The platform is that of the
/// first.
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

/// What the upper state has that the lower has not, with removals.
///
/// Without a lower state it is the upper one itself.
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
