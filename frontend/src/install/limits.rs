//! Limits for archives from strangers. The largest real packages stay well below them.
//!
//! Measured on 47 wheels of the largest kinds (2026): homeassistant has the most members (39,913) and the
//! longest RECORD (4.4 MB), tensorflow is the largest after unpacking (1.8 GB), and azure-mgmt-network has
//! the highest compression ratio (17).

/// The maximum number of files and folders in an archive.
pub(super) const MEMBERS: u64 = 1 << 19;

/// The maximum number of folders of its files.
pub(super) const FOLDERS: u64 = 1 << 19;

/// The maximum size of all names together, in bytes.
pub(super) const NAMES: u64 = 64 << 20;

/// The maximum size of an unpacked member, in bytes. The largest known shared libraries have a third of this
/// size.
pub(super) const MEMBER: u64 = 8 << 30;

/// The maximum size of an unpacked archive, in bytes.
pub(super) const TOTAL: u64 = 16 << 30;

/// The maximum size, in bytes, of a file that is kept in memory because the environment's path is written
/// into it.
pub(super) const HELD: u64 = 512 << 20;

/// The maximum number of bytes between two members of a tar archive: extension headers with long names.
pub(super) const EXTENSIONS: u64 = 1 << 20;

/// The unpacked size, in bytes, that every archive may have, even a small one.
const FREE: u64 = 256 << 20;

/// The maximum ratio of the unpacked size to the size of the archive.
const RATIO: u64 = 100;

/// The maximum size of a list of files in bytes: RECORD, or `paths.json`.
pub(super) const LIST: u64 = 32 << 20;

/// The maximum number of rows in a list of files.
pub(super) const ROWS: u64 = 1 << 19;

/// The maximum size, in bytes, of other files that describe a package. The longest METADATA files contain a
/// manual.
pub(super) const DESCRIPTION: u64 = 16 << 20;

/// The maximum length, in bytes, of a line in a list or in a description of entry points.
pub(super) const LINE: u64 = 16 << 10;

/// The maximum number of commands of a package.
pub(super) const COMMANDS: u64 = 1 << 14;

/// The maximum number of parts of a path and its maximum length in bytes. Linux allows 4096 bytes, including
/// the environment's path.
pub(super) const DEPTH: usize = 100;
pub(super) const PATH: usize = 3500;

/// The maximum length of one part of a path, in bytes (`NAME_MAX`).
pub(super) const NAME: usize = 255;

/// The maximum unpacked size, in bytes, of an archive of this size.
pub(super) fn unpacked(archive: u64) -> u64 {
    archive.saturating_mul(RATIO).clamp(FREE, TOTAL)
}

/// The number of folders that contain the files at these paths. The paths must be sorted.
pub(super) fn folders<'p>(places: impl Iterator<Item = &'p str>) -> u64 {
    let mut count: u64 = 0;
    let mut before: Vec<&str> = Vec::new();
    for place in places {
        let mut parts: Vec<&str> = place.split('/').collect();
        parts.pop();
        let same = parts.iter().zip(&before).take_while(|(one, other)| one == other).count();
        count = count.saturating_add((parts.len() - same) as u64);
        before = parts;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_counted_once() {
        assert_eq!(folders(["a", "b/c", "b/d/e", "b/d/f", "g/d/f"].into_iter()), 4);
        assert_eq!(folders(std::iter::empty()), 0);
    }

    #[test]
    fn small_archives_may_unpack_to_something_and_large_ones_to_a_hundred_times_their_size() {
        assert_eq!(unpacked(0), 256 << 20);
        assert_eq!(unpacked(10 << 20), 1000 << 20);
        assert_eq!(unpacked(u64::MAX), TOTAL);
    }
}
