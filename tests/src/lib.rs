//! Helpers for the end-to-end tests: an engine, a project, a build, an image, a container.
//!
//! The tests use only programs that users have (`docker`, `docker buildx`, `git`). They run as child
//! processes with a clean environment: no `HOME`, and only the address of the engine is inherited. Everything
//! that a test makes has a unique name, and is removed when its value is dropped.

pub mod buildx;
pub mod command;
pub mod compose;
pub mod conda;
pub mod container;
pub mod empty;
pub mod engine;
pub mod fault;
pub mod git;
pub mod http;
pub mod image;
pub mod index;
pub mod oci;
pub mod pages;
pub mod program;
pub mod progress;
pub mod project;
pub mod source;
pub mod wheel;

mod failure;
mod unique;

pub use buildx::{Build, Outcome};
pub use compose::Compose;
pub use conda::CondaPackage;
pub use container::Container;
pub use empty::EmptyEngine;
pub use engine::Engine;
pub use failure::{Failure, Result};
pub use fault::Fault;
pub use http::Request;
pub use image::Image;
pub use index::{Index, Published};
pub use program::{pybuild, pybuild_to_its_end};
pub use project::Project;
pub use wheel::Wheel;
