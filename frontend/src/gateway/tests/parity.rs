//! Checks that the tests named in docs/parity.md exist. The document names the tests of each feature.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rows of the document's tables: feature, support, tests.
fn rows(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        // An escaped bar belongs to its cell.
        let line = line.replace("\\|", "\u{0}");
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
    };
    let body = |line: &&str| line.starts_with('|') && !line.starts_with("| ---");
    text.lines().filter(body).map(cells).filter(|row| row.last().is_none_or(|last| last != "Test")).collect()
}

/// The names in a cell, which are in backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The names of all functions with `#[test]` below `folder`.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            for after in text.split("#[test]").skip(1) {
                let name = after.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
                found.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
}

#[test]
fn every_feature_is_shown_by_a_test_that_is_there() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut tests = BTreeSet::new();
    for folder in ["frontend/src", "frontend/tests", "llb/src", "tests/src", "tests/tests"] {
        tests_below(&root.join(folder), &mut tests);
    }
    let document = fs::read_to_string(root.join("docs/parity.md")).expect("the document");
    let rows = rows(&document);
    assert!(rows.len() > 50, "{} rows", rows.len());
    for row in &rows {
        let [feature, done, shown] = row.as_slice() else { panic!("three cells: {row:?}") };
        let names = names(shown);
        let missing: Vec<_> = names.iter().filter(|name| !tests.contains(**name)).collect();
        assert!(missing.is_empty(), "{feature}: no such tests: {missing:?}");
        assert!(!names.is_empty() || done.contains("because"), "{feature}: neither a test nor a reason");
    }
}

#[test]
fn a_row_has_cells_and_a_cell_has_names() {
    let text = "| Feature | pybuild | Test |\n| --- | --- | --- |\n| a \\| b | done | `one`, `two` |\n";
    let rows = rows(text);
    assert_eq!(rows, [["a | b", "done", "`one`, `two`"].map(str::to_owned)]);
    assert_eq!(names(&rows[0][2]), ["one", "two"]);
}
