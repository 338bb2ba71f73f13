//! Failures on their way to the user. The engine's failures are forwarded unchanged. Our own failures become
//! typed errors with source lines.
//!
//! Clients print the marked lines of every source that a failure contains.

use std::error::Error;

use buildkit_llb::{Position, Range};
use buildkit_proto::google::protobuf::Any;
use buildkit_proto::google::rpc;
use buildkit_proto::pb;
use prost::Message as _;

use crate::gateway::error_details::{failed_vertex, source_any, subrequest_any};

/// `Unknown`. With any other code, clients print the name of the code before the message.
const CODE_UNKNOWN: i32 = 2;

/// A failed call to the engine, with all details that the engine sent.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .status.message())]
pub struct RpcError {
    status: tonic::Status,
}

impl RpcError {
    /// The engine's message, without the name of the code.
    pub fn message(&self) -> &str {
        self.status.message()
    }

    /// The gRPC code.
    pub fn code(&self) -> tonic::Code {
        self.status.code()
    }

    /// Whether the requested object does not exist. File operations fail without a code, so the system's
    /// messages for `ENOENT` and `ENOTDIR` count too.
    pub fn is_not_found(&self) -> bool {
        let message = self.status.message();
        self.status.code() == tonic::Code::NotFound
            || message.contains("no such file or directory")
            || message.contains("not a directory")
            || message.ends_with(": not found")
    }

    /// Whether the path of a file is something else, most likely a directory.
    pub fn is_not_a_file(&self) -> bool {
        let message = self.status.message();
        message.ends_with("is a directory") || message.ends_with("is not a regular file")
    }

    /// Whether the user cancelled the build, or the engine is gone.
    pub fn is_cancelled(&self) -> bool {
        self.status.code() == tonic::Code::Cancelled || self.status.message().ends_with("context canceled")
    }

    /// The engine's status with all details.
    pub fn to_status(&self) -> rpc::Status {
        match rpc::Status::decode(self.status.details()) {
            Ok(status) if status.code != 0 => status,
            // The engine sent no details, or a proxy removed them.
            _ => rpc::Status {
                code: i32::from(self.status.code()),
                message: self.status.message().to_owned(),
                details: Vec::new(),
            },
        }
    }
}

impl From<tonic::Status> for RpcError {
    fn from(status: tonic::Status) -> Self {
        Self { status }
    }
}

/// The message for a range. It always has both ends, because clients read both without a check.
pub(super) fn wire_range(range: Range) -> pb::Range {
    let signed = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let position =
        |at: Position| Some(pb::Position { line: signed(at.line), character: signed(at.character) });
    pb::Range { start: position(range.start), end: position(range.end) }
}

/// A file and the parts of it that a failure is about.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceDetail {
    /// The file name that the user knows.
    pub filename: String,
    /// The whole file.
    pub data: Vec<u8>,
    /// The language of the file for syntax highlighting, such as `toml`.
    pub language: String,
    /// The LLB that loaded the file.
    pub definition: Option<pb::Definition>,
    /// The parts to show, the outermost first.
    pub ranges: Vec<Range>,
}

impl SourceDetail {
    /// The message for the file in warnings and source maps.
    pub fn to_source_info(&self) -> pb::SourceInfo {
        pb::SourceInfo {
            filename: self.filename.clone(),
            data: self.data.clone(),
            definition: self.definition.clone(),
            language: self.language.clone(),
        }
    }
}

/// An error and its causes in one line.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The reason why the build fails. It is returned to the engine instead of a result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .status.message)]
pub struct FrontendFailure {
    status: rpc::Status,
}

impl FrontendFailure {
    /// A failure of ours, with its message and the places in files, in the order in which clients should show
    /// them.
    pub fn new(message: impl Into<String>, sources: &[SourceDetail]) -> Self {
        let status = rpc::Status {
            code: CODE_UNKNOWN,
            message: message.into(),
            // Clients print the last detail first, because each detail wraps the earlier ones.
            details: sources.iter().rev().map(source_any).collect(),
        };
        Self { status }
    }

    /// A failure with the message of an error and its causes, such as an option that cannot be read.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        Self::new(with_causes(error), &[])
    }

    /// The failure for a request other than a build (`--call`) that this frontend does not know.
    pub fn unsupported_request(name: &str) -> Self {
        let status = rpc::Status {
            code: CODE_UNKNOWN,
            message: format!("unsupported request {name}"),
            details: vec![subrequest_any(name)],
        };
        Self { status }
    }

    /// Adds the place in the build file, unless the engine has already given a place.
    #[must_use]
    pub fn at(mut self, source: &SourceDetail) -> Self {
        if !self.has_source() {
            self.status.details.push(source_any(source));
        }
        self
    }

    /// Replaces all places of the failure.
    #[must_use]
    pub fn moved(mut self, sources: &[SourceDetail]) -> Self {
        self.status.details.retain(|detail| !is_source(detail));
        self.status.details.extend(sources.iter().rev().map(source_any));
        self
    }

    /// Puts the current activity before the message.
    #[must_use]
    pub fn context(mut self, doing: &str) -> Self {
        self.status.message = format!("{doing}: {}", self.status.message);
        self
    }

    /// Replaces the message. The engine's other details, such as its places, stay.
    #[must_use]
    pub fn reworded(mut self, message: String) -> Self {
        self.status.code = CODE_UNKNOWN;
        self.status.message = message;
        self
    }

    /// The digests of the failed operations.
    pub(super) fn failed_vertices(&self) -> Vec<String> {
        self.status.details.iter().filter_map(failed_vertex).collect()
    }

    /// Whether the failure already contains a place in a file.
    pub fn has_source(&self) -> bool {
        self.status.details.iter().any(is_source)
    }

    /// The message that the user sees.
    pub fn message(&self) -> &str {
        &self.status.message
    }

    /// The status that is sent.
    pub fn into_status(self) -> rpc::Status {
        self.status
    }
}

fn is_source(detail: &Any) -> bool {
    let url = detail.type_url.trim_end_matches("+json");
    url.rsplit('/').next() == Some("errdefs.Source")
}

/// The engine's failure, unchanged.
impl From<RpcError> for FrontendFailure {
    fn from(error: RpcError) -> Self {
        Self { status: error.to_status() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(line: u32, from: u32, to: u32) -> Range {
        Range { start: Position { line, character: from }, end: Position { line, character: to } }
    }

    fn source() -> SourceDetail {
        SourceDetail {
            filename: "pybuild.toml".to_owned(),
            data: b"a = 1\n".to_vec(),
            language: "toml".to_owned(),
            definition: None,
            ranges: vec![range(1, 0, 1), range(2, 4, 5)],
        }
    }

    #[test]
    fn a_source_is_json_as_go_writes_it() {
        let status = FrontendFailure::new("unknown key `a`", &[source()]).into_status();
        assert_eq!((status.code, status.message.as_str()), (2, "unknown key `a`"));
        let detail = status.details.first().expect("one detail");
        assert_eq!(detail.type_url, "github.com/moby/buildkit/errdefs.Source+json");
        assert_eq!(
            String::from_utf8_lossy(&detail.value),
            r#"{"info":{"filename":"pybuild.toml","data":"YSA9IDEK","language":"toml"},"ranges":[{"start":{"line":1},"end":{"line":1,"character":1}},{"start":{"line":2,"character":4},"end":{"line":2,"character":5}}]}"#
        );
    }

    #[test]
    fn the_definition_travels_with_its_metadata() {
        let mut metadata = pb::OpMetadata::default();
        metadata.description.insert("llb.customname".to_owned(), "[internal] load".to_owned());
        metadata.caps.insert("source.local".to_owned(), true);
        let definition = pb::Definition {
            def: vec![vec![1, 2, 3]],
            metadata: [("sha256:00".to_owned(), metadata)].into(),
            source: None,
        };
        let detail =
            source_any(&SourceDetail { definition: Some(definition), ranges: Vec::new(), ..source() });
        assert_eq!(
            String::from_utf8_lossy(&detail.value),
            r#"{"info":{"filename":"pybuild.toml","data":"YSA9IDEK","definition":{"def":["AQID"],"metadata":{"sha256:00":{"description":{"llb.customname":"[internal] load"},"caps":{"source.local":true}}}},"language":"toml"}}"#
        );
    }

    #[test]
    fn engine_errors_are_forwarded_with_all_details() {
        let original = rpc::Status {
            code: 5,
            message: "registry.test/nope:latest: not found".to_owned(),
            details: vec![Any { type_url: "x/stack.Stack+json".to_owned(), value: b"{}".to_vec() }],
        };
        let status = tonic::Status::with_details(
            tonic::Code::NotFound,
            original.message.clone(),
            original.encode_to_vec().into(),
        );
        let error = RpcError::from(status);
        assert!(error.is_not_found());
        let failure = FrontendFailure::from(error);
        assert_eq!(failure.clone().into_status(), original);
        let located = failure.at(&source());
        assert_eq!(located.clone().into_status().details.len(), 2);
        assert_eq!(located.clone().at(&source()), located, "a second place is not added");
        let other = SourceDetail { filename: "requirements.txt".to_owned(), ..source() };
        let details = located.moved(std::slice::from_ref(&other)).into_status().details;
        assert_eq!(details, [original.details[0].clone(), source_any(&other)]);
    }

    #[test]
    fn engine_errors_without_details_keep_code_and_message() {
        let error = RpcError::from(tonic::Status::cancelled("context canceled"));
        assert!(error.is_cancelled());
        let status = FrontendFailure::from(error).context("load `app`").into_status();
        assert_eq!((status.code, status.message.as_str()), (1, "load `app`: context canceled"));
    }

    #[test]
    fn binary_sources_of_the_engine_count_as_places() {
        let status = rpc::Status {
            code: 2,
            message: String::new(),
            details: vec![Any {
                type_url: "type.googleapis.com/errdefs.Source".to_owned(),
                value: Vec::new(),
            }],
        };
        assert!(FrontendFailure { status }.has_source());
    }

    #[test]
    fn places_are_sent_in_the_reverse_of_the_order_they_are_shown_in() {
        let other = SourceDetail { filename: "second".to_owned(), ..source() };
        let details = FrontendFailure::new("", &[source(), other.clone()]).into_status().details;
        assert_eq!(details, [source_any(&other), source_any(&source())]);
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let variable = ("BUILDKIT_FRONTEND_OPT_0".to_owned(), "platform=linux".to_owned());
        let error = crate::gateway::options::Options::from_env([variable]).expect_err("no platform");
        assert_eq!(
            FrontendFailure::of(&error).message(),
            "option `platform` has the value `linux`: platform `linux` lacks an architecture; write \
             `os/architecture[/variant]`"
        );
    }

    #[test]
    fn an_unknown_request_is_typed() {
        let status = FrontendFailure::unsupported_request("frontend.nope").into_status();
        assert_eq!(status.message, "unsupported request frontend.nope");
        let detail = status.details.first().expect("one detail");
        assert_eq!(detail.type_url, "github.com/moby/buildkit/errdefs.Subrequest+json");
        assert_eq!(detail.value, br#"{"name":"frontend.nope"}"#);
    }
}
