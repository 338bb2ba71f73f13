//! Environment markers: parsing, printing, and evaluation for a target with a reason.
//!
//! The evaluation of a single comparison is in `evaluate`.

use std::collections::BTreeSet;
use std::fmt;

use pep440_rs::{VersionSpecifier, VersionSpecifiers};

use super::lexer::{Lexer, is_word};
use super::{Active, Environment, Name, ParseError, ParseErrorKind, Variable};

/// The maximum depth of parentheses. No tool writes more, and the stack is large enough for this depth.
const MAX_DEPTH: usize = 64;

/// A condition on the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A comparison.
    Compare(Comparison),
    /// All of these markers hold.
    And(Vec<Marker>),
    /// At least one of these markers holds.
    Or(Vec<Marker>),
}

/// A comparison of a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The left side.
    pub left: Operand,
    /// The operator.
    pub operator: Operator,
    /// The right side.
    pub right: Operand,
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A variable, whose value depends on the target.
    Variable(Variable),
    /// A text.
    Literal(String),
}

/// An operator of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `~=`
    Compatible,
    /// `===`
    Exact,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

impl Operator {
    /// The symbols. Longer symbols come first, because some begin with a shorter one.
    const SYMBOLS: [(&'static str, Self); 8] = [
        ("===", Self::Exact),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessEqual),
        (">=", Self::GreaterEqual),
        ("~=", Self::Compatible),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::NotIn => "not in",
            other => Self::SYMBOLS.iter().find(|(_, known)| *known == other).map_or("", |(symbol, _)| symbol),
        }
    }

    /// The equivalent operator for exchanged sides.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            other => other,
        }
    }

    fn parse(lexer: &mut Lexer<'_>) -> Result<Self, ParseError> {
        for (symbol, operator) in Self::SYMBOLS {
            if lexer.eat(symbol) {
                return Ok(operator);
            }
        }
        if lexer.eat_word("in") {
            return Ok(Self::In);
        }
        let mut ahead = lexer.clone();
        if ahead.eat_word("not") {
            ahead.skip_space();
            if ahead.eat_word("in") {
                *lexer = ahead;
                return Ok(Self::NotIn);
            }
        }
        Err(lexer.expected("a comparison such as `==`, `<` or `in`"))
    }
}

/// The result of a marker, with the comparisons that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the marker holds.
    pub holds: bool,
    /// The deciding comparisons, each as `comparison (the variable's value)`.
    pub because: Vec<String>,
}

impl Marker {
    /// Parses a marker.
    ///
    /// # Errors
    /// If the text is not a marker. The span is in bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut lexer = Lexer::new(text);
        let marker = Self::parse_with(&mut lexer)?;
        if lexer.is_done() { Ok(marker) } else { Err(lexer.expected("`and`, `or` or the end of the marker")) }
    }

    pub(super) fn parse_with(lexer: &mut Lexer<'_>) -> Result<Self, ParseError> {
        parse_or(lexer, 0)
    }

    /// Whether the marker holds.
    pub fn holds(&self, environment: &Environment, active: &Active) -> bool {
        match self {
            Self::Compare(comparison) => comparison.holds(environment, active),
            Self::And(all) => all.iter().all(|marker| marker.holds(environment, active)),
            Self::Or(any) => any.iter().any(|marker| marker.holds(environment, active)),
        }
    }

    /// Whether the marker holds, with the reason.
    pub fn explain(&self, environment: &Environment, active: &Active) -> Verdict {
        let holds = self.holds(environment, active);
        let mut because = Vec::new();
        self.decided_by(holds, environment, active, &mut because);
        Verdict { holds, because }
    }

    /// Collects the comparisons that decide the result: the result can change only if one of them changes.
    fn decided_by(&self, holds: bool, environment: &Environment, active: &Active, because: &mut Vec<String>) {
        match self {
            Self::Compare(comparison) => {
                let fact = comparison.fact(environment, active);
                if !because.contains(&fact) {
                    because.push(fact);
                }
            }
            Self::And(parts) | Self::Or(parts) => {
                for part in parts.iter().filter(|part| part.holds(environment, active) == holds) {
                    part.decided_by(holds, environment, active, because);
                }
            }
        }
    }

    /// The extras that make the marker hold. The set contains `None` if an alternative requires no extra.
    ///
    /// A lock may repeat the extra in each alternative: `(A and extra == 'x') or (B and extra == 'x')`.
    pub fn alternatives(&self) -> BTreeSet<Option<Name>> {
        match self {
            Self::Compare(comparison) => BTreeSet::from([comparison.extra()]),
            Self::Or(any) => any.iter().flat_map(Self::alternatives).collect(),
            Self::And(all) => {
                let parts = all.iter().flat_map(Self::alternatives);
                let named: BTreeSet<Option<Name>> = parts.flatten().map(Some).collect();
                if named.is_empty() { BTreeSet::from([None]) } else { named }
            }
        }
    }

    /// The marker without the comparisons that the active `extras` satisfy. `None` if nothing remains.
    #[must_use]
    pub fn given_extras(&self, extras: &[Name]) -> Option<Self> {
        match self {
            Self::Compare(comparison) => match comparison.extra() {
                Some(extra) if extras.contains(&extra) => None,
                _ => Some(self.clone()),
            },
            Self::And(all) => {
                let rest: Vec<_> = all.iter().filter_map(|marker| marker.given_extras(extras)).collect();
                (!rest.is_empty()).then(|| single_or(rest, Self::And))
            }
            Self::Or(any) => {
                let rest: Option<Vec<_>> = any.iter().map(|marker| marker.given_extras(extras)).collect();
                rest.map(Self::Or)
            }
        }
    }

    /// The marker for these Python versions. `None` if all versions are allowed.
    pub fn of_python(specifiers: &VersionSpecifiers) -> Option<Self> {
        let parts: Vec<Self> =
            specifiers.iter().filter_map(|one| Self::parse(&python_clause(one)).ok()).collect();
        (!parts.is_empty()).then(|| single_or(parts, Self::And))
    }

    /// The marker that holds if both markers hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(vec![self, other])
    }
}

fn python_clause(specifier: &VersionSpecifier) -> String {
    let star = if specifier.operator().is_star() { ".*" } else { "" };
    format!("python_full_version {} '{}{star}'", specifier.operator(), specifier.version())
}

fn parse_or(lexer: &mut Lexer<'_>, depth: usize) -> Result<Marker, ParseError> {
    let mut parts = vec![parse_and(lexer, depth)?];
    while lexer.eat_word("or") {
        parts.push(parse_and(lexer, depth)?);
    }
    Ok(single_or(parts, Marker::Or))
}

fn parse_and(lexer: &mut Lexer<'_>, depth: usize) -> Result<Marker, ParseError> {
    let mut parts = vec![parse_atom(lexer, depth)?];
    while lexer.eat_word("and") {
        parts.push(parse_atom(lexer, depth)?);
    }
    Ok(single_or(parts, Marker::And))
}

fn single_or(mut parts: Vec<Marker>, wrap: fn(Vec<Marker>) -> Marker) -> Marker {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            wrap(parts)
        }
    }
}

fn parse_atom(lexer: &mut Lexer<'_>, depth: usize) -> Result<Marker, ParseError> {
    lexer.skip_space();
    let start = lexer.at();
    if depth > MAX_DEPTH {
        return Err(lexer.error_since(start, ParseErrorKind::TooDeep));
    }
    let marker = if lexer.eat("(") {
        let inner = parse_or(lexer, depth + 1)?;
        lexer.skip_space();
        if !lexer.eat(")") {
            return Err(lexer.expected("`)`, `and` or `or`"));
        }
        inner
    } else {
        let left = Operand::parse(lexer)?;
        lexer.skip_space();
        let operator = Operator::parse(lexer)?;
        lexer.skip_space();
        let right = Operand::parse(lexer)?;
        if matches!((&left, &right), (Operand::Literal(_), Operand::Literal(_))) {
            return Err(lexer.error_since(start, ParseErrorKind::NoVariable));
        }
        Marker::Compare(Comparison { left, operator, right })
    };
    lexer.skip_space();
    Ok(marker)
}

impl Operand {
    fn parse(lexer: &mut Lexer<'_>) -> Result<Self, ParseError> {
        let start = lexer.at();
        for quote in ['"', '\''] {
            if lexer.peek() != Some(quote) {
                continue;
            }
            let mark = if quote == '"' { "\"" } else { "'" };
            lexer.eat(mark);
            let text = lexer.take_while(|character| character != quote).to_owned();
            return if lexer.eat(mark) {
                Ok(Self::Literal(text))
            } else {
                Err(lexer.error_since(start, ParseErrorKind::OpenString))
            };
        }
        let name = lexer.take_while(is_word);
        if name.is_empty() {
            return Err(lexer.expected("a marker variable or a quoted string"));
        }
        Variable::parse(name)
            .map(Self::Variable)
            .ok_or_else(|| lexer.error_since(start, ParseErrorKind::Variable { name: name.to_owned() }))
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Compare(comparison) => return write!(f, "{comparison}"),
            Self::And(parts) => (parts, " and "),
            Self::Or(parts) => (parts, " or "),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match (self, part) {
                (Self::And(_), Self::Or(_)) => write!(f, "({part})")?,
                _ => write!(f, "{part}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.operator.symbol(), self.right)
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(variable) => f.write_str(variable.name()),
            // A literal cannot contain both kinds of quotes.
            Self::Literal(text) if text.contains('\'') => write!(f, "\"{text}\""),
            Self::Literal(text) => write!(f, "'{text}'"),
        }
    }
}
