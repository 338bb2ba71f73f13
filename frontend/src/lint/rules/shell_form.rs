//! Warns of commands that run below a shell. The shell does not pass signals to the command.

use crate::lint::{Look, Rule, Sink, Subject};
use crate::spec::Command;

pub(super) const RULE: Rule = Rule {
    id: "ShellFormCommand",
    summary: "`command` or `entrypoint` is a string, so that signals end at a shell.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let places = subject.places();
    for stage in subject.stages() {
        let settings = [("entrypoint", &stage.image.entrypoint), ("command", &stage.image.command)];
        for (key, command) in settings {
            let Some(Command::Shell(line)) = command else { continue };
            // A program that is started with `exec` replaces the shell and gets its signals.
            if line.split(|c: char| c.is_whitespace() || c == ';').any(|word| word == "exec") {
                continue;
            }
            let span = places.value(&["stage", &stage.name, key]).unwrap_or(stage.span);
            let message = format!(
                "`{key}` of stage `{}` is a line for a shell, which keeps signals from it",
                stage.name
            );
            sink.warn(span, message, vec![better(key, line)]);
        }
    }
}

/// The command as a list, if the line needs no shell.
fn better(key: &str, line: &str) -> String {
    let plain = !line
        .contains(['$', '&', '|', ';', '<', '>', '`', '(', ')', '*', '?', '~', '\n', '[', '{', '#', '=']);
    let quotable = |word: &String| !word.contains(['"', '\\']) && !word.chars().any(char::is_control);
    match shlex::split(line).filter(|words| plain && words.iter().all(quotable)) {
        Some(words) => {
            let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("write a list: `{key} = [{}]`", words.join(", "))
        }
        None => "begin its last command with `exec`, or write a list of strings".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::better;
    use crate::lint::tests::warnings;

    #[test]
    fn a_string_is_told_with_its_list() {
        let of = |command: &str| {
            let head = "python.version = \"3.13\"\ndependencies.requirements = []\n[stage.production]\n";
            warnings(&format!("{head}command = {command}\n"), &[])
        };
        let message = "4: ShellFormCommand: `command` of stage `production` is a line for a shell, which keeps signals from it";
        assert_eq!(of("\"gunicorn app:app\""), [message]);
        assert_eq!(of("[\"gunicorn\", \"app:app\"]"), Vec::<String>::new());
        assert_eq!(of("\"exec gunicorn -b :$PORT app:app\""), Vec::<String>::new());
        assert_eq!(of("\"python migrate.py && exec gunicorn app:app\""), Vec::<String>::new());
    }

    #[test]
    fn the_list_is_quoted_and_kept_from_lines_that_need_a_shell() {
        assert_eq!(better("command", "a 'b c'"), "write a list: `command = [\"a\", \"b c\"]`");
        let exec = "begin its last command with `exec`, or write a list of strings";
        assert_eq!(better("command", "a $PORT"), exec);
        assert_eq!(better("command", "A=1 b"), exec);
    }
}
