//! Warns of variables in commands that stay as they are. Without a shell, nothing replaces variables. A shell
//! in a container does not know the args of the build.

use std::collections::BTreeSet;

use crate::diagnostics::Span;
use crate::lint::{Look, Rule, Sink, Subject};
use crate::spec::{Command, Stage, mentioned};

pub(super) const RULE: Rule = Rule {
    id: "UnreplacedVariable",
    summary: "A command has a variable that nothing replaces.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let places = subject.places();
    for stage in subject.stages() {
        let image = &stage.image;
        let health = image.healthcheck.as_ref().and_then(|check| check.value.command.as_ref());
        // If the entrypoint is a shell, the shell reads the command.
        let for_shell = image.entrypoint.as_ref().is_some_and(Command::is_for_shell);
        let settings = [
            ("entrypoint", image.entrypoint.as_ref()),
            ("command", image.command.as_ref().filter(|_| !for_shell)),
            ("healthcheck", health),
        ];
        for (key, command) in settings.into_iter().filter_map(|(key, command)| Some((key, command?))) {
            let span = places.value(&["stage", &stage.name, key]).unwrap_or(stage.span);
            let what = format!("`{key}` of stage `{}`", stage.name);
            if command.is_for_shell() {
                unknown_in_containers(subject, stage, (&what, command, span), sink);
            } else {
                without_shell(&what, command, span, sink);
            }
        }
        for run in stage.run.iter().filter(|run| !run.value.command.is_for_shell()) {
            without_shell("this step", &run.value.command, run.span, sink);
        }
        for check in stage.checks.iter().filter(|check| !check.step.command.is_for_shell()) {
            without_shell(
                &format!("check `{}`", check.name.value),
                &check.step.command,
                check.name.span,
                sink,
            );
        }
    }
}

/// Warns of variables in a command without a shell. Such a program gets its arguments unchanged.
fn without_shell(what: &str, command: &Command, span: Span, sink: &mut Sink<'_>) {
    let Command::Arguments(words) = command else { return };
    // In the code for an interpreter, `$` may have another meaning.
    let is_code =
        |at: &usize| at.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|word| word == "-c");
    let found = words.iter().enumerate().filter(|(at, _)| !is_code(at)).find_map(|(_, word)| variable(word));
    if let Some(variable) = found {
        let help = vec![
            "begin the list with a shell, which replaces it: `[\"sh\", \"-c\", \"exec …\"]`".to_owned(),
            "or declare it in `[args]` and write `${NAME}`, to have it replaced when the image is made"
                .to_owned(),
        ];
        let message = format!("{what} gets `{variable}` as it is: no shell is there to replace it");
        sink.warn(span, message, help);
    }
}

/// The first variable in a word: a `$` and a name in the usual form of environment variables.
fn variable(word: &str) -> Option<String> {
    mentioned(word).find_map(|name| {
        let is_usual = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let braced = format!("${{{name}}}");
        let plain = format!("${name}");
        let written = if word.contains(&braced) { braced } else { plain };
        (is_usual && name.len() > 1 && word.contains(&written)).then_some(written)
    })
}

/// Warns of args of the build in a shell command of a container. The shell knows only the environment
/// variables of the container.
fn unknown_in_containers(
    subject: &Subject<'_>,
    stage: &Stage,
    (what, command, span): (&str, &Command, Span),
    sink: &mut Sink<'_>,
) {
    let text = command.arguments().join(" ");
    let known: BTreeSet<&str> = subject
        .chain(stage)
        .into_iter()
        .flat_map(|stage| stage.image.env.variables.keys())
        .map(String::as_str)
        .collect();
    let declared: BTreeSet<&str> = subject.spec.arguments.declared().map(|(name, _)| name).collect();
    let is_set = |name: &str| {
        known.contains(name) || text.contains(&format!("{name}=")) || text.contains(&format!("${{{name}:"))
    };
    if let Some(name) = mentioned(&text).find(|name| declared.contains(name) && !is_set(name)) {
        let help = vec![format!("put it into the image's environment: `env.{name} = \"${{{name}}}\"`")];
        let message =
            format!("{what} has the build arg `{name}`, which a container does not have as a variable");
        sink.warn(span, message, help);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    fn of(more: &str) -> Vec<String> {
        let head = "python.version = \"3.13\"\ndependencies.requirements = []\n[args]\nAPP = \"shop\"\n[stage.production]\n";
        let all = warnings(&format!("{head}{more}\n"), &[]);
        all.into_iter().filter(|line| line.contains("UnreplacedVariable")).collect()
    }

    #[test]
    fn a_variable_without_a_shell_is_told_of_and_an_arg_is_replaced() {
        let told = "6: UnreplacedVariable: `command` of stage `production` gets `${PORT}` as it is: no shell is there to replace it";
        assert_eq!(of("command = [\"gunicorn\", \"--bind\", \":${PORT}\", \"app:app\"]"), [told]);
        assert_eq!(
            of("command = [\"gunicorn\", \"--bind\", \":$PORT\"]"),
            [told.replace("${PORT}", "$PORT")]
        );
        for fine in [
            "command = [\"gunicorn\", \"${APP}.wsgi\"]",
            "command = [\"sh\", \"-c\", \"exec gunicorn -b :$PORT app:app\"]",
            "command = [\"python\", \"-c\", \"print('$HOME')\"]",
            "command = [\"grep\", \"^a$\", \"$1\", \"$$\"]",
            "entrypoint = [\"/bin/sh\", \"-c\"]\ncommand = [\"exec app $PORT\"]",
        ] {
            assert_eq!(of(fine), Vec::<String>::new(), "{fine}");
        }
        let step =
            "6: UnreplacedVariable: this step gets `${OTHER}` as it is: no shell is there to replace it";
        assert_eq!(of("run = [[\"echo\", \"${OTHER}\"]]"), [step]);
    }

    #[test]
    fn a_build_arg_that_a_container_does_not_have_is_told_of() {
        let told = "6: UnreplacedVariable: `command` of stage `production` has the build arg `APP`, which a container does not have as a variable";
        assert_eq!(of("command = \"exec gunicorn $APP\""), [told]);
        for fine in [
            "command = \"exec gunicorn $APP\"\nenv.APP = \"${APP}\"",
            "command = \"exec gunicorn ${APP:-shop}\"",
            "command = \"APP=x; exec gunicorn $APP\"",
            "command = \"exec gunicorn $PORT\"",
        ] {
            assert_eq!(of(fine), Vec::<String>::new(), "{fine}");
        }
    }
}
