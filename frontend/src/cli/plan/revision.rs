//! The files of a folder in a revision of git.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::cli::error::CliError;
use crate::project::{Context, ContextError, Kind, followed};
use crate::spec::ContextPath;

/// A folder in a commit.
pub(super) struct Revision {
    folder: PathBuf,
    /// The full id of the commit.
    commit: String,
    /// All files of the folder. Keys: paths relative to the folder. Values: whether the file is a symbolic
    /// link.
    files: BTreeMap<String, bool>,
}

impl Revision {
    /// Looks up `revision` in the repository of `folder`.
    pub(super) fn open(folder: &Path, revision: &str) -> Result<Self, CliError> {
        let wanted = format!("{revision}^{{commit}}");
        let found = git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
            .map_err(|error| CliError::new(format!("git cannot be run: {error}")).help("install git"))?;
        if !found.status.success() {
            let folder = folder.display();
            let error =
                CliError::new(format!("`{revision}` is no revision of a git repository at `{folder}`"));
            return Err(error.help("name a commit, a branch or a tag, as `HEAD` or `main`"));
        }
        let commit = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        let listed = git(folder, &["ls-tree", "-r", "-z", &commit, "./"])
            .map_err(|error| CliError::new(format!("git cannot be run: {error}")))?;
        let listed = String::from_utf8_lossy(&listed.stdout);
        // The format is `MODE TYPE ID<tab>NAME`. The mode of a symbolic link is 120000.
        let entries = listed.split('\0').filter_map(|entry| entry.split_once('\t'));
        let files = entries.map(|(about, name)| (name.to_owned(), about.starts_with("120000"))).collect();
        Ok(Self { folder: folder.to_owned(), commit, files })
    }
}

fn git(folder: &Path, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new("git").arg("-C").arg(folder).args(arguments).output()
}

impl Revision {
    /// The content of a file, or the target of a symbolic link.
    fn blob(&self, path: &str) -> Result<Vec<u8>, ContextError> {
        let object = format!("{}:./{path}", self.commit);
        let read = git(&self.folder, &["cat-file", "blob", &object]);
        let read = read.map_err(|error| ContextError(format!("git cannot be run: {error}").into()))?;
        if read.status.success() {
            return Ok(read.stdout);
        }
        Err(ContextError(String::from_utf8_lossy(&read.stderr).trim().to_owned().into()))
    }
}

impl Context for Revision {
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        let target = self.follow(path)?.filter(|path| self.files.contains_key(path.as_str()));
        target.map(|path| self.blob(path.as_str())).transpose()
    }

    fn follow(&self, path: &ContextPath) -> Result<Option<ContextPath>, ContextError> {
        followed(path, |path| match self.files.get(path) {
            Some(true) => Ok(Some(String::from_utf8_lossy(&self.blob(path)?).into_owned())),
            _ => Ok(None),
        })
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        let Some(path) = self.follow(path)? else { return Ok(None) };
        if self.files.contains_key(path.as_str()) {
            return Ok(Some(Kind::File));
        }
        let inside = format!("{}/", path.as_str());
        Ok(self.files.keys().any(|file| file.starts_with(&inside)).then_some(Kind::Folder))
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        let prefix = if folder.is_root() { String::new() } else { format!("{}/", folder.as_str()) };
        let below = self.files.keys().filter_map(|file| file.strip_prefix(&prefix));
        let names: BTreeSet<_> =
            below.map(|file| file.split('/').next().unwrap_or(file).to_owned()).collect();
        Ok(names.into_iter().collect())
    }
}
