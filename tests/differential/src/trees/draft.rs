//! A wheel in the making, with every part open to be made wrong.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use super::archive;

/// A wheel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Draft {
    /// The file name.
    pub(crate) file: String,
    /// The folder that RECORD goes to.
    pub(crate) info: String,
    /// What is special about the wheel, in words.
    pub(crate) quirks: Vec<String>,
    /// Whether something special is a danger: then the stricter tool is right, else the milder one.
    pub(crate) danger: bool,
    /// The members, in the order of the archive. RECORD stands behind them.
    pub(crate) members: Vec<Member>,
    /// What is wrong with RECORD.
    pub(crate) record: Vec<Edit>,
    /// What is wrong with the archive as a whole.
    pub(crate) archive: Vec<Flaw>,
}

/// A member of the archive. What is not set is as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Member {
    /// The path.
    pub(crate) name: String,
    /// The content.
    pub(crate) text: String,
    /// Whether name and content are bytes: each character stands for the byte with its number.
    pub(crate) raw: bool,
    /// The Unix mode with its type, where it is not that of a plain file.
    pub(crate) mode: Option<u32>,
    /// The number of the method of compression; deflate where there is none.
    pub(crate) method: Option<u16>,
    /// The flags, where they are not those that fit the name.
    pub(crate) flags: Option<u16>,
    /// The declared checksum.
    pub(crate) crc: Option<u32>,
    /// The declared size of the content.
    pub(crate) size: Option<u32>,
    /// The date, in the form of DOS.
    pub(crate) date: Option<u16>,
    /// The name in the member's own header.
    pub(crate) local_name: Option<String>,
    /// Whether checksum and sizes stand behind the content.
    pub(crate) descriptor: bool,
    /// Whether RECORD has no row for the member.
    pub(crate) unlisted: bool,
}

/// Something wrong with RECORD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Edit {
    /// The row of a path is not there.
    Without(String),
    /// The row of a path has neither a hash nor a size.
    Bare(String),
    /// The row of a path has a SHA-512.
    Sha512(String),
    /// The row of a path stands there twice.
    Twice(String),
    /// One text takes the place of another in all of it.
    Replace(String, String),
    /// One more line at the end.
    Line(String),
    /// One more line at the start.
    First(String),
    /// There is no RECORD.
    Absent,
    /// RECORD stands before the other members.
    Early,
}

/// Something wrong with the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Flaw {
    /// Bytes before the first member.
    Before(String),
    /// Bytes behind the end.
    Behind(String),
    /// A comment of the archive.
    Comment(String),
    /// So many more members are declared than there are.
    More(u16),
    /// The file ends so many bytes early.
    Short(u16),
}

impl Draft {
    /// A wheel with METADATA and WHEEL.
    pub(crate) fn new(name: &str, version: &str, tags: &str) -> Self {
        let stem = name.replace(['-', '.'], "_");
        let info = format!("{stem}-{version}.dist-info");
        let mut draft = Self { file: format!("{stem}-{version}-{tags}.whl"), info, ..Self::default() };
        draft.add(
            &format!("{}/METADATA", draft.info),
            &format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
        );
        draft.add(
            &format!("{}/WHEEL", draft.info),
            &format!("Wheel-Version: 1.0\nGenerator: oracle\nRoot-Is-Purelib: true\nTag: {tags}\n"),
        );
        draft
    }

    /// Adds a plain file and gives it.
    pub(crate) fn add(&mut self, name: &str, text: &str) -> &mut Member {
        self.insert(Member { name: name.to_owned(), text: text.to_owned(), ..Member::default() })
    }

    /// Adds a member and gives it.
    pub(crate) fn insert(&mut self, member: Member) -> &mut Member {
        let place = self.members.len();
        self.members.push(member);
        // The member stands where it was just put.
        #[expect(clippy::indexing_slicing, reason = "the place of what was pushed")]
        &mut self.members[place]
    }

    /// A path in the folder of the metadata.
    pub(crate) fn info(&self, file: &str) -> String {
        format!("{}/{file}", self.info)
    }

    /// A path in the `.data` folder.
    pub(crate) fn data(&self, path: &str) -> String {
        format!("{}.data/{path}", self.info.strip_suffix(".dist-info").unwrap_or(&self.info))
    }

    /// The member of a path.
    pub(crate) fn member(&mut self, name: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.name == name)
    }

    /// The bytes of the file.
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        if !self.record.contains(&Edit::Absent) {
            let record = Member { name: self.info("RECORD"), text: self.listing(), ..Member::default() };
            let place = if self.record.contains(&Edit::Early) { 0 } else { members.len() };
            members.insert(place, record);
        }
        archive::bytes(&members, &self.archive)
    }

    /// RECORD's text.
    fn listing(&self) -> String {
        let own = self.info("RECORD");
        let mut text = String::new();
        for edit in &self.record {
            if let Edit::First(line) = edit {
                text.extend([line, "\n"]);
            }
        }
        let listed = self.members.iter().filter(|member| !member.unlisted && !member.name.ends_with('/'));
        for member in listed {
            let has = |wanted: fn(&String) -> Edit| self.record.contains(&wanted(&member.name));
            if has(|name| Edit::Without(name.clone())) {
                continue;
            }
            let content = member.content();
            let hash = if has(|name| Edit::Sha512(name.clone())) {
                format!("sha512={}", URL_SAFE_NO_PAD.encode(Sha512::digest(&content)))
            } else {
                format!("sha256={}", URL_SAFE_NO_PAD.encode(Sha256::digest(&content)))
            };
            let row = if has(|name| Edit::Bare(name.clone())) {
                format!("{},,\n", field(&member.name))
            } else {
                format!("{},{hash},{}\n", field(&member.name), content.len())
            };
            let times = if has(|name| Edit::Twice(name.clone())) { 2 } else { 1 };
            text.extend(std::iter::repeat_n(row, times));
        }
        text.extend([&field(&own), ",,\n"]);
        for edit in &self.record {
            match edit {
                Edit::Replace(old, new) => text = text.replace(old, new),
                Edit::Line(line) => text.extend([line, "\n"]),
                _ => {}
            }
        }
        text
    }
}

impl Member {
    /// The content's bytes.
    pub(crate) fn content(&self) -> Vec<u8> {
        if self.raw { bytes_of(&self.text) } else { self.text.clone().into_bytes() }
    }

    /// The name's bytes.
    pub(crate) fn path(&self) -> Vec<u8> {
        if self.raw { bytes_of(&self.name) } else { self.name.clone().into_bytes() }
    }

    /// The content as it is stored.
    pub(crate) fn stored(&self) -> Vec<u8> {
        let content = self.content();
        match self.method.unwrap_or(8) {
            8 => deflated(&content),
            93 => zstandard(&content),
            _ => content,
        }
    }

    /// The content's checksum.
    pub(crate) fn checksum(&self) -> u32 {
        let mut crc = Crc::new();
        crc.update(&self.content());
        crc.sum()
    }
}

/// Each character's number, as a byte.
fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|one| u8::try_from(u32::from(one)).unwrap_or(b'?')).collect()
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default()
}

/// One frame with one raw block (RFC 8878).
fn zstandard(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let block = (length << 3) | 1;
    let mut bytes = b"\x28\xb5\x2f\xfd\xa0".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(block.to_le_bytes().iter().take(3));
    bytes.extend(content);
    bytes
}

/// A field of CSV.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
