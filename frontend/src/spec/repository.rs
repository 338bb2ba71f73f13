//! `[system] repositories`: repositories of apt in addition to the distribution's own.

use super::download::{Checksum, Download, http_url, is_address};
use super::reader::{Context, Expanded, Located, Node, Read};
use super::values::ContextPath;
use crate::address::HttpUrl;
use crate::diagnostics::{Problem, Span};

/// An apt repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The URL.
    pub url: HttpUrl,
    /// The suites. A suite that ends in a slash is a folder of packages without components.
    pub suites: Vec<String>,
    /// The components of each suite.
    pub components: Vec<String>,
    /// The public key for the signatures of its package lists.
    pub key: Key,
    /// The place in the file.
    pub span: Span,
}

/// The place of a repository's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A file at a URL.
    Download(Download),
    /// A file in the build context.
    Context(ContextPath),
}

impl Read for Repository {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("a repository") else {
            return node.wrong_type(cx, "a table");
        };
        let url: Option<Located<Expanded>> = table.require(cx, "url");
        let suites: Option<Vec<Word>> = table.require(cx, "suites");
        let components: Option<Vec<Word>> = table.get(cx, "components");
        let key: Option<Located<Expanded>> = table.require(cx, "key");
        let checksum = table.get::<Checksum>(cx, "checksum");
        table.finish(cx);
        let url = url.and_then(|url| http_url(&Located::new(url.value.0, url.span), cx));
        let key = key.and_then(|key| Key::of(Located::new(key.value.0, key.span), checksum, cx));
        let suites: Vec<String> = suites?.into_iter().map(|word| word.0).collect();
        if suites.is_empty() {
            cx.report(node.span, Problem::Empty { key: "suites".to_owned() });
            return None;
        }
        let is_flat = suites.iter().any(|suite| suite.ends_with('/'));
        let components = match components {
            Some(words) => words.into_iter().map(|word| word.0).collect(),
            None if is_flat => Vec::new(),
            None => vec!["main".to_owned()],
        };
        Some(Self { url: url?, suites, components, key: key?, span: node.span })
    }
}

impl Key {
    fn of(key: Located<String>, checksum: Option<Checksum>, cx: &mut Context<'_>) -> Option<Self> {
        if is_address(&key.value) {
            let url = http_url(&key, cx)?;
            let Some(Checksum(checksum)) = checksum else {
                cx.report(key.span, Problem::NoChecksum { address: url.to_string() });
                return None;
            };
            return Some(Self::Download(Download { url, checksum }));
        }
        let path = ContextPath::parse(&key.value).filter(|path| !path.is_root() && !path.is_pattern());
        if path.is_none() {
            cx.report(key.span, Problem::PathLeavesContext { value: key.value });
        }
        path.map(Self::Context)
    }
}

/// A suite or a component: one word in apt's source lists.
struct Word(String);

impl Read for Word {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = Expanded::read(node, cx)?.0;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./+~".contains(c);
        if !value.is_empty() && value.chars().all(allowed) {
            return Some(Self(value));
        }
        let reason = "only letters, digits and `-_./+~` are allowed";
        cx.report(node.span, Problem::BadName { what: "word of a repository", value, reason });
        None
    }
}
