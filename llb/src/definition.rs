//! The wire form of a graph, decoded and checked once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost::Message;

use crate::caps::Cap;
use crate::digest::{Digest, DigestError};
use crate::encode::Order;
use crate::resources::LinuxResources;
use crate::state::{EncodedOp, State};
use crate::{dump, encode, load, pb};

/// A graph as it is sent to an engine: encoded ops, metadata of each op, and source maps.
///
/// The last op is the terminal op. It does nothing; its input is the output that the whole graph stands for.
/// A definition without any op is scratch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definition {
    pub(crate) ops: Vec<Arc<EncodedOp>>,
    pub(crate) metadata: BTreeMap<Digest, pb::OpMetadata>,
    pub(crate) source: Option<pb::Source>,
    /// The part of an op's metadata for which [`pb::OpMetadata`] has no field.
    pub(crate) resources: BTreeMap<Digest, LinuxResources>,
}

impl Eq for Definition {}

/// The fields of the message for which [`pb::Definition`] has no place.
#[derive(Clone, PartialEq, Message)]
struct Limits {
    #[prost(btree_map = "string, message", tag = "2")]
    metadata: BTreeMap<String, LimitsOfOp>,
}

#[derive(Clone, PartialEq, Message)]
struct LimitsOfOp {
    #[prost(message, optional, tag = "7")]
    resources: Option<LinuxResources>,
}

/// Why a message is not a definition, or a definition is not a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// The bytes of an op can't be decoded.
    #[error("op {position} of the definition can't be decoded")]
    Decode {
        /// The position of the op, from 0.
        position: usize,
        /// The decoder's error.
        #[source]
        source: prost::DecodeError,
    },
    /// The bytes of the definition can't be decoded.
    #[error("the definition can't be decoded")]
    Message(#[source] prost::DecodeError),
    /// Metadata or an input names an op by a text that is not a digest.
    #[error("the definition refers to an op by something that is not a digest")]
    Digest(#[from] DigestError),
    /// The last op has no input, so the graph has no output.
    #[error("the last op of the definition has no input")]
    NoTerminal,
    /// An op takes its input from an op that the definition does not contain.
    #[error("the definition lacks the op {digest}, which another op needs")]
    MissingOp {
        /// The digest of the missing op.
        digest: Digest,
    },
    /// An input names an output with a negative index.
    #[error("the definition takes output {index} of the op {digest}")]
    NegativeIndex {
        /// The op whose output the input names.
        digest: Digest,
        /// The index.
        index: i64,
    },
    /// A location names a source file that the source map does not have. Engines crash on such a definition.
    #[error("the definition places an op in source file {index}, which it does not have")]
    SourceIndex {
        /// The index of the source file.
        index: i32,
    },
}

impl Definition {
    /// Reads a message: decodes every op and checks the digests by which metadata names its op.
    ///
    /// [`State::from_definition`](crate::State::from_definition) checks whether the ops form a graph.
    ///
    /// # Errors
    /// See [`DefinitionError`].
    pub fn from_pb(definition: pb::Definition) -> Result<Self, DefinitionError> {
        let decode = |(position, bytes): (usize, Vec<u8>)| {
            let op = pb::Op::decode(bytes.as_slice());
            let op = op.map_err(|source| DefinitionError::Decode { position, source })?;
            Ok(Arc::new(EncodedOp { digest: Digest::of(&bytes), bytes, op }))
        };
        let metadata = |(digest, metadata): (String, pb::OpMetadata)| Ok((Digest::parse(&digest)?, metadata));
        Ok(Self {
            ops: definition
                .def
                .into_iter()
                .enumerate()
                .map(decode)
                .collect::<Result<_, DefinitionError>>()?,
            metadata: definition.metadata.into_iter().map(metadata).collect::<Result<_, DigestError>>()?,
            source: definition.source,
            resources: BTreeMap::new(),
        })
    }

    /// Reads the bytes of a whole message, with the limits of processes, which [`Self::from_pb`] does not
    /// see.
    ///
    /// # Errors
    /// See [`DefinitionError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DefinitionError> {
        let message = pb::Definition::decode(bytes).map_err(DefinitionError::Message)?;
        let limits = Limits::decode(bytes).map_err(DefinitionError::Message)?;
        let mut definition = Self::from_pb(message)?;
        for (digest, op) in limits.metadata {
            if let Some(resources) = op.resources {
                definition.resources.insert(Digest::parse(&digest)?, resources);
            }
        }
        Ok(definition)
    }

    /// The order in which the author of the definition writes the fields of an op. If no op shows the order,
    /// the usual order.
    pub fn order(&self) -> Order {
        let by_number = |op: &Arc<EncodedOp>| {
            op.bytes != encode::op(&op.op) && op.bytes == encode::op_in(&op.op, Order::Numbers)
        };
        if self.ops.iter().any(by_number) { Order::Numbers } else { Order::OneofLast }
    }

    /// The bytes of the whole message, with the limits of processes, for which [`Self::to_pb`] has no field.
    pub fn encode(&self) -> Vec<u8> {
        encode::definition(self)
    }

    /// The message without the fields that the generated types do not have.
    pub fn to_pb(&self) -> pb::Definition {
        pb::Definition {
            def: self.ops.iter().map(|op| op.bytes.clone()).collect(),
            metadata: self
                .metadata
                .iter()
                .map(|(digest, metadata)| (digest.to_string(), metadata.clone()))
                .collect(),
            source: self.source.clone(),
        }
    }

    /// Whether the definition is scratch.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The digest of the vertex that the definition stands for; `None` for scratch.
    pub fn head(&self) -> Option<Digest> {
        let input = self.ops.last()?.op.inputs.first()?;
        Digest::parse(&input.digest).ok()
    }

    /// The ops, inputs first, without the terminal one.
    pub fn ops(&self) -> impl DoubleEndedIterator<Item = (&Digest, &pb::Op)> + ExactSizeIterator {
        let real = self.ops.split_last().map_or(&[][..], |(_, real)| real);
        real.iter().map(|op| (&op.digest, &op.op))
    }

    /// The state that one of the ops receives through this input.
    ///
    /// # Errors
    /// When the definition does not contain the op that makes the input.
    pub fn state_of(&self, input: &pb::Input) -> Result<State, DefinitionError> {
        load::state_of(self, input)
    }

    /// The metadata of an op.
    pub fn metadata(&self, digest: &Digest) -> Option<&pb::OpMetadata> {
        self.metadata.get(digest)
    }

    /// The limits of the process that an op runs, if it has any.
    pub fn resources(&self, digest: &Digest) -> Option<&LinuxResources> {
        self.resources.get(digest)
    }

    /// The source map: the files that ops come from, and the lines of each op.
    pub fn source(&self) -> Option<&pb::Source> {
        self.source.as_ref()
    }

    /// Every capability that some op requires. Ids that BuildKit does not register are left out.
    pub fn required_caps(&self) -> BTreeSet<Cap> {
        let asked = self.metadata.values().flat_map(|metadata| &metadata.caps);
        asked.filter(|(_, needed)| **needed).filter_map(|(id, _)| Cap::from_id(id)).collect()
    }

    /// A dump for people and snapshots. It numbers ops by position and leaves out defaults. Equal definitions
    /// give equal dumps.
    ///
    /// The shape may change between versions.
    pub fn to_json(&self) -> serde_json::Value {
        dump::definition(self)
    }

    /// The dump of [`Self::to_json`] as indented text, with a line break at its end.
    pub fn to_json_text(&self) -> String {
        let json = self.to_json();
        // Formatting a `Value` can't fail. The alternative only avoids a panic.
        let mut text = serde_json::to_string_pretty(&json).unwrap_or_else(|_| format!("{json:#}"));
        text.push('\n');
        text
    }
}
