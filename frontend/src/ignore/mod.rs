//! Which paths of a context an ignore file hides, as Docker reads `.dockerignore`.
//!
//! The engine's client does the real filtering: it is sent [`Patterns::to_strings`]. Matching here serves what has to
//! be known before anything is transferred, and messages such as "`app/` is hidden by line 3 of `.dockerignore`".
//!
//! Pure: text in, answers out. Reading the file is up to the caller.

mod clean;
mod pattern;
mod positions;
#[cfg(test)]
mod tests;

pub use clean::clean_path;
pub use pattern::Malformed;

use pattern::Pattern;
use positions::Path;

/// The rules that apply where a context has no ignore file.
///
/// Only what is never wanted in an image: results of tools, editor and version control data, and files that
/// customarily hold secrets. `build` and `dist` are missing on purpose, they are packages or inputs in many projects.
/// No rule is negated, so that a client need not walk into hidden directories.
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
    /// The line without surrounding blanks, `!` included.
    pub text: String,
    /// The line in the ignore file, from 1. `None` for rules that come from no file.
    pub line: Option<u32>,
}

/// A rule that is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid ignore pattern: {problem}", rule.text)]
pub struct PatternError {
    /// The rule, with its line.
    pub rule: Rule,
    /// What is wrong with it.
    pub problem: Malformed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Compiled {
    rule: Rule,
    /// What the engine is sent.
    sent: String,
    negated: bool,
    pattern: Pattern,
}

/// The rules of an ignore file, in their order: the last one that matches a path decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    rules: Vec<Compiled>,
}

impl Patterns {
    /// Reads an ignore file. A byte order mark and CRLF are accepted; `#` begins a comment only as the first
    /// character of a line.
    ///
    /// # Errors
    /// [`PatternError`] for the first malformed rule; an engine would refuse the whole transfer for it.
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
    /// [`PatternError`] for the first malformed rule.
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
        // A test holds that all of them are well formed; hiding nothing is the harmless way to be wrong.
        Self::from_rules(BUILT_IN.iter().copied()).unwrap_or_default()
    }

    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether the rules hide `path`, which is relative to the context, with `/` between its parts. A path is hidden
    /// too if one of its parents is and no later rule takes it back. The context itself is never hidden.
    pub fn matches(&self, path: &str) -> bool {
        self.excluding_rule(path).is_some()
    }

    /// The rule that hides `path`, or `None` if it is part of the context.
    pub fn excluding_rule(&self, path: &str) -> Option<&Rule> {
        let path = clean_path(path);
        let path = path.trim_start_matches('/');
        if path.is_empty() || path == "." || self.rules.is_empty() {
            return None;
        }
        let path = Path::new(path);
        let mut excluding = None;
        for compiled in &self.rules {
            // A rule that would change nothing is not asked, so the earliest rule is the one reported.
            if compiled.negated == excluding.is_some() && compiled.pattern.matches(&path) {
                excluding = if compiled.negated { None } else { Some(&compiled.rule) };
            }
        }
        excluding
    }

    /// How many paths may be compared with the rules where a whole context is looked through: millions with the rules
    /// that people write, fewer with very many of them.
    pub fn most_paths(&self) -> usize {
        const STEPS: usize = 200_000_000;
        STEPS / (100 + self.rules.iter().map(|compiled| compiled.pattern.steps()).sum::<usize>())
    }

    /// The rules as they are written.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }

    /// The rules as the engine's exclude patterns, in order, with `!` where a rule takes paths back: the same strings
    /// that Docker's own reader of ignore files gives.
    pub fn to_strings(&self) -> Vec<String> {
        self.rules.iter().map(|rule| rule.sent.clone()).collect()
    }
}

/// Reads one line of an ignore file the way Docker's two readers do, one after the other: the client's reader of the
/// file makes a rule, and the engine's matcher reads this rule once more.
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

/// The rule that Docker's reader of ignore files makes of a line without blanks around it. `None` for a lone `!`.
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

/// Whether a rule takes paths back, and its pattern, as the engine's matcher reads the rule. The matcher takes blanks
/// away from the ends and cleans the path again, so `/!a` of a file is `!a` here, and `/\tb` is `b`.
fn pattern_of_rule(rule: &str) -> (bool, String) {
    let cleaned = clean_path(rule.trim());
    match cleaned.strip_prefix('!') {
        Some(taken_back) => (true, taken_back.to_owned()),
        None => (false, cleaned),
    }
}
