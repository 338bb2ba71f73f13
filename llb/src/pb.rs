//! BuildKit's messages, under one name.
//!
//! This is the only module that names the generated crate. Replacing that crate changes one file.

pub use buildkit_proto::moby::buildkit::v1::apicaps::ApiCap;
pub use buildkit_proto::pb::*;
