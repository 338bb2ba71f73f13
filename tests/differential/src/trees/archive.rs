//! Writes ZIP archives byte by byte (APPNOTE.TXT of PKWARE, section 4.3): libraries do not write wrong ones.

use super::draft::{Flaw, Member};

/// Names and comments are UTF-8.
const UTF8: u16 = 1 << 11;

/// Checksum and sizes stand behind the content.
const DESCRIPTOR: u16 = 1 << 3;

/// 1 January 2020.
const DATE: u16 = (40 << 9) | (1 << 5) | 1;

/// The mode of a plain file.
const PLAIN: u32 = 0o100_644;

/// The archive's bytes.
pub(super) fn bytes(members: &[Member], flaws: &[Flaw]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for flaw in flaws {
        if let Flaw::Before(text) = flaw {
            bytes.extend(text.as_bytes());
        }
    }
    for member in members {
        let offset = low(bytes.len());
        let (stored, path) = (member.stored(), member.path());
        let local = member.local_name.as_ref().map_or(path.clone(), |name| name.clone().into_bytes());
        bytes.extend(b"PK\x03\x04\x14\x00");
        bytes.extend(facts(member, stored.len(), true));
        bytes.extend(half(local.len()).to_le_bytes());
        bytes.extend(0u16.to_le_bytes());
        bytes.extend(local);
        bytes.extend(&stored);
        if member.descriptor {
            bytes.extend(b"PK\x07\x08");
            bytes.extend(sums(member, stored.len()));
        }
        directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
        directory.extend(facts(member, stored.len(), false));
        for length in [path.len(), 0, 0, 0, 0] {
            directory.extend(half(length).to_le_bytes());
        }
        directory.extend((member.mode.unwrap_or(PLAIN) << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(path);
    }
    let more = flaws.iter().find_map(|flaw| if let Flaw::More(more) = flaw { Some(*more) } else { None });
    let count = half(members.len()).saturating_add(more.unwrap_or_default());
    let start = low(bytes.len());
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend(low(directory.len()).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    let comment =
        flaws.iter().find_map(|flaw| if let Flaw::Comment(text) = flaw { Some(text.as_str()) } else { None });
    let comment = comment.unwrap_or_default();
    bytes.extend(half(comment.len()).to_le_bytes());
    bytes.extend(comment.as_bytes());
    for flaw in flaws {
        match flaw {
            Flaw::Behind(text) => bytes.extend(text.as_bytes()),
            Flaw::Short(missing) => bytes.truncate(bytes.len().saturating_sub(usize::from(*missing))),
            _ => {}
        }
    }
    bytes
}

/// What both headers have: flags, method, time, checksum and sizes.
fn facts(member: &Member, stored: usize, is_local: bool) -> Vec<u8> {
    let name_flag = if member.raw || member.name.is_ascii() { 0 } else { UTF8 };
    let descriptor = if member.descriptor { DESCRIPTOR } else { 0 };
    let mut bytes = (member.flags.unwrap_or(name_flag) | descriptor).to_le_bytes().to_vec();
    bytes.extend(member.method.unwrap_or(8).to_le_bytes());
    bytes.extend(0u16.to_le_bytes());
    bytes.extend(member.date.unwrap_or(DATE).to_le_bytes());
    if is_local && member.descriptor {
        bytes.extend([0; 12]);
    } else {
        bytes.extend(sums(member, stored));
    }
    bytes
}

/// Checksum, stored size and size.
fn sums(member: &Member, stored: usize) -> Vec<u8> {
    let mut bytes = member.crc.unwrap_or_else(|| member.checksum()).to_le_bytes().to_vec();
    bytes.extend(low(stored).to_le_bytes());
    bytes.extend(member.size.unwrap_or_else(|| low(member.content().len())).to_le_bytes());
    bytes
}

fn low(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn half(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
