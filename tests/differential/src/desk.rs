//! Runs comparisons in parallel: it gives out the inputs and collects the verdicts.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::options::Options;
use crate::report::{Disagreement, Report};

/// How many inputs are compared at a time.
const THREADS: usize = 2;

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Both sides say the same.
    Same,
    /// The tool refuses the input, so nothing can be compared. The value is the message of the tool.
    Refused(String),
    /// The two sides differ. The value lists the differences.
    Different(String),
}

/// Where the threads of a run take their inputs from, and where they leave what they found.
pub(crate) struct Desk<'d, W> {
    options: &'d Options,
    work: &'d [W],
    next: AtomicUsize,
    report: Mutex<Report>,
}

impl<'d, W: Sync> Desk<'d, W> {
    /// Has several threads work until every input was taken.
    ///
    /// # Errors
    /// The first failure of a thread.
    pub(crate) fn run(
        options: &'d Options,
        work: &'d [W],
        worker: impl Fn(&Self) -> Result<(), Failure> + Sync,
    ) -> Result<Report, Failure> {
        let (next, report) = (AtomicUsize::new(0), Mutex::new(Report::default()));
        let desk = Self { options, work, next, report };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| worker(&desk))).collect();
            let ends = workers.into_iter().map(|worker| {
                worker.join().unwrap_or_else(|_| Err(Failure::Other("a comparison panicked".to_owned())))
            });
            ends.collect::<Result<Vec<()>, Failure>>()
        })?;
        Ok(desk.report.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next input, until there is none.
    pub(crate) fn take(&self) -> Option<&'d W> {
        self.work.get(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts a verdict. `keep` makes the input small and keeps it: for a new disagreement, where the run is
    /// told to.
    ///
    /// # Errors
    /// Those of `keep`.
    pub(crate) fn note(
        &self,
        kind: String,
        input: &str,
        verdict: Verdict,
        keep: impl FnOnce(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match verdict {
            Verdict::Same => self.report().pass(&kind),
            Verdict::Refused(why) => {
                if self.options.refused {
                    let _ = writeln!(std::io::stderr(), "==> {kind} {input} is refused\n{why}");
                }
                self.report().refuse(&kind);
            }
            Verdict::Different(text) => {
                let found = Disagreement { kind, input: input.to_owned(), text };
                if self.options.meant.reason(&found).is_none() {
                    if self.options.keep && !input.starts_with("case ") {
                        keep(&found.text)?;
                    }
                    // A long run tells what it finds while it goes on.
                    let _ = writeln!(std::io::stderr(), "==> {} {input} disagrees", found.kind);
                }
                self.report().differ(found, &self.options.meant);
            }
        }
        Ok(())
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
