//! An engine in one process with one connection. It implements the part of BuildKit that the real client
//! needs.

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use buildkit_llb::Definition;
use buildkit_proto::fsutil::types::Stat;
use buildkit_proto::google::protobuf::Any;
use buildkit_proto::google::rpc;
use buildkit_proto::moby::buildkit::v1::apicaps::ApiCap;
use buildkit_proto::moby::buildkit::v1::frontend as wire;
use buildkit_proto::moby::buildkit::v1::frontend::llb_bridge_server::{LlbBridge, LlbBridgeServer};
use buildkit_proto::moby::buildkit::v1::types::WorkerRecord;
use buildkit_proto::pb;
use prost::Message as _;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::gateway::bridge::Bridge;

/// The calls to the engine, in order.
pub(super) type Log = Arc<Mutex<Vec<String>>>;
/// The end of a build: a result or an error. Empty before the end.
pub(super) type Returned = Arc<Mutex<Vec<wire::ReturnRequest>>>;

/// An engine with one file system. All references stand for this file system.
#[derive(Default)]
pub(super) struct Engine {
    pub(super) files: BTreeMap<&'static str, Vec<u8>>,
    /// One of the files, which exists but cannot be read.
    pub(super) unreadable: &'static str,
    /// The answer to every question about a source.
    pub(super) meta: wire::ResolveSourceMetaResponse,
    /// The failure of every graph that runs. It blames all operations of the graph.
    pub(super) failure: Option<rpc::Status>,
    /// The graphs that were solved, as messages.
    pub(super) solved: Arc<Mutex<Vec<pb::Definition>>>,
    pub(super) log: Log,
    pub(super) returned: Returned,
}

type Answer<T> = Result<Response<T>, Status>;

fn missing(path: &str) -> Status {
    Status::unknown(format!("lstat {path}: no such file or directory"))
}

impl Engine {
    fn note(&self, call: impl Into<String>) {
        self.log.lock().expect("log").push(call.into());
    }
}

#[tonic::async_trait]
impl LlbBridge for Engine {
    async fn ping(&self, _: Request<wire::PingRequest>) -> Answer<wire::PongResponse> {
        let cap = |id: &str| ApiCap { id: id.to_owned(), enabled: true, ..ApiCap::default() };
        let platform =
            pb::Platform { os: "linux".to_owned(), architecture: "arm64".to_owned(), ..Default::default() };
        Ok(Response::new(wire::PongResponse {
            frontend_api_caps: vec![
                cap("gateway.warnings"),
                cap("gateway.evaluate"),
                cap("frontend.inputs"),
                cap("source.metaresolver"),
                cap("reference.attestations"),
            ],
            llb_caps: vec![cap("source.local"), ApiCap { id: "mergeop".to_owned(), ..ApiCap::default() }],
            workers: vec![WorkerRecord { platforms: vec![platform], ..WorkerRecord::default() }],
        }))
    }

    async fn solve(&self, request: Request<wire::SolveRequest>) -> Answer<wire::SolveResponse> {
        let request = request.into_inner();
        assert!(request.allow_result_return && request.allow_result_array_ref);
        let definition = request.definition.expect("a definition");
        self.solved.lock().expect("solved").push(definition.clone());
        let definition = Definition::from_pb(definition).expect("valid");
        let digest = definition.head().expect("not empty").to_string();
        self.note(format!("solve evaluate={}", request.evaluate));
        if let Some(failure) = self.failure.as_ref().filter(|_| request.evaluate) {
            let mut status = failure.clone();
            status.details.extend(definition.ops().map(|(digest, _)| Any {
                type_url: "github.com/moby/buildkit/errdefs.Vertex+json".to_owned(),
                value: format!(r#"{{"digest":"{digest}"}}"#).into_bytes(),
            }));
            let (code, message) = (Code::from(status.code), status.message.clone());
            return Err(Status::with_details(code, message, status.encode_to_vec().into()));
        }
        let reference = wire::Ref { id: digest, def: None };
        let result =
            wire::Result { result: Some(wire::result::Result::Ref(reference)), ..Default::default() };
        Ok(Response::new(wire::SolveResponse { result: Some(result), ..Default::default() }))
    }

    async fn resolve_image_config(
        &self,
        request: Request<wire::ResolveImageConfigRequest>,
    ) -> Answer<wire::ResolveImageConfigResponse> {
        let request = request.into_inner();
        self.note(format!("resolve {} {} {}", request.r#ref, request.resolve_mode, request.store_id));
        if request.r#ref.contains("nope") {
            return Err(Status::not_found(format!("{}: not found", request.r#ref)));
        }
        if request.r#ref.starts_with("docker.io/library/") {
            let config = r#"{"os":"linux","architecture":"arm64","config":{"Env":["PATH=/usr/bin"]},
                "history":[{"created_by":"base"}]}"#;
            // Docker's classic store gives no digest of an image that it has itself.
            let own = request.r#ref.contains("/own:");
            return Ok(Response::new(wire::ResolveImageConfigResponse {
                digest: if own { String::new() } else { format!("sha256:{}", "a".repeat(64)) },
                config: config.as_bytes().to_vec(),
                r#ref: String::new(),
            }));
        }
        let config = request.platform.map(|platform| platform.architecture).unwrap_or_default().into_bytes();
        Ok(Response::new(wire::ResolveImageConfigResponse {
            digest: "sha256:00".to_owned(),
            config,
            r#ref: String::new(),
        }))
    }

    async fn read_file(&self, request: Request<wire::ReadFileRequest>) -> Answer<wire::ReadFileResponse> {
        let request = request.into_inner();
        let range = request.range.expect("always in ranges");
        self.note(format!("read {} {}", request.file_path, range.offset));
        if request.file_path == self.unreadable {
            return Err(Status::unknown(format!("read {}: input/output error", request.file_path)));
        }
        let data = self.files.get(request.file_path.as_str()).ok_or_else(|| missing(&request.file_path))?;
        let from = usize::try_from(range.offset).expect("offset").min(data.len());
        let to = (from + usize::try_from(range.length).expect("length")).min(data.len());
        Ok(Response::new(wire::ReadFileResponse { data: data[from..to].to_vec() }))
    }

    async fn read_dir(&self, request: Request<wire::ReadDirRequest>) -> Answer<wire::ReadDirResponse> {
        let request = request.into_inner();
        self.note(format!("list {} {}", request.dir_path, request.include_pattern));
        if request.dir_path == "nowhere" {
            return Err(missing("nowhere"));
        }
        let prefix = request.dir_path.trim_matches('/');
        let wanted = request.include_pattern.replace('\\', "");
        let names = self.files.iter().filter_map(|(path, data)| {
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            (directory == prefix && (wanted.is_empty() || wanted == name)).then_some((name, data))
        });
        let entries = names.map(|(name, data)| Stat {
            path: name.to_owned(),
            // Names with this prefix are links: bit 27 of Go's file mode.
            mode: if name.starts_with("link") { 1 << 27 | 0o777 } else { 0o644 },
            size: i64::try_from(data.len()).expect("size"),
            // The time of a file in seconds is its length in bytes.
            mod_time: i64::try_from(data.len()).expect("size") * 1_000_000_000,
            ..Stat::default()
        });
        Ok(Response::new(wire::ReadDirResponse { entries: entries.collect() }))
    }

    async fn stat_file(&self, request: Request<wire::StatFileRequest>) -> Answer<wire::StatFileResponse> {
        let path = request.into_inner().path;
        self.note(format!("stat {path}"));
        match path.as_str() {
            "." | "link" => {
                let stat = Stat { path: "x".to_owned(), mode: 1 << 31 | 0o755, ..Stat::default() };
                Ok(Response::new(wire::StatFileResponse { stat: Some(stat) }))
            }
            path => Err(missing(path)),
        }
    }

    async fn r#return(&self, request: Request<wire::ReturnRequest>) -> Answer<wire::ReturnResponse> {
        self.returned.lock().expect("returned").push(request.into_inner());
        Ok(Response::new(wire::ReturnResponse {}))
    }

    async fn inputs(&self, _: Request<wire::InputsRequest>) -> Answer<wire::InputsResponse> {
        let definitions = [("context".to_owned(), pb::Definition::default())].into();
        Ok(Response::new(wire::InputsResponse { definitions }))
    }

    async fn warn(&self, request: Request<wire::WarnRequest>) -> Answer<wire::WarnResponse> {
        let request = request.into_inner();
        self.note(format!("warn {} {}", request.level, String::from_utf8_lossy(&request.short)));
        Ok(Response::new(wire::WarnResponse {}))
    }

    async fn evaluate(&self, request: Request<wire::EvaluateRequest>) -> Answer<wire::EvaluateResponse> {
        self.note(format!("evaluate {}", request.into_inner().r#ref.len()));
        Ok(Response::new(wire::EvaluateResponse {}))
    }

    async fn resolve_source_meta(
        &self,
        request: Request<wire::ResolveSourceMetaRequest>,
    ) -> Answer<wire::ResolveSourceMetaResponse> {
        let request = request.into_inner();
        let identifier = request.source.map(|source| source.identifier).unwrap_or_default();
        let object = request.git.is_some_and(|git| git.return_object);
        self.note(format!("meta {identifier} object={object} {}", request.log_name));
        Ok(Response::new(self.meta.clone()))
    }

    async fn new_container(
        &self,
        _: Request<wire::NewContainerRequest>,
    ) -> Answer<wire::NewContainerResponse> {
        Err(Status::unimplemented("containers"))
    }

    async fn release_container(
        &self,
        _: Request<wire::ReleaseContainerRequest>,
    ) -> Answer<wire::ReleaseContainerResponse> {
        Err(Status::unimplemented("containers"))
    }

    type ExecProcessStream =
        Pin<Box<dyn tokio_stream::Stream<Item = Result<wire::ExecMessage, Status>> + Send + 'static>>;

    async fn exec_process(
        &self,
        _: Request<Streaming<wire::ExecMessage>>,
    ) -> Result<Response<Self::ExecProcessStream>, Status> {
        Err(Status::unimplemented("containers"))
    }

    async fn read_file_container(&self, _: Request<wire::ReadFileRequest>) -> Answer<wire::ReadFileResponse> {
        Err(Status::unimplemented("containers"))
    }

    async fn read_dir_container(&self, _: Request<wire::ReadDirRequest>) -> Answer<wire::ReadDirResponse> {
        Err(Status::unimplemented("containers"))
    }

    async fn stat_file_container(&self, _: Request<wire::StatFileRequest>) -> Answer<wire::StatFileResponse> {
        Err(Status::unimplemented("containers"))
    }
}

/// Runs the engine in a thread of its own and connects to it.
pub(super) fn connect(engine: Engine) -> Bridge {
    let (ours, theirs) = UnixStream::pair().expect("sockets");
    for socket in [&ours, &theirs] {
        socket.set_nonblocking(true).expect("non-blocking");
    }
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async move {
            let socket = tokio::net::UnixStream::from_std(theirs).expect("socket");
            let incoming = tokio_stream::once(Ok::<_, std::io::Error>(socket)).chain(tokio_stream::pending());
            let service = LlbBridgeServer::new(engine)
                .max_decoding_message_size(16 << 20)
                .max_encoding_message_size(16 << 20);
            let server = tonic::transport::Server::builder().add_service(service);
            let _ = server.serve_with_incoming(incoming).await;
        });
    });
    Bridge::connect_over(|| async { tokio::net::UnixStream::from_std(ours).expect("socket") })
        .expect("connected")
}
