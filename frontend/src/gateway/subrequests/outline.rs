//! `--call=outline`: the parameters of a target.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{location, sources, table, targets};
use crate::diagnostics::{Problem, Source, Span};
use crate::spec::{RunStep, SecretMount, Spec, Stage};

/// The parameters of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    name: String,
    description: String,
    arguments: Vec<Argument>,
    secrets: BTreeMap<String, Mounted>,
    ssh: BTreeMap<String, Mounted>,
    caches: BTreeMap<String, Span>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Argument {
    name: String,
    value: String,
    description: String,
    place: Option<Span>,
}

/// A secret or an agent: whether any step fails without it, and the first place that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mounted {
    required: bool,
    place: Span,
}

/// The parameters of `target` and of the stages that it needs.
///
/// # Errors
/// If the target does not exist.
pub(super) fn of(spec: &Spec, target: &str) -> Result<Outline, Problem> {
    let name = spec.target(target)?;
    let mut needed = BTreeSet::new();
    collect(spec, name, &mut needed);
    let stage = spec.stages.get(name);
    let description = stage.and_then(|stage| targets::comment_above(&spec.source, stage.span));
    let argument = |(name, value): (&str, &str)| {
        let place = spec.arguments.place(name);
        let description = place.and_then(|place| targets::comment_above(&spec.source, place));
        let description = description.unwrap_or_default();
        Argument { name: name.to_owned(), value: value.to_owned(), description, place }
    };
    let mut outline = Outline {
        name: name.to_owned(),
        description: description.unwrap_or_default(),
        arguments: spec.arguments.declared().map(argument).collect(),
        ..Outline::default()
    };
    let everywhere = Span { start: 0, end: spec.source.text.len() };
    let index = &spec.dependencies.index;
    for id in [&index.netrc, &index.auth, &spec.system.ca].into_iter().flatten() {
        outline.secret(&spec.source, id, true, everywhere);
    }
    for stage in needed.iter().filter_map(|name| spec.stages.get(*name)) {
        outline.add_stage(spec, stage);
    }
    Ok(outline)
}

fn collect<'s>(spec: &'s Spec, name: &'s str, needed: &mut BTreeSet<&'s str>) {
    if needed.insert(name)
        && let Some(stage) = spec.stages.get(name)
    {
        for (next, _) in spec.needs(stage) {
            collect(spec, next, needed);
        }
    }
}

/// The place of `text` inside `within`: as a string, else as a word. If an arg makes the text, `within` does
/// not contain it. Then the place is all of `within`.
fn find(source: &Source, text: &str, within: Span) -> Span {
    let part = source.text.get(within.start..within.end).unwrap_or_default();
    let written = [format!("\"{text}\""), format!("'{text}'"), text.to_owned()];
    let found = written.iter().find_map(|written| Some((part.find(written.as_str())?, written.len())));
    found.map_or(within, |(at, length)| Span { start: within.start + at, end: within.start + at + length })
}

impl Outline {
    fn add_stage(&mut self, spec: &Spec, stage: &Stage) {
        let source = &spec.source;
        // The keys of a stage stand between its name and the name of the next stage.
        let after = spec.stages.values().map(|other| other.span.start).filter(|at| *at > stage.span.start);
        let end = after.min().unwrap_or(source.text.len());
        let whole = Span { start: stage.span.start, end };
        self.mounts(source, (&stage.secrets, &stage.cache), whole);
        let runs = stage.run.iter().map(|run| (&run.value, run.span));
        let checks = stage.checks.iter().map(|check| (&check.step, check.name.span));
        let steps: Vec<(&RunStep, Span)> = runs.chain(checks).collect();
        for (step, place) in steps {
            self.mounts(source, (&step.secrets, &step.cache), place);
            for id in &step.ssh {
                let agent = Mounted { required: true, place: find(source, "ssh", place) };
                self.ssh.entry(id.clone()).or_insert(agent);
            }
        }
    }

    fn mounts(
        &mut self,
        source: &Source,
        (secrets, caches): (&[SecretMount], &[crate::spec::CacheMount]),
        place: Span,
    ) {
        for secret in secrets {
            self.secret(source, &secret.id, secret.required, place);
        }
        for cache in caches {
            let id = cache.id.clone().unwrap_or_else(|| cache.path.clone());
            self.caches.entry(id).or_insert_with(|| find(source, &cache.path, place));
        }
    }

    fn secret(&mut self, source: &Source, id: &str, required: bool, within: Span) {
        let first = Mounted { required, place: find(source, id, within) };
        self.secrets.entry(id.to_owned()).or_insert(first).required |= required;
    }

    pub(super) fn json(&self, source: &Source) -> Value {
        let entry = |fields: &[(&str, Value)], place: Option<Span>| {
            let empty = |value: &Value| *value == json!("") || *value == json!(false);
            let fields = fields.iter().filter(|(_, value)| !empty(value));
            let mut out: Map<String, Value> =
                fields.map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
            if let Some(place) = place {
                out.insert("location".to_owned(), location(source, place));
            }
            Value::Object(out)
        };
        let arguments = self.arguments.iter().map(|argument| {
            let Argument { name, value, description, place } = argument;
            entry(
                &[("name", json!(name)), ("description", json!(description)), ("value", json!(value))],
                *place,
            )
        });
        let mounted = |all: &BTreeMap<String, Mounted>| -> Vec<Value> {
            let one = |(id, mounted): (&String, &Mounted)| {
                entry(&[("name", json!(id)), ("required", json!(mounted.required))], Some(mounted.place))
            };
            all.iter().map(one).collect()
        };
        let caches = self.caches.iter().map(|(id, place)| entry(&[("ID", json!(id))], Some(*place)));
        let mut out = Map::new();
        out.insert("name".to_owned(), json!(self.name));
        if !self.description.is_empty() {
            out.insert("description".to_owned(), json!(self.description));
        }
        let lists: [(&str, Vec<Value>); 4] = [
            ("args", arguments.collect()),
            ("secrets", mounted(&self.secrets)),
            ("ssh", mounted(&self.ssh)),
            ("cache", caches.collect()),
        ];
        for (key, list) in lists {
            if !list.is_empty() {
                out.insert(key.to_owned(), Value::Array(list));
            }
        }
        out.insert("sources".to_owned(), sources(source));
        Value::Object(out)
    }

    pub(super) fn text(&self) -> String {
        let mut head = vec![vec!["TARGET:".to_owned(), self.name.clone()]];
        if !self.description.is_empty() {
            head.push(vec!["DESCRIPTION:".to_owned(), self.description.clone()]);
        }
        let mut out = table::render(&head, 1);
        out.push('\n');
        let arguments = self.arguments.iter().map(|argument| {
            vec![argument.name.clone(), argument.value.clone(), argument.description.clone()]
        });
        let mounted = |all: &BTreeMap<String, Mounted>| -> Vec<Vec<String>> {
            let required = |required: bool| if required { "true" } else { "" }.to_owned();
            all.iter().map(|(id, mounted)| vec![id.clone(), required(mounted.required)]).collect()
        };
        let sections: [(&[&str], Vec<Vec<String>>); 3] = [
            (&["BUILD ARG", "VALUE", "DESCRIPTION"], arguments.collect()),
            (&["SECRET", "REQUIRED"], mounted(&self.secrets)),
            (&["SSH", "REQUIRED"], mounted(&self.ssh)),
        ];
        for (head, rows) in sections {
            if !rows.is_empty() {
                let head = head.iter().map(|cell| (*cell).to_owned()).collect();
                let all: Vec<_> = std::iter::once(head).chain(rows).collect();
                out.push_str(&table::render(&all, 3));
                out.push('\n');
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::spec::Arguments;

    const TEXT: &str = r#"# syntax=token
[args]
# How much is built.
MODE = "fast"
[stage.test]
checks.pytest = { run = "pytest", secrets = [{ id = "token", required = false }] }
# What is shipped.
[stage.production]
requires = ["test"]
secrets = ["netrc"]
cache = ["/var/cache/own"]
run = [
    { run = "git clone git@host:x", ssh = true },
    { run = "fetch token", secrets = ["token"], cache = [{ path = "/data", id = "data" }] },
]
[stage.other]
secrets = ["unseen"]
"#;

    fn outline(target: &str) -> Result<(Outline, Arc<Source>), Problem> {
        let source = Arc::new(Source::new("pybuild.toml", TEXT));
        let (spec, found) = Spec::parse(&source, Arguments::default());
        assert!(!found.has_errors(), "{}", found.summary());
        of(&spec.unwrap(), target).map(|outline| (outline, source))
    }

    #[test]
    fn each_parameter_is_told_with_its_line() {
        let (outline, source) = outline("").unwrap();
        let json = outline.json(&source);
        let told = |key: &str, name: &str| -> Vec<(String, u64, bool)> {
            let all = json[key].as_array().unwrap();
            let one = |entry: &Value| {
                let line = entry["location"]["ranges"][0]["start"]["line"].as_u64().unwrap();
                (entry[name].as_str().unwrap().to_owned(), line, entry["required"] == true)
            };
            all.iter().map(one).collect()
        };
        let expected = |name: &str, line, required| (name.to_owned(), line, required);
        assert_eq!((&json["name"], &json["description"]), (&json!("production"), &json!("What is shipped.")));
        assert_eq!(told("args", "name"), [expected("MODE", 4, false)]);
        assert_eq!(
            (&json["args"][0]["description"], &json["args"][0]["value"]),
            (&json!("How much is built."), &json!("fast"))
        );
        // The token is optional for one step, but required for another.
        assert_eq!(told("secrets", "name"), [expected("netrc", 10, true), expected("token", 14, true)]);
        assert_eq!(told("ssh", "name"), [expected("default", 13, true)]);
        assert_eq!(told("cache", "ID"), [expected("/var/cache/own", 11, false), expected("data", 14, false)]);
        assert_eq!(json["sources"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn the_text_has_columns_as_dockers() {
        let (outline, _) = outline("PRODUCTION").unwrap();
        assert_eq!(
            outline.text(),
            "TARGET:      production\n\
             DESCRIPTION: What is shipped.\n\
             \n\
             BUILD ARG   VALUE   DESCRIPTION\n\
             MODE        fast    How much is built.\n\
             \n\
             SECRET   REQUIRED\n\
             netrc    true\n\
             token    true\n\
             \n\
             SSH       REQUIRED\n\
             default   true\n\
             \n"
        );
    }

    #[test]
    fn an_unknown_target_has_no_outline() {
        assert_eq!(
            outline("prodction").unwrap_err().to_string(),
            "unknown target `prodction`; did you mean `production`?"
        );
    }
}
