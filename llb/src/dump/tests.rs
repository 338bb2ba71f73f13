//! The dump of a graph that uses every field.

use std::sync::Arc;

use crate::{
    Copy, Exec, FileOp, Http, Image, Local, Location, Metadata, MkDir, MkFile, Mount, Network, Owner,
    Platform, Position, ProgressGroup, ProxyEnv, Range, Rm, Sharing, SourceFile, State, Symlink, diff, merge,
};

fn graph() -> State {
    let context = Local::new("context").exclude_patterns(["**/.git"]).shared_key_hint("context").state();
    let file = Arc::new(SourceFile {
        filename: "pybuild.toml".to_owned(),
        data: b"[stage.test]\n".to_vec(),
        language: "toml".to_owned(),
        definition: Some(context.clone()),
    });
    let at = Range { start: Position { line: 1, character: 0 }, end: Position { line: 1, character: 12 } };
    let wheel = Http::new("https://files.example/a.whl").checksum("sha256:00").filename("a.whl").state();
    let base = Image::new("registry.example/python:3.13").platform(&Platform::new("linux", "amd64")).state();
    let ran = Exec::new(["pytest", "-q"])
        .cwd("/app")
        .env("CI", "1")
        .user("app")
        .network(Network::None)
        .proxy(ProxyEnv { http: "user:password@proxy".to_owned(), ..ProxyEnv::default() })
        .ulimit("nofile", 1, 2)
        .valid_exit_codes([0, 5])
        .secret_env("TOKEN", "token", false)
        .mount(Mount::bind(&context, "/app").read_only().selector("/src"))
        .mount(Mount::bind(&wheel, "/wheel").no_output())
        .mount(Mount::scratch("/report"))
        .mount(Mount::cache("/cache", "tests", Sharing::Locked))
        .mount(Mount::tmpfs("/tmp").size(1024))
        .mount(Mount::secret("token", "/run/secrets/token").optional(true))
        .mount(Mount::ssh("default", ""))
        .meta(
            Metadata::named("check: pytest")
                .progress_group(ProgressGroup {
                    id: "checks".to_owned(),
                    name: "checks".to_owned(),
                    weak: true,
                })
                .location(Location { file, ranges: vec![at] })
                .ignore_cache(true),
        )
        .run(&base);
    let files = FileOp::on(&ran.output("/report"))
        .mkdir(MkDir::new("/out").parents(true).owner(Owner::id(1000, 1000)))
        .copy(
            Copy::new(&base, "/etc/os-release", "/out/")
                .mode_str("a=r")
                .create_dest_path(true)
                .include(["*"]),
        )
        .mkfile(MkFile::new("/out/note", "hello").owner(Owner::named("app", None)).timestamp(0))
        .mkfile(MkFile::new("/out/blob", vec![b'x'; 1000]))
        .symlink(Symlink::new("note", "/out/link"))
        .rm(Rm::new("/tmp/*").wildcard(true))
        .state();
    merge(
        &[diff(&base, &ran.root(), Metadata::default()), files],
        Metadata::named("reports").export_cache(false),
    )
}

#[test]
fn a_graph_is_shown_with_all_that_is_not_default() {
    insta::assert_json_snapshot!("graph", graph().marshal().to_json());
}

#[test]
fn scratch_is_shown_as_no_ops() {
    assert_eq!(State::scratch().marshal().to_json(), serde_json::json!({ "ops": [] }));
}

#[test]
fn a_definition_that_stands_for_a_further_output_says_so() {
    let base = Image::new("alpine").state();
    let out = Exec::new(["true"]).mount(Mount::scratch("/out")).run(&base).output("/out");
    assert_eq!(out.marshal().to_json()["head"], serde_json::json!({ "op": 1, "output": 1 }));
}
