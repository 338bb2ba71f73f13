//! Image settings and build args, as they end up in the image's config.

use pybuild_tests::{Build, Result};
use serde_json::json;

use crate::small;

#[test]
fn every_setting_reaches_the_config() -> Result {
    let project = small::project(
        r#"[app]
workdir = "/srv/app"
[stage.production]
env = { LEVEL = "info", WORKERS = 2, DEBUG = false }
labels = { "org.example.team" = "web" }
entrypoint = ["python", "-u"]
command = ["app.py"]
expose = [8000, "53/udp"]
volumes = ["/data"]
stop-signal = "SIGINT"
user = "1000:1001"
"#,
    )?;

    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    let config = image.config()?;
    assert_eq!(config["Entrypoint"], json!(["python", "-u"]));
    assert_eq!(config["Cmd"], json!(["app.py"]));
    assert_eq!(config["WorkingDir"], "/srv/app");
    assert_eq!(config["User"], "1000:1001");
    assert_eq!(config["ExposedPorts"], json!({ "8000/tcp": {}, "53/udp": {} }));
    assert_eq!(config["Volumes"], json!({ "/data": {} }));
    assert_eq!(config["StopSignal"], "SIGINT");
    assert_eq!(config["Labels"]["org.example.team"], "web");
    for (name, value) in [("LEVEL", "info"), ("WORKERS", "2"), ("DEBUG", "false"), ("VIRTUAL_ENV", "/venv")] {
        assert_eq!(image.env(name)?.as_deref(), Some(value), "{name}");
    }
    // The base image's environment is kept, the venv comes first on the path.
    assert!(image.env("PYTHON_VERSION")?.is_some(), "{config}");
    assert!(image.env("PATH")?.is_some_and(|path| path.starts_with("/venv/bin:")), "{config}");
    Ok(())
}

#[test]
fn a_command_is_for_the_shell_or_a_list_of_arguments() -> Result {
    let shell = small::project("[stage.production]\ncommand = \"echo $HOME && exec python app.py\"\n")?;
    let outcome = Build::of(&shell).load().succeed()?;
    assert_eq!(
        outcome.image()?.config()?["Cmd"],
        json!(["/bin/sh", "-c", "echo $HOME && exec python app.py"])
    );

    let list = small::project("[stage.production]\ncommand = [\"python\", \"app.py\", \"$HOME\"]\n")?;
    let outcome = Build::of(&list).load().succeed()?;
    assert_eq!(outcome.image()?.config()?["Cmd"], json!(["python", "app.py", "$HOME"]));
    Ok(())
}

#[test]
fn an_entrypoint_of_ones_own_drops_the_bases_command() -> Result {
    let project = small::project("[stage.production]\nentrypoint = [\"python\", \"app.py\"]\n")?;
    let outcome = Build::of(&project).load().succeed()?;
    let config = outcome.image()?.config()?;

    assert_eq!(config["Entrypoint"], json!(["python", "app.py"]));
    assert!(config["Cmd"].is_null(), "{config}");
    Ok(())
}

#[test]
fn build_args_have_defaults_and_are_set_from_outside() -> Result {
    let project = small::project(
        r#"[args]
GREETING = "hello"
[stage.production]
env.GREETING = "${GREETING}, world"
env.PRICE = "$$5"
run = "echo \"$GREETING\" > /opt/greeting"
"#,
    )?;

    let default = Build::of(&project).load().succeed()?;
    assert_eq!(default.image()?.env("GREETING")?.as_deref(), Some("hello, world"));
    assert_eq!(default.image()?.env("PRICE")?.as_deref(), Some("$5"));
    assert_eq!(default.image()?.prints(&["cat", "/opt/greeting"])?, "hello");
    let given = Build::of(&project).arg("GREETING", "bonjour").load().succeed()?;
    assert_eq!(given.image()?.env("GREETING")?.as_deref(), Some("bonjour, world"));
    assert_eq!(given.image()?.prints(&["cat", "/opt/greeting"])?, "bonjour");
    Ok(())
}

#[test]
fn a_misspelt_build_arg_is_a_warning() -> Result {
    let project =
        small::project("[args]\nGREETING = \"hello\"\n[stage.production]\nenv.GREETING = \"${GREETING}\"\n")?;

    let outcome = Build::of(&project).arg("GREETNG", "bonjour").succeed()?;
    let shorts: Vec<_> = outcome.progress.warnings.iter().map(|warning| warning.short.as_str()).collect();
    assert!(
        matches!(shorts[..], [short] if short.contains("`GREETNG`") && short.contains("did you mean `GREETING`?")),
        "{shorts:?}"
    );
    Ok(())
}

#[test]
fn another_python_is_one_word_away() -> Result {
    let project = small::project("")?;
    project.replace("pybuild.toml", "version = \"3.11\"", "version = \"3.13\"")?;

    let outcome = Build::of(&project).load().succeed()?;
    assert!(outcome.image()?.prints(&["python", "--version"])?.starts_with("Python 3.13."));
    Ok(())
}
