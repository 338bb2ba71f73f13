//! Sources of packages that can be built without an index, because they contain their build backend.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::failure::{Failure, Result};

const BACKEND: &str = include_str!("../fixtures/source/backend.py");

/// The tables of a `pyproject.toml` whose package is built by the backend beside it.
pub const BUILD_SYSTEM: &str = "[build-system]\n\
    requires = []\n\
    build-backend = \"backend\"\n\
    backend-path = [\".\"]\n";

/// The files of a package with the module `NAME.py`, by their paths in its folder.
pub fn files(name: &str, version: &str) -> Vec<(String, String)> {
    let project = format!("{BUILD_SYSTEM}[project]\nname = \"{name}\"\nversion = \"{version}\"\n");
    vec![
        ("pyproject.toml".to_owned(), project),
        ("backend.py".to_owned(), BACKEND.to_owned()),
        (format!("{name}.py"), format!("VERSION = \"{version}\"\n")),
    ]
}

/// The same as a source archive, `NAME-VERSION.tar.gz`, with `note` in one more file.
///
/// # Errors
/// If compressing fails.
pub fn archive(name: &str, version: &str, note: &str) -> Result<Vec<u8>> {
    let information = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let all = files(name, version).into_iter().chain([("PKG-INFO".to_owned(), information)]);
    let all = all.chain([("NOTE".to_owned(), note.to_owned())]);
    let all: Vec<_> = all.map(|(path, text)| (format!("{name}-{version}/{path}"), text)).collect();
    packed(&all)
}

/// Files, by their paths, as a compressed archive.
///
/// # Errors
/// If compressing fails.
pub fn packed(files: &[(String, String)]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let failed = || Failure::io("compressing a source archive");
    for (path, text) in files {
        encoder.write_all(&member(path, text)).map_err(failed())?;
    }
    encoder.write_all(&[0; 1024]).map_err(failed())?;
    encoder.finish().map_err(failed())
}

/// A file as POSIX tar has it: a header of 512 bytes, and content filled up to a multiple of that.
fn member(path: &str, text: &str) -> Vec<u8> {
    let mut fields = vec![
        (100, path.to_owned()),
        (8, "0000644".to_owned()),
        (8, "0000000".to_owned()),
        (8, "0000000".to_owned()),
        (12, format!("{:011o}", text.len())),
        (12, format!("{:011o}", 315_532_800)),
        // The checksum counts itself as blanks.
        (8, " ".repeat(8)),
        (1, "0".to_owned()),
        (100, String::new()),
        (8, "ustar\x0000".to_owned()),
    ];
    let sum: u32 = fields.iter().flat_map(|(_, value)| value.bytes()).map(u32::from).sum();
    if let Some(checksum) = fields.get_mut(6) {
        checksum.1 = format!("{sum:06o}\0 ");
    }
    let mut bytes = Vec::new();
    for (width, value) in fields {
        let end = bytes.len() + width;
        bytes.extend(value.as_bytes());
        bytes.resize(end, 0);
    }
    bytes.resize(512, 0);
    bytes.extend(text.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}
