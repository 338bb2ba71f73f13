//! `--call=targets`: the list of targets.

use serde_json::{Map, Value, json};

use super::{location, sources, table};
use crate::diagnostics::{Source, Span};
use crate::spec::{DEFAULT_TARGET, Spec};

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    name: String,
    description: String,
    base: String,
    span: Span,
}

/// All targets of a file, the built-in ones first.
pub(super) fn list(spec: &Spec) -> Vec<Target> {
    let targets = spec.targets().into_iter().map(|name| {
        let stage = spec.stages.get(name);
        let span = stage.map_or_else(|| spec.anywhere(), |stage| stage.span);
        let written = comment_above(&spec.source, span);
        let description = written.unwrap_or_else(|| built_in(name).to_owned());
        let base = stage.and_then(|stage| stage.from.as_ref()).map(|from| from.value.title());
        Target { name: name.to_owned(), description, base: base.unwrap_or_default(), span }
    });
    targets.collect()
}

fn built_in(name: &str) -> &'static str {
    match name {
        "builder" => "The virtual environment and what compiling needs",
        "dev" => "For work on the code: development dependencies, the whole project",
        "test" => "Runs the checks",
        DEFAULT_TARGET => "The image that ships",
        _ => "",
    }
}

/// The comment lines directly above a table. The author describes the stage there.
pub(super) fn comment_above(source: &Source, span: Span) -> Option<String> {
    let line = usize::try_from(source.position(span.start).line).ok()?;
    let before: Vec<&str> = source.text.lines().take(line.checked_sub(1)?).collect();
    let mut lines: Vec<&str> =
        before.iter().rev().map_while(|line| line.trim().strip_prefix('#')).map(str::trim).collect();
    lines.reverse();
    // The first lines of a file can be directives.
    lines.retain(|line| !line.starts_with("syntax") && !line.starts_with("check") && !line.is_empty());
    (!lines.is_empty()).then(|| lines.join(" "))
}

pub(super) fn json(targets: &[Target], source: &Source) -> Value {
    let targets = targets.iter().map(|target| {
        let mut out = Map::new();
        out.insert("name".to_owned(), json!(target.name));
        if target.name == DEFAULT_TARGET {
            out.insert("default".to_owned(), json!(true));
        }
        for (key, text) in [("description", &target.description), ("base", &target.base)] {
            if !text.is_empty() {
                out.insert(key.to_owned(), json!(text));
            }
        }
        out.insert("location".to_owned(), location(source, target.span));
        Value::Object(out)
    });
    json!({ "targets": targets.collect::<Vec<_>>(), "sources": sources(source) })
}

pub(super) fn text(targets: &[Target]) -> String {
    let mut rows = vec![vec!["TARGET".to_owned(), "DESCRIPTION".to_owned()]];
    for target in targets {
        let mark = if target.name == DEFAULT_TARGET { " (default)" } else { "" };
        rows.push(vec![format!("{}{mark}", target.name), target.description.clone()]);
    }
    table::render(&rows, 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::spec::Arguments;

    #[test]
    fn targets_have_the_comment_above_their_table() {
        let text = "# syntax=x\n[stage.dev]\n# Served by a CDN.\n# Rebuilt nightly.\n[stage.static]\nfrom = \"node:20\"\n";
        let source = Arc::new(Source::new("pybuild.toml", text));
        let (spec, _) = Spec::parse(&source, Arguments::default());
        let found = list(&spec.unwrap());
        assert_eq!(
            super::text(&found),
            "TARGET               DESCRIPTION\n\
             builder              The virtual environment and what compiling needs\n\
             dev                  For work on the code: development dependencies, the whole project\n\
             test                 Runs the checks\n\
             production (default) The image that ships\n\
             static               Served by a CDN. Rebuilt nightly.\n"
        );
        let json = json(&found, &source);
        assert_eq!(json["targets"][4]["base"], "node:20");
        assert_eq!(json["targets"][4]["location"]["ranges"][0]["start"]["line"], 5);
        assert_eq!(json["targets"][3]["default"], true);
    }
}
