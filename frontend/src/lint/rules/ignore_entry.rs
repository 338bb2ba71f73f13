//! Warns of lines in an ignore file that match nothing by mistake.
//!
//! Many correct lines match nothing, because their files exist only at times. So the rule warns only of lines
//! that can never match, or that differ by one letter from an existing name.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostics::Source;
use crate::ignore::{Patterns, Rule as Line};
use crate::lint::{Look, Rule, Sink, Subject};
use crate::project::ContextError;
use crate::spec::ContextPath;

pub(super) const RULE: Rule = Rule {
    id: "UnknownIgnoreEntry",
    summary: "A line of the ignore file matches nothing and looks like a mistake.",
    look: Look::Files(look),
};

/// The largest number of lines that are compared with existing names.
const MOST_COMPARED: usize = 300;

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    // A build that copies only a part of the context does not read the rest.
    if !subject.thorough && subject.plans.iter().all(|plan| plan.context_paths().is_some()) {
        return Ok(());
    }
    let ignored = subject.files.ignored;
    let Some(path) = ignored.file.as_deref().and_then(ContextPath::parse) else { return Ok(()) };
    let usual = Patterns::built_in();
    let mut source = None;
    let mut names = None;
    let mut compared = 0;
    for line in ignored.patterns.rules() {
        let finding = match certain(line) {
            Some(finding) => Some(finding),
            None => match alone(line).filter(|name| compared < MOST_COMPARED && !usual.matches(name)) {
                None => None,
                Some(name) => {
                    compared += 1;
                    if names.is_none() {
                        names = Some(shown(subject)?);
                    }
                    match names.iter().flatten().find(|known| near(name, known)) {
                        Some(meant) if !is_there(subject, name)? => Some((
                            format!("`{name}` is not in the build context"),
                            format!("did you mean `{meant}`?"),
                        )),
                        _ => None,
                    }
                }
            },
        };
        let Some((message, help)) = finding else { continue };
        if source.is_none() {
            let Some(bytes) = subject.files.context.read(&path)? else { return Ok(()) };
            let text = String::from_utf8_lossy(&bytes).into_owned();
            source = Some(Arc::new(Source::new(path.as_str(), text)));
        }
        if let (Some(source), Some(number)) = (&source, line.line) {
            sink.warn_in(source, source.line_span(number), message, vec![help]);
        }
    }
    Ok(())
}

/// An error that is visible in the line alone.
fn certain(line: &Line) -> Option<(String, String)> {
    let text = &line.text;
    if text.contains(" #") || text.contains("\t#") {
        let message = format!("`{text}` matches nothing: only a whole line can be a comment");
        return Some((message, "write the comment above it".to_owned()));
    }
    let path = text.trim_start_matches('!').trim_start_matches('/');
    if ContextPath::parse(path).is_none() {
        let message = format!("`{text}` matches nothing: it lies outside of the build context");
        return Some((message, "take it out".to_owned()));
    }
    None
}

/// The name in a line that is a single name at the top of the context and not a pattern.
fn alone(line: &Line) -> Option<&str> {
    let name = line.text.trim_start_matches('/').trim_end_matches('/');
    let plain = !name.is_empty() && !name.contains(['*', '?', '[', '\\', '/', '!']) && name != ".";
    plain.then_some(name)
}

/// The names at the top of the context that are not hidden.
fn shown(subject: &Subject<'_>) -> Result<BTreeSet<String>, ContextError> {
    let files = subject.files;
    let root = BTreeSet::from([ContextPath::root()]);
    let all = files.context.find(&root, &["*"], &files.ignored.patterns)?;
    Ok(all.iter().filter_map(|path| path.split('/').next()).map(str::to_owned).collect())
}

fn is_there(subject: &Subject<'_>, name: &str) -> Result<bool, ContextError> {
    match ContextPath::parse(name) {
        Some(path) => Ok(subject.files.context.kind(&path)?.is_some()),
        None => Ok(false),
    }
}

/// Whether two names differ only by one extra letter, or only by case.
fn near(name: &str, known: &str) -> bool {
    let one_more = known.chars().count().abs_diff(name.chars().count()) == 1;
    let one_off = one_more && strsim::levenshtein(name, known) == 1;
    name.len() > 2 && (one_off || (known.eq_ignore_ascii_case(name) && known != name))
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    const FILE: &str = "python.version = \"3.13\"\ndependencies.requirements = []\n";

    #[test]
    fn lines_that_cannot_match_are_told() {
        let context = [(".dockerignore", "# ours\n*.log # logs\n../secrets\n!/../x\n"), ("app.py", "")];
        let rule = "UnknownIgnoreEntry";
        assert_eq!(
            warnings(FILE, &context),
            [
                format!(
                    ".dockerignore:2: {rule}: `*.log # logs` matches nothing: only a whole line can be a comment"
                ),
                format!(
                    ".dockerignore:3: {rule}: `../secrets` matches nothing: it lies outside of the build context"
                ),
                format!(
                    ".dockerignore:4: {rule}: `!/../x` matches nothing: it lies outside of the build context"
                ),
            ]
        );
    }

    #[test]
    fn names_are_told_only_where_a_near_one_is_there_and_not_hidden() {
        let ignore = "test/\nREADME\nbuild\n.git\nvenv\nlist\nlog\n";
        let context = [
            (".dockerignore", ignore),
            ("tests/x.py", ""),
            ("readme", ""),
            ("git/x.py", ""),
            (".venv/x", ""),
            ("dist/x", ""),
            ("log/x", ""),
            ("logs/x", ""),
        ];
        assert_eq!(
            warnings(FILE, &context),
            [
                ".dockerignore:1: UnknownIgnoreEntry: `test` is not in the build context",
                ".dockerignore:2: UnknownIgnoreEntry: `README` is not in the build context",
            ]
        );
    }
}
