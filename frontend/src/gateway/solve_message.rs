//! The call that sends a graph to the engine. The graph is passed as bytes that are already encoded.
//!
//! The generated client would decode the graph and encode it again with messages that lack a field, see
//! [`buildkit_llb::LinuxResources`]. In the wire format, a nested message has the same encoding as a field of
//! bytes.

use std::collections::BTreeMap;

use buildkit_proto::moby::buildkit::v1::frontend as wire;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::gateway::calls::SolveRequest;
use crate::gateway::transport::MAX_MESSAGE;

const METHOD: &str = "/moby.buildkit.v1.frontend.LLBBridge/Solve";

/// The fields of BuildKit's `SolveRequest` that we use.
#[derive(Clone, PartialEq, prost::Message)]
struct SolveMessage {
    #[prost(bytes = "vec", tag = "1")]
    definition: Vec<u8>,
    #[prost(bool, tag = "5")]
    allow_result_return: bool,
    #[prost(bool, tag = "6")]
    allow_result_array_ref: bool,
    #[prost(message, repeated, tag = "12")]
    cache_imports: Vec<wire::CacheOptionsEntry>,
    #[prost(bool, tag = "14")]
    evaluate: bool,
}

impl From<SolveRequest> for SolveMessage {
    fn from(request: SolveRequest) -> Self {
        Self {
            definition: request.definition,
            allow_result_return: true,
            allow_result_array_ref: true,
            cache_imports: request.cache_imports.into_iter().map(Into::into).collect(),
            evaluate: request.evaluate,
        }
    }
}

/// A call of another frontend: the same message with other fields.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct NestedRequest {
    #[prost(string, tag = "2")]
    frontend: String,
    #[prost(btree_map = "string, string", tag = "3")]
    options: BTreeMap<String, String>,
    #[prost(bool, tag = "5")]
    allow_result_return: bool,
    #[prost(bool, tag = "6")]
    allow_result_array_ref: bool,
    #[prost(btree_map = "string, bytes", tag = "13")]
    inputs: BTreeMap<String, Vec<u8>>,
}

impl NestedRequest {
    pub(super) fn new(
        frontend: &str,
        options: BTreeMap<String, String>,
        inputs: BTreeMap<String, Vec<u8>>,
    ) -> Self {
        let frontend = frontend.to_owned();
        Self { frontend, options, allow_result_return: true, allow_result_array_ref: true, inputs }
    }
}

/// The answer of another frontend for one platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NestedAnswer {
    /// The encoded graph; empty for the empty file system.
    pub definition: Vec<u8>,
    /// Metadata of the result, such as `containerimage.config`.
    pub metadata: BTreeMap<String, Vec<u8>>,
}

/// The fields of BuildKit's `SolveResponse` that we use, with encoded graphs.
#[derive(Clone, PartialEq, prost::Message)]
struct AnswerMessage {
    #[prost(message, optional, tag = "3")]
    result: Option<ResultMessage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResultMessage {
    #[prost(message, optional, tag = "3")]
    only: Option<RefMessage>,
    #[prost(message, optional, tag = "4")]
    several: Option<RefsMessage>,
    #[prost(btree_map = "string, bytes", tag = "10")]
    metadata: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RefsMessage {
    #[prost(btree_map = "string, message", tag = "1")]
    refs: BTreeMap<String, RefMessage>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RefMessage {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bytes = "vec", tag = "2")]
    definition: Vec<u8>,
}

/// Sends a call to another frontend.
pub(super) async fn send_nested(channel: Channel, request: NestedRequest) -> Result<NestedAnswer, Status> {
    let answer: AnswerMessage = call(channel, request, METHOD).await?;
    let result = answer.result.unwrap_or_default();
    let several = result.several.into_iter().flat_map(|several| several.refs.into_values()).next();
    let only = result.only.or(several).unwrap_or_default();
    Ok(NestedAnswer { definition: only.definition, metadata: result.metadata })
}

/// Sends the call.
pub(super) async fn send(channel: Channel, request: SolveRequest) -> Result<wire::SolveResponse, Status> {
    call(channel, SolveMessage::from(request), METHOD).await
}

/// Sends a call with messages other than the generated ones.
pub(super) async fn call<Q, A>(channel: Channel, request: Q, method: &'static str) -> Result<A, Status>
where
    Q: prost::Message + Send + Sync + 'static,
    A: prost::Message + Default + Send + 'static,
{
    let mut client = tonic::client::Grpc::new(channel)
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE);
    // As in the generated client: the queue of the channel must have room.
    client.ready().await.map_err(|error| Status::unknown(format!("the engine is gone: {error}")))?;
    let codec: ProstCodec<Q, A> = ProstCodec::default();
    let answer = client.unary(Request::new(request), PathAndQuery::from_static(method), codec).await?;
    Ok(answer.into_inner())
}

#[cfg(test)]
mod tests {
    use buildkit_llb::{Image, Platform};
    use prost::Message;

    use super::*;
    use crate::gateway::options::CacheImport;

    #[test]
    fn the_engine_reads_what_the_generated_client_would_have_sent() {
        let graph = Image::new("alpine").platform(&Platform::new("linux", "amd64")).state().marshal();
        let import =
            CacheImport { kind: "registry".to_owned(), attributes: [("ref".into(), "a".into())].into() };
        let request =
            SolveRequest { evaluate: true, cache_imports: vec![import.clone()], ..SolveRequest::new(&graph) };
        let bytes = SolveMessage::from(request).encode_to_vec();
        let expected = wire::SolveRequest {
            definition: Some(graph.to_pb()),
            allow_result_return: true,
            allow_result_array_ref: true,
            cache_imports: vec![import.into()],
            evaluate: true,
            ..wire::SolveRequest::default()
        };
        assert_eq!(wire::SolveRequest::decode(bytes.as_slice()).expect("a request"), expected);
    }
}
