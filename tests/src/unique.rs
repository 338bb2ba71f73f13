//! Names that no other test, process or run has.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A lower case name, fit for image tags, container names and file contents.
pub(crate) fn name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // The clock tells runs apart: the engine's cache outlives them, and process ids come again.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    format!("e2e-{now:x}-{:x}-{count:x}", process::id())
}
