//! Stages in the build file: from images, from stages, from `scratch`, and copies between them.

use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, Container, Project, Result};

use crate::small;

#[test]
fn assets_made_with_node_are_served_by_production() -> Result {
    let project = Project::fixture("node-assets")?;
    let text = nonce();
    project.write("assets/message.txt", &text)?;

    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    let container = Container::start(image, 8000)?;
    assert_eq!(container.get(8000, "/message.js")?.body, format!("export default \"{text}\";\n"));
    assert!(!image.files()?.iter().any(|path| path.ends_with("/bin/node")), "node is in the image");
    Ok(())
}

#[test]
fn a_stage_goes_on_from_another() -> Result {
    let project = small::project(
        "[stage.tools]\nfrom = \"dev\"\nrun = \"echo tools > /opt/tools\"\n\
         [stage.more]\nfrom = \"tools\"\nrun = [\"cat /opt/tools > /opt/more\", [\"sh\", \"-c\", \"echo more >> /opt/more\"]]\n",
    )?;

    let outcome = Build::of(&project).target("more").load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["cat", "/opt/more"])?, "tools\nmore");
    // The project's code came along.
    assert_eq!(outcome.image()?.prints(&["python", "/app/app.py"])?, "small");
    Ok(())
}

#[test]
fn a_stage_from_scratch_has_what_is_copied_and_nothing_else() -> Result {
    let project = small::project(
        "[stage.bundle]\n\
         from = \"scratch\"\n\
         copy = [{ from = \"production\", path = \"/app/app.py\", to = \"/bundle/\" }, { path = \"notes.txt\", to = \"/notes\" }]\n",
    )?;
    project.write("notes.txt", "one\n")?;

    let outcome = Build::of(&project).target("bundle").load().succeed()?;
    // What the engine itself puts into every container is not the image's.
    let own =
        |path: &&String| path.starts_with("bundle") || path.starts_with("notes") || path.starts_with("app");
    let files = outcome.image()?.files()?;
    assert_eq!(files.iter().filter(own).collect::<Vec<_>>(), ["bundle/", "bundle/app.py", "notes"]);
    Ok(())
}

#[test]
fn files_are_copied_from_an_image_with_owner_and_mode() -> Result {
    let copy = |to: &str| {
        format!(
            "{{ from = \"node:20-slim\", path = \"/etc/debian_version\", to = \"{to}\", owner = \"1000:1000\", mode = \"0640\" }}"
        )
    };
    let (new, existing) = (copy("/opt/new/version"), copy("/tmp/version"));
    let project =
        small::project(&format!("[stage.production]\ncopy = [{new}, {existing}]\nuser = \"0:0\"\n"))?;

    let outcome = Build::of(&project).load().succeed()?;
    let stat = |path: &str| outcome.image()?.prints(&["stat", "-c", "%u:%g %a", path]);
    assert_eq!(stat("/opt/new/version")?, "1000:1000 640");
    assert_eq!(stat("/tmp/version")?, "1000:1000 640");
    // Folders that were there keep what they had.
    assert_eq!(stat("/tmp")?, "0:0 1777");
    assert_eq!(stat("/opt")?, "0:0 755");
    Ok(())
}

#[test]
fn a_stages_files_can_be_written_to_a_folder() -> Result {
    let project = small::project("[stage.bundle]\nfrom = \"scratch\"\ninclude = [\"app.py\"]\n")?;
    let folder = temporary_folder()?;

    Build::of(&project)
        .target("bundle")
        .output(&format!("type=local,dest={}", folder.path().display()))
        .succeed()?;
    let files = Project::files(folder.path())?;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["app/app.py"]);
    Ok(())
}

#[test]
fn packages_of_one_stage_are_in_no_other() -> Result {
    let project = small::project("[stage.dev]\npackages = [\"make\"]\n")?;

    let dev = Build::of(&project).target("dev").load().succeed()?;
    assert!(dev.image()?.prints(&["make", "--version"])?.starts_with("GNU Make"));
    let production = Build::of(&project).load().succeed()?;
    assert!(!production.image()?.files()?.contains("usr/bin/make"));
    Ok(())
}

#[test]
fn folders_of_the_app_can_be_writable() -> Result {
    let project = small::project("[app]\nwritable = [\"/app/data\"]\n")?;

    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    image.run(&["touch", "/app/data/new"])?.successful()?;
    assert!(!image.run(&["touch", "/app/new"])?.status.success(), "/app can be written");
    Ok(())
}
