//! `pybuild tool unpack`: installs wheels into a virtual environment, without Python.
//!
//! ```text
//! unpack --root OUT --prefix /venv --python 3.11 --interpreter /venv/bin/python [--epoch SECONDS]
//!        (--wheel PATH:SHA256[:requested] [--package NAME[==VERSION]] [--direct-url JSON] [--listed paths])...
//!        [--if-any FOLDER] [--list FOLDER]
//! ```
//!
//! `--list` names a folder for a list of the files that each package has installed ([`super::overlaps`]).
//! `--listed paths` is for a wheel whose content changes with every line of its code: the list contains only
//! its paths.
//!
//! `--if-any` names a folder with at most one wheel. This wheel is installed as a requested package. The
//! result depends only on the wheels and the options, not on the number of processors, the clock or the
//! process. First the wheels are checked in parallel, then their members are written in parallel. So even a
//! single large wheel keeps all processors busy. The order of the wheels is that of their installation: if
//! several wheels have the same file, the file of the last wheel is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::arguments::{PythonVersion, absolute, pairs, proven_path, required, seconds, unknown, usage};
use super::overlaps::{self, Listed};
use super::parallel::in_parallel;
use super::tree::{EPOCH, Mode, Tree, parents};
use super::wheel::{Content, Environment, Inflater, Problem, Source, Wheel, Written};
use super::{ToolError, note};

/// Installs the wheels that the arguments name.
///
/// # Errors
/// If an argument is wrong, a wheel is refused ([`super::WheelError`]), or a file cannot be read or written.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let options = parse(arguments)?;
    let environment = &options.environment;
    let opened = in_parallel(&options.sources, || (), |source, ()| Wheel::open(source, environment));
    let wheels = opened.into_iter().collect::<Result<Vec<_>, _>>()?;
    check_packages(&wheels)?;
    let mut jobs = assign(&wheels)?;
    let mut tree = Tree::new(options.root, options.seconds)?;
    let prefix = &environment.prefix;
    // These folders are always made, so that the layers of all groups have the same folders.
    let folders = jobs.iter().filter_map(|job| Some(job.place.rsplit_once('/')?.0));
    let folders: Vec<_> = folders.map(|folder| format!("{prefix}/{folder}")).collect();
    let site = format!("{prefix}/{}", environment.site_packages());
    tree.folders(folders.iter().chain([&site]).map(String::as_str))?;
    // Large files come first. Otherwise a large file at the end would keep only one processor busy.
    jobs.sort_by_key(|job| std::cmp::Reverse(job.content.size()));
    let written = in_parallel(&jobs, Inflater::new, |job, inflater| {
        let path = format!("{prefix}/{}", job.place);
        let place = (&tree, path.as_str());
        job.wheel.1.extract(job.content, place, job.mode, &environment.interpreter, inflater)
    });
    let mut facts: Vec<BTreeMap<&str, Written>> = wheels.iter().map(|_| BTreeMap::new()).collect();
    let mut failed: Option<(&str, ToolError)> = None;
    for (job, result) in jobs.iter().zip(written) {
        match result {
            Ok(Some(written)) => {
                if let Some(facts) = facts.get_mut(job.wheel.0) {
                    facts.insert(job.place, written);
                }
            }
            // The first path decides, so that the reported error is always the same.
            Err(error) if failed.as_ref().is_none_or(|(place, _)| job.place < *place) => {
                failed = Some((job.place, error));
            }
            Ok(None) | Err(_) => {}
        }
    }
    if let Some((_, error)) = failed {
        return Err(error);
    }
    for (wheel, facts) in wheels.iter().zip(&facts) {
        let (place, text) = wheel.record(environment, facts);
        tree.write(&format!("{prefix}/{place}"), text.as_bytes(), Mode::Plain)?;
        for line in wheel.oddities(facts) {
            note(&format!("{}: {line}", wheel.file));
        }
    }
    tree.settle()?;
    let Some(list) = options.list else { return Ok(()) };
    let packages: Vec<Listed> = wheels
        .iter()
        .zip(&facts)
        .zip(&options.sources)
        .map(|((wheel, facts), source)| Listed {
            name: wheel.package(),
            file: wheel.file.clone(),
            rows: wheel.listed(facts),
            paths_alone: source.paths_alone,
        })
        .collect();
    overlaps::write_list(list, &packages)
}

#[derive(Debug)]
struct Options {
    root: PathBuf,
    environment: Environment,
    seconds: u32,
    sources: Vec<Source>,
    /// The folder for the list of installed files.
    list: Option<PathBuf>,
}

fn parse(arguments: &[String]) -> Result<Options, ToolError> {
    let (mut root, mut prefix, mut python, mut interpreter) = (None, None, None, None);
    let (mut time, mut list) = (EPOCH, None);
    let mut sources: Vec<Source> = Vec::new();
    for pair in pairs(arguments) {
        match pair? {
            ("--root", value) => root = Some(PathBuf::from(value)),
            (name @ "--prefix", value) => prefix = Some(absolute(name, value)?),
            ("--python", value) => python = Some(PythonVersion::parse(value)?),
            (name @ "--interpreter", value) => interpreter = Some(format!("/{}", absolute(name, value)?)),
            ("--epoch", value) => time = seconds(value)?,
            ("--wheel", value) => sources.push(source(value)?),
            ("--package", value) => {
                let (name, version) = match value.split_once("==") {
                    Some((name, version)) => (name, Some(version.to_owned())),
                    None => (value, None),
                };
                match sources.last_mut() {
                    Some(source) => source.expected = Some((name.to_owned(), version)),
                    None => return Err(usage("`--package` stands before any `--wheel`")),
                }
            }
            ("--listed", "paths") => match sources.last_mut() {
                Some(source) => source.paths_alone = true,
                None => return Err(usage("`--listed` stands before any `--wheel`")),
            },
            ("--list", value) => list = Some(PathBuf::from(value)),
            ("--if-any", value) => sources.extend(only_wheel(value)?),
            ("--direct-url", value) => match sources.last_mut() {
                Some(source) => source.direct_url = Some(value.to_owned()),
                None => return Err(usage("`--direct-url` stands before any `--wheel`")),
            },
            (name, _) => return Err(unknown(name)),
        }
    }
    let environment = Environment {
        prefix: required(prefix, "--prefix")?,
        python: required(python, "--python")?,
        interpreter: required(interpreter, "--interpreter")?,
    };
    Ok(Options { root: required(root, "--root")?, environment, seconds: time, sources, list })
}

/// Reads `PATH:SHA256[:requested]`. Another hash stands with its name instead of the SHA-256. A wheel that
/// was built in the same build has `-` instead of a hash.
fn source(value: &str) -> Result<Source, ToolError> {
    let wrong = || usage(format!("`{value}` is not PATH:SHA256 or PATH:SHA256:requested"));
    let (rest, requested) = match value.strip_suffix(":requested") {
        Some(rest) => (rest, true),
        None => (value, false),
    };
    let (path, hash) = proven_path(rest).ok_or_else(wrong)?;
    Ok(Source { path, hash, requested, direct_url: None, expected: None, paths_alone: false })
}

/// The wheel in a folder, which may be empty.
fn only_wheel(folder: &str) -> Result<Option<Source>, ToolError> {
    let failed = |source| ToolError::File { path: folder.to_owned(), source };
    let is_empty = fs::read_dir(folder).map_err(failed)?.next().is_none();
    Ok((!is_empty).then(|| Source {
        path: folder.into(),
        hash: None,
        requested: true,
        direct_url: None,
        expected: None,
        paths_alone: false,
    }))
}

/// A file to write.
struct Job<'w> {
    place: &'w str,
    /// The wheel, and its index in the order of installation.
    wheel: (usize, &'w Wheel),
    content: &'w Content,
    mode: Mode,
}

fn check_packages(wheels: &[Wheel]) -> Result<(), ToolError> {
    let mut packages: BTreeMap<String, &str> = BTreeMap::new();
    for wheel in wheels {
        if let Some(other) = packages.insert(wheel.package(), &wheel.file) {
            return Err(Problem::SamePackage(other.to_owned()).of(&wheel.file).into());
        }
    }
    Ok(())
}

/// Decides which wheel writes each file. A file that several wheels have is written once.
fn assign(wheels: &[Wheel]) -> Result<Vec<Job<'_>>, ToolError> {
    let mut jobs: BTreeMap<&str, Job<'_>> = BTreeMap::new();
    // The paths of files with different contents, by the first and the last wheel with the file.
    let mut replaced: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for wheel in wheels.iter().enumerate() {
        for (place, content) in &wheel.1.files {
            let job = Job { place, wheel, content, mode: content.mode() };
            match jobs.get_mut(place.as_str()) {
                None => drop(jobs.insert(place, job)),
                Some(other) if other.content.is_same(content) => other.mode = other.mode.max(content.mode()),
                Some(other) => {
                    replaced.entry((other.wheel.0, wheel.0)).or_default().push(place);
                    *other = job;
                }
            }
        }
    }
    for job in jobs.values() {
        if let Some(other) = parents(job.place).find_map(|parent| jobs.get(parent)) {
            return Err(Problem::FileAndFolder(other.place.to_owned()).of(&other.wheel.1.file).into());
        }
    }
    for ((first, last), places) in replaced {
        if let (Some(first), Some(last), Some(place)) = (wheels.get(first), wheels.get(last), places.first())
        {
            note(&conflict(&first.file, &last.file, place, places.len()));
        }
    }
    Ok(jobs.into_values().collect())
}

/// The message for two wheels with the same files, as the step's output shows it.
pub(super) fn conflict(first: &str, last: &str, place: &str, count: usize) -> String {
    let files = match count {
        1 => format!("`{place}`"),
        _ => format!("{count} files, such as `{place}`"),
    };
    format!(
        "warning: {first} and {last} both bring {files}, with different contents: those of {last} are kept"
    )
}
