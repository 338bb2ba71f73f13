//! Problems as SARIF 2.1.0, the format of code scanning.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::json::Place;
use super::{Findings, level, rule};
use crate::diagnostics::Diagnostic;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(findings: &Findings<'_>) -> String {
    let rules: BTreeSet<_> = findings.all.iter().map(|found| rule(&found.problem)).collect();
    let rules: Vec<_> = rules.into_iter().collect();
    let results: Vec<_> = findings.all.iter().map(|found| result(findings, found, &rules)).collect();
    let described: Vec<_> = rules.iter().map(|rule| json!({ "id": rule, "name": rule })).collect();
    let driver = json!({
        "name": "pybuild",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": described,
    });
    let run = json!({ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results });
    format!("{:#}\n", json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }))
}

fn result(findings: &Findings<'_>, found: &Diagnostic, rules: &[String]) -> Value {
    let place = Place::of(found);
    let rule = rule(&found.problem);
    let region = json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    });
    let uri = findings.opened.shown(&found.source).replace('\\', "/").replace(' ', "%20");
    json!({
        "ruleId": rule,
        "ruleIndex": rules.iter().position(|known| *known == rule),
        "level": level(found),
        "message": { "text": found.to_string() },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": region } }],
    })
}
