//! Problems as workflow commands of GitHub Actions. GitHub shows them in the files of a pull request.

use super::json::Place;
use super::{Findings, level, rule};
use crate::address::lines;

pub(super) fn render(findings: &Findings<'_>) -> String {
    let mut out = String::new();
    for found in &findings.all {
        let place = Place::of(found);
        let file = property(&findings.opened.shown(&found.source));
        let title = property(&rule(&found.problem));
        let mut columns = String::new();
        // GitHub reads columns only if the problem is on one line.
        if place.line == place.end_line {
            columns = format!(",col={},endColumn={}", place.column, place.end_column);
        }
        let (line, end) = (place.line, place.end_line);
        let message = data(&found.to_string());
        let command = format!(
            "::{} file={file},line={line},endLine={end}{columns},title={title}::{message}\n",
            level(found)
        );
        out.push_str(&command);
    }
    out
}

/// A message. Characters that would end it are escaped, and the log of the job shows them unescaped.
fn data(text: &str) -> String {
    lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
