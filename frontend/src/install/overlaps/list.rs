//! The list of a layer: the files that each package of the layer has installed.
//!
//! The list is CSV, like RECORD. A row with two fields starts a package: its name and the file name of its
//! wheel. A row with three fields is a file of the package: its path in the environment, its hash and its
//! size.

use std::fs;
use std::path::PathBuf;

use super::super::ToolError;
use super::super::tree::{EPOCH, Mode, Tree};
use super::super::wheel::{each_row, field};

/// The file name of the list.
const LIST: &str = "files.csv";

/// The installed files of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::install) struct Listed {
    /// The normalized name of the package.
    pub(in crate::install) name: String,
    /// The file name of its wheel.
    pub(in crate::install) file: String,
    /// The files, in order: the path in the environment, and its hash and size, separated by a comma.
    pub(in crate::install) rows: Vec<(String, String)>,
    /// Whether hashes are left out. The content of such a package changes with every line of its code, and
    /// the comparison of layers should not run again for each change. A file without a hash counts as
    /// different from every other file.
    pub(in crate::install) paths_alone: bool,
}

/// Writes the list of a layer. The packages are sorted by name.
///
/// # Errors
/// If the list cannot be written.
pub(in crate::install) fn write_list(folder: PathBuf, packages: &[Listed]) -> Result<(), ToolError> {
    let mut packages: Vec<&Listed> = packages.iter().collect();
    packages.sort_by_key(|package| &package.name);
    let mut text = String::new();
    for package in packages {
        text.extend([field(&package.name).as_str(), ",", &field(&package.file), "\n"]);
        for (place, content) in &package.rows {
            // Empty files are common and all equal, so they keep their hash.
            let is_known = !package.paths_alone || content.ends_with(",0");
            text.extend([field(place).as_str(), ",", if is_known { content } else { "," }, "\n"]);
        }
    }
    let tree = Tree::new(folder, EPOCH)?;
    tree.write(LIST, text.as_bytes(), Mode::Plain)?;
    tree.settle()
}

/// Reads the list of a layer.
///
/// # Errors
/// If the list cannot be read.
pub(super) fn read_list(path: &str) -> Result<Vec<Listed>, ToolError> {
    let failed = |source| ToolError::File { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(failed)?;
    let mut packages: Vec<Listed> = Vec::new();
    let mut is_list = true;
    each_row(LIST, &text, &mut |_, fields| {
        match (fields.as_slice(), packages.last_mut()) {
            ([name, file], _) => packages.push(Listed {
                name: name.clone(),
                file: file.clone(),
                rows: Vec::new(),
                paths_alone: false,
            }),
            ([place, hash, size], Some(package)) => {
                // Without a hash, the content is unknown.
                let content = if hash.is_empty() { String::new() } else { format!("{hash},{size}") };
                package.rows.push((place.clone(), content));
            }
            _ => is_list = false,
        }
        Ok(())
    })
    .map_err(|problem| problem.of(path))?;
    if is_list { Ok(packages) } else { Err(ToolError::Usage(format!("`{path}` is no list of a layer"))) }
}
