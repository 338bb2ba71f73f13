//! The report of a translation: the decisions with their reasons, and the parts that the user must check.

/// The certainty of a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli::init) enum Weight {
    /// The build file differs from the Dockerfile on purpose.
    Note,
    /// The translation may be wrong, so somebody must check it.
    Doubt,
}

/// A remark on an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::init) struct Remark {
    pub(in crate::cli::init) weight: Weight,
    /// The line of the Dockerfile; 0 for a remark about the whole file.
    pub(in crate::cli::init) line: usize,
    pub(in crate::cli::init) text: String,
}

/// Remarks, and the decisions as rows of a table.
#[derive(Debug, Default)]
pub(in crate::cli::init) struct Report {
    pub(in crate::cli::init) remarks: Vec<Remark>,
    /// The finding and the decision.
    pub(in crate::cli::init) rows: Vec<(String, String)>,
}

/// The maximum number of remarks. Nobody reads more than a screen of them.
const MOST: usize = 200;

impl Report {
    fn remark(&mut self, weight: Weight, line: usize, text: String) {
        let remark = Remark { weight, line, text };
        if self.remarks.len() < MOST && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    pub(super) fn note(&mut self, line: usize, text: String) {
        self.remark(Weight::Note, line, text);
    }

    pub(super) fn doubt(&mut self, line: usize, text: String) {
        self.remark(Weight::Doubt, line, text);
    }

    /// Adds doubts about a value of an instruction.
    pub(super) fn doubts(&mut self, line: usize, what: &str, doubts: &[String]) {
        for doubt in doubts {
            self.doubt(line, format!("{what}: {doubt}"));
        }
    }

    pub(super) fn row(&mut self, found: impl Into<String>, decided: impl Into<String>) {
        self.rows.push((found.into(), decided.into()));
    }

    /// The remarks, sorted by line.
    pub(in crate::cli::init) fn sorted(&self) -> Vec<&Remark> {
        let mut all: Vec<&Remark> = self.remarks.iter().collect();
        all.sort_by_key(|remark| (remark.line, remark.weight));
        all
    }
}
