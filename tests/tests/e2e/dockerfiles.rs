//! Targets of Dockerfiles as bases and as sources of copies. BuildKit's Dockerfile frontend builds them.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Outcome, Project, Result};
use serde_json::json;

use crate::small;

/// A project with a Dockerfile in a folder, and the ignore file that hides it from images.
fn project(tables: &str, dockerfile: &str) -> Result<Project> {
    let project = small::project(tables)?;
    project.write("docker/Dockerfile", dockerfile)?;
    project.write(".dockerignore", "docker\n")?;
    Ok(project)
}

const BASE: &str = "\
ARG WORD=none
FROM python:3.11-slim AS tools
ARG WORD
ENV FROM_DOCKERFILE=yes
WORKDIR /work
LABEL made.by=docker
RUN echo \"$WORD\" > /opt/word
COPY app.py /opt/app.py
STOPSIGNAL SIGINT
FROM scratch AS last
COPY --from=tools /opt/word /word
";

fn transcript_has(outcome: &Outcome, text: &str) {
    let transcript = format!("{}\n{}", outcome.transcript(), outcome.errors);
    assert!(transcript.contains(text), "{text} is not in:\n{transcript}");
}

#[test]
fn a_stage_goes_on_from_a_target_with_its_settings_and_args() -> Result {
    let word = nonce();
    let project = project(
        r#"[args]
WORD = "default"
[stage.tools]
from = { dockerfile = "docker/Dockerfile", target = "tools", args = { WORD = "${WORD}" } }
run = "cat /opt/word > /opt/again"
env.OURS = "too"
[stage.production]
copy = [
    { from = "tools", path = "/opt/again", to = "/opt/again" },
    { from = { dockerfile = "docker/Dockerfile", args.WORD = "${WORD}" }, path = "/word", to = "/opt/last" },
]
"#,
        BASE,
    )?;

    let outcome = Build::of(&project).target("tools").arg("WORD", &word).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["cat", "/opt/again"])?, word);
    assert_eq!(image.prints(&["cat", "/opt/app.py"])?, "print('small')");
    assert_eq!(image.env("FROM_DOCKERFILE")?.as_deref(), Some("yes"));
    assert_eq!(image.env("OURS")?.as_deref(), Some("too"));
    let config = image.config()?;
    assert_eq!(config["StopSignal"], json!("SIGINT"));
    assert_eq!(config["Labels"]["made.by"], json!("docker"));

    let shipped = Build::of(&project).arg("WORD", &word).load().succeed()?;
    let image = shipped.image()?;
    assert_eq!(image.prints(&["cat", "/opt/again", "/opt/last"])?, format!("{word}\n{word}"));
    // The steps of the Dockerfile were made by the build before.
    assert!(!shipped.ran("COPY app.py /opt/app.py")?);
    Ok(())
}

#[test]
fn a_target_keeps_its_working_folder_where_the_stage_says_nothing() -> Result {
    let project =
        project("[stage.tools]\nfrom = { dockerfile = \"docker/Dockerfile\", target = \"tools\" }\n", BASE)?;

    let outcome = Build::of(&project).target("tools").load().succeed()?;
    assert_eq!(outcome.image()?.config()?["WorkingDir"], json!("/work"));
    Ok(())
}

#[test]
fn a_secret_reaches_the_steps_of_a_dockerfile() -> Result {
    let secret = nonce();
    let text =
        "FROM python:3.11-slim\nRUN --mount=type=secret,id=token sha256sum < /run/secrets/token > /digest\n";
    let project = project("[stage.tools]\nfrom = { dockerfile = \"docker/Dockerfile\" }\n", text)?;

    let outcome = Build::of(&project).target("tools").secret("token", &secret).no_cache().load().succeed()?;
    let expected = "import hashlib,sys; print(hashlib.sha256(sys.argv[1].encode()).hexdigest() + '  -')";
    let image = outcome.image()?;
    assert_eq!(image.prints(&["cat", "/digest"])?, image.prints(&["python", "-c", expected, &secret])?);
    Ok(())
}

#[test]
fn mistakes_of_a_dockerfile_are_shown_with_its_lines() -> Result {
    let stage = "[stage.tools]\nfrom = { dockerfile = \"docker/Dockerfile\" }\n";
    let wrong = Build::of(&project(stage, "FROM python:3.11-slim\nRNU true\n")?).target("tools").fail()?;
    transcript_has(&wrong, "Dockerfile:2");
    transcript_has(&wrong, "unknown instruction: RNU");
    let failing = format!("FROM python:3.11-slim\nRUN echo {} && exit 7\n", nonce());
    let failing = Build::of(&project(stage, &failing)?).target("tools").fail()?;
    transcript_has(&failing, "Dockerfile:2");
    transcript_has(&failing, "exit code: 7");
    let missing = Build::of(&small::project(stage)?).target("tools").fail()?;
    transcript_has(&missing, "docker/Dockerfile");
    let target = "[stage.tools]\nfrom = { dockerfile = \"docker/Dockerfile\", target = \"nowhere\" }\n";
    let target = Build::of(&project(target, BASE)?).target("tools").fail()?;
    transcript_has(&target, "nowhere");
    Ok(())
}

#[test]
fn a_named_context_stands_in_for_a_stage_that_a_dockerfile_would_make() -> Result {
    let stage = "[stage.tools]\nfrom = { dockerfile = \"docker/Dockerfile\" }\n\
                 [stage.production]\ncopy = [{ from = \"tools\", path = \"/file\", to = \"/opt/file\" }]\n";
    let project = project(stage, "FROM scratch\nRNU\n")?;
    let other = Project::with(&[("file", "given")])?;

    let context = format!("tools={}", other.path().display());
    let outcome = Build::of(&project).option("--build-context", &context).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["cat", "/opt/file"])?, "given");
    Ok(())
}
