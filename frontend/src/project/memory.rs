//! A build context in memory, for tests.

use std::collections::BTreeMap;

use super::context::{Context, ContextError, Kind};
use crate::spec::ContextPath;

/// A context in memory.
pub(crate) struct Memory(pub(crate) BTreeMap<&'static str, &'static str>);

impl Context for Memory {
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        Ok(self.0.get(path.as_str()).map(|text| text.as_bytes().to_vec()))
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        if self.0.contains_key(path.as_str()) {
            return Ok(Some(Kind::File));
        }
        if path.is_root() {
            return Ok(Some(Kind::Folder));
        }
        let inside = format!("{}/", path.as_str());
        Ok(self.0.keys().any(|name| name.starts_with(&inside)).then_some(Kind::Folder))
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        let prefix = if folder.is_root() { String::new() } else { format!("{}/", folder.as_str()) };
        let below = self.0.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(below.map(|name| name.split('/').next().unwrap_or(name).to_owned()).collect())
    }
}
