//! The little HTTP that asking a container needs: one request, one answer, connection closed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::failure::{Failure, Result};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Response {
    /// The body as JSON.
    ///
    /// # Errors
    /// If it is none.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

/// Asks for `path`.
///
/// # Errors
/// If nobody answers, or not in HTTP.
pub fn get(address: SocketAddr, path: &str) -> Result<Response> {
    let what = format!("GET {path} from {address}");
    let mut stream =
        TcpStream::connect_timeout(&address, TIMEOUT).map_err(Failure::io(format!("{what}: connecting")))?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(Failure::io(what.as_str()))?;
    // HTTP/1.0: the body ends with the connection and comes in no chunks.
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(Failure::io(format!("{what}: asking")))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(Failure::io(format!("{what}: reading")))?;
    parse(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| Failure::Unexpected(format!("{what}: the answer is no HTTP")))
}

fn parse(answer: &str) -> Option<Response> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split_whitespace().nth(1)?.parse().ok()?;
    Some(Response { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n{\"a\": 1}";
        assert_eq!(parse(answer), Some(Response { status: 200, body: "{\"a\": 1}".to_owned() }));
        // The proxy of a published port accepts before the server behind it listens.
        assert_eq!(parse(""), None);
    }
}
