use std::sync::Arc;

use super::key::{REQUIRED, Table};
use super::settings::CHECKSUM;
use super::{renewed, tables};
use crate::diagnostics::Source;
use crate::spec::{Arguments, Spec};

/// A file with the example of a key, and the examples of the required keys of its table.
fn file(table: &Table, at: usize) -> String {
    let needed = table.keys.iter().enumerate();
    let needed =
        needed.filter(|(other, key)| *other != at && key.default == REQUIRED).map(|(_, key)| key.example);
    let mut lines: Vec<&str> = needed.collect();
    lines.push(table.keys[at].example);
    // A report belongs to a check.
    if table.id == "reports" {
        lines.push("run = \"pytest\"");
    }
    // A download has an address and a destination. A table that is not a download has a path.
    let name = table.keys[at].name;
    if matches!((table.id, name), ("copy" | "brought", "checksum" | "unpack")) {
        lines.retain(|line| !line.starts_with("from = ") && !line.starts_with("to = "));
        lines.extend(["from = \"https://files.example/a.tar.gz\"", "to = \"a\""]);
        lines.extend((name == "unpack").then_some(CHECKSUM));
    } else if matches!(table.id, "copy" | "brought") && name != "path" {
        lines.push(if table.id == "copy" { "path = \"a\"" } else { "path = \"/a\"" });
    }
    let stages = "[stage.assets]\nfrom = \"node:20-slim\"\n[stage.test]\nchecks.a = \"true\"\n";
    let check = if table.id == "mount" { "[stage.web.checks.docs]\nrun = \"true\"\n" } else { "" };
    format!("{}\n{}\n{check}{stages}", table.header, lines.join("\n"))
}

#[test]
fn every_example_is_taken_by_the_reader() {
    for table in tables() {
        for at in 0..table.keys.len() {
            let text = file(&table, at);
            let source = Arc::new(Source::new("pybuild.toml", &text));
            let (_, found) = Spec::parse(&source, Arguments::default());
            assert!(!found.has_errors(), "{}\n{text}", found.summary());
            assert!(table.keys[at].example.starts_with(table.keys[at].name), "{text}");
        }
    }
}

/// `PYBUILD_BLESS=1` writes the expected file.
#[test]
fn the_documentation_has_the_tables_as_they_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/file.md");
    let document = std::fs::read_to_string(path).expect("the document");
    let renewed = renewed(&document).expect("a place for each table");
    if std::env::var_os("PYBUILD_BLESS").is_some() {
        std::fs::write(path, renewed).expect("a document that can be written");
        return;
    }
    assert!(
        document == renewed,
        "docs/file.md is old: PYBUILD_BLESS=1 cargo test -p pybuild the_documentation_has"
    );
}
