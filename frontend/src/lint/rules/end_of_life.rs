//! Warns of Python versions that get no more fixes.

use std::sync::Arc;

use crate::lint::{Look, Rule, Sink, Subject};
use crate::project::releases;

pub(super) const RULE: Rule = Rule {
    id: "EndOfLifePython",
    summary: "The Python version gets no security fixes any more.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let Some(version) = subject.project.python else { return };
    let Some((year, month)) = releases::ended(version.minor) else { return };
    // Without a stage that has the project's Python, the version does not matter.
    if !subject.stages().iter().any(|stage| stage.is_assembled()) {
        return;
    }
    let spec = subject.spec;
    let (source, span) = match &subject.project.python_said {
        Some(said) => (Arc::clone(&said.source), said.span),
        None => (Arc::clone(&spec.source), spec.anywhere()),
    };
    let message = format!("Python 3.{} has had no security fixes since {year}-{month:02}", version.minor);
    let help = releases::supported().last().map(|minor| format!("go on to Python 3.{minor} or later"));
    sink.warn_in(&source, span, message, help.into_iter().collect());
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn an_old_python_is_told_where_it_is_named() {
        let file = "dependencies.requirements = []\npython.version = \"3.9\"\n";
        let message = "EndOfLifePython: Python 3.9 has had no security fixes since 2025-10";
        assert_eq!(warnings(file, &[]), [format!("2: {message}")]);
        let context = [(".python-version", "# ours\n3.9.1\n")];
        let found = warnings("dependencies.requirements = []\n", &context);
        assert_eq!(found, [format!(".python-version:2: {message}")]);
        let below = [
            ("backend/uv.lock", "version = 1\n[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\n"),
            ("backend/pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1\"\n"),
            ("backend/.python-version", "3.9\n"),
            (".python-version", "3.13\n"),
        ];
        let found = warnings("dependencies.lock = \"backend/uv.lock\"\n", &below);
        assert_eq!(found, [format!("backend/.python-version:1: {message}")]);
        let new = warnings("dependencies.requirements = []\npython.version = \"3.13\"\n", &[]);
        assert_eq!(new, Vec::<String>::new());
    }
}
