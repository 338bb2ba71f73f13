//! The results of a run: counts by kind, and the differences.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::meant::Meant;

/// How many comparisons of one kind ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Both sides say the same.
    pub(crate) passed: usize,
    /// The sides differ, and there is no explanation.
    pub(crate) failed: usize,
    /// The sides differ, and `meant.toml` has the explanation.
    pub(crate) meant: usize,
    /// The tool refused the input before there was anything to compare.
    pub(crate) refused: usize,
}

/// Two answers that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disagreement {
    /// The kind of input, as `selection/uv`.
    pub(crate) kind: String,
    /// What finds the input again: a seed and number, or the name of a kept case.
    pub(crate) input: String,
    /// What differs, in lines.
    pub(crate) text: String,
}

/// The result of a part, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// The counts, by kind of input.
    pub(crate) kinds: BTreeMap<String, Count>,
    /// The differences without an explanation.
    pub(crate) disagreements: Vec<Disagreement>,
    /// How often each meant disagreement was seen, by its reason.
    pub(crate) meant: BTreeMap<String, usize>,
}

impl Report {
    /// Counts an input about which both sides say the same.
    pub(crate) fn pass(&mut self, kind: &str) {
        self.kinds.entry(kind.to_owned()).or_default().passed += 1;
    }

    /// Counts an input that the tool refused to work with at all.
    pub(crate) fn refuse(&mut self, kind: &str) {
        self.kinds.entry(kind.to_owned()).or_default().refused += 1;
    }

    /// Counts a disagreement, as meant if `meant` has a reason for it.
    pub(crate) fn differ(&mut self, disagreement: Disagreement, meant: &Meant) {
        let count = self.kinds.entry(disagreement.kind.clone()).or_default();
        if let Some(reason) = meant.reason(&disagreement) {
            count.meant += 1;
            *self.meant.entry(reason.to_owned()).or_default() += 1;
        } else {
            count.failed += 1;
            self.disagreements.push(disagreement);
        }
    }

    /// Takes in another report.
    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, count) in other.kinds {
            let sum = self.kinds.entry(kind).or_default();
            sum.passed += count.passed;
            sum.failed += count.failed;
            sum.meant += count.meant;
            sum.refused += count.refused;
        }
        self.disagreements.extend(other.disagreements);
        for (reason, count) in other.meant {
            *self.meant.entry(reason).or_default() += count;
        }
    }

    /// Whether nothing is unexplained and anything was compared.
    pub(crate) fn agrees(&self) -> bool {
        self.disagreements.is_empty() && self.kinds.values().any(|count| count.passed > 0)
    }

    /// The report as text. Its last line is `N passed, N failed`.
    pub(crate) fn text(&self, seed: u64) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        for Disagreement { kind, input, text: lines } in &self.disagreements {
            let _ = writeln!(text, "==> {kind} {input}\n{}\n", lines.trim_end());
        }
        for (reason, count) in &self.meant {
            let _ = writeln!(text, "meant, {count} times: {reason}");
        }
        let _ = writeln!(
            text,
            "\n{:<28} {:>7} {:>7} {:>7} {:>7}",
            "kind", "passed", "failed", "meant", "refused"
        );
        let (mut passed, mut failed) = (0, 0);
        for (kind, count) in &self.kinds {
            passed += count.passed + count.meant;
            failed += count.failed;
            let Count { passed, failed, meant, refused } = count;
            let _ = writeln!(text, "{kind:<28} {passed:>7} {failed:>7} {meant:>7} {refused:>7}");
        }
        let _ = writeln!(text, "seed {seed}\n{passed} passed, {failed} failed");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meant_disagreement_is_counted_apart_and_the_last_line_has_the_sum() {
        let meant = Meant::parse(
            "[[meant]]\nkind = \"selection/pdm\"\nwhen = [\"yanked\"]\nreason = \"pdm takes yanked files\"\n",
        )
        .expect("a list");
        let differ = |text: &str| Disagreement {
            kind: "selection/pdm".to_owned(),
            input: "seed 1, number 2".to_owned(),
            text: text.to_owned(),
        };
        let mut report = Report::default();
        report.pass("selection/pdm");
        report.differ(differ("a yanked file"), &meant);
        assert!(report.agrees());
        report.differ(differ("something else"), &meant);
        assert!(!report.agrees());
        assert_eq!(report.text(1).lines().last(), Some("2 passed, 1 failed"));
    }
}
