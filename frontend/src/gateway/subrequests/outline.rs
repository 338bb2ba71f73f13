//! `--call=outline`: what a target can be given.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{location, sources, table, targets};
use crate::diagnostics::{Source, Span};
use crate::spec::{DEFAULT_TARGET, RunStep, Spec, Stage};

/// The parameters of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    name: String,
    description: String,
    arguments: Vec<(String, String, Option<Span>)>,
    secrets: Vec<(String, bool, Option<Span>)>,
    ssh: Vec<(String, Option<Span>)>,
    caches: Vec<(String, Option<Span>)>,
}

/// What `target` and the stages that it needs can be given.
pub(super) fn of(spec: &Spec, target: &str) -> Outline {
    let name = if target.is_empty() { DEFAULT_TARGET } else { target };
    let mut needed = BTreeSet::new();
    collect(spec, name, &mut needed);
    let stage = spec.stages.get(name);
    let description = stage.and_then(|stage| targets::comment_above(&spec.source, stage.span));
    let mut outline = Outline {
        name: name.to_owned(),
        description: description.unwrap_or_default(),
        arguments: spec
            .arguments
            .declared()
            .map(|(name, value)| (name.to_owned(), value.to_owned(), find(&spec.source, name)))
            .collect(),
        ..Outline::default()
    };
    let index = &spec.dependencies.index;
    for id in [&index.netrc, &index.auth, &spec.system.ca].into_iter().flatten() {
        outline.secrets.push((id.clone(), true, find(&spec.source, id)));
    }
    for stage in needed.iter().filter_map(|name| spec.stages.get(*name)) {
        outline.add_stage(spec, stage);
    }
    outline.secrets.sort();
    outline.secrets.dedup_by(|a, b| a.0 == b.0);
    outline.ssh.sort();
    outline.ssh.dedup_by(|a, b| a.0 == b.0);
    outline.caches.sort();
    outline.caches.dedup_by(|a, b| a.0 == b.0);
    outline
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

/// Where `text` first stands as a word of the file: what is not kept with its place is found again by its name.
fn find(source: &Source, text: &str) -> Option<Span> {
    source.text.find(text).map(|start| Span { start, end: start + text.len() })
}

impl Outline {
    fn add_stage(&mut self, spec: &Spec, stage: &Stage) {
        let runs = stage.run.iter().map(|run| &run.value).chain(stage.checks.iter().map(|check| &check.step));
        let steps: Vec<&RunStep> = runs.collect();
        let secrets = stage.secrets.iter().chain(steps.iter().flat_map(|step| &step.secrets));
        for secret in secrets {
            self.secrets.push((secret.id.clone(), secret.required, find(&spec.source, &secret.id)));
        }
        for id in steps.iter().flat_map(|step| &step.ssh) {
            self.ssh.push((id.clone(), find(&spec.source, "ssh")));
        }
        let caches = stage.cache.iter().chain(steps.iter().flat_map(|step| &step.cache));
        for cache in caches {
            let id = cache.id.clone().unwrap_or_else(|| cache.path.clone());
            self.caches.push((id, find(&spec.source, &cache.path)));
        }
    }

    pub(super) fn json(&self, source: &Source) -> Value {
        let with_place = |mut out: Map<String, Value>, span: Option<Span>| {
            if let Some(span) = span {
                out.insert("location".to_owned(), location(source, span));
            }
            Value::Object(out)
        };
        let object = |value: Value| match value {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let mut out = Map::new();
        out.insert("name".to_owned(), json!(self.name));
        if !self.description.is_empty() {
            out.insert("description".to_owned(), json!(self.description));
        }
        let lists = [
            (
                "args",
                self.arguments
                    .iter()
                    .map(|(name, value, at)| with_place(object(json!({ "name": name, "value": value })), *at))
                    .collect::<Vec<_>>(),
            ),
            (
                "secrets",
                self.secrets
                    .iter()
                    .map(|(name, required, at)| {
                        let mut entry = object(json!({ "name": name }));
                        if *required {
                            entry.insert("required".to_owned(), json!(true));
                        }
                        with_place(entry, *at)
                    })
                    .collect(),
            ),
            (
                "ssh",
                self.ssh
                    .iter()
                    .map(|(name, at)| with_place(object(json!({ "name": name, "required": true })), *at))
                    .collect(),
            ),
            (
                "cache",
                self.caches.iter().map(|(id, at)| with_place(object(json!({ "ID": id })), *at)).collect(),
            ),
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
        let mut out = table::render(&[vec!["TARGET:".to_owned(), self.name.clone()]]);
        if !self.description.is_empty() {
            out.push_str(&table::render(&[vec!["DESCRIPTION:".to_owned(), self.description.clone()]]));
        }
        out.push('\n');
        let required = |required: bool| if required { "true" } else { "" }.to_owned();
        let arguments =
            self.arguments.iter().map(|(name, value, _)| vec![name.clone(), value.clone(), String::new()]);
        let secrets = self.secrets.iter().map(|(name, needed, _)| vec![name.clone(), required(*needed)]);
        let ssh = self.ssh.iter().map(|(name, _)| vec![name.clone(), required(true)]);
        let sections: [(&[&str], Vec<Vec<String>>); 3] = [
            (&["BUILD ARG", "VALUE", "DESCRIPTION"], arguments.collect()),
            (&["SECRET", "REQUIRED"], secrets.collect()),
            (&["SSH", "REQUIRED"], ssh.collect()),
        ];
        for (head, rows) in sections {
            if !rows.is_empty() {
                let head = head.iter().map(|cell| (*cell).to_owned()).collect();
                let all: Vec<_> = std::iter::once(head).chain(rows).collect();
                out.push_str(&table::render(&all));
                out.push('\n');
            }
        }
        out
    }
}
