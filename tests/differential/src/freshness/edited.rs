//! A project that is locked, and then edited.

use serde::{Deserialize, Serialize};

use crate::selection::case::Case;

/// The project before and after an edit. Both are whole, so that parts can be left out of both at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edited {
    /// What is edited, for reports.
    pub(crate) what: String,
    /// What is locked.
    pub(crate) before: Case,
    /// What the manifests say afterwards.
    pub(crate) after: Case,
    /// What is done to the text of the project's manifest in the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) texts: Vec<Text>,
}

/// A change of the text of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Text {
    /// The first of these texts becomes another one.
    Replace(String, String),
    /// Lines at the end.
    Append(String),
    /// A comment above every table.
    Comments,
    /// Empty lines, and spaces at the ends of lines.
    Spaces,
    /// Lines end as on Windows.
    Windows,
}

impl Text {
    /// The text after the change.
    pub(crate) fn apply(&self, text: &str) -> String {
        match self {
            Self::Replace(from, to) => text.replacen(from, to, 1),
            Self::Append(lines) => format!("{text}{lines}"),
            Self::Comments => text.replace("\n[", "\n# a comment\n["),
            Self::Spaces => text.replace('\n', "  \n\n"),
            Self::Windows => text.replace('\n', "\r\n"),
        }
    }
}
