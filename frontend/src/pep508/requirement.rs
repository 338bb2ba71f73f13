//! A requirement: `name[extras]`, versions or a URL, and a marker.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use super::lexer::{Lexer, is_word};
use super::{Marker, Name, ParseError, ParseErrorKind};
use crate::diagnostics::Span;

/// The accepted versions of a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Versions that match these specifiers. Without specifiers, all versions match.
    Versions(VersionSpecifiers),
    /// Only the file or repository at this URL.
    Url(String),
}

/// A requirement in the form of PEP 508.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name of the package.
    pub name: Name,
    /// The requested extras of the package.
    pub extras: BTreeSet<Name>,
    /// The accepted versions.
    pub wanted: Wanted,
    /// The condition of the requirement.
    pub marker: Option<Marker>,
    /// The place of the name in the text.
    pub name_span: Span,
}

impl Requirement {
    /// Parses a requirement.
    ///
    /// # Errors
    /// If the text is not a requirement. The span is in bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut lexer = Lexer::new(text);
        lexer.skip_space();
        let start = lexer.at();
        let name = parse_name(&mut lexer)?;
        let name_span = Span { start, end: lexer.at() };
        lexer.skip_space();
        let extras = parse_extras(&mut lexer)?;
        lexer.skip_space();
        let wanted = if lexer.eat("@") {
            lexer.skip_space();
            parse_url(&mut lexer)?
        } else {
            parse_versions(&mut lexer)?
        };
        lexer.skip_space();
        let marker = if lexer.eat(";") { Some(Marker::parse_with(&mut lexer)?) } else { None };
        lexer.skip_space();
        if !lexer.is_done() {
            return Err(lexer.expected("a version specifier, `@` and a URL, or `;` and a marker"));
        }
        Ok(Self { name, extras, wanted, marker, name_span })
    }

    /// The exact version, if the requirement pins one.
    pub fn pinned(&self) -> Option<&pep440_rs::Version> {
        let Wanted::Versions(specifiers) = &self.wanted else { return None };
        let exact = [pep440_rs::Operator::Equal, pep440_rs::Operator::ExactEqual];
        specifiers
            .iter()
            .find(|specifier| exact.contains(specifier.operator()))
            .map(pep440_rs::VersionSpecifier::version)
    }
}

fn parse_name(lexer: &mut Lexer<'_>) -> Result<Name, ParseError> {
    let start = lexer.at();
    let text = lexer.take_while(is_word);
    if text.is_empty() {
        return Err(lexer.expected("a package name"));
    }
    Name::new(text).map_err(|error| lexer.error_since(start, error))
}

fn parse_extras(lexer: &mut Lexer<'_>) -> Result<BTreeSet<Name>, ParseError> {
    let mut extras = BTreeSet::new();
    if !lexer.eat("[") {
        return Ok(extras);
    }
    lexer.skip_space();
    while !lexer.eat("]") {
        extras.insert(parse_name(lexer)?);
        lexer.skip_space();
        if lexer.eat(",") {
            lexer.skip_space();
        } else if lexer.peek() != Some(']') {
            return Err(lexer.expected("`,` or `]`"));
        }
    }
    Ok(extras)
}

fn parse_url(lexer: &mut Lexer<'_>) -> Result<Wanted, ParseError> {
    let url = lexer.take_while(|character| !character.is_whitespace());
    if url.is_empty() {
        return Err(lexer.expected("a URL"));
    }
    Ok(Wanted::Url(url.to_owned()))
}

fn parse_versions(lexer: &mut Lexer<'_>) -> Result<Wanted, ParseError> {
    let parenthesised = lexer.eat("(");
    let start = lexer.at();
    let text = lexer.take_while(|character| character != ';' && !(parenthesised && character == ')'));
    let trimmed = text.trim();
    let span = Span { start, end: start + text.trim_end().len() };
    if parenthesised && !lexer.eat(")") {
        return Err(lexer.expected("`)`"));
    }
    if !trimmed.is_empty() && !trimmed.starts_with(['<', '>', '=', '!', '~']) {
        let found = trimmed.chars().next().map_or_else(String::new, |character| format!("`{character}`"));
        let expected = "a version specifier, `@` and a URL, or `;` and a marker";
        return Err(ParseError { kind: ParseErrorKind::Expected { expected, found }, span });
    }
    let kind = |text: String| ParseErrorKind::Specifier { text };
    parse_specifiers(trimmed).map(Wanted::Versions).map_err(|text| ParseError { kind: kind(text), span })
}

/// Parses version specifiers. Like other tools, it accepts a comma at the end, and `*` for all versions.
///
/// # Errors
/// The text itself, if it is invalid.
pub fn parse_specifiers(text: &str) -> Result<VersionSpecifiers, String> {
    let trimmed = text.trim().trim_end_matches(',').trim_end();
    if trimmed.is_empty() || trimmed == "*" {
        return Ok(VersionSpecifiers::empty());
    }
    VersionSpecifiers::from_str(trimmed).map_err(|_| text.to_owned())
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if !self.extras.is_empty() {
            let extras: Vec<_> = self.extras.iter().map(Name::as_str).collect();
            write!(f, "[{}]", extras.join(","))?;
        }
        match &self.wanted {
            Wanted::Versions(specifiers) if specifiers.is_empty() => {}
            Wanted::Versions(specifiers) => write!(f, "{specifiers}")?,
            Wanted::Url(url) => write!(f, " @ {url}")?,
        }
        match &self.marker {
            Some(marker) => write!(f, " ; {marker}"),
            None => Ok(()),
        }
    }
}
