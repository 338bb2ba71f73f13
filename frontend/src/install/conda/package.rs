//! A package that can be installed: the checks before a byte is written, and the destinations of its files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::archive::Archive;
use super::error::CondaProblem;
use super::extract::Written;
use super::metadata::{Listed, Metadata, PathType};
use crate::install::ToolError;
use crate::install::arguments::PythonVersion;
use crate::install::{layer, limits, overlaps};

/// The package to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The path of the file.
    pub(super) path: PathBuf,
    /// The sha256 that the file must have, hexadecimal.
    pub(super) sha256: Option<String>,
    /// The URL of the file, for the record.
    pub(super) url: String,
}

/// The environment into which packages are installed.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// The path without the first `/`.
    pub(super) prefix: String,
    /// The version of its Python, if it has one.
    pub(super) python: Option<PythonVersion>,
}

impl Environment {
    /// Its path.
    pub(super) fn path(&self) -> String {
        format!("/{}", self.prefix)
    }

    fn site_packages(python: &PythonVersion) -> String {
        format!("lib/python{}/site-packages", python.text())
    }

    /// The destination of a file in a package for any Python version.
    fn place(&self, path: &str) -> Result<String, CondaProblem> {
        let python = self.python.as_ref().ok_or(CondaProblem::NoPython)?;
        Ok(if let Some(rest) = path.strip_prefix("site-packages/") {
            format!("{}/{rest}", Self::site_packages(python))
        } else if let Some(rest) = path.strip_prefix("python-scripts/") {
            format!("bin/{rest}")
        } else {
            path.to_owned()
        })
    }
}

/// A package, with its files by path in the environment.
pub(super) struct Package {
    /// The file name.
    pub(super) file: String,
    /// The name of the package.
    pub(super) name: String,
    /// The file name without its suffix.
    pub(super) stem: String,
    pub(super) source: Source,
    /// The sha256 of the file, hexadecimal.
    pub(super) sha256: String,
    /// The size of the file in bytes.
    pub(super) size: u64,
    pub(super) archive: Archive,
    pub(super) metadata: Metadata,
    pub(super) files: BTreeMap<String, Content>,
    /// Empty folders that must be made.
    pub(super) folders: Vec<String>,
}

/// The content of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A file or link of the archive.
    Member(Listed),
    /// A command that the installer makes.
    Made(String),
}

impl Content {
    /// Whether two packages have the same content, as far as their lists show.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Member(one), Self::Member(other)) => one.sha256.is_some() && one == other,
            (Self::Made(one), Self::Made(other)) => one == other,
            _ => false,
        }
    }
}

impl Package {
    /// Opens a package, checks its hash, and decides the destinations of its files.
    pub(super) fn open(source: &Source, environment: &Environment) -> Result<Self, ToolError> {
        let path = &source.path;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = |error| ToolError::File { path: path.display().to_string(), source: error };
        let (sha256, size) = digest(path).map_err(failed)?;
        if let Some(expected) =
            source.sha256.as_ref().filter(|expected| !expected.eq_ignore_ascii_case(&sha256))
        {
            let problem = CondaProblem::FileHash { expected: expected.clone(), found: sha256 };
            return Err(problem.of(&file).into());
        }
        Self::check(source, &file, (sha256, size), environment).map_err(|problem| problem.of(&file).into())
    }

    fn check(
        source: &Source,
        file: &str,
        (sha256, size): (String, u64),
        environment: &Environment,
    ) -> Result<Self, CondaProblem> {
        let (stem, is_conda) = match (file.strip_suffix(".conda"), file.strip_suffix(".tar.bz2")) {
            (Some(stem), _) => (stem, true),
            (None, Some(stem)) => (stem, false),
            (None, None) => return Err(CondaProblem::FileName),
        };
        if stem.split('-').count() < 3 {
            return Err(CondaProblem::FileName);
        }
        let archive = Archive::open(&source.path, stem, is_conda)?;
        let metadata = Metadata::read(&archive)?;
        let name = identity(stem, &metadata)?;
        let mut package = Self {
            file: file.to_owned(),
            name,
            stem: stem.to_owned(),
            source: source.clone(),
            sha256,
            size,
            archive,
            files: BTreeMap::new(),
            folders: Vec::new(),
            metadata,
        };
        package.place(environment)?;
        if limits::folders(package.files.keys().map(String::as_str)) > limits::FOLDERS {
            return Err(CondaProblem::Limit { what: "folders", limit: limits::FOLDERS });
        }
        Ok(package)
    }

    fn place(&mut self, environment: &Environment) -> Result<(), CondaProblem> {
        for listed in &self.metadata.paths {
            check_path(&listed.path)?;
            let place = if self.metadata.is_noarch_python {
                environment.place(&listed.path)?
            } else {
                listed.path.clone()
            };
            if place == "conda-meta" || place.starts_with("conda-meta/") {
                return Err(CondaProblem::Reserved(place));
            }
            if listed.path_type == PathType::Directory {
                self.folders.push(place);
            } else if self.files.insert(place.clone(), Content::Member(listed.clone())).is_some() {
                return Err(CondaProblem::Twice(place));
            }
        }
        for entry in &self.metadata.entry_points {
            let python = environment.python.as_ref().ok_or(CondaProblem::NoPython)?;
            let (name, text) = command(entry, &environment.path(), python)?;
            let place = format!("bin/{name}");
            if self.files.insert(place.clone(), Content::Made(text)).is_some() {
                return Err(CondaProblem::Twice(place));
            }
        }
        Ok(())
    }

    /// The regular files with modules for any Python version that were written, by path.
    pub(super) fn modules<'w>(
        &self,
        environment: &Environment,
        written: &'w BTreeMap<String, Written>,
    ) -> impl Iterator<Item = &'w str> {
        let python = environment.python.as_ref().filter(|_| self.metadata.is_noarch_python);
        let folder = python.map(|python| format!("{}/", Environment::site_packages(python)));
        written.iter().filter_map(move |(place, written)| {
            let is_module = folder.as_ref().is_some_and(|folder| place.starts_with(folder))
                && place.strip_suffix(".py").is_some()
                && written.path_type == PathType::HardLink;
            is_module.then_some(place.as_str())
        })
    }

    /// The list of installed files, for the comparison of layers. If another package of the layer has
    /// replaced a file, its content is unknown.
    pub(super) fn listed(&self, written: &BTreeMap<String, Written>) -> overlaps::Listed {
        let row = |place: &String| {
            let content =
                written.get(place).map(|written| format!("sha256={},{}", written.sha256, written.size));
            (place.clone(), content.unwrap_or_else(|| ",".to_owned()))
        };
        let rows = self.files.keys().map(row).collect();
        overlaps::Listed {
            name: self.name.to_ascii_lowercase(),
            file: self.file.clone(),
            rows,
            paths_alone: false,
        }
    }

    /// The scripts that conda would run before or after the installation of the files.
    pub(super) fn hooks(&self) -> impl Iterator<Item = &str> {
        let names = ["post-link", "pre-link"].map(|kind| format!("bin/.{}-{kind}.sh", self.name));
        self.files.keys().filter(move |place| names.contains(place)).map(String::as_str)
    }
}

/// The package's name. The description and the file name must contain the same name, version and build.
fn identity(stem: &str, metadata: &Metadata) -> Result<String, CondaProblem> {
    let text = |key| metadata.text(key).unwrap_or_default();
    let own = format!("{}-{}-{}", text("name"), text("version"), text("build"));
    if own != stem {
        return Err(CondaProblem::OtherPackage(own));
    }
    Ok(text("name").to_owned())
}

/// Checks that a path is relative, without `.` and `..`.
pub(super) fn check_path(path: &str) -> Result<(), CondaProblem> {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    if path.len() > limits::PATH
        || path.split('/').count() > limits::DEPTH
        || path.split('/').any(|part| part.len() > limits::NAME)
    {
        return Err(CondaProblem::LongPath(path.chars().take(limits::NAME).collect()));
    }
    if path.split('/').any(layer::is_whiteout) {
        return Err(CondaProblem::Whiteout(path.to_owned()));
    }
    if path.split('/').all(plain) { Ok(()) } else { Err(CondaProblem::Path(path.to_owned())) }
}

/// The name of a command and the program that calls its function.
fn command(entry: &str, prefix: &str, python: &PythonVersion) -> Result<(String, String), CondaProblem> {
    let wrong = || CondaProblem::EntryPoint(entry.to_owned());
    let (name, target) = entry.split_once('=').ok_or_else(wrong)?;
    let (module, function) = target.split_once(':').ok_or_else(wrong)?;
    let (name, module, function) = (name.trim(), module.trim(), function.trim());
    let dotted = |text: &str| {
        let word = |part: &str| {
            !part.is_empty()
                && !part.starts_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        text.split('.').all(word)
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    if name.is_empty()
        || name.starts_with('.')
        || !name.chars().all(plain)
        || !dotted(module)
        || !dotted(function)
    {
        return Err(wrong());
    }
    let import = function.split('.').next().unwrap_or(function);
    let text = format!(
        "#!{prefix}/bin/python{}\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n\nfrom {module} import {import}\n\n\
         if __name__ == '__main__':\n    sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n    \
         sys.exit({function}())\n",
        python.numbers()
    );
    Ok((name.to_owned(), text))
}

/// The sha256 of a file, hexadecimal, and its size.
fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        let got = file.read(&mut buffer)?;
        match buffer.get(..got) {
            Some(piece) if !piece.is_empty() => hasher.update(piece),
            _ => break,
        }
        size += got as u64;
    }
    Ok((hexadecimal(&hasher.finalize()), size))
}

pub(super) fn hexadecimal(digest: &[u8]) -> String {
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
