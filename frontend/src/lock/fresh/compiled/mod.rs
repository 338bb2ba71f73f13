//! Compares compiled locks (`pylock.toml` and requirements with hashes) with their input files.
//!
//! Such a lock contains no copy of the requirements. Its first comment often contains the command that made
//! it, and the command names files. The lock must contain the packages that these files require, in versions
//! that they allow. Packages that the files no longer require are not reported, because the lock still
//! contains everything that is required.

mod command;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;

use self::command::{Command, Tool, annotated, command};
use self::wanted::{Found, Want};
use super::super::location::join;
use super::super::model::{Lock, Package, Source, Trace};
use super::super::{Format, Input};
use super::markers::Machines;
use super::{Reason, of_toml, pdm_reason};
use crate::diagnostics::Span;
use crate::pep508::{Marker, Name, Wanted, parse_specifiers};

/// An input file of a lock, and the requirements of the file that the lock does not satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsatisfied {
    /// The place in the lock that names the input file.
    pub span: Span,
    /// The path of the file in the context.
    pub manifest: String,
    /// The missing or different packages.
    pub reason: Reason,
    /// The command that locks again.
    pub command: String,
}

/// The environment of images.
const LINUX: &str = "sys_platform == 'linux' and os_name == 'posix' and platform_system == 'Linux' and \
    implementation_name == 'cpython' and platform_python_implementation == 'CPython' and \
    (platform_machine == 'x86_64' or platform_machine == 'aarch64')";

/// The input files that a compiled lock does not satisfy. `input` is one file of the lock: requirements with
/// hashes may have several files, each with its own command. Nothing is reported for a lock that does not
/// name its input files, and for files outside of the context.
pub(in super::super) fn unsatisfied(lock: &Lock, input: &Input<'_>) -> Vec<Unsatisfied> {
    found(lock, input).unwrap_or_default()
}

fn found(lock: &Lock, input: &Input<'_>) -> Option<Vec<Unsatisfied>> {
    let base = folder(input.path);
    if lock.format == Format::Pylock
        && let Some(found) = of_pdm(lock, input, base)
    {
        return Some(found);
    }
    let said =
        command(input.text).or_else(|| annotated(input.text).filter(|_| lock.format == Format::Requirements));
    let Some(mut command) = said else {
        return of_folder(lock, input, base);
    };
    if command.tool == Tool::Annotated {
        lock.format.renew().clone_into(&mut command.text);
    }
    let (base, inputs) = place(&command, input)?;
    let mut wants = Found::default();
    for file in &inputs {
        let path = join(&base, file);
        let text = (input.read)(&path).ok()?;
        if file.ends_with("pyproject.toml") {
            wants.add_project(&path, &text, &command)?;
        } else {
            wants.add_requirements(&path, &text, input)?;
        }
    }
    for (file, group) in &command.groups {
        let path = join(&base, file.as_deref().unwrap_or("pyproject.toml"));
        let text = (input.read)(&path).ok()?;
        wants.add_group(&path, &text, group)?;
    }
    for file in &command.constraints {
        let path = join(&base, file);
        // A file at a URL cannot be read here.
        if let Ok(text) = (input.read)(&path) {
            wants.add_constraints(&path, &text, input)?;
        }
    }
    wants.left_out.extend(command.left_out.iter().cloned());
    for file in &command.overrides {
        let path = join(&base, file);
        let text = (input.read)(&path).ok()?;
        wants.leave_out(&path, &text, input)?;
    }
    let pythons = pythons_of(&command, input.text).or_else(|| lock.requires_python.clone());
    let pythons = pythons.or_else(|| wants.pythons.clone());
    let judge = Judge { lock, pythons: pythons.as_ref(), is_universal: command.is_universal() };
    Some(judge.all(&wants, command.span, &command.text))
}

/// pdm stores the hash of the manifest in its `pylock.toml`.
fn of_pdm(lock: &Lock, input: &Input<'_>, base: &str) -> Option<Vec<Unsatisfied>> {
    let Trace::Hash(_) = &lock.trace else { return None };
    let manifest = join(base, "pyproject.toml");
    let text = (input.read)(&manifest).ok()?;
    let reason = pdm_reason(&lock.trace, &text);
    let (span, command) = (maker(input.text), "pdm lock".to_owned());
    Some(reason.map(|reason| Unsatisfied { span, manifest, reason, command }).into_iter().collect())
}

/// If a `pylock.toml` installs the project in its own folder, it was made from this project.
fn of_folder(lock: &Lock, input: &Input<'_>, base: &str) -> Option<Vec<Unsatisfied>> {
    let is_own = |package: &Package| matches!(&package.source, Source::Directory { path, .. } if path == ".");
    if lock.format != Format::Pylock || !lock.packages.iter().any(|package| is_own(package)) {
        return None;
    }
    let path = join(base, "pyproject.toml");
    let text = (input.read)(&path).ok()?;
    let mut wants = Found::default();
    wants.add_dependencies(&path, &of_toml(&text)?)?;
    let pythons = lock.requires_python.clone().or_else(|| wants.pythons.clone());
    let judge = Judge { lock, pythons: pythons.as_ref(), is_universal: false };
    Some(judge.all(&wants, maker(input.text), lock.format.renew()))
}

/// The place where a `pylock.toml` names its tool.
fn maker(text: &str) -> Span {
    let start = text.find("created-by").unwrap_or(0);
    let end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| start + end);
    Span { start, end }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder in which the command ran, and the input files. The folder follows from the path of the lock and
/// the output path in the command.
fn place(command: &Command, input: &Input<'_>) -> Option<(String, Vec<String>)> {
    let inputs = if !command.inputs.is_empty() {
        vec![command.inputs.clone()]
    } else if command.tool == Tool::PipCompile {
        ["requirements.in", "setup.py", "pyproject.toml", "setup.cfg"]
            .map(|file| vec![file.to_owned()])
            .into()
    } else if command.tool == Tool::UvExport {
        vec![vec!["pyproject.toml".to_owned()]]
    } else if command.groups.is_empty() {
        return None;
    } else {
        vec![Vec::new()]
    };
    // By default, pip-compile writes its output beside the input file.
    let written = command.output.clone().or_else(|| match command.inputs.as_slice() {
        [only] if command.tool == Tool::PipCompile => Some(format!("{}.txt", only.strip_suffix(".in")?)),
        _ => None,
    });
    let written = written.map(|path| join("", &path));
    let above = written.and_then(|written| {
        let above = input.path.strip_suffix(written.as_str())?;
        (above.is_empty() || above.ends_with('/')).then(|| above.trim_end_matches('/').to_owned())
    });
    let beside = folder(input.path).to_owned();
    for base in above.into_iter().chain([beside, String::new()]) {
        for inputs in &inputs {
            let has = |file: &String| (input.exists)(&join(&base, file));
            let groups = command.groups.iter();
            let manifests =
                groups.map(|(file, _)| file.clone().unwrap_or_else(|| "pyproject.toml".to_owned()));
            if inputs.iter().all(has) && manifests.clone().all(|file| has(&file)) {
                return Some((base, inputs.clone()));
            }
        }
    }
    None
}

/// The Python versions for which a lock was compiled: those in the command, else the one in pip-compile's
/// header.
fn pythons_of(command: &Command, lock: &str) -> Option<VersionSpecifiers> {
    let said = || {
        let (_, rest) = lock.lines().take(8).find_map(|line| line.split_once("pip-compile with Python "))?;
        Some(rest.trim().to_owned())
    };
    let python = command.python.clone().or_else(said)?;
    let python = python.trim_start_matches("python").trim_start_matches("cpython@");
    let parts = python.split('.').count();
    let text = match (command.is_universal(), parts) {
        (true, _) => format!(">={python}"),
        (false, 2) => format!("=={python}.*"),
        (false, _) => format!("=={python}"),
    };
    parse_specifiers(&text).ok()
}

/// Compares requirements with a lock.
struct Judge<'l> {
    lock: &'l Lock,
    pythons: Option<&'l VersionSpecifiers>,
    /// Whether the lock is for all environments.
    is_universal: bool,
}

impl Judge<'_> {
    fn all(&self, wants: &Found, span: Span, command: &str) -> Vec<Unsatisfied> {
        let mut packages: BTreeMap<&Name, Vec<&Package>> = BTreeMap::new();
        for package in &self.lock.packages {
            packages.entry(&package.name).or_default().push(package);
        }
        let mut by_file: BTreeMap<&str, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        for want in wants.all.iter().filter(|want| !wants.left_out.contains(&want.requirement.name)) {
            let name = &want.requirement.name;
            let locked = packages.get(name).map_or(&[][..], Vec::as_slice);
            let is_fit = if locked.is_empty() {
                want.is_constraint || want.may_be_virtual
            } else {
                fits(want, locked)
            };
            if !is_fit && self.applies(want.requirement.marker.as_ref(), &wants.environments) {
                let (added, changed) = by_file.entry(&want.file).or_default();
                if locked.is_empty() { added } else { changed }.insert(name.to_string());
            }
        }
        let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>();
        let found = by_file.into_iter().map(|(file, (added, changed))| Unsatisfied {
            span,
            manifest: file.to_owned(),
            reason: if added.is_empty() {
                Reason::Changed(list(changed))
            } else {
                Reason::Added(list(added))
            },
            command: command.to_owned(),
        });
        found.collect()
    }

    /// Whether a requirement with this marker must be locked. A lock for one environment must contain only
    /// what every Linux machine needs, because the machine on which it was made is not known.
    fn applies(&self, marker: Option<&Marker>, environments: &[Marker]) -> bool {
        let Some(marker) = marker else { return true };
        let Ok(linux) = Marker::parse(LINUX) else { return false };
        let (mut anywhere, mut everywhere) = (false, true);
        let looked_at: Vec<&Marker> = [marker, &linux].into_iter().chain(environments).collect();
        Machines::of(&looked_at, self.pythons).each(|environment, active| {
            let is_meant =
                environments.is_empty() || environments.iter().any(|one| one.holds(environment, active));
            if !active.extras.is_empty() || !is_meant {
                return true;
            }
            let holds = marker.holds(environment, active);
            if self.is_universal {
                anywhere |= holds;
            } else if linux.holds(environment, active) && environment.python_full_version.starts_with("3.") {
                anywhere = true;
                everywhere &= holds;
            }
            true
        });
        anywhere && everywhere
    }
}

/// Whether one of the locked packages satisfies a requirement.
fn fits(want: &Want, locked: &[&Package]) -> bool {
    match &want.requirement.wanted {
        _ if want.is_from_elsewhere => true,
        Wanted::Versions(bounds) => locked
            .iter()
            .any(|package| package.version.as_ref().is_none_or(|version| bounds.contains(version))),
        Wanted::Url(url) => {
            let plain = |url: &str| url.split('#').next().unwrap_or(url).to_owned();
            let is_archive = url.starts_with("https://") || url.starts_with("http://");
            locked.iter().any(|package| match &package.source {
                Source::Index { .. } => false,
                Source::Url { url: locked, .. } if is_archive => plain(locked.as_str()) == plain(url),
                _ => true,
            })
        }
    }
}
