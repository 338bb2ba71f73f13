//! Turns a definition back into a state. The vertices keep their bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::definition::{Definition, DefinitionError};
use crate::digest::Digest;
use crate::pb;
use crate::platform::Platform;
use crate::source_map::{Location, Range, SourceFile};
use crate::state::{EncodedOp, State, Vertex};

pub(crate) fn state(definition: &Definition) -> Result<State, DefinitionError> {
    let Some(terminal) = definition.ops.last() else {
        return Ok(State::scratch());
    };
    let Some(head) = terminal.op.inputs.first() else {
        return Err(DefinitionError::NoTerminal);
    };
    state_of(definition, head)
}

/// The state that an op of the definition receives through this input.
pub(crate) fn state_of(definition: &Definition, input: &pb::Input) -> Result<State, DefinitionError> {
    let files = files(definition)?;
    let loader = Loader {
        ops: definition.ops.iter().map(|op| (op.digest.as_str(), op)).collect(),
        definition,
        locations: locations(definition, &files)?,
    };
    let (vertex, index) = loader.load(input)?;
    Ok(State::new(vertex, index))
}

fn files(definition: &Definition) -> Result<Vec<Arc<SourceFile>>, DefinitionError> {
    let infos = definition.source.iter().flat_map(|source| &source.infos);
    let file = |info: &pb::SourceInfo| {
        // This recursion is bounded: the decoder has already limited the nesting when it read the definition.
        let definition = match &info.definition {
            Some(definition) => Some(state(&Definition::from_pb(definition.clone())?)?),
            None => None,
        };
        Ok(Arc::new(SourceFile {
            filename: info.filename.clone(),
            data: info.data.clone(),
            language: info.language.clone(),
            definition,
        }))
    };
    infos.map(file).collect()
}

fn locations<'a>(
    definition: &'a Definition,
    files: &[Arc<SourceFile>],
) -> Result<BTreeMap<&'a str, Vec<Location>>, DefinitionError> {
    let mut result: BTreeMap<&str, Vec<Location>> = BTreeMap::new();
    for (digest, list) in definition.source.iter().flat_map(|source| &source.locations) {
        for location in &list.locations {
            let index = location.source_index;
            let file = usize::try_from(index).ok().and_then(|index| files.get(index));
            let file = file.ok_or(DefinitionError::SourceIndex { index })?;
            result.entry(digest).or_default().push(Location {
                file: Arc::clone(file),
                ranges: location.ranges.iter().map(Range::from_pb).collect(),
            });
        }
    }
    Ok(result)
}

struct Loader<'a> {
    definition: &'a Definition,
    ops: BTreeMap<&'a str, &'a Arc<EncodedOp>>,
    locations: BTreeMap<&'a str, Vec<Location>>,
}

impl<'a> Loader<'a> {
    /// Makes the vertices below an input, in a loop instead of a recursion. An op contains the digests of its
    /// inputs, so there is no cycle.
    fn load(&self, head: &'a pb::Input) -> Result<(Arc<Vertex>, i64), DefinitionError> {
        let mut made: BTreeMap<&str, Arc<Vertex>> = BTreeMap::new();
        let head_op = self.find(head)?;
        let mut stack = vec![head_op];
        let vertex = loop {
            let Some(op) = stack.last().copied() else {
                return Err(DefinitionError::NoTerminal);
            };
            let mut inputs = Vec::with_capacity(op.op.inputs.len());
            let before = stack.len();
            for input in &op.op.inputs {
                let source = self.find(input)?;
                match made.get(source.digest.as_str()) {
                    Some(vertex) => inputs.push(Arc::clone(vertex)),
                    None => stack.push(source),
                }
            }
            if stack.len() > before {
                continue;
            }
            stack.pop();
            let vertex = made.entry(op.digest.as_str()).or_insert_with(|| self.vertex(op, inputs));
            if op.digest == head_op.digest {
                break Arc::clone(vertex);
            }
        };
        Ok((vertex, head.index))
    }

    fn find(&self, input: &pb::Input) -> Result<&'a Arc<EncodedOp>, DefinitionError> {
        let digest = Digest::parse(&input.digest)?;
        if input.index < 0 {
            return Err(DefinitionError::NegativeIndex { digest, index: input.index });
        }
        self.ops.get(input.digest.as_str()).copied().ok_or(DefinitionError::MissingOp { digest })
    }

    fn vertex(&self, op: &Arc<EncodedOp>, inputs: Vec<Arc<Vertex>>) -> Arc<Vertex> {
        // Some ops, such as file ops, name no platform. They take the platform of their first input, as they
        // do when this crate builds the graph.
        let inherited = || inputs.first().and_then(|input| input.platform.clone());
        Arc::new(Vertex {
            platform: op.op.platform.as_ref().map(Platform::from_pb).or_else(inherited),
            encoded: Arc::clone(op),
            metadata: self.definition.metadata(&op.digest).cloned().unwrap_or_default(),
            locations: self.locations.get(op.digest.as_str()).cloned().unwrap_or_default(),
            resources: self.definition.resources(&op.digest).cloned(),
            inputs,
        })
    }
}
