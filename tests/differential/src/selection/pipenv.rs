//! pipenv: started for each project, because it starts programs of its own in any case.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::case::Ask;
use super::publish::Published;
use crate::command::run;
use crate::failure::Failure;
use crate::tools::Tools;

/// pipenv takes seconds.
const PATIENCE: Duration = Duration::from_secs(180);

fn command(folder: &Path, tools: &Tools, home: &Path) -> Command {
    let mut command = Command::new(tools.program("pipenv"));
    command.current_dir(folder).env_clear().env("HOME", home).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    // The tools' own environment stands for the project's: none has to be made.
    if let Some(venv) = tools.python().parent().and_then(Path::parent) {
        command.env("VIRTUAL_ENV", venv);
    }
    for flag in ["PIPENV_NOSPIN", "PIPENV_YES", "PIPENV_QUIET", "NO_COLOR", "PIP_DISABLE_PIP_VERSION_CHECK"] {
        command.env(flag, "1");
    }
    command.env("PIPENV_VERBOSITY", "-1");
    command
}

/// Locks; pipenv's words where it does not.
pub(crate) fn lock(folder: &Path, tools: &Tools, home: &Path) -> Result<Result<(), String>, Failure> {
    let mut lock = command(folder, tools, home);
    lock.arg("lock");
    let finished = run(&mut lock, PATIENCE)?;
    Ok(if finished.success { Ok(()) } else { Err(finished.stdout + &finished.stderr) })
}

/// Whether `pipenv verify` says that the lock is fresh.
pub(crate) fn verify(folder: &Path, tools: &Tools, home: &Path) -> Result<Result<(), String>, Failure> {
    let mut verify = command(folder, tools, home);
    verify.arg("verify");
    let finished = run(&mut verify, PATIENCE)?;
    Ok(if finished.success { Ok(()) } else { Err(finished.stdout + &finished.stderr) })
}

/// Writes what `pipenv sync` hands to pip, and gives pip's arguments for it.
pub(crate) fn requirements(
    published: &Published<'_>,
    ask: &Ask,
    tools: &Tools,
) -> Result<Result<Vec<String>, String>, Failure> {
    let mut categories = vec!["packages"];
    categories
        .extend(ask.groups.iter().map(|group| if group == "dev" { "dev-packages" } else { group.as_str() }));
    // `pipenv sync` installs one category after the other. `pipenv requirements` of several categories keeps
    // of a package the last category's entry alone.
    let mut lines: Vec<String> = Vec::new();
    for category in categories {
        let mut export = command(&published.folder, tools, &published.folder);
        export.args(["requirements", "--categories", category]);
        // A folder or a repository has no hash, and pip wants either every hash or none.
        if published.case.trees.is_empty() {
            export.arg("--hash");
        }
        let finished = run(&mut export, PATIENCE)?;
        if !finished.success {
            return Ok(Err(finished.stdout + &finished.stderr));
        }
        for line in finished.stdout.lines() {
            if !lines.iter().any(|known| known == line) {
                lines.push(line.to_owned());
            }
        }
    }
    let path = published.folder.join("pipenv-requirements.txt");
    std::fs::write(&path, lines.join("\n") + "\n").map_err(Failure::io(path.display().to_string()))?;
    Ok(Ok(vec!["-r".to_owned(), "pipenv-requirements.txt".to_owned()]))
}
