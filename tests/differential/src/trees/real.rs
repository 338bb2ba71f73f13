//! Real wheels, from the machine's package registry.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::command::run;
use crate::failure::Failure;
use crate::options::Options;

/// What is downloaded: a requirement a line. A line that ends in `# short` is a part of a short run.
const LIST: &str = include_str!("real.txt");

/// A hundred megabytes, with a registry nearby.
const PATIENCE: Duration = Duration::from_secs(900);

/// The wheels, downloaded where they are not yet there.
pub(super) fn wheels(options: &Options) -> Result<Vec<PathBuf>, Failure> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let lines = lines.filter(|line| !options.short || line.ends_with("# short"));
    let wanted: Vec<&str> = lines.map(|line| line.split(" #").next().unwrap_or(line).trim()).collect();
    let folder = options.tools.folder().join(if options.short { "wheels-short" } else { "wheels" });
    std::fs::create_dir_all(&folder).map_err(Failure::io(folder.display().to_string()))?;
    let done = folder.join("done.txt");
    let list = wanted.join("\n") + "\n";
    if !std::fs::read_to_string(&done).is_ok_and(|there| there == list) {
        let names = folder.join("list.txt");
        std::fs::write(&names, &list).map_err(Failure::io(names.display().to_string()))?;
        let mut command = Command::new(options.tools.python());
        command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        command.args(["--only-binary", ":all:", "--dest"]).arg(&folder).arg("-r").arg(&names);
        let finished = run(&mut command, PATIENCE)?;
        if !finished.success {
            return Err(Failure::Other(format!("the real wheels were not downloaded\n{}", finished.stderr)));
        }
        std::fs::write(&done, &list).map_err(Failure::io(done.display().to_string()))?;
    }
    let entries = std::fs::read_dir(&folder).map_err(Failure::io(folder.display().to_string()))?;
    let mut wheels: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .collect();
    wheels.sort();
    Ok(wheels)
}
