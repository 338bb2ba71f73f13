//! Faults of a server: answers that differ from the requested file.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// Something that a server does in the place of giving a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with a status such as `404 Not Found` and a page.
    Status(&'static str),
    /// Ends the connection in the middle of the file.
    Cut,
    /// Ends the connection without any answer.
    NoAnswer,
    /// Gives half of the file as the whole of it.
    Truncated,
    /// Gives other bytes.
    OtherBytes,
    /// Announces more bytes than the file has.
    LongLength,
    /// Announces fewer bytes than the file has.
    ShortLength,
    /// Sends without end.
    Endless,
    /// Gives the file compressed with gzip, which nobody asked for, and says so.
    Gzip,
    /// The same with a compression that HTTP clients seldom know.
    Deflate,
    /// Leads to the same address again.
    Loop,
    /// Leads to another address.
    Redirect(String),
    /// Gives a page of this type.
    Page(&'static str, &'static str),
}

/// What a client is told that asks for `body` at `path`. `told` gets how many bytes were sent so far of an
/// answer without an end.
pub(crate) fn answer(
    stream: &mut TcpStream,
    fault: &Fault,
    path: &str,
    body: &[u8],
    told: impl Fn(usize),
) -> std::io::Result<()> {
    let (ok, kind) = ("200 OK", kind_of(path));
    let half = body.get(..body.len() / 2).unwrap_or_default();
    match fault {
        Fault::Status(status) => send(stream, status, "", None, b"no file but a page\n"),
        Fault::Cut => send(stream, ok, kind, Some(body.len()), half),
        Fault::NoAnswer => Ok(()),
        Fault::Truncated => send(stream, ok, "", None, half),
        Fault::OtherBytes => send(stream, ok, "", None, &body.iter().rev().copied().collect::<Vec<_>>()),
        Fault::LongLength => send(stream, ok, "", Some(body.len() + 10), body),
        Fault::ShortLength => send(stream, ok, "", Some(body.len().saturating_sub(10)), body),
        Fault::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")?;
            stream.write_all(b"Content-Type: application/vnd.pypi.simple.v1+json\r\n\r\n{\"files\": [")?;
            let (part, mut sent) = (vec![b' '; 1 << 16], 0);
            loop {
                stream.write_all(&part)?;
                sent += part.len();
                told(sent);
            }
        }
        Fault::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body)?;
            send(stream, ok, "Content-Encoding: gzip\r\n", None, &encoder.finish()?)
        }
        Fault::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body)?;
            send(stream, ok, "Content-Encoding: deflate\r\n", None, &encoder.finish()?)
        }
        Fault::Loop => send(stream, "302 Found", &format!("Location: {path}\r\n"), None, b""),
        Fault::Redirect(to) => send(stream, "302 Found", &format!("Location: {to}\r\n"), None, b""),
        Fault::Page(kind, text) => {
            send(stream, ok, &format!("Content-Type: {kind}\r\n"), None, text.as_bytes())
        }
    }
}

/// The header of a page of an index: resolvers do not read what has no type.
pub(crate) fn kind_of(path: &str) -> &'static str {
    if path.ends_with('/') { "Content-Type: text/html\r\n" } else { "" }
}

fn send(
    stream: &mut TcpStream,
    status: &str,
    headers: &str,
    length: Option<usize>,
    body: &[u8],
) -> std::io::Result<()> {
    let length = length.unwrap_or(body.len());
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes())?;
    // A client that was told of less closes early.
    stream.write_all(body)?;
    stream.flush()?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // Otherwise the kernel throws away what the client has not read yet.
    let _ = stream.read(&mut [0; 1]);
    Ok(())
}
