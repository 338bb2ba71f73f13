//! Pythons that get no fixes any more.

use std::sync::Arc;

use crate::diagnostics::{Source, Span};
use crate::lint::{Look, Rule, Sink, Subject};
use crate::project::{ContextError, releases};

pub(super) const RULE: Rule = Rule {
    id: "EndOfLifePython",
    summary: "The Python version gets no security fixes any more.",
    look: Look::Files(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    let Some(version) = subject.project.python else { return Ok(()) };
    let Some((year, month)) = releases::ended(version.minor) else { return Ok(()) };
    // Where no stage has the project's Python, there is nothing to be said of it.
    if !subject.stages().iter().any(|stage| stage.is_assembled()) {
        return Ok(());
    }
    let (source, span) = place(subject)?;
    let message = format!("Python 3.{} has had no security fixes since {year}-{month:02}", version.minor);
    let help = releases::supported().last().map(|minor| format!("go on to Python 3.{minor} or later"));
    sink.warn_in(&source, span, message, help.into_iter().collect());
    Ok(())
}

/// Where the version is said.
fn place(subject: &Subject<'_>) -> Result<(Arc<Source>, Span), ContextError> {
    let spec = subject.spec;
    let named = spec.python.version.as_ref().map(|version| version.span);
    if let Some(span) = named.or(spec.python.base.as_ref().map(|base| base.span)) {
        return Ok((Arc::clone(&spec.source), span));
    }
    if let Some(file) = subject.files.read_if_there(".python-version")? {
        let lines = (1..).zip(file.text.lines().map(str::trim));
        let line = lines.into_iter().find(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let span = file.line_span(line.map_or(1, |(number, _)| number));
        return Ok((file, span));
    }
    Ok((Arc::clone(&spec.source), spec.anywhere()))
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
        let new = warnings("dependencies.requirements = []\npython.version = \"3.13\"\n", &[]);
        assert_eq!(new, Vec::<String>::new());
    }
}
