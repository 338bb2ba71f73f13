//! The JSON schema of the build file, for editors: every table, key and type, with a line about each.
//!
//! Tests hold it against the reader: a key that is read and not described, or described and not read, fails them. What
//! JSON schemas cannot say well (whether a stage exists, a path is there, an arg is declared) is left to the reader.

use serde_json::{Map, Value, json};

/// What a value looks like.
type Shape = Value;

/// A key of a table: its name, its shape and what it means.
type Key = (&'static str, Shape, &'static str);

/// The schema, in draft 7, which editors know best.
pub fn schema() -> Value {
    let mut schema = table(
        "The build file of pybuild.",
        vec![
            ("python", python(), "The interpreter and its images."),
            ("dependencies", dependencies(), "The packages that are installed, and where they come from."),
            ("system", system(), "Packages of the operating system."),
            ("app", app(), "The code."),
            (
                "args",
                json!({ "type": "object", "propertyNames": { "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
                        "additionalProperties": { "type": "string" } }),
                "Values that a build may change with `--build-arg`: names and defaults. `${NAME}` stands for one.",
            ),
            (
                "stage",
                json!({ "type": "object",
                        "propertyNames": { "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
                                           "not": { "enum": ["builder", "scratch"] } },
                        "additionalProperties": { "$ref": "#/definitions/stage" } }),
                "Images that can be built. `dev`, `test` and `production` are there without being named.",
            ),
        ],
        &[],
    );
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        object.insert("title".to_owned(), json!("pybuild.toml"));
        object.insert("definitions".to_owned(), definitions());
    }
    schema
}

/// Shapes that stand in several places.
fn definitions() -> Value {
    let path = "Where it is mounted; a relative path is below the working directory.";
    json!({
        "stage": stage(),
        "step": table("A command with all that it sees.", step(), &["run"]),
        "check": table("A command that must succeed, with all that it sees.", check(), &["run"]),
        "command": {
            "description": "A line for `/bin/sh -c`, or a program and its arguments, which are run without a shell.",
            "anyOf": [text(), { "type": "array", "items": { "type": "string" }, "minItems": 1 }],
        },
        "values": {
            "type": "object",
            "additionalProperties": { "type": ["string", "integer", "boolean"] },
        },
        "user": any(vec![
            text(),
            table(
                "A user that is created.",
                vec![
                    ("name", text(), "Lower case letters, digits, `_` and `-`."),
                    ("uid", whole(0), "Its number [default: 10001]."),
                    ("gid", whole(0), "The number of its group [default: that of the user]."),
                ],
                &["name"],
            ),
        ]),
        "cache": any(vec![
            text(),
            table(
                "A folder that outlives builds and is in no image.",
                vec![
                    ("path", text(), path),
                    ("id", text(), "Steps with the same id share the folder [default: the path]."),
                    ("sharing", one_of(&["shared", "private", "locked"]), "How steps share it [default: shared]."),
                ],
                &["path"],
            ),
        ]),
        "secret": any(vec![
            secret_id(),
            table(
                "A build secret that a step sees.",
                vec![
                    ("id", secret_id(), "The name under which `--secret id=…` passes it."),
                    ("path", text(), "The file that holds it [default: /run/secrets/ID]."),
                    ("env", text(), "The variable that holds it."),
                    ("required", flag(), "Whether the build fails without it [default: true]."),
                ],
                &["id"],
            ),
        ]),
    })
}

fn python() -> Shape {
    table(
        "The interpreter and its images.",
        vec![
            ("version", text(), "As `3.13` or `3.13.1` [default: detected]."),
            ("base", text(), "The image that images which ship start from [default: python:VERSION-slim]."),
            ("build-base", text(), "The image in which dependencies are resolved and built [default: base]."),
            (
                "libc",
                text(),
                "The C library of `base`, as `glibc-2.36` or `musl-1.2` [default: by its name].",
            ),
        ],
        &[],
    )
}

fn dependencies() -> Shape {
    let index = table(
        "Where packages come from.",
        vec![
            ("url", text(), "The index in place of the default one."),
            ("extra", list(text()), "Indexes that are asked besides."),
            ("netrc", secret_id(), "The id of a build secret in the format of `.netrc`."),
            ("auth", secret_id(), "The id of a build secret with the value of the header `Authorization`."),
        ],
        &[],
    );
    let groups = json!({ "type": "object", "additionalProperties": list(text()) });
    table(
        "The packages that are installed.",
        vec![
            ("lock", text(), "The lock to install from [default: detected]."),
            (
                "requirements",
                list(text()),
                "Requirements files [default: detected]; `[]`: nothing to install.",
            ),
            ("groups", groups, "Further requirements files, by the name of their group."),
            ("extras", list(text()), "Extras (or groups) of the project that every stage gets."),
            ("installer", one_of(&["wheels", "pip"]), "How packages are installed [default: wheels]."),
            ("bytecode", flag(), "Whether modules are compiled when the image is made [default: true]."),
            ("index", index, "Where packages come from."),
        ],
        &[],
    )
}

fn system() -> Shape {
    table(
        "Packages of the operating system.",
        vec![
            ("packages", list(text()), "In every stage that is made from the project."),
            ("build", list(text()), "In `builder`, and in `dev` and `test`, which start from it."),
            ("runtime", list(text()), "In every stage that runs the app."),
            (
                "manager",
                one_of(&["apt", "apk", "dnf"]),
                "The package manager [default: by the image's name].",
            ),
            (
                "ca",
                secret_id(),
                "The id of a build secret with certificates that steps with a network trust.",
            ),
        ],
        &[],
    )
}

fn app() -> Shape {
    table(
        "The code.",
        vec![
            ("include", list(text()), "What images that ship contain [default: all of the context]."),
            ("workdir", text(), "Where the files are put and commands run [default: /app]."),
            (
                "package",
                flag(),
                "Whether the project is built and installed as a package [default: detected].",
            ),
            ("member", text(), "The member of a workspace that is built."),
            ("writable", list(text()), "Folders that belong to the image's user."),
        ],
        &[],
    )
}

fn stage() -> Shape {
    let mut keys: Vec<Key> = vec![
        ("from", text(), "A stage, an image, or `scratch` [default: made from the project]."),
        ("groups", list(text()), "Dependency groups on top of the project's dependencies."),
        ("include", list(text()), "What of the context is copied; `[]`: nothing."),
        ("packages", list(text()), "OS packages of this stage alone."),
        ("copy", list(copy()), "Files from a stage, an image or the context."),
        ("run", run(), "Commands that are run while the image is made."),
        ("cache", list(defined("cache")), "Caches of every step and check."),
        ("secrets", list(defined("secret")), "Secrets of every step and check."),
        (
            "checks",
            json!({ "type": "object", "propertyNames": { "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$" },
                    "additionalProperties": any(vec![defined("command"), defined("check")]) }),
            "Commands that must succeed, by name.",
        ),
        ("requires", list(text()), "Stages whose checks must pass before this image comes out."),
    ];
    keys.extend(image());
    table("An image that can be built.", keys, &[])
}

/// What goes into a stage's image config.
fn image() -> Vec<Key> {
    let port =
        json!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 65535 }, { "type": "string" }] });
    let health = table(
        "How an engine finds out whether a container is well.",
        vec![
            ("command", defined("command"), "What is run in the container."),
            ("interval", text(), "Time between runs, as `30s`."),
            ("timeout", text(), "Time that one run may take."),
            ("start-period", text(), "Time in which failures do not count."),
            ("start-interval", text(), "Time between runs in the start period."),
            ("retries", whole(0), "Failures in a row that make a container unhealthy."),
        ],
        &["command"],
    );
    let health = any(vec![json!({ "const": false }), defined("command"), health]);
    vec![
        ("command", defined("command"), "What a container runs [default: the base image's]."),
        ("entrypoint", defined("command"), "The program that `command` is passed to."),
        ("env", defined("values"), "Variables, in the steps of the stage and in containers."),
        ("labels", defined("values"), "Labels of the image."),
        ("user", defined("user"), "Whom containers run as."),
        ("expose", list(port), "Ports: `8000`, `\"53/udp\"`, `\"8000-8010\"`."),
        ("healthcheck", health, "A command, a table, or `false`."),
        ("volumes", list(text()), "Folders that are mounted from outside."),
        ("workdir", text(), "Where commands run and files are copied to."),
        ("stop-signal", json!({ "type": ["string", "integer"] }), "`SIGINT`, `INT` or `2`."),
    ]
}

fn copy() -> Shape {
    table(
        "Files from elsewhere.",
        vec![
            ("from", text(), "A stage or an image [default: the build context]."),
            ("path", text(), "What is copied; a folder is copied as its contents."),
            ("to", text(), "Where to; with a trailing slash, into this folder [default: path]."),
            ("owner", defined("user"), "Whose it will be."),
            ("mode", json!({ "type": "string", "pattern": "^(0o)?0*[0-7]{1,4}$" }), "Octal, as `0755`."),
            ("exclude", list(text()), "Patterns of what is left out."),
        ],
        &["path"],
    )
}

/// `run`: a command as a string, a table, or a list of steps in which a list is a program and its arguments.
fn run() -> Shape {
    any(vec![text(), defined("step"), list(any(vec![defined("command"), defined("step")]))])
}

fn step() -> Vec<Key> {
    let ssh = any(vec![flag(), list(text())]);
    vec![
        ("run", defined("command"), "What is run."),
        ("include", list(text()), "Files of the context that it sees."),
        ("cache", list(defined("cache")), "Caches, besides the stage's."),
        ("secrets", list(defined("secret")), "Secrets, besides the stage's."),
        ("ssh", ssh, "Agents passed with `--ssh`; `true` is `[\"default\"]`."),
        ("env", defined("values"), "Variables of this step alone."),
        ("network", one_of(&["default", "none", "host"]), "The network that it sees [default: default]."),
        ("workdir", text(), "Where it runs [default: the stage's]."),
        ("user", defined("user"), "Whom it runs as [default: root]."),
    ]
}

fn check() -> Vec<Key> {
    let mut keys = step();
    keys.push((
        "reports",
        list(text()),
        "Files and folders that it leaves to be exported, below where it runs.",
    ));
    keys
}

fn table(about: &str, keys: Vec<Key>, required: &[&str]) -> Shape {
    let mut properties = Map::new();
    for (name, mut shape, about) in keys {
        // Beside a reference, draft 7 ignores everything.
        if shape.get("$ref").is_some() {
            shape = json!({ "allOf": [shape] });
        }
        if let Some(object) = shape.as_object_mut() {
            object.insert("description".to_owned(), json!(about));
        }
        properties.insert(name.to_owned(), shape);
    }
    let mut object = Map::new();
    object.insert("description".to_owned(), json!(about));
    object.insert("type".to_owned(), json!("object"));
    object.insert("additionalProperties".to_owned(), json!(false));
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    object.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(object)
}

fn text() -> Shape {
    json!({ "type": "string" })
}

fn flag() -> Shape {
    json!({ "type": "boolean" })
}

fn whole(least: u32) -> Shape {
    json!({ "type": "integer", "minimum": least })
}

fn list(of: Shape) -> Shape {
    Value::Object(Map::from_iter([("type".to_owned(), json!("array")), ("items".to_owned(), of)]))
}

fn one_of(words: &[&str]) -> Shape {
    json!({ "enum": words })
}

fn any(shapes: Vec<Shape>) -> Shape {
    Value::Object(Map::from_iter([("anyOf".to_owned(), Value::Array(shapes))]))
}

fn defined(name: &str) -> Shape {
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn secret_id() -> Shape {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]+$" })
}
