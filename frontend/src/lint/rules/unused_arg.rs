//! Warns of build args that have no effect.

use std::collections::BTreeSet;

use crate::lint::{Look, Rule, Sink, Subject};
use crate::spec::mentioned;

pub(super) const RULE: Rule = Rule {
    id: "UnusedArg",
    summary: "An arg is declared in `[args]` and used nowhere.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let places = subject.places();
    let texts = places.texts();
    let others = texts.iter().filter(|text| text.path.first() != Some(&"args"));
    let mentioned: BTreeSet<&str> = others.flat_map(|text| mentioned(text.value)).collect();
    for (name, _) in subject.spec.arguments.declared() {
        let span = places.key(&["args", name]).filter(|_| !mentioned.contains(name));
        if let Some(span) = span {
            let message = format!("arg `{name}` is used nowhere");
            let help = vec![
                format!("use it as `${{{name}}}`, or take it out"),
                "a step sees those args alone that its command mentions".to_owned(),
            ];
            sink.warn(span, message, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::{warnings, warnings_in};

    #[test]
    fn args_are_used_by_values_and_commands() {
        let file = "[args]\nTAG = \"3.13-slim\"\nMODE = \"x\"\nOTHER = \"y\"\n\
            [python]\nbase = \"python:${TAG}\"\n[dependencies]\nrequirements = []\n\
            [stage.production]\nrun = [{ run = \"echo $MODE $OTHERS\" }]\n";
        assert_eq!(warnings(file, &[]), ["4: UnusedArg: arg `OTHER` is used nowhere"]);
    }

    #[test]
    fn args_of_a_pyproject_are_looked_up_below_its_table() {
        let file = "[project]\nname = \"x\"\nversion = \"1\"\ndependencies = []\n\
            [tool.pybuild]\npython.version = \"3.13\"\nargs.MODE = \"x\"\n";
        let found = warnings_in("pyproject.toml", file, &[("pyproject.toml", file)]);
        assert_eq!(found, ["pyproject.toml:7: UnusedArg: arg `MODE` is used nowhere"]);
    }
}
