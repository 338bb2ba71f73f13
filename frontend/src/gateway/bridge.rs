//! The calls of a frontend to its engine, as plain blocking functions.
//!
//! Only this module is asynchronous, with a small runtime inside. Several threads outside of that runtime can
//! call methods at the same time. Errors keep the engine's status unchanged.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use buildkit_llb::{CapSet, Platform};
use buildkit_proto::google::rpc;
use buildkit_proto::moby::buildkit::v1::frontend as wire;
use buildkit_proto::moby::buildkit::v1::frontend::llb_bridge_client::LlbBridgeClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::task::JoinError;
use tonic::transport::Channel;

use crate::gateway::calls::{
    ImageRequest, Reference, ResolvedImage, SolveRequest, Warning, platform_from_wire,
};
use crate::gateway::capabilities::Capabilities;
use crate::gateway::errors::RpcError;
use crate::gateway::inputs_message;
use crate::gateway::result::GatewayResult;
use crate::gateway::solve_message::{self, NestedAnswer};
use crate::gateway::trace::Trace;
use crate::gateway::transport::{self, MAX_MESSAGE, TransportError};

const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// The answer to an image lookup.
type ImageAnswer = Result<ResolvedImage, RpcError>;

/// The reason why no connection to the engine could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The runtime could not get its thread and file descriptors.
    #[error("cannot start the I/O runtime")]
    Runtime(#[source] std::io::Error),
    /// The connection could not be opened.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The connection is open, but the engine does not answer.
    #[error("the engine did not answer within 15 s")]
    Silent,
    /// The engine refused the first call.
    #[error("the engine refused the connection")]
    Refused(#[source] RpcError),
}

/// The connection to the engine that runs this build.
#[derive(Debug)]
pub struct Bridge {
    pub(super) client: LlbBridgeClient<Channel>,
    pub(super) channel: Channel,
    llb_caps: CapSet,
    frontend_caps: Capabilities,
    workers: Vec<Vec<Platform>>,
    /// The images that this build has looked up so far.
    images: Mutex<Vec<(ImageRequest, ImageAnswer)>>,
    returned: AtomicBool,
    pub(super) trace: Arc<Trace>,
    pub(super) runtime: Runtime,
}

impl Bridge {
    /// Connects over standard input and output, and asks the engine for its capabilities. Call this first in
    /// the process: the engine hangs up after ten seconds of silence.
    ///
    /// # Errors
    /// [`ConnectError`] if there is no engine, or if the engine does not answer within 15 s.
    pub fn connect() -> Result<Self, ConnectError> {
        let trace = Trace::begin();
        let runtime = start_runtime()?;
        let channel = runtime.block_on(transport::connect_stdio())?;
        Self::ping(runtime, channel, trace)
    }

    /// Connects over a stream of the caller, which `open` makes on the bridge's runtime.
    ///
    /// # Errors
    /// See [`Self::connect`].
    pub fn connect_over<S, F>(open: impl FnOnce() -> F) -> Result<Self, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Future<Output = S>,
    {
        let trace = Trace::begin();
        let runtime = start_runtime()?;
        let channel = runtime.block_on(async { transport::connect(open().await).await })?;
        Self::ping(runtime, channel, trace)
    }

    fn ping(runtime: Runtime, channel: Channel, trace: Arc<Trace>) -> Result<Self, ConnectError> {
        let client = LlbBridgeClient::new(channel.clone())
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let mut pinging = client.clone();
        let ping = async { tokio::time::timeout(PING_TIMEOUT, pinging.ping(wire::PingRequest {})).await };
        let answer = runtime
            .block_on(Arc::clone(&trace).call("Ping", "", ping))
            .map_err(|_| ConnectError::Silent)?
            .map_err(|status| ConnectError::Refused(status.into()))?
            .into_inner();
        Ok(Self {
            client,
            channel,
            llb_caps: CapSet::new(answer.llb_caps),
            frontend_caps: answer.frontend_api_caps.into_iter().collect(),
            workers: answer
                .workers
                .into_iter()
                .map(|worker| worker.platforms.into_iter().map(platform_from_wire).collect())
                .collect(),
            images: Mutex::default(),
            returned: AtomicBool::new(false),
            trace,
            runtime,
        })
    }

    /// The capabilities of the engine's LLB.
    pub fn llb_caps(&self) -> &CapSet {
        &self.llb_caps
    }

    /// The capabilities of the engine's frontend API.
    pub fn frontend_caps(&self) -> &Capabilities {
        &self.frontend_caps
    }

    /// The platforms of each worker, its native platform first. The environment names the same workers.
    pub fn workers(&self) -> &[Vec<Platform>] {
        &self.workers
    }

    /// Sends a graph to the engine. `None` is the empty file system.
    ///
    /// # Errors
    /// The engine's error about the graph. With [`SolveRequest::evaluate`] also the failure of a step.
    pub fn solve(&self, request: SolveRequest) -> Result<Option<Reference>, RpcError> {
        self.wait("Solve", "", solve(self.channel.clone(), request))
    }

    /// Calls another frontend of the engine with the inputs of this build. The answer is for one platform.
    ///
    /// # Errors
    /// The error of that frontend.
    pub fn solve_nested(
        &self,
        frontend: &str,
        options: BTreeMap<String, String>,
    ) -> Result<NestedAnswer, RpcError> {
        let inputs = self.inputs()?;
        let request = solve_message::NestedRequest::new(frontend, options, inputs);
        Ok(self.wait("Solve", frontend, solve_message::send_nested(self.channel.clone(), request))?)
    }

    /// Runs the graph of a reference.
    ///
    /// # Errors
    /// The failure of a step.
    pub fn evaluate(&self, reference: &Reference) -> Result<(), RpcError> {
        let request = wire::EvaluateRequest { r#ref: reference.id.clone() };
        if self.frontend_caps.supports("gateway.evaluate") {
            let mut client = self.client.clone();
            self.wait("Evaluate", "", client.evaluate(request))?;
        } else {
            // Older engines have no `Evaluate` call. Reading a directory also runs the graph.
            self.read_dir(reference, "/", Some("."))?;
        }
        Ok(())
    }

    /// Looks up several images at the same time. The answers are in the order of the requests.
    ///
    /// A build looks up each image once. Each lookup asks a registry, and all steps of a build must see the
    /// same version of an image.
    pub fn resolve_images(&self, requests: &[ImageRequest]) -> Vec<ImageAnswer> {
        let mut unknown: Vec<&ImageRequest> = Vec::new();
        for request in requests {
            if self.known_image(request).is_none() && !unknown.iter().any(|sent| sent.asks_the_same(request))
            {
                unknown.push(request);
            }
        }
        let sent = unknown.iter().map(|request| {
            let call = resolve_image(self.client.clone(), (*request).clone());
            Arc::clone(&self.trace).call("ResolveImageConfig", request.reference.clone(), call)
        });
        let answers = self.parallel(sent);
        let found = unknown.into_iter().cloned().zip(answers);
        self.images.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        let unanswered = || Err(tonic::Status::internal("an image lookup got lost").into());
        requests.iter().map(|request| self.known_image(request).unwrap_or_else(unanswered)).collect()
    }

    fn known_image(&self, request: &ImageRequest) -> Option<ImageAnswer> {
        let known = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(asked, _)| asked.asks_the_same(request)).map(|(_, answer)| answer.clone())
    }

    /// Asks for the metadata of a source without fetching the source: digests, times, git objects. The
    /// frontend API needs the capability `source.metaresolver`.
    ///
    /// # Errors
    /// The engine's error, for example that the source does not exist.
    pub fn resolve_source_meta(
        &self,
        request: wire::ResolveSourceMetaRequest,
    ) -> Result<wire::ResolveSourceMetaResponse, RpcError> {
        let mut client = self.client.clone();
        Ok(self.wait("ResolveSourceMeta", "", client.resolve_source_meta(request))?.into_inner())
    }

    /// The named states that a client or another frontend passes in, as encoded definitions. Empty if the
    /// engine does not support inputs.
    ///
    /// # Errors
    /// The engine's error.
    pub fn inputs(&self) -> Result<BTreeMap<String, Vec<u8>>, RpcError> {
        if !self.frontend_caps.supports("frontend.inputs") {
            return Ok(BTreeMap::new());
        }
        Ok(self.wait("Inputs", "", inputs_message::ask(self.channel.clone()))?)
    }

    /// Shows a warning. Engines that do not support warnings get none.
    ///
    /// # Errors
    /// The engine's error. A build should not fail because of it.
    pub fn warn(&self, warning: Warning) -> Result<(), RpcError> {
        if self.frontend_caps.supports("gateway.warnings") {
            let mut client = self.client.clone();
            self.wait("Warn", "", client.warn(wire::WarnRequest::from(warning)))?;
        }
        Ok(())
    }

    /// Ends the build with a result.
    ///
    /// # Errors
    /// The engine's error, or that the build has already ended.
    pub fn return_result(&self, result: GatewayResult) -> Result<(), RpcError> {
        self.send_return(wire::ReturnRequest { result: Some(result.into_wire()), error: None })
    }

    /// Ends the build with a failure. The status must have a code.
    ///
    /// # Errors
    /// The engine's error, or that the build has already ended.
    pub fn return_error(&self, status: rpc::Status) -> Result<(), RpcError> {
        self.send_return(wire::ReturnRequest { result: None, error: Some(status) })
    }

    fn send_return(&self, request: wire::ReturnRequest) -> Result<(), RpcError> {
        if self.returned.swap(true, Ordering::SeqCst) {
            return Err(tonic::Status::failed_precondition("the build has ended already").into());
        }
        let mut client = self.client.clone();
        self.runtime.block_on(client.r#return(request))?;
        Ok(())
    }

    /// Waits for a call, and records its start and end.
    pub(super) fn wait<T>(&self, name: &'static str, about: &str, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(Arc::clone(&self.trace).call(name, about, call))
    }

    /// Runs calls at the same time and returns their answers in order.
    fn parallel<T, F>(&self, calls: impl Iterator<Item = F>) -> Vec<Result<T, RpcError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, RpcError>> + Send + 'static,
    {
        let running: Vec<_> = calls.map(|call| self.runtime.spawn(call)).collect();
        running
            .into_iter()
            .map(|call| self.runtime.block_on(call).unwrap_or_else(|error| Err(lost(&error))))
            .collect()
    }
}

/// The error for a call whose task did not finish.
pub(super) fn lost(error: &JoinError) -> RpcError {
    tonic::Status::internal(format!("a call was lost: {error}")).into()
}

fn start_runtime() -> Result<Runtime, ConnectError> {
    // One thread is enough: a build waits for the engine most of the time. Passing each answer between
    // threads would cost more than all other work.
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ConnectError::Runtime)
}

pub(super) async fn solve(channel: Channel, request: SolveRequest) -> Result<Option<Reference>, RpcError> {
    if request.definition.is_empty() {
        return Ok(None);
    }
    let response = solve_message::send(channel, request).await?;
    let id = match response.result.and_then(|result| result.result) {
        Some(wire::result::Result::Ref(reference)) => reference.id,
        Some(wire::result::Result::RefDeprecated(id)) => id,
        Some(wire::result::Result::Refs(_) | wire::result::Result::RefsDeprecated(_)) => {
            // Only a nested frontend can give several results, and this call does not ask one.
            return Err(tonic::Status::internal("the engine gave several results for one graph").into());
        }
        None => response.r#ref,
    };
    Ok(if id.is_empty() { None } else { Some(Reference { id }) })
}

async fn resolve_image(
    mut client: LlbBridgeClient<Channel>,
    request: ImageRequest,
) -> Result<ResolvedImage, RpcError> {
    let asked = request.reference.clone();
    let response = client.resolve_image_config(wire::ResolveImageConfigRequest::from(request)).await?;
    let response = response.into_inner();
    // Engines without source policies do not return the name.
    let reference = if response.r#ref.is_empty() { asked } else { response.r#ref };
    Ok(ResolvedImage { digest: response.digest, config: response.config, reference })
}
