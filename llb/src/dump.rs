//! A definition as JSON for people and snapshots.
//!
//! Ops are numbered by position. An input names its op by this number, and its output unless it is the first.
//! Values that equal their default are left out.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::definition::Definition;
use crate::digest::Digest;
use crate::pb;
use crate::platform::Platform;
use crate::resources::LinuxResources;

mod ops;
#[cfg(test)]
mod tests;

/// A JSON object that keeps the order in which entries were added.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// Adds an entry unless the value is empty: an empty text, list or object, `null`, `false` or 0.
    fn put_set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        let unset = match &value {
            Value::Null => true,
            Value::Bool(set) => !set,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
        };
        if !unset {
            self.put(key, value);
        }
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object.0)
    }
}

pub(crate) fn definition(definition: &Definition) -> Value {
    let positions: BTreeMap<&str, usize> =
        definition.ops().enumerate().map(|(position, (digest, _))| (digest.as_str(), position)).collect();
    let input = |input: &pb::Input| {
        let op = match positions.get(input.digest.as_str()) {
            Some(position) => json!(position),
            None => json!(input.digest),
        };
        if input.index == 0 { op } else { json!({ "op": op, "output": input.index }) }
    };
    let op = |(position, (digest, op)): (usize, (&Digest, &pb::Op))| {
        let mut object = Object::default();
        object.put("op", position);
        object.put("type", type_of(op));
        object.put("digest", digest.as_str());
        object.put_set("inputs", op.inputs.iter().map(input).collect::<Vec<_>>());
        if let Some(platform) = &op.platform {
            object.put("platform", Platform::from_pb(platform).format_all());
        }
        if let Some(constraints) = &op.constraints {
            object.put_set("constraints", constraints.filter.clone());
        }
        ops::describe(&mut object, op);
        if let Some(known) = definition.metadata(digest) {
            object.put_set("metadata", metadata(known, definition.resources(digest)));
        }
        object.put_set("locations", locations(definition, digest));
        Value::from(object)
    };
    let mut object = Object::default();
    object.put("ops", definition.ops().enumerate().map(op).collect::<Vec<_>>());
    if let Some(head) = definition.ops.last().and_then(|terminal| terminal.op.inputs.first()) {
        object.put("head", input(head));
    }
    object.put_set("files", files(definition));
    object.into()
}

fn type_of(op: &pb::Op) -> &'static str {
    match &op.op {
        Some(pb::op::Op::Exec(_)) => "exec",
        Some(pb::op::Op::Source(_)) => "source",
        Some(pb::op::Op::File(_)) => "file",
        Some(pb::op::Op::Build(_)) => "build",
        Some(pb::op::Op::Merge(_)) => "merge",
        Some(pb::op::Op::Diff(_)) => "diff",
        None => "unknown",
    }
}

fn metadata(metadata: &pb::OpMetadata, limits: Option<&LinuxResources>) -> Value {
    let mut object = Object::default();
    object.put_set("description", json!(metadata.description));
    if let Some(group) = &metadata.progress_group {
        let mut row = Object::default();
        row.put("id", group.id.as_str());
        row.put("name", group.name.as_str());
        row.put_set("weak", group.weak);
        object.put("progress_group", row);
    }
    object.put_set("ignore_cache", metadata.ignore_cache);
    if let Some(export) = &metadata.export_cache {
        object.put("export_cache", export.value);
    }
    let caps = metadata.caps.iter().filter(|(_, needed)| **needed).map(|(id, _)| id.as_str());
    object.put_set("caps", caps.collect::<Vec<_>>());
    if let Some(limits) = limits {
        let mut resources = Object::default();
        resources.put_set("memory", limits.memory);
        resources.put_set("memory_swap", limits.memory_swap);
        resources.put_set("cpu_shares", limits.cpu_shares);
        resources.put_set("cpu_period", limits.cpu_period);
        resources.put_set("cpu_quota", limits.cpu_quota);
        resources.put_set("cpuset_cpus", limits.cpuset_cpus.as_str());
        resources.put_set("cpuset_mems", limits.cpuset_mems.as_str());
        object.put_set("resources", resources);
    }
    object.into()
}

/// The places of an op as `file:line:character-line:character`, the way compilers print places.
fn locations(definition: &Definition, digest: &Digest) -> Vec<String> {
    let Some(source) = definition.source() else {
        return Vec::new();
    };
    let Some(known) = source.locations.get(digest.as_str()) else {
        return Vec::new();
    };
    let place = |location: &pb::Location| {
        let index = usize::try_from(location.source_index).ok();
        let file = index.and_then(|index| source.infos.get(index)).map_or("?", |info| info.filename.as_str());
        let range = |range: &pb::Range| {
            let (start, end) = (range.start.unwrap_or_default(), range.end.unwrap_or_default());
            format!("{file}:{}:{}-{}:{}", start.line, start.character, end.line, end.character)
        };
        location.ranges.iter().map(range).collect::<Vec<_>>()
    };
    known.locations.iter().flat_map(place).collect()
}

fn files(definition: &Definition) -> Vec<Value> {
    let file = |info: &pb::SourceInfo| {
        let mut object = Object::default();
        object.put("filename", info.filename.as_str());
        object.put_set("language", info.language.as_str());
        object.put("bytes", info.data.len());
        if let Some(from) = &info.definition {
            // Only the digest is shown. The graph that the file came from is rarely of interest.
            let head = Definition::from_pb(from.clone()).ok().and_then(|from| from.head());
            object.put_set("from", head.map(|head| head.to_string()));
        }
        object.into()
    };
    definition.source().map(|source| source.infos.iter().map(file).collect()).unwrap_or_default()
}
