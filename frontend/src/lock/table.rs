//! Reads the TOML tree of a lock file. The type of each value is checked, and its place is kept.
//!
//! A tool writes the lock, so reading stops at the first error: users make the lock again and do not repair
//! it. Unknown keys are ignored, because minor versions of every format add keys.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::{Version, VersionSpecifiers};
use toml::de::{DeTable, DeValue};

use super::artifact::Location;
use super::location::locate;
use super::model::Place;
use super::{Hash, LockError, LockErrorKind, Timestamp};
use crate::address::{Commit, FileName, GitUrl, HttpUrl};
use crate::diagnostics::Span;
use crate::pep508::{Marker, Name, ParseError, Requirement, parse_specifiers};

type Result<T> = std::result::Result<T, LockError>;

/// A parsed document. Reading starts at [`Document::root`].
pub(super) struct Document<'t> {
    file: Arc<str>,
    tree: toml::Spanned<DeTable<'t>>,
}

/// A table in a lock.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    file: &'t Arc<str>,
    entries: &'t DeTable<'t>,
    span: Span,
}

/// A value in a lock, with its key.
#[derive(Clone, Copy)]
pub(super) struct Value<'t> {
    file: &'t Arc<str>,
    tree: &'t DeValue<'t>,
    span: Span,
    key: &'t str,
}

/// A text in a lock.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "`text.text` is the text of a text")]
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    file: &'t Arc<str>,
    span: Span,
}

impl<'t> Document<'t> {
    pub(super) fn parse(path: &str, text: &'t str) -> Result<Self> {
        let file: Arc<str> = path.into();
        match DeTable::parse(text) {
            Ok(tree) => Ok(Self { file, tree }),
            Err(error) => {
                let span = error.span().map_or_else(Span::default, Span::from);
                let kind = LockErrorKind::Syntax { message: error.message().to_owned() };
                Err(LockError::at(Place { file, span }, kind))
            }
        }
    }

    pub(super) fn root(&'t self) -> Table<'t> {
        Table { file: &self.file, entries: self.tree.get_ref(), span: Span::default() }
    }
}

impl<'t> Table<'t> {
    pub(super) fn place(&self) -> Place {
        Place { file: Arc::clone(self.file), span: self.span }
    }

    pub(super) fn error(&self, kind: impl Into<LockErrorKind>) -> LockError {
        LockError::at(self.place(), kind)
    }

    pub(super) fn get(&self, key: &'t str) -> Option<Value<'t>> {
        let value = self.entries.get(key)?;
        Some(Value { file: self.file, tree: value.get_ref(), span: value.span().into(), key })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The entries of a table whose keys are names, sorted by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Text<'t>, Value<'t>)> + use<'t> {
        let file = self.file;
        self.entries.iter().map(move |(key, value)| {
            let text: &'t str = key.get_ref();
            let name = Text { text, file, span: key.span().into() };
            (name, Value { file, tree: value.get_ref(), span: value.span().into(), key: text })
        })
    }

    pub(super) fn text(&self, key: &'t str) -> Result<Option<Text<'t>>> {
        self.get(key).map(|value| value.text()).transpose()
    }

    pub(super) fn need_text(&self, key: &'static str) -> Result<Text<'t>> {
        self.text(key)?.ok_or_else(|| self.error(LockErrorKind::Missing { key }))
    }

    pub(super) fn owned(&self, key: &'t str) -> Result<Option<String>> {
        Ok(self.text(key)?.map(|text| text.text.to_owned()))
    }

    pub(super) fn flag(&self, key: &'t str) -> Result<bool> {
        self.get(key)
            .map_or(Ok(false), |value| value.tree.as_bool().ok_or_else(|| value.wrong_type("true or false")))
    }

    pub(super) fn number(&self, key: &'t str) -> Result<Option<u64>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let number = value.tree.as_integer().and_then(|number| u64::from_str(number.as_str()).ok());
        number.map(Some).ok_or_else(|| value.wrong_type("a number"))
    }

    /// A date and time, as a TOML value or as a text in the same format.
    pub(super) fn moment(&self, key: &'t str) -> Result<Option<Timestamp>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let moment = match value.tree {
            DeValue::Datetime(datetime) => Timestamp::of(datetime),
            other => other.as_str().and_then(Timestamp::parse),
        };
        moment.map(Some).ok_or_else(|| value.wrong_type("a date with a time"))
    }

    pub(super) fn table(&self, key: &'t str) -> Result<Option<Table<'t>>> {
        self.get(key).map(|value| value.table()).transpose()
    }

    pub(super) fn tables(&self, key: &'t str) -> Result<Vec<Table<'t>>> {
        self.list(key)?.into_iter().map(|value| value.table()).collect()
    }

    pub(super) fn texts(&self, key: &'t str) -> Result<Vec<Text<'t>>> {
        self.list(key)?.into_iter().map(|value| value.text()).collect()
    }

    pub(super) fn list(&self, key: &'t str) -> Result<Vec<Value<'t>>> {
        self.get(key).map_or_else(|| Ok(Vec::new()), |value| value.list())
    }

    /// A list of names.
    pub(super) fn names<C: FromIterator<Name>>(&self, key: &'t str) -> Result<C> {
        self.texts(key)?.into_iter().map(|text| text.name()).collect()
    }

    /// A list of markers.
    pub(super) fn markers(&self, key: &'t str) -> Result<Vec<Marker>> {
        self.texts(key)?.into_iter().map(|text| text.marker()).collect()
    }

    /// Lists by name. `read` reads each item.
    pub(super) fn lists<T>(
        &self,
        key: &'t str,
        read: impl Fn(&Value<'t>) -> Result<T>,
    ) -> Result<BTreeMap<Name, Vec<T>>> {
        let mut lists = BTreeMap::new();
        for (name, value) in self.table(key)?.iter().flat_map(Table::entries) {
            let items: Result<Vec<T>> = value.list()?.iter().map(&read).collect();
            lists.insert(name.name()?, items?);
        }
        Ok(lists)
    }
}

impl<'t> Value<'t> {
    pub(super) fn place(&self) -> Place {
        Place { file: Arc::clone(self.file), span: self.span }
    }

    pub(super) fn is_text(&self) -> bool {
        self.tree.is_str()
    }

    pub(super) fn is_list(&self) -> bool {
        self.tree.is_array()
    }

    pub(super) fn text(&self) -> Result<Text<'t>> {
        let text = self.tree.as_str().ok_or_else(|| self.wrong_type("a string"))?;
        Ok(Text { text, file: self.file, span: self.span })
    }

    pub(super) fn table(&self) -> Result<Table<'t>> {
        let entries = self.tree.as_table().ok_or_else(|| self.wrong_type("a table"))?;
        Ok(Table { file: self.file, entries, span: self.span })
    }

    pub(super) fn list(&self) -> Result<Vec<Value<'t>>> {
        let list = self.tree.as_array().ok_or_else(|| self.wrong_type("a list"))?;
        let (file, key) = (self.file, self.key);
        let values = list.iter();
        Ok(values
            .map(|value| Value { file, tree: value.get_ref(), span: value.span().into(), key })
            .collect())
    }

    /// A text or number as text, for versions of formats.
    pub(super) fn scalar(&self) -> Result<&'t str> {
        match self.tree {
            DeValue::String(text) => Ok(text),
            DeValue::Integer(number) => Ok(number.as_str()),
            DeValue::Float(number) => Ok(number.as_str()),
            _ => Err(self.wrong_type("a version")),
        }
    }

    /// The value as JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        super::fresh::convert(self.tree)
    }

    pub(super) fn wrong_type(&self, expected: &'static str) -> LockError {
        let found = match self.tree {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        LockError::at(self.place(), LockErrorKind::WrongType { key: self.key.to_owned(), expected, found })
    }
}

impl Text<'_> {
    pub(super) fn place(&self) -> Place {
        Place { file: Arc::clone(self.file), span: self.span }
    }

    pub(super) fn error(&self, kind: impl Into<LockErrorKind>) -> LockError {
        LockError::at(self.place(), kind)
    }

    /// An error inside of the text. Offsets are correct only in a text without escapes. Otherwise the place
    /// is the whole text.
    fn inner(&self, error: ParseError) -> LockError {
        let literal = self.span.end - self.span.start == self.text.len() + 2;
        let span = if literal { error.clone().shifted(self.span.start + 1).span } else { self.span };
        LockError::at(Place { file: Arc::clone(self.file), span }, error.kind)
    }

    /// The URL of a file.
    pub(super) fn http(&self) -> Result<HttpUrl> {
        HttpUrl::parse(self.text).map_err(|error| self.error(error))
    }

    /// The URL of a repository.
    pub(super) fn git(&self) -> Result<GitUrl> {
        GitUrl::parse(self.text).map_err(|error| self.error(error))
    }

    /// The full id of a commit.
    pub(super) fn commit(&self) -> Result<String> {
        Commit::parse(self.text).map(|commit| commit.to_string()).map_err(|error| self.error(error))
    }

    /// A URL, or a path relative to the lock.
    pub(super) fn location(&self) -> Result<Location> {
        locate("", self.text).map_err(|error| self.error(error))
    }

    /// The name of a file.
    pub(super) fn file(&self) -> Result<FileName> {
        FileName::parse(self.text).map_err(|error| self.error(error))
    }

    /// The name of the file at the end of a URL or path.
    pub(super) fn last(&self) -> Result<FileName> {
        FileName::of_address(self.text).map_err(|error| self.error(error))
    }

    pub(super) fn name(&self) -> Result<Name> {
        Name::new(self.text).map_err(|error| self.error(error))
    }

    pub(super) fn version(&self) -> Result<Version> {
        Version::from_str(self.text)
            .map_err(|_| self.error(LockErrorKind::PackageVersion { text: self.text.to_owned() }))
    }

    pub(super) fn specifiers(&self) -> Result<VersionSpecifiers> {
        parse_specifiers(self.text).map_err(|text| self.error(LockErrorKind::Specifiers { text }))
    }

    pub(super) fn marker(&self) -> Result<Marker> {
        Marker::parse(self.text).map_err(|error| self.inner(error))
    }

    pub(super) fn requirement(&self) -> Result<Requirement> {
        Requirement::parse(self.text).map_err(|error| self.inner(error))
    }

    pub(super) fn hash(&self) -> Result<Hash> {
        Hash::parse(self.text).ok_or_else(|| self.error(LockErrorKind::Hash { text: self.text.to_owned() }))
    }
}
