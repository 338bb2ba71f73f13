//! Which packages and files are chosen of a lock: compared with what the tool that made the lock would install.

use crate::failure::Failure;
use crate::options::Options;
use crate::report::Report;

/// Compares generated projects.
///
/// # Errors
/// If a tool cannot be run at all.
#[expect(clippy::unnecessary_wraps, reason = "nothing is compared yet")]
pub(crate) fn run(_options: &Options) -> Result<Report, Failure> {
    Ok(Report::default())
}
