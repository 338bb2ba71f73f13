//! The tables of a stage: steps and checks, copies, caches, secrets, a user, a health check.

use serde_json::json;

use super::key::{
    Key, Kind, REQUIRED, Table, any, defined, flag, key, list, one_of, patterns, secret_id, text, texts,
    whole,
};
use super::settings::CHECKSUM;

/// The base of a stage, or the source of a copy.
pub(super) fn from() -> Kind {
    any("string or table", vec![text().shape, defined("", "dockerfile").shape])
}

/// A target of a Dockerfile.
pub(super) fn dockerfile() -> Table {
    let file = text().called("path");
    let args = "its build args; a value may refer to an arg of this file";
    let keys = vec![
        key("dockerfile", file, REQUIRED, "the file, relative to the context", "dockerfile = \"Dockerfile\""),
        key("target", text(), "its last stage", "the stage of that file", "target = \"cuda\""),
        key("args", values(), "`{}`", args, "args.CUDA = \"12\""),
    ];
    table("dockerfile", "[stage.web.from]", "a target of a Dockerfile", keys)
}

pub(super) fn table(id: &'static str, header: &'static str, about: &'static str, keys: Vec<Key>) -> Table {
    Table { id, header, about, keys }
}

pub(super) fn command() -> Kind {
    defined("[command](#commands)", "command")
}

pub(super) fn values() -> Kind {
    defined("table", "values")
}

pub(super) fn caches() -> Kind {
    list("list", &defined("", "cache"))
}

pub(super) fn secrets() -> Kind {
    list("list", &defined("", "secret"))
}

pub(super) fn user_kind() -> Kind {
    defined("string or table", "user")
}

pub(super) fn healthcheck() -> Table {
    let keys = vec![
        key(
            "command",
            command(),
            REQUIRED,
            "what is run in the container",
            "command = [\"python\", \"-m\", \"app.healthy\"]",
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
    let origin = "a stage, an image, or a target of a Dockerfile, see [`from`](#from); or [an address](#downloads); not \
                  `\"scratch\"`";
    let mut keys = vec![key("from", from(), "the build context", origin, "from = \"assets\"")];
    keys.push(key(
        "path",
        text(),
        REQUIRED_HERE,
        "what is copied; in a stage or image from `/`, in the context relative to it; wildcards are allowed",
        "path = \"assets/\"",
    ));
    keys.extend([
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
    ]);
    keys.extend(of_download());
    table("copy", "[[stage.web.copy]]", "files from elsewhere", keys)
}

/// The default of a key that every copy needs except a download.
const REQUIRED_HERE: &str = "required, but of downloads";

/// The keys of a copy from a URL.
fn of_download() -> [Key; 2] {
    [
        key(
            "checksum",
            text(),
            "none",
            "the checksum of a [download](#downloads), which needs one",
            CHECKSUM,
        ),
        key(
            "unpack",
            flag(),
            "`false`",
            "whether what is in the archive is meant; downloads only",
            "unpack = true",
        ),
    ]
}

/// A copy into the project.
pub(super) fn brought() -> Table {
    let origin = "as in [`copy`](#copy) of a stage; not the context";
    let mut keys = vec![
        key("from", from(), REQUIRED, origin, "from = \"ui\""),
        key(
            "path",
            text(),
            REQUIRED_HERE,
            "what is copied, from `/`; wildcards are allowed",
            "path = \"/out\"",
        ),
        key("to", text(), REQUIRED, "where to, relative to the context", "to = \"src/shop/static\""),
        key(
            "exclude",
            list("list of patterns", &text()),
            "`[]`",
            "what is left out",
            "exclude = [\"*.map\"]",
        ),
    ];
    keys.extend(of_download());
    table("brought", "[[app.copy]]", "files that are put into the project", keys)
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
        key(
            "mounts",
            list("list of tables", &defined("", "mount")),
            "`[]`",
            "[mounts](#mounts)",
            "mounts = [{ path = \"/tmp\", tmpfs = true }]",
        ),
        key(
            "devices",
            texts(),
            "`[]`",
            "devices of the engine's machine, such as GPUs, by their CDI names",
            "devices = [\"nvidia.com/gpu=all\"]",
        ),
        key(
            "security",
            one_of(&["sandbox", "insecure"]),
            "`\"sandbox\"`",
            "`\"insecure\"`: with all rights; must be allowed with `--allow security.insecure`",
            "security = \"insecure\"",
        ),
    ]
}

/// A mount of a step.
pub(super) fn mount() -> Table {
    let size = any("`true` or string", vec![flag().shape, text().shape]);
    let origin = "a stage, an image or a target of a Dockerfile whose files are mounted; not `\"scratch\"`";
    let keys = vec![
        key(
            "path",
            text(),
            REQUIRED,
            "where it is mounted; a relative path is below the working directory",
            "path = \"/data\"",
        ),
        key("tmpfs", size, "`false`", "an empty folder in memory; a string is its size", "tmpfs = \"256m\""),
        key("from", from(), "the build context", origin, "from = \"assets\""),
        key("source", text(), "all", "a file or folder of `from`", "source = \"app/dist\""),
        key(
            "writable",
            flag(),
            "`false`",
            "whether the step may write there; what it writes is thrown away",
            "writable = true",
        ),
    ];
    table("mount", "[[stage.web.checks.docs.mounts]]", "what a step sees at a path", keys)
}

pub(super) fn check() -> Table {
    let mut keys = step_keys();
    keys.extend(reports().keys);
    table("check", "[stage.web.checks.docs]", "a command that must succeed, with all that it sees", keys)
}

/// The additional key of a check.
pub(super) fn reports() -> Table {
    let about = "files and folders that it leaves to be exported, relative to where it runs";
    let keys =
        vec![key("reports", list("list of paths", &text()), "`[]`", about, "reports = [\"junit.xml\"]")];
    table("reports", "[stage.web.checks.docs]", "what a check leaves", keys)
}

fn number_or_arg() -> Kind {
    any("number or string", vec![whole().shape, text().shape])
}

pub(super) fn user() -> Table {
    let keys = vec![
        key("name", text(), REQUIRED, "lower case letters, digits, `_` and `-`", "name = \"web\""),
        key(
            "uid",
            number_or_arg(),
            "`10001`",
            "its number; as a string, it may be a build arg",
            "uid = 2000",
        ),
        key("gid", number_or_arg(), "`uid`", "the number of its group, written as `uid` is", "gid = 2000"),
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
            "steps with the same id share the folder, as they do in Dockerfiles; an id that begins with `pybuild/` is an error",
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
