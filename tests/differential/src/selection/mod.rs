//! Compares the packages and files that pybuild chooses from a lock with those that the tool of the lock
//! would install.

pub(crate) mod answer;
pub(crate) mod case;
pub(crate) mod compare;
pub(crate) mod generate;
pub(crate) mod manifests;
pub(crate) mod markers;
pub(crate) mod ours;
pub(crate) mod pipenv;
pub(crate) mod publish;
mod resolver;
pub(crate) mod server;
pub(crate) mod shrink;
pub(crate) mod target;
pub(crate) mod traits;
pub(crate) mod universe;
pub(crate) mod uv;
pub(crate) mod worker;

use self::case::Case;
use self::compare::Bench;
use crate::cases::{keep, kept};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::options::Options;
use crate::random::Random;
use crate::report::Report;

/// The kinds, and how many projects of each are made in a full and in a short run.
const KINDS: [(&str, usize, usize); 8] = [
    ("uv", 1900, 80),
    ("pylock", 200, 12),
    ("poetry", 200, 12),
    ("pdm", 200, 10),
    ("pipenv", 150, 2),
    ("pip-compile", 150, 8),
    ("uv-compile", 150, 8),
    ("pip-lock", 150, 8),
];

/// Compares generated projects, and the cases that were kept.
///
/// # Errors
/// If a tool cannot be run at all.
pub(crate) fn run(options: &Options) -> Result<Report, Failure> {
    let mut work = Vec::new();
    for (name, case) in kept::<Case>(&options.folder.join("cases"))? {
        work.push((format!("case {name}"), case));
    }
    for (kind, full, short) in KINDS {
        for number in 0..options.count(full, short) {
            let case = generate::case(kind, &mut Random::of(options.seed, kind, number));
            work.push((format!("--kind {kind} --seed {} --only {number}", options.seed), case));
        }
    }
    let wanted = |(input, case): &(String, Case)| {
        options.kind.as_ref().is_none_or(|kind| *kind == case.kind)
            && options.only.is_none_or(|only| input.ends_with(&format!("--only {only}")))
    };
    work.retain(wanted);
    Desk::run(options, &work, |desk| {
        let mut bench = Bench::new(options)?;
        while let Some((input, case)) = desk.take() {
            let verdict = bench.compare(case)?;
            desk.note(format!("selection/{}", case.kind), input, verdict, |text| {
                let (small, text) = shrink::shrink(case, text, &mut bench)?;
                keep(&options.folder.join("cases"), &small, input, &text)
            })?;
        }
        Ok(())
    })
}
