//! Makes wheels for the tests. Every part can be made wrong.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use tempfile::TempDir;

use super::super::hash::Hash;
use super::super::{Environment, Inflater, Source, Wheel};
use crate::install::arguments::PythonVersion;
use crate::install::tree::Tree;
use crate::install::unpack;

pub(super) const DIST_INFO: &str = "demo-1.0.dist-info";
pub(super) const SITE: &str = "venv/lib/python3.11/site-packages";

/// A member of an archive. Fields without a value are correct in the archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) content: Vec<u8>,
    /// The name in the local header of the member.
    pub(super) local_name: Option<Vec<u8>>,
    /// The declared method. 8 is DEFLATE.
    pub(super) method: u16,
    pub(super) flags: u16,
    /// The Unix mode, with the file type.
    pub(super) mode: u32,
    /// The declared size.
    pub(super) size: Option<u64>,
    pub(super) crc: Option<u32>,
    /// The stored bytes.
    pub(super) stored: Option<Vec<u8>>,
    /// Whether the member is inside the content of the previous member.
    pub(super) inside: bool,
    /// Bytes of the local header that differ from the central directory, with their positions.
    pub(super) local: Option<(usize, Vec<u8>)>,
    /// The bytes after the content.
    pub(super) behind: Vec<u8>,
}

impl Member {
    pub(super) fn new(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            content: content.to_vec(),
            local_name: None,
            method: 8,
            flags: 0,
            mode: 0o100_644,
            size: None,
            crc: None,
            stored: None,
            inside: false,
            local: None,
            behind: Vec::new(),
        }
    }

    pub(super) fn row(&self) -> String {
        let name = String::from_utf8_lossy(&self.name);
        let name = if name.contains(',') { format!("\"{name}\"") } else { name.into_owned() };
        format!("{name},{},{}\n", Hash::of(&self.content).render(), self.content.len())
    }

    pub(super) fn stored(&self) -> Vec<u8> {
        if let Some(stored) = &self.stored {
            return stored.clone();
        }
        if self.method != 8 {
            return self.content.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.content).unwrap();
        encoder.finish().unwrap()
    }

    /// The local header before the stored bytes.
    pub(super) fn header(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let mut bytes = b"PK\x03\x04\x14\x00".to_vec();
        self.facts(&mut bytes, u32::try_from(self.stored().len()).unwrap());
        bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend(0u16.to_le_bytes());
        bytes.extend(name);
        if let Some((at, other)) = &self.local {
            bytes[*at..*at + other.len()].copy_from_slice(other);
        }
        bytes
    }

    /// The entry in the central directory.
    fn entry(&self, offset: usize) -> Vec<u8> {
        let extra = match self.size.filter(|size| *size > u64::from(u32::MAX)) {
            Some(size) => [&[1, 0, 8, 0][..], &size.to_le_bytes()].concat(),
            None => Vec::new(),
        };
        let mut bytes = b"PK\x01\x02\x14\x03\x14\x00".to_vec();
        self.facts(&mut bytes, u32::try_from(self.stored().len()).unwrap());
        for length in [self.name.len(), extra.len(), 0, 0, 0] {
            bytes.extend(u16::try_from(length).unwrap().to_le_bytes());
        }
        bytes.extend((self.mode << 16).to_le_bytes());
        bytes.extend(u32::try_from(offset).unwrap().to_le_bytes());
        bytes.extend(&self.name);
        bytes.extend(extra);
        bytes
    }

    /// The common fields of both headers: flags, method, time, checksum and sizes.
    fn facts(&self, bytes: &mut Vec<u8>, stored: u32) {
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0]);
        bytes.extend(self.crc.unwrap_or_else(|| rawzip::crc32(&self.content)).to_le_bytes());
        bytes.extend(stored.to_le_bytes());
        let size = self.size.unwrap_or(self.content.len() as u64);
        bytes.extend(u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    }
}

/// A wheel that a test makes.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) file: String,
    /// The folder of RECORD.
    pub(super) info: String,
    pub(super) members: Vec<Member>,
    /// The text of RECORD, if it should not match the members.
    pub(super) record: Option<String>,
    /// The difference between the declared and the real number of members.
    pub(super) more: u16,
    /// The bytes before the archive, between the members and the central directory, and after the end record.
    pub(super) around: [&'static [u8]; 3],
    /// The difference between the declared and the real size of the central directory.
    pub(super) larger: u32,
}

impl Draft {
    /// `demo` 1.0 with a single module.
    pub(super) fn demo() -> Self {
        Self::of("demo", "1.0").with("demo/__init__.py", b"x = 1\n")
    }

    pub(super) fn of(name: &str, version: &str) -> Self {
        let info = |file: &str| format!("{name}-{version}.dist-info/{file}");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: other\n");
        let draft = Self {
            file: format!("{name}-{version}-py3-none-any.whl"),
            info: format!("{name}-{version}.dist-info"),
            members: Vec::new(),
            record: None,
            more: 0,
            around: [b""; 3],
            larger: 0,
        };
        draft
            .with(&info("METADATA"), metadata.as_bytes())
            .with(&info("WHEEL"), b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    }

    pub(super) fn with(self, name: &str, content: &[u8]) -> Self {
        self.member(Member::new(name, content))
    }

    pub(super) fn member(mut self, member: Member) -> Self {
        self.members.retain(|other| other.name != member.name);
        self.members.push(member);
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.members.retain(|member| member.name != name.as_bytes());
        self
    }

    /// Changes the text of RECORD.
    pub(super) fn record(mut self, change: impl Fn(String) -> String) -> Self {
        self.record = Some(change(self.listing()));
        self
    }

    fn listing(&self) -> String {
        let mut rows: String = self.members.iter().map(Member::row).collect();
        writeln!(rows, "{}/RECORD,,", self.info).unwrap();
        rows
    }

    pub(super) fn build(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        let record = self.record.clone().unwrap_or_else(|| self.listing());
        if !record.is_empty() {
            members.push(Member::new(&format!("{}/RECORD", self.info), record.as_bytes()));
        }
        let [before, between, after] = self.around;
        let (mut bytes, mut directory) = (before.to_vec(), Vec::new());
        let mut data = 0;
        for member in &members {
            let offset = if member.inside { data } else { bytes.len() };
            if !member.inside {
                bytes.extend(member.header());
                data = bytes.len();
                bytes.extend(member.stored());
                bytes.extend(&member.behind);
            }
            directory.extend(member.entry(offset));
        }
        let count = u16::try_from(members.len()).unwrap() + self.more;
        bytes.extend(between);
        let start = bytes.len();
        bytes.extend(&directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
        bytes.extend((u32::try_from(directory.len()).unwrap() + self.larger).to_le_bytes());
        bytes.extend(u32::try_from(start).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(after);
        bytes
    }
}

/// The wheels of an installation and its options.
pub(super) struct Call<'c> {
    pub(super) wheels: &'c [Draft],
    /// The arguments after each `--wheel` and its hash.
    pub(super) suffix: &'c str,
    pub(super) more: &'c [&'c str],
}

impl Call<'_> {
    /// Installs into a new folder.
    pub(super) fn run(&self) -> Result<TempDir, String> {
        let out = tempfile::tempdir().unwrap();
        self.run_in(&out).map(|()| out)
    }

    /// Installs into an existing folder.
    pub(super) fn run_in(&self, out: &TempDir) -> Result<(), String> {
        let wheels = tempfile::tempdir().unwrap();
        let root = out.path().to_str().unwrap();
        let fixed =
            ["--root", root, "--prefix", "/venv", "--python", "3.11", "--interpreter", "/venv/bin/python"];
        let mut arguments: Vec<_> = fixed.map(str::to_owned).to_vec();
        for draft in self.wheels {
            let bytes = draft.build();
            let path = wheels.path().join(&draft.file);
            std::fs::write(&path, &bytes).unwrap();
            let hash = Hash::of(&bytes).hexadecimal();
            arguments.extend(["--wheel".to_owned(), format!("{}:{hash}{}", path.display(), self.suffix)]);
        }
        arguments.extend(self.more.iter().map(|argument| (*argument).to_owned()));
        unpack::run(&arguments).map_err(|error| error.to_string())
    }
}

/// Installs wheels without other options.
pub(super) fn install(wheels: &[Draft]) -> Result<TempDir, String> {
    Call { wheels, suffix: "", more: &[] }.run()
}

/// The notes about a wheel when it is installed.
pub(super) fn notes_of(draft: &Draft) -> Vec<String> {
    let wheels = tempfile::tempdir().unwrap();
    let path = wheels.path().join(&draft.file);
    std::fs::write(&path, draft.build()).unwrap();
    let source =
        Source { path, hash: None, requested: false, direct_url: None, expected: None, paths_alone: false };
    let environment = Environment {
        prefix: "venv".to_owned(),
        python: PythonVersion::parse("3.11").unwrap(),
        interpreter: "/venv/bin/python".to_owned(),
    };
    let wheel = Wheel::open(&source, &environment).unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut tree = Tree::new(out.path().to_owned(), 0).unwrap();
    tree.folders(["x"]).unwrap();
    let mut written = std::collections::BTreeMap::new();
    for (place, content) in &wheel.files {
        let to = (&tree, "x/file");
        let facts = wheel.extract(content, to, content.mode(), "/venv/bin/python", &mut Inflater::new());
        written.extend(facts.unwrap().map(|facts| (place.as_str(), facts)));
    }
    wheel.oddities(&written)
}
