//! Files that packages of several layers have in common. A step compares the file lists of the layers. Its
//! answer is known when the graph is made for the second time.
//!
//! The step reads small lists and no layer, so no layer must be fetched for it. All steps of an environment
//! with such a comparison wait for it. So a cache that is exported with the image contains the answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Digest, Mount, State};
use buildkit_proto::pb;

use super::wheels::{OUT, Unpacked};
use super::{EmitError, Emitter, Image};
use crate::diagnostics::Span;
use crate::plan::{Action, Together, WheelLayer, WheelSet, installation_order};

/// The output file of a comparison.
pub const TOGETHER: &str = "together.txt";

/// The folder of the lists in the comparing step.
const LISTS: &str = "/run/pybuild/lists";
/// The path of the list in the output folder of a layer's step.
const LIST: &str = "/files.csv";
/// The path of the answer in a step that waits for it.
const COMPARED: &str = "/run/pybuild/compared";

/// The digest of the comparison for which a step waits without reading the answer. The step does not run
/// again as long as the answer stays the same.
pub fn awaited(op: &pb::Op) -> Option<&str> {
    let Some(pb::op::Op::Exec(exec)) = &op.op else { return None };
    let mount = exec.mounts.iter().find(|mount| mount.dest == COMPARED)?;
    let input = usize::try_from(mount.input).ok().and_then(|at| op.inputs.get(at))?;
    Some(&input.digest)
}

/// A layer of wheels in an image, before the comparison has answered.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    layer: Arc<WheelLayer>,
    list: State,
}

/// The comparisons of a graph.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    /// All comparisons.
    made: RefCell<BTreeMap<Digest, State>>,
    /// The comparisons for which no step of their environment waits.
    loose: RefCell<Vec<State>>,
}

impl Comparisons {
    /// All comparisons, by the digest of the step.
    pub(super) fn into_made(self) -> BTreeMap<Digest, State> {
        self.made.into_inner()
    }

    /// Takes the comparisons for which no step waits yet.
    pub(super) fn take_loose(&self) -> Vec<State> {
        std::mem::take(&mut self.loose.borrow_mut())
    }

    /// Records a comparison for which no step of its environment waits.
    pub(super) fn let_loose(&self, compared: Option<&State>) {
        let mut loose = self.loose.borrow_mut();
        if let Some(compared) = compared.filter(|compared| !loose.contains(compared)) {
            loose.push(compared.clone());
        }
    }
}

/// Orders of installation, for packages of two kinds of layers.
pub(super) struct Orders<'w> {
    /// The order of the lower packages alone.
    pub(super) below: Vec<&'w str>,
    /// The order of all packages.
    pub(super) all: Vec<&'w str>,
}

impl<'w> Orders<'w> {
    /// The orders of an environment. Packages of groups do not change the order of the project's own
    /// dependencies. So the layers of these dependencies are the same with and without groups.
    pub(super) fn of_environment(set: &'w WheelSet) -> Self {
        let below = installation_order(set.base.iter());
        let all = if set.extra.is_empty() { below.clone() } else { installation_order(set.layers()) };
        Self { below, all }
    }

    /// The orders for a stage that adds layers to those of another stage.
    pub(super) fn on_top_of(below: &'w [WheelLayer], set: &'w WheelSet) -> Self {
        let base: &[WheelLayer] = if below.is_empty() { &set.base } else { below };
        let all = installation_order(base.iter().chain(&set.extra));
        Self { below: installation_order(below.iter()), all }
    }
}

impl Emitter<'_> {
    /// The step that compares layers; `None` if there are too few layers.
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

    /// The answer of a comparison, if there is one.
    pub(super) fn decided(&self, compared: Option<&State>) -> Option<&Together> {
        self.inputs.together.get(&compared?.digest()?)
    }

    /// A mount that makes a step of the environment wait for the comparison, although the step does not read
    /// the answer.
    pub(super) fn awaiting(compared: &State) -> Mount {
        Mount::bind(compared, COMPARED).read_only()
    }

    /// Records layers of wheels for stages that start from the image, if there are such stages.
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

    /// The wheel layers of an image and their lists.
    pub(super) fn laid(image: &Image) -> (Vec<WheelLayer>, Vec<State>) {
        image.wheels.iter().map(|laid| (WheelLayer::clone(&laid.layer), laid.list.clone())).unzip()
    }
}
