//! An index of the tests' own on the loopback interface: files by name, nothing else.
//!
//! The engine fetches from the machine's network, so it reaches this; build steps have a network of their own and
//! do not. What a step has to find itself comes from the index that the machine is set up for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::conda::CondaPackage;
use crate::failure::{Failure, Result};
use crate::source;
use crate::wheel::Wheel;

/// How long a client may take to ask.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the paths begin with that are never answered to the end.
const STALLED: &str = "/stalled/";

/// The body of an answer with status 404.
const GONE: &[u8] = b"there is no such file\n";

/// How long [`Index::wait_until_left`] waits.
const PATIENCE: Duration = Duration::from_secs(60);

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// How many clients wait for an answer that never ends, and how many gave up.
#[derive(Debug, Default)]
struct Stalled {
    came: AtomicUsize,
    left: AtomicUsize,
}

/// A server of files. It ends with the value.
#[derive(Debug)]
pub struct Index {
    address: SocketAddr,
    files: Files,
    stalled: Arc<Stalled>,
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
        let stalled = Arc::new(Stalled::default());
        let (served, waiting, end) = (Arc::clone(&files), Arc::clone(&stalled), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(std::result::Result::ok) {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let (files, stalled) = (Arc::clone(&served), Arc::clone(&waiting));
                // A client that goes away in the middle is no failure of the index.
                thread::spawn(move || drop(answer(stream, &files, &stalled)));
            }
        });
        Ok(Self { address, files, stalled, ended })
    }

    /// Puts a file there, and gives its address.
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        self.put(name, bytes.to_vec());
        format!("http://{}/files/{name}", self.address)
    }

    /// An address whose answers begin and never end.
    pub fn stalling(&self, name: &str) -> String {
        format!("http://{}{STALLED}{name}", self.address)
    }

    /// Whether somebody has asked for an address of [`Index::stalling`].
    pub fn is_waited_for(&self) -> bool {
        self.stalled.came.load(Ordering::SeqCst) > 0
    }

    /// Waits until everybody who asked for an address of [`Index::stalling`] has closed the connection.
    ///
    /// # Errors
    /// If somebody still waits after a minute.
    pub fn wait_until_left(&self) -> Result {
        let start = Instant::now();
        while self.stalled.left.load(Ordering::SeqCst) < self.stalled.came.load(Ordering::SeqCst) {
            if start.elapsed() > PATIENCE {
                return Err(Failure::Unexpected("somebody still waits for the index".to_owned()));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
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

    /// Publishes a conda package, in the folder of a channel that it belongs into.
    ///
    /// # Errors
    /// If the package cannot be made.
    pub fn conda(&self, package: &CondaPackage) -> Result<Published> {
        let file = format!("{}/{}", package.subdir(), package.file_name());
        Ok(self.publish(package.name(), package.version(), file, package.bytes()?))
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

/// A SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn answer(mut stream: TcpStream, files: &Files, stalled: &Stalled) -> std::io::Result<()> {
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
    if path.starts_with(STALLED) {
        return stall(stream, stalled);
    }
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

/// A page, as resolvers ask for, or any file: nobody can know before it is there.
const BEGINNING: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1048576\r\n\r\n.";

/// Promises a megabyte, sends one byte, and waits for the client to give up.
fn stall(mut stream: TcpStream, stalled: &Stalled) -> std::io::Result<()> {
    stream.set_read_timeout(None)?;
    stalled.came.fetch_add(1, Ordering::SeqCst);
    let begun = stream.write_all(BEGINNING);
    // Ends with the connection, by whichever side.
    let _ = begun.and_then(|()| stream.read(&mut [0; 1]));
    stalled.left.fetch_add(1, Ordering::SeqCst);
    Ok(())
}
