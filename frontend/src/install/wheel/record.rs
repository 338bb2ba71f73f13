//! RECORD: the list of a package's files with their hashes, in the wheel and after the installation.
//!
//! It is a CSV file with path, hash and size; see "recording installed projects" of the packaging
//! specifications.

use std::collections::BTreeMap;

use super::error::Problem;
use super::hash::{Hash, HashError};
use super::oddity::{Oddities, Oddity};
use crate::install::limits;

/// The row of a member in RECORD.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    hash: String,
    size: String,
}

/// The wheel's own RECORD, by member.
#[derive(Debug, Default)]
pub(super) struct Record {
    rows: BTreeMap<String, Listed>,
}

impl Record {
    /// Reads the text of `file`. Invalid lines are recorded as irregularities. More rows or longer rows than
    /// any real package has are refused.
    pub(super) fn parse(file: &str, text: &str, oddities: &mut Oddities) -> Result<Self, Problem> {
        let mut rows: BTreeMap<String, Listed> = BTreeMap::new();
        let mut count = 0;
        each_row(file, text.strip_prefix('\u{feff}').unwrap_or(text), &mut |line, mut fields| {
            count += 1;
            if count > limits::ROWS {
                return Err(Problem::Limit { what: "rows in RECORD", found: count, limit: limits::ROWS });
            }
            if fields.len() != 3 {
                oddities.add(Oddity::Row, format!("line {line}"));
                fields.resize(3, String::new());
            }
            let mut fields = fields.into_iter();
            let mut next = || fields.next().unwrap_or_default();
            let (path, hash, size) = (next(), next(), next());
            // Directories are made when a file in them is written.
            if path.ends_with('/') {
                return Ok(());
            }
            let listed = Listed { hash, size };
            let path = plain(&path);
            // Some tools list a file twice. This does no harm if both rows are equal.
            if rows.get(&path).is_some_and(|other| *other != listed) {
                oddities.add(Oddity::ListedTwice, path.clone());
            }
            rows.insert(path, listed);
            Ok(())
        })?;
        Ok(Self { rows })
    }

    /// The hash that a member of this size should have, if RECORD has a usable one.
    pub(super) fn hash(&self, member: &str, size: u64, oddities: &mut Oddities) -> Option<Hash> {
        let Some(listed) = self.rows.get(member) else {
            oddities.add(Oddity::Unlisted, member);
            return None;
        };
        if !listed.size.is_empty() && listed.size.trim().parse() != Ok(size) {
            oddities.add(Oddity::OtherSize, member);
        }
        if listed.hash.is_empty() {
            oddities.add(Oddity::NoHash, member);
            return None;
        }
        let odd = |error| match error {
            HashError::Weak => Oddity::WeakHash,
            HashError::Format => Oddity::HashFormat,
        };
        Hash::parse(&listed.hash).map_err(|error| oddities.add(odd(error), member)).ok()
    }

    /// The listed paths.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }
}

/// A path in the form of the archive. Some tools write `/a`, `./a` or `a//b`.
fn plain(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

/// The RECORD of an installed package, sorted by path.
#[derive(Debug, Default)]
pub(super) struct Installed {
    rows: BTreeMap<String, String>,
}

impl Installed {
    /// Adds a file by its path relative to site-packages.
    pub(super) fn add(&mut self, path: &str, hash: Option<&Hash>, size: u64) {
        let hash = hash.map(Hash::render).unwrap_or_default();
        self.rows.insert(path.to_owned(), format!("{hash},{size}"));
    }

    /// The text, with a row for RECORD itself, which cannot have a hash.
    pub(super) fn render(mut self, own: &str) -> String {
        self.rows.insert(own.to_owned(), ",".to_owned());
        let mut text = String::new();
        for (path, rest) in &self.rows {
            text.extend([field(path).as_str(), ",", rest, "\n"]);
        }
        text
    }
}

/// A CSV field. It is quoted if necessary.
pub(in crate::install) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The files in RECORD of an installed package that have a hash, each with its hash and size.
pub(in crate::install) fn rows_of_record(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut rows = Vec::new();
    each_row("RECORD", text, &mut |_, fields| {
        if let [path, hash, size] = fields.as_slice()
            && !hash.is_empty()
        {
            rows.push((path.clone(), format!("{hash},{size}")));
        }
        Ok(())
    })?;
    Ok(rows)
}

/// Calls `each` for every row of a CSV text that is not empty, with the line where the row starts, counted
/// from 1. A quote without an end takes the rest of the text.
pub(in crate::install) fn each_row(
    file: &str,
    text: &str,
    each: &mut dyn FnMut(usize, Vec<String>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let (mut line, mut start) = (1, 1);
    let mut fields = Vec::new();
    let mut current = String::new();
    let mut quoted = false;
    let mut length: u64 = 0;
    let mut characters = text.chars().peekable();
    let mut close = |fields: &mut Vec<String>, current: &mut String, line: usize| {
        if fields.is_empty() && current.is_empty() {
            return Ok(());
        }
        fields.push(std::mem::take(current));
        each(line, std::mem::take(fields))
    };
    while let Some(character) = characters.next() {
        line += usize::from(character == '\n');
        length += 1;
        if length > limits::LINE {
            return Err(Problem::LongLine { file: file.to_owned(), line: start, limit: limits::LINE });
        }
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => current.push('"'),
            '"' if quoted => quoted = false,
            other if quoted => current.push(other),
            '"' if current.is_empty() => quoted = true,
            ',' => fields.push(std::mem::take(&mut current)),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                close(&mut fields, &mut current, start)?;
                (start, length) = (line, 0);
            }
            other => current.push(other),
        }
    }
    close(&mut fields, &mut current, start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    #[test]
    fn quotes_line_ends_and_repeated_rows_are_read() {
        let text = format!(
            "\u{feff}\"a,\"\"b.py\",{EMPTY},0\r\n/x.py,{EMPTY},\n\nx.py,{EMPTY},\na/,,\na/RECORD,,\n"
        );
        let mut oddities = Oddities::default();
        let record = Record::parse("RECORD", &text, &mut oddities).unwrap();
        assert_eq!(record.paths().collect::<Vec<_>>(), ["a,\"b.py", "a/RECORD", "x.py"]);
        assert_eq!(record.hash("a,\"b.py", 0, &mut oddities).unwrap().render(), EMPTY);
        assert_eq!(oddities, Oddities::default());
    }

    #[test]
    fn rows_that_prove_nothing_are_noted() {
        let cases = [
            (format!("x,{EMPTY},1\n"), true, "RECORD has another size than the file for: `x`"),
            ("x,,0\n".to_owned(), false, "RECORD has no hash for: `x`"),
            (
                "x,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n".to_owned(),
                false,
                "RECORD has a hash that is no sha256, sha384 or sha512 for: `x`",
            ),
            ("x,sha256=AAAA,0\n".to_owned(), false, "RECORD has a hash that cannot be read for: `x`"),
            ("y,,\n".to_owned(), false, "RECORD does not list: `x`"),
            (format!("x,,\nx,{EMPTY},\n"), true, "RECORD has two rows that differ for: `x`"),
            (
                format!("x,{EMPTY},0\nx\n"),
                false,
                "RECORD has no hash for: `x`\nRECORD has two rows that differ for: `x`\n\
                 RECORD has lines that are not a path, a hash and a size: `line 2`",
            ),
            (format!("x,{EMPTY},many\n"), true, "RECORD has another size than the file for: `x`"),
        ];
        for (text, has_hash, message) in cases {
            let mut oddities = Oddities::default();
            let record = Record::parse("RECORD", &text, &mut oddities).unwrap();
            assert_eq!(record.hash("x", 0, &mut oddities).is_some(), has_hash, "{text}");
            assert_eq!(oddities.lines().join("\n"), message, "{text}");
        }
    }

    #[test]
    fn the_installed_record_is_sorted_and_quoted() {
        let mut installed = Installed::default();
        installed.add("b.py", Some(&Hash::of(b"")), 0);
        installed.add("../../../bin/a,b", Some(&Hash::of(b"")), 0);
        assert_eq!(
            installed.render("a-1.dist-info/RECORD"),
            format!("\"../../../bin/a,b\",{EMPTY},0\na-1.dist-info/RECORD,,\nb.py,{EMPTY},0\n")
        );
    }
}
