//! A package index for the tests on the loopback interface. It only serves files by name.
//!
//! The engine downloads from the network of the machine, so it reaches this index. Build steps have their own
//! network and do not reach it. A step that resolves packages uses the index of the machine.

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
use crate::fault::{self, Fault};
use crate::source;
use crate::wheel::Wheel;

/// How long a client may take to ask.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What the paths begin with that are never answered to the end.
const STALLED: &str = "/stalled/";

/// So many bytes of an answer without an end show that somebody reads it.
const ENOUGH: usize = 4 << 20;

/// The body of an answer with status 404.
const GONE: &[u8] = b"there is no such file\n";

/// How long [`Index::wait_until_left`] waits.
const PATIENCE: Duration = Duration::from_secs(60);

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// What goes wrong with a file, and for how many clients more.
type Faults = Arc<Mutex<BTreeMap<String, (Fault, usize)>>>;

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
    faults: Faults,
    asked: Arc<Mutex<Vec<String>>>,
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
        let (faults, asked) = (Faults::default(), Arc::default());
        let (wrong, requests) = (Arc::clone(&faults), Arc::clone(&asked));
        let (served, waiting, end) = (Arc::clone(&files), Arc::clone(&stalled), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(std::result::Result::ok) {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                let (files, stalled) = (Arc::clone(&served), Arc::clone(&waiting));
                let (faults, asked) = (Arc::clone(&wrong), Arc::clone(&requests));
                // A client that goes away in the middle is no failure of the index.
                thread::spawn(move || drop(answer(stream, &files, &faults, &asked, &stalled)));
            }
        });
        Ok(Self { address, files, faults, asked, stalled, ended })
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

    /// Lets something go wrong with a file for the next `times` clients that ask for it.
    pub fn fails(&self, file: &str, fault: &Fault, times: usize) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.insert(file.to_owned(), (fault.clone(), times));
    }

    /// Ends all that [`Index::fails`] began.
    pub fn recovers(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How often a file was asked for.
    pub fn asked_for(&self, file: &str) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|asked| *asked == file).count()
    }

    /// The host and port, as messages name the server.
    pub fn server(&self) -> String {
        self.address.to_string()
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

fn answer(
    mut stream: TcpStream,
    files: &Files,
    faults: &Faults,
    asked: &Mutex<Vec<String>>,
    stalled: &Stalled,
) -> std::io::Result<()> {
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
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(name.to_owned());
    let found = files.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
    if let Some(fault) = next_fault(faults, name) {
        let body = found.unwrap_or_default();
        let is_endless = fault == Fault::Endless;
        let told = |sent: usize| {
            if sent > ENOUGH {
                stalled.came.store(1, Ordering::SeqCst);
            }
        };
        let ended = fault::answer(&mut stream, &fault, path, &body, told);
        if is_endless {
            stalled.left.store(1, Ordering::SeqCst);
        }
        return ended;
    }
    let (status, body) = match found {
        Some(bytes) => ("200 OK", bytes),
        None => ("404 Not Found", GONE.to_vec()),
    };
    let kind = fault::kind_of(path);
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{kind}\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    if method != "HEAD" {
        stream.write_all(&body)?;
    }
    stream.flush()
}

/// What goes wrong this time.
fn next_fault(faults: &Faults, name: &str) -> Option<Fault> {
    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    let (fault, times) = faults.get_mut(name)?;
    *times = times.checked_sub(1)?;
    Some(fault.clone())
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
