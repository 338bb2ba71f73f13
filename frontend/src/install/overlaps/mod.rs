//! `pybuild tool overlaps`: compares the layers of an environment, and finds the packages that need a common
//! layer.
//!
//! ```text
//! overlaps --out FOLDER [--below FILE]... [--package-below NAME]... [--layer FILE]... [--package NAME]...
//! ```
//!
//! Each FILE is the list of a layer: the files that each package of the layer has installed. The lists have
//! the order of the layers, the lowest first. `--below` names the layers of the project's own dependencies,
//! and `--layer` the layers above. `--package-below` gives the packages of the layers below in the order of
//! their installation, and `--package` all packages in this order.
//!
//! Layers are unpacked separately. If several layers have the same file, the file of the upper layer is
//! visible. If this is the file of the package that is installed last, a warning is enough. Otherwise the
//! packages are written to `FOLDER/together.txt`, one set of packages per line. A line with `below` is a set
//! of the project's own dependencies, and a line with `all` is another set. The file is empty if every layer
//! is right.

mod compare;
mod list;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) use list::{Listed, write_list};

use self::compare::Layers;
use super::arguments::{pairs, required, unknown};
use super::tree::{EPOCH, Mode, Tree};
use super::{ToolError, note};

/// The file with the packages that need a common layer.
const DECISION: &str = "together.txt";

/// Compares the layers that the arguments name.
///
/// # Errors
/// If an argument is wrong, if a path is a file in one layer and a folder in another, or if a file cannot be
/// read or written.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let mut out = None;
    let (mut below, mut above) = (Vec::new(), Vec::new());
    let (mut order_below, mut order) = (BTreeMap::new(), BTreeMap::new());
    for pair in pairs(arguments) {
        match pair? {
            ("--out", value) => out = Some(PathBuf::from(value)),
            ("--below", value) => below.push(list::read_list(value)?),
            ("--layer", value) => above.push(list::read_list(value)?),
            ("--package-below", value) => {
                order_below.insert(value.to_owned(), order_below.len());
            }
            ("--package", value) => {
                order.insert(value.to_owned(), order.len());
            }
            (name, _) => return Err(unknown(name)),
        }
    }
    let count = below.len();
    below.extend(above);
    let layers = Layers::new(below, count, &order_below, &order);
    let found = layers.compare()?;
    for warning in &found.warnings {
        note(warning);
    }
    let mut text = String::new();
    for (kind, sets) in [("below", &found.below), ("all", &found.all)] {
        for set in sets {
            let names: Vec<&str> = set.iter().map(String::as_str).collect();
            text.extend([kind, " ", &names.join(" "), "\n"]);
        }
    }
    let tree = Tree::new(required(out, "--out")?, EPOCH)?;
    tree.write(DECISION, text.as_bytes(), Mode::Plain)?;
    tree.settle()
}
