//! A real installation by the tool of a lock, into a virtual environment of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::command::run;
use crate::failure::Failure;
use crate::selection::compare::Bench;
use crate::selection::publish::Published;

/// pipenv starts pip several times.
const PATIENCE: Duration = Duration::from_secs(180);

/// Installs a locked project; gives the package's `.dist-info`, or the tool's words where the tool refuses.
pub(super) fn install(bench: &Bench, published: &Published<'_>) -> Result<Result<PathBuf, String>, Failure> {
    let folder = &published.folder;
    let venv = folder.with_extension("venv");
    let python = venv.join("bin/python");
    let mut make = bench.uv.command(folder);
    make.args(["venv", "--quiet", "--no-project", "--python"]).arg(bench.tools.python()).arg(&venv);
    let finished = run(&mut make, PATIENCE)?;
    if !finished.success {
        return Err(Failure::Other(finished.stderr));
    }
    let kind = published.case.kind.as_str();
    let mut command = match kind {
        "uv" => {
            let mut sync = bench.uv.command(folder);
            sync.env("UV_PROJECT_ENVIRONMENT", &venv).args(["sync", "--frozen", "--quiet", "--python"]);
            sync.arg(&python);
            sync
        }
        "pip-lock" | "pip-compile" => {
            let mut pip = Command::new(bench.tools.python());
            pip.args(["-m", "pip", "--isolated", "--python"]).arg(&python);
            pip.args(["install", "--quiet", "--no-deps", "--no-build-isolation", "-r"]);
            pip.arg(if kind == "pip-lock" { "pylock.toml" } else { "requirements.txt" });
            pip
        }
        tool => {
            let mut other = Command::new(bench.tools.program(tool));
            match tool {
                "poetry" => other.args(["install", "--no-interaction", "--no-plugins"]),
                "pdm" => other.args(["sync", "--no-self"]),
                _ => other.arg("sync"),
            };
            other
        }
    };
    if kind != "uv" {
        let home = bench.folder.path().join("home");
        command.current_dir(folder).env_clear().env("HOME", home).env("VIRTUAL_ENV", &venv);
        command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", venv.join("bin").display()));
        for flag in ["PIPENV_YES", "PIPENV_NOSPIN", "NO_COLOR", "PDM_IGNORE_SAVED_PYTHON"] {
            command.env(flag, "1");
        }
        command.env("PDM_CHECK_UPDATE", "0").env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
    }
    // The process that locked has pdm put packages into the folder of the project, and leaves that setting
    // behind.
    let _ = std::fs::remove_file(folder.join("pdm.toml"));
    let _ = std::fs::remove_dir_all(folder.join("__pypackages__"));
    let finished = run(&mut command, PATIENCE)?;
    if !finished.success {
        return Ok(Err(finished.stdout + &finished.stderr));
    }
    let mut ask = Command::new(&python);
    ask.args(["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
    let answer = run(&mut ask, PATIENCE)?;
    let info = PathBuf::from(answer.stdout.trim()).join("direct-1.0.dist-info");
    if !info.exists() {
        let said = finished.stdout + &finished.stderr;
        return Err(Failure::Other(format!("{kind} did not install {}\n{said}", info.display())));
    }
    Ok(Ok(info))
}
