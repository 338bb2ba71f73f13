//! `docker compose build`: a build file, a target, args and contexts of a service.

use pybuild_tests::command::run;
use pybuild_tests::project::nonce;
use pybuild_tests::{Engine, Result};

use crate::small;

#[test]
fn a_service_is_built_with_its_target_args_and_contexts() -> Result {
    let engine = Engine::get()?;
    let text = nonce();
    let image = format!("{text}:e2e");
    let project = small::project(
        "[args]\nMODE = \"plain\"\n\
         [stage.tools]\nfrom = \"dev\"\nenv.MODE = \"${MODE}\"\n\
         copy = [{ from = \"shared\", path = \"/\", to = \"/shared\" }]\n",
    )?;
    project.write("shared/note", &text)?;
    project.write(
        "compose.yaml",
        &format!(
            "services:\n  tools:\n    image: {image}\n    build:\n      context: .\n      dockerfile: pybuild.toml\n      \
             target: tools\n      args: {{ MODE: fast }}\n      additional_contexts:\n        shared: ./shared\n"
        ),
    )?;
    let in_project = |arguments: &[&str]| run(engine.docker(arguments).current_dir(project.path()));

    let project_name = ["compose", "--project-name", &text];
    let built = in_project(&[&project_name[..], &["build"]].concat());
    let command = ["sh", "-c", "echo $MODE; cat /shared/note; python app.py"];
    let said = in_project(&[&["run", "--rm", &image][..], &command].concat());
    // The image goes away whatever came of the build.
    in_project(&["image", "rm", "--force", &image])?;
    built?.successful()?;
    assert_eq!(said?.successful()?.stdout, format!("fast\n{text}small\n"));
    Ok(())
}
