//! The little HTTP that asking a container needs: one request, one answer, connection closed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::{Failure, Result};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A request: `GET` unless it has a body.
#[derive(Clone, Debug, Default)]
pub struct Request {
    path: String,
    headers: String,
    body: Option<String>,
}

impl Request {
    /// Asks for `path`.
    pub fn get(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::default() }
    }

    /// Sends `body` to `path`.
    pub fn post(path: &str, content_type: &str, body: &str) -> Self {
        let request = Self { path: path.to_owned(), body: Some(body.to_owned()), ..Self::default() };
        request.header("Content-Type", content_type).header("Content-Length", &body.len().to_string())
    }

    /// A further header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// HTTP/1.0: the body of the answer ends with the connection and comes in no chunks.
    fn text(&self) -> String {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let (path, headers, body) = (&self.path, &self.headers, self.body.as_deref().unwrap_or_default());
        format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\n{headers}\r\n{body}")
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, with their names in lower case.
    pub headers: Vec<(String, String)>,
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

    /// The value of a header that is sent once.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A cookie that the answer sets, as `NAME=VALUE`.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let set = self.headers.iter().filter(|(known, _)| known == "set-cookie");
        let mut pairs = set.filter_map(|(_, value)| value.split(';').next());
        pairs.find(|pair| pair.split('=').next() == Some(name))
    }
}

/// Sends a request and reads the whole answer.
///
/// # Errors
/// If nobody answers, or not in HTTP.
pub fn ask(address: SocketAddr, request: &Request) -> Result<Response> {
    let what = format!("{} at {address}", request.path);
    let mut stream =
        TcpStream::connect_timeout(&address, TIMEOUT).map_err(Failure::io(format!("{what}: connecting")))?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(Failure::io(what.as_str()))?;
    stream.write_all(request.text().as_bytes()).map_err(Failure::io(format!("{what}: asking")))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(Failure::io(format!("{what}: reading")))?;
    parse(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| Failure::Unexpected(format!("{what}: the answer is no HTTP")))
}

/// Asks until somebody answers, with whatever status.
///
/// # Errors
/// If nobody does for as long as `patience`; with what `logs` gives.
pub(crate) fn ask_patiently(
    address: SocketAddr,
    request: &Request,
    patience: Duration,
    logs: impl FnOnce() -> Result<String>,
) -> Result<Response> {
    let start = Instant::now();
    loop {
        match ask(address, request) {
            Ok(response) => return Ok(response),
            Err(failure) if start.elapsed() > patience => {
                let logs = logs()?;
                return Err(Failure::Unexpected(format!("no answer: {failure}\n{logs}")));
            }
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn parse(answer: &str) -> Option<Response> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split_whitespace().nth(1)?.parse().ok()?;
    let pairs = lines.filter_map(|line| line.split_once(':'));
    let headers = pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Some(Response { status, headers, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = "HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: a=b; Path=/\r\n\r\n{\"a\": 1}";
        let response = parse(answer).expect("an answer");
        assert_eq!((response.status, response.body.as_str()), (200, "{\"a\": 1}"));
        assert_eq!((response.header("server"), response.cookie("a")), (Some("x"), Some("a=b")));
        // The proxy of a published port accepts before the server behind it listens.
        assert_eq!(parse(""), None);
    }
}
