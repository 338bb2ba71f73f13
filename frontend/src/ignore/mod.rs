//! The paths of a context that an ignore file hides, with the rules of Docker's `.dockerignore`.
//!
//! BuildKit's client filters the context with the strings of [`Patterns::to_strings`]. The matcher here
//! answers questions before the transfer of the context, and explains messages such as "`app/` is hidden by
//! line 3 of `.dockerignore`".
//!
//! No input or output: the caller reads the ignore file.

mod clean;
mod pattern;
mod positions;
#[cfg(test)]
mod tests;

pub use clean::clean_path;
pub use pattern::Malformed;

use pattern::Pattern;
use positions::Path;

/// The rules for a context without an ignore file.
///
/// These rules hide only files that no image needs: output of tools, files of editors and of version control,
/// and files that usually hold secrets. `build` and `dist` are not in the list on purpose, because they are
/// packages or inputs in many projects. No rule is negated, so a client does not have to look into hidden
/// folders.
pub const BUILT_IN: &[&str] = &[
    "**/.git",
    "**/.hg",
    "**/.svn",
    "**/__pycache__",
    "**/*.pyc",
    "**/*.pyo",
    "**/.venv",
    "venv",
    "**/node_modules",
    "**/.env",
    "**/.env.*",
    "**/.pytest_cache",
    "**/.mypy_cache",
    "**/.ruff_cache",
    "**/.hypothesis",
    "**/.ipynb_checkpoints",
    "**/.tox",
    "**/.nox",
    "**/.coverage",
    "**/.coverage.*",
    "**/htmlcov",
    "**/.idea",
    "**/.vscode",
    "**/.DS_Store",
    "**/*.egg-info",
];

/// A rule as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The line without blanks at its ends, including a `!`.
    pub text: String,
    /// The line number in the ignore file, from 1. `None` for rules that come from no file.
    pub line: Option<u32>,
}

/// A rule with an invalid pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid ignore pattern: {problem}", rule.text)]
pub struct PatternError {
    /// The rule, with its line number.
    pub rule: Rule,
    /// The error in the pattern.
    pub problem: Malformed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Compiled {
    rule: Rule,
    /// The string for the engine.
    sent: String,
    negated: bool,
    pattern: Pattern,
}

/// The rules of an ignore file, in their order. The last rule that matches a path decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    rules: Vec<Compiled>,
}

impl Patterns {
    /// Parses an ignore file. A byte order mark and CRLF are accepted. `#` starts a comment only as the first
    /// character of a line.
    ///
    /// # Errors
    /// [`PatternError`] for the first invalid rule. An engine would refuse the whole transfer for this rule.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = (1..).zip(text.lines());
        lines
            .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty())
            .map(|(number, line)| compile(line, Some(number)))
            .collect::<Result<_, _>>()
            .map(|rules| Self { rules })
    }

    /// Compiles rules that come from no file, such as [`BUILT_IN`] or exclusions in a build file.
    ///
    /// # Errors
    /// [`PatternError`] for the first invalid rule.
    pub fn from_rules<'a>(rules: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternError> {
        rules
            .into_iter()
            .filter(|rule| !rule.trim().is_empty())
            .map(|rule| compile(rule, None))
            .collect::<Result<_, _>>()
            .map(|rules| Self { rules })
    }

    /// The rules of [`BUILT_IN`].
    pub fn built_in() -> Self {
        // A test checks that all built-in rules are valid. If a rule were invalid, hiding nothing would be
        // harmless.
        Self::from_rules(BUILT_IN.iter().copied()).unwrap_or_default()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether the rules hide `path`. The path is relative to the context and has `/` between its parts. A
    /// path is also hidden if a parent folder is hidden and no later rule re-includes the path. The context
    /// itself is never hidden.
    pub fn matches(&self, path: &str) -> bool {
        self.excluding_rule(path).is_some()
    }

    /// The rule that hides `path`. `None` if the path is part of the context.
    pub fn excluding_rule(&self, path: &str) -> Option<&Rule> {
        let path = clean_path(path);
        let path = path.trim_start_matches('/');
        if path.is_empty() || path == "." || self.rules.is_empty() {
            return None;
        }
        let path = Path::new(path);
        let mut excluding = None;
        for compiled in &self.rules {
            // A rule that would not change the result is skipped, so the result is the earliest rule that
            // hides the path.
            if compiled.negated == excluding.is_some() && compiled.pattern.matches(&path) {
                excluding = if compiled.negated { None } else { Some(&compiled.rule) };
            }
        }
        excluding
    }

    /// The largest number of paths to match when a whole context is searched. It is millions for usual rules,
    /// and less for very many rules.
    pub fn most_paths(&self) -> usize {
        const STEPS: usize = 200_000_000;
        STEPS / (100 + self.rules.iter().map(|compiled| compiled.pattern.steps()).sum::<usize>())
    }

    /// The rules as the author wrote them.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }

    /// The rules as exclude patterns for the engine, in order. Negated rules begin with `!`. The strings are
    /// the same as those of Docker's own parser of ignore files.
    pub fn to_strings(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.sent.clone()).collect()
    }
}

/// Compiles a line of an ignore file as Docker does, in two steps: the client parses the line to a rule, and
/// the matcher of the engine parses this rule again.
fn compile(line: &str, number: Option<u32>) -> Result<Compiled, PatternError> {
    let rule = Rule { text: line.trim().to_owned(), line: number };
    let Some(sent) = rule_of_line(&rule.text) else {
        return Err(PatternError { rule, problem: Malformed::EmptyNegation });
    };
    let (negated, cleaned) = pattern_of_rule(&sent);
    if negated && cleaned.is_empty() {
        return Err(PatternError { rule, problem: Malformed::EmptyNegation });
    }
    match Pattern::compile(&cleaned) {
        Ok(pattern) => Ok(Compiled { rule, sent, negated, pattern }),
        Err(problem) => Err(PatternError { rule, problem }),
    }
}

/// The rule that Docker's parser of ignore files makes from a line without blanks at its ends. `None` for a
/// lone `!`.
fn rule_of_line(line: &str) -> Option<String> {
    let (mark, body) = match line.strip_prefix('!') {
        Some(body) => ("!", body.trim()),
        None => ("", line),
    };
    if body.is_empty() {
        return None;
    }
    let cleaned = clean_path(body);
    let relative = cleaned.strip_prefix('/').filter(|relative| !relative.is_empty()).unwrap_or(&cleaned);
    Some(format!("{mark}{relative}"))
}

/// Whether a rule is negated, and its pattern, as the matcher of the engine parses the rule. The matcher
/// removes blanks at the ends and cleans the path again. So `/!a` in a file is the negated rule `!a`, and
/// `/\tb` is `b`.
fn pattern_of_rule(rule: &str) -> (bool, String) {
    let cleaned = clean_path(rule.trim());
    match cleaned.strip_prefix('!') {
        Some(taken_back) => (true, taken_back.to_owned()),
        None => (false, cleaned),
    }
}
