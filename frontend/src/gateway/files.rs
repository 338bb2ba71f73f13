//! Reads files and directories that the engine holds.

use buildkit_proto::moby::buildkit::v1::frontend as wire;
use buildkit_proto::moby::buildkit::v1::frontend::llb_bridge_client::LlbBridgeClient;
use tonic::transport::Channel;

use crate::gateway::bridge::Bridge;
use crate::gateway::calls::{FileStat, Reference};
use crate::gateway::errors::RpcError;
use crate::gateway::transport::MAX_MESSAGE;
use crate::project::MOST_BYTES;

/// The number of bytes per request: half of the largest message.
pub(super) const CHUNK: usize = MAX_MESSAGE / 2;

/// A part of a file.
///
/// # Errors
/// See [`Bridge::read_file`].
pub(super) async fn read_range(
    mut client: LlbBridgeClient<Channel>,
    reference: &Reference,
    path: &str,
    offset: usize,
    length: usize,
) -> Result<Vec<u8>, RpcError> {
    let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let request = wire::ReadFileRequest {
        r#ref: reference.id.clone(),
        file_path: path.to_owned(),
        range: Some(wire::FileRange { offset: signed(offset), length: signed(length) }),
        mount_index: 0,
    };
    Ok(client.read_file(request).await?.into_inner().data)
}

impl Bridge {
    /// The content of a file of any size. Symbolic links are followed inside the reference.
    ///
    /// # Errors
    /// A failure of the graph, or that the path is not a regular file.
    pub fn read_file(&self, reference: &Reference, path: &str) -> Result<Vec<u8>, RpcError> {
        self.read_until(reference, path, u64::MAX)
    }

    /// Like [`Self::read_file`], but stops reading after more than `most` bytes.
    ///
    /// # Errors
    /// See [`Self::read_file`].
    pub fn read_until(&self, reference: &Reference, path: &str, most: u64) -> Result<Vec<u8>, RpcError> {
        let mut data = Vec::new();
        loop {
            let chunk = self.read_range(reference, path, data.len(), CHUNK)?;
            data.extend_from_slice(&chunk);
            if chunk.len() < CHUNK || data.len() as u64 > most {
                return Ok(data);
            }
        }
    }

    /// The first `length` bytes of a file, or the whole file if it is shorter. At most 8 MiB.
    ///
    /// # Errors
    /// See [`Self::read_file`].
    pub fn read_head(&self, reference: &Reference, path: &str, length: usize) -> Result<Vec<u8>, RpcError> {
        self.read_range(reference, path, 0, length.min(CHUNK))
    }

    fn read_range(
        &self,
        reference: &Reference,
        path: &str,
        offset: usize,
        length: usize,
    ) -> Result<Vec<u8>, RpcError> {
        self.wait("ReadFile", path, read_range(self.client.clone(), reference, path, offset, length))
    }

    /// The content of an optional file. `None` if nothing exists at the path, or a directory.
    ///
    /// This lists the directory first, because an engine reports a missing file only in the text of its
    /// message. Of a file larger than [`MOST_BYTES`], only a little more than this limit is read.
    ///
    /// # Errors
    /// See [`Self::read_file`].
    pub fn try_read_file(&self, reference: &Reference, path: &str) -> Result<Option<Vec<u8>>, RpcError> {
        match self.probe(reference, path)? {
            Some(found) if !found.is_dir() => match self.read_until(reference, path, MOST_BYTES) {
                // The path is a link to a directory.
                Err(error) if error.is_not_a_file() => Ok(None),
                // The path is a link whose target does not exist.
                read => absent_is_none(read),
            },
            _ => Ok(None),
        }
    }

    /// The entries of one directory, sorted by name, without the entries of its subdirectories. `include` is
    /// a pattern in the syntax of ignore files.
    ///
    /// # Errors
    /// A failure of the graph, or that the directory does not exist.
    pub fn read_dir(
        &self,
        reference: &Reference,
        path: &str,
        include: Option<&str>,
    ) -> Result<Vec<FileStat>, RpcError> {
        let request = wire::ReadDirRequest {
            r#ref: reference.id.clone(),
            dir_path: path.to_owned(),
            include_pattern: include.unwrap_or_default().to_owned(),
            mount_index: 0,
        };
        let mut client = self.client.clone();
        let response = self.wait("ReadDir", path, client.read_dir(request))?.into_inner();
        let mut entries: Vec<FileStat> = response.entries.into_iter().map(FileStat::from).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// The metadata of a path, or `None` if nothing exists there. Symbolic links are followed.
    ///
    /// # Errors
    /// A failure of the graph.
    pub fn stat(&self, reference: &Reference, path: &str) -> Result<Option<FileStat>, RpcError> {
        match self.probe(reference, path)? {
            Some(found) if found.is_symlink() => absent_is_none(self.stat_existing(reference, path)),
            found => Ok(found.map(|found| FileStat { path: path.to_owned(), ..found })),
        }
    }

    fn stat_existing(&self, reference: &Reference, path: &str) -> Result<FileStat, RpcError> {
        let request =
            wire::StatFileRequest { r#ref: reference.id.clone(), path: path.to_owned(), mount_index: 0 };
        let mut client = self.client.clone();
        let stat =
            self.wait("StatFile", path, client.stat_file(request))?.into_inner().stat.unwrap_or_default();
        Ok(FileStat { path: path.to_owned(), ..FileStat::from(stat) })
    }

    /// The directory entry at a path. Links are not followed.
    fn probe(&self, reference: &Reference, path: &str) -> Result<Option<FileStat>, RpcError> {
        let path = crate::ignore::clean_path(path);
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if matches!(name, "" | "." | "..") {
            return absent_is_none(self.stat_existing(reference, &path));
        }
        let directory = if directory.is_empty() { "/" } else { directory };
        let entries = absent_is_none(self.read_dir(reference, directory, Some(&literal_pattern(name))))?;
        Ok(entries.unwrap_or_default().into_iter().find(|entry| entry.path == name))
    }
}

fn absent_is_none<T>(result: Result<T, RpcError>) -> Result<Option<T>, RpcError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A pattern that matches exactly this name.
fn literal_pattern(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\' | '!') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
