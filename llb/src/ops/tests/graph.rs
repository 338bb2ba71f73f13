use super::{amd64, caps, input, inputs, op};
use crate::{Image, Local, Metadata, State, diff, merge, pb};

fn base() -> State {
    Image::new("alpine").platform(&amd64()).state()
}

fn context() -> State {
    Local::new("context").state()
}

#[test]
fn a_merge_keeps_order_and_repetition() {
    let merged = merge(&[base(), State::scratch(), context(), base()], Metadata::default());
    assert_eq!(inputs(&merged), [input(&base(), 0), input(&context(), 0), input(&base(), 0)]);
    let Some(pb::op::Op::Merge(message)) = op(&merged).op else { panic!("not a merge") };
    assert_eq!(message.inputs.iter().map(|input| input.input).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(caps(&merged), ["mergeop"]);
    assert_eq!((op(&merged).platform, merged.platform()), (None, Some(&amd64())));
}

#[test]
fn a_merge_of_less_than_two_states_is_none() {
    let nothing = State::scratch;
    assert_eq!(merge(&[nothing(), base(), nothing()], Metadata::named("unused")), base());
    assert_eq!(merge(&[nothing(), nothing()], Metadata::default()), nothing());
    assert_eq!(merge(&[], Metadata::default()), nothing());
}

#[test]
fn a_difference_names_its_sides() {
    let sides = |state: &State| match op(state).op {
        Some(pb::op::Op::Diff(diff)) => {
            (diff.lower.map(|side| side.input), diff.upper.map(|side| side.input))
        }
        other => panic!("not a difference: {other:?}"),
    };
    let both = diff(&base(), &context(), Metadata::default());
    assert_eq!(inputs(&both), [input(&base(), 0), input(&context(), 0)]);
    assert_eq!(sides(&both), (Some(0), Some(1)));
    assert_eq!(caps(&both), ["diffop"]);
    let removed = diff(&base(), &State::scratch(), Metadata::default());
    assert_eq!(sides(&removed), (Some(0), Some(-1)));
    let itself = diff(&base(), &base(), Metadata::default());
    assert_eq!(sides(&itself), (Some(0), Some(1)));
}

#[test]
fn a_difference_to_nothing_is_the_state_itself() {
    assert_eq!(diff(&State::scratch(), &base(), Metadata::default()), base());
    assert!(diff(&State::scratch(), &State::scratch(), Metadata::default()).is_scratch());
}
