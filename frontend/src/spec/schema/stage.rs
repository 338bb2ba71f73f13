//! The keys of a stage.

use serde_json::{Value, json};

use super::key::{Key, Kind, Table, any, defined, image_paths, key, list, patterns, text, texts};
use super::settings::packages;
use super::steps::{caches, command, copy, from, healthcheck, secrets, table, user_kind, values};

const STAGE: &str = "[stage.web]";

/// The keys of a stage, divided into the two parts of the reference.
pub(super) fn parts() -> [Table; 2] {
    [
        table("stage", STAGE, "what a stage is made of", made_of()),
        table("image", STAGE, "what the image of a stage says", image()),
    ]
}

pub(super) fn stage() -> Table {
    let mut keys = made_of();
    keys.extend(image());
    table("stage", STAGE, "an image that can be built", keys)
}

fn made_of() -> Vec<Key> {
    let checks = json!({ "type": "object", "propertyNames": { "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$" },
                         "additionalProperties": any("", vec![command().shape, defined("", "check").shape]).shape });
    let steps = any("", vec![command().shape, defined("", "step").shape]);
    let run: Vec<Value> = vec![text().shape, defined("", "step").shape, list("", &steps).shape];
    let copies = list("list of tables", &Kind { words: "", shape: copy().shape() });
    vec![
        key(
            "from",
            from(),
            "made from the project",
            "a stage, an image, `\"scratch\"`, or a target of a Dockerfile; see [`from`](#from)",
            "from = \"node:20-slim\"",
        ),
        key(
            "groups",
            texts(),
            "see [above](#what-is-built)",
            "dependency groups on top of the project's dependencies",
            "groups = [\"docs\"]",
        ),
        key(
            "include",
            patterns(),
            "see [`[app]`](#app)",
            "what of the context is copied to `workdir`; `[]`: nothing",
            "include = [\"assets/\"]",
        ),
        key("packages", packages(), "`[]`", "OS packages of this stage alone", "packages = [\"ffmpeg\"]"),
        key(
            "copy",
            copies,
            "`[]`",
            "files from elsewhere, see [`copy`](#copy)",
            "copy = [{ from = \"assets\", path = \"/app/dist\", to = \"static\" }]",
        ),
        key(
            "run",
            any("command, table, or a list of them", run),
            "`[]`",
            "commands that are run while the image is made, see [`run`](#run)",
            "run = \"make docs\"",
        ),
        key(
            "cache",
            caches(),
            "`[]`",
            "caches of every step and check of the stage, see [caches](#caches)",
            "cache = [\"/root/.npm\"]",
        ),
        key(
            "secrets",
            secrets(),
            "`[]`",
            "secrets of every step and check of the stage, see [secrets](#secrets)",
            "secrets = [\"token\"]",
        ),
        key(
            "checks",
            Kind { words: "table", shape: checks },
            "`{}`",
            "commands that must succeed, by name, see [`checks`](#checks-and-requires)",
            "checks.pytest = \"python -m pytest\"",
        ),
        key(
            "requires",
            list("list of stages", &text()),
            "`[]`",
            "stages whose checks must pass before this image comes out, see [`requires`](#checks-and-requires)",
            "requires = [\"test\"]",
        ),
    ]
}

/// The keys for a stage's image config.
fn image() -> Vec<Key> {
    let port =
        json!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 65535 }, { "type": "string" }] });
    let ports = list("list", &Kind { words: "", shape: port });
    let health = vec![json!({ "const": false }), command().shape, healthcheck().shape()];
    let health = any("command, table or `false`", health);
    let signal = Kind { words: "string or number", shape: json!({ "type": ["string", "integer"] }) };
    vec![
        key(
            "command",
            command(),
            "the base image's",
            "what a container runs",
            "command = [\"python\", \"-m\", \"app\"]",
        ),
        key(
            "entrypoint",
            command(),
            "the base image's",
            "the program that `command` is passed to; setting it drops the base image's command",
            "entrypoint = [\"tini\", \"--\"]",
        ),
        key(
            "env",
            values(),
            "`{}`",
            "variables, in the steps of the stage and in containers; strings, whole numbers or booleans",
            "env.LOG_LEVEL = \"info\"",
        ),
        key(
            "labels",
            values(),
            "from the project",
            "labels of the image; the values as for `env`",
            "labels.\"org.example.team\" = \"shop\"",
        ),
        key("user", user_kind(), "see [`user`](#user)", "whom containers run as", "user = \"web\""),
        key(
            "expose",
            ports,
            "`[]`",
            "ports: `8000`, `\"53/udp\"`, `\"8000-8010\"`; TCP, UDP or SCTP",
            "expose = [8000]",
        ),
        key(
            "healthcheck",
            health,
            "the base image's",
            "how an engine finds out whether a container is well, see [`healthcheck`](#healthcheck)",
            "healthcheck = [\"python\", \"-m\", \"app.healthy\"]",
        ),
        key(
            "volumes",
            image_paths(),
            "`[]`",
            "folders that are mounted from outside; they belong to the image's user",
            "volumes = [\"/app/uploads\"]",
        ),
        key(
            "workdir",
            text(),
            "`[app] workdir`",
            "where commands run and files are copied to",
            "workdir = \"/srv\"",
        ),
        key(
            "stop-signal",
            signal,
            "the base image's",
            "`\"SIGINT\"`, `\"INT\"` or `2`",
            "stop-signal = \"SIGINT\"",
        ),
    ]
}
