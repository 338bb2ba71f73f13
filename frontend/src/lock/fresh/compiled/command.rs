//! The command that made a compiled lock, read from the comment at the top of the lock.

use std::collections::BTreeSet;

use crate::diagnostics::Span;
use crate::pep508::Name;

/// The program that made a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// `uv pip compile`
    UvCompile,
    /// `uv export`
    UvExport,
    /// `pip-compile`
    PipCompile,
    /// The user's own command. Comments after the packages name the files.
    Annotated,
}

/// The parts of a command that decide what must be locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The command itself.
    pub(super) text: String,
    /// The place of the command in the lock.
    pub(super) span: Span,
    pub(super) tool: Tool,
    /// The input files.
    pub(super) inputs: Vec<String>,
    /// The output file.
    pub(super) output: Option<String>,
    pub(super) extras: BTreeSet<Name>,
    pub(super) all_extras: bool,
    /// Groups, each with the manifest of the group if the command names one.
    pub(super) groups: Vec<(Option<String>, Name)>,
    pub(super) all_groups: bool,
    /// Whether the project's own dependencies are left out.
    pub(super) is_without_project: bool,
    /// Files with constraints.
    pub(super) constraints: Vec<String>,
    /// The Python version in the command.
    pub(super) python: Option<String>,
    /// Files with requirements that replace others or exclude packages.
    pub(super) overrides: Vec<String>,
    /// Packages that are left out.
    pub(super) left_out: BTreeSet<Name>,
}

/// The first words of a command, and its tool.
const TOOLS: [(&[&str], Tool); 4] = [
    (&["uv", "pip", "compile"], Tool::UvCompile),
    (&["uv", "export"], Tool::UvExport),
    (&["pip-compile"], Tool::PipCompile),
    (&["piptools", "compile"], Tool::PipCompile),
];

/// Options whose value could be mistaken for an input file.
const WITH_VALUE: [&str; 9] = [
    "-b",
    "--build-constraint",
    "--build-constraints",
    "--config",
    "--config-file",
    "--cert",
    "--client-cert",
    "--pip-args",
    "--custom-compile-command",
];

/// Packages that pip-compile leaves out without `--allow-unsafe`.
const UNSAFE: [&str; 3] = ["pip", "setuptools", "distribute"];

/// The maximum number of comment lines that are read.
const MOST_LINES: usize = 64;

/// The maximum number of files and groups that comments may name.
const MOST_INPUTS: usize = 64;

/// The command in the comment at the top of a lock. `None` if there is none, or if it belongs to an unknown
/// program.
pub(super) fn command(lock: &str) -> Option<Command> {
    let mut start = 0;
    for line in lock.split_inclusive('\n').take(MOST_LINES) {
        let trimmed = line.trim();
        let Some(comment) = trimmed.strip_prefix('#') else {
            if trimmed.is_empty() {
                start += line.len();
                continue;
            }
            return None;
        };
        let text = comment.trim();
        let at = start + line.find(text).unwrap_or(0);
        if let Some(command) = parsed(text, Span { start: at, end: at + text.len() }) {
            return Some(command);
        }
        start += line.len();
    }
    None
}

/// The inputs of a lock that a user's own command made. Comments after the packages name these inputs (`# via
/// -r requirements.in`).
pub(super) fn annotated(lock: &str) -> Option<Command> {
    let (mut start, mut command, mut is_via) = (0, Command::new(Tool::Annotated), false);
    for line in lock.split_inclusive('\n') {
        let comment = line.split_once('#').map(|(_, comment)| comment.trim());
        let via = comment.and_then(|comment| comment.strip_prefix("via"));
        is_via = comment.is_some() && (is_via || via.is_some());
        for source in comment.filter(|_| is_via).unwrap_or_default().trim_start_matches("via").split(',') {
            let source = source.trim();
            let file = source.strip_prefix("-r ").map(str::trim);
            let manifest = source.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
            let (file, group) = match manifest.map(|path| path.split_once(':').unwrap_or((path, ""))) {
                Some((path, group)) if path.ends_with("pyproject.toml") => (Some(path), group),
                _ => (file, ""),
            };
            let Some(file) = file.filter(|file| !file.is_empty() && *file != "-") else { continue };
            if command.span == Span::default() {
                let at = start + line.find(source).unwrap_or(0);
                command.span = Span { start: at, end: at + source.len() };
            }
            if let Ok(group) = Name::new(group) {
                let group = (Some(file.to_owned()), group);
                if !command.groups.contains(&group) {
                    command.groups.push(group);
                }
            } else if !command.inputs.iter().any(|known| known == file) {
                command.inputs.push(file.to_owned());
            }
        }
        start += line.len();
    }
    let is_something = !command.inputs.is_empty() || !command.groups.is_empty();
    // It is not known which packages the command leaves out.
    command.left_out = UNSAFE.map(Name::fixed).into();
    (is_something && command.inputs.len() + command.groups.len() <= MOST_INPUTS).then_some(command)
}

impl Command {
    /// Whether the lock is for all environments.
    pub(super) fn is_universal(&self) -> bool {
        self.tool == Tool::UvExport || self.text.split_whitespace().any(|word| word == "--universal")
    }

    /// A command without options.
    fn new(tool: Tool) -> Self {
        Self {
            text: String::new(),
            span: Span::default(),
            tool,
            inputs: Vec::new(),
            output: None,
            extras: BTreeSet::new(),
            all_extras: false,
            groups: Vec::new(),
            all_groups: false,
            is_without_project: false,
            constraints: Vec::new(),
            python: None,
            overrides: Vec::new(),
            left_out: BTreeSet::new(),
        }
    }
}

fn parsed(text: &str, span: Span) -> Option<Command> {
    // The command must stand at the start. A sentence that only mentions the command begins with other words.
    let words = shlex::split(text)?;
    let (rest, tool) = TOOLS.iter().find_map(|(begin, tool)| {
        let at = words.windows(begin.len()).take(6).position(|window| window.iter().eq(begin.iter()))?;
        let is_program = words.iter().take(at).enumerate().all(|(place, word)| {
            let program = word.rsplit('/').next().unwrap_or(word);
            let is_runner = program.starts_with("python") || matches!(program, "uv" | "uvx");
            let is_argument = word.starts_with('-') || matches!(word.as_str(), "run" | "tool" | "pip-tools");
            is_runner || word.contains('=') || (place > 0 && is_argument)
        });
        is_program.then(|| (words.get(at + begin.len()..).unwrap_or_default(), *tool))
    })?;
    let mut command = Command { text: text.to_owned(), span, ..Command::new(tool) };
    let mut allows_unsafe = tool != Tool::PipCompile;
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word == "-" {
            command.inputs.push(word.clone());
            continue;
        }
        let (option, given) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let mut value = || given.clone().or_else(|| words.next().cloned());
        match option {
            // With these options, the lock does not show in which folder the command ran.
            "--directory" | "--project" | "--package" | "--only-build-deps" | "--build-deps-for" => {
                return None;
            }
            "--extra" => {
                // pip-compile accepts several values separated by commas.
                let names = value()?;
                for name in names.split(',') {
                    command.extras.insert(Name::new(name.trim()).ok()?);
                }
            }
            "--all-extras" => command.all_extras = true,
            "--group" | "--only-group" => {
                let value = value()?;
                let (file, name) = match value.rsplit_once(':') {
                    Some((file, name)) => (Some(file.to_owned()), name),
                    None => (None, value.as_str()),
                };
                command.groups.push((file, Name::new(name).ok()?));
                command.is_without_project |= option == "--only-group";
            }
            "--all-groups" => command.all_groups = true,
            "--only-dev" => command.is_without_project = true,
            "--allow-unsafe" => allows_unsafe = true,
            "-o" | "--output-file" => command.output = value(),
            "--override" | "--overrides" | "--exclude" | "--excludes" => command.overrides.push(value()?),
            "--no-emit-package" | "--unsafe-package" | "--prune" => {
                command.left_out.insert(Name::new(&value()?).ok()?);
            }
            "-c" | "--constraint" | "--constraints" => command.constraints.push(value()?),
            "-p" | "--python" | "--python-version" => command.python = value(),
            _ if WITH_VALUE.contains(&option) => drop(value()),
            // If an unknown option has a separate value, the value is read as an input. No file will have
            // this name.
            _ => {}
        }
    }
    if !allows_unsafe {
        command.left_out.extend(UNSAFE.map(Name::fixed));
    }
    command.inputs.retain(|input| {
        [".in", ".txt", "pyproject.toml", "setup.py", "setup.cfg"].iter().any(|end| input.ends_with(end))
    });
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(Tool, Vec<String>, Option<String>)> {
        let found = command(&format!("#\n# This file is autogenerated\n#    {text}\n#\nsix==1\n"))?;
        Some((found.tool, found.inputs, found.output))
    }

    /// The lines are those that uv 0.13.9 and pip-compile 7.6.2 write.
    #[test]
    fn commands_say_what_they_compile() {
        let text = |text: &str| text.to_owned();
        assert_eq!(
            of("uv pip compile --generate-hashes pyproject.toml --extra web -o a.txt"),
            Some((Tool::UvCompile, vec![text("pyproject.toml")], Some(text("a.txt"))))
        );
        assert_eq!(
            of(
                "pip-compile --extra=web --output-file=d.txt -c base.txt --pip-args '--no-deps x.in' requirements.in"
            ),
            Some((Tool::PipCompile, vec![text("requirements.in")], Some(text("d.txt"))))
        );
        assert_eq!(of("uv export --format pylock.toml"), Some((Tool::UvExport, Vec::new(), None)));
        assert_eq!(
            of("python3 -m piptools compile requirements.in").map(|found| found.0),
            Some(Tool::PipCompile)
        );
        for text in ["./lock.sh", "run uv pip compile pyproject.toml again", "uv pip compile 'x"] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(command("six==1\n# uv pip compile a.in\n"), None);
        let found = command("# uv pip compile --group a/pyproject.toml:dev --all-extras -").unwrap();
        assert_eq!(found.groups, [(Some(text("a/pyproject.toml")), Name::fixed("dev"))]);
        assert!(found.all_extras && found.inputs.is_empty());
        assert_eq!(
            &"# uv pip compile --group a/pyproject.toml:dev --all-extras -"[found.span.start..][..2],
            "uv"
        );
    }
    /// The comments are those that uv 0.13.9 and pip-compile 7.6.2 write, in both styles
    /// (`--annotation-style`).
    #[test]
    fn comments_behind_packages_name_the_files() {
        let lock = "# by ./lock.sh\nclick==8.5.1 \\\n    --hash=sha256:0\n    # via\n    #   -r req/base.in\n    #   flask\n\
            six==1  # via a, -r requirements.in\nidna==3\n    # via shop (pyproject.toml)\n\
            iniconfig==2\n    # via shop (pyproject.toml:dev)\nattrs==1  # of -r old.in\n";
        let found = annotated(lock).unwrap();
        assert_eq!(found.inputs, ["req/base.in", "requirements.in", "pyproject.toml"]);
        assert_eq!(found.groups, [(Some("pyproject.toml".to_owned()), Name::fixed("dev"))]);
        assert_eq!(&lock[found.span.start..found.span.end], "-r req/base.in");
        assert_eq!(annotated("six==1\n    # via -r -\n"), None);
    }
}
