//! The options of the checks, from `# check=…` in the build file or from the build arg
//! `BUILDKIT_DOCKERFILE_CHECK`.

use super::{Rule, directive, rules};
use crate::diagnostics::nearest;
use crate::diagnostics::{Diagnostic, Diagnostics, Problem, Severity, Source, Span};

use std::collections::BTreeSet;
use std::sync::Arc;

/// The text has no valid options. The message lists the valid options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`skip=`, `experimental=` (rules or `all`) and `error=`, separated by `;`")]
pub struct CheckOptionsError;

/// The options of the checks of a build file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Skips all checks.
    pub skip_all: bool,
    /// Skips these checks.
    pub skip: Vec<String>,
    /// Adds all experimental checks. There are no experimental checks. The option exists because
    /// docker/dockerfile has it.
    pub experimental_all: bool,
    /// Adds these experimental checks.
    pub experimental: Vec<String>,
    /// Makes the build fail if a check has a warning.
    pub error: bool,
}

impl CheckOptions {
    /// Parses `skip=Rule,Rule|all;error=true;experimental=Rule|all`.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn parse(text: &str) -> Result<Self, CheckOptionsError> {
        let mut options = Self::default();
        for part in text.trim().split(';').filter(|_| !text.trim().is_empty()) {
            let (name, value) = part.split_once('=').ok_or(CheckOptionsError)?;
            let value = value.trim();
            let rules = || value.split(',').map(|rule| rule.trim().to_owned()).collect();
            match name.trim() {
                "skip" if value == "all" => options.skip_all = true,
                "skip" => options.skip = rules(),
                "experimental" if value == "all" => options.experimental_all = true,
                "experimental" => options.experimental = rules(),
                "error" => options.error = boolean(value).ok_or(CheckOptionsError)?,
                _ => return Err(CheckOptionsError),
            }
        }
        Ok(options)
    }

    /// The build arg that replaces the options of the file. docker/dockerfile has the same build arg.
    pub const ARG: &str = "BUILDKIT_DOCKERFILE_CHECK";

    /// The options of the client (`given`), or else of the build file. An invalid directive is an error. An
    /// unknown rule is a warning.
    pub fn of(source: &Arc<Source>, given: Option<&Self>, found: &mut Diagnostics) -> Self {
        if let Some(given) = given {
            return given.clone();
        }
        let Some(written) = directive(source, "check") else { return Self::default() };
        let Ok(options) = Self::parse(&written.value) else {
            found.report(source, written.span, Problem::BadCheckOptions { value: written.value });
            return Self::default();
        };
        let known = || rules::RULES.iter().map(|rule| rule.id);
        for name in options.skip.iter().filter(|name| Rule::named(name).is_none()) {
            let at = written.value.find(name.as_str()).unwrap_or(0) + written.span.start;
            let span = Span { start: at, end: at + name.len() };
            let suggestion = nearest(name, known());
            found.report(source, span, Problem::UnknownRule { name: name.clone(), suggestion });
        }
        options
    }

    /// Whether the warnings of this rule are skipped.
    pub fn skips(&self, rule: &str) -> bool {
        self.skip_all || self.names(rule)
    }

    fn names(&self, rule: &str) -> bool {
        self.skip.iter().any(|name| name == rule)
    }

    /// Removes the skipped problems from `found`: warnings of skipped rules, and errors that a user may skip,
    /// if the user names their rule. `all` skips only warnings.
    pub fn apply(&self, found: &mut Diagnostics) {
        found.retain(|diagnostic: &Diagnostic| {
            let Some(rule) = diagnostic.problem.rule() else { return true };
            match diagnostic.severity() {
                Severity::Warning => !self.skips(rule),
                Severity::Error => !(self.names(rule) && diagnostic.problem.can_be_skipped()),
            }
        });
    }

    /// The error of a build if warnings count as errors and there are warnings.
    pub fn violation(&self, found: &Diagnostics) -> Option<String> {
        let warnings = found.warnings();
        let rules: BTreeSet<_> = warnings.iter().filter_map(|warning| warning.problem.rule()).collect();
        let rules: Vec<_> = rules.into_iter().collect();
        (self.error && !rules.is_empty())
            .then(|| format!("lint violation found for rules: {}", rules.join(", ")))
    }
}

/// A boolean with the values of Go's `strconv.ParseBool`.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (CheckOptions, Vec<String>) {
        let source = Arc::new(Source::new("pybuild.toml", text));
        let mut found = Diagnostics::default();
        let options = CheckOptions::of(&source, None, &mut found);
        let all = found.errors().into_iter().chain(found.warnings());
        (options, all.map(|one| format!("{}-{}: {}", one.span.start, one.span.end, one.problem)).collect())
    }

    #[test]
    fn a_file_says_which_rules_are_skipped_and_whether_warnings_fail() {
        let (options, problems) = of("# check=skip=RootUser, StaleLock;error=true\n");
        assert_eq!(problems, Vec::<String>::new());
        assert!(options.skips("RootUser") && options.skips("StaleLock") && !options.skips("UnusedArg"));
        assert!(options.error);
        assert!(of("# check=skip=all\n").0.skips("UnusedArg"));
    }

    #[test]
    fn what_the_client_says_replaces_what_the_file_says() {
        let source = Arc::new(Source::new("pybuild.toml", "# check=skip=all;error=true\n"));
        let given = CheckOptions::parse("skip=UnusedArg").unwrap();
        let options = CheckOptions::of(&source, Some(&given), &mut Diagnostics::default());
        assert!(!options.error && !options.skips("RootUser") && options.skips("UnusedArg"));
    }

    #[test]
    fn mistakes_in_the_directive_are_told_at_their_place() {
        let (_, problems) = of("# check=skip=UnusedArg,RotUser\n");
        assert_eq!(problems, ["23-30: there is no rule `RotUser` to skip; did you mean `RootUser`?"]);
        let (_, problems) = of("# check=skip\n");
        assert_eq!(problems, ["8-12: `skip` does not say how to check"]);
    }

    #[test]
    fn all_skips_warnings_and_an_error_only_by_its_name() {
        let source = Arc::new(Source::new("pybuild.toml", ""));
        let mut found = Diagnostics::default();
        let stale = Problem::StaleLock {
            lock: "uv.lock".into(),
            manifest: "pyproject.toml".into(),
            reason: "x".into(),
            command: "uv lock".into(),
        };
        found.report(&source, Span::default(), stale);
        found.report(&source, Span::default(), Problem::NoDependencies { unread: None });
        let mut all = found.clone();
        CheckOptions::parse("skip=all").unwrap().apply(&mut all);
        assert_eq!((all.errors().len(), all.warnings().len()), (1, 0));
        CheckOptions::parse("skip=StaleLock").unwrap().apply(&mut found);
        assert_eq!((found.errors().len(), found.warnings().len()), (0, 1));
    }

    #[test]
    fn a_violation_names_each_rule_once() {
        let source = Arc::new(Source::new("pybuild.toml", "a\nb\n"));
        let mut found = Diagnostics::default();
        for (line, rule) in [(1, "RootUser"), (2, "RootUser"), (1, "UnusedArg")] {
            let problem = Problem::Lint { rule, message: "m".into(), help: Vec::new() };
            found.report(&source, source.line_span(line), problem);
        }
        let strict = CheckOptions::parse("error=true").unwrap();
        let expected = "lint violation found for rules: RootUser, UnusedArg";
        assert_eq!(strict.violation(&found).as_deref(), Some(expected));
        assert_eq!(CheckOptions::default().violation(&found), None);
        assert_eq!(strict.violation(&Diagnostics::default()), None);
    }
}
