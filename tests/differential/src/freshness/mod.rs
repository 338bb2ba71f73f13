//! Whether a lock is older than its manifest: compared with what the tool that made the lock says.
//!
//! A project of the generator of `selection` is locked once, then edited in several ways. After each edit the tool and
//! pybuild are asked whether the lock is fresh.

mod compare;
mod edit;
mod edited;
mod setting;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use self::compare::{Verdict, compare, shrink};
use self::edited::Edited;
use crate::failure::Failure;
use crate::options::Options;
use crate::random::Random;
use crate::report::{Disagreement, Report};
use crate::selection::compare::Bench;
use crate::selection::generate;

/// The kinds, how many projects of each are made in a full and in a short run, and how many edits of each project.
const KINDS: [(&str, usize, usize, usize); 4] =
    [("uv", 150, 8, 8), ("poetry", 30, 1, 8), ("pdm", 30, 1, 8), ("pipenv", 16, 1, 8)];

/// How many projects are compared at a time.
const THREADS: usize = 2;

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
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..THREADS).map(|_| scope.spawn(|| worker(options, &work, &next, &report))).collect();
        let ends = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err(Failure::Other("a comparison panicked".to_owned())))
        });
        ends.collect::<Result<Vec<()>, Failure>>()
    })?;
    Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn worker(
    options: &Options,
    work: &[Work],
    next: &AtomicUsize,
    report: &Mutex<Report>,
) -> Result<(), Failure> {
    let mut bench = Bench::new(options)?;
    while let Some(edits) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
        let edited: Vec<&Edited> = edits.iter().map(|(_, edited)| edited).collect();
        for ((input, edited), verdict) in edits.iter().zip(compare(&edited, &mut bench)?) {
            let kind = format!("freshness/{}", edited.before.kind);
            match verdict {
                Verdict::Same => report.lock().unwrap_or_else(PoisonError::into_inner).pass(&kind),
                Verdict::Refused(why) => {
                    if options.refused {
                        let _ = writeln!(std::io::stderr(), "==> {kind} {input} is refused\n{why}");
                    }
                    report.lock().unwrap_or_else(PoisonError::into_inner).refuse(&kind);
                }
                Verdict::Different(text) => {
                    let found = Disagreement { kind, input: input.clone(), text };
                    let meant = options.meant.reason(&found).is_some();
                    if !meant && options.keep && !input.starts_with("case ") {
                        let (small, text) = shrink(edited, &found.text, &mut bench)?;
                        keep(&options.folder.join("cases/freshness"), &small, input, &text)?;
                    }
                    if !meant {
                        // A long run tells what it finds while it goes on.
                        let _ = writeln!(std::io::stderr(), "==> {} {input} disagrees", found.kind);
                    }
                    report.lock().unwrap_or_else(PoisonError::into_inner).differ(found, &options.meant);
                }
            }
        }
    }
    Ok(())
}

/// The cases that were kept, by name.
fn kept(folder: &Path) -> Result<BTreeMap<String, Edited>, Failure> {
    let mut cases = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(cases) };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(Failure::io(shown.as_str()))?;
        let case =
            serde_json::from_str(&text).map_err(|error| Failure::Other(format!("{shown}: {error}")))?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        cases.insert(name, case);
    }
    Ok(cases)
}

/// Writes a small case that disagrees, and beside it what disagrees.
fn keep(folder: &Path, case: &Edited, input: &str, text: &str) -> Result<(), Failure> {
    let plain = |one: char| if one.is_ascii_alphanumeric() { one } else { '-' };
    let name: String = input.replace("--", "").chars().map(plain).collect();
    let body = serde_json::to_string_pretty(case).map_err(|error| Failure::Other(error.to_string()))?;
    std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    for (end, body) in [("json", body + "\n"), ("txt", format!("{text}\n"))] {
        let path = folder.join(format!("{}.{end}", name.trim_end_matches('-')));
        std::fs::write(&path, body).map_err(Failure::io(path.display().to_string()))?;
    }
    Ok(())
}
