//! The Pythons that a lock is for: the bounds that every project of the workspace allows.

use std::cmp::Ordering;

use pep440_rs::{Operator, Version, VersionSpecifiers};

/// A bound: a version, and whether the version itself is inside.
type Bound = Option<(Version, bool)>;

/// The lowest and highest version that specifiers allow. What they leave out between the two is not looked at, as in uv.
pub(super) fn range<'s>(all: impl IntoIterator<Item = &'s VersionSpecifiers>) -> (Bound, Bound) {
    let (mut low, mut high) = (None, None);
    for one in all.into_iter().flat_map(|specifiers| specifiers.iter()) {
        let version = Version::new(one.version().release());
        match one.operator() {
            Operator::GreaterThanEqual => raise(&mut low, version, true),
            Operator::GreaterThan => raise(&mut low, version, false),
            Operator::LessThanEqual => lower(&mut high, version, true),
            Operator::LessThan => lower(&mut high, version, false),
            Operator::Equal | Operator::ExactEqual => {
                raise(&mut low, version.clone(), true);
                lower(&mut high, version, true);
            }
            Operator::EqualStar => {
                lower(&mut high, next(version.release(), 0), false);
                raise(&mut low, version, true);
            }
            Operator::TildeEqual => {
                lower(&mut high, next(version.release(), 1), false);
                raise(&mut low, version, true);
            }
            _ => {}
        }
    }
    (low, high)
}

/// The first version that does not begin with `release`, without its last `dropped` numbers.
fn next(release: &[u64], dropped: usize) -> Version {
    let kept = release.len().saturating_sub(dropped).max(1);
    let mut numbers: Vec<u64> = release.iter().take(kept).copied().collect();
    if let Some(last) = numbers.last_mut() {
        *last = last.saturating_add(1);
    }
    Version::new(numbers)
}

fn raise(bound: &mut Bound, version: Version, inside: bool) {
    let is_tighter = match bound {
        None => true,
        Some((old, was_inside)) => match version.cmp(old) {
            Ordering::Greater => true,
            Ordering::Equal => *was_inside && !inside,
            Ordering::Less => false,
        },
    };
    if is_tighter {
        *bound = Some((version, inside));
    }
}

fn lower(bound: &mut Bound, version: Version, inside: bool) {
    let is_tighter = match bound {
        None => true,
        Some((old, was_inside)) => match version.cmp(old) {
            Ordering::Less => true,
            Ordering::Equal => *was_inside && !inside,
            Ordering::Greater => false,
        },
    };
    if is_tighter {
        *bound = Some((version, inside));
    }
}
