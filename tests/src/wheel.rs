//! Wheels made in memory, small enough that a test can have a dozen of its own.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Crc;
use sha2::{Digest as _, Sha256};

/// A wheel in the making: one module that knows its name, its version and the wheel's tag.
#[derive(Clone, Debug)]
pub struct Wheel {
    name: String,
    version: String,
    tag: String,
    scripts: String,
    metadata: String,
    members: Vec<(String, Vec<u8>)>,
    unlisted: Vec<(String, Vec<u8>)>,
    rows: String,
}

impl Wheel {
    /// A wheel for every platform, with the module `NAME.py`.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            tag: "py3-none-any".to_owned(),
            scripts: String::new(),
            metadata: String::new(),
            members: Vec::new(),
            unlisted: Vec::new(),
            rows: String::new(),
        }
    }

    /// Another compatibility tag, as `cp311-cp311-win_amd64`.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    /// A console script that prints name and version.
    #[must_use]
    pub fn script(mut self, command: &str) -> Self {
        // Writing to a string cannot fail.
        let _ = writeln!(self.scripts, "{command} = {}:main", self.name);
        self
    }

    /// One more line of its `METADATA`.
    #[must_use]
    pub fn metadata(mut self, line: &str) -> Self {
        self.metadata.extend([line, "\n"]);
        self
    }

    /// One more member, at whatever path: wheels that must be refused are made like this.
    #[must_use]
    pub fn with(mut self, path: &str, content: &[u8]) -> Self {
        self.members.push((path.to_owned(), content.to_vec()));
        self
    }

    /// A member that `RECORD` does not list.
    #[must_use]
    pub fn unlisted(mut self, path: &str, content: &[u8]) -> Self {
        self.unlisted.push((path.to_owned(), content.to_vec()));
        self
    }

    /// A row of `RECORD` for no member.
    #[must_use]
    pub fn row(mut self, row: &str) -> Self {
        self.rows.extend([row, "\n"]);
        self
    }

    /// The name of the package.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the package.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The name of the wheel's file.
    pub fn file(&self) -> String {
        format!("{}-{}-{}.whl", self.name, self.version, self.tag)
    }

    /// The archive.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { name, version, tag, scripts, metadata, .. } = self;
        let info = format!("{name}-{version}.dist-info");
        let module = format!(
            "VERSION = \"{version}\"\nTAG = \"{tag}\"\n\n\ndef main():\n    print(\"{name}\", VERSION)\n"
        );
        let mut members = vec![
            (format!("{name}.py"), module.into_bytes()),
            (
                format!("{info}/METADATA"),
                format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}").into_bytes(),
            ),
            (
                format!("{info}/WHEEL"),
                format!("Wheel-Version: 1.0\nGenerator: e2e\nRoot-Is-Purelib: true\nTag: {tag}\n")
                    .into_bytes(),
            ),
        ];
        if !scripts.is_empty() {
            let text = format!("[console_scripts]\n{scripts}");
            members.push((format!("{info}/entry_points.txt"), text.into_bytes()));
        }
        members.extend(self.members.iter().cloned());
        let mut record = String::new();
        for (path, content) in &members {
            let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
            let _ = writeln!(record, "{path},sha256={hash},{}", content.len());
        }
        let _ = writeln!(record, "{}{info}/RECORD,,", self.rows);
        members.extend(self.unlisted.iter().cloned());
        members.push((format!("{info}/RECORD"), record.into_bytes()));
        zip(&members)
    }
}

/// An archive of members that are stored as they are.
pub(crate) fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (path, content) in members {
        let offset = number(bytes.len());
        let mut crc = Crc::new();
        crc.update(content);
        // Version 2.0, no flags, stored, midnight of 1980-01-01; then checksum, sizes, length of the name.
        let mut facts = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        facts.extend(crc.sum().to_le_bytes());
        facts.extend(number(content.len()));
        facts.extend(number(content.len()));
        facts.extend(number(path.len()).iter().take(2));
        facts.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&facts);
        bytes.extend(path.as_bytes());
        bytes.extend(content);
        // Made on Unix; no comment, first disk, a plain file with mode 644.
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&facts);
        directory.extend([0, 0, 0, 0, 0, 0]);
        directory.extend((0o100_644_u32 << 16).to_le_bytes());
        directory.extend(offset);
        directory.extend(path.as_bytes());
    }
    let count = number(members.len());
    let (start, size) = (number(bytes.len()), number(directory.len()));
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.iter().take(2).chain(count.iter().take(2)));
    bytes.extend(size);
    bytes.extend(start);
    bytes.extend([0, 0]);
    bytes
}

/// A number as zip writes it; nothing here is larger than 4 GiB.
fn number(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}
