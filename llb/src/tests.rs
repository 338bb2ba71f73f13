//! Whole graphs: order, sharing, metadata, source maps, marshalling and loading.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{
    Cap, Copy, Definition, DefinitionError, Digest, Exec, FileOp, Image, Local, Location, Metadata, MkDir,
    MkFile, Mount, Platform, ProgressGroup, Range, SourceFile, State, merge, pb,
};

fn image() -> State {
    Image::new("alpine").platform(&Platform::new("linux", "amd64")).meta(Metadata::named("base")).state()
}

fn mkdir(base: &State, path: &str) -> State {
    FileOp::on(base).mkdir(MkDir::new(path)).state()
}

fn file(name: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile {
        filename: name.to_owned(),
        data: b"[python]\n".to_vec(),
        language: "toml".to_owned(),
        definition: None,
    })
}

fn location(file: &Arc<SourceFile>, line: u32) -> Location {
    Location { file: Arc::clone(file), ranges: vec![Range::lines(line, line)] }
}

/// A graph with every kind of sharing.
fn project() -> State {
    let file = file("pybuild.toml");
    let context = Local::new("context").meta(Metadata::named("context").location(location(&file, 1))).state();
    let base = image();
    let left = FileOp::on(&base).copy(Copy::new(&context, "/a", "/a")).state();
    let right = Exec::new(["make"])
        .mount(Mount::bind(&context, "/src").read_only())
        .mount(Mount::scratch("/out"))
        .meta(Metadata::named("make").location(location(&file, 2)).ignore_cache(true).export_cache(false))
        .run(&base);
    merge(&[left, right.output("/out"), right.root()], Metadata::named("image"))
}

#[test]
fn every_op_comes_once_and_after_its_inputs() {
    let definition = project().marshal();
    let mut seen = BTreeSet::new();
    for (digest, op) in definition.ops() {
        for input in &op.inputs {
            assert!(seen.contains(&input.digest), "{digest} before its input");
        }
        assert!(seen.insert(digest.to_string()), "{digest} twice");
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(definition.head(), project().digest());
    let terminal = definition.to_pb().def.pop().expect("a terminal op");
    let head = pb::Input { digest: project().digest().expect("not scratch").to_string(), index: 0 };
    let expected = pb::Op { inputs: vec![head], ..pb::Op::default() };
    assert_eq!(<pb::Op as prost::Message>::decode(terminal.as_slice()), Ok(expected));
}

#[test]
fn scratch_is_no_definition_at_all() {
    let definition = State::scratch().marshal();
    assert!(definition.is_empty());
    assert_eq!(definition, Definition::default());
    assert_eq!(definition.to_pb(), pb::Definition::default());
    assert_eq!((definition.head(), definition.ops().len()), (None, 0));
    assert_eq!(State::from_definition(&definition), Ok(State::scratch()));
    assert_eq!(State::scratch().digest(), None);
}

#[test]
fn the_terminal_op_says_what_the_definition_makes_use_of() {
    let terminal_caps = |state: &State| {
        let definition = state.marshal();
        let terminal = Digest::of(definition.to_pb().def.last().expect("a terminal op"));
        definition.metadata(&terminal).expect("metadata").caps.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(terminal_caps(&Local::new("x").state()), ["constraints", "platform"]);
    assert_eq!(
        terminal_caps(&project()),
        ["constraints", "meta.description", "meta.exportcache", "meta.ignorecache", "platform"]
    );
}

#[test]
fn equal_graphs_marshal_to_equal_bytes() {
    let first = project().marshal();
    for _ in 0..25 {
        assert_eq!(project().marshal(), first);
        assert_eq!(
            prost::Message::encode_to_vec(&project().marshal().to_pb()),
            prost::Message::encode_to_vec(&first.to_pb())
        );
    }
}

#[test]
fn states_are_equal_by_what_they_are_not_by_what_is_said_of_them() {
    let named = Image::new("alpine")
        .platform(&Platform::new("linux", "amd64"))
        .meta(Metadata::named("other"))
        .state();
    assert_eq!(named, image());
    assert_ne!(named, mkdir(&image(), "/a"));
    assert_ne!(named, State::scratch());
    assert_eq!(format!("{:?}", State::scratch()), "State(scratch)");
    assert_eq!(format!("{named:?}"), format!("State({}#0)", named.digest().expect("not scratch")));
}

#[test]
fn a_vertex_reached_twice_unites_what_is_said_of_it() {
    let file = file("pybuild.toml");
    let folder = |metadata: Metadata| FileOp::on(&image()).mkdir(MkDir::new("/a")).meta(metadata).state();
    let group = |id: &str| ProgressGroup { id: id.to_owned(), ..ProgressGroup::default() };
    let first = folder(
        Metadata::named("first").location(location(&file, 1)).progress_group(group("one")).export_cache(true),
    );
    let second = folder(
        Metadata::named("second")
            .description("more", "words")
            .ignore_cache(true)
            .export_cache(false)
            .progress_group(group("two"))
            .capability(Cap::ExporterMultiple)
            .location(location(&file, 1))
            .location(location(&file, 7)),
    );
    let merged = merge(&[first.clone(), mkdir(&second, "/b")], Metadata::default());
    let definition = merged.marshal();
    assert_eq!(definition.ops().len(), 4);
    let digest = first.digest().expect("not scratch");
    let metadata = definition.metadata(&digest).expect("metadata");
    assert_eq!(metadata.description["llb.customname"], "first");
    assert_eq!(metadata.description["more"], "words");
    assert!(metadata.ignore_cache);
    assert_eq!(metadata.export_cache, Some(pb::ExportCache { value: true }));
    assert_eq!(metadata.progress_group.as_ref().map(|group| group.id.as_str()), Some("one"));
    assert_eq!(metadata.caps.keys().collect::<Vec<_>>(), ["exporter.multiple", "file.base"]);
    let source = definition.source().expect("a source map");
    assert_eq!(source.locations[digest.as_str()].locations.len(), 2, "one line is known once");
}

#[test]
fn files_are_sent_once_and_locations_point_into_them() {
    let (one, same, other) = (file("pybuild.toml"), file("pybuild.toml"), file("pyproject.toml"));
    let a = FileOp::on(&image())
        .mkdir(MkDir::new("/a"))
        .meta(Metadata::new().location(location(&one, 3)))
        .state();
    let b = FileOp::on(&a)
        .mkdir(MkDir::new("/b"))
        .meta(Metadata::new().location(location(&other, 4)).location(location(&same, 5)))
        .state();
    let source = b.marshal().to_pb().source.expect("a source map");
    let names: Vec<&str> = source.infos.iter().map(|info| info.filename.as_str()).collect();
    assert_eq!(names, ["pybuild.toml", "pyproject.toml"]);
    assert_eq!(
        (source.infos[0].data.as_slice(), source.infos[0].language.as_str()),
        (&b"[python]\n"[..], "toml")
    );
    let lines = |state: &State| -> Vec<(i32, i32)> {
        let list = &source.locations[state.digest().expect("not scratch").as_str()].locations;
        list.iter().map(|at| (at.source_index, at.ranges[0].start.expect("a start").line)).collect()
    };
    assert_eq!(lines(&a), [(0, 3)]);
    assert_eq!(lines(&b), [(1, 4), (0, 5)]);
    assert!(!source.locations.contains_key(image().digest().expect("not scratch").as_str()));
}

#[test]
fn a_file_says_what_it_was_read_from() {
    let context = Local::new("dockerfile").state();
    let file = Arc::new(SourceFile { definition: Some(context.clone()), ..SourceFile::clone(&file("f")) });
    let state = FileOp::on(&image())
        .mkdir(MkDir::new("/a"))
        .meta(Metadata::new().location(location(&file, 1)))
        .state();
    let definition = state.marshal();
    let from = definition.source().expect("a source map").infos[0].definition.clone();
    assert_eq!(from, Some(context.marshal().to_pb()));
    let again = State::from_definition(&definition).expect("a graph").marshal();
    assert_eq!(again, definition);
}

#[test]
fn a_definition_survives_the_wire_and_becomes_the_same_state() {
    let (state, definition) = (project(), project().marshal());
    let bytes = prost::Message::encode_to_vec(&definition.to_pb());
    let message = <pb::Definition as prost::Message>::decode(bytes.as_slice()).expect("a message");
    let received = Definition::from_pb(message).expect("a definition");
    assert_eq!(received, definition);
    let loaded = State::from_definition(&received).expect("a graph");
    assert_eq!(loaded, state);
    assert_eq!(loaded.marshal(), definition);
    assert_eq!(loaded.platform(), state.platform());
    assert_eq!(mkdir(&loaded, "/more"), mkdir(&state, "/more"));
}

#[test]
fn an_output_beyond_the_first_survives_the_wire() {
    let out = Exec::new(["make"]).mount(Mount::scratch("/out")).run(&image()).output("/out");
    assert_eq!(State::from_definition(&out.marshal()), Ok(out));
}

#[test]
fn foreign_bytes_keep_their_digest() {
    // Fields in the order of their tags. No Go program writes them in this order.
    let foreign = prost::Message::encode_to_vec(&pb::Op {
        op: Some(pb::op::Op::Source(pb::SourceOp {
            identifier: "local://x".to_owned(),
            ..pb::SourceOp::default()
        })),
        constraints: Some(pb::WorkerConstraints::default()),
        ..pb::Op::default()
    });
    let digest = Digest::of(&foreign);
    assert_ne!(Some(digest.clone()), Local::new("x").state().digest());
    let head = pb::Input { digest: digest.to_string(), index: 0 };
    let terminal = prost::Message::encode_to_vec(&pb::Op { inputs: vec![head], ..pb::Op::default() });
    let message = pb::Definition { def: vec![foreign, terminal], ..pb::Definition::default() };
    let state =
        State::from_definition(&Definition::from_pb(message).expect("a definition")).expect("a graph");
    assert_eq!(state.digest(), Some(digest));
}

#[test]
fn what_is_no_graph_is_refused_with_a_reason() {
    let good = project().marshal().to_pb();
    let absent = Digest::of(b"absent");
    let terminal = |digest: &str, index| {
        let inputs = vec![pb::Input { digest: digest.to_owned(), index }];
        prost::Message::encode_to_vec(&pb::Op { inputs, ..pb::Op::default() })
    };
    let with_last = |last: Vec<u8>| {
        let mut changed = good.clone();
        *changed.def.last_mut().expect("a terminal op") = last;
        changed
    };
    let load = |message: pb::Definition| {
        Definition::from_pb(message)
            .and_then(|definition| State::from_definition(&definition))
            .expect_err("no graph")
    };
    assert_eq!(load(with_last(Vec::new())), DefinitionError::NoTerminal);
    assert_eq!(
        load(with_last(terminal(absent.as_str(), 0))),
        DefinitionError::MissingOp { digest: absent.clone() }
    );
    assert_eq!(
        load(with_last(terminal(absent.as_str(), -1))),
        DefinitionError::NegativeIndex { digest: absent, index: -1 }
    );
    assert_eq!(
        load(with_last(terminal("md5:0", 0))).to_string(),
        "the definition refers to an op by something that is not a digest"
    );
    assert_eq!(load(with_last(vec![0xff])).to_string(), "op 5 of the definition can't be decoded");
    let mut no_files = good.clone();
    no_files.source.as_mut().expect("a source map").infos.clear();
    assert_eq!(load(no_files), DefinitionError::SourceIndex { index: 0 });
}

#[test]
fn required_capabilities_are_those_of_all_ops() {
    let asked = project().marshal().required_caps();
    let expected = [
        Cap::SourceImage,
        Cap::SourceLocal,
        Cap::FileBase,
        Cap::ExecMetaBase,
        Cap::ExecMetaSetsDefaultPath,
        Cap::ExecMountBind,
        Cap::MergeOp,
        Cap::Constraints,
        Cap::Platform,
        Cap::MetaIgnoreCache,
        Cap::MetaDescription,
        Cap::MetaExportCache,
    ];
    assert_eq!(asked, BTreeSet::from(expected));
}

#[test]
fn a_chain_of_fifty_thousand_ops_overflows_nothing() {
    let mut state = State::scratch();
    for number in 0..50_000_u32 {
        state = FileOp::on(&state).mkfile(MkFile::new("/n", number.to_le_bytes())).state();
    }
    let definition = state.marshal();
    assert_eq!(definition.ops().len(), 50_000);
    let loaded = State::from_definition(&definition).expect("a graph");
    assert_eq!(loaded, state);
    drop(state);
    drop(loaded);
}

#[test]
fn paths_that_part_and_meet_again_are_walked_once() {
    let mut state = image();
    for _ in 0..200 {
        state = merge(&[state.clone(), state], Metadata::default());
    }
    let definition = state.marshal();
    assert_eq!(definition.ops().len(), 201);
    assert_eq!(State::from_definition(&definition), Ok(state));
}
