//! Which wheels run on a target: compatibility tags (PEP 425, 600, 656, 803) and the names of wheel files.
//!
//! The order of tags is the one of `packaging` and uv, so that the same wheel is taken as those would take;
//! `linux_*` comes after `manylinux_*` and `musllinux_*`, because a wheel that states what it needs is the
//! safer one.

mod list;
mod target;
#[cfg(test)]
mod tests;
mod wheel;

pub use list::{Mismatch, Tags};
pub use target::{Architecture, Libc, Python, Target, TargetError};
pub use wheel::{WheelName, WheelNameError};
