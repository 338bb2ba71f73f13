//! The Python versions of a lock or a group: the lowest and the highest version that all bounds allow.

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use crate::pep508::{self, Comparison, Marker, Operand, Variable};

/// A position between versions: before the version, or after it (`true`).
type Cut = (Version, bool);

/// The versions between two positions. A missing position means that there is no limit on this side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    low: Option<Cut>,
    high: Option<Cut>,
}

/// The range from the lowest to the highest version that all specifiers allow. `None` if they allow no
/// version.
///
/// As in uv, an excluded version in the middle (`!=3.11.*`) makes no gap. An excluded version at an end moves
/// this end: `>=3.10,!=3.10.*` begins at 3.11.
pub(super) fn range<'s>(all: impl IntoIterator<Item = &'s VersionSpecifiers>) -> Option<Range> {
    let (mut low, mut high, mut gaps) = (None, None, Vec::new());
    for one in all.into_iter().flat_map(|specifiers| specifiers.iter()) {
        match allowed(one) {
            Allowed::Between(from, to) => {
                low = low.max(from);
                high = match (high, to) {
                    (Some(high), Some(to)) => Some(Ord::min(high, to)),
                    (high, to) => high.or(to),
                };
            }
            Allowed::Outside(from, to) => gaps.push((from, to)),
        }
    }
    gaps.sort();
    for (from, to) in &gaps {
        if low.as_ref().is_some_and(|low| from <= low && low < to) {
            low = Some(to.clone());
        }
    }
    gaps.sort_by(|(_, one), (_, other)| other.cmp(one));
    for (from, to) in &gaps {
        if high.as_ref().is_some_and(|high| from < high && high <= to) {
            high = Some(from.clone());
        }
    }
    let is_empty = matches!((&low, &high), (Some(low), Some(high)) if low >= high);
    (!is_empty).then_some(Range { low, high })
}

impl Range {
    /// The marker that holds for these Python versions; `None` if there is no limit.
    pub(super) fn marker(&self) -> Option<Marker> {
        let compare = |operator, version: &Version| {
            Marker::Compare(Comparison {
                left: Operand::Variable(Variable::PythonFullVersion),
                operator,
                right: Operand::Literal(version.to_string()),
            })
        };
        let low = self.low.as_ref().map(|(version, is_after)| {
            compare(
                if *is_after { pep508::Operator::Greater } else { pep508::Operator::GreaterEqual },
                version,
            )
        });
        let high = self.high.as_ref().map(|(version, is_after)| {
            compare(if *is_after { pep508::Operator::LessEqual } else { pep508::Operator::Less }, version)
        });
        match (low, high) {
            (Some(low), Some(high)) => Some(Marker::And(vec![low, high])),
            (one, other) => one.or(other),
        }
    }
}

/// The versions that one specifier allows.
enum Allowed {
    Between(Option<Cut>, Option<Cut>),
    Outside(Cut, Cut),
}

/// The final releases that a specifier allows. For uv, `>=3.12rc1` means `>=3.12` here.
fn allowed(one: &VersionSpecifier) -> Allowed {
    let version = Version::new(one.version().release());
    let before = |version: Version| (version, false);
    let after = |version: Version| (version, true);
    match one.operator() {
        Operator::GreaterThanEqual => Allowed::Between(Some(before(version)), None),
        Operator::GreaterThan => Allowed::Between(Some(after(version)), None),
        Operator::LessThanEqual => Allowed::Between(None, Some(after(version))),
        Operator::LessThan => Allowed::Between(None, Some(before(version))),
        Operator::Equal | Operator::ExactEqual => {
            Allowed::Between(Some(before(version.clone())), Some(after(version)))
        }
        Operator::NotEqual => Allowed::Outside(before(version.clone()), after(version)),
        Operator::EqualStar => {
            let end = next(version.release(), 0);
            Allowed::Between(Some(before(version)), Some(before(end)))
        }
        Operator::NotEqualStar => {
            let end = next(version.release(), 0);
            Allowed::Outside(before(version), before(end))
        }
        Operator::TildeEqual => {
            let end = next(version.release(), 1);
            Allowed::Between(Some(before(version)), Some(before(end)))
        }
    }
}

/// The first version that does not begin with `release` without its last `dropped` numbers.
fn next(release: &[u64], dropped: usize) -> Version {
    let kept = release.len().saturating_sub(dropped).max(1);
    let mut numbers: Vec<u64> = release.iter().take(kept).copied().collect();
    if let Some(last) = numbers.last_mut() {
        *last = last.saturating_add(1);
    }
    Version::new(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pep508::parse_specifiers;

    /// The expected values are those of uv 0.13.9: whether `uv lock --check` accepts a lock of a project with
    /// the first bounds if the project has the second ones.
    #[test]
    fn ranges_are_the_same_where_uv_says_so() {
        let cases = [
            (">=3.10,!=3.11.*", ">=3.12", false),
            (">=3.10,!=3.11.*", ">=3.10", true),
            (">=3.10,!=3.10.*,!=3.11.*", ">=3.12", true),
            (">=3.10,!=3.10.*", ">=3.11", true),
            (">=3.9,<3.14,!=3.13.*", ">=3.9,<3.13", true),
            (">=3.10,!=3.10", ">3.10", true),
            (">=3.10", ">=3.10.0", true),
            ("~=3.10", ">=3.10,<4", true),
            (">=3.10,<=3.13", ">=3.10,<3.14", false),
            (">=3.10,<=3.13", ">=3.10,<=3.13,!=3.13", false),
            (">=3.10,<3.13", ">=3.10,<=3.13,!=3.13", true),
            ("==3.11.*", ">=3.11,<3.12", true),
            (">=3.11rc1", ">=3.11", true),
        ];
        for (one, other, expected) in cases {
            let (mine, yours) = (parse_specifiers(one).unwrap(), parse_specifiers(other).unwrap());
            assert_eq!(range([&mine]) == range([&yours]), expected, "{one} {other}");
        }
    }

    /// uv 0.13.9 writes `>=3.12` for a workspace with these two members (`uv lock`).
    #[test]
    fn what_a_member_leaves_out_moves_the_end_of_the_others() {
        let members = [">=3.9,!=3.10.*", ">=3.10,!=3.11.*"].map(|text| parse_specifiers(text).unwrap());
        assert_eq!(range(&members), range([&parse_specifiers(">=3.12").unwrap()]));
    }
}
