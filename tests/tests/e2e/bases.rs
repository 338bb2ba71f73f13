//! Images that a build starts from: the image that a moving name means, and the parts of its config that are
//! left out.

use pybuild_tests::command::{run, stdout};
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Engine, Project, Result};

use crate::small;

/// Pushes what a Dockerfile makes.
fn push(name: &str, files: &[(&str, &str)]) -> Result {
    Build::of(&Project::with(files)?).file("Dockerfile").push(name)?;
    Ok(())
}

/// Names in the engine's own store. They go away with the value.
struct Kept<'e>(&'e Engine, Vec<String>);

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        for name in &self.1 {
            let _ = run(&mut self.0.docker(&["image", "rm", "--force", name]));
        }
    }
}

/// The file that an image of this name has, as a build that copies it gets it.
fn copied(name: &str, flags: &[&str]) -> Result<std::result::Result<String, String>> {
    let project = small::project(&format!(
        "[stage.taken]\nfrom = \"scratch\"\ncopy = [{{ from = \"{name}\", path = \"/file\", to = \"/file\" }}]\n"
    ))?;
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    let build = flags.iter().fold(Build::of(&project).target("taken"), |build, flag| build.flag(flag));
    let outcome = build.output(&output).run()?;
    let file = std::fs::read_to_string(folder.path().join("file"));
    Ok(if outcome.success { Ok(file.unwrap_or_default()) } else { Err(outcome.errors) })
}

#[test]
fn pull_asks_the_registry_whatever_the_engine_has() -> Result {
    let engine = Engine::get()?;
    let moved = format!("{}/e2e/moved:{}", engine.registry(), nonce());
    let only_here = format!("{}/e2e/only-here:{}", engine.registry(), nonce());
    let dockerfile = ("Dockerfile", "FROM scratch\nCOPY file /file\n");
    push(&moved, &[dockerfile, ("file", "first")])?;
    stdout(&mut engine.docker(&["pull", "--quiet", &moved]))?;
    stdout(&mut engine.docker(&["tag", &moved, &only_here]))?;
    let _kept = Kept(engine, vec![moved.clone(), only_here.clone()]);
    push(&moved, &[dockerfile, ("file", "second")])?;

    assert_eq!(copied(&moved, &["--pull"])?.as_deref(), Ok("second"));
    if !engine.builds_from_its_images() {
        return Ok(());
    }
    // Without it, the engine takes what it has. The classic store also keeps what it only was to push.
    let kept = if engine.has_containerd_store() { "first" } else { "second" };
    assert_eq!(copied(&moved, &[])?.as_deref(), Ok(kept));
    // What the registry does not have is taken from the engine, unless the registry is to be asked.
    assert_eq!(copied(&only_here, &[])?.as_deref(), Ok("first"));
    let refused = copied(&only_here, &["--pull"])?.expect_err("an image that no registry has");
    assert!(refused.contains(&format!("there is no image `{only_here}`")), "{refused}");
    Ok(())
}

#[test]
fn a_base_for_another_platform_is_told_of() -> Result {
    let base = format!("{}/e2e/one-platform:1", Engine::get()?.registry());
    push(&base, &[("Dockerfile", "FROM scratch\nCOPY file /file\n"), ("file", "x")])?;
    let project = small::project(&format!("[stage.taken]\nfrom = \"{base}\"\ninclude = [\"app.py\"]\n"))?;
    let build = |platform: &str| Build::of(&project).target("taken").platforms(platform).succeed();
    assert_eq!(build("linux/amd64")?.progress.warnings.len(), 0);
    let outcome = build("linux/arm64")?;
    let [warning] = &outcome.progress.warnings[..] else { panic!("{:?}", outcome.progress.warnings) };
    let expected = format!(
        "InvalidBaseImagePlatform: image `{base}` is for linux/amd64, and this build for linux/arm64 (line 7)"
    );
    assert_eq!((warning.short.as_str(), &warning.lines[..]), (expected.as_str(), &[7][..]));
    Ok(())
}

#[test]
fn triggers_of_a_base_are_not_run_and_told_of() -> Result {
    let base = format!("{}/e2e/triggers:1", Engine::get()?.registry());
    let triggers = "FROM python:3.11-slim\nONBUILD COPY . /app\nONBUILD RUN touch /opt/triggered\n";
    push(&base, &[("Dockerfile", triggers)])?;
    let project = small::project("")?;
    project.replace("pybuild.toml", "[python]\n", &format!("[python]\nbase = \"{base}\"\n"))?;

    let outcome = Build::of(&project).load().succeed()?;
    let [warning] = &outcome.progress.warnings[..] else { panic!("{:?}", outcome.progress.warnings) };
    let expected = format!(
        "OnbuildNotRun: image `{base}` has `ONBUILD` triggers, which are not run: `COPY . /app`, \
         `RUN touch /opt/triggered` (line 3)"
    );
    assert_eq!((warning.short.as_str(), &warning.lines[..]), (expected.as_str(), &[3][..]));
    assert_eq!(warning.url, "docs/rules/OnbuildNotRun.md");
    let image = outcome.image()?;
    assert!(!image.files()?.contains("opt/triggered"), "a trigger was run");
    assert_eq!(image.config()?["OnBuild"], serde_json::Value::Null);

    let with = |check: &str| Build::of(&project).arg("BUILDKIT_DOCKERFILE_CHECK", check);
    let skipped = with("skip=OnbuildNotRun").succeed()?;
    assert_eq!(skipped.progress.warnings.len(), 0, "{:?}", skipped.progress.warnings);
    let refused = with("error=true").fail()?;
    assert!(refused.errors.contains("lint violation found for rules: OnbuildNotRun"), "{}", refused.errors);
    Ok(())
}
