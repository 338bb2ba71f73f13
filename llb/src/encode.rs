//! Encodes an op byte for byte as Go does, because the digest of the bytes is the digest of the vertex.
//!
//! An engine decodes every op and encodes it again with Go's deterministic protobuf writer. The digest of the
//! result names the vertex. Other bytes would build the same image. But source locations, warnings and the
//! sharing of steps with other frontends use the engine's digest, and would silently be lost.
//!
//! Go differs from the generated encoder in two ways. First, Go writes the members of a oneof after all other
//! fields; this matters for `Op` alone. Second, Go writes the key and the value of a map entry even if they
//! are empty; this matters for the attributes of a source.

use prost::Message;

use crate::definition::Definition;
use crate::{pb, resources};

/// The place where an encoder writes the member of a oneof.
///
/// Before BuildKit 0.18 the digest of a vertex is that of the bytes as they were sent, and the engine's own
/// client writes fields in the order of their numbers. Use [`Order::Numbers`] to match a vertex that such an
/// engine made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// After all other fields, as newer engines do.
    #[default]
    OneofLast,
    /// At the place that its field number gives, as older engines do.
    Numbers,
}

const WIRE_LENGTH_DELIMITED: u64 = 2;

/// The canonical bytes of an op.
///
/// The generated code encodes build ops. This crate reads build ops but never makes them.
pub(crate) fn op(op: &pb::Op) -> Vec<u8> {
    op_in(op, Order::OneofLast)
}

/// The bytes of an op with its fields in a given order.
pub(crate) fn op_in(op: &pb::Op, order: Order) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(op.encoded_len());
    for input in &op.inputs {
        message(&mut buffer, 1, input);
    }
    if order == Order::Numbers {
        oneof(&mut buffer, op);
    }
    if let Some(platform) = &op.platform {
        message(&mut buffer, 10, platform);
    }
    if let Some(constraints) = &op.constraints {
        message(&mut buffer, 11, constraints);
    }
    if order == Order::OneofLast {
        oneof(&mut buffer, op);
    }
    buffer
}

fn oneof(buffer: &mut Vec<u8>, op: &pb::Op) {
    match &op.op {
        Some(pb::op::Op::Exec(exec)) => message(buffer, 2, exec),
        Some(pb::op::Op::Source(source)) => bytes(buffer, 3, &source_op(source)),
        Some(pb::op::Op::File(file)) => message(buffer, 4, file),
        Some(pb::op::Op::Build(build)) => message(buffer, 5, build),
        Some(pb::op::Op::Merge(merge)) => message(buffer, 6, merge),
        Some(pb::op::Op::Diff(diff)) => message(buffer, 7, diff),
        None => {}
    }
}

/// The bytes of a definition, fields in the order of their numbers.
///
/// No digest depends on these bytes. They are written by hand because the generated code lacks one field of
/// the metadata.
pub(crate) fn definition(definition: &Definition) -> Vec<u8> {
    let mut buffer = Vec::new();
    for op in &definition.ops {
        bytes(&mut buffer, 1, &op.bytes);
    }
    for (digest, metadata) in &definition.metadata {
        // The limits have the highest field number, so they come last.
        let mut value = metadata.encode_to_vec();
        if let Some(limits) = definition.resources.get(digest) {
            message(&mut value, resources::FIELD, limits);
        }
        let mut entry = Vec::with_capacity(value.len() + 80);
        bytes(&mut entry, 1, digest.as_str().as_bytes());
        bytes(&mut entry, 2, &value);
        bytes(&mut buffer, 2, &entry);
    }
    if let Some(source) = &definition.source {
        message(&mut buffer, 3, source);
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

#[cfg(test)]
mod tests {
    //! Comparisons with bytes that BuildKit's own Go client wrote.

    use super::*;
    use crate::digest::hex;
    use crate::state::State;
    use crate::{Exec, FileOp, Http, Image, Local, Metadata, MkFile, Mount, Platform, Sharing, merge};

    const ALPINE: &str = "sha256:a7f9733e307dd352c82d43053b783dd17bb2ec2c36214908ce393e41545c8b51";
    const MKFILE: &str = "sha256:2ceaba8e5ffb5e926fbea3aab09b60349400c88319194549e18e556ae3b3e612";

    fn last_op(state: &State) -> String {
        let definition = state.marshal().to_pb();
        hex(&definition.def[definition.def.len() - 2])
    }

    fn terminal(state: &State) -> String {
        hex(state.marshal().to_pb().def.last().expect("a terminal op"))
    }

    fn input(digest: &str) -> String {
        format!("0a490a47{}", hex(digest.as_bytes()))
    }

    fn digest(state: &State) -> String {
        state.digest().expect("not scratch").to_string()
    }

    fn alpine() -> State {
        Image::new("alpine").platform(&Platform::new("linux", "amd64")).state()
    }

    fn mkfile() -> State {
        FileOp::on(&State::scratch()).mkfile(MkFile::new("/a", "x")).state()
    }

    #[test]
    fn an_image_has_gos_bytes() {
        assert_eq!(
            last_op(&alpine()),
            "520e0a05616d64363412056c696e75785a001a300a2e646f636b65722d696d6167653a2f2f646f636b65722e696f2f6c6962726\
             172792f616c70696e653a6c6174657374"
        );
        assert_eq!(digest(&alpine()), ALPINE);
        assert_eq!(terminal(&alpine()), input(ALPINE));
    }

    #[test]
    fn a_local_folder_has_gos_bytes() {
        let local = Local::new("context").session_id("sess").shared_key_hint("context").state();
        assert_eq!(
            last_op(&local),
            "5a001a480a0f6c6f63616c3a2f2f636f6e7465787412150a0d6c6f63616c2e73657373696f6e120473657373121e0a136c6f636\
             16c2e7368617265646b657968696e741207636f6e74657874"
        );
        assert_eq!(digest(&local), "sha256:02b1e83abe51977d0205a53ac596a7456c65d4aa4297d42a7fbb38eecde33a0b");
    }

    #[test]
    fn a_file_on_scratch_has_gos_bytes() {
        assert_eq!(
            last_op(&mkfile()),
            "5a00222f122d08ffffffffffffffffff0110ffffffffffffffffff012a150a022f6110a4031a017828ffffffffffffffffff01"
        );
        assert_eq!(digest(&mkfile()), MKFILE);
    }

    #[test]
    fn a_process_with_a_cache_and_a_secret_has_gos_bytes() {
        let ran = Exec::new(["/bin/true"])
            .mount(Mount::secret("t", "/run/secrets/t"))
            .mount(Mount::cache("/cache", "/cache", Sharing::Locked))
            .run(&alpine());
        let alpine = input(ALPINE);
        let expected = [
            alpine.as_str(),
            "520e0a05616d64363412056c696e7578",
            "5a00126e0a100a092f62696e2f747275651a012f580112031a012f",
            "122d08ffffffffffffffffff011a062f636163686520ffffffffffffffffff013003a2010a0a062f63616368651002",
            "122608ffffffffffffffffff011a0e2f72756e2f736563726574732f743001aa01060a0174208002",
        ];
        assert_eq!(last_op(&ran.root()), expected.concat());
        assert_eq!(
            digest(&ran.root()),
            "sha256:f7f19fa2c0350714d3acb5e5f7c75043f599e93ee10fea967446c9019e7b21c2"
        );
    }

    #[test]
    fn a_merge_has_gos_bytes() {
        let merged = merge(&[alpine(), mkfile()], Metadata::default());
        assert_eq!(last_op(&merged), [&input(ALPINE), &input(MKFILE), "5a0032060a000a020801"].concat());
    }

    #[test]
    fn a_definition_has_the_fields_of_the_generated_message() {
        let ran = Exec::new(["/bin/true"]).meta(Metadata::named("x")).run(&alpine()).root();
        for state in [State::scratch(), alpine(), merge(&[ran, mkfile()], Metadata::default())] {
            let definition = state.marshal();
            let read = pb::Definition::decode(definition.encode().as_slice()).expect("a definition");
            assert_eq!(read, definition.to_pb());
        }
    }

    #[test]
    fn limits_of_a_process_are_a_field_of_its_metadata_and_change_no_digest() {
        let limits = crate::LinuxResources {
            memory: 1 << 20,
            memory_swap: -1,
            cpuset_cpus: "0-1".to_owned(),
            ..crate::LinuxResources::default()
        };
        let run = |exec: Exec| exec.meta(Metadata::named("x")).run(&alpine()).root();
        let plain = run(Exec::new(["/bin/true"]));
        let limited = run(Exec::new(["/bin/true"]).resources(limits.clone()));
        assert_eq!(plain.digest(), limited.digest());
        let read = Definition::decode(&limited.marshal().encode()).expect("a definition");
        assert_eq!(read, limited.marshal());
        // A graph that was read from a definition keeps the limits too.
        let again = State::from_definition(&read).expect("a graph").marshal();
        assert_eq!(again.encode(), read.encode());
        let definition = limited.marshal();
        assert_eq!(definition.resources(&limited.digest().expect("a digest")), Some(&limits));
        assert!(definition.required_caps().contains(&crate::Cap::ExecMetaLinuxResources));
        assert!(!plain.marshal().required_caps().contains(&crate::Cap::ExecMetaLinuxResources));
        // memory 1 MiB, memorySwap -1, cpusetCpus 0-1, as field 7 of length 20.
        let field = "3a140880804010ffffffffffffffffff013203302d31";
        assert_eq!(hex(&definition.encode()).matches(field).count(), 1);
        assert_eq!(hex(&plain.marshal().encode()).matches(field).count(), 0);
    }

    #[test]
    fn a_source_can_have_the_bytes_that_older_engines_write() {
        let source = Http::new("http://buildkit-session/x").filename("context").state();
        let older = source.clone().in_order(Order::Numbers);
        let (new, old) = (last_op(&source), last_op(&older));
        // The constraints (field 11) stand before the source in the new order, and after it in the old order.
        assert_eq!(new.strip_prefix("5a00"), old.strip_suffix("5a00"));
        assert!(new.starts_with("5a001a") && old.starts_with("1a"), "{new} {old}");
        assert_ne!(source.digest(), older.digest());
        assert_eq!(older.marshal().head(), older.digest());
        assert_eq!((source.marshal().order(), older.marshal().order()), (Order::OneofLast, Order::Numbers));
        let read = Definition::from_pb(older.marshal().to_pb()).expect("a definition");
        assert_eq!(read.order(), Order::Numbers);
        // Only sources are encoded again. The other ops stay as they are.
        assert_eq!(mkfile().in_order(Order::OneofLast), mkfile());
        let ran = Exec::new(["/bin/true"]).run(&alpine()).root();
        assert_eq!(ran.clone().in_order(Order::Numbers), ran);
    }

    #[test]
    fn empty_attributes_keep_their_value_and_long_ones_their_length() {
        let source = pb::SourceOp {
            identifier: String::new(),
            attrs: [("a".to_owned(), String::new()), ("b".to_owned(), "x".repeat(200))].into(),
        };
        let op = pb::Op { op: Some(pb::op::Op::Source(source)), ..pb::Op::default() };
        let expected = format!("1ad80112050a0161120012ce010a0162{}{}", "12c801", "78".repeat(200));
        assert_eq!(hex(&super::op(&op)), expected);
    }
}
