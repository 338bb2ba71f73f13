//! Environment variables in a table `env`.

use std::collections::BTreeMap;

use super::reader::{Context, Expanded, Node, Read};
use crate::address::is_invisible;
use crate::diagnostics::{Problem, Span};
use crate::plan::VENV;

/// The text in a value of `PATH` that stands for the folders of the base's `PATH`.
pub const BASES_PATH: &str = "${PATH}";

/// The variables of a table `env`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// The values by name. In `PATH`, [`BASES_PATH`] is not replaced yet.
    pub variables: BTreeMap<String, String>,
    /// The place of a `PATH` that contains neither [`BASES_PATH`] nor the folder of the environment's
    /// programs.
    pub lost_path: Option<Span>,
}

impl Read for Environment {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(entries) = node.entries() else {
            return node.wrong_type(cx, "a table");
        };
        let mut read = Self::default();
        for (name, node) in entries {
            if let Some(reason) = VariableName::refused(&name.value) {
                cx.report(name.span, Problem::BadName { what: "variable name", value: name.value, reason });
            } else if name.value == "PATH" && node.value.as_str().is_some() {
                let Some(value) = Expanded::with_path(&node, cx) else { continue };
                // If the text occurs twice, the value doubles in each of many stages.
                if value.0.matches(BASES_PATH).count() > 1 {
                    let reason = "`${PATH}` may stand there once";
                    cx.report(node.span, Problem::BadName { what: "PATH", value: value.0, reason });
                    continue;
                }
                let bin = format!("{VENV}/bin");
                if !value.0.split(':').any(|folder| folder == BASES_PATH || folder == bin) {
                    read.lost_path = Some(node.span);
                }
                read.variables.insert(name.value, value.0);
            } else if let Some(value) = Scalar::read(&node, cx) {
                read.variables.insert(name.value, value.0);
            }
        }
        Some(read)
    }
}

/// The name of an environment variable.
pub(super) struct VariableName(pub(super) String);

impl VariableName {
    /// The reason why a variable name is not allowed. With a dash at the beginning, `env` would read it as an
    /// option.
    fn refused(name: &str) -> Option<&'static str> {
        let odd = |c: char| c == '=' || c.is_whitespace() || is_invisible(c);
        let is_odd = name.is_empty() || name.starts_with('-') || name.chars().any(odd);
        is_odd.then_some("a variable's name has no `=` and no blanks")
    }
}

impl Read for VariableName {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = String::read(node, cx)?;
        if let Some(reason) = Self::refused(&value) {
            cx.report(node.span, Problem::BadName { what: "variable name", value, reason });
            return None;
        }
        Some(Self(value))
    }
}

/// A text, or a number or boolean as a text.
pub(super) struct Scalar(pub(super) String);

impl Read for Scalar {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if let Some(integer) = node.value.as_integer() {
            return Some(Self(integer.to_string()));
        }
        if let Some(value) = node.value.as_bool() {
            return Some(Self(value.to_string()));
        }
        if node.value.as_str().is_none() {
            return node.wrong_type(cx, "a string, a whole number or a boolean");
        }
        Expanded::read(node, cx).map(|value| Self(value.0))
    }
}
