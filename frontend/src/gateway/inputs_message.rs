//! The call for the states that a client passes in, each as its encoded definition. The generated messages
//! are not used because they lack a field, see [`buildkit_llb::LinuxResources`].

use std::collections::BTreeMap;

use buildkit_proto::moby::buildkit::v1::frontend as wire;
use tonic::Status;
use tonic::transport::Channel;

use crate::gateway::solve_message::call;

const METHOD: &str = "/moby.buildkit.v1.frontend.LLBBridge/Inputs";

/// BuildKit's `InputsResponse`. In the wire format, a nested message has the same encoding as a field of
/// bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct InputsMessage {
    #[prost(btree_map = "string, bytes", tag = "1")]
    definitions: BTreeMap<String, Vec<u8>>,
}

/// Sends the call.
pub(super) async fn ask(channel: Channel) -> Result<BTreeMap<String, Vec<u8>>, Status> {
    let answer: InputsMessage = call(channel, wire::InputsRequest {}, METHOD).await?;
    Ok(answer.definitions)
}
