//! Commands of containers and of build steps.

use super::reader::{Context, Expanded, Node, Read};
use crate::address::visible;
use crate::diagnostics::Problem;

/// Programs that replace `$NAME` themselves in one of their arguments.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"];

/// A command: a line for the shell, or a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Run by `/bin/sh -c`.
    Shell(String),
    /// Run directly, without a shell.
    Arguments(Vec<String>),
}

impl Command {
    /// The program and its arguments for the engine.
    pub fn arguments(&self) -> Vec<String> {
        match self {
            Self::Shell(line) => vec!["/bin/sh".into(), "-c".into(), line.clone()],
            Self::Arguments(arguments) => arguments.clone(),
        }
    }

    /// The command on one line, for names and history. A terminal shows this line, so control characters are
    /// replaced by visible signs.
    pub fn line(&self) -> String {
        visible(&match self {
            Self::Shell(line) => line.split_whitespace().collect::<Vec<_>>().join(" "),
            Self::Arguments(arguments) => {
                shlex::try_join(arguments.iter().map(String::as_str)).unwrap_or_else(|_| arguments.join(" "))
            }
        })
    }
}

impl Read for Command {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let command = match (node.value.as_str(), node.elements()) {
            (Some(line), _) => Self::Shell(line.to_owned()),
            (_, Some(elements)) => Self::Arguments(arguments(&elements, cx)),
            _ => return node.wrong_type(cx, "a string (for the shell) or a list of strings"),
        };
        let empty = match &command {
            Self::Shell(line) => line.trim().is_empty(),
            Self::Arguments(arguments) => arguments.first().is_none_or(String::is_empty),
        };
        if empty {
            cx.report(node.span, Problem::Empty { key: node.key.clone() });
            return None;
        }
        Some(command)
    }
}

impl Command {
    /// Whether a shell reads the text and replaces variables when the command runs.
    pub fn is_for_shell(&self) -> bool {
        match self {
            Self::Shell(_) => true,
            Self::Arguments(arguments) => arguments.first().is_some_and(|program| is_shell(program)),
        }
    }
}

fn is_shell(program: &str) -> bool {
    program.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name))
}

/// The words of a list. No shell runs between a list and its program, so args of the build are replaced here.
/// If the program is a shell, the words stay unchanged, because the shell has its own variables.
fn arguments(elements: &[Node<'_>], cx: &mut Context<'_>) -> Vec<String> {
    let for_shell = elements.first().and_then(|first| first.value.as_str()).is_some_and(is_shell);
    let read = elements.iter().filter_map(|word| {
        if for_shell { String::read(word, cx) } else { Expanded::known(word, cx).map(|word| word.0) }
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_without_what_a_terminal_obeys() {
        assert_eq!(Command::Shell("echo \u{1b}[2J\n  done".into()).line(), "echo ␛[2J done");
        assert_eq!(Command::Arguments(vec!["echo".into(), "\u{1b}]0;x".into()]).line(), "echo '␛]0;x'");
    }

    #[test]
    fn a_shell_is_known_by_its_name() {
        let list = |program: &str| Command::Arguments(vec![program.into(), "-c".into()]).is_for_shell();
        assert!(list("sh") && list("/bin/bash") && Command::Shell("x".into()).is_for_shell());
        assert!(!list("python") && !list("shop.sh"));
    }
}
