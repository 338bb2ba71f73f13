//! BuildKit's messages, under one name.
//!
//! The only module that names the generated crate, so that replacing it touches one file.

pub use buildkit_proto::moby::buildkit::v1::apicaps::ApiCap;
pub use buildkit_proto::pb::*;
