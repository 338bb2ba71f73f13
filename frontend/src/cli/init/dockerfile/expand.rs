//! Expands words of a Dockerfile by the rules of its reference: quotes, escapes, and variables. A build arg
//! stays an arg, because a build may change it.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A build arg, by its name.
    Arg(String),
}

/// A text with build args in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    pieces: Vec<Piece>,
    size: usize,
    /// Whether it is an arg without a default.
    is_empty_arg: bool,
}

/// The longest text that variables may make.
const LONGEST: usize = 1 << 14;

/// The maximum depth of nested words, as in `${A:-${B}}`.
const DEEPEST: usize = 8;

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        let mut value = Self::default();
        value.push_str(&text.into());
        value
    }

    pub(super) fn arg(name: &str) -> Self {
        Self { pieces: vec![Piece::Arg(name.to_owned())], size: name.len() + 3, is_empty_arg: false }
    }

    /// An arg without a default.
    pub(super) fn empty_arg(name: &str) -> Self {
        Self { is_empty_arg: true, ..Self::arg(name) }
    }

    fn push_str(&mut self, text: &str) {
        self.size += text.len();
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn push(&mut self, c: char) {
        self.push_str(c.encode_utf8(&mut [0; 4]));
    }

    fn extend(&mut self, other: &Self) {
        for piece in &other.pieces {
            match piece {
                Piece::Text(text) => self.push_str(text),
                Piece::Arg(name) => {
                    self.size += name.len() + 3;
                    self.pieces.push(Piece::Arg(name.clone()));
                }
            }
        }
    }

    /// Whether it has neither text nor args.
    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text, if it contains no arg.
    pub(super) fn constant(&self) -> Option<String> {
        match self.pieces.as_slice() {
            [] => Some(String::new()),
            [Piece::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// The args in the text.
    pub(super) fn args(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Arg(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with its args replaced by these values.
    pub(super) fn with(&self, defaults: &BTreeMap<String, String>) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Arg(name) => defaults.get(name).cloned().unwrap_or_default(),
        };
        self.pieces.iter().map(text).collect()
    }

    /// The text in the syntax of the build file: `${NAME}` is an arg, and a dollar sign that could start one
    /// is doubled.
    pub(super) fn written(&self) -> String {
        let mut out = String::with_capacity(self.size);
        let mut pieces = self.pieces.iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Arg(name) => {
                    let _ = write!(out, "${{{name}}}");
                }
                Piece::Text(text) => {
                    let mut chars = text.chars().peekable();
                    while let Some(c) = chars.next() {
                        out.push(c);
                        let next = chars.peek();
                        let arg_follows = next.is_none() && pieces.peek().is_some();
                        if c == '$' && (matches!(next, Some('{' | '$')) || arg_follows) {
                            out.push('$');
                        }
                    }
                }
            }
        }
        out
    }
}

/// The meaning of a name.
pub(super) enum Found {
    Known(Value),
    Unset,
    /// An unknown image may have set it.
    Unknown,
}

/// The result of an expansion.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) value: Value,
    /// Reasons why the value may differ in a build.
    pub(super) doubts: Vec<String>,
}

/// Expands a word.
pub(super) fn expand(word: &str, escape: char, look: &dyn Fn(&str) -> Found) -> Expanded {
    let mut out = Expanded::default();
    walk(word, escape, look, DEEPEST, &mut out);
    if out.value.size > LONGEST.max(word.len()) {
        out.value = Value::text(word);
        out.doubts.push("its variables make a text that is too long".to_owned());
    }
    out
}

fn walk(word: &str, escape: char, look: &dyn Fn(&str) -> Found, depth: usize, out: &mut Expanded) {
    let limit = LONGEST.max(word.len());
    let mut rest = word;
    let mut double = false;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = after;
        if out.value.size > limit {
            return;
        }
        match c {
            '\'' if !double => {
                let (inside, after) = after.split_once('\'').unwrap_or((after, ""));
                out.value.push_str(inside);
                rest = after;
            }
            '"' => double = !double,
            c if c == escape => match after.chars().next() {
                // Inside of quotes, an escape character before an ordinary character stays.
                Some(next) if double && !matches!(next, '"' | '$') && next != escape => out.value.push(c),
                Some(next) => {
                    out.value.push(next);
                    rest = after.get(next.len_utf8()..).unwrap_or_default();
                }
                None => out.value.push(c),
            },
            '$' => rest = variable(after, escape, look, depth, out),
            c => out.value.push(c),
        }
    }
}

/// Expands the text after a dollar sign, and returns the rest.
fn variable<'w>(
    after: &'w str,
    escape: char,
    look: &dyn Fn(&str) -> Found,
    depth: usize,
    out: &mut Expanded,
) -> &'w str {
    let name_end =
        |text: &str| text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let Some(inner) = after.strip_prefix('{') else {
        let (name, rest) = after.split_at(name_end(after));
        if name.is_empty() {
            out.value.push('$');
        } else {
            known(name, look, out);
        }
        return rest;
    };
    let (name, tail) = inner.split_at(name_end(inner));
    if let Some(rest) = tail.strip_prefix('}') {
        known(name, look, out);
        return rest;
    }
    let Some(end) = closing(tail).filter(|_| depth > 0 && !name.is_empty()) else {
        out.doubts.push("it has a variable that cannot be read".to_owned());
        out.value.push_str("${");
        out.value.push_str(inner);
        return "";
    };
    let (operator, rest) = tail.split_at(end);
    modified(name, operator, escape, look, depth, out);
    rest.get(1..).unwrap_or_default()
}

/// The position of the brace that closes the one at the beginning of this text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

fn known(name: &str, look: &dyn Fn(&str) -> Found, out: &mut Expanded) {
    match look(name) {
        Found::Known(value) => out.value.extend(&value),
        Found::Unset => {}
        Found::Unknown => out.doubts.push(format!("the base image may set `{name}`")),
    }
}

/// `${NAME:-word}` and similar forms.
fn modified(
    name: &str,
    operator: &str,
    escape: char,
    look: &dyn Fn(&str) -> Found,
    depth: usize,
    out: &mut Expanded,
) {
    let (colon, operator) = operator.strip_prefix(':').map_or((false, operator), |rest| (true, rest));
    let mut chars = operator.chars();
    let kind = chars.next();
    let word = chars.as_str();
    let found = look(name);
    if let Found::Unknown = found {
        out.doubts.push(format!("the base image may set `{name}`"));
    }
    // A build may pass a value for an arg. The default in the file decides here.
    let varies = matches!(&found, Found::Known(value) if value.constant().is_none());
    let set = match &found {
        Found::Known(value) => !colon || !value.is_empty(),
        Found::Unset | Found::Unknown => false,
    };
    match kind {
        Some('-') if set => {
            known(name, look, out);
            if colon && !word.is_empty() && matches!(&found, Found::Known(value) if value.is_empty_arg) {
                out.doubts.push(format!(
                    "where the arg `{name}` is not passed, it is `{word}`: write that as the arg's default"
                ));
            }
        }
        Some('-') => walk(word, escape, look, depth - 1, out),
        // An arg without a default that no build passes is not set.
        Some('+') if matches!(&found, Found::Known(value) if value.is_empty_arg) => {
            out.doubts.push(format!("it depends on whether the arg `{name}` is passed"));
        }
        Some('+') if set => {
            walk(word, escape, look, depth - 1, out);
            if varies {
                out.doubts.push(format!("it depends on whether the arg `{name}` is passed"));
            }
        }
        Some('+') => {}
        Some('?') => known(name, look, out),
        Some('#' | '%') => strip(name, operator, &found, out),
        _ => {
            out.doubts.push(format!("`${{{name}{operator}}}` is not understood"));
            known(name, look, out);
        }
    }
}

/// `${NAME%pattern}` and `${NAME#pattern}`, if the value is known and the pattern is plain text.
fn strip(name: &str, operator: &str, found: &Found, out: &mut Expanded) {
    let value = match found {
        Found::Known(value) => value.constant(),
        Found::Unset => Some(String::new()),
        Found::Unknown => None,
    };
    let at_end = operator.starts_with('%');
    let pattern = operator.trim_start_matches(['%', '#']);
    let plain = !pattern.contains(['*', '?', '[', '$', '\\', '"', '\'']);
    let Some(value) = value.filter(|_| plain) else {
        out.doubts.push(format!("`${{{name}{operator}}}` is not understood"));
        return;
    };
    let stripped = if at_end { value.strip_suffix(pattern) } else { value.strip_prefix(pattern) };
    out.value.push_str(stripped.unwrap_or(&value));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `A` is `one`, `E` is empty, `G` is an arg, and a base image may set `B`.
    fn look(name: &str) -> Found {
        match name {
            "A" => Found::Known(Value::text("one")),
            "E" => Found::Known(Value::default()),
            "G" => Found::Known(Value::arg("G")),
            "B" => Found::Unknown,
            _ => Found::Unset,
        }
    }

    fn of(word: &str) -> (String, usize) {
        let expanded = expand(word, '\\', &look);
        (expanded.value.written(), expanded.doubts.len())
    }

    /// The values are those of the table "Environment replacement" in the Dockerfile reference, and of
    /// BuildKit's own rules for quotes.
    #[test]
    fn variables_are_replaced_as_the_reference_says() {
        let cases = [
            ("$A", "one"),
            ("${A}_x", "one_x"),
            ("$A_x", ""),
            ("a$", "a$"),
            ("\\$A", "$A"),
            ("\\${A}", "$${A}"),
            ("'$A'", "$A"),
            ("\"$A b\"", "one b"),
            ("${N:-d}", "d"),
            ("${A:-d}", "one"),
            ("${E:-d}", "d"),
            ("${E-d}", ""),
            ("${A:+a}", "a"),
            ("${N:+a}", ""),
            ("${N:-${A}}", "one"),
            ("${N:-$N}", ""),
            ("${A%e}", "on"),
            ("${A#o}", "ne"),
            ("${G}/x", "${G}/x"),
            ("\"a \\\"b\\\"\"", "a \"b\""),
            ("a\\ b", "a b"),
        ];
        for (word, expected) in cases {
            assert_eq!(of(word), (expected.to_owned(), 0), "{word}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        for word in ["$B", "${B:-x}", "${A%*}", "${A/o/p}", "${G:+x}", "${A"] {
            assert_eq!(of(word).1, 1, "{word}");
        }
        let long = "$A".repeat(10_000);
        assert_eq!(of(&long).1, 1);
    }

    #[test]
    fn a_dollar_sign_of_the_text_is_none_of_the_build_file() {
        assert_eq!(of("'$$'").0, "$$$");
        assert_eq!(of("\\$$G").0, "$$${G}");
    }
}
