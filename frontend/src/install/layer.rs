//! `pybuild tool layer`: one layer of a virtual environment: wheels unpacked, with bytecode beside every
//! module.
//!
//! ```text
//! layer --root OUT --prefix /venv --python 3.11 --interpreter /venv/bin/python [--bytecode BASE]
//!       (--wheel PATH:SHA256[:requested] [--package NAME[==VERSION]] [--direct-url JSON] [--listed paths])...
//!       [--list FOLDER]
//! ```
//!
//! `--bytecode` names the root of an image whose Python compiles bytecode. The other options are those of
//! `unpack`.

use std::path::Path;

use super::arguments::{PythonVersion, pairs, required};
use super::interpreter::{self, SearchPath};
use super::{ToolError, bytecode, unpack};

/// Whether image layers give a name a special meaning: `.wh.NAME` removes NAME from lower layers, and
/// `.wh..wh..opq` removes all files of its folder in lower layers (OCI image specification, "Image Layer
/// Filesystem Changeset").
pub(super) fn is_whiteout(name: &str) -> bool {
    name.starts_with(".wh.")
}

/// Makes the layer that the arguments describe.
///
/// # Errors
/// If an argument is wrong, a wheel is refused, or bytecode cannot be compiled.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let mut unpacked = Vec::new();
    let (mut root, mut prefix, mut python, mut base) = (None, None, None, None);
    let mut search = SearchPath::default();
    for pair in pairs(arguments) {
        let (name, value) = pair?;
        match name {
            "--bytecode" => {
                base = Some(value.to_owned());
                continue;
            }
            "--path" => {
                search = SearchPath::parse(name, value)?;
                continue;
            }
            "--root" => root = Some(value.to_owned()),
            "--prefix" => prefix = Some(value.to_owned()),
            "--python" => python = Some(value.to_owned()),
            _ => {}
        }
        unpacked.extend([name.to_owned(), value.to_owned()]);
    }
    unpack::run(&unpacked)?;
    let Some(base) = base else { return Ok(()) };
    let (root, prefix) = (required(root, "--root")?, required(prefix, "--prefix")?);
    let python = required(python, "--python")?;
    let found = interpreter::find(Path::new(&base), &PythonVersion::parse(&python)?, None, &search)?;
    let packages = format!("{}/lib/python{python}/site-packages", prefix.trim_end_matches('/'));
    let compiled = [
        ("--interpreter", format!("{}/{}", base.trim_end_matches('/'), found.path)),
        ("--python", python),
        ("--source", packages),
        ("--root", root.clone()),
        ("--out", root),
    ];
    let compiled: Vec<_> = compiled.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
    bytecode::run(&compiled)
}
