//! Compares pybuild and the tool of a lock in the question whether the lock is older than its manifest.
//!
//! A project from the generator of `selection` is locked once and then edited in several ways. After each
//! edit, the tool and pybuild say whether the lock is fresh.

mod compare;
mod edit;
mod edited;
mod setting;

use self::compare::{compare, shrink};
use self::edited::Edited;
use crate::cases::{keep, kept};
use crate::desk::Desk;
use crate::failure::Failure;
use crate::options::Options;
use crate::random::Random;
use crate::report::Report;
use crate::selection::compare::Bench;
use crate::selection::generate;

/// The kinds, with the number of projects of each kind in a full and in a short run, and the number of edits
/// of each project.
const KINDS: [(&str, usize, usize, usize); 4] =
    [("uv", 150, 8, 8), ("poetry", 30, 1, 8), ("pdm", 30, 1, 8), ("pipenv", 16, 1, 8)];

/// A project and its edits, each with what finds it again.
type Work = Vec<(String, Edited)>;

/// Compares generated edits of manifests, and the cases that were kept.
///
/// # Errors
/// If a tool cannot be run at all.
pub(crate) fn run(options: &Options) -> Result<Report, Failure> {
    let mut work: Vec<Work> = Vec::new();
    for (name, edited) in kept(&options.folder.join("cases/freshness"))? {
        work.push(vec![(format!("case {name}"), edited)]);
    }
    for (kind, full, short, edits) in KINDS {
        for number in 0..options.count(full, short) {
            let mut random = Random::of(options.seed, &format!("freshness/{kind}"), number);
            let before = generate::case(kind, &mut random);
            let input = format!("--kind {kind} --seed {} --only {number}", options.seed);
            let edits = (0..edits).map(|place| {
                let edited = edit::edit(&before, &mut random);
                (format!("{input}, edit {place} ({})", edited.what), edited)
            });
            work.push(edits.collect());
        }
    }
    work.retain(|edits| {
        edits.first().is_some_and(|(input, edited)| {
            options.kind.as_ref().is_none_or(|kind| *kind == edited.before.kind)
                && options.only.is_none_or(|only| input.contains(&format!("--only {only},")))
        })
    });
    Desk::run(options, &work, |desk| {
        let mut bench = Bench::new(options)?;
        while let Some(edits) = desk.take() {
            let edited: Vec<&Edited> = edits.iter().map(|(_, edited)| edited).collect();
            for ((input, edited), verdict) in edits.iter().zip(compare(&edited, &mut bench)?) {
                desk.note(format!("freshness/{}", edited.before.kind), input, verdict, |text| {
                    let (small, text) = shrink(edited, text, &mut bench)?;
                    keep(&options.folder.join("cases/freshness"), &small, input, &text)
                })?;
            }
        }
        Ok(())
    })
}
