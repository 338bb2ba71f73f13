//! pybuild: a native BuildKit frontend for Python projects.
//!
//! The way of the data is one direction, and each step's result is a plain value:
//! [`spec`] reads the build file, [`project`] what the context says, [`plan`] decides what is built, [`emit`]
//! turns that into LLB, and [`gateway`] talks to the engine. [`install`] is what the same binary does inside
//! build steps, and [`cli`] what it does for people at a terminal.

pub mod address;
pub mod cli;
pub mod conda;
pub mod diagnostics;
pub mod emit;
mod epoch;
pub mod gateway;
pub mod graph;
pub mod ignore;
pub mod install;
pub mod lint;
pub mod lock;
#[cfg(test)]
mod mutation;
pub mod pep508;
pub mod plan;
pub mod project;
pub mod reference;
pub mod resolve;
pub mod sbom;
pub mod select;
pub mod spec;
pub mod tags;
mod walk;
