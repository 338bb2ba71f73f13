//! `--call=check`: all warnings and errors of a build, without building.

use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::location;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::gateway::bridge::Bridge;
use crate::gateway::build::build_platform;
use crate::gateway::build_file::BuildFile;
use crate::gateway::context::{GatewayContext, failure_of};
use crate::gateway::debug::View;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::options::{Options, SourceDateEpoch};
use crate::gateway::wishes::arguments;
use crate::lint::{Asked, CheckOptions, Rule, examine};
use crate::project::Files;
use crate::spec::Spec;

/// The findings, in the form of the answer.
pub(super) struct Report {
    warnings: Vec<Entry>,
    error: Option<(String, Value)>,
    sources: Vec<(String, String)>,
    excerpts: Vec<String>,
}

struct Entry {
    rule: &'static str,
    description: &'static str,
    url: String,
    detail: String,
    location: Value,
}

/// Checks the build file and the project without running a step. It checks the target, or every stage if
/// there is no target.
pub(super) fn look(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
) -> Result<Diagnostics, FrontendFailure> {
    let (target, _) = View::of(options.target.as_deref().unwrap_or_default())?;
    let build_platform = build_platform(options);
    let platforms = match options.platforms.as_slice() {
        [] => vec![build_platform.clone()],
        asked => asked.to_vec(),
    };
    let named: Vec<String> = options.named_contexts.keys().cloned().collect();
    let mut found = Diagnostics::default();
    let checks = CheckOptions::of(&file.source, options.check.as_ref(), &mut found);
    for platform in &platforms {
        let arguments = arguments(options, platform, &build_platform);
        let (spec, problems) = Spec::parse(&file.source, arguments);
        found.extend(problems);
        let Some(spec) = spec else { continue };
        let context = GatewayContext::of(bridge, file, &spec);
        let ignored = context.ignored(file)?;
        let files = Files { context: &context, ignored: &ignored };
        let asked = Asked {
            target: Some(target).filter(|target| !target.is_empty()),
            platform,
            build_platform: &build_platform,
            epoch: options.source_date_epoch.as_ref().and_then(SourceDateEpoch::seconds),
            named: &named,
        };
        examine(&spec, &files, asked, &checks, &mut found).map_err(|error| failure_of(&error))?;
    }
    checks.apply(&mut found);
    Ok(found)
}

/// Converts findings to the answer. The answer always has a source, and each place has a range, because
/// clients read both without a check.
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
        .map(|warning| {
            let rule = warning.problem.rule();
            let page = rule.and_then(Rule::named);
            Entry {
                rule: rule.unwrap_or("BuildFile"),
                description: page.map(|rule| rule.summary).unwrap_or_default(),
                url: page.map(Rule::url).unwrap_or_default(),
                detail: detail(warning, file),
                location: place(warning),
            }
        })
        .collect();
    let excerpts = found.warnings().into_iter().map(excerpt).collect();
    Report { warnings, error, sources, excerpts }
}

/// The message and its help. Clients show every excerpt as a part of the build file, so the message names any
/// other file.
fn detail(warning: &Diagnostic, file: &BuildFile) -> String {
    let source = &warning.source;
    if source.name == file.source.name {
        return warning.to_string();
    }
    format!("{}:{}: {warning}", source.name, warning.line())
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
            .map(|entry| {
                json!({
                    "ruleName": entry.rule,
                    "description": entry.description,
                    "url": entry.url,
                    "detail": entry.detail,
                    "location": entry.location,
                })
            })
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
            out.extend(["\nWARNING: ", entry.rule, " - ", &entry.url, "\n", &entry.detail, "\n", excerpt]);
        }
        if let Some((message, _)) = &self.error {
            out.extend(["\nERROR: ", message, "\n"]);
        }
        out
    }
}
