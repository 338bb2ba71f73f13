//! The tables of the whole file: `[python]`, `[dependencies]`, `[system]` and `[app]`.

use serde_json::json;

use super::key::{
    Kind, REQUIRED, Table, defined, flag, image_paths, key, list, one_of, path, paths, patterns, secret_id,
    text, texts,
};
use super::steps::{brought, from};

pub(super) fn python() -> Table {
    let build_base = "where dependencies are resolved and built, whose Python compiles bytecode, and that \
                      `dev` and `test` start from";
    let libc = "the C library of `base`, as `\"glibc-2.36\"` or `\"musl-1.2\"`: [which wheels \
                fit](dependencies.md#which-file-of-a-package) depends on it";
    Table {
        id: "python",
        header: "[python]",
        about: "the interpreter and its images",
        keys: vec![
            key("version", text(), "detected", "`\"3.13\"` or `\"3.13.1\"`", "version = \"3.13\""),
            key(
                "base",
                from(),
                "`python:VERSION-slim`",
                "what images that ship start from: an image, a stage or [a target of a Dockerfile](#a-target-of-a-dockerfile)",
                "base = \"python:3.13-alpine\"",
            ),
            key("build-base", from(), "`base`", build_base, "build-base = \"python:3.13\""),
            key("libc", text(), "by the name of `base`", libc, "libc = \"musl-1.2\""),
        ],
    }
}

pub(super) fn dependencies() -> Table {
    let groups = json!({ "type": "object", "additionalProperties": paths().shape });
    let groups = Kind { words: "table of lists of paths", shape: groups };
    let installer = "how packages are installed; `\"wheels\"`: each wheel by its address and hash, in layers; \
                     `\"pip\"`: by pip, into one environment";
    let index = Kind { words: "table", shape: index().shape() };
    Table {
        id: "dependencies",
        header: "[dependencies]",
        about: "the packages that are installed",
        keys: vec![
            key("lock", path(), "detected", "the lock to install from", "lock = \"uv.lock\""),
            key(
                "requirements",
                paths(),
                "detected",
                "requirements files; `[]`: there is nothing to install",
                "requirements = [\"requirements/base.txt\"]",
            ),
            key(
                "groups",
                groups,
                "`{}`",
                "further requirements files, by the name of their group",
                "groups.dev = [\"requirements/dev.txt\"]",
            ),
            key(
                "extras",
                texts(),
                "`[]`",
                "extras (or groups) of the project that every stage gets",
                "extras = [\"postgres\"]",
            ),
            key("installer", one_of(&["wheels", "pip"]), "`\"wheels\"`", installer, "installer = \"pip\""),
            key(
                "bytecode",
                flag(),
                "`true`",
                "whether modules are compiled when the image is made; `\"wheels\"` only",
                "bytecode = false",
            ),
            key(
                "allow-unverified",
                texts(),
                "`[]`",
                "packages that are [installed without a hash](dependencies.md#hashes); `\"wheels\"` only",
                "allow-unverified = [\"old-tool\"]",
            ),
            key(
                "cooldown",
                defined("string or table", "cooldown"),
                "none",
                "[how long a file must have been on its index](dependencies.md#cooldown) before a build installs the file",
                "cooldown = \"7d\"",
            ),
            key(
                "build-constraints",
                texts(),
                "`[]`",
                "[versions of what builds wheels](dependencies.md#how-sources-are-built); with `\"pip\"`, from pip 25.3 on",
                "build-constraints = [\"setuptools<81\"]",
            ),
            key(
                "index",
                index,
                "`{}`",
                "[where packages come from](#dependenciesindex)",
                "index.url = \"https://packages.example/simple\"",
            ),
        ],
    }
}

pub(super) fn cooldown() -> Table {
    Table {
        id: "cooldown",
        header: "[dependencies.cooldown]",
        about: "how long a file must have been on its index",
        keys: vec![
            key(
                "age",
                age(),
                REQUIRED,
                "the shortest time since the upload: a number with `m`, `h`, `d` or `w`",
                "age = \"7d\"",
            ),
            key("except", texts(), "`[]`", "packages that do not wait", "except = [\"our-library\"]"),
        ],
    }
}

pub(super) fn age() -> Kind {
    let pattern = "^[0-9]+ ?(m|minutes?|h|hours?|d|days?|w|weeks?)$";
    Kind { words: "string", shape: json!({ "type": "string", "pattern": pattern }) }
}

pub(super) fn index() -> Table {
    let auth = "the id of a build secret with the value of the header `Authorization`, for the engine's downloads from \
                the hosts of `url` and `extra`";
    Table {
        id: "index",
        header: "[dependencies.index]",
        about: "where packages come from",
        keys: vec![
            key(
                "url",
                text(),
                "that of pip and uv",
                "the index; `http` and `file` are allowed as well",
                "url = \"https://packages.example/simple\"",
            ),
            key(
                "extra",
                texts(),
                "`[]`",
                "indexes that are asked besides",
                "extra = [\"https://other.example/simple\"]",
            ),
            key(
                "netrc",
                secret_id(),
                "none",
                "the id of a build secret in the format of `.netrc`, for pip and uv",
                "netrc = \"index-login\"",
            ),
            key("auth", secret_id(), "none", auth, "auth = \"index-auth\""),
        ],
    }
}

pub(super) fn system() -> Table {
    let runtime = "packages of every stage that runs the app: `dev`, `test`, `production` and others like it; not of \
                   `builder`";
    let ca = "the id of a build secret with [certificates](dependencies.md#indexes) that steps with a network trust";
    Table {
        id: "system",
        header: "[system]",
        about: "packages of the operating system",
        keys: vec![
            key(
                "packages",
                packages(),
                "`[]`",
                "packages of every stage that is made from the project",
                "packages = [\"curl\"]",
            ),
            key(
                "build",
                packages(),
                "`[]`",
                "packages of `builder`, and of `dev` and `test`, which start from it",
                "build = [\"gcc\", \"libpq-dev\"]",
            ),
            key("runtime", packages(), "`[]`", runtime, "runtime = [\"libpq5\"]"),
            key(
                "manager",
                one_of(&["apt", "apk", "dnf"]),
                "by the image's name",
                "the package manager: `\"apt\"`, `\"apk\"` or `\"dnf\"`",
                "manager = \"apk\"",
            ),
            key(
                "repositories",
                list("list of tables", &Kind { words: "", shape: repository().shape() }),
                "`[]`",
                "[repositories of apt](#systemrepositories) besides the distribution's own",
                "repositories = []",
            ),
            key("ca", secret_id(), "none", ca, "ca = \"company-ca\""),
        ],
    }
}

pub(super) fn repository() -> Table {
    let key_of = "the key that signs it: an address, or a path of the context";
    let checksum = "the checksum of a key at an address, which needs one: `sha256:` and its digits";
    Table {
        id: "repository",
        header: "[[system.repositories]]",
        about: "a repository of apt",
        keys: vec![
            key("url", text(), REQUIRED, "its address", "url = \"https://apt.example/debian\""),
            key(
                "suites",
                texts(),
                REQUIRED,
                "its suites; one that ends in `/` is a folder without components",
                "suites = [\"bookworm\"]",
            ),
            key("components", texts(), "`[\"main\"]`", "its components", "components = [\"main\"]"),
            key("key", text(), REQUIRED, key_of, "key = \"docker/apt-key.asc\""),
            key("checksum", text(), "none", checksum, CHECKSUM),
        ],
    }
}

/// The checksum of an empty file.
pub(super) const CHECKSUM: &str =
    "checksum = \"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"";

/// A list of OS packages.
pub(super) fn packages() -> Kind {
    list("list of strings and tables", &defined("", "package"))
}

pub(super) fn package() -> Table {
    Table {
        id: "package",
        header: "[[system.packages]]",
        about: "an OS package that some platforms need",
        keys: vec![
            key("name", text(), REQUIRED, "its name", "name = \"libatomic1\""),
            key(
                "platforms",
                texts(),
                REQUIRED,
                "those whose images get it; images of others do not",
                "platforms = [\"linux/arm64\"]",
            ),
        ],
    }
}

pub(super) fn app() -> Table {
    let member =
        "the member of a [workspace](dependencies.md#workspaces) that is built, by its name in the lock";
    let version = "the version of a project whose build backend would ask git for it ([how](dependencies.md#versions-from-git))";
    let writable = "folders that belong to the image's user, in stages made from the project; all other files belong \
                    to root";
    Table {
        id: "app",
        header: "[app]",
        about: "the code",
        keys: vec![
            key(
                "include",
                patterns(),
                "all of the context",
                "what images that ship contain",
                "include = [\"app/\", \"alembic.ini\"]",
            ),
            key(
                "copy",
                list("list of tables", &Kind { words: "", shape: brought().shape() }),
                "`[]`",
                "[files of other stages](#appcopy) that are put into the project before it is built or tested",
                "copy = [{ from = \"assets\", path = \"/out\", to = \"src/shop/static\" }]",
            ),
            key(
                "workdir",
                text(),
                "`\"/app\"`",
                "where commands run, and where the files are put unless `to` says so",
                "workdir = \"/srv\"",
            ),
            key("to", text(), "`workdir`", "where the files are put", "to = \"/app\""),
            key(
                "package",
                flag(),
                "detected",
                "whether the project is built and installed as a package",
                "package = false",
            ),
            key("member", text(), "none", member, "member = \"shop\""),
            key("version", text(), "the backend's", version, "version = \"1.2\""),
            key("writable", image_paths(), "`[]`", writable, "writable = [\"/app/data\"]"),
        ],
    }
}
