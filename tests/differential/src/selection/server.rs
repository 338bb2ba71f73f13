//! Indexes on the loopback interface: pages of PEP 503 and PEP 691, files, and their metadata (PEP 658).
//!
//! Connections are kept open, since a tool asks for many small things.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use crate::failure::Failure;

/// The media type of PEP 691.
pub(crate) const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// The media type of PEP 503 as PEP 691 names it.
pub(crate) const HTML: &str = "application/vnd.pypi.simple.v1+html";

/// How long a connection may be quiet.
const QUIET: Duration = Duration::from_secs(60);

/// What is answered to a path: the media type and the bytes.
type Page = (&'static str, Arc<Vec<u8>>);

type Pages = Arc<RwLock<HashMap<String, Vec<Page>>>>;

/// The server. It ends with the value.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    pages: Pages,
    ended: Arc<AtomicBool>,
}

impl Server {
    /// A server without pages.
    pub(crate) fn start() -> Result<Self, Failure> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Failure::io("starting an index"))?;
        let address = listener.local_addr().map_err(Failure::io("starting an index"))?;
        let (pages, ended) = (Pages::default(), Arc::new(AtomicBool::new(false)));
        let (served, end) = (Arc::clone(&pages), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(std::result::Result::ok) {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let pages = Arc::clone(&served);
                // A client that goes away in the middle is no failure of the index.
                thread::spawn(move || drop(answer_all(stream, &pages)));
            }
        });
        Ok(Self { address, pages, ended })
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Puts a page there. Of several at one path, the client's `Accept` decides, and else the first is
    /// answered.
    pub(crate) fn put(&self, path: String, media: &'static str, bytes: Vec<u8>) {
        let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        pages.entry(path).or_default().push((media, Arc::new(bytes)));
    }

    /// Removes every page below a folder.
    pub(crate) fn remove(&self, folder: &str) {
        let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        pages.retain(|path, _| !path.starts_with(folder));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the server, which then sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

fn answer_all(mut stream: TcpStream, pages: &Pages) -> std::io::Result<()> {
    stream.set_read_timeout(Some(QUIET))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let (mut accept, mut close) = (String::new(), false);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("accept:") {
                value.clone_into(&mut accept);
            }
            close |= line.starts_with("connection:") && line.contains("close");
        }
        let mut words = request.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = decoded(path.split(['?', '#']).next().unwrap_or_default());
        let found = {
            let pages = pages.read().unwrap_or_else(PoisonError::into_inner);
            pages.get(&path).and_then(|pages| {
                pages.iter().find(|(media, _)| accept.contains(media)).or_else(|| pages.first()).cloned()
            })
        };
        let (status, media, body) = match &found {
            Some((media, bytes)) => ("200 OK", *media, bytes.as_slice()),
            None => ("404 Not Found", "text/plain", b"there is no such file\n".as_slice()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {}\r\nCache-Control: max-age=600\r\n\r\n",
            body.len()
        );
        let mut answer = head.into_bytes();
        if method != "HEAD" {
            answer.extend_from_slice(body);
        }
        stream.write_all(&answer)?;
        if close {
            return Ok(());
        }
    }
}

/// A path without its percent escapes.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (escape, rest) = part.split_at_checked(2).unwrap_or(("", part));
        bytes.extend(u8::from_str_radix(escape, 16).ok());
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
