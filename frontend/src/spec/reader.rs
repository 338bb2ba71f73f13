//! Walks a TOML tree and reports every wrong key, type and value at its place.
//!
//! serde's derive stops at the first problem and loses places inside flattened tables, but this walker
//! continues. A wrong value is reported and then counts as missing, so that one mistake does not hide the
//! next.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::args::{Arguments, ExpandError};
use super::environment::BASES_PATH;
use crate::address::is_invisible;
use crate::diagnostics::{Diagnostics, Problem, Source, Span, nearest};

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The place in the file.
    pub span: Span,
}

impl<T> Located<T> {
    /// A value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// The state that reading functions share.
pub(super) struct Context<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) arguments: &'a Arguments,
    pub(super) found: Diagnostics,
    /// The number of bytes that args may still add to the values of the file.
    room: usize,
    /// The number of image names that were compared with the names of stages.
    compared: usize,
    /// The number of items of each limited kind that were read.
    counts: BTreeMap<&'static str, usize>,
}

/// The maximum number of bytes that build args add to all values of a file. A few hundred uses of `${TAG}`
/// add some thousand.
const MOST_EXPANDED: usize = 1 << 20;

impl<'a> Context<'a> {
    pub(super) fn new(source: &'a Arc<Source>, arguments: &'a Arguments) -> Self {
        let (found, counts) = (Diagnostics::default(), BTreeMap::new());
        Self { source, arguments, found, room: MOST_EXPANDED, compared: 0, counts }
    }

    /// Whether `added` more items of the kind `what` may be read. The first item above the limit is reported.
    pub(super) fn counts(&mut self, what: &'static str, added: usize, most: usize, span: Span) -> bool {
        let count = self.counts.entry(what).or_default();
        let before = *count;
        *count = before.saturating_add(added);
        if *count <= most {
            return true;
        }
        if before <= most {
            self.report(span, Problem::TooMany { what, most });
        }
        false
    }

    /// Whether `name`, which may be an image, is similar to the name of a stage. The number of comparisons is
    /// limited: a file with hundreds of images without a tag gets no suggestions for the later ones.
    pub(super) fn is_near(&mut self, name: &str, stages: &[&str]) -> bool {
        const MOST_COMPARED: usize = 200;
        self.compared += 1;
        self.compared <= MOST_COMPARED && nearest(name, stages.iter().copied()).is_some()
    }

    pub(super) fn report(&mut self, span: Span, problem: Problem) {
        self.found.report(self.source, span, problem);
    }
}

/// A value with its key, for messages.
pub(super) struct Node<'t> {
    pub(super) value: &'t DeValue<'t>,
    pub(super) span: Span,
    pub(super) key: String,
}

impl<'t> Node<'t> {
    pub(super) fn wrong_type<T>(&self, cx: &mut Context<'_>, expected: &'static str) -> Option<T> {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let help = self.mended(cx, expected);
        cx.report(self.span, Problem::WrongType { key: self.key.clone(), expected, found, help });
        None
    }

    /// The value written with the expected type, if only quotes or brackets are missing.
    fn mended(&self, cx: &Context<'_>, expected: &str) -> Option<String> {
        let written = cx.source.text.get(self.span.start..self.span.end)?;
        if written.contains('\n') {
            return None;
        }
        let unquoted = self.value.as_str().unwrap_or_default();
        match self.value {
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
                if expected.starts_with("a string") =>
            {
                Some(format!("write it between quotes: `\"{written}\"`"))
            }
            DeValue::Array(_) => None,
            _ if expected == "a list" => Some(format!("write it between brackets: `[{written}]`")),
            DeValue::String(_) if expected == "true or false" && matches!(unquoted, "true" | "false") => {
                Some(format!("write it without quotes: `{unquoted}`"))
            }
            DeValue::String(_) if expected == "a whole number" && unquoted.parse::<u32>().is_ok() => {
                Some(format!("write it without quotes: `{unquoted}`"))
            }
            _ => None,
        }
    }

    /// The value as a table with fixed keys.
    pub(super) fn table(&self, label: impl Into<String>) -> Option<Table<'t>> {
        let entries = self.value.as_table()?;
        Some(Table { entries: Some(entries), label: label.into(), span: self.span, asked: Vec::new() })
    }

    /// The value as a table whose keys the user chooses.
    pub(super) fn entries(&self) -> Option<Vec<(Located<String>, Node<'t>)>> {
        Some(entries(self.value.as_table()?, &self.key))
    }

    pub(super) fn elements(&self) -> Option<Vec<Node<'t>>> {
        let array = self.value.as_array()?;
        let nodes = array.iter().map(|element| Node {
            value: element.get_ref(),
            span: element.span().into(),
            key: self.key.clone(),
        });
        Some(nodes.collect())
    }
}

fn entries<'t>(table: &'t DeTable<'t>, prefix: &str) -> Vec<(Located<String>, Node<'t>)> {
    let all = table.iter().map(|(key, value)| {
        let name = Located::new(key.get_ref().to_string(), key.span().into());
        let path = if prefix.is_empty() { name.value.clone() } else { format!("{prefix}.{}", name.value) };
        (name, Node { value: value.get_ref(), span: value.span().into(), key: path })
    });
    all.collect()
}

/// A table with fixed keys. Each key that is read counts as known. [`Table::finish`] reports the other keys.
pub(super) struct Table<'t> {
    entries: Option<&'t DeTable<'t>>,
    label: String,
    pub(super) span: Span,
    asked: Vec<&'static str>,
}

impl<'t> Table<'t> {
    pub(super) fn root(entries: &'t DeTable<'t>, label: &str, span: Span) -> Self {
        Self { entries: Some(entries), label: label.to_owned(), span, asked: Vec::new() }
    }

    /// A table that is not in the file.
    pub(super) fn empty(label: &str, span: Span) -> Self {
        Self { entries: None, label: label.to_owned(), span, asked: Vec::new() }
    }

    /// The unparsed value of `key`.
    pub(super) fn node(&mut self, key: &'static str) -> Option<Node<'t>> {
        self.asked.push(key);
        let value = self.entries?.get(key)?;
        Some(Node { value: value.get_ref(), span: value.span().into(), key: key.to_owned() })
    }

    /// The value of `key`, or `None` if it is missing or wrong. A wrong value is reported.
    pub(super) fn get<T: Read>(&mut self, cx: &mut Context<'_>, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        T::read(&node, cx)
    }

    /// Like [`Table::get`], with the default for a missing key.
    pub(super) fn get_or_default<T: Read + Default>(&mut self, cx: &mut Context<'_>, key: &'static str) -> T {
        self.get(cx, key).unwrap_or_default()
    }

    /// Like [`Table::get`], but reports a missing key.
    pub(super) fn require<T: Read>(&mut self, cx: &mut Context<'_>, key: &'static str) -> Option<T> {
        if self.entries.is_none_or(|entries| entries.get(key).is_none()) {
            self.asked.push(key);
            cx.report(self.span, Problem::MissingKey { key, table: self.label.clone() });
            return None;
        }
        self.get(cx, key)
    }

    /// Reports every key that was not read.
    pub(super) fn finish(self, cx: &mut Context<'_>) {
        let Some(all) = self.entries else { return };
        for (key, _) in entries(all, "") {
            if self.asked.contains(&key.value.as_str()) {
                continue;
            }
            cx.found.report_with(cx.source, key.span, || Problem::UnknownKey {
                suggestion: meant(&key.value, &self.asked),
                key: key.value,
                table: self.label.clone(),
                known: self.asked.clone(),
            });
        }
    }
}

/// Words of other tools, and the names of the same settings here.
const ELSEWHERE: [(&str, &[&str]); 17] = [
    ("build", &["run"]),
    ("cmd", &["command", "run"]),
    ("command", &["run"]),
    ("cwd", &["workdir"]),
    ("depends", &["requires"]),
    ("environment", &["env"]),
    ("extends", &["from"]),
    ("files", &["include"]),
    ("health", &["healthcheck"]),
    ("image", &["from", "base"]),
    ("needs", &["requires"]),
    ("ports", &["expose"]),
    ("production", &["stage.production"]),
    ("dev", &["stage.dev"]),
    ("source", &["path", "from"]),
    ("target", &["to"]),
    ("tests", &["checks"]),
];

/// The known key that the user most likely meant.
fn meant(key: &str, known: &[&'static str]) -> Option<String> {
    let elsewhere = ELSEWHERE.iter().filter(|(word, _)| *word == key).flat_map(|(_, names)| names.iter());
    // The table of a stage is found by its first word.
    let is_known = |name: &&&str| known.iter().any(|known| name.split('.').next() == Some(known));
    let mut named = elsewhere.filter(is_known).map(|name| (*name).to_owned());
    nearest(key, known.iter().copied()).or_else(|| named.next())
}

/// A type that can be read from a TOML value.
pub(super) trait Read: Sized {
    /// The value, or `None` after its mistake was reported.
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self>;
}

impl Read for String {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        match node.value.as_str() {
            // No program, file or variable can have a name with a NUL.
            Some(text) if text.contains('\0') => {
                cx.report(node.span, Problem::Invisible { key: node.key.clone(), what: "a NUL" });
                None
            }
            Some(text) => Some(text.to_owned()),
            None => node.wrong_type(cx, "a string"),
        }
    }
}

impl Read for bool {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        match node.value.as_bool() {
            Some(value) => Some(value),
            None => node.wrong_type(cx, "true or false"),
        }
    }
}

impl Read for u32 {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(integer) = node.value.as_integer() else {
            return node.wrong_type(cx, "a whole number");
        };
        let value = Self::from_str_radix(integer.as_str(), integer.radix()).ok();
        if value.is_none() {
            let value = integer.to_string();
            cx.report(node.span, Problem::BadNumber { value, min: 0, max: i64::from(Self::MAX) });
        }
        value
    }
}

impl<T: Read> Read for Located<T> {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        T::read(node, cx).map(|value| Self::new(value, node.span))
    }
}

/// A list. Wrong elements are reported and left out.
impl<T: Read> Read for Vec<T> {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(elements) = node.elements() else {
            return node.wrong_type(cx, "a list");
        };
        Some(elements.iter().filter_map(|element| T::read(element, cx)).collect())
    }
}

/// A table whose keys the user chooses.
impl<T: Read> Read for BTreeMap<String, T> {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return node.wrong_type(cx, "a table");
        };
        let read = entries.iter().filter_map(|(key, node)| Some((key.value.clone(), T::read(node, cx)?)));
        Some(read.collect())
    }
}

/// A name or path in which `${NAME}` stands for a build arg: one line of visible characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Plain(pub(super) String);

impl Read for Plain {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let text = Expanded::read(node, cx)?.0;
        if text.chars().any(is_invisible) {
            let what = if text.contains('\n') { "a line break" } else { "a control character" };
            cx.report(node.span, Problem::Invisible { key: node.key.clone(), what });
            return None;
        }
        Some(Self(text))
    }
}

/// A string in which `${NAME}` stands for a build arg.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expanded(pub(super) String);

impl Expanded {
    /// A text in which `${NAME}` stands for a build arg, if there is an arg with this name. Otherwise the
    /// text stays. `$${NAME}` is the text `${NAME}`.
    pub(super) fn known(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let text = String::read(node, cx)?;
        let kept = cx.arguments.keep_unknown(&text);
        Self::of(&kept, node, cx)
    }

    /// A value of `PATH`. `${PATH}` stays unless there is an arg with this name.
    pub(super) fn with_path(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let text = String::read(node, cx)?;
        if cx.arguments.value("PATH").is_some() {
            return Self::of(&text, node, cx);
        }
        let parts: Option<Vec<String>> =
            text.split(BASES_PATH).map(|part| Self::of(part, node, cx).map(|part| part.0)).collect();
        Some(Self(parts?.join(BASES_PATH)))
    }

    fn of(text: &str, node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        match cx.arguments.expand(text, text.len() + cx.room) {
            Ok(expanded) => {
                cx.room -= expanded.len().saturating_sub(text.len()).min(cx.room);
                return Some(Self(expanded));
            }
            Err(ExpandError::TooLong) => {
                cx.report(node.span, Problem::ExpandedTooFar { limit: MOST_EXPANDED });
            }
            Err(ExpandError::Unclosed) => cx.report(node.span, Problem::UnclosedArg),
            Err(ExpandError::Unknown(name)) => {
                let arguments = cx.arguments;
                cx.found.report_with(cx.source, node.span, || arguments.unknown(name));
            }
        }
        None
    }
}

impl Read for Expanded {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        match node.value.as_str() {
            Some(text) => Self::of(text, node, cx),
            None => node.wrong_type(cx, "a string"),
        }
    }
}

/// A list of names in which `${NAME}` stands for a build arg. A name that is empty after replacing args is
/// left out. So a file can use a group only in some builds.
pub(super) fn names(
    table: &mut Table<'_>,
    cx: &mut Context<'_>,
    key: &'static str,
) -> Option<Vec<Located<String>>> {
    let elements = table.node(key).map(|node| match node.elements() {
        Some(elements) => Ok(elements),
        None => Err(node),
    })?;
    let elements = match elements {
        Ok(elements) => elements,
        Err(node) => return node.wrong_type(cx, "a list"),
    };
    let read = elements.iter().filter_map(|node| {
        let name = Expanded::read(node, cx)?.0;
        let emptied = name.is_empty() && node.value.as_str() != Some("");
        (!emptied).then(|| Located::new(name, node.span))
    });
    Some(read.collect())
}
