//! Compares two bills of materials. It finds packages that now have files which Python runs at every start,
//! and did not have them before.
//!
//! No lock lists the files of a package, and the command line downloads nothing. A build knows the files and
//! writes them to the bill of materials. So the bills of two builds show the effect of an update.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::table::bold;
use crate::sbom::{Document, Package};

/// The largest bill that is read, in bytes. The bills of the largest environments have a few megabytes.
const LARGEST: u64 = 64 << 20;

/// A package with new files that Python runs at every start.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Added {
    package: String,
    before: Option<String>,
    after: Option<String>,
    files: Vec<String>,
}

/// The packages whose startup files are in the bill `new` and not in the bill `old`.
pub(super) fn added(old: &Path, new: &Path) -> Result<Vec<Added>, CliError> {
    let (old, new) = (bill(old)?, bill(new)?);
    let before: BTreeMap<&str, &Package> =
        old.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let mut found = Vec::new();
    for package in &new.packages {
        let same = before.get(package.id.as_str());
        let known: BTreeSet<String> =
            same.into_iter().flat_map(|same| files(same)).map(|(key, _)| key).collect();
        let files: Vec<String> =
            files(package).filter(|(key, _)| !known.contains(key)).map(|(_, file)| file).collect();
        if !files.is_empty() {
            found.push(Added {
                package: package.name.clone(),
                before: same.and_then(|same| same.version_info.clone()),
                after: package.version_info.clone(),
                files,
            });
        }
    }
    found.sort_by(|a, b| a.package.cmp(&b.package));
    Ok(found)
}

/// The files of a package that Python runs at every start, each as a pair of key and name. The key is for
/// comparison: it has no version in it, because some packages write their version into the name of a file.
fn files(package: &Package) -> impl Iterator<Item = (String, String)> {
    let version = package.version_info.as_deref().filter(|version| !version.is_empty());
    package.startup_files().map(move |file| {
        let key = version.map_or_else(|| file.to_owned(), |version| file.replace(version, "VERSION"));
        (key, file.to_owned())
    })
}

/// The list of packages, for people.
pub(super) fn text(added: &[Added]) -> String {
    if added.is_empty() {
        return "No package has come to bring a file that Python runs at every start.\n".to_owned();
    }
    let mut out =
        format!("{}\n", bold("Files that Python runs at every start, and that were not there before"));
    for Added { package, before, after, files } in added {
        let after = after.as_deref().unwrap_or_default();
        let versions = match before {
            Some(before) if before == after => format!("{after}, another file"),
            Some(before) => format!("{before} -> {after}"),
            None => format!("{after}, a new package"),
        };
        // A write to a string cannot fail.
        let _ = writeln!(out, "  {package} {versions}: {}", files.join(", "));
    }
    out
}

/// Reads a bill: either the document alone, or the in-toto statement around it that `--output type=local`
/// writes.
fn bill(path: &Path) -> Result<Document, CliError> {
    let shown = path.display();
    let failed = |error: std::io::Error| CliError::new(format!("`{shown}` cannot be read: {error}"));
    let known = fs::metadata(path).map_err(failed)?;
    if !known.is_file() || known.len() > LARGEST {
        return Err(CliError::new(format!("`{shown}` is no bill of materials: no file of less than 64 MiB")));
    }
    let not_one = |why: &str| {
        CliError::new(format!("`{shown}` is no bill of materials of pybuild: {why}"))
            .help("build with `--sbom=true --output type=local,dest=FOLDER`: it is FOLDER/sbom.spdx.json")
    };
    let text = fs::read(path).map_err(failed)?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| not_one(&error.to_string()))?;
    let value = match value {
        serde_json::Value::Object(mut fields) if fields.contains_key("predicate") => {
            fields.remove("predicate").unwrap_or_default()
        }
        other => other,
    };
    let document: Document = serde_json::from_value(value).map_err(|error| not_one(&error.to_string()))?;
    // Bills of other tools do not say which files Python runs, so an empty difference would mean nothing.
    let is_ours = document.creation_info.creators.iter().any(|creator| creator.starts_with("Tool: pybuild-"));
    if is_ours { Ok(document) } else { Err(not_one("another tool has made it")) }
}
