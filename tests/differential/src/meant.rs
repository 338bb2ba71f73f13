//! The disagreements that are meant, from `meant.toml`.

use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;
use crate::report::Disagreement;

/// The list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meant {
    #[serde(default)]
    meant: Vec<Entry>,
}

/// A disagreement that is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The kind of input, or what kinds begin with: `selection` is all of `selection/uv`, `selection/pdm`, ….
    kind: String,
    /// Texts that are all in the disagreement's lines.
    when: Vec<String>,
    /// Why it is meant.
    reason: String,
}

impl Meant {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(Failure::io(path.display().to_string()))?;
        Self::parse(&text)
    }

    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let list: Self =
            toml::from_str(text).map_err(|error| Failure::Other(format!("meant.toml: {error}")))?;
        if let Some(entry) = list.meant.iter().find(|entry| entry.when.is_empty() || entry.reason.is_empty())
        {
            return Err(Failure::Other(format!("meant.toml: {} needs `when` and `reason`", entry.kind)));
        }
        Ok(list)
    }

    /// Why a disagreement is meant, if it is.
    pub(crate) fn reason(&self, disagreement: &Disagreement) -> Option<&str> {
        let is_of = |entry: &&Entry| {
            let rest = disagreement.kind.strip_prefix(&entry.kind);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                && entry.when.iter().all(|text| disagreement.text.contains(text.as_str()))
        };
        self.meant.iter().find(is_of).map(|entry| entry.reason.as_str())
    }
}
