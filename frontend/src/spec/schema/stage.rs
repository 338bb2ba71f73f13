//! A stage, and the tables that stand in one.

use serde_json::{Value, json};

use super::key::{
    Key, Kind, REQUIRED, Table, any, defined, flag, image_paths, key, list, one_of, patterns, secret_id,
    text, texts, whole,
};

const STAGE: &str = "[stage.web]";

fn table(id: &'static str, header: &'static str, about: &'static str, keys: Vec<Key>) -> Table {
    Table { id, header, about, keys }
}

fn command() -> Kind {
    defined("[command](#commands)", "command")
}

fn values() -> Kind {
    defined("table", "values")
}

fn caches() -> Kind {
    list("list", &defined("", "cache"))
}

fn secrets() -> Kind {
    list("list", &defined("", "secret"))
}

fn user_kind() -> Kind {
    defined("string or table", "user")
}

/// The keys of a stage, in the two parts of the reference.
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
            text(),
            "made from the project",
            "a stage, an image, or `\"scratch\"`; see [`from`](#from)",
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
        key("packages", texts(), "`[]`", "OS packages of this stage alone", "packages = [\"ffmpeg\"]"),
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

/// What goes into a stage's image config.
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

pub(super) fn healthcheck() -> Table {
    let keys = vec![
        key(
            "command",
            command(),
            REQUIRED,
            "what is run in the container",
            "command = \"curl -f http://localhost:8000/health\"",
        ),
        key(
            "interval",
            text(),
            "the engine's",
            "time between runs, as `\"30s\"`, `\"1m30s\"`, `\"500ms\"`",
            "interval = \"30s\"",
        ),
        key("timeout", text(), "the engine's", "time that one run may take", "timeout = \"10s\""),
        key(
            "start-period",
            text(),
            "the engine's",
            "time in which failures do not count",
            "start-period = \"5s\"",
        ),
        key(
            "start-interval",
            text(),
            "the engine's",
            "time between runs in the start period",
            "start-interval = \"1s\"",
        ),
        key(
            "retries",
            whole(),
            "the engine's",
            "failures in a row that make a container unhealthy",
            "retries = 3",
        ),
    ];
    table(
        "healthcheck",
        "[stage.web.healthcheck]",
        "how an engine finds out whether a container is well",
        keys,
    )
}

pub(super) fn copy() -> Table {
    let mode = Kind { words: "string", shape: json!({ "type": "string", "pattern": "^(0o)?0*[0-7]{1,4}$" }) };
    let keys = vec![
        key(
            "from",
            text(),
            "the build context",
            "a stage or an image; not `\"scratch\"`",
            "from = \"assets\"",
        ),
        key(
            "path",
            text(),
            REQUIRED,
            "what is copied; in a stage or image from `/`, in the context relative to it; wildcards are allowed",
            "path = \"/app/dist\"",
        ),
        key(
            "to",
            text(),
            "`path`",
            "where to; relative to `workdir` unless absolute; with a trailing slash, into this folder",
            "to = \"static/\"",
        ),
        key(
            "owner",
            user_kind(),
            "root, or whose it was",
            "a user as in [`user`](#user); a name that the stage does not have counts as root",
            "owner = \"web\"",
        ),
        key("mode", mode, "as it was", "octal, `\"0755\"`", "mode = \"0755\""),
        key(
            "exclude",
            list("list of patterns", &text()),
            "`[]`",
            "what is left out",
            "exclude = [\"*.map\"]",
        ),
    ];
    table("copy", "[[stage.web.copy]]", "files from elsewhere", keys)
}

pub(super) fn step() -> Table {
    table("step", "[[stage.web.run]]", "a command with all that it sees", step_keys())
}

fn step_keys() -> Vec<Key> {
    let ssh = any("`true` or list of strings", vec![flag().shape, texts().shape]);
    vec![
        key("run", command().called("command"), REQUIRED, "what is run", "run = \"make docs\""),
        key(
            "include",
            patterns(),
            "`[]`",
            "files of the context that are copied to the step's `workdir` just before",
            "include = [\"docs/\", \"Makefile\"]",
        ),
        key(
            "cache",
            caches(),
            "`[]`",
            "[caches](#caches), besides the stage's",
            "cache = [\"/root/.cache\"]",
        ),
        key(
            "secrets",
            secrets(),
            "`[]`",
            "[secrets](#secrets), besides the stage's",
            "secrets = [{ id = \"token\", env = \"TOKEN\" }]",
        ),
        key(
            "ssh",
            ssh,
            "`false`",
            "agents passed with `--ssh`; `true` is `[\"default\"]`; `SSH_AUTH_SOCK` is the first one",
            "ssh = true",
        ),
        key("env", values(), "`{}`", "variables of this step alone", "env.MODE = \"build\""),
        key(
            "network",
            one_of(&["default", "none", "host"]),
            "`\"default\"`",
            "`\"default\"`, `\"none\"` or `\"host\"`; the last must be allowed, see [build.md](build.md#network)",
            "network = \"none\"",
        ),
        key("workdir", text(), "the stage's", "where it runs", "workdir = \"/srv\""),
        key("user", user_kind(), "root", "whom it runs as", "user = \"nobody\""),
    ]
}

pub(super) fn check() -> Table {
    let mut keys = step_keys();
    keys.extend(reports().keys);
    table("check", "[stage.web.checks.docs]", "a command that must succeed, with all that it sees", keys)
}

/// The key that a check has besides those of a step.
pub(super) fn reports() -> Table {
    let about = "files and folders that it leaves to be exported, relative to where it runs";
    let keys =
        vec![key("reports", list("list of paths", &text()), "`[]`", about, "reports = [\"junit.xml\"]")];
    table("reports", "[stage.web.checks.docs]", "what a check leaves", keys)
}

pub(super) fn user() -> Table {
    let keys = vec![
        key("name", text(), REQUIRED, "lower case letters, digits, `_` and `-`", "name = \"web\""),
        key("uid", whole(), "`10001`", "its number", "uid = 2000"),
        key("gid", whole(), "`uid`", "the number of its group", "gid = 2000"),
    ];
    table("user", "[stage.web.user]", "a user that is created", keys)
}

pub(super) fn cache() -> Table {
    let keys = vec![
        key(
            "path",
            text(),
            REQUIRED,
            "where it is mounted; a relative path is below the working directory",
            "path = \"/root/.npm\"",
        ),
        key(
            "id",
            text(),
            "`path`",
            "steps with the same id share the folder, as they do in Dockerfiles",
            "id = \"npm\"",
        ),
        key(
            "sharing",
            one_of(&["shared", "private", "locked"]),
            "`\"shared\"`",
            "how steps that run at the same time share it: `\"shared\"`, `\"private\"` or `\"locked\"`",
            "sharing = \"locked\"",
        ),
    ];
    table("cache", "[[stage.web.cache]]", "a folder that outlives builds and is in no image", keys)
}

pub(super) fn secret() -> Table {
    let keys = vec![
        key(
            "id",
            secret_id(),
            REQUIRED,
            "the name under which `--secret id=…` passes it: letters, digits, `.`, `_` and `-`",
            "id = \"token\"",
        ),
        key("path", text(), "`/run/secrets/ID`", "the file that holds it", "path = \"/root/.netrc\""),
        key(
            "env",
            text(),
            "none",
            "the variable that holds it; then there is a file only if `path` is given",
            "env = \"TOKEN\"",
        ),
        key("required", flag(), "`true`", "whether the build fails without it", "required = false"),
    ];
    table("secret", "[[stage.web.secrets]]", "a build secret that a step sees", keys)
}
