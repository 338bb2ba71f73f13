//! The engine's side of a build.

pub mod errors;
