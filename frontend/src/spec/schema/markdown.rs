//! The keys as tables of Markdown: the reference of the command line, and those that stand in `docs/file.md`.

use std::fmt::Write;

use super::key::Table;
use super::tables;

/// Every key, table by table.
pub fn reference() -> String {
    let mut out = String::from("# Keys of the build file\n");
    for table in tables() {
        let _ = write!(out, "\n## `{}`\n\nHere: {}.\n\n{}\n", table.header, table.about, marked(&table));
    }
    out
}

/// A document in which each table of keys, between `<!-- keys: ID -->` and `<!-- end -->`, is as it is now; the
/// text around them stays. `None` if a table has no place in it, or a place no table.
#[cfg(test)]
pub(super) fn renewed(document: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = document;
    let mut left = tables();
    while let Some((before, after)) = rest.split_once("<!-- keys: ") {
        let (id, after) = after.split_once(" -->")?;
        let (_, after) = after.split_once("<!-- end -->")?;
        let at = left.iter().position(|table| table.id == id)?;
        let table = left.remove(at);
        out.push_str(before);
        out.push_str(&marked(&table));
        rest = after;
    }
    left.is_empty().then(|| out + rest)
}

/// The rows between marks, by which a document finds them again.
fn marked(table: &Table) -> String {
    format!("<!-- keys: {} -->\n\n{}\n<!-- end -->", table.id, rows(table))
}

fn rows(table: &Table) -> String {
    let mut out =
        String::from("| Key | Type | Default | Meaning | Example |\n| --- | --- | --- | --- | --- |\n");
    for key in &table.keys {
        let (name, kind, default) = (key.name, key.kind.words, key.default);
        let _ = writeln!(out, "| `{name}` | {kind} | {default} | {} | `{}` |", key.about, key.example);
    }
    out
}
