//! The details of a failure, in the form that the engine and its clients decode.
//!
//! They are `Any` messages. If the type URL ends in `+json`, the value is JSON, not protobuf: the output of
//! Go's `encoding/json` for the generated structs, with bytes in base64 and without zero values.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use buildkit_llb::Position;
use buildkit_proto::google::protobuf::Any;
use buildkit_proto::pb;
use serde::{Deserialize, Serialize};

use crate::gateway::errors::SourceDetail;

const SOURCE_DETAIL: &str = "github.com/moby/buildkit/errdefs.Source+json";
const SUBREQUEST_DETAIL: &str = "github.com/moby/buildkit/errdefs.Subrequest+json";

#[derive(Serialize)]
struct JsonSubrequest<'a> {
    name: &'a str,
}

/// `errdefs.Source` as Go's `encoding/json` writes it: zero values are left out.
#[derive(Serialize)]
struct JsonSource<'a> {
    info: JsonInfo<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<JsonRange>,
}

#[derive(Serialize)]
struct JsonInfo<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    filename: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<JsonDefinition<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    language: &'a str,
}

#[derive(Serialize)]
struct JsonDefinition<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    def: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'a str, JsonMetadata<'a>>,
}

#[derive(Serialize)]
struct JsonMetadata<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ignore_cache: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    description: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    caps: BTreeMap<&'a str, bool>,
}

#[derive(Serialize)]
struct JsonRange {
    start: JsonPosition,
    end: JsonPosition,
}

#[derive(Serialize)]
struct JsonPosition {
    line: u32,
    #[serde(skip_serializing_if = "is_zero")]
    character: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The lines of a file, as an error detail.
pub(super) fn source_any(source: &SourceDetail) -> Any {
    let position = |at: Position| JsonPosition { line: at.line, character: at.character };
    let json = JsonSource {
        info: JsonInfo {
            filename: &source.filename,
            data: BASE64.encode(&source.data),
            definition: source.definition.as_ref().map(json_definition),
            language: &source.language,
        },
        ranges: source
            .ranges
            .iter()
            .map(|range| JsonRange { start: position(range.start), end: position(range.end) })
            .collect(),
    };
    json_any(SOURCE_DETAIL, &json)
}

fn json_definition(definition: &pb::Definition) -> JsonDefinition<'_> {
    let metadata = definition.metadata.iter().map(|(digest, metadata)| {
        let description = metadata.description.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let caps = metadata.caps.iter().map(|(cap, &needed)| (cap.as_str(), needed));
        let json = JsonMetadata {
            ignore_cache: metadata.ignore_cache,
            description: description.collect(),
            caps: caps.collect(),
        };
        (digest.as_str(), json)
    });
    JsonDefinition {
        def: definition.def.iter().map(|op| BASE64.encode(op)).collect(),
        metadata: metadata.collect(),
    }
}

fn json_any(type_url: &str, value: &impl Serialize) -> Any {
    // Structs of strings and numbers always serialise. An empty value would only lose the excerpt.
    let value = serde_json::to_vec(value).unwrap_or_default();
    Any { type_url: type_url.to_owned(), value }
}

/// The name of an unknown request, as an error detail.
pub(super) fn subrequest_any(name: &str) -> Any {
    json_any(SUBREQUEST_DETAIL, &JsonSubrequest { name })
}

/// `errdefs.Vertex`: the operation that failed.
#[derive(Deserialize)]
struct JsonVertex {
    digest: String,
}

/// The digest of the failed operation, if the detail contains one.
pub(super) fn failed_vertex(detail: &Any) -> Option<String> {
    detail.type_url.ends_with("errdefs.Vertex+json").then_some(())?;
    serde_json::from_slice::<JsonVertex>(&detail.value).ok().map(|vertex| vertex.digest)
}
