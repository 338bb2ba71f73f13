//! Compares the schema with the parser, the documentation and all build files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pybuild::diagnostics::{Diagnostics, Problem, Source};
use pybuild::spec::{Arguments, Spec};
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use crate::folder::Folder;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(text: &str) -> Diagnostics {
    Spec::parse(&Arc::new(Source::new("pybuild.toml", text)), Arguments::default()).1
}

fn schema() -> Value {
    serde_json::from_str(&Folder::new(&[]).run(&["schema"]).result()).unwrap()
}

/// Each table of the file: a text with an unknown key in it, and where the schema describes it.
const TABLES: [(&str, &str); 20] = [
    ("zzz = 1", ""),
    ("[python]\nzzz = 1", "/properties/python"),
    ("[dependencies]\nzzz = 1", "/properties/dependencies"),
    ("[dependencies.index]\nzzz = 1", "/properties/dependencies/properties/index"),
    ("[system]\nzzz = 1", "/properties/system"),
    ("[system]\npackages = [{ name = \"a\", zzz = 1 }]", "/definitions/package/anyOf/1"),
    ("[app]\nzzz = 1", "/properties/app"),
    ("[app]\ncopy = [{ from = \"a\", zzz = 1 }]", "/properties/app/properties/copy/items"),
    (
        "[system]\nrepositories = [{ url = \"a\", zzz = 1 }]",
        "/properties/system/properties/repositories/items",
    ),
    ("[stage.a]\nrun = [{ run = \"a\", mounts = [{ path = \"a\", zzz = 1 }] }]", "/definitions/mount"),
    ("[stage.a]\nzzz = 1", "/definitions/stage"),
    ("[stage.a]\nrun = [{ run = \"a\", zzz = 1 }]", "/definitions/step"),
    ("[stage.a]\nchecks.b = { run = \"a\", zzz = 1 }", "/definitions/check"),
    ("[stage.a]\ncopy = [{ path = \"a\", zzz = 1 }]", "/definitions/stage/properties/copy/items"),
    ("[stage.a]\ncache = [{ path = \"a\", zzz = 1 }]", "/definitions/cache/anyOf/1"),
    ("[dependencies.cooldown]\nzzz = 1", "/definitions/cooldown/anyOf/1"),
    ("[stage.a]\nsecrets = [{ id = \"a\", zzz = 1 }]", "/definitions/secret/anyOf/1"),
    ("[stage.a]\nfrom = { dockerfile = \"a\", zzz = 1 }", "/definitions/dockerfile"),
    ("[stage.a]\nuser = { name = \"a\", zzz = 1 }", "/definitions/user/anyOf/1"),
    (
        "[stage.a]\nhealthcheck = { command = \"a\", zzz = 1 }",
        "/definitions/stage/properties/healthcheck/anyOf/2",
    ),
];

#[test]
fn every_key_that_is_read_is_in_the_schema_and_every_other_is_not() {
    let schema = schema();
    for (text, place) in TABLES {
        let found = read(text);
        let known = found.errors().iter().find_map(|error| match &error.problem {
            Problem::UnknownKey { key, known, .. } if key == "zzz" => Some(known.clone()),
            _ => None,
        });
        let known: BTreeSet<&str> = known.unwrap_or_else(|| panic!("no table: {text}")).into_iter().collect();
        let described = schema.pointer(place).and_then(|table| table["properties"].as_object());
        let described = described.unwrap_or_else(|| panic!("no table in the schema: {place}"));
        let described: BTreeSet<&str> = described.keys().map(String::as_str).collect();
        assert_eq!(described, known, "keys of {text:?}: those of spec/schema.rs, and those that are read");
    }
}

#[test]
fn every_table_that_is_read_is_compared() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec");
    let mut tables = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        // Only files have text.
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        tables += text.matches(".finish(cx)").count() + text.matches(".finish(&mut cx)").count();
    }
    // Run steps and checks are one table of the reader.
    assert_eq!(tables, TABLES.len() - 1, "a table was added to the reader: add it to TABLES of this test");
}

#[test]
fn every_key_of_the_schema_is_documented() {
    let docs = std::fs::read_to_string(root().join("docs/file.md")).unwrap();
    let schema = schema();
    for (_, place) in TABLES {
        for (key, shape) in schema.pointer(place).unwrap()["properties"].as_object().unwrap() {
            let named = [format!("`{key}`"), format!("[{key}"), format!("{key} = ")]
                .iter()
                .any(|text| docs.contains(text));
            assert!(named, "`{key}` of {place} is not in docs/file.md");
            assert!(shape["description"].is_string(), "`{key}` of {place} has no description");
        }
    }
}

#[test]
fn the_published_schema_is_the_one_that_is_printed() {
    let printed = Folder::new(&[]).run(&["schema"]).result();
    let file = root().join("docs/pybuild.schema.json");
    let published = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        published == printed,
        "docs/pybuild.schema.json is old: pybuild schema > docs/pybuild.schema.json"
    );
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            Value::from(i64::from_str_radix(number.as_str(), number.radix()).unwrap())
        }
        DeValue::Float(number) => Value::from(number.as_str().parse::<f64>().unwrap()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(list) => list.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => object(table),
    }
}

fn object(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
    Value::Object(entries.collect::<Map<_, _>>())
}

/// The pages of `docs/guides`.
fn guides() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("docs/guides")).unwrap();
    let mut pages: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

/// The blocks of TOML of a page.
fn blocks(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let blocks = text.split("```toml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// Every build file of the repository, with what it is called.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("examples"), root().join("tests/fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "pybuild.toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    let mut pages: Vec<_> =
        ["README.md", "docs/file.md", "docs/dependencies.md", "docs/build.md", "docs/cli.md"]
            .map(|name| root().join(name))
            .to_vec();
    pages.extend(guides());
    for page in pages {
        let blocks = blocks(&page).into_iter().enumerate();
        files.extend(
            blocks.map(|(number, block)| (format!("{}, block {}", page.display(), number + 1), block)),
        );
    }
    files
}

#[test]
fn the_schema_never_refuses_what_the_reader_takes() {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("pybuild.schema.json", schema()).unwrap();
    let whole = compiler.compile("pybuild.schema.json", &mut schemas).unwrap();
    let mut taken = 0;
    let mut refused = BTreeSet::new();
    for (name, text) in files() {
        let (document, errors) = DeTable::parse_recoverable(&text);
        // A manifest of the project is another file, with our table in it.
        if !errors.is_empty() || document.get_ref().contains_key("project") {
            continue;
        }
        let value = object(document.get_ref());
        match schemas.validate(&value, whole) {
            Ok(()) => taken += 1,
            Err(error) => {
                assert!(read(&text).has_errors(), "{name}: {error}");
                let folder = Path::new(&name).parent().and_then(Path::file_name);
                refused.extend(folder.map(|folder| folder.to_string_lossy().into_owned()));
            }
        }
    }
    assert!(taken > 20, "{taken}");
    for broken in ["unknown-key", "unknown-table", "wrong-type", "reserved-stage", "several-problems"] {
        assert!(refused.contains(broken), "the schema takes {broken}: {refused:?}");
    }
}

#[test]
fn the_guides_build_files_have_no_mistake() {
    let mut read_files = 0;
    for page in guides() {
        for block in blocks(&page).iter().filter(|block| block.starts_with("# syntax=")) {
            assert!(!read(block).has_errors(), "{}: {}\n{block}", page.display(), read(block).summary());
            read_files += 1;
        }
    }
    assert!(read_files >= 8, "{read_files}");
}
