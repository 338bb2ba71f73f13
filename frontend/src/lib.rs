//! pybuild: a native BuildKit frontend for Python projects.
//!
//! Data flows in one direction, and the result of each step is a plain value. [`spec`] reads the build file.
//! [`project`] reads the build context. [`plan`] decides what is built. [`emit`] turns the plan into LLB.
//! [`gateway`] talks to the engine. [`install`] is the tool that the same binary runs inside build steps.
//! [`cli`] is the command line for people at a terminal.

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
