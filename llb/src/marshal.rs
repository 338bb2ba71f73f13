//! Turns a state into a definition: the ops in the order in which an engine reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::caps::Cap;
use crate::definition::Definition;
use crate::digest::Digest;
use crate::source_map::{Location, Range, SourceFile};
use crate::state::{EncodedOp, State, Vertex, wire_index};
use crate::{metadata, pb};

pub(crate) fn definition(state: &State) -> Definition {
    let Some(output) = state.output() else {
        return Definition::default();
    };
    let mut ops = Vec::new();
    let mut metadata_of: BTreeMap<Digest, pb::OpMetadata> = BTreeMap::new();
    let mut sources = Sources::default();
    let mut resources = BTreeMap::new();
    for vertex in inputs_first(&output.vertex) {
        let digest = &vertex.encoded.digest;
        sources.add(digest, &vertex.locations);
        if let Some(limits) = &vertex.resources {
            resources.entry(digest.clone()).or_insert_with(|| limits.clone());
        }
        if let Some(known) = metadata_of.get_mut(digest) {
            metadata::merge(known, &vertex.metadata);
        } else {
            metadata_of.insert(digest.clone(), vertex.metadata.clone());
            ops.push(Arc::clone(&vertex.encoded));
        }
    }
    let terminal = EncodedOp::new(pb::Op {
        inputs: vec![pb::Input { digest: output.vertex.encoded.digest.to_string(), index: output.index }],
        ..pb::Op::default()
    });
    let caps = terminal_caps(metadata_of.values());
    metadata_of.insert(terminal.digest.clone(), pb::OpMetadata { caps, ..pb::OpMetadata::default() });
    ops.push(Arc::new(terminal));
    Definition { ops, metadata: metadata_of, source: Some(sources.to_pb()), resources }
}

/// Every vertex once, after its inputs, from left to right. A loop does this without recursion, because
/// chains may be long.
///
/// Two vertices that were made separately may have the same digest. Both are visited, because each may have
/// metadata of its own.
fn inputs_first(root: &Arc<Vertex>) -> Vec<&Arc<Vertex>> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::from([Arc::as_ptr(root)]);
    let mut stack = vec![(root, root.inputs.iter())];
    while let Some((vertex, inputs)) = stack.last_mut() {
        match inputs.next() {
            Some(input) if seen.insert(Arc::as_ptr(input)) => stack.push((input, input.inputs.iter())),
            Some(_) => {}
            None => {
                order.push(*vertex);
                stack.pop();
            }
        }
    }
    order
}

/// The capabilities of the terminal op: the metadata features that the definition as a whole uses.
fn terminal_caps<'a>(all: impl Iterator<Item = &'a pb::OpMetadata>) -> BTreeMap<String, bool> {
    let mut caps = BTreeSet::from([Cap::Constraints, Cap::Platform]);
    for metadata in all {
        if metadata.ignore_cache {
            caps.insert(Cap::MetaIgnoreCache);
        }
        if !metadata.description.is_empty() {
            caps.insert(Cap::MetaDescription);
        }
        if metadata.export_cache.is_some() {
            caps.insert(Cap::MetaExportCache);
        }
    }
    caps.into_iter().map(|cap| (cap.id().to_owned(), true)).collect()
}

/// Collects each source file once, and the locations of each op in these files.
#[derive(Default)]
struct Sources<'a> {
    files: Vec<&'a Arc<SourceFile>>,
    locations: BTreeMap<&'a Digest, Vec<(usize, &'a [Range])>>,
}

impl<'a> Sources<'a> {
    fn add(&mut self, digest: &'a Digest, locations: &'a [Location]) {
        for Location { file, ranges } in locations {
            let same = |other: &&Arc<SourceFile>| Arc::ptr_eq(other, file) || *other == file;
            let index = self.files.iter().position(same).unwrap_or_else(|| {
                self.files.push(file);
                self.files.len() - 1
            });
            let known = self.locations.entry(digest).or_default();
            if !known.contains(&(index, ranges)) {
                known.push((index, ranges));
            }
        }
    }

    fn to_pb(&self) -> pb::Source {
        let location = |&(index, ranges): &(usize, &[Range])| pb::Location {
            source_index: i32::try_from(wire_index(index)).unwrap_or(i32::MAX),
            ranges: ranges.iter().map(|range| range.to_pb()).collect(),
        };
        let locations = |(digest, list): (&&Digest, &Vec<(usize, &[Range])>)| {
            (digest.to_string(), pb::Locations { locations: list.iter().map(location).collect() })
        };
        let info = |file: &&Arc<SourceFile>| pb::SourceInfo {
            filename: file.filename.clone(),
            data: file.data.clone(),
            language: file.language.clone(),
            definition: file.definition.as_ref().map(|state| definition(state).to_pb()),
        };
        pb::Source {
            locations: self.locations.iter().map(locations).collect(),
            infos: self.files.iter().map(info).collect(),
        }
    }
}
