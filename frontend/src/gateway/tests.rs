//! The real client against a small engine over a socket pair.

mod builds;
mod engine;
mod parity;

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Cap, Image, Local, Platform, ResolveMode};
use buildkit_proto::google::protobuf::Any;
use buildkit_proto::google::rpc;
use buildkit_proto::moby::buildkit::v1::frontend as wire;
use tonic::Code;

use super::bridge::Bridge;
use super::calls::{ImageRequest, ImageStore, SolveRequest, Warning};
use super::errors::FrontendFailure;
use super::files::CHUNK;
use super::overlaps::Outcome;
use super::result::{GatewayResult, PlatformResult};
use super::{PanicPlace, conclude};
use engine::{Engine, connect};

fn local(name: &str) -> SolveRequest {
    SolveRequest::new(&Local::new(name).session_id("s").state().marshal())
}

fn image(reference: &str, log_name: &str) -> ImageRequest {
    ImageRequest {
        reference: reference.to_owned(),
        platform: Some(Platform::parse("linux/arm64").expect("valid")),
        resolve_mode: ResolveMode::ForcePull,
        log_name: log_name.to_owned(),
        store: ImageStore::Registry,
    }
}

#[test]
fn the_engine_says_what_it_can_do() {
    let bridge = connect(Engine::default());
    assert!(bridge.frontend_caps().supports("gateway.warnings"));
    assert!(!bridge.frontend_caps().supports("gateway.exec"));
    assert!(bridge.llb_caps().supports(Cap::SourceLocal));
    assert_eq!(bridge.workers(), [vec![Platform::new("linux", "arm64")]]);
    assert_eq!(bridge.inputs().expect("inputs").into_keys().collect::<Vec<_>>(), ["context"]);
}

#[test]
fn threads_can_share_the_bridge() {
    let bridge = connect(Engine::default());
    let solved = std::thread::scope(|scope| {
        let bridge = &bridge;
        let solve = |index: u8| scope.spawn(move || bridge.solve(local(&index.to_string())));
        let calls: Vec<_> = (0..8).map(solve).collect();
        calls.into_iter().map(|call| call.join().expect("no panic").expect("solved")).collect::<Vec<_>>()
    });
    let distinct: std::collections::BTreeSet<_> = solved.into_iter().flatten().collect();
    assert_eq!(distinct.len(), 8);
}

#[test]
fn graphs_are_solved_in_parallel_and_answered_in_order() {
    let engine = Engine::default();
    let log = Arc::clone(&engine.log);
    let bridge = connect(engine);
    assert_eq!(bridge.solve(SolveRequest::default()).expect("scratch"), None);
    assert_eq!(log.lock().expect("log").len(), 0, "the engine is not asked for nothing");
    let graphs = ["a", "b", "c"].map(|name| Local::new(name).session_id("s").state().marshal());
    let solved = bridge.solve_compared(&graphs, &BTreeMap::new(), SolveRequest::new).expect("solved");
    let Outcome::Solved(answers) = solved else { panic!("nothing was compared") };
    for (name, answer) in ["a", "b", "c"].into_iter().zip(answers) {
        let expected = Local::new(name).session_id("s").state().digest().expect("a digest").to_string();
        let reference = answer.expect("a reference");
        assert_eq!(reference.id(), expected, "{name}");
        bridge.evaluate(&reference).expect(name);
    }
}

#[test]
fn large_error_details_of_the_engine_arrive() {
    // Larger than 16 KiB, the default limit of headers.
    let detail = Any { type_url: "x/errdefs.Source+json".to_owned(), value: vec![b' '; 100_000] };
    let failure = rpc::Status { code: 2, message: "exit code: 1".to_owned(), details: vec![detail] };
    let bridge = connect(Engine { failure: Some(failure), ..Engine::default() });
    let request = SolveRequest { evaluate: true, ..SolveRequest::new(&Image::new("x").state().marshal()) };
    let error = bridge.solve(request).expect_err("fails");
    assert_eq!((error.message(), error.code()), ("exit code: 1", Code::Unknown));
    let status = FrontendFailure::from(error).into_status();
    assert_eq!(status.details.first().map(|detail| detail.value.len()), Some(100_000));
}

#[test]
fn an_image_is_looked_up_once_a_build() {
    let engine = Engine::default();
    let log = Arc::clone(&engine.log);
    let bridge = connect(engine);
    let answers = bridge.resolve_images(&[image("a", "1"), image("nope", "2"), image("a", "3")]);
    let [first, second, third] = answers.as_slice() else {
        panic!("one answer each");
    };
    let first = first.as_ref().expect("found");
    assert_eq!((first.digest.as_str(), first.reference.as_str()), ("sha256:00", "a"));
    assert_eq!(first.config, b"arm64");
    assert_eq!(Some(first), third.as_ref().ok());
    assert!(second.as_ref().expect_err("missing").is_not_found());
    let later = bridge.resolve_images(&[image("a", "4"), image("b", "5")]);
    assert_eq!(later.first().and_then(|answer| answer.as_ref().ok()), Some(first));
    let mut calls = log.lock().expect("log").clone();
    calls.sort();
    assert_eq!(calls, ["resolve a pull ", "resolve b pull ", "resolve nope pull "]);
}

#[test]
fn files_of_any_size_are_read_in_pieces() {
    let large: Vec<u8> = (0..=250_u8).cycle().take(CHUNK + 5).collect();
    let engine = Engine { files: [("dir/large", large.clone())].into(), ..Engine::default() };
    let log = Arc::clone(&engine.log);
    let bridge = connect(engine);
    let reference = bridge.solve(local("a")).expect("solved").expect("a reference");
    assert!(bridge.read_file(&reference, "dir/large").expect("read") == large);
    assert_eq!(bridge.read_head(&reference, "dir/large", 3).expect("read"), [0, 1, 2]);
    let calls = log.lock().expect("log").clone();
    assert_eq!(
        calls[1..],
        ["read dir/large 0".to_owned(), format!("read dir/large {CHUNK}"), "read dir/large 0".to_owned()]
    );
}

#[test]
fn files_that_are_not_there_are_no_error() {
    let files = [("a[1].txt", b"x".to_vec()), ("link", Vec::new()), ("link-to-nothing", Vec::new())];
    let engine = Engine { files: files.into(), ..Engine::default() };
    let log = Arc::clone(&engine.log);
    let bridge = connect(engine);
    let reference = bridge.solve(local("a")).expect("solved").expect("a reference");
    let stat = |path: &str| bridge.stat(&reference, path).expect(path);
    assert_eq!(bridge.try_read_file(&reference, "a[1].txt").expect("read").as_deref(), Some(b"x".as_slice()));
    assert_eq!(bridge.try_read_file(&reference, "./nowhere/x").expect("asked"), None);
    assert_eq!(bridge.try_read_file(&reference, "b").expect("asked"), None);
    assert_eq!(bridge.try_read_file(&reference, ".").expect("asked"), None, "a directory is no file");
    assert_eq!(stat("b"), None);
    assert_eq!(stat("link-to-nothing"), None);
    let file = stat("a[1].txt").expect("there");
    assert_eq!(
        (file.path.as_str(), file.size, file.is_file(), file.permissions()),
        ("a[1].txt", 1, true, 0o644)
    );
    assert!(stat("link").expect("there").is_dir(), "links are followed");
    assert!(stat(".").expect("there").is_dir());
    assert!(log.lock().expect("log").contains(&"list / a\\[1\\].txt".to_owned()));
    let names: Vec<_> =
        bridge.read_dir(&reference, "/", None).expect("list").into_iter().map(|f| f.path).collect();
    assert_eq!(names, ["a[1].txt", "link", "link-to-nothing"]);
}

#[test]
fn warnings_are_shown() {
    let engine = Engine::default();
    let log = Arc::clone(&engine.log);
    let bridge = connect(engine);
    bridge.warn(Warning { short: "Rule: text".to_owned(), ..Warning::default() }).expect("shown");
    assert_eq!(*log.lock().expect("log"), ["warn 1 Rule: text"]);
}

fn returned_by(build: impl FnOnce(&Bridge) -> Result<GatewayResult, FrontendFailure>) -> wire::ReturnRequest {
    let engine = Engine::default();
    let returned = Arc::clone(&engine.returned);
    let bridge = connect(engine);
    conclude(&bridge, build, &PanicPlace::default()).expect("taken");
    let again = bridge.return_error(rpc::Status::default()).expect_err("only once");
    assert_eq!(again.message(), "the build has ended already");
    let mut returned = returned.lock().expect("returned");
    assert_eq!(returned.len(), 1);
    returned.remove(0)
}

#[test]
fn every_build_ends_with_exactly_one_return() {
    let success = returned_by(|_| Ok(GatewayResult::single(PlatformResult::default())));
    assert!(success.result.is_some() && success.error.is_none());

    let failure = returned_by(|_| Err(FrontendFailure::new("no such stage", &[])));
    assert_eq!(
        failure.error.map(|status| (status.code, status.message)),
        Some((2, "no such stage".to_owned()))
    );
    assert!(failure.result.is_none());

    let panic = returned_by(|_| panic!("index {} out of range", 7));
    let expected = "internal error: index 7 out of range. This is a bug in the frontend, report it";
    assert_eq!(panic.error.map(|status| (status.code, status.message)), Some((2, expected.to_owned())));
}
