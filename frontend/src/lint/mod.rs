//! Lint rules: warnings about builds that work, but are probably a mistake or not wise.
//!
//! Each rule has a file in `rules`, a line in [`RULES`], and a page `docs/rules/ID.md`. A rule reads a
//! [`Subject`], which has the results of the other modules, and uses no engine. The findings of a rule are
//! warnings. The modules that read the project also find some warnings and errors. These have an id too, and
//! are in [`RULES`] without a function.

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

/// The folder with the pages of the rules.
const PAGES: &str = "docs/rules/";

/// A lint rule.
#[derive(Debug)]
pub struct Rule {
    /// The stable name, such as `RootUser`.
    pub id: &'static str,
    /// A summary in one sentence.
    pub summary: &'static str,
    look: Look,
}

/// The implementation of a rule.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// The modules that read the project report it.
    Elsewhere,
    /// A function that needs only known facts.
    Known(fn(&Subject<'_>, &mut Sink<'_>)),
    /// A function that reads more files of the context.
    Files(fn(&Subject<'_>, &mut Sink<'_>) -> Result<(), ContextError>),
}

impl Rule {
    /// The rule with this name.
    pub fn named(id: &str) -> Option<&'static Self> {
        RULES.iter().copied().find(|rule| rule.id == id)
    }

    /// The path of its page.
    pub fn url(&self) -> String {
        format!("{PAGES}{}.md", self.id)
    }
}

/// The output of a rule.
struct Sink<'a> {
    rule: &'static str,
    source: &'a Arc<Source>,
    found: &'a mut Diagnostics,
}

impl Sink<'_> {
    /// Adds a warning at a place in the build file.
    fn warn(&mut self, span: Span, message: String, help: Vec<String>) {
        let source = Arc::clone(self.source);
        self.warn_in(&source, span, message, help);
    }

    /// Adds a warning at a place in another file.
    fn warn_in(&mut self, source: &Arc<Source>, span: Span, message: String, help: Vec<String>) {
        self.found.report(source, span, Problem::Lint { rule: self.rule, message, help });
    }
}

/// Runs every rule that `options` does not skip. The spec and the project must be free of errors.
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

/// The message of a problem, with the id of its rule before it, in the format of docker/dockerfile.
pub fn labelled(problem: &Problem) -> String {
    match problem.rule() {
        Some(rule) => format!("{rule}: {problem}"),
        None => problem.to_string(),
    }
}
