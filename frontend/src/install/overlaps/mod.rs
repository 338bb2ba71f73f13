//! `pybuild tool overlaps`: compares the layers of an environment, and finds the packages that need a common layer.
//!
//! ```text
//! overlaps --out FOLDER [--below FILE]... [--package-below NAME]... [--layer FILE]... [--package NAME]...
//! ```
//!
//! Each FILE is the list of a layer: what each package of the layer has installed. The lists stand in the order of the
//! layers, the lowest first. `--below` names the layers of the project's own dependencies, and `--layer` those above. The
//! packages stand in the order of their installation: first those of the layers below alone, then all of them.
//!
//! Layers are unpacked one by one, and of a file that several layers have, the file of the upper layer is seen. Where the
//! upper layer has the file of the package that is installed last, a warning is all. Otherwise the packages are written
//! to `FOLDER/together.txt`: a line a set of packages. `below` begins the sets that are needed without what lies above;
//! `all` begins the others. The file is empty where every layer is right.

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

/// The file that says which packages need a common layer.
const DECISION: &str = "together.txt";

/// Compares the layers that the arguments name.
///
/// # Errors
/// If an argument is wrong, a path is a file in one layer and a folder in another, or a file cannot be read or written.
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
