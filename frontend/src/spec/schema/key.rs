//! Keys of a table, and the kinds of their values.

use serde_json::{Map, Value, json};

/// The form of a value: in words and as a schema.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) words: &'static str,
    pub(super) shape: Value,
}

/// A key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The default, as Markdown; [`REQUIRED`] if the key has none.
    pub(super) default: &'static str,
    /// The meaning of the key, as Markdown.
    pub(super) about: &'static str,
    /// A line of the table that sets the key.
    pub(super) example: &'static str,
}

/// Used instead of a default if the table is useless without the key.
pub(super) const REQUIRED: &str = "required";

/// A table of the file.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The id of the table in the reference.
    pub(super) id: &'static str,
    /// The header of the table in examples.
    pub(super) header: &'static str,
    pub(super) about: &'static str,
    pub(super) keys: Vec<Key>,
}

pub(super) fn key(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
    example: &'static str,
) -> Key {
    Key { name, kind, default, about, example }
}

impl Kind {
    /// The same schema with another name.
    pub(super) fn called(self, words: &'static str) -> Self {
        Self { words, ..self }
    }
}

impl Table {
    /// The schema of the table.
    pub(super) fn shape(&self) -> Value {
        let mut properties = Map::new();
        for key in &self.keys {
            let mut shape = key.kind.shape.clone();
            // In draft 7, all keys beside a `$ref` are ignored.
            if shape.get("$ref").is_some() {
                shape = json!({ "allOf": [shape] });
            }
            if let Some(object) = shape.as_object_mut() {
                object.insert("description".to_owned(), json!(key.description()));
            }
            properties.insert(key.name.to_owned(), shape);
        }
        let required: Vec<_> =
            self.keys.iter().filter(|key| key.default == REQUIRED).map(|key| key.name).collect();
        let mut object = Map::new();
        object.insert("description".to_owned(), json!(sentence(self.about)));
        object.insert("type".to_owned(), json!("object"));
        object.insert("additionalProperties".to_owned(), json!(false));
        if !required.is_empty() {
            object.insert("required".to_owned(), json!(required));
        }
        object.insert("properties".to_owned(), Value::Object(properties));
        Value::Object(object)
    }
}

impl Key {
    /// The description that an editor shows. It contains no links, because they lead nowhere from an editor.
    fn description(&self) -> String {
        let about = sentence(&without_links(self.about));
        match self.default {
            REQUIRED => about,
            default => format!("{about} Default: {}.", without_links(default)),
        }
    }
}

/// The text with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// Markdown in which each link is replaced by its text.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        let target = link.split_once("](").and_then(|(words, after)| Some((words, after.split_once(')')?.1)));
        out.push_str(before);
        match target {
            Some((words, after)) => {
                out.push_str(words);
                rest = after;
            }
            None => {
                out.push('[');
                rest = link;
            }
        }
    }
    out + rest
}

pub(super) fn text() -> Kind {
    Kind { words: "string", shape: json!({ "type": "string" }) }
}

pub(super) fn path() -> Kind {
    text().called("path")
}

pub(super) fn flag() -> Kind {
    Kind { words: "boolean", shape: json!({ "type": "boolean" }) }
}

pub(super) fn whole() -> Kind {
    Kind { words: "number", shape: json!({ "type": "integer", "minimum": 0 }) }
}

pub(super) fn texts() -> Kind {
    list("list of strings", &text())
}

pub(super) fn paths() -> Kind {
    list("list of paths", &text())
}

pub(super) fn patterns() -> Kind {
    list("list of paths and patterns", &text())
}

pub(super) fn image_paths() -> Kind {
    list("list of image paths", &text())
}

pub(super) fn secret_id() -> Kind {
    Kind { words: "string", shape: json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]+$" }) }
}

pub(super) fn one_of(words: &[&str]) -> Kind {
    Kind { words: "string", shape: json!({ "enum": words }) }
}

pub(super) fn list(words: &'static str, of: &Kind) -> Kind {
    let shape = Map::from_iter([("type".to_owned(), json!("array")), ("items".to_owned(), of.shape.clone())]);
    Kind { words, shape: Value::Object(shape) }
}

pub(super) fn any(words: &'static str, shapes: Vec<Value>) -> Kind {
    Kind { words, shape: Value::Object(Map::from_iter([("anyOf".to_owned(), Value::Array(shapes))])) }
}

pub(super) fn defined(words: &'static str, name: &str) -> Kind {
    Kind { words, shape: json!({ "$ref": format!("#/definitions/{name}") }) }
}
