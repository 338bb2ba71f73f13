//! Encodes an op byte for byte as Go does, because the bytes are the name of the vertex.
//!
//! An engine decodes every op, encodes it again with Go's deterministic protobuf writer and calls the vertex by
//! the digest of that. Different bytes would build all the same, but source locations, warnings and sharing with
//! other frontends go by the engine's digest and would get lost without a word.
//!
//! Against the generated encoder Go differs in two ways: the members of a oneof come after all other fields, which
//! matters for `Op` alone, and an entry of a map has its key and value even when they are empty, which matters for
//! the attributes of a source.

use prost::Message;

use crate::pb;

const WIRE_LENGTH_DELIMITED: u64 = 2;

/// The canonical bytes of an op.
///
/// A build op, which this crate reads but never makes, is encoded by the generated code.
pub(crate) fn op(op: &pb::Op) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(op.encoded_len());
    for input in &op.inputs {
        message(&mut buffer, 1, input);
    }
    if let Some(platform) = &op.platform {
        message(&mut buffer, 10, platform);
    }
    if let Some(constraints) = &op.constraints {
        message(&mut buffer, 11, constraints);
    }
    match &op.op {
        Some(pb::op::Op::Exec(exec)) => message(&mut buffer, 2, exec),
        Some(pb::op::Op::Source(source)) => bytes(&mut buffer, 3, &source_op(source)),
        Some(pb::op::Op::File(file)) => message(&mut buffer, 4, file),
        Some(pb::op::Op::Build(build)) => message(&mut buffer, 5, build),
        Some(pb::op::Op::Merge(merge)) => message(&mut buffer, 6, merge),
        Some(pb::op::Op::Diff(diff)) => message(&mut buffer, 7, diff),
        None => {}
    }
    buffer
}

fn source_op(source: &pb::SourceOp) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(source.encoded_len());
    if !source.identifier.is_empty() {
        bytes(&mut buffer, 1, source.identifier.as_bytes());
    }
    for (key, value) in &source.attrs {
        let mut entry = Vec::with_capacity(key.len() + value.len() + 8);
        bytes(&mut entry, 1, key.as_bytes());
        bytes(&mut entry, 2, value.as_bytes());
        bytes(&mut buffer, 2, &entry);
    }
    buffer
}

fn message(buffer: &mut Vec<u8>, tag: u64, message: &impl Message) {
    bytes(buffer, tag, &message.encode_to_vec());
}

fn bytes(buffer: &mut Vec<u8>, tag: u64, bytes: &[u8]) {
    varint(buffer, (tag << 3) | WIRE_LENGTH_DELIMITED);
    varint(buffer, bytes.len() as u64);
    buffer.extend_from_slice(bytes);
}

fn varint(buffer: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            buffer.push(low);
            return;
        }
        buffer.push(low | 0x80);
    }
}
