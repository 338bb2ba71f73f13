//! Compares the installed files of a wheel with those of `uv pip install --no-deps` and of pip.
//!
//! Wheels are made from a seed, in three kinds: valid, odd and malicious. There are also real wheels from the
//! package registry of the machine.

mod archive;
pub(crate) mod bench;
mod compare;
mod draft;
mod generate;
mod hostile;
mod odd;
mod real;
mod tree;

use std::path::PathBuf;

use self::bench::Bench;
use self::draft::Draft;
use crate::cases::{keep, kept};
use crate::desk::{Desk, Verdict};
use crate::failure::Failure;
use crate::options::Options;
use crate::random::Random;
use crate::report::Report;

/// The kinds of wheels that are made, and how many of each in a full and in a short run.
const KINDS: [(&str, usize, usize); 3] = [("usual", 300, 12), ("odd", 600, 24), ("hostile", 400, 16)];

/// A wheel to compare.
enum Work {
    /// One that is made.
    Draft(Box<Draft>),
    /// One that is there.
    File(PathBuf),
}

/// Compares the trees of made and of real wheels, and the cases that were kept.
///
/// # Errors
/// If a tool cannot be run at all.
pub(crate) fn run(options: &Options) -> Result<Report, Failure> {
    let mut work: Vec<(String, String, Work)> = Vec::new();
    for (name, draft) in kept::<Draft>(&options.folder.join("cases/trees"))? {
        let kind = if draft.danger { "hostile" } else { "odd" };
        work.push((kind.to_owned(), format!("case {name}"), Work::Draft(Box::new(draft))));
    }
    for (kind, full, short) in KINDS {
        for number in 0..options.count(full, short) {
            let draft =
                generate::draft(kind, &mut Random::of(options.seed, &format!("trees/{kind}"), number));
            let input = format!("--kind {kind} --seed {} --only {number}", options.seed);
            work.push((kind.to_owned(), input, Work::Draft(Box::new(draft))));
        }
    }
    if options.kind.as_ref().is_none_or(|kind| kind == "real") {
        for path in real::wheels(options)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            work.push(("real".to_owned(), name, Work::File(path)));
        }
    }
    work.retain(|(kind, input, _)| {
        options.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && options.only.is_none_or(|only| input.ends_with(&format!("--only {only}")))
    });
    Desk::run(options, &work, |desk| {
        let mut bench = Bench::new(options)?;
        while let Some((kind, input, work)) = desk.take() {
            let differs = match work {
                Work::Draft(draft) => compare::draft(draft, &mut bench)?,
                Work::File(path) => compare::wheel(path, false, &mut bench)?,
            };
            let verdict = differs.map_or(Verdict::Same, Verdict::Different);
            desk.note(format!("trees/{kind}"), input, verdict, |text| match work {
                Work::Draft(draft) => {
                    let (small, text) = compare::shrink(draft, text, &mut bench)?;
                    keep(&options.folder.join("cases/trees"), &small, input, &text)
                }
                // A real wheel is kept by its name in the list.
                Work::File(_) => Ok(()),
            })?;
        }
        Ok(())
    })
}
