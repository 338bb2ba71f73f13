//! Messages for users: problems, their places, and help texts.
//!
//! Every module reports a [`Problem`] at a place in a [`Source`]. The type and the texts of the problems are
//! in [`problem`], the only place with messages for users. All problems of a run are collected, so a user can
//! correct a file in a single pass. This module only sorts and words the problems. The gateway renders them
//! as BuildKit source errors, and the command line renders them on a terminal.

mod cures;
mod nearest;
pub mod problem;
mod source;
mod words;

pub use nearest::{nearest, some_of};
pub use problem::Problem;
pub use source::{Place, Position, Source, Span};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::address::{has_credentials, without_credentials};

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The build stops.
    Error,
    /// The build continues.
    Warning,
}

/// A problem at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// The problem.
    pub problem: Problem,
    /// The file.
    pub source: Arc<Source>,
    /// The bytes of the file to mark.
    pub span: Span,
}

impl Diagnostic {
    /// Whether the diagnostic is an error or a warning.
    pub fn severity(&self) -> Severity {
        self.problem.severity()
    }

    /// The line of the first marked byte, from 1.
    pub fn line(&self) -> u32 {
        self.source.position(self.span.start).line
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.with_help())
    }
}

/// The problems of a run, in the order of their discovery.
///
/// At most [`Diagnostics::MOST`] problems of each kind are kept. The others are only counted, by place, and
/// an extra problem reports their number. The first hundred errors are enough to correct a file with a
/// hundred thousand errors.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    /// The number of problems in `found`, by kind.
    kept: BTreeMap<Kind, usize>,
    /// The places of the problems that are not in `found`, by kind and file.
    left_out: BTreeMap<Kind, BTreeMap<String, BTreeSet<Span>>>,
}

/// The unit of the limit: all errors together, and the warnings of each lint rule. So a skipped rule uses no
/// space of other rules.
type Kind = (Severity, Option<&'static str>);

impl Diagnostics {
    /// The most problems of each kind that are kept.
    pub const MOST: usize = 100;

    /// Adds a problem at `span` of `source`. The same problem at the same place is added only once.
    pub fn report(&mut self, source: &Arc<Source>, span: Span, problem: Problem) {
        self.take(Diagnostic { problem, source: Arc::clone(source), span });
    }

    /// Like [`Diagnostics::report`], for an error whose message is expensive to make. `problem` is called
    /// only if there is space for another error.
    pub fn report_with(&mut self, source: &Arc<Source>, span: Span, problem: impl FnOnce() -> Problem) {
        if self.is_full() {
            self.leave_out((Severity::Error, None), source, span);
        } else {
            self.report(source, span, problem());
        }
    }

    /// Whether further errors are only counted.
    pub fn is_full(&self) -> bool {
        self.is_full_of((Severity::Error, None))
    }

    /// Adds a problem if an address in a requirement has a user name or a password.
    pub fn report_credentials(&mut self, requirement: &str, source: &Arc<Source>, span: Span) {
        if has_credentials(requirement) {
            let end = requirement.find(['@', ' ', ';', '=']).unwrap_or(requirement.len());
            let package = requirement.get(..end).unwrap_or_default().trim().to_owned();
            let address = without_credentials(requirement).into_owned();
            // A requirement that is only an address has no package name before the `@`.
            let package = if package.contains("://") { address.clone() } else { package };
            let is_git = address.contains("git+");
            self.report(source, span, Problem::CredentialsInAddress { package, address, is_git });
        }
    }

    /// Adds all problems of `other`.
    pub fn extend(&mut self, other: Self) {
        for diagnostic in other.found {
            match diagnostic.problem {
                Problem::LeftOut { .. } => {}
                _ => self.take(diagnostic),
            }
        }
        for (kind, files) in other.left_out {
            for (name, spans) in files {
                self.left_out.entry(kind).or_default().entry(name).or_default().extend(spans);
            }
            self.count(kind);
        }
    }

    fn is_full_of(&self, kind: Kind) -> bool {
        self.kept.get(&kind).is_some_and(|kept| *kept >= Self::MOST)
    }

    fn take(&mut self, diagnostic: Diagnostic) {
        let kind = (diagnostic.severity(), diagnostic.problem.rule());
        if self.found.contains(&diagnostic) {
            return;
        }
        if self.is_full_of(kind) {
            self.leave_out(kind, &diagnostic.source, diagnostic.span);
            return;
        }
        *self.kept.entry(kind).or_default() += 1;
        self.found.push(diagnostic);
    }

    fn leave_out(&mut self, kind: Kind, source: &Arc<Source>, span: Span) {
        let files = self.left_out.entry(kind).or_default();
        match files.get_mut(&source.name) {
            Some(spans) => {
                spans.insert(span);
            }
            None => {
                files.insert(source.name.clone(), BTreeSet::from([span]));
            }
        }
        self.count(kind);
    }

    /// Updates the problem that reports how many problems of a kind are not kept.
    fn count(&mut self, kind: Kind) {
        let (severity, rule) = kind;
        let count = self.left_out.get(&kind).map_or(0, |files| files.values().map(BTreeSet::len).sum());
        let told = |one: &&mut Diagnostic| {
            matches!(one.problem, Problem::LeftOut { .. }) && (one.severity(), one.problem.rule()) == kind
        };
        if let Some(told) = self.found.iter_mut().find(told) {
            told.problem = Problem::LeftOut { count, severity, rule };
            return;
        }
        let of_kind = |one: &&Diagnostic| (one.severity(), one.problem.rule()) == kind;
        if let Some(last) = self.found.iter().rfind(of_kind) {
            let (source, span) = (Arc::clone(&last.source), last.span);
            self.found.push(Diagnostic { problem: Problem::LeftOut { count, severity, rule }, source, span });
        }
    }

    /// Removes all problems for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&Diagnostic) -> bool) {
        self.found.retain(keep);
        self.kept.clear();
        for one in self.found.iter().filter(|one| !matches!(one.problem, Problem::LeftOut { .. })) {
            *self.kept.entry((one.severity(), one.problem.rule())).or_default() += 1;
        }
        let kept = &self.kept;
        self.left_out.retain(|kind, _| kept.contains_key(kind));
        let there = |one: &Diagnostic| kept.contains_key(&(one.severity(), one.problem.rule()));
        self.found.retain(there);
    }

    /// Whether there is an error, so that the build has to stop.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|d| d.severity() == Severity::Error)
    }

    /// The errors, sorted by file and place.
    pub fn errors(&self) -> Vec<&Diagnostic> {
        self.of(Severity::Error)
    }

    /// The warnings, sorted by file and place.
    pub fn warnings(&self) -> Vec<&Diagnostic> {
        self.of(Severity::Warning)
    }

    fn of(&self, severity: Severity) -> Vec<&Diagnostic> {
        let mut chosen: Vec<_> = self.found.iter().filter(|d| d.severity() == severity).collect();
        // The number of problems that are not listed comes last.
        let counts = |one: &Diagnostic| matches!(one.problem, Problem::LeftOut { .. });
        chosen.sort_by(|a, b| {
            let place = |one: &Diagnostic| (counts(one), one.span.start, one.span.end);
            (counts(a), &a.source.name, place(a)).cmp(&(counts(b), &b.source.name, place(b)))
        });
        chosen
    }

    /// All errors as a text: the message alone for a single error, or a list with line numbers for several.
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
