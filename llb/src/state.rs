//! A file system that a graph produces: one output of one vertex, or nothing.
//!
//! States are values. A vertex is encoded when it is made, from inputs that are already encoded. So equal
//! graphs have equal digests, whatever code made them, and a comparison of two states compares two digests.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::caps::Cap;
use crate::definition::{Definition, DefinitionError};
use crate::digest::Digest;
use crate::encode::Order;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::resources::LinuxResources;
use crate::source_map::Location;
use crate::{encode, load, marshal, pb};

/// The index that means "no input" or "no output" in an op.
pub(crate) const NONE: i64 = -1;

/// A file system: empty, or made by a graph. Cloning is cheap.
///
/// Two states are equal if they are the same output of vertices with the same digest. Names, groups and other
/// metadata do not count.
#[derive(Clone, Default)]
pub struct State {
    output: Option<Output>,
}

#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) vertex: Arc<Vertex>,
    pub(crate) index: i64,
}

/// An op with its canonical bytes and their digest.
#[derive(Debug, PartialEq)]
pub(crate) struct EncodedOp {
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) op: pb::Op,
}

/// An op with its inputs and its metadata.
pub(crate) struct Vertex {
    pub(crate) encoded: Arc<EncodedOp>,
    pub(crate) inputs: Vec<Arc<Vertex>>,
    pub(crate) metadata: pb::OpMetadata,
    pub(crate) locations: Vec<Location>,
    pub(crate) resources: Option<LinuxResources>,
    /// The platform of a following op that names no platform. It is not always part of this op.
    pub(crate) platform: Option<Platform>,
}

impl Output {
    fn same(&self, other: &Self) -> bool {
        self.index == other.index && self.vertex.encoded.digest == other.vertex.encoded.digest
    }
}

impl EncodedOp {
    pub(crate) fn new(op: pb::Op) -> Self {
        Self::in_order(op, Order::OneofLast)
    }

    fn in_order(op: pb::Op, order: Order) -> Self {
        let bytes = encode::op_in(&op, order);
        Self { digest: Digest::of(&bytes), bytes, op }
    }
}

impl Drop for Vertex {
    /// Drops long chains in a loop. A recursive call for each vertex would overflow the stack.
    fn drop(&mut self) {
        let mut pending = std::mem::take(&mut self.inputs);
        while let Some(vertex) = pending.pop() {
            if let Some(mut last) = Arc::into_inner(vertex) {
                pending.append(&mut last.inputs);
            }
        }
    }
}

impl State {
    pub(crate) const SCRATCH: Self = Self { output: None };

    /// The empty file system.
    pub fn scratch() -> Self {
        Self::default()
    }

    /// Whether this state is scratch, the empty file system that no vertex makes.
    pub fn is_scratch(&self) -> bool {
        self.output.is_none()
    }

    /// The digest of the vertex that makes this state; `None` for scratch.
    ///
    /// Engines from BuildKit 0.18 on give the vertex the same digest.
    pub fn digest(&self) -> Option<Digest> {
        self.output.as_ref().map(|output| output.vertex.encoded.digest.clone())
    }

    /// The platform of a command on this state, if this vertex or one of its inputs gave one.
    pub fn platform(&self) -> Option<&Platform> {
        self.output.as_ref()?.vertex.platform.as_ref()
    }

    /// The graph in the form that an engine takes; empty for scratch.
    ///
    /// Each op appears once, after its inputs. Two vertices with the same digest may have different metadata.
    /// Then the first one in this order keeps its descriptions, the cache is ignored if one of them asks for
    /// this, and capabilities and source locations are united.
    pub fn marshal(&self) -> Definition {
        marshal::definition(self)
    }

    /// The state of a definition, as another frontend or a client sends it for an input.
    ///
    /// The ops keep their bytes and digests, so marshalling them again gives the vertices the same digests.
    ///
    /// # Errors
    /// When the definition has no terminal op, or an op takes its input from an op that is missing.
    pub fn from_definition(definition: &Definition) -> Result<Self, DefinitionError> {
        load::state(definition)
    }

    /// Encodes a source op again with its fields in `order`. The order changes the digest, so the state then
    /// names the vertex that an older engine's own client made. Other states are returned unchanged.
    #[must_use]
    pub fn in_order(self, order: Order) -> Self {
        let Some(Output { vertex, index }) = &self.output else { return self };
        if !matches!(vertex.encoded.op.op, Some(pb::op::Op::Source(_))) {
            return self;
        }
        let ordered = Vertex {
            encoded: Arc::new(EncodedOp::in_order(vertex.encoded.op.clone(), order)),
            inputs: Vec::new(),
            metadata: vertex.metadata.clone(),
            locations: vertex.locations.clone(),
            resources: vertex.resources.clone(),
            platform: vertex.platform.clone(),
        };
        Self::new(Arc::new(ordered), *index)
    }

    pub(crate) fn new(vertex: Arc<Vertex>, index: i64) -> Self {
        Self { output: Some(Output { vertex, index }) }
    }

    pub(crate) fn output(&self) -> Option<&Output> {
        self.output.as_ref()
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        match (&self.output, &other.output) {
            (Some(left), Some(right)) => left.same(right),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.output.as_ref().map(|output| (&output.vertex.encoded.digest, output.index)).hash(state);
    }
}

impl fmt::Debug for State {
    /// One line, however large the graph is.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.output {
            None => formatter.write_str("State(scratch)"),
            Some(output) => write!(formatter, "State({}#{})", output.vertex.encoded.digest, output.index),
        }
    }
}

/// The inputs of an op under construction.
#[derive(Default)]
pub(crate) struct Inputs {
    outputs: Vec<Output>,
}

impl Inputs {
    /// The index of a state among the inputs. The state is added unless it is already there. Scratch gives
    /// [`NONE`].
    pub(crate) fn add(&mut self, state: &State) -> i64 {
        let Some(output) = state.output() else { return NONE };
        match self.outputs.iter().position(|other| other.same(output)) {
            Some(found) => wire_index(found),
            None => self.push(state),
        }
    }

    /// Like [`add`](Self::add), but a state that is given twice becomes two inputs.
    pub(crate) fn push(&mut self, state: &State) -> i64 {
        let Some(output) = state.output() else { return NONE };
        self.outputs.push(output.clone());
        wire_index(self.outputs.len() - 1)
    }

    pub(crate) fn len(&self) -> i64 {
        wire_index(self.outputs.len())
    }
}

/// The parts of a vertex.
pub(crate) struct Parts<'a> {
    pub(crate) op: pb::op::Op,
    pub(crate) inputs: Inputs,
    /// The platform that is written into the op.
    pub(crate) op_platform: Option<&'a Platform>,
    /// The platform that following ops inherit.
    pub(crate) platform: Option<&'a Platform>,
    pub(crate) metadata: Metadata,
    pub(crate) caps: BTreeSet<Cap>,
}

impl Parts<'_> {
    pub(crate) fn vertex(self) -> Arc<Vertex> {
        let input = |output: &Output| pb::Input {
            digest: output.vertex.encoded.digest.to_string(),
            index: output.index,
        };
        let op = pb::Op {
            inputs: self.inputs.outputs.iter().map(input).collect(),
            platform: self.op_platform.map(Platform::to_pb),
            // Go always writes this field, so it is part of every digest.
            constraints: Some(pb::WorkerConstraints::default()),
            op: Some(self.op),
        };
        Arc::new(Vertex {
            encoded: Arc::new(EncodedOp::new(op)),
            inputs: self.inputs.outputs.into_iter().map(|output| output.vertex).collect(),
            metadata: self.metadata.to_pb(&self.caps),
            locations: self.metadata.locations,
            resources: self.metadata.resources,
            platform: self.platform.cloned(),
        })
    }
}

/// A position in a list, in the integer type of the wire format.
pub(crate) fn wire_index(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
