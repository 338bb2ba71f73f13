//! What a user is told: problems, where they are, and what to do.
//!
//! Every module reports a [`Problem`] (typed, in [`problem`], the one place with text for users) at a
//! place in a [`Source`]. Problems are collected, never thrown at the first: a file is mended in one pass.
//! Rendering is the business of whoever shows them (the gateway as typed source errors, the CLI on a
//! terminal); this module only orders and words them.

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
///
/// Of each kind, [`Diagnostics::MOST`] are kept. The places of the others are counted, and the number is told as a
/// problem of its own. A file with a hundred thousand mistakes is mended from the first hundred.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    found: Vec<Diagnostic>,
    /// How many of a kind are in `found`.
    kept: BTreeMap<Kind, usize>,
    /// By kind and file: the places of what is not in `found`.
    left_out: BTreeMap<Kind, BTreeMap<String, BTreeSet<Span>>>,
}

/// What is bounded together: errors, and the warnings of each rule. A rule that is skipped takes nothing from others.
type Kind = (Severity, Option<&'static str>);

impl Diagnostics {
    /// The most problems of a kind that are kept.
    pub const MOST: usize = 100;

    /// Notes a problem at `span` of `source`. A repeated note of the same problem at the same place is dropped.
    pub fn report(&mut self, source: &Arc<Source>, span: Span, problem: Problem) {
        self.take(Diagnostic { problem, source: Arc::clone(source), span });
    }

    /// As [`Diagnostics::report`] of an error, where it costs something to say what is wrong: `problem` is only asked
    /// while there is room for it.
    pub fn report_with(&mut self, source: &Arc<Source>, span: Span, problem: impl FnOnce() -> Problem) {
        if self.is_full() {
            self.leave_out((Severity::Error, None), source, span);
        } else {
            self.report(source, span, problem());
        }
    }

    /// Whether another error is only counted.
    pub fn is_full(&self) -> bool {
        self.is_full_of((Severity::Error, None))
    }

    /// Notes that a requirement has a user name or password in an address.
    pub fn report_credentials(&mut self, requirement: &str, source: &Arc<Source>, span: Span) {
        if has_credentials(requirement) {
            let end = requirement.find(['@', ' ', ';', '=']).unwrap_or(requirement.len());
            let package = requirement.get(..end).unwrap_or_default().trim().to_owned();
            let address = without_credentials(requirement).into_owned();
            // An address that stands alone has no package before its `@`.
            let package = if package.contains("://") { address.clone() } else { package };
            let is_git = address.contains("git+");
            self.report(source, span, Problem::CredentialsInAddress { package, address, is_git });
        }
    }

    /// Takes over everything that `other` found.
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

    /// Writes down how many problems of a kind are not listed, where the last of them is that is.
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

    /// Forgets what `keep` says no to.
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
        // The number of those that are not listed comes last.
        let counts = |one: &Diagnostic| matches!(one.problem, Problem::LeftOut { .. });
        chosen.sort_by(|a, b| {
            let place = |one: &Diagnostic| (counts(one), one.span.start, one.span.end);
            (counts(a), &a.source.name, place(a)).cmp(&(counts(b), &b.source.name, place(b)))
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
