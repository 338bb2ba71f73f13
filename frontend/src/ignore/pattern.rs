//! An ignore pattern: its syntax, and its matcher.
//!
//! The rules are the ones of Docker's matcher (<https://pkg.go.dev/github.com/moby/patternmatcher>). Docker
//! turns a pattern into a regular expression, but compares three forms as plain text. The two ways give
//! different results, so both are reproduced here: `**.log` is plain text and matches `a.log`; `**.log*` is
//! not plain text and needs a `/` before the dot.

use super::positions::Path;

/// A token of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Exactly this character.
    Literal(char),
    /// `?`: one character other than `/`.
    One,
    /// `*`: any number of characters other than `/`.
    Run,
    /// `**` or `**/` inside a pattern: nothing, or any text that ends in `/`.
    Directories,
    /// `**` at the end of a pattern: the whole rest of the path.
    Rest,
    /// `[a-z]` or `[^a-z]`: one character, which may be `/`.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

/// A compiled pattern. It matches a path if it fits the path or one of its parents.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Matcher {
    Exact(String),
    Prefix(String),
    /// The ending of a path, and the ending with a slash after it, for a parent inside the path.
    Suffix {
        ending: String,
        inside: String,
    },
    Tokens(Vec<Token>),
}

/// The error in a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A `!` without a pattern.
    #[error("`!` needs a pattern after it")]
    EmptyNegation,
    /// A `[` without a `]`.
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
    /// Compiles a pattern. The pattern must be clean.
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
                let ending = cleaned.trim_start_matches("**").to_owned();
                Matcher::Suffix { inside: format!("{ending}/"), ending }
            }
            (_, Some(Token::Rest)) if plain && wildcards == 1 => {
                Matcher::Prefix(cleaned.trim_end_matches("**").to_owned())
            }
            _ => Matcher::Tokens(tokens),
        };
        Ok(Self { matcher })
    }

    /// The largest number of steps that a comparison with a short path takes.
    pub(super) fn steps(&self) -> usize {
        match &self.matcher {
            Matcher::Tokens(tokens) => tokens
                .iter()
                .map(|token| match token {
                    Token::Class { ranges, .. } => 8 * ranges.len(),
                    _ => 1,
                })
                .sum(),
            _ => 1,
        }
    }

    /// Whether the pattern matches this path or one of its parents.
    pub(super) fn matches(&self, path: &Path<'_>) -> bool {
        let text = path.text;
        let is_or_is_in = |whole: &str| {
            text.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match &self.matcher {
            Matcher::Exact(whole) => is_or_is_in(whole),
            Matcher::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Matcher::Suffix { ending, inside } => {
                text.ends_with(ending.as_str())
                    || text.contains(inside.as_str())
                    || ending.strip_prefix('/').is_some_and(is_or_is_in)
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

/// Reads the rest of a character class, after its `[`. Unlike in a shell, `!` does not negate.
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

/// Follows all possible matches at the same time, as the set of positions where the tokens so far can end.
/// The time is at most the product of both lengths, and [`Positions`] handles many positions in each
/// operation. Backtracking could take exponential time.
fn tokens_match(tokens: &[Token], path: &Path<'_>) -> bool {
    let mut ends = path.start();
    for token in tokens {
        match token {
            Token::Literal(character) => ends.step(path.behind(*character)),
            Token::One => ends.step(path.behind_others()),
            Token::Class { negated, ranges } => ends.step(
                &path.behind_any(|c| ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != *negated),
            ),
            Token::Run => ends.run(path.behind_others()),
            // The skipped text ends in a slash.
            Token::Directories => ends.add_later(path.behind('/')),
            Token::Rest => ends.add_later(path.all()),
        }
        if ends.is_empty() {
            return false;
        }
    }
    ends.intersects(&path.ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a token accepts a character. This is the simplest possible reference implementation.
    fn accepts(token: &Token, c: char) -> bool {
        match token {
            Token::Literal(literal) => *literal == c,
            Token::One | Token::Run => c != '/',
            Token::Directories => c == '/',
            Token::Rest => true,
            Token::Class { negated, ranges } => {
                ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != *negated
            }
        }
    }

    /// The reference implementation of a match: it tries all possibilities, which takes exponential time on
    /// long texts.
    fn tries(tokens: &[Token], path: &[char]) -> bool {
        let Some((token, rest)) = tokens.split_first() else { return path.is_empty() };
        match token {
            Token::Literal(_) | Token::One | Token::Class { .. } => {
                path.split_first().is_some_and(|(c, path)| accepts(token, *c) && tries(rest, path))
            }
            Token::Run => {
                let longest = path.iter().take_while(|c| **c != '/').count();
                (0..=longest).any(|count| tries(rest, &path[count..]))
            }
            Token::Directories | Token::Rest => (0..=path.len())
                .any(|count| (count == 0 || accepts(token, path[count - 1])) && tries(rest, &path[count..])),
        }
    }

    #[test]
    fn positions_find_what_trying_every_way_finds() {
        let mut state = 7_u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % below
        };
        let mut matched = 0;
        for _ in 0..20_000 {
            let pieces = ["a", "b", "/", "**", "*", "?", "[a]", "**/", "/**", "[^a]", "a/", "*b"];
            let pattern: String = (0..=next(4)).map(|_| pieces[next(12) as usize]).collect();
            let length = if next(40) == 0 { 60 + next(12) } else { next(7) };
            let path: String = (0..=length).map(|_| ['a', 'b', '/', 'b'][next(4) as usize]).collect();
            let path = path.trim_matches('/');
            let Ok(tokens) = tokenize(&pattern) else { continue };
            let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
            let tried = ends.map(|end| path[..end].chars().collect::<Vec<_>>());
            let expected = tried.into_iter().any(|path| tries(&tokens, &path));
            matched += u32::from(expected);
            assert_eq!(tokens_match(&tokens, &Path::new(path)), expected, "`{pattern}` on `{path}`");
        }
        assert!(matched > 1000, "{matched}");
    }

    #[test]
    fn sixty_stars_over_a_deep_folder_cost_little() {
        let pattern = Pattern::compile(&format!("{}/b", "**/a".repeat(60))).unwrap();
        let path = "a/".repeat(2000) + "a";
        assert!(!pattern.matches(&Path::new(&path)));
    }
}
