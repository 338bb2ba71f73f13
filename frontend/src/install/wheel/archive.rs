//! The ZIP archive of a wheel. Its members are checked, so that all other parts of the installer can trust
//! their names.
//!
//! Invariants
//! - A member's name is a relative path with `/`, without `.` and `..`, and it is unique.
//! - No member is encrypted, and every reader of the archive sees the same members ([`framing`]). Every
//!   member becomes a plain file, whatever type it declares.
//! - Sizes and checksums are those that the archive declares; [`super::inflate`] checks the content against
//!   them.

use std::collections::BTreeMap;
use std::fs::File;

use rawzip::{
    CompressionMethod, FileReader, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
    ZipFileHeaderRecord, ZipReader,
};

use super::error::{NameProblem, Problem};
use super::framing::{self, Directory, Header};
use super::oddity::{Oddities, Oddity};
use crate::install::{layer, limits};

/// The type bits of a Unix mode, and the types that are distinguished.
const TYPE_MASK: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// A wheel's archive, open for several threads.
pub(super) struct Archive {
    zip: ZipArchive<FileReader>,
    members: BTreeMap<String, Member>,
    oddities: Oddities,
}

/// A file of the archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Its index in the archive's directory.
    pub(super) number: u64,
    place: ZipArchiveEntryWayfinder,
    /// The compression method.
    pub(super) method: Method,
    /// The declared size after unpacking, in bytes.
    pub(super) size: u64,
    /// Whether the owner, the group or others may execute it.
    pub(super) executable: bool,
    /// Whether it declares that it is a symbolic link.
    pub(super) is_link: bool,
    /// The declared CRC-32.
    pub(super) crc: u32,
}

/// The compression methods of wheels: those that uv reads and that the public index accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
    Zstandard,
}

impl Archive {
    /// Reads the archive's directory and checks every member.
    pub(super) fn open(file: File) -> Result<Self, Problem> {
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let raw_file = file.try_clone().map_err(|error| Problem::Archive(error.to_string()))?;
        let archive_size = file.metadata().map_err(|error| Problem::Archive(error.to_string()))?.len();
        let zip = ZipArchive::from_file(file, &mut buffer).map_err(damaged)?;
        let most = |what, found, limit| {
            if found > limit { Err(Problem::Limit { what, found, limit }) } else { Ok(()) }
        };
        most("members", zip.entries_hint(), limits::MEMBERS)?;
        let mut members: BTreeMap<String, Member> = BTreeMap::new();
        let mut headers = Vec::new();
        let mut oddities = Oddities::default();
        let mut directory = Directory { start: zip.directory_offset(), last: None };
        let (mut count, mut total, mut names): (u64, u64, u64) = (0, 0, 0);
        let mut entries = zip.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(damaged)? {
            count += 1;
            most("members", count, limits::MEMBERS)?;
            directory.last = Some(entry.central_directory_offset());
            let raw = entry.file_path();
            let raw = raw.as_bytes();
            names = names.saturating_add(raw.len() as u64);
            most("bytes in the names of its members", names, limits::NAMES)?;
            let name = checked_name(raw, entry.flags().is_utf8())?;
            headers.push(Header::of(&entry)?);
            let Some(member) = checked_member(&name, (count, &entry), &mut oddities)? else { continue };
            if name.as_bytes() != raw {
                oddities.add(Oddity::Roundabout, String::from_utf8_lossy(raw));
            }
            if name.contains('\\') {
                oddities.add(Oddity::Backslash, name.clone());
            }
            total = total.saturating_add(member.size);
            if let Some(other) = members.insert(name.clone(), member) {
                // Python uses the last entry and uv the first. The meaning is clear only if both entries are
                // equal.
                if members.get(&name).is_some_and(|last| !last.is_same(&other)) {
                    return Err(Problem::Duplicate(name));
                }
                oddities.add(Oddity::Repeated, name);
            }
        }
        if count != zip.entries_hint() {
            return Err(Problem::MemberCount { expected: zip.entries_hint(), found: count });
        }
        let limit = limits::unpacked(archive_size);
        if total > limit {
            return Err(Problem::TooLarge { what: "the wheel".to_owned(), size: total, limit });
        }
        most("folders", limits::folders(members.keys().map(String::as_str)), limits::FOLDERS)?;
        framing::check(&raw_file, &zip, headers, &directory, &mut buffer)?;
        Ok(Self { zip, members, oddities })
    }

    /// The files by name. Directories are not included.
    pub(super) fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// Irregularities of the archive that do no harm.
    pub(super) fn oddities(&self) -> &Oddities {
        &self.oddities
    }

    /// The compressed bytes of a member.
    pub(super) fn stored(&self, member: &Member) -> Result<ZipReader<&FileReader>, Problem> {
        Ok(self.zip.get_entry(member.place).map_err(damaged)?.reader())
    }
}

impl Member {
    /// Whether both members give the same file.
    fn is_same(&self, other: &Self) -> bool {
        (self.size, self.crc, self.executable, self.is_link)
            == (other.size, other.crc, other.executable, other.is_link)
    }
}

/// A checked file of the archive, or `None` for a directory. Directories are made when a file in them is
/// written.
fn checked_member(
    name: &str,
    (number, entry): (u64, &ZipFileHeaderRecord<'_>),
    oddities: &mut Oddities,
) -> Result<Option<Member>, Problem> {
    if entry.is_dir() {
        return Ok(None);
    }
    // The upper half contains the Unix mode, whatever system the archive declares. pip and uv read it in this
    // way.
    let mode = entry.external_attributes() >> 16;
    let is_link = mode & TYPE_MASK == LINK;
    if !matches!(mode & TYPE_MASK, REGULAR | LINK | 0) {
        oddities.add(Oddity::Special, name);
    }
    let flags = entry.flags();
    if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
        return Err(Problem::Encrypted(name.to_owned()));
    }
    let method = match entry.compression_method() {
        CompressionMethod::STORE => Method::Stored,
        CompressionMethod::DEFLATE => Method::Deflated,
        CompressionMethod::ZSTD => Method::Zstandard,
        other => return Err(Problem::Compression { member: name.to_owned(), method: other.as_u16() }),
    };
    let size = entry.uncompressed_size_hint();
    if size > limits::MEMBER {
        return Err(Problem::TooLarge { what: name.to_owned(), size, limit: limits::MEMBER });
    }
    let stored = entry.compressed_size_hint();
    if method == Method::Stored && stored != size {
        return Err(Problem::Size { member: name.to_owned(), expected: size, found: stored.to_string() });
    }
    Ok(Some(Member {
        number,
        place: entry.wayfinder(),
        method,
        size,
        executable: mode & 0o111 != 0 && !is_link,
        is_link,
        crc: entry.crc32(),
    }))
}

/// The name of a member, without the `/` after a directory and without redundant parts.
fn checked_name(bytes: &[u8], is_utf8: bool) -> Result<String, Problem> {
    let refused =
        |reason| Err(Problem::MemberName { member: String::from_utf8_lossy(bytes).into_owned(), reason });
    let Ok(name) = str::from_utf8(bytes) else {
        return refused(NameProblem::Encoding);
    };
    if name.chars().any(char::is_control) {
        return refused(NameProblem::Control);
    }
    // Without the flag the bytes are in code page 437, and Python would decode another name.
    if !is_utf8 && !name.is_ascii() {
        return refused(NameProblem::Encoding);
    }
    if name.starts_with('/') {
        return refused(NameProblem::Absolute);
    }
    if name.len() > limits::PATH {
        return refused(NameProblem::Long);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                // In `.data`, `..` could lead from one folder of the environment to another.
                let is_data = parts.first().is_some_and(|top| top.strip_suffix(".data").is_some());
                if is_data || parts.pop().is_none() {
                    return refused(NameProblem::Parent);
                }
            }
            part if layer::is_whiteout(part) => return refused(NameProblem::Whiteout),
            part if part.len() > limits::NAME => return refused(NameProblem::LongPart),
            part => parts.push(part),
        }
    }
    if parts.len() > limits::DEPTH {
        return refused(NameProblem::Deep);
    }
    if parts.is_empty() { refused(NameProblem::Empty) } else { Ok(parts.join("/")) }
}

/// The error of the archive reader, starting with a lower case letter as a part of a sentence.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(super) fn damaged(error: rawzip::Error) -> Problem {
    let text = error.to_string();
    let mut characters = text.chars();
    let lower: String = characters.next().into_iter().flat_map(char::to_lowercase).collect();
    Problem::Archive(format!("{lower}{}", characters.as_str()))
}
