//! The connection to the engine: HTTP/2 without TLS, over standard input and output of this process.
//!
//! The engine is the server. It waits ten seconds for the preface, so connecting is the first thing to do. No
//! other code may write to standard output. The engine never closes our input before we exit. It takes the
//! end of our output for the end of the build, so the channel must live until the process exits.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe;
use tonic::transport::{Channel, Endpoint};

/// The engine's limit for the size of a message, in both directions, in bytes.
pub(super) const MAX_MESSAGE: usize = 16 << 20;
/// Error details are sent in a header, and contain the build file and stacks. The default limit of 16 KiB is
/// too small for them, and larger details are silently dropped.
const MAX_HEADERS: u32 = 16 << 20;

/// The reason why there is no connection to the engine.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The handshake failed: no engine is at the other end of standard input and output.
    #[error("no BuildKit engine answers on standard input and output")]
    Handshake(#[source] tonic::transport::Error),
}

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Connects over file descriptors 0 and 1 and sends the preface. Must be called on a runtime with I/O
/// enabled.
///
/// # Errors
/// [`TransportError::Handshake`] if the other end is closed or does not speak HTTP/2.
pub async fn connect_stdio() -> Result<Channel, TransportError> {
    connect(tokio::io::join(standard_input(), standard_output())).await
}

/// Connects over any stream. Tests use streams of their own.
///
/// # Errors
/// See [`connect_stdio`].
pub async fn connect<S>(stream: S) -> Result<Channel, TransportError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // There is only one stream, so a broken connection cannot be opened again.
    let once = Arc::new(Mutex::new(Some(stream)));
    let connector = tower::service_fn(move |_| {
        let stream = once.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            stream.map(TokioIo::new).ok_or_else(|| {
                std::io::Error::new(std::io::ErrorKind::NotConnected, "the engine closed the connection")
            })
        }
    });
    // The authority is required but never used. There are no timeouts, because a solve may take hours.
    Endpoint::from_static("http://localhost")
        .http2_max_header_list_size(MAX_HEADERS)
        .connect_with_connector(connector)
        .await
        .map_err(TransportError::Handshake)
}

/// The engine uses pipes, and a pipe is read without a thread of its own. Any other input needs such a
/// thread.
fn standard_input() -> Reader {
    match duplicate(&std::io::stdin()).and_then(pipe::Receiver::from_owned_fd) {
        Ok(pipe) => Box::new(pipe),
        Err(_) => Box::new(tokio::io::stdin()),
    }
}

fn standard_output() -> Writer {
    match duplicate(&std::io::stdout()).and_then(pipe::Sender::from_owned_fd) {
        Ok(pipe) => Box::new(pipe),
        Err(_) => Box::new(tokio::io::stdout()),
    }
}

fn duplicate(stream: &impl AsFd) -> std::io::Result<OwnedFd> {
    stream.as_fd().try_clone_to_owned()
}
