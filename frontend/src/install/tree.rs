//! The files that a step leaves behind, the same to the byte wherever they are made.
//!
//! Invariants
//! - What is made gets its mode and time from here, never from the clock or the process's umask.
//! - A directory that was there keeps its mode and time: in a layer on top of a base, a touched directory would be
//!   copied whole.
//! - Nothing is written through a link, so nothing can end up outside the root.
//! - Nothing has a name that removes files of lower layers, whoever asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use rustix::fs::{
    AtFlags, CWD, Mode as RawMode, OFlags, ResolveFlags, Timespec, Timestamps, openat, openat2, utimensat,
};
use rustix::io::Errno;

use super::{ToolError, layer};

/// 1980-01-01, in seconds since 1970: the earliest time that a ZIP archive can hold, so that a later step can pack
/// what is made here.
pub(super) const EPOCH: u32 = 315_532_800;

/// An output folder, and what has been done to it.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    seconds: u32,
    /// By path, parents before children. With the time to restore, or none for one that was made here.
    folders: BTreeMap<PathBuf, Option<SystemTime>>,
}

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// To something in the folder.
    Inside,
    /// Out of the folder.
    Outside,
    /// To nothing that is there, or in a circle; or the system cannot say.
    Nowhere,
}

/// Whether a file is a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Plain,
    Executable,
}

impl Mode {
    fn permissions(self) -> Permissions {
        Permissions::from_mode(match self {
            Self::Plain => 0o644,
            Self::Executable => 0o755,
        })
    }
}

/// The folders above a relative path, outermost first.
pub(super) fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(move |(at, _)| path.get(..at))
}

/// Layers give some names another meaning. The folders above were checked when they were made.
fn check_name(path: &str) -> Result<(), ToolError> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if layer::is_whiteout(name) { Err(ToolError::Whiteout(path.to_owned())) } else { Ok(()) }
}

impl Tree {
    /// A tree below `root`, which exists; `seconds` since 1970 is the time of everything in it.
    pub(super) fn new(root: PathBuf, seconds: u32) -> Result<Self, ToolError> {
        let time = fs::metadata(&root).and_then(|found| found.modified());
        let time = time.map_err(|source| ToolError::File { path: root.display().to_string(), source })?;
        Ok(Self { folders: BTreeMap::from([(root.clone(), Some(time))]), root, seconds })
    }

    /// Makes the directories of these paths, and all above them. Paths are relative and of plain parts.
    pub(super) fn folders<'p>(&mut self, paths: impl IntoIterator<Item = &'p str>) -> Result<(), ToolError> {
        let mut wanted = BTreeSet::new();
        for path in paths {
            wanted.extend(parents(path));
            wanted.insert(path);
        }
        for path in wanted.into_iter().filter(|path| !path.is_empty()) {
            self.folder(path)?;
        }
        Ok(())
    }

    fn folder(&mut self, path: &str) -> Result<(), ToolError> {
        check_name(path)?;
        let folder = self.root.join(path);
        if self.folders.contains_key(&folder) {
            return Ok(());
        }
        let failed = |source| ToolError::File { path: format!("/{path}"), source };
        let time = match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => Some(found.modified().map_err(failed)?),
            Ok(found) => {
                let kind = if found.is_symlink() { "a link" } else { "a file" };
                return Err(ToolError::Base(format!(
                    "`/{path}` is {kind} where a directory is needed; choose another base image or another place"
                )));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir(&folder).map_err(failed)?;
                fs::set_permissions(&folder, Permissions::from_mode(0o755)).map_err(failed)?;
                None
            }
            Err(source) => return Err(failed(source)),
        };
        self.folders.insert(folder, time);
        Ok(())
    }

    /// Begins a file, in the place of one that is there. Its directory has been made.
    pub(super) fn create(&self, path: &str) -> Result<Pending<'_>, ToolError> {
        let file = self.room(path, |place| OpenOptions::new().write(true).create_new(true).open(place))?;
        Ok(Pending { file, path: format!("/{path}"), tree: self })
    }

    /// Makes a file with this content.
    pub(super) fn write(&self, path: &str, content: &[u8], mode: Mode) -> Result<(), ToolError> {
        let mut file = self.create(path)?;
        file.write(content)?;
        file.finish(mode)
    }

    /// A file that was made here, with its mode and time. No link is followed on the way.
    pub(super) fn open(&self, path: &str) -> Result<(File, Mode, u64), ToolError> {
        let open = || {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let root = File::open(&self.root)?;
            let found = openat2(
                &root,
                path,
                flags,
                RawMode::empty(),
                ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS,
            );
            let file = match found {
                // Not every sandbox lets it pass. The folders above are none but those of `folder`, which are no links.
                Err(Errno::NOSYS | Errno::PERM) => openat(&root, path, flags, RawMode::empty())?,
                found => found?,
            };
            let file = File::from(file);
            let found = file.metadata()?;
            if !found.is_file() {
                return Err(io::Error::from(ErrorKind::InvalidInput));
            }
            let mode = if found.permissions().mode() & 0o111 == 0 { Mode::Plain } else { Mode::Executable };
            let since = found.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Ok((file, mode, since.as_secs()))
        };
        open().map_err(|source| ToolError::File { path: format!("/{path}"), source })
    }

    /// What a link that was made here says.
    pub(super) fn target(&self, path: &str) -> Result<String, ToolError> {
        let target = fs::read_link(self.root.join(path));
        let target = target.map_err(|source| ToolError::File { path: format!("/{path}"), source })?;
        Ok(target.to_string_lossy().into_owned())
    }

    /// Where the link at `path` below `folder` leads, all links on its way followed as the system follows them.
    pub(super) fn leads(&self, folder: &str, path: &str) -> Result<Leads, ToolError> {
        let place = self.root.join(folder);
        let folder = File::open(&place)
            .map_err(|source| ToolError::File { path: place.display().to_string(), source })?;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        Ok(match openat2(&folder, path, flags, RawMode::empty(), ResolveFlags::BENEATH) {
            Ok(_) => Leads::Inside,
            Err(Errno::XDEV) => Leads::Outside,
            Err(_) => Leads::Nowhere,
        })
    }

    /// Makes a symbolic link.
    pub(super) fn link(&self, path: &str, target: &str) -> Result<(), ToolError> {
        self.room(path, |place| symlink(target, place))?;
        let time = Timespec { tv_sec: self.seconds.into(), tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        // The standard library sets times through an open file, and a link cannot be opened.
        utimensat(CWD, self.root.join(path), &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| ToolError::File { path: format!("/{path}"), source: error.into() })
    }

    /// Sets the directories' times, innermost first: each file that is added changes its directory's.
    pub(super) fn settle(self) -> Result<(), ToolError> {
        for (folder, before) in self.folders.iter().rev() {
            let settle = || {
                let file = File::open(folder)?;
                match before {
                    None => file.set_times(self.times()),
                    Some(time) if file.metadata()?.modified()? == *time => Ok(()),
                    Some(time) => file.set_modified(*time),
                }
            };
            settle().map_err(|source| ToolError::File { path: folder.display().to_string(), source })?;
        }
        Ok(())
    }

    /// Makes something at a place, after removing the file or link that is there.
    fn room<T>(&self, path: &str, make: impl Fn(&PathBuf) -> io::Result<T>) -> Result<T, ToolError> {
        check_name(path)?;
        let place = self.root.join(path);
        let failed = |source| ToolError::File { path: format!("/{path}"), source };
        match make(&place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if fs::symlink_metadata(&place).map_err(failed)?.is_dir() {
                    return Err(ToolError::Base(format!(
                        "`/{path}` is a directory where a file is to be made"
                    )));
                }
                fs::remove_file(&place).map_err(failed)?;
                make(&place).map_err(failed)
            }
            other => other.map_err(failed),
        }
    }

    fn times(&self) -> FileTimes {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds.into());
        FileTimes::new().set_modified(time).set_accessed(time)
    }
}

/// A file that is being written.
pub(super) struct Pending<'t> {
    file: File,
    path: String,
    tree: &'t Tree,
}

impl Pending<'_> {
    /// Adds to the file.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ToolError> {
        self.file.write_all(bytes).map_err(|source| self.failed(source))
    }

    /// Gives the file its mode and time.
    pub(super) fn finish(self, mode: Mode) -> Result<(), ToolError> {
        let finish = || {
            self.file.set_permissions(mode.permissions())?;
            self.file.set_times(self.tree.times())
        };
        finish().map_err(|source| self.failed(source))
    }

    /// Gives the file its mode, and a time of its own in seconds since 1970.
    pub(super) fn finish_at(self, mode: Mode, seconds: u64) -> Result<(), ToolError> {
        // What no file system can hold is no time.
        let seconds = u32::try_from(seconds).unwrap_or(EPOCH);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into());
        let finish = || {
            self.file.set_permissions(mode.permissions())?;
            self.file.set_times(FileTimes::new().set_modified(time).set_accessed(time))
        };
        finish().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ToolError {
        ToolError::File { path: self.path.clone(), source }
    }
}
