//! What is fuzzed: each function takes any bytes, and panics where a promise is broken.

mod archives;
mod build;
mod packages;
mod texts;
mod tree;

pub use build::build_file;
pub use packages::{conda, wheel};
pub use texts::{dockerfile, ignore, locks, manifest, markers, options, requirements};
