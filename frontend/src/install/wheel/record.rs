//! RECORD: the list of a package's files with their hashes, as the wheel brings it and as it is installed.
//!
//! A CSV file of path, hash and size; see "recording installed projects" of the packaging specifications.

use std::collections::BTreeMap;

use super::error::Problem;
use super::hash::{Hash, HashError};

/// What RECORD says about a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Absent for RECORD itself and its signatures only.
    hash: String,
    size: Option<u64>,
}

/// The wheel's own RECORD, by member.
#[derive(Debug, Default)]
pub(super) struct Record {
    rows: BTreeMap<String, Listed>,
}

impl Record {
    /// Reads the text of `file`.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let mut rows = BTreeMap::new();
        for Row { line, fields } in rows_of(text) {
            let wrong =
                |reason: &str| Problem::Line { file: file.to_owned(), line, reason: reason.to_owned() };
            let [path, hash, size] = fields.as_slice() else {
                return Err(wrong("is not a path, a hash and a size"));
            };
            let size = match size.as_str() {
                "" => None,
                digits => Some(digits.parse().map_err(|_| wrong("has a size that is no number"))?),
            };
            let listed = Listed { hash: hash.clone(), size };
            // Some tools list a file twice; it does no harm while both rows say the same.
            if rows.get(path).is_some_and(|other| *other != listed) {
                return Err(Problem::ListedTwice(path.clone()));
            }
            rows.insert(path.clone(), listed);
        }
        Ok(Self { rows })
    }

    /// The hash that a member of so many bytes is held to.
    pub(super) fn hash(&self, member: &str, size: u64) -> Result<Hash, Problem> {
        let listed = self.rows.get(member).ok_or_else(|| Problem::Unlisted(member.to_owned()))?;
        if listed.hash.is_empty() {
            return Err(Problem::NoHash(member.to_owned()));
        }
        if let Some(expected) = listed.size.filter(|expected| *expected != size) {
            return Err(Problem::Size { member: member.to_owned(), expected, found: size.to_string() });
        }
        Hash::parse(&listed.hash).map_err(|error| match error {
            HashError::Weak(algorithm) => Problem::WeakHash { member: member.to_owned(), algorithm },
            HashError::Format => Problem::HashFormat { member: member.to_owned(), hash: listed.hash.clone() },
        })
    }

    /// The paths listed.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(String::as_str)
    }
}

/// The RECORD of an installed package, in the order of its paths.
#[derive(Debug, Default)]
pub(super) struct Installed {
    rows: BTreeMap<String, String>,
}

impl Installed {
    /// Adds a file by its path from the site-packages directory.
    pub(super) fn add(&mut self, path: &str, hash: &Hash, size: u64) {
        self.rows.insert(path.to_owned(), format!("{},{size}", hash.render()));
    }

    /// The text, with a row for the file itself, which cannot have a hash.
    pub(super) fn render(mut self, own: &str) -> String {
        self.rows.insert(own.to_owned(), ",".to_owned());
        let mut text = String::new();
        for (path, rest) in &self.rows {
            text.extend([field(path).as_str(), ",", rest, "\n"]);
        }
        text
    }
}

/// A CSV field, quoted where it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

struct Row {
    /// Where it begins, from 1.
    line: usize,
    fields: Vec<String>,
}

/// The rows of a CSV text that are not empty. A quote that is never closed takes what is left.
fn rows_of(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut line, mut start) = (1, 1);
    let mut fields = Vec::new();
    let mut current = String::new();
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    let mut close = |fields: &mut Vec<String>, current: &mut String, line: usize| {
        if !(fields.is_empty() && current.is_empty()) {
            fields.push(std::mem::take(current));
            rows.push(Row { line, fields: std::mem::take(fields) });
        }
    };
    while let Some(character) = characters.next() {
        line += usize::from(character == '\n');
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => current.push('"'),
            '"' if quoted => quoted = false,
            other if quoted => current.push(other),
            '"' if current.is_empty() => quoted = true,
            ',' => fields.push(std::mem::take(&mut current)),
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => {
                close(&mut fields, &mut current, start);
                start = line;
            }
            other => current.push(other),
        }
    }
    close(&mut fields, &mut current, start);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    #[test]
    fn quotes_line_ends_and_repeated_rows_are_read() {
        let text = format!("\"a,\"\"b.py\",{EMPTY},0\r\nx.py,{EMPTY},\n\nx.py,{EMPTY},\na/RECORD,,\n");
        let record = Record::parse("RECORD", &text).unwrap();
        assert_eq!(record.paths().collect::<Vec<_>>(), ["a,\"b.py", "a/RECORD", "x.py"]);
        assert_eq!(record.hash("a,\"b.py", 0).unwrap().render(), EMPTY);
    }

    #[test]
    fn rows_that_prove_nothing_are_refused() {
        let cases = [
            (format!("x,{EMPTY},1\n"), "the member `x` unpacks to 0 bytes, but 1 are declared"),
            ("x,,0\n".to_owned(), "RECORD has no hash for `x`"),
            (
                "x,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n".to_owned(),
                "RECORD has a md5 hash for `x`; sha256, sha384 or sha512 is needed",
            ),
            (
                "x,sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk,0\n".to_owned(),
                "RECORD has a sha1 hash for `x`; sha256, sha384 or sha512 is needed",
            ),
            ("x,sha256=AAAA,0\n".to_owned(), "RECORD's hash for `x` is not one: `sha256=AAAA`"),
            ("y,,\n".to_owned(), "the member `x` is not listed in RECORD"),
        ];
        for (text, message) in cases {
            let record = Record::parse("RECORD", &text).unwrap();
            assert_eq!(record.hash("x", 0).unwrap_err().to_string(), message);
        }
        let cases = [
            (format!("x,{EMPTY},\nx,,\n"), "RECORD lists `x` twice, with different hashes"),
            ("y,,\n\nx\n".to_owned(), "line 3 of `RECORD` is not a path, a hash and a size"),
            ("x,,many\n".to_owned(), "line 1 of `RECORD` has a size that is no number"),
        ];
        for (text, message) in cases {
            assert_eq!(Record::parse("RECORD", &text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn the_installed_record_is_sorted_and_quoted() {
        let mut installed = Installed::default();
        installed.add("b.py", &Hash::of(b""), 0);
        installed.add("../../../bin/a,b", &Hash::of(b""), 0);
        assert_eq!(
            installed.render("a-1.dist-info/RECORD"),
            format!("\"../../../bin/a,b\",{EMPTY},0\na-1.dist-info/RECORD,,\nb.py,{EMPTY},0\n")
        );
    }
}
