//! Checks that the parts of a ZIP archive are contiguous. An archive that two readers could read differently
//! is refused.
//!
//! Some readers go from one member's own header to the next. Others begin with the directory at the end. Both
//! see the same members if two conditions hold: the headers agree with the directory, and each part begins
//! where the part before it ends. The parts are the members, the directory, and the end record. See
//! APPNOTE.TXT of PKWARE, section 4.3.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rawzip::{FileReader, ZipArchive, ZipArchiveEntryWayfinder, ZipFileHeaderRecord};

use super::archive::damaged;
use super::error::{Disagreement, Problem};

/// The sizes of the end record without its comment, of the locator of the ZIP64 end record, and of this
/// record.
const END: usize = 22;
const LOCATOR: usize = 20;
const LARGE_END: usize = 56;

/// The size of an entry in the directory, without its name, extra fields and comment.
const ENTRY: usize = 46;

/// The id of an extra field that repeats the name in UTF-8.
const UNICODE_PATH: u16 = 0x7075;

/// A flag: the sizes and the checksum are after the content and not before it.
const HAS_DESCRIPTOR: u16 = 1 << 3;

/// The flags for encryption.
const ENCRYPTION: u16 = 1 | 1 << 6 | 1 << 13;

/// The entry of a member in the directory.
pub(in crate::install) struct Header {
    name: Vec<u8>,
    place: ZipArchiveEntryWayfinder,
    /// The position of the member's own header.
    offset: u64,
    method: u16,
    flags: u16,
    crc: u32,
    stored: u64,
    size: u64,
}

impl Header {
    /// Keeps the fields for the comparison. Refuses an entry with two different names.
    pub(in crate::install) fn of(entry: &ZipFileHeaderRecord<'_>) -> Result<Self, Problem> {
        let name = entry.file_path().as_bytes().to_vec();
        for (id, data) in entry.extra_fields() {
            // A version and a checksum precede the name.
            if id.as_u16() == UNICODE_PATH && data.get(5..) != Some(name.as_slice()) {
                return Err(other(&name, Disagreement::Name));
            }
        }
        Ok(Self {
            name,
            place: entry.wayfinder(),
            offset: entry.local_header_offset(),
            method: entry.compression_method().as_u16(),
            flags: entry.flags().bits(),
            crc: entry.crc32(),
            stored: entry.compressed_size_hint(),
            size: entry.uncompressed_size_hint(),
        })
    }
}

/// The position of the directory and of its last entry.
pub(in crate::install) struct Directory {
    pub(in crate::install) start: u64,
    pub(in crate::install) last: Option<u64>,
}

/// Checks that headers and directory agree, and that every part starts where the part before it ends.
pub(in crate::install) fn check(
    file: &File,
    zip: &ZipArchive<FileReader>,
    mut headers: Vec<Header>,
    directory: &Directory,
    buffer: &mut [u8],
) -> Result<(), Problem> {
    check_end(file, zip, directory)?;
    headers.sort_by_key(|header| header.offset);
    let mut ends_at = 0;
    let mut previous: Option<&Header> = None;
    for (at, header) in headers.iter().enumerate() {
        let entry = zip.get_entry(header.place).map_err(damaged)?;
        let local = entry.local_header(buffer).map_err(damaged)?;
        if local.file_path().as_bytes() != header.name {
            return Err(other(&header.name, Disagreement::Name));
        }
        for (id, data) in local.extra_fields() {
            if id.as_u16() == UNICODE_PATH && data.get(5..) != Some(header.name.as_slice()) {
                return Err(other(&header.name, Disagreement::Name));
            }
        }
        let flags = local.flags().bits();
        if local.compression_method().as_u16() != header.method {
            return Err(other(&header.name, Disagreement::Method));
        }
        if (flags ^ header.flags) & ENCRYPTION != 0 {
            return Err(other(&header.name, Disagreement::Encryption));
        }
        let has_descriptor = flags & HAS_DESCRIPTOR != 0;
        // Zero means that the value is stored after the content.
        let agrees = |local: u64, central: u64| local == central || has_descriptor && local == 0;
        if !agrees(local.crc32().into(), header.crc.into()) {
            return Err(other(&header.name, Disagreement::Checksum));
        }
        if !agrees(local.compressed_size_hint(), header.stored)
            || !agrees(local.uncompressed_size_hint(), header.size)
        {
            return Err(other(&header.name, Disagreement::Size));
        }
        if header.offset < ends_at
            && let Some(first) = previous
        {
            return Err(Problem::Overlap { first: shown(&first.name), second: shown(&header.name) });
        }
        if header.offset != ends_at {
            return Err(Problem::Framing(if at == 0 {
                "has bytes before its first member"
            } else {
                "has bytes between its members that belong to none"
            }));
        }
        let (_, end) = entry.compressed_data_range();
        let next = headers.get(at + 1).map_or(directory.start, |next| next.offset);
        ends_at = if has_descriptor { end + descriptor(file, header, end, next)? } else { end };
        previous = Some(header);
    }
    match previous {
        Some(last) if ends_at > directory.start => {
            Err(Problem::Overlap { first: shown(&last.name), second: "the directory".to_owned() })
        }
        _ if ends_at != directory.start => {
            Err(Problem::Framing("has bytes between its members and its directory"))
        }
        _ => Ok(()),
    }
}

/// The length of the data descriptor after a member's content. Its checksum and sizes must be those of the
/// directory.
fn descriptor(file: &File, header: &Header, end: u64, next: u64) -> Result<u64, Problem> {
    let room = next.saturating_sub(end);
    let mut bytes = [0; 24];
    let length = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
    let text = bytes.get_mut(..length).unwrap_or_default();
    file.read_exact_at(text, end).map_err(unreadable)?;
    // The descriptor can have a signature or not, and sizes of four or eight bytes.
    let mut forms = Vec::with_capacity(4);
    for signature in [&b"PK\x07\x08"[..], b""] {
        let start = [signature, &header.crc.to_le_bytes()].concat();
        let small = u32::try_from(header.stored).ok().zip(u32::try_from(header.size).ok());
        forms.extend(
            small.map(|(stored, size)| {
                [start.as_slice(), &stored.to_le_bytes(), &size.to_le_bytes()].concat()
            }),
        );
        forms.push([start.as_slice(), &header.stored.to_le_bytes(), &header.size.to_le_bytes()].concat());
    }
    let found = forms.iter().find(|form| form.as_slice() == &*text);
    match found {
        Some(form) => Ok(form.len() as u64),
        None if room > 24 => Err(Problem::Framing("has bytes between its members that belong to none")),
        None => Err(other(&header.name, Disagreement::Size)),
    }
}

/// Checks that the end record contains the position of the directory, is at the end of the file, and directly
/// follows the directory.
fn check_end(file: &File, zip: &ZipArchive<FileReader>, directory: &Directory) -> Result<(), Problem> {
    let end = zip.eocd_offset();
    let size = file.metadata().map_err(unreadable)?.len();
    let record: [u8; END] = read(file, end)?;
    let comment_length = u64::from(u16_at(&record, 20));
    if end + END as u64 + comment_length != size {
        return Err(Problem::Framing("has bytes after its end"));
    }
    let mut comment = vec![0; usize::try_from(comment_length).unwrap_or_default()];
    file.read_exact_at(&mut comment, end + END as u64).map_err(unreadable)?;
    if comment.windows(4).any(|part| part == b"PK\x05\x06") {
        return Err(Problem::Framing("has two ends"));
    }
    let (mut length, mut start) = (u64::from(u32_at(&record, 12)), u64::from(u32_at(&record, 16)));
    let mut directory_ends = end;
    if let Some(place) = end.checked_sub(LOCATOR as u64) {
        let locator: [u8; LOCATOR] = read(file, place)?;
        if locator.starts_with(b"PK\x06\x07") {
            let larger = u64_at(&locator, 8);
            if larger.checked_add(LARGE_END as u64).is_none_or(|ends| ends > place) {
                return Err(Problem::Framing("has a wrong place of its directory"));
            }
            let record: [u8; LARGE_END] = read(file, larger)?;
            let (large_length, large_start) = (u64_at(&record, 40), u64_at(&record, 48));
            let is_same = |small: u64, large: u64| small == u64::from(u32::MAX) || small == large;
            // The length field of the record does not count the first twelve bytes.
            let record_ends = larger.checked_add(12).and_then(|at| at.checked_add(u64_at(&record, 4)));
            if !is_same(length, large_length)
                || !is_same(start, large_start)
                || record_ends != Some(place)
                || !record.starts_with(b"PK\x06\x06")
            {
                return Err(Problem::Framing("has two ends that disagree"));
            }
            (length, start, directory_ends) = (large_length, large_start, larger);
        }
    }
    // A reader that searches backwards from the end and a reader that uses the offset must see the same
    // directory.
    if start != directory.start || start.checked_add(length) != Some(directory_ends) {
        return Err(Problem::Framing(
            "has a directory of another size than its end says, or bytes before it",
        ));
    }
    let Some(last) = directory.last else { return Ok(()) };
    let entry: [u8; ENTRY] = read(file, last)?;
    let more: u64 = [28, 30, 32].into_iter().map(|at| u64::from(u16_at(&entry, at))).sum();
    if last + ENTRY as u64 + more == directory_ends {
        Ok(())
    } else {
        Err(Problem::Framing("has a directory of another size than its members need"))
    }
}

fn read<const LENGTH: usize>(file: &File, at: u64) -> Result<[u8; LENGTH], Problem> {
    let mut bytes = [0; LENGTH];
    file.read_exact_at(&mut bytes, at).map_err(unreadable)?;
    Ok(bytes)
}

fn number<const LENGTH: usize>(bytes: &[u8], at: usize) -> [u8; LENGTH] {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; LENGTH])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(number(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(number(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(number(bytes, at))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unreadable(error: std::io::Error) -> Problem {
    Problem::Archive(error.to_string())
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

fn other(name: &[u8], what: Disagreement) -> Problem {
    Problem::OtherHeader { member: shown(name), what }
}
