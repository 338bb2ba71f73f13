//! The output files of a step. They are equal byte for byte on every machine.
//!
//! Invariants
//! - This module sets the mode and time of everything that it makes. The clock and the process's umask have
//!   no effect.
//! - An existing directory keeps its mode and time. In a layer on top of a base, a changed directory would be
//!   copied whole.
//! - Nothing is written through a link, so no file can end up outside of the root.
//! - No file has a name that removes files of lower layers.

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

/// 1980-01-01, in seconds since 1970. This is the earliest time that a ZIP archive can store, so a later step
/// can pack the files.
pub(super) const EPOCH: u32 = 315_532_800;

/// An output folder, and the record of its changes.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    seconds: u32,
    /// Folders by path, parents before children. The value is the time to restore, or `None` for a folder
    /// that was made here.
    folders: BTreeMap<PathBuf, Option<SystemTime>>,
}

/// The target of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    /// The target is in the folder.
    Inside,
    /// The target is outside of the folder.
    Outside,
    /// The target does not exist, links form a circle, or the system cannot tell.
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

/// The parent folders of a relative path, the outermost first.
pub(super) fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(move |(at, _)| path.get(..at))
}

/// Refuses names that have a special meaning in layers. The parent folders were checked when they were made.
fn check_name(path: &str) -> Result<(), ToolError> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if layer::is_whiteout(name) { Err(ToolError::Whiteout(path.to_owned())) } else { Ok(()) }
}

impl Tree {
    /// A tree in the existing folder `root`. `seconds` since 1970 is the time of everything in it.
    pub(super) fn new(root: PathBuf, seconds: u32) -> Result<Self, ToolError> {
        let time = fs::metadata(&root).and_then(|found| found.modified());
        let time = time.map_err(|source| ToolError::File { path: root.display().to_string(), source })?;
        Ok(Self { folders: BTreeMap::from([(root.clone(), Some(time))]), root, seconds })
    }

    /// Makes the directories at these paths and their parents. Paths are relative, without `.` and `..`.
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

    /// Starts a file, and replaces an existing one. Its directory must exist.
    pub(super) fn create(&self, path: &str) -> Result<Pending<'_>, ToolError> {
        let file = self.room(path, |place| OpenOptions::new().write(true).create_new(true).open(place))?;
        Ok(Pending { file, path: format!("/{path}"), tree: self })
    }

    /// Writes a file with this content.
    pub(super) fn write(&self, path: &str, content: &[u8], mode: Mode) -> Result<(), ToolError> {
        let mut file = self.create(path)?;
        file.write(content)?;
        file.finish(mode)
    }

    /// Opens a file that was made here, with its mode and time. No link in its path is followed.
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
                // Some sandboxes forbid `openat2`. All parent folders were made by `folders` and are not
                // links.
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

    /// The text of a link that was made here.
    pub(super) fn target(&self, path: &str) -> Result<String, ToolError> {
        let target = fs::read_link(self.root.join(path));
        let target = target.map_err(|source| ToolError::File { path: format!("/{path}"), source })?;
        Ok(target.to_string_lossy().into_owned())
    }

    /// The target of the link at `path` in `folder`. All links on its path are followed as the system follows
    /// them.
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
        // The standard library sets times only through an open file, and a link cannot be opened.
        utimensat(CWD, self.root.join(path), &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| ToolError::File { path: format!("/{path}"), source: error.into() })
    }

    /// Sets the times of directories, the innermost first, because adding a file changes the time of its
    /// directory.
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

    /// Makes something at a path. An existing file or link is removed first.
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

/// A file during writing.
pub(super) struct Pending<'t> {
    file: File,
    path: String,
    tree: &'t Tree,
}

impl Pending<'_> {
    /// Appends to the file.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ToolError> {
        self.file.write_all(bytes).map_err(|source| self.failed(source))
    }

    /// Sets the mode and time of the file.
    pub(super) fn finish(self, mode: Mode) -> Result<(), ToolError> {
        let finish = || {
            self.file.set_permissions(mode.permissions())?;
            self.file.set_times(self.tree.times())
        };
        finish().map_err(|source| self.failed(source))
    }

    /// Sets the mode of the file, and its own time in seconds since 1970.
    pub(super) fn finish_at(self, mode: Mode, seconds: u64) -> Result<(), ToolError> {
        // A time outside of the range that file systems store is replaced by the default.
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
