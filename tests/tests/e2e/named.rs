//! Named contexts in place of images and stages.

use pybuild_tests::command::run;
use pybuild_tests::git::Repository;
use pybuild_tests::oci::Layout;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Engine, Index, Project, Result};

use crate::small;

const TABLES: &str = "[stage.assets]\nfrom = \"scratch\"\ncopy = [{ path = \"app.py\", to = \"/out/own\" }]\n\
    [stage.production]\ncopy = [\n\
    { from = \"shared\", path = \"/\", to = \"/shared\" },\n\
    { from = \"assets\", path = \"/out\", to = \"/assets\" },\n]\n";

#[test]
fn a_folder_stands_in_for_an_image_less_what_it_ignores() -> Result {
    let project = small::project(TABLES)?;
    let text = nonce();
    project.write("shared/file.txt", &text)?;
    project.write("shared/notes.md", "private\n")?;
    project.write("shared/.dockerignore", "*.md\n.dockerignore\n")?;
    let folder = format!("shared={}", project.path().join("shared").display());

    let outcome = Build::of(&project).option("--build-context", &folder).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["ls", "/shared"])?, "file.txt");
    assert_eq!(image.prints(&["cat", "/shared/file.txt"])?, text);
    assert_eq!(image.prints(&["ls", "/assets"])?, "own");
    Ok(())
}

#[test]
fn a_folder_stands_in_for_a_stage() -> Result {
    let project = small::project(TABLES)?;
    let given = temporary_folder()?;
    let out = given.path().join("out");
    let made = std::fs::create_dir(&out).and_then(|()| std::fs::write(out.join("given"), "given\n"));
    assert!(made.is_ok(), "{made:?}");
    let (shared, assets) =
        (format!("shared={}", given.path().display()), format!("assets={}", given.path().display()));

    let build = Build::of(&project).option("--build-context", &shared).option("--build-context", &assets);
    let outcome = build.load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["ls", "/assets"])?, "given");
    Ok(())
}

#[test]
fn an_image_stands_in_for_the_base() -> Result {
    let project = small::project("[stage.peek]\nfrom = \"debian:bookworm-slim\"\n")?;
    let context = "debian:bookworm-slim=docker-image://python:3.11-slim";
    let outcome = Build::of(&project).target("peek").option("--build-context", context).load().succeed()?;
    assert!(outcome.image()?.prints(&["python3", "--version"])?.starts_with("Python 3.11"));
    Ok(())
}

#[test]
fn a_repository_and_a_download_stand_in_for_an_image_and_a_stage() -> Result {
    let text = nonce();
    let repository = Repository::of(&Project::with(&[("lib/note", &text)])?)?;
    let index = Index::start()?;
    let project = small::project(TABLES)?;
    let shared = format!("shared={}", repository.url());

    // What is downloaded is not unpacked: it is one file of the name that docker gives it.
    project.replace(
        "pybuild.toml",
        "path = \"/out\", to = \"/assets\"",
        "path = \"/context\", to = \"/assets\"",
    )?;
    // Root alone can read it, as with docker.
    project.append("pybuild.toml", "user = \"0:0\"\n")?;
    let assets = format!("assets={}", index.file("note", text.as_bytes()));
    let build = Build::of(&project).option("--build-context", &shared).option("--build-context", &assets);
    let outcome = build.load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["cat", "/shared/lib/note"])?, text);
    assert_eq!(image.prints(&["cat", "/assets"])?, text);
    let names = ["[context shared] ", "[context assets] "];
    assert!(names.iter().all(|name| !outcome.progress.named(name).is_empty()), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn an_image_in_a_folder_stands_in_for_a_base_with_its_settings() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store neither writes nor reads OCI layouts.
    }
    let text = nonce();
    let project = small::project(&format!(
        "[stage.given]\nfrom = \"scratch\"\ninclude = [\"app.py\"]\nlabels.given = \"{text}\"\nenv.GIVEN = \"yes\"\n\
         [stage.taken]\nfrom = \"node:20-slim\"\nlabels.taken = \"too\"\n"
    ))?;
    let folder = temporary_folder()?;
    let output = format!("type=oci,tar=false,dest={}", folder.path().display());
    Build::of(&project).target("given").option("--provenance", "false").output(&output).succeed()?;

    let digest = Layout::new(folder.path()).digest()?;
    let context = format!("node:20-slim=oci-layout://{}@{digest}", folder.path().display());
    let outcome = Build::of(&project).target("taken").option("--build-context", &context).load().succeed()?;
    let image = outcome.image()?;
    let config = image.config()?;
    assert_eq!((&config["Labels"]["given"], &config["Labels"]["taken"]), (&text.into(), &"too".into()));
    assert_eq!(image.env("GIVEN")?.as_deref(), Some("yes"));
    assert!(image.files()?.contains("app/app.py"));
    Ok(())
}

#[test]
fn a_context_that_leads_nowhere_is_named() -> Result {
    let project = small::project(TABLES)?;
    let outcome = Build::of(&project)
        .option("--build-context", "shared=docker-image://localhost:5000/e2e/none:1")
        .fail()?;
    assert!(outcome.errors.contains("localhost:5000/e2e/none:1: not found"), "{}", outcome.errors);
    Ok(())
}

#[test]
fn a_target_of_a_bake_file_stands_in_for_a_stage() -> Result {
    let engine = Engine::get()?;
    let project = small::project(TABLES)?;
    let text = nonce();
    project.write("shared/file.txt", &text)?;
    project.write(
        "docker-bake.hcl",
        "target \"assets\" {\n  dockerfile-inline = \"FROM scratch\\nCOPY shared/file.txt /out/baked\\n\"\n}\n\
         target \"app\" {\n  dockerfile = \"pybuild.toml\"\n  contexts = { assets = \"target:assets\", shared = \"./shared\" }\n}\n",
    )?;
    let out = temporary_folder()?;
    let output = format!("app.output=type=local,dest={}", out.path().display());
    let mut bake = engine.docker(&["buildx", "bake", "--allow", "fs=*", "--set", &output, "app"]);
    run(bake.current_dir(project.path()))?.successful()?;
    let baked = std::fs::read_to_string(out.path().join("assets/baked")).unwrap_or_default();
    assert_eq!(baked, text);
    Ok(())
}

#[test]
fn a_target_for_several_platforms_stands_in_on_each_with_its_own() -> Result {
    let engine = Engine::get()?;
    if !engine.has_containerd_store() {
        return Ok(()); // The classic store builds for one platform at a time.
    }
    let project = small::project(
        "[stage.bundle]\nfrom = \"scratch\"\ncopy = [{ from = \"assets\", path = \"/out\", to = \"/out\" }]\n",
    )?;
    for architecture in ["amd64", "arm64"] {
        project.write(&format!("{architecture}/which"), architecture)?;
    }
    project.write(
        "docker-bake.hcl",
        "target \"assets\" {\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n  \
         dockerfile-inline = \"FROM scratch\\nARG TARGETARCH\\nCOPY $${TARGETARCH}/which /out/which\\n\"\n}\n\
         target \"app\" {\n  platforms = [\"linux/amd64\", \"linux/arm64\"]\n  dockerfile = \"pybuild.toml\"\n  \
         target = \"bundle\"\n  contexts = { assets = \"target:assets\" }\n}\n",
    )?;
    let out = temporary_folder()?;
    let output = format!("app.output=type=local,dest={}", out.path().display());
    let mut bake = engine.docker(&["buildx", "bake", "--allow", "fs=*", "--set", &output, "app"]);
    run(bake.current_dir(project.path()))?.successful()?;
    for architecture in ["amd64", "arm64"] {
        let file = out.path().join(format!("linux_{architecture}/out/which"));
        assert_eq!(std::fs::read_to_string(file).unwrap_or_default(), architecture);
    }
    Ok(())
}
