//! One ignore pattern: its syntax, and whether it matches a path.
//!
//! The meaning is that of Docker's matcher (<https://pkg.go.dev/github.com/moby/patternmatcher>), which turns a
//! pattern into a regular expression, apart from three forms it compares as plain text. Both are kept, because they
//! differ: `**.log` is plain text and matches `a.log`, `**.log*` is not and needs a `/` before the dot.

/// How many characters a token of a pattern consumes, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This very character.
    Literal(char),
    /// `?`: one character other than `/`.
    One,
    /// `*`: any run of characters other than `/`.
    Run,
    /// `**` or `**/` inside a pattern: nothing, or anything that ends in `/`.
    Directories,
    /// `**` at the end of a pattern: everything that is left.
    Rest,
    /// `[a-z]` or `[^a-z]`: one character, `/` included.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Matcher {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Tokens(Vec<Token>),
}

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A `!` and nothing to take back.
    #[error("`!` needs a pattern after it")]
    EmptyNegation,
    /// `[` without its `]`.
    #[error("`[` is not closed")]
    OpenClass,
    /// `[]`, `[-a]` or `[a-]`.
    #[error("the character class has an empty or incomplete range; write `\\-` for a dash")]
    EmptyRange,
    /// `\` as the last character.
    #[error("`\\` at the end escapes nothing")]
    TrailingBackslash,
}

/// A cleaned pattern without its `!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    matcher: Matcher,
}

impl Pattern {
    /// Compiles a pattern that has been cleaned already.
    pub(super) fn compile(cleaned: &str) -> Result<Self, Malformed> {
        let tokens = tokenize(cleaned)?;
        let plain = !cleaned.contains('\\')
            && tokens
                .iter()
                .all(|token| matches!(token, Token::Literal(_) | Token::Directories | Token::Rest));
        let wildcards = tokens.iter().filter(|token| !matches!(token, Token::Literal(_))).count();
        let matcher = match (tokens.first(), tokens.last()) {
            _ if plain && wildcards == 0 => Matcher::Exact(cleaned.to_owned()),
            (Some(Token::Directories | Token::Rest), _) if plain && wildcards == 1 => {
                Matcher::Suffix(cleaned.trim_start_matches("**").to_owned())
            }
            (_, Some(Token::Rest)) if plain && wildcards == 1 => {
                Matcher::Prefix(cleaned.trim_end_matches("**").to_owned())
            }
            _ => Matcher::Tokens(tokens),
        };
        Ok(Self { matcher })
    }

    /// Whether the pattern matches this very path, its parents aside.
    pub(super) fn matches(&self, path: &str) -> bool {
        match &self.matcher {
            Matcher::Exact(text) => path == text,
            Matcher::Prefix(prefix) => path.starts_with(prefix.as_str()),
            Matcher::Suffix(suffix) => {
                path.ends_with(suffix.as_str()) || suffix.strip_prefix('/').is_some_and(|name| name == path)
            }
            Matcher::Tokens(tokens) => tokens_match(tokens, path),
        }
    }
}

fn tokenize(pattern: &str) -> Result<Vec<Token>, Malformed> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '*' if rest.next_if_eq(&'*').is_some() => {
                let _ = rest.next_if_eq(&'/');
                if rest.peek().is_none() { Token::Rest } else { Token::Directories }
            }
            '*' => Token::Run,
            '?' => Token::One,
            '[' => class(&mut rest)?,
            '\\' => Token::Literal(rest.next().ok_or(Malformed::TrailingBackslash)?),
            other => Token::Literal(other),
        });
    }
    Ok(tokens)
}

/// The rest of a character class, after its `[`. A `!` does not negate, unlike in a shell.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Token, Malformed> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while ranges.is_empty() || rest.next_if_eq(&']').is_none() {
        let low = class_character(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { class_character(rest)? } else { low };
        ranges.push((low, high));
    }
    Ok(Token::Class { negated, ranges })
}

fn class_character(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<char, Malformed> {
    match rest.next() {
        Some('-' | ']') => Err(Malformed::EmptyRange),
        Some('\\') => rest.next().ok_or(Malformed::TrailingBackslash),
        Some(c) => Ok(c),
        None => Err(Malformed::OpenClass),
    }
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == c,
            Self::One | Self::Run => c != '/',
            Self::Directories => c == '/',
            Self::Rest => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != *negated
            }
        }
    }
}

/// Follows all ways to match at once: `ends[i]` tells whether the tokens so far can consume the first `i` characters.
/// Time is the product of both lengths, whatever the pattern; backtracking could be made to take forever.
fn tokens_match(tokens: &[Token], path: &str) -> bool {
    let mut ends: Vec<bool> = std::iter::once(true).chain(path.chars().map(|_| false)).collect();
    for token in tokens {
        let before = ends.iter().copied();
        ends = match token {
            Token::Literal(_) | Token::One | Token::Class { .. } => std::iter::once(false)
                .chain(before.zip(path.chars()).map(|(here, c)| here && token.accepts(c)))
                .collect(),
            Token::Run | Token::Directories | Token::Rest => {
                let mut open = false;
                let mut after = Vec::with_capacity(ends.len());
                let entered = std::iter::once(None).chain(path.chars().map(Some));
                for (here, entered) in before.zip(entered) {
                    let accepted = open && entered.is_some_and(|c| token.accepts(c));
                    after.push(here || accepted);
                    // A run ends at the first character it does not accept; the others can swallow anything on
                    // their way to a character they may end with.
                    open = here || if matches!(token, Token::Run) { accepted } else { open };
                }
                after
            }
        };
    }
    ends.last().copied().unwrap_or(false)
}
