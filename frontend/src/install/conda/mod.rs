//! `pybuild tool conda`: installs conda packages into an environment, without conda.
//!
//! ```text
//! conda --root OUT --prefix /venv [--python 3.11 [--bytecode BASE]] [--epoch SECONDS]
//!       [--list FOLDER] (--package PATH:SHA256 --url URL)...
//! ```
//!
//! The order of the packages is that of their installation: if several packages have the same file, the file
//! of the last package is kept. `--list` names a folder for a list of the files that each package has
//! installed ([`super::overlaps`]).
//!
//! The package's list decides the paths of its files. Modules for any Python version are installed into the
//! environment's `site-packages`. The path for which a package was built is replaced by the environment's
//! path. No script of a package runs. The result depends only on the packages and the options.
//!
//! `--bytecode` names the root of an image whose Python compiles modules for any Python version. conda uses
//! the environment's Python for this. Other packages contain their own bytecode.
//!
//! Names that differ only in case are allowed, because packages of terminal descriptions have had them for
//! decades.

mod archive;
mod error;
mod extract;
mod metadata;
mod package;
mod prefix;
mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use error::{CondaError, CondaProblem};
use package::{Environment, Package, Source};

use super::arguments::{PythonVersion, absolute, hashed_path, pairs, required, seconds, unknown, usage};
use super::overlaps::{self, Listed};
use super::parallel::in_parallel;
use super::tree::{EPOCH, Mode, Tree, parents};
use super::unpack::conflict;
use super::{ToolError, bytecode, note};

/// Installs the packages that the arguments name.
///
/// # Errors
/// If an argument is wrong, a package is refused ([`CondaError`]), or a file cannot be read or written.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let Options { root, environment, bytecode, seconds, sources, list } = parse(arguments)?;
    let opened = in_parallel(&sources, || (), |source, ()| Package::open(source, &environment));
    let packages = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
    let owners = owners(&packages)?;
    let mut tree = Tree::new(root.clone(), seconds)?;
    let prefix = &environment.prefix;
    // These folders are always made, so that the layers of all groups have the same folders.
    let parents = owners.keys().filter_map(|place| Some(place.rsplit_once('/')?.0));
    let empty = packages.iter().flat_map(|package| package.folders.iter().map(String::as_str));
    let folders: BTreeSet<String> = parents
        .chain(empty)
        .chain(["bin", "lib", "conda-meta"])
        .map(|folder| format!("{prefix}/{folder}"))
        .collect();
    tree.folders(folders.iter().map(String::as_str))?;
    let numbered: Vec<_> = packages.iter().enumerate().collect();
    let written = in_parallel(
        &numbered,
        || (),
        |(number, package), ()| {
            let owned =
                owners.iter().filter(|(_, owner)| *owner == number).map(|(place, _)| *place).collect();
            package.extract(&environment, &tree, &owned)
        },
    );
    let written = written.into_iter().collect::<Result<Vec<_>, _>>()?;
    // A link of one package can lead through links of another package.
    for (package, written) in packages.iter().zip(&written) {
        package.check_links(&environment, &tree, written)?;
    }
    let listed: Vec<Listed> =
        packages.iter().zip(&written).map(|(package, written)| package.listed(written)).collect();
    let mut modules = Vec::new();
    for (package, written) in packages.iter().zip(written) {
        let place = format!("{prefix}/conda-meta/{}.json", package.stem);
        tree.write(&place, record::record(package, &written).as_bytes(), Mode::Plain)?;
        let sources = package.modules(&environment, &written);
        modules.extend(
            sources.filter(|place| !has_bytecode(&owners, place)).map(|place| format!("{prefix}/{place}")),
        );
        for hook in package.hooks() {
            note(&format!("{} brings {hook}, which conda would run; it is not run here", package.file));
        }
    }
    // conda recognises an environment by this file.
    tree.write(&format!("{prefix}/conda-meta/history"), b"", Mode::Plain)?;
    tree.settle()?;
    if let (Some(base), Some(python)) = (bytecode, &environment.python) {
        bytecode::beside(&root, &modules, &base, python, seconds)?;
    }
    list.map_or(Ok(()), |folder| overlaps::write_list(folder, &listed))
}

/// Whether a package contains the bytecode of a module.
fn has_bytecode(owners: &BTreeMap<&str, usize>, place: &str) -> bool {
    let Some((folder, name)) = place.rsplit_once('/') else { return false };
    let start = format!("{folder}/__pycache__/{}.", name.trim_end_matches(".py"));
    owners.range(start.as_str()..).next().is_some_and(|(other, _)| other.starts_with(&start))
}

#[derive(Debug)]
struct Options {
    root: PathBuf,
    environment: Environment,
    bytecode: Option<PathBuf>,
    seconds: u32,
    sources: Vec<Source>,
    list: Option<PathBuf>,
}

fn parse(arguments: &[String]) -> Result<Options, ToolError> {
    let (mut root, mut prefix, mut python, mut bytecode, mut list) = (None, None, None, None, None);
    let mut time = EPOCH;
    let mut sources: Vec<Source> = Vec::new();
    for pair in pairs(arguments) {
        match pair? {
            ("--root", value) => root = Some(PathBuf::from(value)),
            (name @ "--prefix", value) => prefix = Some(absolute(name, value)?),
            ("--python", value) => python = Some(PythonVersion::parse(value)?),
            ("--bytecode", value) => bytecode = Some(PathBuf::from(value)),
            ("--list", value) => list = Some(PathBuf::from(value)),
            ("--epoch", value) => time = seconds(value)?,
            ("--package", value) => sources.push(source(value)?),
            ("--url", value) => match sources.last_mut() {
                Some(source) => value.clone_into(&mut source.url),
                None => return Err(usage("`--url` stands before any `--package`")),
            },
            (name, _) => return Err(unknown(name)),
        }
    }
    let environment = Environment { prefix: required(prefix, "--prefix")?, python };
    Ok(Options { root: required(root, "--root")?, environment, bytecode, seconds: time, sources, list })
}

/// Reads `PATH:SHA256`, with `-` for an unknown hash.
fn source(value: &str) -> Result<Source, ToolError> {
    let found = hashed_path(value).ok_or_else(|| usage(format!("`{value}` is not PATH:SHA256")));
    let (path, sha256) = found?;
    Ok(Source { path, sha256, url: String::new() })
}

/// Decides which package writes each file: the one that is installed last.
fn owners(packages: &[Package]) -> Result<BTreeMap<&str, usize>, ToolError> {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    // The paths of each pair of packages: first the package whose file is replaced, then the package whose
    // file is kept.
    let mut pairs: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for (number, package) in packages.iter().enumerate() {
        for (place, content) in &package.files {
            let Some(other) = owners.insert(place, number) else { continue };
            let known = packages.get(other).and_then(|other| other.files.get(place));
            if !known.is_some_and(|known| known.is_same(content)) {
                pairs.entry((other, number)).or_default().push(place);
            }
        }
    }
    for ((other, number), places) in pairs {
        let [Some(other), Some(package)] = [other, number].map(|at| packages.get(at)) else { continue };
        if let Some(place) = places.first() {
            note(&conflict(&other.file, &package.file, place, places.len()));
        }
    }
    let folders =
        packages.iter().flat_map(|package| package.folders.iter().map(move |folder| (folder, package)));
    for (folder, package) in folders {
        if owners.contains_key(folder.as_str()) {
            return Err(CondaProblem::FileAndFolder(folder.clone()).of(&package.file).into());
        }
    }
    for (place, number) in &owners {
        if let Some(parent) = parents(place).find(|parent| owners.contains_key(parent))
            && let Some(package) = packages.get(*number)
        {
            return Err(CondaProblem::FileAndFolder(parent.to_owned()).of(&package.file).into());
        }
    }
    Ok(owners)
}
