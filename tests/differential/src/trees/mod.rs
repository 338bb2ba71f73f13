//! Which files a wheel is unpacked to: compared with `uv pip install --no-deps` and with pip.

use crate::failure::Failure;
use crate::options::Options;
use crate::report::Report;

/// Compares the trees of a set of distributions.
///
/// # Errors
/// If a tool cannot be run at all.
#[expect(clippy::unnecessary_wraps, reason = "nothing is compared yet")]
pub(crate) fn run(_options: &Options) -> Result<Report, Failure> {
    Ok(Report::default())
}
