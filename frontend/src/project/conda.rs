//! The project's conda packages: from a lock, or from an `environment.yml` that must be resolved.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::ContextError;
use super::decode::lossy;
use super::files::Files;
use super::requirements::Requirements;
use crate::address::has_credentials;
use crate::conda::{self, CondaLock, EnvironmentFile, Format};
use crate::diagnostics::{Diagnostics, Problem, Source};
use crate::spec::{ContextPath, Installer, Located, Spec};

/// The file with the conda packages of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Conda {
    /// The file.
    pub path: ContextPath,
    /// The text of the file, for errors that point into it.
    pub source: Arc<Source>,
    /// The content of the file.
    pub says: CondaSource,
}

/// A lock, or an environment that must be resolved.
#[derive(Clone, Debug, PartialEq)]
pub enum CondaSource {
    /// A lock.
    Locked(Arc<CondaLock>),
    /// An `environment.yml`.
    Environment(Arc<EnvironmentFile>),
}

impl Conda {
    /// The groups that the file defines.
    pub(super) fn groups(&self) -> BTreeSet<String> {
        match &self.says {
            CondaSource::Locked(lock) => lock.groups.clone(),
            CondaSource::Environment(_) => BTreeSet::new(),
        }
    }

    /// The Python packages that the file asks for without naming a file to install.
    pub(super) fn requirements(&self, spec: &Spec) -> Requirements {
        let inline_of = Some(self.path.as_str().to_owned());
        let mut asked = Requirements { asked: Some(spec.anywhere()), inline_of, ..Requirements::default() };
        if let CondaSource::Environment(file) = &self.says {
            let lines: Vec<_> =
                file.pip.iter().map(|line| Located::new(line.text.clone(), line.span)).collect();
            asked.add_inline(&lines, &self.source);
        }
        asked
    }
}

/// Reads the file that the build file names, or else the first one that exists.
///
/// # Errors
/// If the context cannot be read. Problems of the file are reported to `found`.
pub(super) fn read(
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Option<Conda>, ContextError> {
    let dependencies = &spec.dependencies;
    if dependencies.installer == Installer::Pip {
        return Ok(None);
    }
    let named = match (&dependencies.lock, dependencies.requirements.as_deref()) {
        (Some(lock), _) => Some(lock.clone()).filter(|lock| Format::of_file(lock.value.as_str()).is_some()),
        (None, Some([only])) => Some(only.clone()).filter(|only| is_environment(only.value.as_str())),
        (None, Some(_)) => None,
        (None, None) => detected(files)?.map(|path| Located::new(path, spec.anywhere())),
    };
    let Some(named) = named else { return Ok(None) };
    let Some(bytes) = files.read_named(&named.value, &spec.source, named.span, found)? else {
        return Ok(None);
    };
    let path = named.value.as_str();
    let source = Arc::new(Source::new(path, lossy(bytes)));
    let read = match Format::of_file(path) {
        Some(format) => conda::parse(format, &source).map(|lock| CondaSource::Locked(Arc::new(lock))),
        None => EnvironmentFile::parse(&source).map(|file| CondaSource::Environment(Arc::new(file))),
    };
    match read {
        Ok(says) => {
            for (index, line) in source.text.lines().enumerate() {
                if matches!(says, CondaSource::Environment(_)) && has_credentials(line) {
                    let span = source.line_span(u32::try_from(index + 1).unwrap_or(u32::MAX));
                    found.report_credentials(line.trim().trim_start_matches("- "), &source, span);
                }
            }
            if matches!(says, CondaSource::Environment(_)) {
                let what = format!("the dependencies in {path}");
                let command = format!("conda-lock -f {path}");
                found.report(&spec.source, named.span, Problem::NotLocked { what, command });
            }
            Ok(Some(Conda { path: named.value.clone(), source, says }))
        }
        Err(error) => {
            found.report(&source, error.span, Problem::Lock { message: error.message, help: Vec::new() });
            Ok(None)
        }
    }
}

/// Finds the file. A lock of only Python packages takes precedence over conda files. Requirements files take
/// precedence over an `environment.yml`, which people often keep only for their own machine.
fn detected(files: &Files<'_>) -> Result<Option<ContextPath>, ContextError> {
    if files.first_of(&super::LOCKS)?.is_some() {
        return Ok(None);
    }
    if let Some(lock) = files.first_of(&conda::FILES)? {
        return Ok(Some(lock));
    }
    if files.first_of(&super::REQUIREMENTS)?.is_some() {
        return Ok(None);
    }
    files.first_of(&["environment.yml", "environment.yaml"])
}

fn is_environment(path: &str) -> bool {
    [".yml", ".yaml"].iter().any(|ending| path.ends_with(ending))
}
