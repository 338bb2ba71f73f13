//! Environments of conda packages, and the wheels on top of them.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use buildkit_llb::Platform;
use pep440_rs::Version;

use super::choose::unusable;
use super::trust::doubts;
use super::{CondaQuestion, Environments, Question, ResolveError, Resolver, libc_of, pins_of};
use crate::address::FileName;
use crate::conda::{
    self, Address, Channel, CondaLock, CondaName, Entry, EnvironmentFile, Format, SelectError, select,
    subdir_of,
};
use crate::diagnostics::{Diagnostics, Place, Problem, Severity, Source};
use crate::lock::Hash;
use crate::plan::{BuildFrom, CondaFrom, CondaPlan, CondaSet, CondaTool, WheelFrom, WheelPlan, WheelSet};
use crate::project::{
    BuildSettings, Conda, CondaSource, Project, PythonVersion, Requirements, Wanted, normalized,
};
use crate::spec::{ContextPath, Spec};
use crate::tags::{Architecture, Libc, Python, Target, WheelName};

impl CondaQuestion {
    /// The files of the context that list the packages of channels.
    pub fn context_paths(&self) -> Vec<String> {
        let folders = self.channels.iter().filter_map(|channel| match channel {
            Channel::Folder(path) => Some(path),
            Channel::Named(_) => None,
        });
        folders
            .flat_map(|path| {
                [self.platform.as_str(), "noarch"].map(|subdir| format!("{path}/{subdir}/repodata.json"))
            })
            .collect()
    }
}

/// The conda packages from which the environments of one platform are made.
struct Resolved {
    lock: Arc<CondaLock>,
    /// The file in which errors are shown; `None` for a fresh resolution.
    source: Option<Arc<Source>>,
    subdir: &'static str,
}

/// The packages of one set of groups.
struct Contents {
    conda: Vec<CondaPlan>,
    wheels: Vec<WheelPlan>,
}

/// Like [`super::wheel_sets`], for a project with conda packages.
pub(super) fn sets(
    spec: &Spec,
    project: &Project,
    conda: &Conda,
    wanted: &BTreeSet<Vec<String>>,
    platform: &Platform,
    resolver: &dyn Resolver,
    found: &mut Diagnostics,
) -> Result<BTreeMap<Vec<String>, WheelSet>, ResolveError> {
    let none = Ok(BTreeMap::new());
    let libc = spec.python.libc.unwrap_or_else(|| libc_of(spec));
    let Some(subdir) = subdir_of(&platform.format()) else {
        let message = format!("conda has no packages for {}", platform.format());
        found.report(&spec.source, spec.anywhere(), Problem::Lock { message, help: Vec::new() });
        return none;
    };
    let Libc::Glibc { major, minor } = libc else {
        let span = spec.python.base.as_ref().map_or_else(|| spec.anywhere(), |base| base.span);
        let message = "conda packages are made for glibc, and the base image has musl".to_owned();
        let help = vec!["use a base such as `debian:trixie-slim`".to_owned()];
        found.report(&spec.source, span, Problem::Lock { message, help });
        return none;
    };
    let contents = match &conda.says {
        CondaSource::Locked(lock) => {
            Resolved { lock: Arc::clone(lock), source: Some(Arc::clone(&conda.source)), subdir }
        }
        CondaSource::Environment(file) => {
            let Some(question) = question(conda, file, subdir, format!("{major}.{minor}")) else {
                let message = "a channel lies outside of the build context".to_owned();
                found.report(
                    &conda.source,
                    conda.source.line_span(1),
                    Problem::Lock { message, help: Vec::new() },
                );
                return none;
            };
            let lock = ask(resolver, question, asked_by(conda, file))?;
            Resolved { lock: Arc::new(lock), source: None, subdir }
        }
    };
    let Some((python, target)) = python_of(&contents, conda, spec, platform, libc, found) else {
        return none;
    };
    let environments =
        Environments { spec, project, target, resolver, found, base: None, locked: Vec::new() };
    let tool = match contents.lock.format {
        Format::CondaLock => CondaTool::Conda,
        Format::Pixi => CondaTool::Rattler,
    };
    let mut builder = Builder { environments, conda, resolved: contents };
    let Some(base) = builder.contents(&[])? else { return none };
    // No official image has the free-threaded Python, so nothing can compile its bytecode.
    let bytecode = spec.dependencies.bytecode && !python.ends_with('t');
    let mut sets = BTreeMap::new();
    for groups in wanted {
        let Some(all) = builder.contents(groups)? else { continue };
        let packages = CondaSet::new(base.conda.clone(), all.conda, tool);
        sets.insert(
            groups.clone(),
            WheelSet::on_conda(python.clone(), packages, &base.wheels, all.wheels, bytecode),
        );
    }
    Ok(sets)
}

/// The question to the solver; `None` if a channel is outside of the context.
fn question(conda: &Conda, file: &EnvironmentFile, subdir: &str, glibc: String) -> Option<CondaQuestion> {
    let channels = file.channels.iter().map(|channel| match channel {
        Channel::Folder(path) => Some(Channel::Folder(conda.path.sibling(path)?.as_str().to_owned())),
        Channel::Named(_) => Some(channel.clone()),
    });
    Some(CondaQuestion {
        file: conda.path.as_str().to_owned(),
        specs: file.dependencies.iter().map(|asked| asked.text.clone()).collect(),
        channels: channels.collect::<Option<Vec<_>>>()?,
        platform: subdir.to_owned(),
        glibc,
    })
}

/// The packages that the file asks for, by name.
fn asked_by(conda: &Conda, file: &EnvironmentFile) -> Vec<Wanted> {
    let asked = file.dependencies.iter();
    asked
        .filter_map(|asked| {
            // `channel::name`
            let (_, package) = asked.text.rsplit_once("::").unwrap_or(("", &asked.text));
            Wanted::of(package.trim(), &conda.source, asked.span)
        })
        .collect()
}

fn ask(
    resolver: &dyn Resolver,
    question: CondaQuestion,
    wanted: Vec<Wanted>,
) -> Result<CondaLock, ResolveError> {
    let requirements = Requirements { wanted, ..Requirements::default() };
    let text = resolver.resolve(&Question { conda: Some(question), requirements, ..Question::default() })?;
    let source = Source::new("conda-lock.yml", text);
    conda::parse(Format::CondaLock, &source).map_err(|error| ResolveError(Box::new(error)))
}

/// The environment's Python: its version for the tool, and the target for which wheels are selected.
fn python_of(
    resolved: &Resolved,
    conda: &Conda,
    spec: &Spec,
    platform: &Platform,
    libc: Libc,
    found: &mut Diagnostics,
) -> Option<(String, Target)> {
    let chosen = match select(&resolved.lock, resolved.subdir, &BTreeSet::new()) {
        Ok(chosen) => chosen,
        Err(errors) => {
            report(&errors, resolved, conda, found);
            return None;
        }
    };
    let entry = chosen.conda.get("python").copied();
    let version = entry.and_then(|entry| PythonVersion::parse(entry.version.as_deref()?));
    let (Some(entry), Some(version)) = (entry, version) else {
        let message = format!("{} has no `python` of version 3", conda.path.as_str());
        let help = vec!["add `python` to the environment's packages".to_owned()];
        found.report(&conda.source, conda.source.line_span(1), Problem::Lock { message, help });
        return None;
    };
    if let Some(asked) = &spec.python.version
        && let Some(wanted) = PythonVersion::parse(&asked.value)
        && (wanted.minor != version.minor || wanted.patch.is_some_and(|patch| version.patch != Some(patch)))
    {
        let message = format!("Python {wanted} is asked for, and {} has {version}", conda.path.as_str());
        let help = vec!["leave `version` out: the environment's packages say it".to_owned()];
        found.report(&spec.source, asked.span, Problem::Lock { message, help });
        return None;
    }
    let build = CondaName::of_file(entry.address.file()).map(|name| name.build).unwrap_or_default();
    let tag = build.rsplit('_').next().unwrap_or_default();
    let free_threaded = tag.starts_with("cp3") && tag.ends_with('t');
    let architecture = Architecture::of_platform(&platform.format());
    let architecture = architecture.map_err(|error| {
        let problem = Problem::Lock { message: error.to_string(), help: Vec::new() };
        found.report(&spec.source, spec.anywhere(), problem);
    });
    let python = Python {
        major: 3,
        minor: u64::from(version.minor),
        patch: version.patch.map(u64::from),
        free_threaded,
    };
    Some((python.library(), Target { python, architecture: architecture.ok()?, libc }))
}

fn report(errors: &[SelectError], resolved: &Resolved, conda: &Conda, found: &mut Diagnostics) {
    for error in errors {
        let help = match error {
            SelectError::Platform { .. } => {
                vec![format!("add the platform and lock again: `{}`", resolved.lock.format.renew())]
            }
            SelectError::Unhashed { .. } => {
                vec![format!("lock again with a newer `{}`", resolved.lock.format.renew())]
            }
            SelectError::Conflict { group, .. } => {
                vec![format!("lock `{group}` together with the others, so that they agree")]
            }
        };
        let problem = Problem::Lock { message: error.to_string(), help };
        let span = error.span().filter(|_| resolved.source.is_some());
        found.report(&conda.source, span.unwrap_or_else(|| conda.source.line_span(1)), problem);
    }
}

struct Builder<'a> {
    environments: Environments<'a>,
    conda: &'a Conda,
    resolved: Resolved,
}

impl Builder<'_> {
    /// The packages of an environment with `groups`; `None` if an error was reported.
    fn contents(&mut self, groups: &[String]) -> Result<Option<Contents>, ResolveError> {
        let project = self.environments.project;
        let extras = self.environments.spec.dependencies.extras.iter().map(|extra| normalized(&extra.value));
        let asked: BTreeSet<String> = extras.chain(groups.iter().cloned()).collect();
        let (locked, beside): (BTreeSet<String>, BTreeSet<String>) =
            asked.into_iter().partition(|name| self.resolved.lock.groups.contains(name));
        let chosen = match select(&self.resolved.lock, self.resolved.subdir, &locked) {
            Ok(chosen) => chosen,
            Err(errors) => {
                report(&errors, &self.resolved, self.conda, self.environments.found);
                return Ok(None);
            }
        };
        let mut complete = true;
        let mut conda = Vec::new();
        for entry in chosen.conda.values() {
            match package(entry, self.conda) {
                Ok(package) => conda.push(package),
                Err(problem) => {
                    self.environments.found.report(&self.conda.source, entry.span, problem);
                    complete = false;
                }
            }
        }
        let mut wheels = Vec::new();
        for entry in chosen.python.values() {
            match wheel(entry, self.conda, self.environments.spec) {
                Ok(wheel) => {
                    for problem in wheel.iter().flat_map(|wheel| doubts(wheel, self.environments.spec)) {
                        complete &= problem.severity() == Severity::Warning;
                        self.environments.found.report(&self.conda.source, entry.span, problem);
                    }
                    wheels.extend(wheel);
                }
                Err(problem) => {
                    self.environments.found.report(&self.conda.source, entry.span, problem);
                    complete = false;
                }
            }
        }
        if !complete {
            return Ok(None);
        }
        let named = beside.iter().filter_map(|name| project.groups.get(name));
        let requirements = named.fold(project.requirements.clone(), |all, group| all.with(group));
        if !requirements.is_empty() {
            let Some(more) = self.beside(&requirements, &conda, &wheels)? else { return Ok(None) };
            wheels.extend(more);
        }
        wheels.sort();
        Ok(Some(Contents { conda, wheels }))
    }

    /// Wheels for requirements that are not locked. They must agree with the packages of the environment,
    /// which are left out of the answer.
    fn beside(
        &mut self,
        requirements: &Requirements,
        conda: &[CondaPlan],
        wheels: &[WheelPlan],
    ) -> Result<Option<Vec<WheelPlan>>, ResolveError> {
        let comparable = conda.iter().filter(|package| Version::from_str(&package.version).is_ok());
        let mut pins: Vec<_> =
            comparable.map(|package| format!("{}=={}", package.name, package.version)).collect();
        // The resolver refuses names that an index of Python packages cannot have.
        pins.retain(|pin| pin.starts_with(|c: char| c.is_ascii_alphanumeric()));
        pins.extend(pins_of(wheels));
        let there: BTreeSet<String> = conda
            .iter()
            .map(|package| normalized(&package.name))
            .chain(wheels.iter().map(|wheel| wheel.name.clone()))
            .collect();
        let more = self.environments.unlocked(requirements, &pins)?;
        Ok(more.map(|more| more.into_iter().filter(|wheel| !there.contains(&wheel.name)).collect()))
    }
}

/// A conda package with the place from which it is fetched.
fn package(entry: &Entry, conda: &Conda) -> Result<CondaPlan, Problem> {
    let from = match &entry.address {
        Address::Url(url) => CondaFrom::Http(url.without_fragment()),
        Address::Path(path) => CondaFrom::Context(in_context(path, conda)?),
        Address::Repository(_) => return Err(from_repository(entry)),
    };
    let file = FileName::of_address(entry.address.as_str()).map_err(|error| unusable(&error))?;
    check_name(&file, entry)?;
    Ok(CondaPlan {
        name: entry.name.clone(),
        version: entry.version.clone().unwrap_or_default(),
        file,
        from,
        sha256: entry.sha256.clone().unwrap_or_default(),
        size: entry.size,
        requires: entry.requires.clone(),
        at: place(entry, conda),
    })
}

/// Checks that the name of a conda file is that of the lock entry. The package in the file is compared with
/// this name when it is unpacked. Package names in channels are in lower case, but some old files have
/// capitals.
fn check_name(file: &FileName, entry: &Entry) -> Result<(), Problem> {
    let named = CondaName::of_file(file.as_str());
    let is_same = named.is_some_and(|named| {
        named.name.eq_ignore_ascii_case(&entry.name)
            && entry.version.as_ref().is_none_or(|version| *version == named.version)
    });
    if is_same { Ok(()) } else { Err(other_file(file, entry)) }
}

/// Like [`check_name`], for a wheel. As in uv, its version may have a local part that the lock does not have.
fn check_wheel(file: &FileName, entry: &Entry) -> Result<(), Problem> {
    let Ok(wheel) = WheelName::parse(file.as_str()) else { return Ok(()) };
    let version = entry.version.as_deref().and_then(|version| Version::from_str(version).ok());
    let is_version =
        |version: &Version| wheel.version == *version || wheel.version.clone().without_local() == *version;
    let is_name = wheel.name.as_str() == normalized(&entry.name);
    if is_name && version.as_ref().is_none_or(is_version) { Ok(()) } else { Err(other_file(file, entry)) }
}

fn other_file(file: &FileName, entry: &Entry) -> Problem {
    let version = entry.version.as_deref().unwrap_or_default();
    let package = format!("{} {version}", entry.name).trim_end().to_owned();
    Problem::OtherFile { package, file: file.to_string() }
}

fn from_repository(entry: &Entry) -> Problem {
    let message =
        format!("`{}` comes from a repository, which cannot be installed from this lock", entry.name);
    Problem::Lock { message, help: Vec::new() }
}

/// The place of an entry in the lock; `None` for a fresh resolution.
fn place(entry: &Entry, conda: &Conda) -> Option<Place> {
    let locked = matches!(conda.says, CondaSource::Locked(_));
    locked.then(|| Place { source: Arc::clone(&conda.source), span: entry.span })
}

/// A package of a Python index; `None` for the project itself, which is installed as the app.
fn wheel(entry: &Entry, conda: &Conda, spec: &Spec) -> Result<Option<WheelPlan>, Problem> {
    // The wheel format requires the suffix in lower case.
    let is_wheel = |file: &str| file.strip_suffix(".whl").is_some();
    let from = match &entry.address {
        Address::Repository(_) => return Err(from_repository(entry)),
        Address::Url(url) => {
            let file = FileName::of_address(url.as_str()).map_err(|error| unusable(&error))?;
            let url = url.without_fragment();
            match &entry.sha256 {
                Some(sha256) if is_wheel(file.as_str()) => {
                    check_wheel(&file, entry)?;
                    WheelFrom::Http { url, hash: Hash::of_sha256(sha256), file, size: entry.size }
                }
                sha256 => WheelFrom::Built(BuildFrom::Sdist {
                    url,
                    hash: sha256.as_deref().map(Hash::of_sha256),
                    file,
                }),
            }
        }
        Address::Path(path) if matches!(path.as_str(), "." | "./") => return Ok(None),
        Address::Path(path) if is_wheel(path) => WheelFrom::Context {
            path: in_context(path, conda)?,
            hash: entry.sha256.as_deref().map(Hash::of_sha256),
        },
        Address::Path(path) => {
            WheelFrom::Built(BuildFrom::Context { path: in_context(path, conda)?, editable: false })
        }
    };
    let (name, version) = (normalized(&entry.name), entry.version.clone());
    Ok(Some(WheelPlan {
        name,
        version,
        from,
        requested: false,
        requires: entry.requires.iter().map(|name| normalized(name)).collect(),
        build: BuildSettings::default().rules("", &spec.dependencies.build_constraints),
        at: place(entry, conda),
        direct_url: None,
    }))
}

/// A path in the context. Paths of a lock are relative to its folder, and paths of the solver are relative to
/// the context.
fn in_context(path: &str, conda: &Conda) -> Result<String, Problem> {
    let leaves = || Problem::PathLeavesContext { value: path.to_owned() };
    let resolved: Option<ContextPath> = match conda.says {
        CondaSource::Locked(_) => conda.path.sibling(path),
        CondaSource::Environment(_) => ContextPath::parse(path),
    };
    let resolved = resolved.ok_or_else(leaves)?;
    Ok(resolved.as_str().to_owned())
}
