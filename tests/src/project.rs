//! A project on disk: a copy of an example or a fixture in a temporary folder, free to be changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::stdout;
use crate::engine::{DEFAULT_FRONTEND, Engine, repository};
use crate::failure::{Failure, Result};
use crate::unique;

/// A folder that goes away with its value.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// A project with the given files. Their build file may start with the usual syntax line.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn with(files: &[(&str, &str)]) -> Result<Self> {
        let project = Self { folder: TempDir::new().map_err(Failure::io("creating a project"))? };
        for (path, text) in files {
            project.write(path, text)?;
        }
        project.point_at_frontend()?;
        Ok(project)
    }

    /// A copy of `examples/NAME`.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn example(name: &str) -> Result<Self> {
        Self::copy_of(&examples().join(name))
    }

    /// A copy of `tests/fixtures/NAME`.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn fixture(name: &str) -> Result<Self> {
        Self::copy_of(&fixtures().join(name))
    }

    fn copy_of(source: &Path) -> Result<Self> {
        let project = Self::with(&[])?;
        copy_folder(source, project.path())?;
        project.point_at_frontend()?;
        Ok(project)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &str, text: &str) -> Result {
        let file = self.path().join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(Failure::io(format!("creating {}", parent.display())))?;
        }
        fs::write(&file, text).map_err(Failure::io(format!("writing {}", file.display())))
    }

    /// Writes a file that is no text, and the folders above it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_bytes(&self, path: &str, content: &[u8]) -> Result {
        self.write(path, "")?;
        let file = self.path().join(path);
        fs::write(&file, content).map_err(Failure::io(format!("writing {}", file.display())))
    }

    /// Makes a symbolic link at `path`.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn link(&self, path: &str, target: &str) -> Result {
        std::os::unix::fs::symlink(target, self.path().join(path))
            .map_err(Failure::io(format!("linking {path}")))
    }

    /// A file's text.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, path: &str) -> Result<String> {
        let file = self.path().join(path);
        fs::read_to_string(&file).map_err(Failure::io(format!("reading {}", file.display())))
    }

    /// Replaces the one place where `old` stands in a file.
    ///
    /// # Errors
    /// If it stands there never or more than once: the test would not do what it says.
    pub fn replace(&self, path: &str, old: &str, new: &str) -> Result {
        let text = self.read(path)?;
        let times = text.matches(old).count();
        if times != 1 {
            return Err(Failure::Unexpected(format!("`{old}` stands {times} times in {path}")));
        }
        self.write(path, &text.replace(old, new))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// If it is there and stays.
    pub fn remove(&self, path: &str) -> Result {
        let file = self.path().join(path);
        if !file.exists() {
            return Ok(());
        }
        fs::remove_file(&file).map_err(Failure::io(format!("removing {}", file.display())))
    }

    /// Adds text at a file's end.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn append(&self, path: &str, text: &str) -> Result {
        let before = self.read(path)?;
        self.write(path, &format!("{before}{text}"))
    }

    /// A tar of the folder, beside it. It goes away with the returned value.
    ///
    /// # Errors
    /// If `tar` fails.
    pub fn tar(&self) -> Result<Archive> {
        let folder = temporary_folder()?;
        let path = folder.path().join("context.tar");
        let mut tar = Command::new("tar");
        stdout(tar.arg("-cf").arg(&path).arg("-C").arg(self.path()).arg("."))?;
        Ok(Archive { path, _folder: folder })
    }

    /// All regular files below `folder`, by their paths relative to it.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
        let mut found = BTreeMap::new();
        list(folder, "", &mut found)?;
        Ok(found)
    }

    /// The files name the frontend as users of this checkout do; the tests may be told another one. For build
    /// files that a test has written since.
    ///
    /// # Errors
    /// If the engine is not there, or a file cannot be written.
    pub fn point_at_frontend(&self) -> Result {
        let syntax = format!("# syntax={DEFAULT_FRONTEND}");
        for name in
            names_in(self.path())?.iter().filter(|name| Path::new(name).extension() == Some("toml".as_ref()))
        {
            let text = self.read(name)?;
            if text.starts_with(&syntax) {
                let frontend = Engine::get()?.frontend();
                self.write(name, &text.replacen(&syntax, &format!("# syntax={frontend}"), 1))?;
            }
        }
        Ok(())
    }
}

/// A tar file that goes away with its value.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    _folder: TempDir,
}

impl Archive {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A text that stands in no cache yet: put into a file or a command, it makes a step new.
pub fn nonce() -> String {
    unique::name()
}

/// The folder of the fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The folder of the examples.
pub fn examples() -> PathBuf {
    repository().join("examples")
}

/// An empty folder that goes away with its value.
///
/// # Errors
/// If it cannot be made.
pub fn temporary_folder() -> Result<TempDir> {
    TempDir::new().map_err(Failure::io("creating a temporary folder"))
}

/// The names of the entries of a folder, sorted.
///
/// # Errors
/// If it cannot be listed.
pub fn names_in(folder: &Path) -> Result<BTreeSet<String>> {
    let what = || format!("listing {}", folder.display());
    let entries = fs::read_dir(folder).map_err(Failure::io(what()))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect::<std::io::Result<_>>().map_err(Failure::io(what()))
}

fn copy_folder(source: &Path, target: &Path) -> Result {
    for (path, file) in Project::files(source)? {
        let copy = target.join(path);
        if let Some(parent) = copy.parent() {
            fs::create_dir_all(parent).map_err(Failure::io(format!("creating {}", parent.display())))?;
        }
        fs::copy(&file, &copy).map_err(Failure::io(format!("copying {}", file.display())))?;
    }
    Ok(())
}

fn list(folder: &Path, prefix: &str, found: &mut BTreeMap<String, PathBuf>) -> Result {
    for name in names_in(folder)? {
        let path = folder.join(&name);
        let relative = format!("{prefix}{name}");
        if !path.is_dir() {
            found.insert(relative, path);
        } else if name != "__pycache__" && !name.ends_with("_cache") {
            // What the examples' own tools leave behind when they are run in place is not part of them.
            list(&path, &format!("{relative}/"), found)?;
        }
    }
    Ok(())
}
