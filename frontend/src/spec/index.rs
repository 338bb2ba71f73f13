//! `[dependencies.index]`: the indexes of packages, and the build secrets with their credentials.

use super::reader::{Context, Located, Node, Plain, Read};
use crate::address::HttpUrl;
use crate::diagnostics::Problem;

/// The indexes of a project. The file only names the build secrets with credentials and never contains
/// credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// `url`: the index that replaces the default one.
    pub url: Option<String>,
    /// `extra`: additional indexes.
    pub extra: Vec<String>,
    /// `netrc`: the id of a build secret in the format of `.netrc`, for pip and uv.
    pub netrc: Option<String>,
    /// `auth`: the id of a build secret with the `Authorization` header for downloads from the indexes'
    /// hosts.
    pub auth: Option<String>,
}

/// A URL without a user name and password.
struct Address(String);

impl Read for Address {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = Plain::read(node, cx)?.0;
        let Some((scheme, rest)) = value.split_once("://") else {
            let reason = "write an address as `https://packages.example/simple`";
            cx.report(node.span, Problem::BadName { what: "index", value, reason });
            return None;
        };
        if !matches!(scheme, "http" | "https" | "file") {
            let reason = "only `https`, `http` and `file` are read";
            cx.report(node.span, Problem::BadName { what: "index", value, reason });
            return None;
        }
        if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            cx.report(node.span, Problem::CredentialsInFile);
            return None;
        }
        // pip and uv read a text with spaces as several URLs.
        if value.contains(char::is_whitespace) || (scheme != "file" && HttpUrl::parse(&value).is_err()) {
            let reason = "write an address as `https://packages.example/simple`";
            cx.report(node.span, Problem::BadName { what: "index", value, reason });
            return None;
        }
        Some(Self(value))
    }
}

impl Read for Index {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("[dependencies.index]") else {
            return node.wrong_type(cx, "a table");
        };
        let extra: Vec<Address> = table.get_or_default(cx, "extra");
        let read = Self {
            url: table.get::<Address>(cx, "url").map(|address| address.0),
            extra: extra.into_iter().map(|address| address.0).collect(),
            netrc: secret_id(&mut table, cx, "netrc"),
            auth: secret_id(&mut table, cx, "auth"),
        };
        table.finish(cx);
        Some(read)
    }
}

/// Reads the id of a build secret.
pub(super) fn secret_id(
    table: &mut super::reader::Table<'_>,
    cx: &mut Context<'_>,
    key: &'static str,
) -> Option<String> {
    let id: Located<String> = table.get(cx, key)?;
    let valid = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if id.value.is_empty() || !id.value.chars().all(valid) {
        let reason = "only letters, digits and `._-` are allowed";
        cx.report(id.span, Problem::BadName { what: "secret id", value: id.value, reason });
        return None;
    }
    Some(id.value)
}
