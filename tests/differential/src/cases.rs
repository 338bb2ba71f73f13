//! The cases that were kept: small inputs that once made a difference, as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// The cases of a folder, by name.
///
/// # Errors
/// If one of them cannot be read.
pub(crate) fn kept<C: DeserializeOwned>(folder: &Path) -> Result<BTreeMap<String, C>, Failure> {
    let mut cases = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(cases) };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(Failure::io(shown.as_str()))?;
        let case =
            serde_json::from_str(&text).map_err(|error| Failure::Other(format!("{shown}: {error}")))?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        cases.insert(name, case);
    }
    Ok(cases)
}

/// Writes a case under the name of its input, and beside the case what differs.
///
/// # Errors
/// If the folder cannot be written to.
pub(crate) fn keep<C: Serialize>(folder: &Path, case: &C, input: &str, text: &str) -> Result<(), Failure> {
    let plain = |one: char| if one.is_ascii_alphanumeric() { one } else { '-' };
    let name: String = input.replace("--", "").chars().map(plain).collect();
    let body = serde_json::to_string_pretty(case).map_err(|error| Failure::Other(error.to_string()))?;
    std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    for (end, body) in [("json", body + "\n"), ("txt", format!("{text}\n"))] {
        let path = folder.join(format!("{}.{end}", name.trim_end_matches('-')));
        std::fs::write(&path, body).map_err(Failure::io(path.display().to_string()))?;
    }
    Ok(())
}
