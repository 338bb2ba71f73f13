//! Files that packages of several layers bring: a step compares the lists of the layers, and its answer is known by the
//! second time that the graph is made.
//!
//! The step reads small lists and no layer, so that nobody has to fetch a layer for it. Everything of an environment
//! that has such a step waits for it: a cache that is exported with an image has the answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Digest, Mount, State};
use buildkit_proto::pb;

use super::wheels::{OUT, Unpacked};
use super::{EmitError, Emitter, Image};
use crate::diagnostics::Span;
use crate::plan::{Action, Together, WheelLayer, WheelSet, installation_order};

/// The file that a comparison leaves.
pub const TOGETHER: &str = "together.txt";

/// Where lists are in the step that compares them.
const LISTS: &str = "/run/pybuild/lists";
/// The name of a list in the folder that the step of its layer leaves.
const LIST: &str = "/files.csv";
/// Where the answer is in the step that waits for it.
const COMPARED: &str = "/run/pybuild/compared";

/// The digest of the comparison that a step waits for without a need of the answer: the step does not run again while
/// the answer is the same.
pub fn awaited(op: &pb::Op) -> Option<&str> {
    let Some(pb::op::Op::Exec(exec)) = &op.op else { return None };
    let mount = exec.mounts.iter().find(|mount| mount.dest == COMPARED)?;
    let input = usize::try_from(mount.input).ok().and_then(|at| op.inputs.get(at))?;
    Some(&input.digest)
}

/// A layer of wheels in an image, before anything was decided of it.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    layer: Arc<WheelLayer>,
    list: State,
}

/// The comparisons of a graph.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    /// All of them.
    made: RefCell<BTreeMap<Digest, State>>,
    /// Those that no step of their environment waits for.
    loose: RefCell<Vec<State>>,
}

impl Comparisons {
    /// All of them, by the digest of the step.
    pub(super) fn into_made(self) -> BTreeMap<Digest, State> {
        self.made.into_inner()
    }

    /// Takes those that nothing waits for yet.
    pub(super) fn take_loose(&self) -> Vec<State> {
        std::mem::take(&mut self.loose.borrow_mut())
    }

    /// Notes one, if there is one, that no step of its environment waits for.
    pub(super) fn let_loose(&self, compared: Option<&State>) {
        let mut loose = self.loose.borrow_mut();
        if let Some(compared) = compared.filter(|compared| !loose.contains(compared)) {
            loose.push(compared.clone());
        }
    }
}

/// Orders of installation, for packages of two kinds of layers.
pub(super) struct Orders<'w> {
    /// Of what lies below, as if there were nothing else.
    pub(super) below: Vec<&'w str>,
    /// Of everything.
    pub(super) all: Vec<&'w str>,
}

impl<'w> Orders<'w> {
    /// The orders of an environment. What groups add has no say in the layers of the project's own dependencies, so that
    /// these are the same with and without groups.
    pub(super) fn of_environment(set: &'w WheelSet) -> Self {
        let below = installation_order(set.base.iter());
        let all = if set.extra.is_empty() { below.clone() } else { installation_order(set.layers()) };
        Self { below, all }
    }

    /// The orders of what a stage adds to the layers of another one.
    pub(super) fn on_top_of(below: &'w [WheelLayer], set: &'w WheelSet) -> Self {
        let base: &[WheelLayer] = if below.is_empty() { &set.base } else { below };
        let all = installation_order(base.iter().chain(&set.extra));
        Self { below: installation_order(below.iter()), all }
    }
}

impl Emitter<'_> {
    /// The step that compares layers; nothing where there are too few of them.
    pub(super) fn compared(
        &self,
        below: &[State],
        above: &[State],
        orders: &Orders<'_>,
        span: Span,
    ) -> Result<Option<State>, EmitError> {
        let count = below.len() + above.len();
        let Some(root) = self.inputs.tool.as_ref().filter(|_| count > 1) else { return Ok(None) };
        let places: Vec<String> = (0..count).map(|number| format!("{LISTS}/{number}")).collect();
        let mut arguments = vec!["overlaps", "--out", OUT];
        for (at, place) in places.iter().enumerate() {
            arguments.extend([if at < below.len() { "--below" } else { "--layer" }, place]);
        }
        let names = |option: &'static str, order: &[&str], wanted: bool| -> Vec<String> {
            let names = order.iter().filter(|_| wanted);
            names.flat_map(|name| [option.to_owned(), (*name).to_owned()]).collect()
        };
        let mut ordered = names("--package-below", &orders.below, !below.is_empty());
        ordered.extend(names("--package", &orders.all, !above.is_empty()));
        arguments.extend(ordered.iter().map(String::as_str));
        let mut exec = self.tool(&arguments)?.mount(Mount::scratch(OUT));
        for (list, place) in below.iter().chain(above).zip(&places) {
            exec = exec.mount(Mount::bind(list, place).selector(LIST).read_only());
        }
        let title = format!("compare: files of {count} layers");
        let compared = exec.meta(self.metadata("wheels", &title, span)).run(root).output(OUT);
        if let Some(digest) = compared.digest() {
            self.comparisons.made.borrow_mut().insert(digest, compared.clone());
        }
        Ok(Some(compared))
    }

    /// What was decided of layers that were compared, if anything was.
    pub(super) fn decided(&self, compared: Option<&State>) -> Option<&Together> {
        self.inputs.together.get(&compared?.digest()?)
    }

    /// A mount for a step that belongs to the environment and needs nothing of the answer.
    pub(super) fn awaiting(compared: &State) -> Mount {
        Mount::bind(compared, COMPARED).read_only()
    }

    /// Remembers layers of wheels for stages that go on from the image, where there are such stages.
    pub(super) fn remember(&self, layers: &[WheelLayer], unpacked: &[Unpacked], image: &mut Image) {
        let adds = |action: &Action| matches!(action, Action::Install(groups) if groups.wheels.is_some());
        let mut steps = self.plan.stages.iter().flat_map(|stage| &stage.steps);
        if steps.any(|step| adds(&step.action)) {
            let laid = layers.iter().zip(unpacked);
            image.wheels.extend(
                laid.map(|(layer, made)| Laid { layer: Arc::new(layer.clone()), list: made.list.clone() }),
            );
        }
    }

    /// The layers of wheels that an image has, and their lists.
    pub(super) fn laid(image: &Image) -> (Vec<WheelLayer>, Vec<State>) {
        image.wheels.iter().map(|laid| (WheelLayer::clone(&laid.layer), laid.list.clone())).unzip()
    }
}
