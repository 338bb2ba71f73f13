//! What a user is told: problems, where they are, and what to do.
//!
//! Every module reports a [`Problem`] (typed, in [`problem`], the one place with text for users) at a
//! place in a [`Source`]. Problems are collected, never thrown at the first: a file is mended in one pass.
//! Rendering is the business of whoever shows them (the gateway as typed source errors, the CLI on a
//! terminal); this module only orders and words them.

pub mod problem;
mod source;

pub use problem::Problem;
pub use source::{Place, Position, Source, Span};

use std::fmt;
use std::sync::Arc;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The build cannot go on.
    Error,
    /// The build goes on; the user should know.
    Warning,
}

/// One problem at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// What is wrong.
    pub problem: Problem,
    /// The file it is about.
    pub source: Arc<Source>,
    /// The bytes of the file that are to be marked.
    pub span: Span,
}

impl Diagnostic {
    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.problem.severity()
    }

    /// The line (from 1) where the marked text starts.
    pub fn line(&self) -> u32 {
        self.source.position(self.span.start).line
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.with_help())
    }
}

/// The problems of one run, in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Notes a problem at `span` of `source`. A repeated note of the same problem at the same place is dropped.
    pub fn report(&mut self, source: &Arc<Source>, span: Span, problem: Problem) {
        let diagnostic = Diagnostic { problem, source: Arc::clone(source), span };
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    /// Takes over everything that `other` found.
    pub fn extend(&mut self, other: Self) {
        for diagnostic in other.found {
            if !self.found.contains(&diagnostic) {
                self.found.push(diagnostic);
            }
        }
    }

    /// Forgets what `keep` says no to.
    pub fn retain(&mut self, keep: impl Fn(&Diagnostic) -> bool) {
        self.found.retain(keep);
    }

    /// Whether a build can go on.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity() == Severity::Error)
    }

    /// The errors, by file and place.
    pub fn errors(&self) -> Vec<&Diagnostic> {
        self.of(Severity::Error)
    }

    /// The warnings, by file and place.
    pub fn warnings(&self) -> Vec<&Diagnostic> {
        self.of(Severity::Warning)
    }

    fn of(&self, severity: Severity) -> Vec<&Diagnostic> {
        let mut chosen: Vec<_> = self.found.iter().filter(|d| d.severity() == severity).collect();
        chosen.sort_by(|a, b| {
            (&a.source.name, a.span.start, a.span.end).cmp(&(&b.source.name, b.span.start, b.span.end))
        });
        chosen
    }

    /// All errors as one text: the bare message for one, a numbered-by-line list for several.
    pub fn summary(&self) -> String {
        let errors = self.errors();
        if let [only] = errors.as_slice() {
            return only.to_string();
        }
        let mut text = format!("{} problems found", errors.len());
        for error in errors {
            let body = error.to_string().replace('\n', "\n  ");
            text.extend(["\n", &error.source.name, ":", &error.line().to_string(), ": ", &body]);
        }
        text
    }
}
