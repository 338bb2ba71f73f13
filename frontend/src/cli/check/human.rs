//! Problems for people: the marked lines and the help.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Findings;
use super::excerpt::Excerpt;
use crate::address::masked;
use crate::diagnostics::Severity;

pub(super) fn render(findings: &Findings<'_>) -> String {
    let renderer = Renderer::styled();
    let mut out = String::new();
    for diagnostic in &findings.all {
        let level = match diagnostic.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let shown = findings.opened.shown(&diagnostic.source);
        let Excerpt { text, first_line, span } = Excerpt::of(&diagnostic.source, diagnostic.span);
        let text = masked(text);
        let snippet = Snippet::source(text)
            .line_start(first_line)
            .path(shown.as_str())
            .annotation(AnnotationKind::Primary.span(span));
        let message = diagnostic.problem.message();
        let help = diagnostic.problem.help();
        let mut group = level.primary_title(message.as_str()).element(snippet);
        for help in &help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out.push_str(&summary(findings));
    out.push('\n');
    out
}

fn summary(findings: &Findings<'_>) -> String {
    let errors = findings.all.iter().filter(|found| found.severity() == Severity::Error).count();
    let warnings = findings.all.len() - errors;
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    };
    match (errors, warnings) {
        (0, 0) => format!("{}: nothing found", findings.opened.shown),
        (0, _) => count(warnings, "warning"),
        (_, 0) => count(errors, "error"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}
