//! Whole builds against the small engine: the solved graphs and the results, and that they are always the
//! same.

use std::sync::Arc;

use buildkit_proto::google::protobuf::Timestamp;
use buildkit_proto::google::rpc;
use buildkit_proto::moby::buildkit::v1::frontend as wire;
use buildkit_proto::pb;

use super::engine::{Engine, connect};
use crate::gateway::build::build;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::options::Options;

fn options(given: &[&str]) -> Options {
    let variables = given
        .iter()
        .enumerate()
        .map(|(at, option)| (format!("BUILDKIT_FRONTEND_OPT_{at}"), (*option).to_owned()));
    Options::from_env(variables).expect("valid options")
}

const SMALL: &str = "args.SOURCE_DATE_EPOCH = \"none\"\n[python]\nversion = \"3.11\"\n[dependencies]\nrequirements = []\n[stage.assets]\n\
    from = \"scratch\"\ninclude = [\"app.py\"]\nlabels.time = \"${SOURCE_DATE_EPOCH}\"\n";

fn engine(meta: wire::ResolveSourceMetaResponse) -> Engine {
    let archive = [0x1f, 0x8b, 0x08].to_vec();
    let files =
        [("pybuild.toml", SMALL.as_bytes().to_vec()), ("app.py", vec![b'#'; 7]), ("context", archive)];
    Engine { files: files.into(), meta, ..Engine::default() }
}

fn git(commit: &str) -> wire::ResolveSourceMetaResponse {
    let commit_object = commit.as_bytes().to_vec();
    let git = wire::ResolveSourceGitResponse { commit_object, ..Default::default() };
    wire::ResolveSourceMetaResponse { git: Some(git), ..Default::default() }
}

fn http(modified: Option<i64>) -> wire::ResolveSourceMetaResponse {
    let last_modified = modified.map(|seconds| Timestamp { seconds, nanos: 0 });
    let http = wire::ResolveSourceHttpResponse { last_modified, ..Default::default() };
    wire::ResolveSourceMetaResponse { http: Some(http), ..Default::default() }
}

/// The epoch of a build, and the calls to the engine. The result's metadata, the config and the args must
/// have the same epoch.
fn epoch_of(
    meta: wire::ResolveSourceMetaResponse,
    given: &[&str],
) -> Result<(Option<String>, Vec<String>), FrontendFailure> {
    let engine = engine(meta);
    let log = Arc::clone(&engine.log);
    let bridge = connect(engine);
    let mut all = vec!["target=assets", "filename=pybuild.toml"];
    all.extend(given);
    let result = build(&bridge, &options(&all))?;
    let metadata = result.metadata();
    let text = |key: &str| metadata.get(key).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let epoch = text("source.date.epoch");
    let config: serde_json::Value =
        serde_json::from_str(&text("containerimage.config").unwrap_or_default()).expect("a config");
    assert_eq!(config["config"]["Labels"]["time"], epoch.as_deref().unwrap_or("none"));
    assert_eq!(config.get("created").is_some(), epoch.is_some());
    assert_eq!(config["history"][0].get("created"), config.get("created"));
    let asked = log.lock().expect("log").iter().filter(|call| call.starts_with("meta")).cloned().collect();
    Ok((epoch, asked))
}

/// The result of a build of `text` for its images with the options `given`, and the calls to the engine.
fn images_of(text: &str, given: &[&str]) -> Result<(String, Vec<String>), FrontendFailure> {
    let engine = Engine { files: [("pybuild.toml", text.as_bytes().to_vec())].into(), ..Engine::default() };
    let (log, solved) = (Arc::clone(&engine.log), Arc::clone(&engine.solved));
    let bridge = connect(engine);
    let context = "context=https://host.example/a/b.git#main";
    build(&bridge, &options(&[&[context, "filename=pybuild.toml"], given].concat()))?;
    let ops = solved.lock().expect("solved").last().map(|graph| graph.def.concat()).expect("a graph");
    let asked = log.lock().expect("log").clone();
    Ok((String::from_utf8_lossy(&ops).into_owned(), asked))
}

const PYTHON: &str = "[python]\nversion = \"3.11\"\n[dependencies]\nrequirements = []\n";

/// This test runs without a description of our image, as on an engine that does not let us read it.
#[test]
fn the_frontends_own_image_is_also_found_by_its_name() {
    let error = images_of(PYTHON, &[]).expect_err("a build that creates the image's user");
    assert!(
        error.message().contains("the engine did not pass the frontend's own image"),
        "{}",
        error.message()
    );

    let (ops, asked) = images_of(PYTHON, &["source=docker.io/library/pybuild:1"]).expect("a build");
    assert!(asked.iter().any(|call| call.starts_with("resolve docker.io/library/pybuild:1 ")), "{asked:?}");
    assert!(ops.contains(&format!("docker-image://docker.io/library/pybuild:1@sha256:{}", "a".repeat(64))));
}

#[test]
fn an_image_without_a_digest_is_named_as_it_is() {
    let text = PYTHON.replace("[dependencies]", "base = \"docker.io/library/own\"\n[dependencies]");
    let own = "docker-image://docker.io/library/own:latest";
    let ends_there = |ops: &str| ops.contains(own) && !ops.contains(&format!("{own}@"));
    let source = "source=docker.io/library/pybuild:1";
    assert!(ends_there(&images_of(&text, &[source]).expect("a build").0));
    let named = "context:python:3.11-slim=docker-image://docker.io/library/own:latest";
    assert!(ends_there(&images_of(PYTHON, &[source, named]).expect("a build").0));
}

const LOCK: &str = r#"
lock-version = "1.0"
created-by = "test"
[[packages]]
name = "fork"
version = "1.0"
wheels = [{ url = "https://files.example/fork-1.0-py3-none-any.whl", size = 9000000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000001" } }]
[[packages]]
name = "original"
version = "1.0"
wheels = [{ url = "https://files.example/original-1.0-py3-none-any.whl", size = 8000000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000002" } }]
"#;

/// The solved graphs if the comparisons of layers answer `answer`. Each graph is given as the names of its
/// unpacking steps.
fn unpacked_with(answer: &str, target: &str) -> Result<Vec<Vec<String>>, FrontendFailure> {
    let text = "[python]\nversion = \"3.11\"\n";
    let files = [("pybuild.toml", text), ("pylock.toml", LOCK), ("app.py", ""), ("together.txt", answer)];
    let files = files.map(|(path, text)| (path, text.as_bytes().to_vec()));
    let mut engine = Engine { files: files.into(), ..Engine::default() };
    engine.files.insert("context", vec![0x1f, 0x8b, 0x08]);
    let solved = Arc::clone(&engine.solved);
    let target = format!("target={target}");
    let given = ["context=https://host.example/a.tar.gz", "filename=pybuild.toml", &target];
    let source = ["source=docker.io/library/pybuild:1"];
    build(&connect(engine), &options(&[&given[..], &source].concat()))?;
    let graphs = solved.lock().expect("solved").clone();
    let names = |graph: &pb::Definition| {
        let metadata = graph.metadata.values().filter_map(|op| op.description.get("llb.customname"));
        let mut names: Vec<_> = metadata.filter(|name| name.contains("unpack: ")).cloned().collect();
        names.sort();
        names
    };
    Ok(graphs.iter().map(names).filter(|names| !names.is_empty()).collect())
}

#[test]
fn layers_are_made_once_more_where_their_comparison_says_so() {
    let apart = ["[wheels] unpack: fork 1.0", "[wheels] unpack: original 1.0"];
    // First the comparison, then the image.
    assert_eq!(unpacked_with("", "production").expect("a build"), [apart, apart]);
    let gathered = unpacked_with("below fork original\n", "production").expect("a build");
    let both = [apart[0], "[wheels] unpack: fork, original", apart[1]];
    // The engine answers at once, so the image with the wrong layers is never solved.
    assert_eq!(gathered, [apart.to_vec(), both.to_vec()]);
    // A view of the graph runs no step of it.
    assert_eq!(
        unpacked_with("below fork original\n", "debug:llb").expect("a build"),
        Vec::<Vec<String>>::new()
    );
    let failure = unpacked_with("what is this", "production").expect_err("no answer");
    assert_eq!(failure.message(), "the comparison of layers has left no answer");
}

const COMMIT: &str = "tree 0\nauthor a <a> 1 +0000\ncommitter b <b> 1700000000 +0100\n\nmessage\n";

#[test]
fn a_repository_has_the_time_of_its_commit() {
    let context = ["context=https://host.example/a/b.git#main", "build-arg:SOURCE_DATE_EPOCH=context"];
    let (epoch, asked) = epoch_of(git(COMMIT), &context).expect("a build");
    assert_eq!(epoch.as_deref(), Some("1700000000"));
    let expected =
        "meta git://host.example/a/b.git#main object=true [internal] resolve main build context metadata";
    assert_eq!(asked, [expected]);
}

#[test]
fn a_download_has_the_time_of_its_last_change_or_of_its_newest_file() {
    let context = ["context=https://host.example/a.tar.gz", "build-arg:SOURCE_DATE_EPOCH=context"];
    let (epoch, asked) = epoch_of(http(Some(17)), &context).expect("a build");
    assert_eq!((epoch.as_deref(), asked.len()), (Some("17"), 1));
    // The build file is the longest file. The small engine derives times from lengths, so it is the newest
    // file.
    let (epoch, _) = epoch_of(http(None), &context).expect("a build");
    assert_eq!(epoch, Some(SMALL.len().to_string()));
}

#[test]
fn a_named_context_may_give_the_time() {
    let repository = "https://host.example/a/b.git#main";
    let named = [
        &*format!("context={repository}"),
        "context:times=https://other.example/c/d.git#v1",
        "build-arg:SOURCE_DATE_EPOCH=times",
    ];
    let (epoch, asked) = epoch_of(git(COMMIT), &named).expect("a build");
    assert_eq!(epoch.as_deref(), Some("1700000000"));
    let expected = "meta git://other.example/c/d.git#v1 object=true [internal] resolve SOURCE_DATE_EPOCH named context times";
    assert_eq!(asked, [expected]);
}

#[test]
fn what_has_no_time_leaves_the_build_without_one() {
    let repository = "context=https://host.example/a/b.git#main";
    for (meta, arg) in [(git(""), "context"), (git(COMMIT), "")] {
        let arg = format!("build-arg:SOURCE_DATE_EPOCH={arg}");
        assert_eq!(epoch_of(meta, &[repository, &arg]).expect("a build").0, None);
    }
}

#[test]
fn a_number_is_the_time_and_nobody_is_asked() {
    let context = ["context=https://host.example/a/b.git#main", "build-arg:SOURCE_DATE_EPOCH=1234"];
    assert_eq!(epoch_of(git(COMMIT), &context).expect("a build"), (Some("1234".to_owned()), Vec::new()));
}

#[test]
fn a_name_that_stands_for_nothing_is_an_error() {
    let message = |name: &str| {
        let arg = format!("build-arg:SOURCE_DATE_EPOCH={name}");
        let failure = epoch_of(git(COMMIT), &["context=https://host.example/a/b.git#main", &arg]);
        failure.unwrap_err().message().to_owned()
    };
    assert_eq!(message("contxt"), "invalid SOURCE_DATE_EPOCH: contxt");
    assert_eq!(message("12.5"), "invalid SOURCE_DATE_EPOCH: 12.5");
    assert_eq!(
        message("assets"),
        "SOURCE_DATE_EPOCH names the stage `assets`, and no stage of this file is a download alone\n  \
         help: name `context` or a named context, or give seconds since 1970"
    );
}

/// The failure of a build of two stages if the engine reports `message`. The second stage copies `path` from
/// the first.
fn failure_of_copy(path: &str, message: &str) -> String {
    let file = format!(
        "[stage.made]\nfrom = \"scratch\"\ninclude = [\"app.py\"]\n\
         [stage.assets]\nfrom = \"scratch\"\ncopy = [{{ from = \"made\", path = \"{path}\", to = \"/x/\" }}]\n"
    );
    let folders =
        ["app.py", "opt", "opt/dist", "opt/dist/a.css", "opt/dist/b.css"].map(|path| (path, Vec::new()));
    let mut files: std::collections::BTreeMap<_, _> = folders.into();
    files.insert("pybuild.toml", file.into_bytes());
    files.insert("context", [0x1f, 0x8b, 0x08].to_vec());
    let failure = rpc::Status { code: 5, message: message.to_owned(), details: Vec::new() };
    let bridge = connect(Engine { files, failure: Some(failure), ..Engine::default() });
    let failure = build(
        &bridge,
        &options(&["target=assets", "filename=pybuild.toml", "context=https://host.example/project.tar.gz"]),
    )
    .expect_err("fails");
    let status = failure.into_status();
    assert_eq!(status.code, 2, "clients put other codes in front of the message");
    status.message
}

#[test]
fn a_copy_of_what_is_not_there_is_told_with_what_is() {
    let checksum = |path: &str| format!("failed to calculate checksum of ref a::b: \"{path}\": not found");
    let look = "\n  help: look for it: `--target made --output type=local,dest=out`";
    let told = |path: &str| failure_of_copy(path, &checksum(path));
    assert_eq!(
        told("/opt/dst"),
        format!("`/opt/dst` is not in stage `made`; did you mean `/opt/dist`?{look}")
    );
    assert_eq!(
        told("/otp/dist/a.css"),
        format!("`/otp/dist/a.css` is not in stage `made`; did you mean `/opt/dist/a.css`?{look}")
    );
    assert_eq!(
        told("/opt/dist/main.js"),
        format!(
            "`/opt/dist/main.js` is not in stage `made`\n  help: `/opt/dist` there has `a.css`, `b.css`{look}"
        )
    );
    assert_eq!(
        failure_of_copy("/opt/dits/*.css", "lstat /opt/dits: no such file or directory"),
        format!("nothing fits `/opt/dits/*.css` in stage `made`; did you mean `/opt/dist/*.css`?{look}")
    );
}

#[test]
fn rules_that_cannot_be_read_are_not_taken_for_none() {
    let mut engine = engine(http(None));
    engine.files.insert("pybuild.toml.dockerignore", b"secrets\n".to_vec());
    engine.unreadable = "pybuild.toml.dockerignore";
    let given = ["target=assets", "filename=pybuild.toml", "context=https://host.example/project.tar.gz"];
    let failure = build(&connect(engine), &options(&given)).expect_err("fails");
    let told = "failed to read pybuild.toml: read pybuild.toml.dockerignore: input/output error";
    assert_eq!(failure.message(), told);
}
