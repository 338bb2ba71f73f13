//! The two formats of conda packages. Each is read as a stream of tar entries.
//!
//! `.conda` is a ZIP archive with two uncompressed members, `info-STEM.tar.zst` and `pkg-STEM.tar.zst`, and
//! with a `metadata.json` that contains the version of the format. `.tar.bz2` is one tar archive with the
//! description in `info/`.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bzip2::read::MultiBzDecoder;
use rawzip::{MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ZipArchive};
use ruzstd::decoding::StreamingDecoder;

use super::error::CondaProblem;
use crate::install::limits;
use crate::install::wheel::framing::{self, Directory, Header};

/// The maximum size of `metadata.json` in bytes. Real files have forty bytes.
const METADATA_LIMIT: u64 = 64 << 10;

/// The file of a package. Each reading opens it again.
pub(super) struct Archive {
    path: PathBuf,
    format: Format,
}

enum Format {
    Conda { info: Range, files: Range },
    TarBz2,
}

/// The position of an uncompressed member.
#[derive(Clone, Copy)]
struct Range {
    start: u64,
    end: u64,
}

/// The part of a package to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The description of the package, in `info/`.
    Info,
    /// The installed files. In a `.tar.bz2` this part also contains the description.
    Files,
}

/// An entry of a tar archive during reading.
pub(super) type Entry<'a> = tar::Entry<'a, Box<dyn Read>>;

impl Archive {
    /// Finds the parts. `stem` is the file name without its suffix.
    pub(super) fn open(path: &Path, stem: &str, is_conda: bool) -> Result<Self, CondaProblem> {
        let format = if is_conda { zipped(path, stem)? } else { Format::TarBz2 };
        Ok(Self { path: path.to_owned(), format })
    }

    /// Calls `each` for each entry of a part, in the order of the archive.
    pub(super) fn walk<E: From<CondaProblem>>(
        &self,
        part: Part,
        each: &mut dyn FnMut(&str, &mut Entry<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let limit = limits::unpacked(std::fs::metadata(&self.path).map_err(damaged)?.len());
        let left = Rc::new(Cell::new(limits::EXTENSIONS));
        let stream: Box<dyn Read> = Box::new(Metered { inner: self.stream(part)?, left: Rc::clone(&left) });
        let mut archive = tar::Archive::new(stream);
        let (mut total, mut count): (u64, u64) = (0, 0);
        for entry in archive.entries().map_err(damaged)? {
            let mut entry = entry.map_err(damaged)?;
            count += 1;
            if count > limits::MEMBERS {
                return Err(CondaProblem::Limit { what: "members", limit: limits::MEMBERS }.into());
            }
            total = total.saturating_add(entry.size());
            if total > limit {
                return Err(CondaProblem::TooLarge(limit).into());
            }
            // The rest of this entry is skipped when the next one is read, together with the headers between
            // them.
            left.set(entry.size().saturating_add(limits::EXTENSIONS));
            let path = String::from_utf8(entry.path_bytes().into_owned());
            let path = path.map_err(|error| {
                CondaProblem::Path(String::from_utf8_lossy(error.as_bytes()).into_owned())
            })?;
            each(path.strip_prefix("./").unwrap_or(&path), &mut entry)?;
        }
        // The checksum of the compressed data is after the end of the tar archive.
        io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
        Ok(())
    }

    fn stream(&self, part: Part) -> Result<Box<dyn Read>, CondaProblem> {
        let mut file = File::open(&self.path).map_err(damaged)?;
        let range = match (&self.format, part) {
            (Format::Conda { info, .. }, Part::Info) => *info,
            (Format::Conda { files, .. }, Part::Files) => *files,
            (Format::TarBz2, _) => return Ok(Box::new(MultiBzDecoder::new(BufReader::new(file)))),
        };
        file.seek(SeekFrom::Start(range.start)).map_err(damaged)?;
        let stored: Take<File> = file.take(range.end.saturating_sub(range.start));
        Ok(Box::new(StreamingDecoder::new(BufReader::new(stored)).map_err(damaged)?))
    }
}

/// A stream that fails if more data is read than expected. Without it, the tar reader would keep a long name
/// between two entries in memory, however long it is.
struct Metered {
    inner: Box<dyn Read>,
    left: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(got as u64);
        let text = "it has more bytes between its members than any package has";
        self.left.set(left.ok_or_else(|| io::Error::other(text))?);
        Ok(got)
    }
}

/// The parts of a `.conda` file.
fn zipped(path: &Path, stem: &str) -> Result<Format, CondaProblem> {
    let file = File::open(path).map_err(damaged)?;
    let raw = file.try_clone().map_err(damaged)?;
    let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
    let zip = ZipArchive::from_file(file, &mut buffer).map_err(damaged)?;
    let (info_name, files_name) = (format!("info-{stem}.tar.zst"), format!("pkg-{stem}.tar.zst"));
    let (mut info, mut files, mut metadata) = (None, None, None);
    let mut headers = Vec::new();
    let mut directory = Directory { start: zip.directory_offset(), last: None };
    let mut entries = zip.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        if headers.len() as u64 >= limits::MEMBERS {
            return Err(CondaProblem::Limit { what: "members", limit: limits::MEMBERS });
        }
        directory.last = Some(entry.central_directory_offset());
        headers.push(Header::of(&entry).map_err(damaged)?);
        let name = entry.file_path();
        let wanted = match name.as_bytes() {
            name if name == info_name.as_bytes() => &mut info,
            name if name == files_name.as_bytes() => &mut files,
            b"metadata.json" => &mut metadata,
            _ => continue,
        };
        if entry.compression_method() != rawzip::CompressionMethod::STORE {
            return Err(damaged("its members are compressed twice"));
        }
        if wanted.replace(entry.wayfinder()).is_some() {
            return Err(damaged("it has a member twice"));
        }
    }
    framing::check(&raw, &zip, headers, &directory, &mut buffer).map_err(damaged)?;
    let range = |place: rawzip::ZipArchiveEntryWayfinder| -> Result<Range, CondaProblem> {
        let (start, end) = zip.get_entry(place).map_err(damaged)?.compressed_data_range();
        Ok(Range { start, end })
    };
    // A package without this file has format 2. conda and rattler do not read the file.
    if let Some(metadata) = metadata {
        check_format(path, range(metadata)?)?;
    }
    let part = |place: Option<_>, missing| range(place.ok_or(CondaProblem::Missing(missing))?);
    Ok(Format::Conda { info: part(info, "info-….tar.zst")?, files: part(files, "pkg-….tar.zst")? })
}

fn check_format(path: &Path, range: Range) -> Result<(), CondaProblem> {
    let mut file = File::open(path).map_err(damaged)?;
    file.seek(SeekFrom::Start(range.start)).map_err(damaged)?;
    let mut text = Vec::new();
    let length = range.end.saturating_sub(range.start).min(METADATA_LIMIT);
    file.take(length).read_to_end(&mut text).map_err(damaged)?;
    let unreadable = |message: String| CondaProblem::Metadata { file: "metadata.json", message };
    let metadata: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    let version = metadata.get("conda_pkg_format_version").and_then(serde_json::Value::as_u64);
    match version.ok_or_else(|| unreadable("`conda_pkg_format_version` is not a number".to_owned()))? {
        2 => Ok(()),
        other => Err(CondaProblem::Format(other)),
    }
}

/// The error of an archive reader.
pub(super) fn damaged(error: impl std::fmt::Display) -> CondaProblem {
    CondaProblem::Archive(error.to_string())
}
