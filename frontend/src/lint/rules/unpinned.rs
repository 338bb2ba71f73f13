//! Warns of requirements for which pip may choose another version in each build.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::diagnostics::Source;
use crate::lint::{Look, Rule, Sink, Subject};
use crate::pep508::{Requirement, Wanted};
use crate::project::ContextError;
use crate::spec::Installer;

pub(super) const RULE: Rule = Rule {
    id: "UnpinnedDependencies",
    summary: "With `installer = \"pip\"`, a requirement names no exact version.",
    look: Look::Files(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    if subject.spec.dependencies.installer != Installer::Pip {
        return Ok(());
    }
    let requirements = &subject.project.requirements;
    let mut sources = Vec::new();
    for path in &requirements.inputs {
        let Some(bytes) = subject.files.context.read(path)? else { continue };
        sources.push(Arc::new(Source::new(path.as_str(), String::from_utf8_lossy(&bytes).into_owned())));
    }
    // A constraints file can pin requirements of another file.
    let pinned: BTreeSet<_> =
        sources.iter().flat_map(|source| lines(source)).filter(|line| line.exact).collect();
    let pinned: BTreeSet<_> = pinned.into_iter().map(|line| line.name).collect();
    let help = || vec!["name exact versions, as `uv pip compile` and `pip freeze` write them".to_owned()];
    for source in &sources {
        let open = lines(source).into_iter().find(|line| !line.exact && !pinned.contains(&line.name));
        if let Some(line) = open {
            let message =
                format!("`{}` is not pinned: the next build may install another version", line.name);
            sink.warn_in(source, source.line_span(line.number), message, help());
        }
    }
    let inline = requirements.inline.iter().filter_map(|text| Requirement::parse(text).ok());
    if let Some(open) = inline.into_iter().find(|one| !is_exact(one) && !pinned.contains(one.name.as_str())) {
        let message =
            format!("`{}` is not pinned: the next build may install another version", open.name.as_str());
        sink.warn(subject.spec.anywhere(), message, help());
    }
    Ok(())
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    name: String,
    exact: bool,
    number: u32,
}

fn lines(source: &Source) -> Vec<Line> {
    let numbered = (1..).zip(source.text.lines());
    let read = numbered.filter_map(|(number, text)| {
        let text = text.split(" #").next()?.split(" --").next()?.trim().trim_end_matches('\\').trim();
        if text.is_empty() || text.starts_with(['#', '-']) {
            return None;
        }
        let requirement = Requirement::parse(text).ok()?;
        Some(Line { name: requirement.name.as_str().to_owned(), exact: is_exact(&requirement), number })
    });
    read.collect()
}

/// Whether a requirement allows only a single version, or has an address.
fn is_exact(requirement: &Requirement) -> bool {
    requirement.pinned().is_some() || !matches!(requirement.wanted, Wanted::Versions(_))
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    const FILE: &str = "python.version = \"3.13\"\ndependencies.installer = \"pip\"\n";

    #[test]
    fn the_first_open_requirement_of_a_file_is_told() {
        let context = [("requirements.txt", "# app\ngunicorn==23.0.0\nflask>=3 # web\njinja2\n")];
        let message =
            "UnpinnedDependencies: `flask` is not pinned: the next build may install another version";
        assert_eq!(warnings(FILE, &context), [format!("requirements.txt:3: {message}")]);
    }

    #[test]
    fn pins_and_constraints_are_enough() {
        let context = [
            ("requirements.txt", "-c constraints.txt\nflask\nshop @ https://files.example/shop.zip\n"),
            ("constraints.txt", "Flask==3.1.0\n"),
        ];
        assert_eq!(warnings(FILE, &context), Vec::<String>::new());
    }
}
