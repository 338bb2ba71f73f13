//! `--call=check`: everything that a build would warn of or fail for, without building.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::{diagnose, location};
use crate::diagnostics::{Diagnostic, Diagnostics, Problem};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::options::Options;

/// What was found.
pub(super) struct Report {
    warnings: Vec<Entry>,
    error: Option<(String, Value)>,
    sources: Vec<(String, String)>,
    excerpts: Vec<String>,
}

struct Entry {
    rule: &'static str,
    detail: String,
    location: Value,
}

/// Looks at the build file and the project, as a build of the target would.
pub(super) fn look(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
) -> Result<Diagnostics, FrontendFailure> {
    diagnose(bridge, options, file)
}

/// The id of a warning's rule.
fn rule(problem: &Problem) -> &'static str {
    match problem {
        Problem::NotLocked { .. } => "UnlockedDependencies",
        Problem::LockNotRead { .. } => "LockNotRead",
        Problem::NoDependencies => "NoDependencies",
        Problem::UnusedBuildArg { .. } => "UndeclaredBuildArg",
        _ => "BuildFile",
    }
}

/// Orders what was found as the answer has it. There is always a source, and each place has a range: clients read both
/// without looking.
pub(super) fn report(found: &Diagnostics, file: &BuildFile) -> Report {
    let mut sources = vec![(file.source.name.clone(), file.source.text.clone())];
    let mut place = |diagnostic: &Diagnostic| {
        let source = &diagnostic.source;
        let at = sources.iter().position(|(name, _)| *name == source.name).unwrap_or_else(|| {
            sources.push((source.name.clone(), source.text.clone()));
            sources.len() - 1
        });
        let mut value = location(source, diagnostic.span);
        if let (Some(object), true) = (value.as_object_mut(), at > 0) {
            object.insert("sourceIndex".to_owned(), json!(at));
        }
        value
    };
    let error = found.errors().first().map(|first| (found.summary(), place(first)));
    let warnings: Vec<_> = found
        .warnings()
        .into_iter()
        .map(|warning| Entry {
            rule: rule(&warning.problem),
            detail: warning.problem.to_string(),
            location: place(warning),
        })
        .collect();
    let excerpts = found.warnings().into_iter().map(excerpt).collect();
    Report { warnings, error, sources, excerpts }
}

fn excerpt(diagnostic: &Diagnostic) -> String {
    let source = &diagnostic.source;
    let line = diagnostic.line();
    let text = source.text.get(source.line_span(line).start..source.line_span(line).end).unwrap_or_default();
    format!("{}:{line}\n--------------------\n{line:4} | >>> {text}\n--------------------\n", source.name)
}

impl Report {
    pub(super) fn is_clean(&self) -> bool {
        self.warnings.is_empty() && self.error.is_none()
    }

    pub(super) fn json(&self) -> Value {
        let warnings: Vec<_> = self
            .warnings
            .iter()
            .map(
                |entry| json!({ "ruleName": entry.rule, "detail": entry.detail, "location": entry.location }),
            )
            .collect();
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let sources: Vec<_> = self
            .sources
            .iter()
            .map(|(name, text)| json!({ "filename": name, "data": encode(text), "language": "toml" }))
            .collect();
        let mut out = Map::new();
        out.insert("warnings".to_owned(), if warnings.is_empty() { Value::Null } else { json!(warnings) });
        out.insert("sources".to_owned(), json!(sources));
        if let Some((message, location)) = &self.error {
            out.insert("buildError".to_owned(), json!({ "message": message, "location": location }));
        }
        Value::Object(out)
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for (entry, excerpt) in self.warnings.iter().zip(&self.excerpts) {
            out.extend(["\nWARNING: ", entry.rule, "\n", &entry.detail, "\n", excerpt]);
        }
        if let Some((message, _)) = &self.error {
            out.extend(["\nERROR: ", message, "\n"]);
        }
        out
    }
}
