//! Finds places in the build file that the spec does not keep: single variables, args and commands.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostics::{Source, Span};

/// The text of a build file as a TOML tree.
pub(super) struct Places<'s> {
    document: Option<Spanned<DeTable<'s>>>,
    in_pyproject: bool,
}

/// A string in the file.
pub(super) struct Text<'a> {
    /// The keys on the path to the string. Positions in lists are left out.
    pub(super) path: Vec<&'a str>,
    /// The value.
    pub(super) value: &'a str,
    /// The place of the value.
    pub(super) span: Span,
}

impl<'s> Places<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        let in_pyproject = source.name.rsplit('/').next() == Some("pyproject.toml");
        Self { document: DeTable::parse(&source.text).ok(), in_pyproject }
    }

    fn root(&self) -> Option<&DeTable<'s>> {
        let document = self.document.as_ref()?.get_ref();
        if !self.in_pyproject {
            return Some(document);
        }
        document.get("tool")?.get_ref().as_table()?.get("pybuild")?.get_ref().as_table()
    }

    /// The place of the key at the end of `path`.
    pub(super) fn key(&self, path: &[&str]) -> Option<Span> {
        let (last, tables) = path.split_last()?;
        let mut table = self.root()?;
        for name in tables {
            table = table.get(*name)?.get_ref().as_table()?;
        }
        table.get_key_value(*last).map(|(key, _)| key.span().into())
    }

    /// The place of the value at the end of `path`.
    pub(super) fn value(&self, path: &[&str]) -> Option<Span> {
        let (last, tables) = path.split_last()?;
        let mut table = self.root()?;
        for name in tables {
            table = table.get(*name)?.get_ref().as_table()?;
        }
        table.get(*last).map(|value| value.span().into())
    }

    /// All string values of the file.
    pub(super) fn texts(&self) -> Vec<Text<'_>> {
        let mut texts = Vec::new();
        if let Some(root) = self.root() {
            collect_table(root, &mut Vec::new(), &mut texts);
        }
        texts
    }
}

fn collect_table<'a>(table: &'a DeTable<'_>, path: &mut Vec<&'a str>, texts: &mut Vec<Text<'a>>) {
    for (key, value) in table {
        path.push(key.get_ref());
        collect(value, path, texts);
        path.pop();
    }
}

fn collect<'a>(value: &'a Spanned<DeValue<'_>>, path: &mut Vec<&'a str>, texts: &mut Vec<Text<'a>>) {
    match value.get_ref() {
        DeValue::String(text) => {
            texts.push(Text { path: path.clone(), value: text, span: value.span().into() });
        }
        DeValue::Array(elements) => elements.iter().for_each(|element| collect(element, path, texts)),
        DeValue::Table(table) => collect_table(table, path, texts),
        _ => {}
    }
}
