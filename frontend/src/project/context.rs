//! The files of a build context, asked for through a trait small enough for the gateway, a folder and a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::ignore::Patterns;
use crate::spec::ContextPath;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or a link to one.
    File,
    /// A folder.
    Folder,
}

/// Why a context could not be asked: never "it is not there", which is an answer.
#[derive(Debug, thiserror::Error)]
#[error("the build context cannot be read: {0}")]
pub struct ContextError(pub Box<dyn std::error::Error + Send + Sync>);

/// The files of a build context, before any ignore rule.
pub trait Context {
    /// The content of a file, `None` if there is no such file.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError>;

    /// Says which files will be read, so that they can be had in one go.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn expect(&self, _paths: &BTreeSet<ContextPath>) -> Result<(), ContextError> {
        Ok(())
    }

    /// What stands at `path`, `None` if nothing does.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError>;

    /// The names in a folder, sorted; none if there is no such folder.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError>;

    /// The files below `roots` (or these themselves, where they are files) whose name matches one of `names`, sorted.
    /// What `ignored` hides is not looked into. Of more than [`Patterns::most_paths`], the first are looked at.
    ///
    /// # Errors
    /// If the context itself cannot be read.
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
            if ignored.matches(path.as_str()) {
                continue;
            }
            match self.kind(&path)? {
                Some(Kind::Folder) => {
                    let inside = self.list(&path)?.into_iter();
                    open.extend(inside.filter_map(|name| path.join(&name)));
                }
                Some(Kind::File) if wanted.matches(path.name()) => {
                    found.insert(path.as_str().to_owned());
                }
                _ => {}
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// A folder of this machine as a context.
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
}

impl Context for Folder {
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        match fs::read(self.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        match fs::metadata(self.join(path)) {
            Ok(found) if found.is_dir() => Ok(Some(Kind::Folder)),
            Ok(_) => Ok(Some(Kind::File)),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        let entries = match fs::read_dir(self.join(folder)) {
            Ok(entries) => entries,
            Err(error) if absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(folder, &error)),
        };
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    /// As the trait says; links are not followed, since they are copied as links.
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

fn unreadable(path: &ContextPath, error: &std::io::Error) -> ContextError {
    ContextError(format!("`{}`: {error}", path.as_str()).into())
}

fn absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}
