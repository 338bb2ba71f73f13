//! Which files a wheel is unpacked to: compared with `uv pip install --no-deps` and with pip.
//!
//! Wheels are made from a seed, in three kinds: as the specifications want them, odd ones, and hostile ones. Beside them
//! stand real wheels of the machine's package registry.

mod archive;
pub(crate) mod bench;
mod compare;
mod draft;
mod generate;
mod hostile;
mod odd;
mod real;
mod tree;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use self::bench::Bench;
use self::draft::Draft;
use crate::failure::Failure;
use crate::options::Options;
use crate::random::Random;
use crate::report::{Disagreement, Report};

/// The kinds of wheels that are made, and how many of each in a full and in a short run.
const KINDS: [(&str, usize, usize); 3] = [("usual", 300, 12), ("odd", 600, 24), ("hostile", 400, 16)];

/// How many wheels are compared at a time.
const THREADS: usize = 2;

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
    for (name, draft) in kept(&options.folder.join("cases/trees"))? {
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
    work: &[(String, String, Work)],
    next: &AtomicUsize,
    report: &Mutex<Report>,
) -> Result<(), Failure> {
    let mut bench = Bench::new(options)?;
    while let Some((kind, input, work)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
        let kind = format!("trees/{kind}");
        let differs = match work {
            Work::Draft(draft) => compare::draft(draft, &mut bench)?,
            Work::File(path) => compare::wheel(path, false, &mut bench)?,
        };
        let Some(text) = differs else {
            report.lock().unwrap_or_else(PoisonError::into_inner).pass(&kind);
            continue;
        };
        let found = Disagreement { kind, input: input.clone(), text };
        let meant = options.meant.reason(&found).is_some();
        if let Work::Draft(draft) = work
            && !meant
            && options.keep
            && !input.starts_with("case ")
        {
            let (small, text) = compare::shrink(draft, &found.text, &mut bench)?;
            keep(&options.folder.join("cases/trees"), &small, input, &text)?;
        }
        if !meant {
            // A long run tells what it finds while it goes on.
            let _ = writeln!(std::io::stderr(), "==> {} {input} disagrees", found.kind);
        }
        report.lock().unwrap_or_else(PoisonError::into_inner).differ(found, &options.meant);
    }
    Ok(())
}

/// The cases that were kept, by name.
fn kept(folder: &Path) -> Result<BTreeMap<String, Draft>, Failure> {
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

/// Writes a small wheel that is unpacked in another way, and beside it what differs.
fn keep(folder: &Path, case: &Draft, input: &str, text: &str) -> Result<(), Failure> {
    let name = input.replace("--", "").replace(' ', "-");
    let body = serde_json::to_string_pretty(case).map_err(|error| Failure::Other(error.to_string()))?;
    std::fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    for (end, body) in [("json", body + "\n"), ("txt", format!("{text}\n"))] {
        let path = folder.join(format!("{name}.{end}"));
        std::fs::write(&path, body).map_err(Failure::io(path.display().to_string()))?;
    }
    Ok(())
}
