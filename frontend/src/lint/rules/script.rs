//! Warns of scripts of the project that a container cannot start: the permission is missing, or the line ends
//! are those of Windows.

use crate::diagnostics::Span;
use crate::lint::{Look, Rule, Sink, Subject};
use crate::plan::{Action, CopyPlan, CopySource, StagePlan};
use crate::project::{ContextError, Kind};
use crate::spec::{Command, ContextPath};

pub(super) const RULE: Rule = Rule {
    id: "ScriptCannotStart",
    summary: "A container is to start a file of the project that has no executable bit, or Windows line ends.",
    look: Look::Files(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    let places = subject.places();
    for stage in subject.stages() {
        let Some(planned) = subject.planned(&stage.name) else { continue };
        let commands = [("entrypoint", &stage.image.entrypoint), ("command", &stage.image.command)];
        for (key, command) in commands {
            // With an entrypoint, `command` is the list of its arguments.
            let is_argument = key == "command" && stage.image.entrypoint.is_some();
            let Some(command) = command.as_ref().filter(|_| !is_argument) else { continue };
            let Some((program, by_itself)) = started(command) else { continue };
            let Some((path, mode)) = file_of(planned, &program) else { continue };
            if subject.files.context.kind(&path)? != Some(Kind::File) {
                continue;
            }
            let span = places.value(&["stage", &stage.name, key]).unwrap_or(stage.span);
            tell(subject, (&path, mode, by_itself), span, sink)?;
        }
    }
    Ok(())
}

fn tell(
    subject: &Subject<'_>,
    (path, mode, by_itself): (&ContextPath, Option<u32>, bool),
    span: Span,
    sink: &mut Sink<'_>,
) -> Result<(), ContextError> {
    let name = path.as_str();
    let runs = match mode {
        Some(mode) => Some(mode & 0o111 != 0),
        None => subject.files.context.is_executable(path)?,
    };
    if by_itself && runs == Some(false) {
        let help = vec![
            format!(
                "give it the permission: `chmod +x {name}`, and in git `git update-index --chmod=+x {name}`"
            ),
            format!("or name the program that reads it: `[\"sh\", \"{name}\"]`"),
        ];
        sink.warn(span, format!("`{name}` may not be executed: it has no executable bit"), help);
    }
    let text = subject.files.context.read(path)?.unwrap_or_default();
    let first = text.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    if first.ends_with(b"\r\n")
        && (first.starts_with(b"#!")
            || path.name().rsplit_once('.').is_some_and(|(_, ending)| ending == "sh"))
    {
        let help = vec![
            "save it with the line ends of Unix, and have git keep them: `*.sh text eol=lf` in .gitattributes".to_owned(),
        ];
        sink.warn(span, format!("`{name}` has line ends of Windows, which no shell of Linux reads"), help);
    }
    Ok(())
}

/// The file that a command starts, if the command names it by a path. The boolean says whether the system
/// starts the file itself, and not a shell that reads it.
fn started(command: &Command) -> Option<(String, bool)> {
    let words = match command {
        Command::Arguments(words) => words.clone(),
        Command::Shell(line) => {
            let words = line.split_whitespace().map(str::to_owned);
            words.skip_while(|word| word == "exec").collect()
        }
    };
    let first = words.first()?;
    let is_shell = matches!(first.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash"));
    match words.get(1) {
        Some(script) if is_shell && !script.starts_with('-') => Some((script.clone(), false)),
        _ if is_shell || !first.contains('/') => None,
        _ => Some((first.clone(), true)),
    }
}

/// The context file that becomes `program` in the image, and the mode that the build gives it.
fn file_of(stage: &StagePlan, program: &str) -> Option<(ContextPath, Option<u32>)> {
    let workdir = stage.image.workdir.as_ref().map_or("/", |path| path.as_str());
    let place = if program.starts_with('/') {
        program.to_owned()
    } else {
        format!("{}/{}", workdir.trim_end_matches('/'), program.trim_start_matches("./"))
    };
    // A command that names the file or all scripts may have changed it: `chmod +x start.sh`.
    let name = program.rsplit('/').next().unwrap_or(program);
    let may_change = |line: &str| line.contains(name) || line.contains("chmod") || line.contains("dos2unix");
    let changed = stage.steps.iter().any(|step| match &step.action {
        Action::Run(run) => may_change(&run.line),
        _ => false,
    });
    if changed {
        return None;
    }
    // Later steps replace files of earlier steps.
    stage.steps.iter().rev().find_map(|step| match &step.action {
        Action::App(files) => {
            let path = ContextPath::parse(below(&place, files.to.as_str())?)?;
            let covered = |include: &ContextPath| {
                let include = include.literal();
                include.is_root() || path == include || below(path.as_str(), include.as_str()).is_some()
            };
            (files.include.is_empty() || files.include.iter().any(covered)).then_some((path, None))
        }
        Action::Copy(CopyPlan { from: CopySource::Context, path, to, mode, .. }) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            let whole = if to.ends_with('/') { format!("{to}{name}") } else { to.clone() };
            if whole == place {
                return Some((ContextPath::parse(path)?, *mode));
            }
            let inside = below(&place, to.trim_end_matches('/'))?;
            Some((ContextPath::parse(&format!("{path}/{inside}"))?, *mode))
        }
        _ => None,
    })
}

/// The path relative to `folder`.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/').filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn a_script_with_line_ends_of_windows_is_told_of() {
        let of = |more: &str, text: &'static str| {
            let head = "python.version = \"3.13\"\ndependencies.requirements = []\n[stage.production]\n";
            let all = warnings(&format!("{head}{more}\n"), &[("bin/start.sh", text)]);
            all.into_iter().filter(|line| line.contains("ScriptCannotStart")).collect::<Vec<_>>()
        };
        let windows = "#!/bin/sh\r\necho\r\n";
        let told =
            "4: ScriptCannotStart: `bin/start.sh` has line ends of Windows, which no shell of Linux reads";
        for command in [
            "entrypoint = [\"bin/start.sh\"]",
            "entrypoint = [\"/app/bin/start.sh\", \"x\"]",
            "command = [\"sh\", \"./bin/start.sh\"]",
            "command = \"exec ./bin/start.sh\"",
        ] {
            assert_eq!(of(command, windows), [told], "{command}");
            assert_eq!(of(command, "#!/bin/sh\necho\n"), Vec::<String>::new());
        }
        let copied = "entrypoint = [\"/start\"]\ncopy = [{ path = \"bin/start.sh\", to = \"/start\" }]";
        assert_eq!(of(copied, windows), [told]);
        let mended = "entrypoint = [\"bin/start.sh\"]\nrun = \"dos2unix bin/*\"";
        assert_eq!(of(mended, windows), Vec::<String>::new());
        assert_eq!(of("command = [\"python\", \"bin/start.sh\"]", windows), Vec::<String>::new());
        // A file that only a step makes is not a file of the context.
        assert_eq!(of("command = [\"/usr/bin/start.sh\"]", windows), Vec::<String>::new());
    }
}
