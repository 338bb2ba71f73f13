//! Finds the Python of a base image in a copy of the image's root, without running it.
//!
//! Links are followed inside of this root, as in a running container: an absolute link starts at the root.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::ToolError;
use super::arguments::{PythonVersion, absolute};

/// The usual folders of Python in images, in the order in which a `PATH` has them.
const PLACES: [&str; 4] = ["usr/local/bin", "usr/bin", "bin", "opt/python/bin"];
/// Folders with subfolders that each may have a `bin` folder.
const FAMILIES: [&str; 1] = ["opt"];
/// The number of links that Linux follows in one path.
const LINKS: usize = 40;

/// The folders of an image's `PATH`, without their first `/`. Empty if they are the usual folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SearchPath(Vec<String>);

impl SearchPath {
    /// Reads a value of `PATH`.
    pub(super) fn parse(name: &str, value: &str) -> Result<Self, ToolError> {
        value.split(':').map(|folder| absolute(name, folder)).collect::<Result<_, _>>().map(Self)
    }
}

/// An interpreter of the base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// The path of the program after following all links, without the first `/`.
    pub(super) path: String,
    /// Its version.
    pub(super) version: PythonVersion,
    /// Whether it is a 64-bit program.
    pub(super) wide: bool,
}

/// The error for a base image without the requested Python.
#[derive(Debug, thiserror::Error)]
pub enum InterpreterError {
    /// The image has no Python.
    #[error(
        "the base image has no Python in {}\n  help: choose a base that has Python {wanted}", .places.join(", ")
    )]
    None {
        /// The requested version.
        wanted: String,
        /// The searched folders.
        places: Vec<String>,
    },
    /// The image has only other versions.
    #[error(
        "the base image has no Python {wanted}, but {}\n  help: choose a base that has Python {wanted}, \
         or set `python.version` to what this one has", .found.join(", ")
    )]
    Version {
        /// The requested version.
        wanted: String,
        /// The existing versions, each as `VERSION (PATH)`.
        found: Vec<String>,
    },
    /// The file at the path is not the interpreter itself.
    #[error("`{path}` of the base image {reason}\n  help: choose a base whose Python is a program")]
    Unfit {
        /// The path.
        path: String,
        /// The reason why it cannot be used.
        reason: &'static str,
    },
}

/// Finds the interpreter with a version, or checks the one at `given`.
pub(super) fn find(
    base: &Path,
    wanted: &PythonVersion,
    given: Option<&str>,
    search: &SearchPath,
) -> Result<Interpreter, ToolError> {
    let places = if given.is_some() { Vec::new() } else { places(base, search) };
    let names = [format!("python{}", wanted.text()), "python3".to_owned(), "python".to_owned()];
    let searched = places.iter().flat_map(|place| names.iter().map(move |name| format!("{place}/{name}")));
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unfit = None;
    for path in given.map(str::to_owned).into_iter().chain(searched) {
        // In most images, `/bin` is a link to `/usr/bin`, and `python3` is a link to `python3.11`.
        let Some(target) = resolve(base, &path)?.filter(|target| seen.insert(target.clone())) else {
            continue;
        };
        match inspect(base, &path, target)? {
            Ok(interpreter) if interpreter.version == *wanted => return Ok(interpreter),
            Ok(other) => found.push(format!("{} (/{path})", other.version.text())),
            Err(error) => unfit = unfit.or(Some(error)),
        }
    }
    let wanted = wanted.text().to_owned();
    let looked = given.map_or(places, |path| vec![path.to_owned()]);
    Err(match unfit {
        _ if !found.is_empty() => InterpreterError::Version { wanted, found },
        Some(error) => error,
        None => InterpreterError::None {
            wanted,
            places: looked.iter().map(|place| format!("/{place}")).collect(),
        },
    }
    .into())
}

/// The folders to search: first those of the image's `PATH`, then the usual ones.
fn places(base: &Path, search: &SearchPath) -> Vec<String> {
    let mut places: Vec<String> = search.0.clone();
    let usual = PLACES.iter().filter(|place| !search.0.iter().any(|folder| folder == *place));
    places.extend(usual.map(|place| (*place).to_owned()));
    for family in FAMILIES {
        let entries = fs::read_dir(base.join(family)).into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        places.extend(
            names
                .iter()
                .map(|name| format!("{family}/{name}/bin"))
                .filter(|place| !PLACES.contains(&place.as_str()) && !search.0.contains(place)),
        );
    }
    places
}

/// The target of a path after following all links. Links are interpreted inside of `base`.
pub(super) fn resolve(base: &Path, path: &str) -> Result<Option<String>, ToolError> {
    let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut done: Vec<String> = Vec::new();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.pop();
                continue;
            }
            _ => done.push(part),
        }
        let place = base.join(done.join("/"));
        let failed = |source| ToolError::File { path: place.display().to_string(), source };
        match fs::symlink_metadata(&place) {
            Ok(found) if found.is_symlink() => {
                links += 1;
                if links > LINKS {
                    return Ok(None);
                }
                let target = fs::read_link(&place).map_err(failed)?;
                let Some(target) = target.to_str() else { return Ok(None) };
                done.pop();
                if target.starts_with('/') {
                    done.clear();
                }
                rest.extend(target.split('/').rev().map(str::to_owned));
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(source) => return Err(failed(source)),
        }
    }
    Ok(Some(done.join("/")))
}

/// The interpreter at `target`, which is the target of `path`.
fn inspect(
    base: &Path,
    path: &str,
    target: String,
) -> Result<Result<Interpreter, InterpreterError>, ToolError> {
    let unfit = |reason| Ok(Err(InterpreterError::Unfit { path: format!("/{path}"), reason }));
    let file = base.join(&target);
    let failed = |source| ToolError::File { path: file.display().to_string(), source };
    if !file.is_file() {
        return unfit("is no file");
    }
    let mut start = Vec::new();
    File::open(&file).and_then(|opened| opened.take(5).read_to_end(&mut start)).map_err(failed)?;
    // An ELF header: four fixed bytes, then 1 for 32 bits or 2 for 64 bits.
    let wide = match start.as_slice() {
        [0x7f, b'E', b'L', b'F', class] => *class == 2,
        [b'#', b'!', ..] => return unfit("is a script that starts Python"),
        _ => return unfit("is not a program"),
    };
    let (folder, name) = target.rsplit_once('/').unwrap_or(("", &target));
    let Some(version) = PythonVersion::of_name(name).or_else(|| version_beside(base, folder)) else {
        return unfit("has no version in its name, and no one `lib/python3.X` beside it");
    };
    Ok(Ok(Interpreter { path: target, version, wide }))
}

/// The version of the standard library that belongs to a `bin` folder, if there is exactly one.
fn version_beside(base: &Path, folder: &str) -> Option<PythonVersion> {
    let prefix = folder.rsplit_once('/').map_or("", |(prefix, _)| prefix);
    let entries = fs::read_dir(base.join(prefix).join("lib")).ok()?.filter_map(Result::ok);
    let libraries = entries.filter(|entry| entry.path().join("os.py").is_file());
    let mut versions: Vec<_> =
        libraries.filter_map(|entry| PythonVersion::of_name(entry.file_name().to_str()?)).collect();
    let version = versions.pop()?;
    versions.is_empty().then_some(version)
}
