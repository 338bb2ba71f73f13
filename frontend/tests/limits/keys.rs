//! Every key of the build file, from its schema, with what a hostile value of its type can be.

use serde_json::Value;

use super::measure::Project;

type Made = (String, Box<dyn Fn(usize) -> Project>);

/// A name, and a value of a size in bytes, as TOML.
type Shape = (&'static str, fn(usize) -> String);

const SHAPES: [Shape; 6] = [
    ("long", |size| format!("\"{}\"", "a".repeat(size))),
    ("args", |size| format!("\"{}\"", "${A}".repeat(size / 4))),
    ("list", |size| format!("[{}]", "\"a/b\",".repeat(size / 6))),
    ("numbers", |size| format!("[{}]", "1,".repeat(size / 2))),
    ("table", |size| {
        let entries: Vec<String> = (0..size / 14).map(|at| format!("k{at} = \"v\"")).collect();
        format!("{{ {} }}", entries.join(", "))
    }),
    ("tables", |size| format!("[{}]", "{ run = \"x\", path = \"/a\" },".repeat(size / 27))),
];

/// Each key, and each shape of it. Where no size is given, shapes take turns: each is tried with some keys.
pub(crate) fn cases() -> Vec<Made> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pybuild.schema.json"));
    let schema: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let mut keys = Vec::new();
    collect(&schema, &schema, &mut Vec::new(), &mut keys);
    assert!(keys.len() > 60, "{}", keys.len());
    let every = std::env::var("PYBUILD_LIMITS").is_ok();
    let mut made: Vec<Made> = Vec::new();
    for (number, key) in keys.into_iter().enumerate() {
        for (at, (shape, value)) in SHAPES.into_iter().enumerate() {
            if !every && at != number % SHAPES.len() {
                continue;
            }
            let path = key.clone();
            let project =
                move |size: usize| Project::file(document(&path, &value(size))).run_by(&[&["check"]]);
            made.push((format!("{} as {shape}", key.join(".")), Box::new(project)));
        }
    }
    made
}

/// The paths of all keys; `[]` stands for an element of a list.
fn collect(whole: &Value, schema: &Value, path: &mut Vec<String>, keys: &mut Vec<Vec<String>>) {
    if path.len() > 7 {
        return;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/definitions/")) {
        return collect(whole, &whole["definitions"][name], path, keys);
    }
    for choice in ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|name| schema[name].as_array()) {
        for one in choice {
            collect(whole, one, path, keys);
        }
    }
    let mut go = |name: &str, inner: &Value, keys: &mut Vec<Vec<String>>| {
        path.push(name.to_owned());
        if name != "[]" && !keys.contains(path) {
            keys.push(path.clone());
        }
        collect(whole, inner, path, keys);
        path.pop();
    };
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        go(name, inner, keys);
    }
    if schema["additionalProperties"].is_object() {
        go("name", &schema["additionalProperties"], keys);
    }
    if schema["items"].is_object() {
        go("[]", &schema["items"], keys);
    }
}

/// A build file with one value.
fn document(path: &[String], value: &str) -> String {
    let mut text = value.to_owned();
    for (at, name) in path.iter().enumerate().skip(1).rev() {
        text = match name.as_str() {
            "[]" => format!("[{text}]"),
            // What a table needs besides.
            _ if path.get(at - 1).is_some_and(|before| before == "[]") => {
                let needed = [("run", "\"x\""), ("path", "\"/a\""), ("id", "\"x\""), ("name", "\"x\"")];
                let needed: Vec<String> = needed
                    .iter()
                    .filter(|(key, _)| key != name)
                    .map(|(key, value)| format!("{key} = {value}"))
                    .collect();
                format!("{{ {name} = {text}, {} }}", needed.join(", "))
            }
            _ => format!("{{ {name} = {text} }}"),
        };
    }
    let args = if path.first().is_some_and(|first| first == "args") { "" } else { "args.A = \"aaaaaaaa\"\n" };
    format!("{args}{} = {text}\n", path.first().map_or("x", String::as_str))
}
