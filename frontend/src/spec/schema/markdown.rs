//! The keys as Markdown tables: the reference of the command line, and the tables in `docs/file.md`.

use std::fmt::Write;

use super::key::Table;
use super::tables;

/// All keys, one table after the other.
pub fn reference() -> String {
    let mut out = String::from("# Keys of the build file\n");
    for table in tables() {
        let _ = write!(out, "\n## `{}`\n\nHere: {}.\n\n{}\n", table.header, table.about, marked(&table));
    }
    out
}

/// A document with updated tables of keys. Each table stands between `<!-- keys: ID -->` and `<!-- end -->`;
/// the other text stays. `None` if a table has no place in the document, or if a place has no table.
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

/// The rows between marks, so that a document's table can be found again.
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
