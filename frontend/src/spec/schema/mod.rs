//! The definition of all keys of the build file. The JSON schema for editors and the tables of `docs/file.md`
//! are made from it.
//!
//! Tests compare the definition with the reader. They fail if a key is read but not described, or described
//! but not read, or if the reader refuses an example. JSON schemas cannot express some rules well (whether a
//! stage exists, a path exists, an arg is declared). Only the reader checks these rules.

mod key;
mod markdown;
mod settings;
mod stage;
mod steps;
#[cfg(test)]
mod tests;

pub use markdown::reference;
#[cfg(test)]
use markdown::renewed;

use serde_json::{Value, json};

use key::{any, secret_id, text};
use settings::{age, app, cooldown, dependencies, index, package, python, repository, system};
use stage::stage;
use steps::{brought, cache, check, copy, dockerfile, healthcheck, mount, reports, secret, step, user};

/// The schema in draft 7, the draft that editors support best.
pub fn schema() -> Value {
    let described = |mut shape: Value, about: &str| {
        if let Some(object) = shape.as_object_mut() {
            object.insert("description".to_owned(), json!(about));
        }
        shape
    };
    let args = json!({ "type": "object", "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
                       "additionalProperties": { "type": "string" } });
    let stages = json!({ "type": "object",
                         "propertyNames": { "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
                                            "not": { "enum": ["builder", "scratch"] } },
                         "additionalProperties": { "$ref": "#/definitions/stage" } });
    let about_args =
        "Values that a build may change with `--build-arg`: names and defaults. `${NAME}` stands for one.";
    let about_stages =
        "Images that can be built. `dev`, `test` and `production` are there without being named.";
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "pybuild.toml",
        "description": "The build file of pybuild.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "python": python().shape(),
            "dependencies": dependencies().shape(),
            "system": system().shape(),
            "app": app().shape(),
            "args": described(args, about_args),
            "stage": described(stages, about_stages),
        },
        "definitions": definitions(),
    })
}

/// Schemas that are used in several places.
fn definitions() -> Value {
    json!({
        "stage": stage().shape(),
        "step": step().shape(),
        "check": check().shape(),
        "command": {
            "description": "A line for `/bin/sh -c`, or a program and its arguments, which are run without a shell.",
            "anyOf": [text().shape, { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
        },
        "values": {
            "type": "object",
            "additionalProperties": { "type": ["string", "integer", "boolean"] },
        },
        "user": any("", vec![text().shape, user().shape()]).shape,
        "cache": any("", vec![text().shape, cache().shape()]).shape,
        "secret": any("", vec![secret_id().shape, secret().shape()]).shape,
        "cooldown": any("", vec![age().shape, cooldown().shape()]).shape,
        "dockerfile": dockerfile().shape(),
        "mount": mount().shape(),
        "package": any("", vec![text().shape, package().shape()]).shape,
    })
}

/// All tables in the reference, in its order.
fn tables() -> Vec<key::Table> {
    let stage = stage::parts();
    let mut tables = vec![
        python(),
        dependencies(),
        cooldown(),
        index(),
        system(),
        package(),
        repository(),
        app(),
        brought(),
    ];
    tables.extend(stage);
    tables.extend([
        dockerfile(),
        step(),
        reports(),
        copy(),
        user(),
        healthcheck(),
        cache(),
        secret(),
        mount(),
    ]);
    tables
}
