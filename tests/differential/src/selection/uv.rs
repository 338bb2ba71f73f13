//! uv: its manifest, its lock, and what it installs.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::answer::Answer;
use super::case::{Ask, Case, Item, Member, Origin, Req};
use super::publish::{BUILD_SYSTEM, Published};
use super::target::Environment;
use crate::command::{Finished, run};
use crate::failure::Failure;
use crate::tools::Tools;

/// uv answers in a fraction of a second; builds of sources take longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// uv with a cache of the run's own.
#[derive(Clone, Debug)]
pub(crate) struct Uv {
    program: PathBuf,
    cache: PathBuf,
}

impl Uv {
    /// uv with its cache at a place.
    pub(crate) fn new(tools: &Tools, cache: &Path) -> Self {
        Self { program: tools.program("uv"), cache: cache.to_owned() }
    }

    /// A command of uv in a folder. Nothing of the machine's settings counts.
    pub(crate) fn command(&self, folder: &Path) -> Command {
        self.environment(&self.program, folder)
    }

    /// uv itself.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// A program that may start uv, in a folder.
    pub(crate) fn environment(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("UV_CACHE_DIR", &self.cache).env("HOME", &self.cache);
        for flag in ["UV_NO_PROGRESS", "UV_NO_PYTHON_DOWNLOADS"] {
            command.env(flag, "1");
        }
        command.env("UV_PYTHON_DOWNLOADS", "never").env("UV_LINK_MODE", "hardlink");
        command
    }

    /// Runs a command of uv.
    pub(crate) fn run(command: &mut Command) -> Result<Finished, Failure> {
        run(command, PATIENCE)
    }

    /// Locks; the words of uv where it does not.
    pub(crate) fn lock(
        &self,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Result<(), String>, Failure> {
        let mut lock = self.command(folder);
        lock.args(["lock", "--quiet", "--python"]).arg(environment.python());
        let finished = Self::run(&mut lock)?;
        Ok(if finished.success { Ok(()) } else { Err(finished.stderr) })
    }

    /// Whether `uv lock --check` says that the lock is fresh; the words of uv where it does not.
    pub(crate) fn check(
        &self,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Result<(), String>, Failure> {
        let mut check = self.command(folder);
        check.args(["lock", "--check", "--verbose", "--python"]).arg(environment.python());
        check.env("RUST_LOG", "uv=debug");
        let finished = Self::run(&mut check)?;
        if finished.success {
            return Ok(Ok(()));
        }
        let tells = |line: &&str| {
            line.contains("Resolving despite") || line.contains("rror") || line.contains("Ignoring")
        };
        let words: Vec<&str> = finished.stderr.lines().filter(tells).collect();
        Ok(Err(words.join("\n")))
    }

    /// What `uv sync` installs.
    pub(crate) fn sync(
        &self,
        published: &Published<'_>,
        ask: &Ask,
        environment: &Environment,
    ) -> Result<Answer, Failure> {
        environment.clear()?;
        let mut sync = self.command(&published.folder);
        sync.env("UV_PROJECT_ENVIRONMENT", &environment.folder);
        sync.args(["sync", "--frozen", "--no-default-groups", "--quiet", "--python"])
            .arg(environment.python());
        asked(&mut sync, ask);
        let finished = Self::run(&mut sync)?;
        if !finished.success {
            return Ok(Answer::Refused(finished.stderr));
        }
        Answer::of_environment(&environment.packages, main_name(published.case))
    }

    /// What `uv pip sync` installs of a file.
    pub(crate) fn pip_sync(
        &self,
        published: &Published<'_>,
        file: &str,
        environment: &Environment,
    ) -> Result<Answer, Failure> {
        environment.clear()?;
        let mut sync = self.command(&published.folder);
        sync.args(["pip", "sync", "--quiet", "--allow-empty-requirements", "--python"]);
        sync.arg(environment.python()).arg(file);
        let finished = Self::run(&mut sync)?;
        if !finished.success {
            return Ok(Answer::Refused(finished.stderr));
        }
        Answer::of_environment(&environment.packages, main_name(published.case))
    }
}

/// The options of uv that ask for a member, extras and groups.
pub(crate) fn asked(command: &mut Command, ask: &Ask) {
    if !ask.member.is_empty() {
        command.args(["--package", &ask.member]);
    }
    for extra in &ask.extras {
        command.args(["--extra", extra]);
    }
    for group in &ask.groups {
        command.args(["--group", group]);
    }
}

/// The name of the project itself, whose files pybuild handles apart from its dependencies.
pub(crate) fn main_name(case: &Case) -> &str {
    case.members.first().map_or("", |main| main.name.as_str())
}

/// Writes the manifests of the workspace.
pub(crate) fn write_manifests(published: &Published<'_>) -> Result<(), Failure> {
    let case = published.case;
    for (number, member) in case.members.iter().enumerate() {
        let (folder, text) = if number == 0 {
            (published.folder.clone(), manifest(member, published)? + &workspace(published))
        } else {
            (published.folder.join(member.folder()), manifest(member, published)?)
        };
        std::fs::create_dir_all(&folder).map_err(Failure::io(folder.display().to_string()))?;
        let path = folder.join("pyproject.toml");
        std::fs::write(&path, text).map_err(Failure::io(path.display().to_string()))?;
    }
    Ok(())
}

/// A list of requirements as TOML.
pub(crate) fn list(reqs: &[Req]) -> String {
    let texts: Vec<String> = reqs.iter().map(|req| format!("{:?}", req.text())).collect();
    format!("[{}]", texts.join(", "))
}

/// The tables `[project]`, `[dependency-groups]` and `[build-system]` of a member.
pub(crate) fn standard(member: &Member) -> String {
    let Member { name, python, requires, extras, groups, .. } = member;
    let mut text = format!(
        "[project]\nname = \"{name}\"\nversion = \"0.1.0\"\nrequires-python = \"{python}\"\ndependencies = {}\n",
        list(requires)
    );
    // Writing to a string cannot fail.
    if !extras.is_empty() {
        text.push_str("[project.optional-dependencies]\n");
        for (extra, reqs) in extras {
            let _ = writeln!(text, "{extra} = {}", list(reqs));
        }
    }
    if !groups.is_empty() {
        text.push_str("[dependency-groups]\n");
        for (group, items) in groups {
            let items = items.iter().map(|item| match item {
                Item::Req(req) => format!("{:?}", req.text()),
                Item::Include(other) => format!("{{ include-group = \"{other}\" }}"),
            });
            let _ = writeln!(text, "{group} = [{}]", items.collect::<Vec<_>>().join(", "));
        }
    }
    if member.package {
        text.push_str(BUILD_SYSTEM);
    }
    text
}

fn manifest(member: &Member, published: &Published<'_>) -> Result<String, Failure> {
    let mut text = standard(member);
    if !member.sources.is_empty() {
        text.push_str("[tool.uv.sources]\n");
        for (name, origins) in &member.sources {
            let entries = origins.iter().map(|origin| entry(name, origin, member, published));
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let _ = match entries.as_slice() {
                [only] => writeln!(text, "{name} = {only}"),
                several => writeln!(text, "{name} = [{}]", several.join(", ")),
            };
        }
    }
    if !member.package && member.name != main_name(published.case) {
        // Else uv builds a member that another one depends on, with a backend that no index here has.
        text.push_str("[tool.uv]\npackage = false\n");
    }
    Ok(text)
}

fn entry(name: &str, origin: &Origin, member: &Member, published: &Published<'_>) -> Result<String, Failure> {
    use super::case::Form;
    let up = if main_name(published.case) == member.name { "" } else { "../../" };
    let what = match origin.from.as_str() {
        "workspace" => "workspace = true".to_owned(),
        "tree" => {
            let tree = published.case.trees.iter().find(|tree| tree.name == name);
            let tree = tree.ok_or_else(|| Failure::Other(format!("the case has no tree {name}")))?;
            let url = published.trees.get(name).cloned().unwrap_or_default();
            match tree.form {
                Form::Folder => format!("path = \"{up}{}\"", tree.folder()),
                Form::Editable => format!("path = \"{up}{}\", editable = true", tree.folder()),
                Form::WheelFile => format!("path = \"{up}wheels/{}\"", tree.wheel_file()),
                Form::WheelUrl | Form::SdistUrl => format!("url = \"{url}\""),
                Form::Git => format!("git = \"{url}\""),
            }
        }
        index => format!("index = \"{index}\""),
    };
    let mut parts = vec![what];
    for (key, value) in [("marker", &origin.marker), ("extra", &origin.extra), ("group", &origin.group)] {
        if !value.is_empty() {
            parts.push(format!("{key} = {value:?}"));
        }
    }
    Ok(format!("{{ {} }}", parts.join(", ")))
}

/// The tables of uv that only the root of a workspace has.
fn workspace(published: &Published<'_>) -> String {
    let case = published.case;
    let mut text = String::from("[tool.uv]\n");
    // Writing to a string cannot fail.
    for line in &case.settings {
        let _ = writeln!(text, "{line}");
    }
    for (key, reqs) in
        [("override-dependencies", &case.overrides), ("constraint-dependencies", &case.constraints)]
    {
        if !reqs.is_empty() {
            let _ = writeln!(text, "{key} = {}", list(reqs));
        }
    }
    if !case.environments.is_empty() {
        let _ = writeln!(text, "environments = {:?}", case.environments);
    }
    if !case.conflicts.is_empty() {
        let sets = case.conflicts.iter().map(|set| {
            let items = set.iter().map(|item| {
                let keys = [("package", &item.package), ("extra", &item.extra), ("group", &item.group)];
                let keys = keys.into_iter().filter(|(_, value)| !value.is_empty());
                let keys: Vec<String> = keys.map(|(key, value)| format!("{key} = {value:?}")).collect();
                format!("{{ {} }}", keys.join(", "))
            });
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        });
        let _ = writeln!(text, "conflicts = [{}]", sets.collect::<Vec<_>>().join(", "));
    }
    if case.members.len() > 1 {
        text.push_str("[tool.uv.workspace]\nmembers = [\"members/*\"]\n");
    }
    for (number, index) in case.indexes.iter().enumerate() {
        let url = published.indexes.get(&index.name).cloned().unwrap_or_default();
        let _ = writeln!(text, "[[tool.uv.index]]\nname = \"{}\"\nurl = \"{url}\"", index.name);
        if number == 0 {
            text.push_str("default = true\n");
        } else if index.explicit {
            text.push_str("explicit = true\n");
        }
    }
    text
}
