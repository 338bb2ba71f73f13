//! An OCI layout on disk, as `--output type=oci,tar=false` writes it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Failure, Result};

/// A folder with `index.json` and `blobs`.
#[derive(Debug)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The manifests by platform (`linux/arm64`), attestations left out.
    ///
    /// # Errors
    /// If the layout cannot be read, or does not hold an index of images.
    pub fn images(&self) -> Result<BTreeMap<String, Value>> {
        let top = json(&self.folder.join("index.json"))?;
        let index = self.blob(&text(&top, "/manifests/0/digest")?)?;
        let listed = index.get("manifests").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| Failure::Unexpected(format!("no index of images: {index}")))?;
        let mut images = BTreeMap::new();
        for entry in listed {
            let os = text(entry, "/platform/os")?;
            if os != "unknown" {
                let platform = format!("{os}/{}", text(entry, "/platform/architecture")?);
                images.insert(platform, self.blob(&text(entry, "/digest")?)?);
            }
        }
        Ok(images)
    }

    /// The descriptor of what was built, and the index that it leads to.
    ///
    /// # Errors
    /// If the layout cannot be read.
    pub fn index(&self) -> Result<(Value, Value)> {
        let top = json(&self.folder.join("index.json"))?;
        let descriptor = top.pointer("/manifests/0").cloned().unwrap_or_default();
        let index = self.blob(&text(&descriptor, "/digest")?)?;
        Ok((descriptor, index))
    }

    /// The digest of what was built: an image, or an index of several.
    ///
    /// # Errors
    /// If the layout cannot be read.
    pub fn digest(&self) -> Result<String> {
        text(&json(&self.folder.join("index.json"))?, "/manifests/0/digest")
    }

    /// What the attested provenance of the only image says.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn provenance(&self) -> Result<Value> {
        let found = self.attested("slsa.dev/provenance")?.into_iter().next();
        found.ok_or_else(|| Failure::Unexpected("no provenance".to_owned()))
    }

    /// What is attested of the images, in their order: the predicates whose type contains `kind`.
    ///
    /// # Errors
    /// If the layout cannot be read.
    pub fn attested(&self, kind: &str) -> Result<Vec<Value>> {
        let index = self.blob(&self.digest()?)?;
        let is_attestation =
            |entry: &&Value| entry.pointer("/platform/os").and_then(Value::as_str) == Some("unknown");
        let listed = index.get("manifests").and_then(Value::as_array).into_iter().flatten();
        let mut predicates = Vec::new();
        for attestation in listed.filter(is_attestation) {
            let manifest = self.blob(&text(attestation, "/digest")?)?;
            for layer in manifest.get("layers").and_then(Value::as_array).into_iter().flatten() {
                if text(layer, "/annotations/in-toto.io~1predicate-type")?.contains(kind) {
                    let statement = self.blob(&text(layer, "/digest")?)?;
                    predicates.push(statement.get("predicate").cloned().unwrap_or_default());
                }
            }
        }
        Ok(predicates)
    }

    /// The image config that a manifest names.
    ///
    /// # Errors
    /// If it is not there.
    pub fn config(&self, manifest: &Value) -> Result<Value> {
        self.blob(&text(manifest, "/config/digest")?)
    }

    fn blob(&self, digest: &str) -> Result<Value> {
        json(&self.folder.join("blobs").join(digest.replace(':', "/")))
    }
}

/// Whether the bytes of `needle` stand anywhere in a file. It may be an image's archive, too large to hold,
/// so it is read piece by piece.
///
/// # Errors
/// If the file cannot be read.
pub fn contains(file: &Path, needle: &str) -> Result<bool> {
    let what = || format!("searching {}", file.display());
    let mut stream = File::open(file).map_err(Failure::io(what()))?;
    let needle = needle.as_bytes();
    let mut window = Vec::new();
    loop {
        let count = stream.by_ref().take(1 << 20).read_to_end(&mut window).map_err(Failure::io(what()))?;
        if window.windows(needle.len().max(1)).any(|part| part == needle) {
            return Ok(true);
        }
        if count == 0 {
            return Ok(false);
        }
        // The needle may lie across two pieces.
        window.drain(..window.len().saturating_sub(needle.len()));
    }
}

fn json(path: &Path) -> Result<Value> {
    let bytes = fs::read(path).map_err(Failure::io(format!("reading {}", path.display())))?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| Failure::Unexpected(format!("no {pointer} in {value}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_across_pieces() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = vec![b'.'; (1 << 20) - 3];
        bytes.extend_from_slice(b"needle...");
        fs::write(file.path(), bytes).unwrap();
        assert!(contains(file.path(), "needle").unwrap());
        assert!(!contains(file.path(), "nadel").unwrap());
    }
}
