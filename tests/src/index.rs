//! An index of the tests' own on the loopback interface: files by name, nothing else.
//!
//! The engine fetches from the machine's network, so it reaches this; build steps have a network of their own and
//! do not. What a step has to find itself comes from the index that the machine is set up for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, Result};
use crate::source;
use crate::wheel::Wheel;

/// How long a client may take to ask.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The body of an answer with status 404.
const GONE: &[u8] = b"there is no such file\n";

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A server of files. It ends with the value.
#[derive(Debug)]
pub struct Index {
    address: SocketAddr,
    files: Files,
    ended: Arc<AtomicBool>,
}

/// A file of the index, as locks name it.
#[derive(Clone, Debug)]
pub struct Published {
    /// The package's name.
    pub name: String,
    /// The package's version.
    pub version: String,
    /// The file's name.
    pub file: String,
    /// Where it is.
    pub url: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub size: usize,
}

impl Published {
    /// Whether it is a wheel and no source archive.
    pub fn is_wheel(&self) -> bool {
        Path::new(&self.file).extension().is_some_and(|extension| extension == "whl")
    }
}

impl Index {
    /// An empty index.
    ///
    /// # Errors
    /// If there is no port to listen on.
    pub fn start() -> Result<Self> {
        let failed = || Failure::io("starting an index");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        let (files, ended) = (Files::default(), Arc::new(AtomicBool::new(false)));
        let (served, end) = (Arc::clone(&files), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(std::result::Result::ok) {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let files = Arc::clone(&served);
                // A client that goes away in the middle is no failure of the index.
                thread::spawn(move || drop(answer(stream, &files)));
            }
        });
        Ok(Self { address, files, ended })
    }

    /// Publishes a wheel.
    pub fn wheel(&self, wheel: &Wheel) -> Published {
        self.publish(wheel.name(), wheel.version(), wheel.file(), wheel.bytes())
    }

    /// Publishes a source archive of a package with one module, and with `note` in a file of its own.
    ///
    /// # Errors
    /// If the archive cannot be made.
    pub fn sdist(&self, name: &str, version: &str, note: &str) -> Result<Published> {
        let bytes = source::archive(name, version, note)?;
        Ok(self.publish(name, version, format!("{name}-{version}.tar.gz"), bytes))
    }

    /// Puts other bytes where a file was published, and gives their SHA-256.
    pub fn replace(&self, published: &Published, bytes: &[u8]) -> String {
        self.put(&published.file, bytes.to_vec());
        sha256(bytes)
    }

    /// Takes a file away, and gives the SHA-256 of what is answered instead.
    pub fn remove(&self, published: &Published) -> String {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&published.file);
        sha256(GONE)
    }

    fn publish(&self, name: &str, version: &str, file: String, bytes: Vec<u8>) -> Published {
        let (sha256, size) = (sha256(&bytes), bytes.len());
        self.put(&file, bytes);
        let url = format!("http://{}/files/{file}", self.address);
        Published { name: name.to_owned(), version: version.to_owned(), file, url, sha256, size }
    }

    fn put(&self, file: &str, bytes: Vec<u8>) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(file.to_owned(), bytes);
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the server, which then sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn answer(mut stream: TcpStream, files: &Files) -> std::io::Result<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let name = path.strip_prefix("/files/").unwrap_or_default();
    let found = files.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
    let (status, body) = match found {
        Some(bytes) => ("200 OK", bytes),
        None => ("404 Not Found", GONE.to_vec()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    if method != "HEAD" {
        stream.write_all(&body)?;
    }
    stream.flush()
}
