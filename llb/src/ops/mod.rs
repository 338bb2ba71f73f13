//! The operations, one builder each.

pub(crate) mod exec;
pub(crate) mod file;
pub(crate) mod file_actions;
pub(crate) mod git;
pub(crate) mod merge;
pub(crate) mod mount;
pub(crate) mod source;
