//! A folder of this machine as a context. The command line reads a project's files only through this module.

use std::collections::BTreeSet;
use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::context::{Context, ContextError, Kind, MOST_BYTES, Unfit};
use super::links::followed;
use crate::ignore::Patterns;
use crate::spec::ContextPath;

/// A folder of this machine. As in the engine, links never lead out of the folder. Only regular files of
/// limited size are read.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The context at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn join(&self, path: &ContextPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// The place on this machine to which `path` leads, and its type. `None` if nothing exists there.
    fn place(&self, path: &ContextPath) -> Result<Option<(PathBuf, FileType)>, ContextError> {
        let Some(place) = self.follow(path)?.map(|path| self.join(&path)) else { return Ok(None) };
        match fs::symlink_metadata(&place) {
            Ok(found) => Ok(Some((place, found.file_type()))),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }
}

impl Context for Folder {
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        match self.place(path)? {
            None => Ok(None),
            Some((_, kind)) if kind.is_dir() => Ok(None),
            Some((_, kind)) if !kind.is_file() => Err(Unfit::NotRegular { path: path.clone() }.into()),
            Some((place, _)) => match read_regular(&place) {
                Ok(Some(bytes)) => Ok(Some(bytes)),
                Ok(None) => Err(Unfit::TooLarge { path: path.clone() }.into()),
                Err(error) if absent(&error) => Ok(None),
                Err(error) => Err(unreadable(path, &error)),
            },
        }
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        Ok(self.place(path)?.map(|(_, kind)| match () {
            () if kind.is_dir() => Kind::Folder,
            () if kind.is_file() => Kind::File,
            () => Kind::Other,
        }))
    }

    #[cfg(unix)]
    fn is_executable(&self, path: &ContextPath) -> Result<Option<bool>, ContextError> {
        use std::os::unix::fs::PermissionsExt as _;
        let Some((place, _)) = self.place(path)? else { return Ok(None) };
        Ok(fs::metadata(place).ok().map(|found| found.permissions().mode() & 0o111 != 0))
    }

    fn follow(&self, path: &ContextPath) -> Result<Option<ContextPath>, ContextError> {
        followed(path, |at| match fs::read_link(self.root.join(at)) {
            Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
            // The path is not a link, or does not exist.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput || absent(&error) => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        })
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        let Some(place) = self.follow(folder)?.map(|path| self.join(&path)) else { return Ok(Vec::new()) };
        let entries = match fs::read_dir(place) {
            Ok(entries) => entries,
            Err(error) if absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(folder, &error)),
        };
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// Links are not followed here, because builds copy them as links.
    fn find(
        &self,
        roots: &BTreeSet<ContextPath>,
        names: &[&str],
        ignored: &Patterns,
    ) -> Result<Vec<String>, ContextError> {
        let wanted = Patterns::from_rules(names.iter().copied()).unwrap_or_default();
        let mut found = BTreeSet::new();
        let mut open: Vec<ContextPath> = roots.iter().cloned().collect();
        let mut left = ignored.most_paths();
        while let Some(path) = open.pop().filter(|_| left > 0) {
            left -= 1;
            let kind = match fs::symlink_metadata(self.join(&path)) {
                _ if ignored.matches(path.as_str()) => continue,
                Ok(found) => found.file_type(),
                Err(error) if absent(&error) => continue,
                Err(error) => return Err(ContextError(Box::new(error))),
            };
            if kind.is_dir() {
                let inside = self.list(&path)?.into_iter();
                open.extend(inside.filter_map(|name| path.join(&name)));
            } else if kind.is_file() && wanted.matches(path.name()) {
                found.insert(path.as_str().to_owned());
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// The content of a regular file; `None` if the file is too large.
fn read_regular(place: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(place)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MOST_BYTES).then_some(bytes))
}

fn unreadable(path: &ContextPath, error: &io::Error) -> ContextError {
    ContextError(format!("`{}`: {error}", path.as_str()).into())
}

fn absent(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}
