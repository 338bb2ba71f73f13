//! Problems as JSON. Lines and columns count from 1, and the end is exclusive.

use serde_json::{Value, json};

use super::{Findings, level, rule};
use crate::diagnostics::Diagnostic;

pub(super) fn render(findings: &Findings<'_>) -> String {
    let problems: Vec<_> = findings.all.iter().map(|found| problem(findings, found)).collect();
    format!("{:#}\n", json!({ "file": findings.opened.shown, "problems": problems }))
}

fn problem(findings: &Findings<'_>, found: &Diagnostic) -> Value {
    let place = Place::of(found);
    json!({
        "rule": rule(&found.problem),
        "severity": level(found),
        "message": found.problem.message(),
        "help": found.problem.help(),
        "file": findings.opened.shown(&found.source),
        "start": { "line": place.line, "column": place.column },
        "end": { "line": place.end_line, "column": place.end_column },
    })
}

/// A place as editors count it: lines and columns from 1, with an exclusive end.
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

impl Place {
    pub(super) fn of(found: &Diagnostic) -> Self {
        let (start, end) = found.source.range(found.span);
        Self {
            line: start.line,
            column: start.character + 1,
            end_line: end.line,
            end_column: end.character + 2,
        }
    }
}
