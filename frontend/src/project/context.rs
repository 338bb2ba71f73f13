//! The files of a build context, asked for through a trait small enough for the gateway, a folder and a test.

use std::collections::BTreeSet;

use crate::ignore::Patterns;
use crate::spec::ContextPath;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or a link to one.
    File,
    /// A folder.
    Folder,
    /// A pipe, a device or a socket.
    Other,
}

/// The largest file that is read, in bytes. The locks of the largest projects have a tenth of that.
pub const MOST_BYTES: u64 = 64 << 20;

/// What is at a path and is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A pipe, a device or a socket.
    #[error("`{}` is no regular file", path.as_str())]
    NotRegular {
        /// Where.
        path: ContextPath,
    },
    /// More than [`MOST_BYTES`].
    #[error("`{}` is larger than {} MiB", path.as_str(), MOST_BYTES >> 20)]
    TooLarge {
        /// Where.
        path: ContextPath,
    },
}

impl From<Unfit> for ContextError {
    fn from(unfit: Unfit) -> Self {
        Self(Box::new(unfit))
    }
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

    /// Whether the file at `path` may be executed; `None` where that is not known.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn is_executable(&self, _path: &ContextPath) -> Result<Option<bool>, ContextError> {
        Ok(None)
    }

    /// The path that `path` stands for when links are followed, inside of the context as the engine does it. `None` if links
    /// lead in a circle.
    ///
    /// # Errors
    /// If the context itself cannot be read.
    fn follow(&self, path: &ContextPath) -> Result<Option<ContextPath>, ContextError> {
        Ok(Some(path.clone()))
    }

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
