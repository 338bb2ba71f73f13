//! The ZIP archive of a wheel: its members, checked so that no other part of the installer has to distrust a name.
//!
//! Invariants
//! - A member's name is a relative path of plain parts with `/` between them, and is there once.
//! - No member is a link or another special file, encrypted, or shares bytes with another.
//! - Sizes are those that the archive declares, within bounds; [`super::inflate`] holds the content to them.

use std::collections::BTreeMap;
use std::fs::File;

use rawzip::{
    CompressionMethod, FileReader, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive, ZipArchiveEntryWayfinder,
    ZipFileHeaderRecord, ZipReader,
};

use super::error::{NameProblem, Problem};

/// The most that one member may unpack to, in bytes. The largest known shared libraries have a third of it.
const MEMBER_LIMIT: u64 = 8 << 30;
/// The most that one wheel may unpack to, in bytes.
const WHEEL_LIMIT: u64 = 16 << 30;

/// The type bits of a Unix mode, and the two types that a wheel may have.
const TYPE_MASK: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// A wheel's archive, open for reading from several threads.
pub(super) struct Archive {
    zip: ZipArchive<FileReader>,
    members: BTreeMap<String, Member>,
}

/// One file of the archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    place: ZipArchiveEntryWayfinder,
    /// How its bytes are stored.
    pub(super) method: Method,
    /// The declared size in bytes, unpacked.
    pub(super) size: u64,
    /// Whether somebody may execute it.
    pub(super) executable: bool,
    /// The declared CRC-32.
    pub(super) crc: u32,
}

/// The two ways in which members of wheels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

impl Archive {
    /// Reads the archive's directory and checks every member of it.
    pub(super) fn open(file: File) -> Result<Self, Problem> {
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        let zip = ZipArchive::from_file(file, &mut buffer).map_err(damaged)?;
        let mut members = BTreeMap::new();
        let mut count = 0;
        let mut total: u64 = 0;
        let mut entries = zip.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(damaged)? {
            count += 1;
            let name = checked_name(entry.file_path().as_bytes())?;
            let Some(member) = checked_member(&name, &entry)? else { continue };
            total = total.saturating_add(member.size);
            if members.insert(name.clone(), member).is_some() {
                return Err(Problem::Duplicate(name));
            }
        }
        if count != zip.entries_hint() {
            return Err(Problem::MemberCount { expected: zip.entries_hint(), found: count });
        }
        if total > WHEEL_LIMIT {
            return Err(Problem::TooLarge { what: "the wheel".to_owned(), size: total, limit: WHEEL_LIMIT });
        }
        let archive = Self { zip, members };
        archive.check_places(&mut buffer)?;
        Ok(archive)
    }

    /// The files by name; directories have no entry of their own here.
    pub(super) fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// The stored bytes of a member.
    pub(super) fn stored(&self, member: &Member) -> Result<ZipReader<&FileReader>, Problem> {
        Ok(self.zip.get_entry(member.place).map_err(damaged)?.reader())
    }

    /// Two readers of one archive must see the same members: each header on its own place, under the same name.
    fn check_places(&self, buffer: &mut [u8]) -> Result<(), Problem> {
        let mut places = Vec::with_capacity(self.members.len());
        for (name, member) in &self.members {
            let entry = self.zip.get_entry(member.place).map_err(damaged)?;
            let header = entry.local_header(buffer).map_err(damaged)?;
            if header.file_path().as_bytes() != name.as_bytes() {
                return Err(Problem::OtherName(name.clone()));
            }
            let (start, end) = entry.compressed_data_range();
            places.push((start, end, name));
        }
        places.sort_unstable();
        for pair in places.windows(2) {
            if let [(_, end, first), (start, _, second)] = pair
                && end > start
            {
                return Err(Problem::Overlap { first: (*first).clone(), second: (*second).clone() });
            }
        }
        Ok(())
    }
}

/// A file of the archive, or nothing for a directory: those are made for the files that are in them.
fn checked_member(name: &str, entry: &ZipFileHeaderRecord<'_>) -> Result<Option<Member>, Problem> {
    if entry.is_dir() {
        return Ok(None);
    }
    let special = |kind| Problem::Special { member: name.to_owned(), kind };
    let mode = entry.mode();
    match mode.value() & TYPE_MASK {
        REGULAR | 0 => {}
        FOLDER => return Err(special("directory without a `/` at its end")),
        _ if mode.is_symlink() => return Err(special("symbolic link")),
        _ => return Err(special("special file")),
    }
    let flags = entry.flags();
    if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
        return Err(Problem::Encrypted(name.to_owned()));
    }
    let method = match entry.compression_method() {
        CompressionMethod::STORE => Method::Stored,
        CompressionMethod::DEFLATE => Method::Deflated,
        other => return Err(Problem::Compression { member: name.to_owned(), method: other.as_u16() }),
    };
    let size = entry.uncompressed_size_hint();
    if size > MEMBER_LIMIT {
        return Err(Problem::TooLarge { what: name.to_owned(), size, limit: MEMBER_LIMIT });
    }
    let stored = entry.compressed_size_hint();
    if method == Method::Stored && stored != size {
        return Err(Problem::Size { member: name.to_owned(), expected: size, found: stored.to_string() });
    }
    Ok(Some(Member {
        place: entry.wayfinder(),
        method,
        size,
        executable: mode.permissions() & 0o111 != 0,
        crc: entry.crc32(),
    }))
}

/// A member's name, without the `/` at the end of a directory's.
fn checked_name(bytes: &[u8]) -> Result<String, Problem> {
    let refused =
        |reason| Err(Problem::MemberName { member: String::from_utf8_lossy(bytes).into_owned(), reason });
    let Ok(name) = str::from_utf8(bytes) else {
        return refused(NameProblem::Encoding);
    };
    if name.chars().any(char::is_control) {
        return refused(NameProblem::Control);
    }
    if name.contains('\\') {
        return refused(NameProblem::Backslash);
    }
    if name.starts_with('/') {
        return refused(NameProblem::Absolute);
    }
    let path = name.strip_suffix('/').unwrap_or(name);
    for part in path.split('/') {
        match part {
            "" | "." => return refused(NameProblem::Empty),
            ".." => return refused(NameProblem::Parent),
            _ => {}
        }
    }
    Ok(path.to_owned())
}

/// What the reader of the archive said, in lower case as the rest of the sentence.
#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn damaged(error: rawzip::Error) -> Problem {
    let text = error.to_string();
    let mut characters = text.chars();
    let lower: String = characters.next().into_iter().flat_map(char::to_lowercase).collect();
    Problem::Archive(format!("{lower}{}", characters.as_str()))
}
