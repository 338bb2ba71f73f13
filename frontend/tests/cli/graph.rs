use crate::folder::Folder;
use crate::plan::shop;

const AMD64: [&str; 2] = ["--platform", "linux/amd64"];

#[test]
fn a_tree_shows_what_each_step_waits_for() {
    let tree = shop().run(&["graph", AMD64[0], AMD64[1]]).result();
    let start = "\
production for linux/amd64
[production] image
├── [production] apt: libpq5
│   └── [base] python:3.13-slim
";
    assert!(tree.starts_with(start), "{tree}");
    assert!(
        tree.contains("└── [production] app: all files to /app\n    └── [test] check: pytest\n"),
        "{tree}"
    );
    assert!(tree.contains("[builder] build: pytest 8.3.3  (1 download)"), "{tree}");
}

#[test]
fn pictures_have_every_stage_and_each_download_if_it_is_asked_for() {
    let folder = shop();
    let svg = folder.run(&["graph", "--format", "svg", AMD64[0], AMD64[1]]).result();
    for stage in ["base", "wheels", "builder", "test", "production"] {
        assert!(svg.contains(&format!(">{stage}</text>")), "{stage}");
    }
    assert!(!svg.contains("[wheels] flask 3.0.3"), "{svg}");
    let all = folder.run(&["graph", "--all", "--format", "svg", AMD64[0], AMD64[1]]).result();
    assert!(all.contains("<title>[wheels] flask 3.0.3</title>"), "{all}");
    let mermaid = folder.run(&["graph", "--format", "mermaid", AMD64[0], AMD64[1]]).result();
    assert!(mermaid.starts_with("flowchart LR\n"), "{mermaid}");
    let dot = folder.run(&["graph", "--format", "dot", AMD64[0], AMD64[1]]).result();
    assert!(dot.starts_with("digraph build {\n"), "{dot}");
}

#[test]
fn a_recorded_build_shows_times_and_what_was_cached() {
    let folder = Folder::new(&[(
        "progress.json",
        concat!(
            r#"{"vertexes":[{"digest":"a","name":"[base] docker.io/library/python:3.13-slim","cached":true},"#,
            r#"{"digest":"b","inputs":["a"],"name":"[test] check: pytest","#,
            r#""started":"2024-05-06T07:08:09Z","completed":"2024-05-06T07:08:11.25Z"}]}"#,
            "\n"
        ),
    )]);
    let tree = folder.run(&["graph", "--timings", "progress.json"]).result();
    let expected = "\
build recorded in progress.json
2.2 s; 1 of 2 steps cached; longest chain 2.2 s
[test] check: pytest  (2.2 s)
└── [base] python:3.13-slim  (cached)
";
    assert_eq!(tree, expected);
}

#[test]
fn a_file_that_is_no_progress_is_refused() {
    let folder = Folder::new(&[("progress.json", "#1 [base] python\n")]);
    let help = "  help: record a build: `docker buildx build --progress=rawjson … 2> progress.json`\n";
    let said = "error: `progress.json`: line 1 is no progress of buildx: expected value at line 1 column 1\n";
    assert_eq!(folder.run(&["graph", "--timings", "progress.json"]).refusal(), format!("{said}{help}"));
    let missing = "error: `none.json` cannot be read: No such file or directory (os error 2)\n";
    assert_eq!(folder.run(&["graph", "--timings", "none.json"]).refusal(), format!("{missing}{help}"));
}
