//! How much of a stranger's archive is too much: bounds that the largest real packages keep, each with room.
//!
//! Measured on 47 wheels of the largest kinds (2026): homeassistant has the most members (39,913) and the longest RECORD
//! (4.4 MB), tensorflow unpacks to the most (1.8 GB), azure-mgmt-network is the best compressed (17 times).

/// The most files and folders that an archive names.
pub(super) const MEMBERS: u64 = 1 << 19;

/// The most folders that its files are in.
pub(super) const FOLDERS: u64 = 1 << 19;

/// The most bytes of all names together.
pub(super) const NAMES: u64 = 64 << 20;

/// The most bytes that one member may unpack to. The largest known shared libraries have a third of it.
pub(super) const MEMBER: u64 = 8 << 30;

/// The most bytes that an archive may unpack to.
pub(super) const TOTAL: u64 = 16 << 30;

/// The most bytes of a file that is held in memory, because the environment's path is written into it.
pub(super) const HELD: u64 = 512 << 20;

/// The most bytes between two members of a tar archive: headers of its extensions, with long names in them.
pub(super) const EXTENSIONS: u64 = 1 << 20;

/// What an archive may always unpack to, in bytes, however small it is.
const FREE: u64 = 256 << 20;

/// How many times larger than the archive its content may be.
const RATIO: u64 = 100;

/// The most bytes of a list of files: RECORD, or `paths.json`.
pub(super) const LIST: u64 = 32 << 20;

/// The most rows of a list of files.
pub(super) const ROWS: u64 = 1 << 19;

/// The most bytes of other files that describe a package. The longest METADATA have a manual in them.
pub(super) const DESCRIPTION: u64 = 16 << 20;

/// The most bytes of a line in a list or description of entry points.
pub(super) const LINE: u64 = 16 << 10;

/// The most commands that a package has.
pub(super) const COMMANDS: u64 = 1 << 14;

/// The most parts of a path, and its most bytes: Linux takes 4096 with the environment's path.
pub(super) const DEPTH: usize = 100;
pub(super) const PATH: usize = 3500;

/// The most bytes of one part of a path (`NAME_MAX`).
pub(super) const NAME: usize = 255;

/// The most bytes that an archive of so many bytes may unpack to.
pub(super) fn unpacked(archive: u64) -> u64 {
    archive.saturating_mul(RATIO).clamp(FREE, TOTAL)
}

/// How many folders the files at these places are in; the places are sorted.
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
