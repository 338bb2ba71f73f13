//! The versions of Python, and the dates on which their security fixes end.

/// The date up to which this version of pybuild knows releases, as year and month. A build does not read the
/// clock. So its choices and warnings change only with the frontend.
const KNOWN: (u32, u32) = (2026, 11);

/// Minor versions of Python 3, the oldest first, with the year and month in which their security fixes end.
/// The dates are those of the release schedules (PEP 494, 537, 569, 596, 619, 664, 693, 719 and 745).
const ENDS: [(u32, (u32, u32)); 9] = [
    (6, (2021, 12)),
    (7, (2023, 6)),
    (8, (2024, 10)),
    (9, (2025, 10)),
    (10, (2026, 10)),
    (11, (2027, 10)),
    (12, (2028, 10)),
    (13, (2029, 10)),
    (14, (2030, 10)),
];

/// The minor versions that still get fixes, the newest first.
pub fn supported() -> impl Iterator<Item = u32> {
    ENDS.into_iter().rev().filter(|(_, end)| *end >= KNOWN).map(|(minor, _)| minor)
}

/// The minor versions that get no fixes any more, newest first. They exist all the same.
pub fn past() -> impl Iterator<Item = u32> {
    (0..supported().last().unwrap_or_default()).rev()
}

/// The year and month with which the fixes of a minor version ended; nothing for one that still gets them, or is newer
/// than what is known.
pub fn ended(minor: u32) -> Option<(u32, u32)> {
    // Versions before the table ended even earlier.
    let first = ENDS.first().filter(|(first, _)| minor < *first);
    let end = first.or_else(|| ENDS.iter().find(|(known, _)| *known == minor)).map(|(_, end)| *end);
    end.filter(|end| *end < KNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_end_as_their_release_schedules_say() {
        assert_eq!(ended(2), Some((2021, 12)));
        assert_eq!(ended(9), Some((2025, 10)));
        assert_eq!(ended(10), Some((2026, 10)));
        assert_eq!(ended(11), None);
        assert_eq!(ended(99), None);
    }

    #[test]
    fn past_versions_begin_right_below_the_supported_ones() {
        assert_eq!(past().next(), Some(10));
        assert!(past().all(|minor| ended(minor).is_some()));
    }

    #[test]
    fn what_is_chosen_is_nothing_that_is_warned_of() {
        assert_eq!(supported().collect::<Vec<_>>(), [14, 13, 12, 11]);
        assert!(supported().all(|minor| ended(minor).is_none()));
    }

    #[test]
    fn the_manual_lists_the_versions_that_are_chosen() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let manual = std::fs::read_to_string(format!("{root}/docs/file.md")).unwrap();
        let mut names: Vec<_> = supported().map(|minor| format!("3.{minor}")).collect();
        let last = names.pop().unwrap();
        assert!(manual.contains(&format!("the newest of {} and {last}", names.join(", "))), "docs/file.md");
    }
}
