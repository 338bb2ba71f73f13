//! The same file gives the same graph, and an invalid graph is found.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::CapSet;

use super::{FILES, FLASK, build};
use crate::diagnostics::Source;
use crate::ignore::Patterns;
use crate::mutation::Numbers;
use crate::plan::Plan;
use crate::project::memory::Memory;
use crate::project::{Files, Ignored, Project, Scope};
use crate::spec::{Arguments, Spec};

/// The same file with its tables and their keys in another order.
fn reordered(file: &str, numbers: &mut Numbers) -> String {
    let mut tables: Vec<Vec<&str>> = vec![Vec::new()];
    for line in file.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with('[') {
            tables.push(Vec::new());
        }
        tables.last_mut().unwrap().push(line);
    }
    // Keys outside of a table have to come before the first table.
    let (top, tables) = tables.split_first_mut().unwrap();
    numbers.shuffle(top);
    for table in tables.iter_mut() {
        numbers.shuffle(&mut table[1..]);
    }
    numbers.shuffle(tables);
    top.iter().chain(tables.iter().flatten()).flat_map(|line| [*line, "\n"]).collect()
}

#[test]
fn the_same_file_gives_the_same_bytes_in_every_run() {
    let bytes = || {
        let built = build(FLASK, &FILES, "", CapSet::all());
        (built.image.state.marshal().encode(), built.image.config.to_bytes())
    };
    let first = bytes();
    assert!((1..25).all(|_| bytes() == first));
}

#[test]
fn the_order_of_tables_and_keys_changes_nothing() {
    let parts = |file: &str| {
        let built = build(file, &FILES, "", CapSet::all());
        // The places in the file differ. They are not part of an operation.
        (built.image.state.marshal().to_pb().def, built.image.config.to_bytes())
    };
    let (first, mut numbers) = (parts(FLASK), Numbers::new(1));
    for _ in 0..25 {
        let file = reordered(FLASK, &mut numbers);
        assert_ne!(file.trim(), FLASK.trim());
        assert!(parts(&file) == first, "another graph for\n{file}");
    }
}

#[test]
fn a_damaged_file_is_never_a_panic() {
    let mut numbers = Numbers::new(2);
    let context = Memory(FILES.into_iter().collect());
    let ignored = Ignored { patterns: Patterns::default(), file: None };
    let mut planned = 0;
    for _ in 0..3000 {
        let source = Arc::new(Source::new("pybuild.toml", numbers.mutated(FLASK)));
        let (spec, mut found) = Spec::parse(&source, Arguments::default());
        let Some(spec) = spec else { continue };
        let files = Files { context: &context, ignored: &ignored };
        let project = Project::detect(&spec, &Scope::all(&spec), &files, &mut found).unwrap();
        if !found.has_errors() {
            let _ = Plan::new(&spec, &project, "", &BTreeMap::default(), &mut found).context_paths();
            planned += 1;
        }
        // Rendering resolves every place.
        let _ = found.summary();
    }
    assert!(planned > 50, "the damage leaves {planned} files that can be planned");
}
