//! Commands of `docker buildx` in the documentation: the client takes each as it is written.
//!
//! What the builds do is tested subject by subject; here it is seen that no option is misspelt. The builder does not
//! exist, which the client finds out once it has read all options. Commands of `pybuild` and build files are tested
//! with the command line.

use std::path::{Path, PathBuf};

use pybuild_tests::command::run;
use pybuild_tests::engine::repository;
use pybuild_tests::project::{names_in, temporary_folder};
use pybuild_tests::{Engine, Result};

/// Every page.
fn pages() -> Result<Vec<PathBuf>> {
    let mut pages = vec![repository().join("README.md")];
    for folder in ["docs", "docs/guides", "docs/rules"] {
        let folder = repository().join(folder);
        let names = names_in(&folder)?.into_iter().map(|name| folder.join(name));
        pages.extend(names.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    Ok(pages)
}

/// The commands in a page's blocks of the console, with their continued lines.
fn commands(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap_or_default();
    let mut commands: Vec<String> = Vec::new();
    for block in text.split("```console\n").skip(1) {
        let mut continued = false;
        for line in block.split("```").next().unwrap_or_default().lines() {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push(command.to_owned()),
                (None, Some(last)) if continued => {
                    last.push('\n');
                    last.push_str(line);
                }
                _ => {}
            }
            continued = line.ends_with('\\');
        }
    }
    commands
}

#[test]
fn the_client_takes_every_command_of_the_documentation() -> Result {
    let engine = Engine::get()?;
    let mut seen = 0;
    for page in pages()? {
        for command in commands(&page).iter().filter(|command| command.starts_with("docker buildx ")) {
            let folder = temporary_folder()?;
            let write =
                |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
            write("pybuild.toml", "");
            write("company.pem", "");
            write("buildkitd.toml", "[registry.\"registry.example\"]\nca = [\"company.pem\"]\n");
            // Nothing is to be started or recorded: that the options are right is enough.
            let quiet = command.replace("--bootstrap", "").replace("2> progress.json", "");
            let mut shell = engine.program("sh");
            shell.current_dir(folder.path()).env("HOME", folder.path()).env("BUILDX_CONFIG", folder.path());
            if !command.starts_with("docker buildx create") {
                shell.env("BUILDX_BUILDER", "no-such-builder");
            }
            let finished = run(shell.args(["-c", &quiet]))?;
            let is_read = finished.status.success() || finished.stderr.contains("ERROR: no builder \"");
            assert!(is_read, "{}: {command}\n{}", page.display(), finished.stderr);
            seen += 1;
        }
    }
    assert!(seen > 25, "{seen}");
    Ok(())
}
