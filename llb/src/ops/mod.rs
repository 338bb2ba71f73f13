//! The operations, one builder each.

pub(crate) mod copy;
pub(crate) mod exec;
pub(crate) mod file;
pub(crate) mod file_actions;
pub(crate) mod git;
pub(crate) mod http;
pub(crate) mod image;
pub(crate) mod local;
pub(crate) mod merge;
pub(crate) mod mount;
mod source;
#[cfg(test)]
mod tests;
