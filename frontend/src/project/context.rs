//! The files of a build context, behind a trait that is small enough for the gateway, a folder and a test.

use std::collections::BTreeSet;

use crate::ignore::Patterns;
use crate::spec::ContextPath;

/// The kind of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or a link to a file.
    File,
    /// A folder.
    Folder,
    /// A pipe, a device or a socket.
    Other,
}

/// The largest file that is read, in bytes. The locks of the largest projects have a tenth of this size.
pub const MOST_BYTES: u64 = 64 << 20;

/// The reason why an existing file is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A pipe, a device or a socket.
    #[error("`{}` is no regular file", path.as_str())]
    NotRegular {
        /// The path of the file.
        path: ContextPath,
    },
    /// The file has more than [`MOST_BYTES`].
    #[error("`{}` is larger than {} MiB", path.as_str(), MOST_BYTES >> 20)]
    TooLarge {
        /// The path of the file.
        path: ContextPath,
    },
}

impl From<Unfit> for ContextError {
    fn from(unfit: Unfit) -> Self {
        Self(Box::new(unfit))
    }
}

/// The error for a context that could not be read. A missing file is not such an error, but a normal answer.
#[derive(Debug, thiserror::Error)]
#[error("the build context cannot be read: {0}")]
pub struct ContextError(pub Box<dyn std::error::Error + Send + Sync>);

/// The files of a build context, before ignore rules apply.
pub trait Context {
    /// The content of a file; `None` if the file does not exist.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError>;

    /// Announces the files that will be read, so that the context can fetch them together.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn expect(&self, _paths: &BTreeSet<ContextPath>) -> Result<(), ContextError> {
        Ok(())
    }

    /// The kind of the path; `None` if nothing exists there.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError>;

    /// Whether the file at `path` is executable; `None` if this is not known.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn is_executable(&self, _path: &ContextPath) -> Result<Option<bool>, ContextError> {
        Ok(None)
    }

    /// The path that `path` leads to if links are followed. As in the engine, links stay inside the context.
    /// `None` if links form a circle.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn follow(&self, path: &ContextPath) -> Result<Option<ContextPath>, ContextError> {
        Ok(Some(path.clone()))
    }

    /// The names in a folder, sorted. Empty if the folder does not exist.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError>;

    /// The files below `roots` whose name matches one of `names`, sorted. A root can also be a file itself.
    /// Folders that `ignored` excludes are not searched. Only the first [`Patterns::most_paths`] paths are
    /// examined.
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
