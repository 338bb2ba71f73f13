//! Which packages and files are chosen of a lock: compared with what the tool that made the lock would install.

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

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use self::case::Case;
use self::compare::{Bench, Verdict};
use crate::failure::Failure;
use crate::options::Options;
use crate::random::Random;
use crate::report::{Disagreement, Report};

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

/// How many projects are compared at a time.
const THREADS: usize = 2;

/// Compares generated projects, and the cases that were kept.
///
/// # Errors
/// If a tool cannot be run at all.
pub(crate) fn run(options: &Options) -> Result<Report, Failure> {
    let mut work = Vec::new();
    for (name, case) in kept(&options.folder.join("cases"))? {
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
    work: &[(String, Case)],
    next: &AtomicUsize,
    report: &Mutex<Report>,
) -> Result<(), Failure> {
    let mut bench = Bench::new(options)?;
    while let Some((input, case)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
        let kind = format!("selection/{}", case.kind);
        match bench.compare(case)? {
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
                    let (small, text) = shrink::shrink(case, &found.text, &mut bench)?;
                    keep(&options.folder.join("cases"), &small, input, &text)?;
                }
                if !meant {
                    // A long run tells what it finds while it goes on.
                    let _ = writeln!(std::io::stderr(), "==> {} {input} disagrees", found.kind);
                }
                report.lock().unwrap_or_else(PoisonError::into_inner).differ(found, &options.meant);
            }
        }
    }
    Ok(())
}

/// The cases that were kept, by name.
fn kept(folder: &Path) -> Result<BTreeMap<String, Case>, Failure> {
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
fn keep(folder: &Path, case: &Case, input: &str, text: &str) -> Result<(), Failure> {
    let name = input.replace("--", "").replace(' ', "-");
    let body = serde_json::to_string_pretty(case).map_err(|error| Failure::Other(error.to_string()))?;
    std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    for (end, body) in [("json", body + "\n"), ("txt", format!("{text}\n"))] {
        let path = folder.join(format!("{name}.{end}"));
        std::fs::write(&path, body).map_err(Failure::io(path.display().to_string()))?;
    }
    Ok(())
}
