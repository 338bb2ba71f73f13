//! Settings of a single build file for several variants, users and tools: args in commands, numbers and
//! groups, the path, uv.

use std::process::Command;

use pybuild_tests::command::run;
use pybuild_tests::git::Repository;
use pybuild_tests::index::sha256;
use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Index, Project, Result};
use serde_json::json;

use crate::small;

#[test]
fn args_stand_in_lists_of_words_and_in_numbers_of_users() -> Result {
    let project = small::project(
        r#"[args]
APP = "shop"
UID = "2001"
[stage.production]
command = ["echo", "${APP}.wsgi", "${PORT}"]
user = { name = "web", uid = "${UID}", gid = 0 }
[app]
writable = ["/app/data"]
"#,
    )?;

    let outcome = Build::of(&project).arg("APP", "stock").arg("UID", "2002").load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.config()?["Cmd"], json!(["echo", "stock.wsgi", "${PORT}"]));
    assert_eq!(image.config()?["User"], json!("2002:0"));
    // A cluster gives containers numbers of its own, and the group 0.
    let script = "stat -c '%u:%g %a' /home/web /app/data; grep -c web /etc/group || true";
    assert_eq!(image.prints(&["sh", "-c", script])?, "2002:0 770\n2002:0 775\n0");
    Ok(())
}

#[test]
fn folders_are_added_to_the_path_and_the_environment_stays_first() -> Result {
    let project = small::project(
        r#"[stage.production]
env.PATH = "/opt/tool/bin:${PATH}"
run = { run = "echo $PATH > /opt/path", env.PATH = "/step/bin:${PATH}" }
[stage.more]
from = "production"
env.PATH = "${PATH}:/last"
"#,
    )?;

    let outcome = Build::of(&project).target("more").load().succeed()?;
    let image = outcome.image()?;
    let path = image.env("PATH")?.unwrap_or_default();
    assert!(path.starts_with("/venv/bin:/opt/tool/bin:/usr/local/") && path.ends_with(":/last"), "{path}");
    let of_step = image.prints(&["cat", "/opt/path"])?;
    assert!(of_step.starts_with("/venv/bin:/step/bin:/opt/tool/bin:/usr/local/"), "{of_step}");
    assert_eq!(image.prints(&["python", "-c", "import sys; print(sys.prefix)"])?, "/venv");
    Ok(())
}

#[test]
fn a_secret_and_a_cache_belong_to_the_user_of_their_step() -> Result {
    let secret = nonce();
    let project = small::project(&format!(
        r#"[stage.production]
run = [{{ run = "cp /run/secrets/token /tmp/seen && touch /var/cache/own/x && stat -c %u:%g /run/secrets/token /var/cache/own > /tmp/owners", user = "app", secrets = ["token"], cache = [{{ path = "/var/cache/own", id = "{secret}" }}] }}]
"#
    ))?;

    let outcome = Build::of(&project).secret("token", &secret).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["cat", "/tmp/owners"])?, "10001:10001\n10001:10001");
    Ok(())
}

#[test]
fn uv_runs_checks_in_the_environment_that_is_there() -> Result {
    let project = small::project(
        "[stage.test]\ngroups = []\nrun = \"pip install --quiet uv\"\n\
         checks.prefix = \"uv run python -c 'import sys; assert sys.prefix == \\\"/venv\\\", sys.prefix' && test ! -e uv.lock\"\n",
    )?;
    project.write(
        "pyproject.toml",
        "[project]\nname = \"small\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n",
    )?;

    let outcome = Build::of(&project).target("test").load().succeed()?;
    assert_eq!(outcome.image()?.env("UV_PROJECT_ENVIRONMENT")?.as_deref(), Some("/venv"));
    let shipped = Build::of(&project).load().succeed()?;
    assert_eq!(shipped.image()?.env("UV_PROJECT_ENVIRONMENT")?, None);
    Ok(())
}

/// A package whose wheel has all files of its folder, built by the backend of setuptools.
const PACKAGE: &str = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
    [project]\nname = \"shop\"\nversion = \"1.0\"\n\
    [tool.setuptools]\npackage-dir = { \"\" = \"src\" }\npackages = [\"shop\"]\n\
    [tool.setuptools.package-data]\nshop = [\"static/*\"]\n";

const READ: &str =
    "import importlib.resources as r; print((r.files('shop') / 'static' / 'page.css').read_text().strip())";

#[test]
fn files_of_a_stage_are_in_the_wheel_in_tests_and_in_the_image() -> Result {
    let word = nonce();
    let tables = format!(
        r#"# syntax=localhost:5000/pybuild:dev
python.version = "3.11"
[app]
copy = [{{ from = "ui", path = "/out", to = "src/shop/static", exclude = ["*.map"] }}]
[stage.ui]
from = "python:3.11-slim"
include = ["ui/"]
run = "mkdir /out && cat ui/page > /out/page.css && touch /out/page.map"
[stage.test]
checks.page = ["python", "-c", "{}"]
checks.files = "test -e src/shop/static/page.css && test ! -e src/shop/static/page.map"
[stage.production]
requires = ["test"]
"#,
        READ.replace('"', "\\\"")
    );
    let project = Project::with(&[
        ("pybuild.toml", &tables),
        ("pyproject.toml", PACKAGE),
        ("src/shop/__init__.py", ""),
        ("src/shop/static/page.css", "old\n"),
        ("ui/page", &word),
    ])?;

    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "-c", READ])?, word);
    // `dev` has the files beside the code.
    let outcome = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["cat", "/app/src/shop/static/page.css"])?, word);
    assert_eq!(outcome.image()?.prints(&["python", "-c", READ])?, word);
    Ok(())
}

#[test]
fn a_download_keeps_its_name_and_an_archive_is_unpacked() -> Result {
    let index = Index::start()?;
    let word = nonce();
    let plain = index.file("tool%201", word.as_bytes());
    let folder = Project::with(&[("made/bin/tool", &word)])?;
    let archive = folder.path().join("tool.tar.gz");
    run(Command::new("tar").args(["-czf"]).arg(&archive).arg("-C").arg(folder.path()).arg("made"))?;
    let bytes = std::fs::read(&archive).unwrap_or_default();
    let packed = index.file("tool.tar.gz", &bytes);
    let (of_plain, of_packed) = (sha256(word.as_bytes()), sha256(&bytes));
    let tables = |sum: &str| {
        format!(
            r#"[stage.production]
copy = [
    {{ from = "{plain}", checksum = "sha256:{sum}", to = "/opt/" }},
    {{ from = "{plain}", checksum = "sha256:{sum}", to = "/opt/owned", owner = "app", mode = "0700" }},
    {{ from = "{packed}", checksum = "sha256:{of_packed}", unpack = true, path = "/made/bin/tool", to = "/opt/bin/" }},
]
"#
        )
    };

    let outcome = Build::of(&small::project(&tables(&of_plain))?).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["cat", "/opt/tool 1"])?, word);
    assert_eq!(image.prints(&["cat", "/opt/bin/tool"])?, word);
    let modes = image.prints(&["stat", "-c", "%u:%g %a", "/opt/tool 1", "/opt/owned"])?;
    assert_eq!(modes, "0:0 644\n10001:10001 700");
    let other = Build::of(&small::project(&tables(&"0".repeat(64)))?).fail()?;
    assert!(
        format!("{}{}", other.transcript(), other.errors).contains("digest mismatch"),
        "{}",
        other.errors
    );
    Ok(())
}

#[test]
fn a_folder_of_a_repository_at_a_commit_is_copied() -> Result {
    let word = nonce();
    let repository = Repository::of(&Project::with(&[("mail/hello.txt", &word), ("other", "x")])?)?;
    let project = small::project(&format!(
        "[stage.production]\ncopy = [{{ from = \"{}#{}\", path = \"mail\", to = \"/opt/mail\" }}]\n",
        repository.remote(),
        repository.commit()
    ))?;

    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(
        outcome.image()?.prints(&["sh", "-c", "cat /opt/mail/*; ls /opt/mail"])?,
        format!("{word}hello.txt")
    );
    Ok(())
}

#[test]
fn commands_run_in_a_folder_of_the_code() -> Result {
    let project = small::project(
        r#"[app]
to = "/app"
workdir = "/app/backend"
include = ["backend/"]
[stage.test]
checks.files = "test -e main.py && test -e ../app.py"
[stage.production]
command = ["python", "main.py"]
run = "ls > /opt/seen"
requires = ["test"]
"#,
    )?;
    project.write("backend/main.py", "import os; print(os.getcwd())\n")?;

    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["python", "main.py"])?, "/app/backend");
    assert_eq!(image.prints(&["cat", "/opt/seen"])?, "main.py");
    assert_eq!(image.config()?["WorkingDir"], json!("/app/backend"));
    Ok(())
}

#[test]
fn steps_see_memory_and_files_that_no_image_has() -> Result {
    let word = nonce();
    let project = small::project(&format!(
        r#"[stage.samples]
from = "python:3.11-slim"
run = "mkdir -p /out/in && echo {word} > /out/in/a"
[stage.test]
checks.samples = {{ run = "grep -q {word} /data/a && ! touch /data/b && touch /code/x && cp app.py /memory/ && df /memory | grep -q 1024", mounts = [
    {{ path = "/data", from = "samples", source = "/out/in" }},
    {{ path = "/code", writable = true }},
    {{ path = "/memory", tmpfs = "1m" }},
] }}
[stage.production]
run = [{{ run = "cp seen/main.py /opt/main.py", mounts = [{{ path = "seen", source = "folder" }}] }}]
requires = ["test"]
"#
    ))?;
    project.write("folder/main.py", &word)?;

    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["cat", "/opt/main.py"])?, word);
    assert!(!image.files()?.iter().any(|path| path.starts_with("code/") || path.starts_with("memory/")));
    Ok(())
}

#[test]
fn a_step_without_a_sandbox_has_to_be_allowed() -> Result {
    let file = "[stage.production]\nrun = [{ run = \"true\", security = \"insecure\" }]\n";
    let outcome = Build::of(&small::project(file)?).fail()?;
    let told = format!("{}{}", outcome.transcript(), outcome.errors);
    assert!(told.contains("the build is not allowed to run a step without a sandbox"), "{told}");
    assert!(told.contains(">>> run = [{ run = \"true\", security = \"insecure\" }]"), "{told}");
    Ok(())
}
