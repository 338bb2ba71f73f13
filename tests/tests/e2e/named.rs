//! Named contexts in place of images and stages.

use pybuild_tests::command::run;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Engine, Result};

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
fn a_target_of_a_bake_file_stands_in_for_a_stage() -> Result {
    let engine = Engine::get()?;
    let project = small::project(TABLES)?;
    project.replace("pybuild.toml", "localhost:5000/pybuild:dev", engine.frontend())?;
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
