//! Tests the command line as a user sees it: the binary, a folder, the output and the exit code.

#![expect(clippy::unwrap_used, reason = "tests, and what they share")]

mod check;
mod cooldown;
mod docs;
mod eject;
mod errors;
mod folder;
mod found;
mod graph;
mod hostile;
mod init;
mod links;
mod migrations;
mod packages;
mod plan;
mod processes;
mod schema;
mod shells;
mod traps;
