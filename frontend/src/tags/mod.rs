//! The wheels that run on a target: compatibility tags (PEP 425, 600, 656, 803) and the names of wheel files.
//!
//! The order of tags is the one of uv, so the same wheel is chosen: `linux_*` comes after `manylinux_*` and
//! `musllinux_*`. For locks of pip, pipenv, poetry and pdm, [`Tags::linux_first`] has the order of
//! `packaging` since version 26.

mod list;
mod target;
#[cfg(test)]
mod tests;
mod wheel;

pub use list::{Mismatch, Tags};
pub use target::{Architecture, Libc, Python, Target, TargetError};
pub use wheel::{WheelName, WheelNameError};
