//! What one file says for several variants, users and tools: args in commands, numbers and groups, the path, uv.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Result};
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
