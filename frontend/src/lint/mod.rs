//! Lint: what works and is likely not meant, or not wise.
//!
//! Each rule is one file in `rules` and one line in [`RULES`]; its page is `docs/rules/ID.md`. A rule sees a
//! [`Subject`], which is made of what the other modules found out, and no engine. What it finds is a warning. Some
//! warnings and errors are found on the way, by the modules that read the project; they have an id too, and are listed
//! here without a function.

mod directive;
mod examine;
mod options;
mod places;
mod rules;
mod subject;
#[cfg(test)]
mod tests;

pub use directive::directive;
pub use examine::{Asked, examine};
pub use options::{CheckOptions, CheckOptionsError};
pub use rules::RULES;
pub use subject::Subject;

use std::sync::Arc;

use crate::diagnostics::{Diagnostics, Problem, Source, Span};
use crate::project::ContextError;

/// Where the pages of the rules are.
const PAGES: &str = "docs/rules/";

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name, as `RootUser`.
    pub id: &'static str,
    /// What it is about, in one sentence.
    pub summary: &'static str,
    look: Look,
}

/// What looks for what a rule is about.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// Whoever reads the project: it is found on the way.
    Elsewhere,
    /// A function over what is known.
    Known(fn(&Subject<'_>, &mut Sink<'_>)),
    /// A function that asks for more of the context.
    Files(fn(&Subject<'_>, &mut Sink<'_>) -> Result<(), ContextError>),
}

impl Rule {
    /// The rule of this name.
    pub fn named(id: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.id == id)
    }

    /// Its page.
    pub fn url(&self) -> String {
        format!("{PAGES}{}.md", self.id)
    }
}

/// Where a rule puts what it finds.
struct Sink<'a> {
    rule: &'static str,
    source: &'a Arc<Source>,
    found: &'a mut Diagnostics,
}

impl Sink<'_> {
    /// Warns at a place of the build file.
    fn warn(&mut self, span: Span, message: String, help: Vec<String>) {
        let source = Arc::clone(self.source);
        self.warn_in(&source, span, message, help);
    }

    /// Warns at a place of another file.
    fn warn_in(&mut self, source: &Arc<Source>, span: Span, message: String, help: Vec<String>) {
        self.found.report(source, span, Problem::Lint { rule: self.rule, message, help });
    }
}

/// Applies every rule that `options` leave on. The spec and project must be free of errors.
///
/// # Errors
/// If the context cannot be read.
pub fn check(
    subject: &Subject<'_>,
    options: &CheckOptions,
    found: &mut Diagnostics,
) -> Result<(), ContextError> {
    for rule in RULES.iter().filter(|rule| !options.skips(rule.id)) {
        let mut sink = Sink { rule: rule.id, source: &subject.spec.source, found };
        match rule.look {
            Look::Elsewhere => {}
            Look::Known(look) => look(subject, &mut sink),
            Look::Files(look) => look(subject, &mut sink)?,
        }
    }
    Ok(())
}

/// The message of a warning or error, with the id of its rule as docker/dockerfile writes it.
pub fn labelled(problem: &Problem) -> String {
    match problem.rule() {
        Some(rule) => format!("{rule}: {problem}"),
        None => problem.to_string(),
    }
}
