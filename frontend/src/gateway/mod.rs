//! The engine's side of a build: what it asks for, the calls to it, and what it is given back.

pub mod bridge;
pub mod calls;
pub mod capabilities;
pub mod errors;
pub mod git_url;
pub mod named_context;
pub mod options;
pub mod result;
pub mod transport;
