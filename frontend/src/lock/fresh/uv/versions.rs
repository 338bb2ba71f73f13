//! Compares the versions that two sets of bounds allow.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifier};

/// Whether `one` and `other` allow the same versions. As in uv, `~=1.16` equals `>=1.16,<2`, and a bound with
/// a prerelease allows prereleases.
pub(super) fn same(one: &[&VersionSpecifier], other: &[&VersionSpecifier]) -> bool {
    let early = |bounds: &[&VersionSpecifier]| bounds.iter().any(|bound| bound.version().any_prerelease());
    if early(one) != early(other) {
        return false;
    }
    let allows =
        |bounds: &[&VersionSpecifier], version: &Version| bounds.iter().all(|one| one.contains(version));
    let mut points = BTreeSet::new();
    for bound in one.iter().chain(other) {
        around(bound.version(), &mut points);
    }
    points.extend([Version::new([0]), Version::new([99_999])]);
    points.iter().all(|version| allows(one, version) == allows(other, version))
}

/// Versions around a version of a bound, and at the ends of the series that begin with this version.
fn around(version: &Version, points: &mut BTreeSet<Version>) {
    let release = version.release();
    points.insert(version.clone());
    let mut add = |text: String| points.extend(Version::from_str(&text).ok());
    let plain = version.to_string();
    let plain = plain.split('+').next().unwrap_or_default().to_owned();
    add(format!("{plain}+local"));
    let epoch = version.epoch();
    let series = |numbers: &[u64]| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!("{epoch}!{}", numbers.join("."))
    };
    for end in ["", ".dev0", "a0", "rc1", ".post1", ".0.1"] {
        add(format!("{}{end}", series(release)));
    }
    if !version.is_stable() {
        add(format!("{plain}.post1"));
        add(format!("{plain}.dev0"));
    }
    // The ends of `== X.*` and `~= X.Y`.
    for kept in 1..=release.len() {
        let mut numbers: Vec<u64> = release.iter().take(kept).copied().collect();
        if let Some(last) = numbers.last_mut() {
            *last = last.saturating_add(1);
        }
        for end in ["", ".dev0", ".0.1"] {
            add(format!("{}{end}", series(&numbers)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pep508::parse_specifiers;

    /// The expected values are those of uv 0.13.9: whether `uv lock --check` accepts a lock of `six` with the
    /// first bounds for the second ones.
    #[test]
    fn bounds_are_the_same_where_uv_says_so() {
        let cases = [
            ("", ">=0.5", false),
            (">=1", ">=1.0.0", true),
            (">=1", ">=1,>=0.5", true),
            (">=1,!=0.5", ">=1", true),
            ("==1.16.0", "===1.16.0", false),
            ("~=1.16", ">=1.16,<2", true),
            ("==1.*", ">=1,<2", false),
            (">1", ">1,>=1", true),
            (">=1", ">=1,>=1.dev0", false),
            (">=1,!=1.5", ">=1,!=1.5,!=1.5", true),
        ];
        for (one, other, expected) in cases {
            let (one, other) = (parse_specifiers(one).unwrap(), parse_specifiers(other).unwrap());
            let (mine, yours): (Vec<_>, Vec<_>) = (one.iter().collect(), other.iter().collect());
            assert_eq!(same(&mine, &yours), expected, "{one} {other}");
        }
    }
}
