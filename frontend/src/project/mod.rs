//! The project's own data: its Python version, dependencies, groups and metadata, from the files of the
//! context.
//!
//! [`Context`] gives access to the files, so this module also runs without an engine.

mod build;
mod conda;
mod context;
mod decode;
mod files;
mod folder;
mod foreign;
mod groups;
mod links;
mod local;
mod locked;
#[cfg(test)]
pub(crate) mod memory;
mod other_tools;
mod own;
mod pinned;
mod poetry;
mod pyproject;
mod python;
mod reading;
pub mod releases;
mod requirements;
mod rules;
mod scope;
mod unlocked;
mod version;
mod workspace;

pub use build::{BuildRules, BuildSettings, Unmet};
pub use conda::{Conda, CondaSource};
pub use context::{Context, ContextError, Kind, MOST_BYTES, Unfit};
pub use files::{Files, Ignored};
pub use folder::Folder;
pub use foreign::is_python;
pub use links::followed;
pub use locked::Locked;
pub use other_tools::OTHER_TOOLS;
pub use pyproject::normalized;
pub use python::PythonVersion;
pub use reading::{Changed, Part, Places, fetched};
pub use requirements::{Needs, Requirements, Wanted};
pub use scope::Scope;
pub use version::VersionFromGit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::pyproject::Pyproject;
use crate::address::without_credentials;
use crate::diagnostics::{Diagnostics, Place, Problem, Source};
use crate::lock::{Format, Lock, Roots};
use crate::pep508::Name;
use crate::spec::{ContextPath, Installer, Located, Spec, Stage};

/// Files that are read where they exist, whether or not the build file names them.
pub const WELL_KNOWN: [&str; 8] = [
    "pyproject.toml",
    ".python-version",
    "runtime.txt",
    ".tool-versions",
    "mise.toml",
    ".mise.toml",
    ".dockerignore",
    "requirements.txt",
];

/// Patterns of files that may be read because other files refer to them.
pub const LIKELY: [&str; 4] =
    ["requirements*.txt", "*requirements.txt", "requirements/*.txt", "constraints*.txt"];

/// Locks by file name. Existing locks that are not used for the installation get a warning.
pub const LOCKS: [&str; 5] = ["uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock"];

/// Files that define the conda packages, in their order of precedence. `environment.yml` is not a lock.
pub const CONDA_FILES: [&str; 4] = ["conda-lock.yml", "pixi.lock", "environment.yml", "environment.yaml"];

/// Files that name dependencies but are not read. Their meaning depends on a tool, or they are programs.
pub const UNREAD: [&str; 4] = ["Pipfile", "requirements.in", "setup.cfg", "setup.py"];

const REQUIREMENTS: [&str; 4] =
    ["requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt"];

/// The data of a project on which its image depends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// The Python version to use; `None` if only the base image decides.
    pub python: Option<PythonVersion>,
    /// The place that sets the version, if a file does.
    pub python_said: Option<Place>,
    /// The requirements that every Python stage installs.
    pub requirements: Requirements,
    /// The lock from which packages are selected. `None` if nothing is locked, or if pip installs.
    pub locked: Option<Locked>,
    /// The conda packages of the environment, if the project uses conda.
    pub conda: Option<Conda>,
    /// Groups whose requirements file has hashes. Each is a lock of its own.
    pub locked_groups: BTreeMap<String, Locked>,
    /// The additional requirements of a stage that names the group. Names are normalised.
    pub groups: BTreeMap<String, Requirements>,
    /// Whether the project is installed as a package. Otherwise its files are copied.
    pub is_package: bool,
    /// The package of the project if the project is in a folder of the context. The lock below the root
    /// determines this folder.
    pub below: Option<Below>,
    /// The tool that takes the version from git when the project is built, and the place that configures it.
    pub version_from_git: Option<VersionFromGit>,
    /// The paths that stages name and that are links, or contain a link.
    pub linked: BTreeSet<ContextPath>,
    /// OCI labels from the project's metadata.
    pub labels: BTreeMap<String, String>,
}

/// The package of a project in a folder of the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// The folder.
    pub folder: ContextPath,
    /// The normalised name.
    pub name: String,
    /// The version, if the manifest contains it.
    pub version: Option<String>,
}

impl Project {
    /// Reads the project, as far as the stages of `scope` need it.
    ///
    /// # Errors
    /// If the context cannot be read. Problems of the project are reported to `found`.
    pub fn detect(
        spec: &Spec,
        scope: &Scope<'_>,
        files: &Files<'_>,
        found: &mut Diagnostics,
    ) -> Result<Self, ContextError> {
        foreign::check(spec, found);
        let linked = check_included(scope, spec, files, found)?;
        if !scope.has_python() {
            return Ok(Self { linked, ..Self::default() });
        }
        let (folder, manifest) = manifest(spec, files)?;
        let pyproject = manifest.and_then(|source| Pyproject::parse(&source, found));
        let mut unread = Diagnostics::default();
        let conda = conda::read(spec, files, &mut unread)?;
        let (python, python_said) = match &conda {
            // A conda environment contains its own Python as a package.
            Some(_) => (None, None),
            None => python::choose(spec, pyproject.as_ref(), (folder.as_ref(), files), found)?,
        };
        let locked = match spec.dependencies.installer {
            Installer::Wheels if conda.is_none() => locked::read(spec, files, &mut unread)?,
            _ => None,
        };
        // If the lock could not be read, its groups are unknown. A stage that names one of them is then not
        // an error.
        let has_all_groups = conda.is_some() || locked.is_some() || !unread.has_errors();
        found.extend(unread);
        let mut groups = groups::collect(spec, scope, pyproject.as_ref(), files, found)?;
        let requirements = match (&conda, &locked) {
            (Some(conda), _) => {
                for name in conda.groups() {
                    groups.entry(name.clone()).or_default();
                }
                conda.requirements(spec)
            }
            (None, Some(locked)) => {
                for name in locked.names_for(spec) {
                    groups.entry(name.as_str().to_owned()).or_default();
                }
                Requirements { asked: Some(spec.anywhere()), ..Requirements::default() }
            }
            (None, None) => main_requirements(spec, pyproject.as_ref(), files, found)?,
        };
        let mut unknown = Diagnostics::default();
        let mut requirements = with_extras(spec, requirements, &groups, &mut unknown);
        check_groups(spec, &groups, &mut unknown);
        let is_package = is_package(spec, pyproject.as_ref(), locked.as_ref(), found);
        for each in std::iter::once(&mut requirements).chain(groups.values_mut()) {
            own::take_in(each, pyproject.as_ref(), is_package, found);
        }
        if let Some(project) = pyproject.as_ref().filter(|_| conda.is_none()) {
            let locked = locked.as_ref().map(|locked| locked.names_for(spec)).unwrap_or_default();
            let is_resolved =
                |name: &str| scope.has_group(name) && !locked.iter().any(|known| known.as_str() == name);
            let resolved = groups.iter().filter(|(name, _)| is_resolved(name)).map(|(_, group)| group);
            if std::iter::once(&requirements).chain(resolved).any(Requirements::is_of_manifest) {
                rules::report(&project.source, &project.rules, files, found)?;
            }
        }
        check_member(spec, locked.as_ref(), found);
        if has_all_groups {
            found.extend(unknown);
        }
        let labels = labels(spec, pyproject.as_ref(), found);
        let locked_groups = match spec.dependencies.installer {
            Installer::Wheels => locked::hashed_groups(&groups, files, found)?,
            Installer::Pip => BTreeMap::new(),
        };
        let below = folder.filter(|_| is_package).and_then(|folder| below(spec, folder, pyproject.as_ref()?));
        report_hashes(spec, scope, (&requirements, &groups), &locked_groups, found);
        let version_from_git = pyproject.filter(|_| is_package).and_then(|project| project.version_from_git);
        Ok(Self {
            python,
            python_said,
            requirements,
            locked,
            conda,
            locked_groups,
            groups,
            is_package,
            below,
            version_from_git,
            linked,
            labels,
        })
    }

    /// The groups that `stage` installs: those that it names, or the usual groups for its name.
    pub fn groups_of(&self, stage: &Stage) -> Vec<String> {
        if let Some(named) = &stage.groups {
            return named.iter().map(|name| normalized(&name.value)).collect();
        }
        let usual = scope::usual_groups(&stage.name);
        let there = usual.iter().filter(|name| self.groups.contains_key(**name));
        there.map(|name| (*name).to_owned()).collect()
    }

    /// The requirements of `groups` and of the project itself.
    pub fn requirements_with(&self, groups: &[String]) -> Requirements {
        let groups = groups.iter().filter_map(|name| self.groups.get(name));
        groups.fold(self.requirements.clone(), |all, group| all.with(group))
    }
}

/// A member of a workspace needs the lock of the workspace, because only this lock contains the other members
/// that it needs.
fn check_member(spec: &Spec, locked: Option<&Locked>, found: &mut Diagnostics) {
    if let (Some(member), None) = (&spec.app.member, locked) {
        let message = "a member of a workspace can only be built from a lock of the workspace".to_owned();
        let help = vec!["lock it: `uv lock`".to_owned()];
        found.report(&spec.source, member.span, Problem::Lock { message, help });
    }
}

/// Reports hashes that nothing checks: hashes in files that cannot be used as a lock, so that the resolver
/// reads them.
fn report_hashes(
    spec: &Spec,
    scope: &Scope<'_>,
    (requirements, groups): (&Requirements, &BTreeMap<String, Requirements>),
    locked: &BTreeMap<String, Locked>,
    found: &mut Diagnostics,
) {
    // pip checks the hashes of packages that it installs. If there are errors, one of them may already give
    // the reason why the files are not a lock.
    if spec.dependencies.installer == Installer::Pip || found.has_errors() {
        return;
    }
    let installed = groups.iter().filter(|(name, _)| scope.has_group(name) && !locked.contains_key(*name));
    let installed = installed.map(|(_, group)| group);
    for at in std::iter::once(requirements).chain(installed).filter_map(|one| one.hashed.as_ref()) {
        let line = at.source.text.get(at.span.start..at.span.end).unwrap_or_default();
        let line = line.split_whitespace().next().unwrap_or_default().to_owned();
        found.report(&at.source, at.span, Problem::HashNotChecked { line });
    }
}

/// The project's manifest: the `pyproject.toml` beside the lock that the build file names, else the one at
/// the root of the context. The folder is given if it is not the root.
fn manifest(
    spec: &Spec,
    files: &Files<'_>,
) -> Result<(Option<ContextPath>, Option<Arc<Source>>), ContextError> {
    const NAME: &str = "pyproject.toml";
    if let Some(lock) = &spec.dependencies.lock
        && let Some((folder, _)) = lock.value.as_str().rsplit_once('/')
        && let (Some(folder), Some(path)) = (ContextPath::parse(folder), lock.value.sibling(NAME))
        && let Some(source) = files.read_any(&path)?
    {
        return Ok((Some(folder), Some(source)));
    }
    Ok((None, files.read_if_there(NAME)?))
}

/// The package of a project in a folder of the context. `None` for a member of a workspace, because the lock
/// contains the members as packages.
fn below(spec: &Spec, folder: ContextPath, project: &Pyproject) -> Option<Below> {
    let name = normalized(project.name.as_ref().filter(|_| spec.app.member.is_none())?);
    Some(Below { folder, name, version: project.version.clone() })
}

/// Whether the project is installed as a package. The build file decides, else the tool of the lock, else the
/// tables of the manifest.
fn is_package(
    spec: &Spec,
    pyproject: Option<&Pyproject>,
    locked: Option<&Locked>,
    found: &mut Diagnostics,
) -> bool {
    let has_backend = pyproject.is_some_and(|project| project.has_backend && project.name.is_some());
    let by_tool = pyproject.zip(locked).and_then(|(project, locked)| match locked.lock.format {
        // uv writes its decision into the lock: `virtual` or `editable`.
        Format::Uv => locked.lock.installs_own_folder(),
        Format::Poetry if project.packages.poetry == Some(false) => Some(false),
        // PDM installs every project that has a name, even without a build backend.
        Format::Pdm => Some(project.name.is_some() && project.packages.pdm != Some(false)),
        _ => None,
    });
    match &spec.app.package {
        Some(wanted) if wanted.value && !has_backend => {
            found.report(&spec.source, wanted.span, Problem::NotAPackage);
            false
        }
        Some(wanted) => wanted.value,
        None if by_tool.is_some() => by_tool == Some(true) && pyproject.is_some_and(|p| p.name.is_some()),
        // If the lock shows which tool the project uses, settings of other tools do not apply.
        None if pyproject
            .is_some_and(|project| project.packages.is_virtual(locked.map(|l| l.lock.format))) =>
        {
            false
        }
        None => {
            // Poetry installs a project without a backend with Poetry's own backend. A build does not have
            // this backend.
            let of_poetry = pyproject.filter(|project| {
                locked.is_some_and(|locked| locked.lock.format == Format::Poetry) && !project.has_backend
            });
            if let Some(project) = of_poetry.filter(|project| project.name.is_some() && project.has_contents)
            {
                found.report(&project.source, project.source.line_span(1), Problem::NoBuildSystem);
            }
            has_backend && pyproject.is_some_and(|project| project.has_contents)
        }
    }
}

fn main_requirements(
    spec: &Spec,
    pyproject: Option<&Pyproject>,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<Requirements, ContextError> {
    if let Some(named) = &spec.dependencies.requirements {
        let chosen = reading::follow(named, &spec.source, (files, spec.dependencies.installer), found)?;
        if spec.dependencies.installer == Installer::Wheels && unlocked::asks(&chosen, files)? {
            let span = named.first().map_or_else(|| spec.anywhere(), |file| file.span);
            found.report(&spec.source, span, unlocked::problem(&chosen.label(), &chosen, pyproject));
        }
        return Ok(chosen);
    }
    let anywhere = spec.anywhere();
    let detected = files.first_of(&REQUIREMENTS)?;
    let mut installed_from = detected.as_ref().map(|path| path.as_str().to_owned());
    let mut chosen = Requirements::default();
    if let Some(path) = detected {
        let context = (files, spec.dependencies.installer);
        chosen = reading::follow(&[Located::new(path, anywhere)], &spec.source, context, found)?;
    } else if let Some(pyproject) = pyproject {
        if let Some(span) = pyproject.dynamic_dependencies {
            found.report(&pyproject.source, span, Problem::DynamicDependencies);
        } else if let Some(dependencies) = &pyproject.dependencies {
            installed_from = Some("pyproject.toml".to_owned());
            chosen.add_inline(dependencies, &pyproject.source);
            for name in &pyproject.unreadable {
                let problem = Problem::PoetryDependency { name: name.value.clone() };
                found.report(&pyproject.source, name.span, problem);
            }
        }
    }
    match (installed_from, files.first_of(&LOCKS)?) {
        (Some(instead), Some(lock)) if spec.dependencies.installer == Installer::Pip => {
            let lock = lock.as_str().to_owned();
            found.report(&spec.source, anywhere, Problem::LockNotRead { lock, instead });
        }
        (None, _) if !found.has_errors() && needs_python(spec) => {
            let unread = files.first_of(&UNREAD)?.map(|path| path.as_str().to_owned());
            found.report(&spec.source, anywhere, Problem::NoDependencies { unread });
        }
        (Some(what), None)
            if spec.dependencies.installer == Installer::Wheels && unlocked::asks(&chosen, files)? =>
        {
            found.report(&spec.source, anywhere, unlocked::problem(&what, &chosen, pyproject));
        }
        _ => {}
    }
    Ok(chosen)
}

/// Whether any stage of the user's file uses Python.
fn needs_python(spec: &Spec) -> bool {
    spec.stages.values().any(Stage::is_assembled)
}

fn with_extras(
    spec: &Spec,
    requirements: Requirements,
    groups: &BTreeMap<String, Requirements>,
    found: &mut Diagnostics,
) -> Requirements {
    spec.dependencies.extras.iter().fold(requirements, |all, extra| {
        if let Some(group) = groups.get(&normalized(&extra.value)) {
            return all.with(group);
        }
        found.report_with(&spec.source, extra.span, || groups::unknown(&extra.value, groups));
        all
    })
}

fn check_groups(spec: &Spec, groups: &BTreeMap<String, Requirements>, found: &mut Diagnostics) {
    for stage in spec.stages.values() {
        for name in stage.groups.iter().flatten() {
            if !groups.contains_key(&normalized(&name.value)) {
                found.report_with(&spec.source, name.span, || groups::unknown(&name.value, groups));
            }
        }
    }
}

/// Checks that every path that a stage names exists. A pattern may match nothing. Returns the paths that are
/// links.
fn check_included(
    scope: &Scope<'_>,
    spec: &Spec,
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<BTreeSet<ContextPath>, ContextError> {
    let mut linked = BTreeSet::new();
    for path in scope.named_paths() {
        let kind = files.check_named(&path.value, &spec.source, path.span, found)?;
        if kind.is_some() && files.context.follow(&path.value)?.is_some_and(|target| target != path.value) {
            linked.insert(path.value);
        }
    }
    Ok(linked)
}

/// Labels from the project's metadata and from the version that the build gives it.
fn labels(spec: &Spec, pyproject: Option<&Pyproject>, found: &mut Diagnostics) -> BTreeMap<String, String> {
    const PREFIX: &str = "org.opencontainers.image";
    let mut labels = BTreeMap::new();
    if let Some(project) = pyproject {
        // Everybody who has the image can read its labels, so credentials are removed.
        let url = |names: &[&str]| {
            let found = names.iter().find_map(|name| project.urls.get(*name));
            found.map(|url| without_credentials(url).into_owned())
        };
        let all = [
            ("title", project.name.clone()),
            ("version", project.version.clone()),
            ("description", project.description.clone()),
            ("licenses", project.license.clone()),
            ("url", url(&["homepage", "home"])),
            ("source", url(&["source", "repository", "source code", "code", "github"])),
            ("documentation", url(&["documentation", "docs"])),
        ];
        let there = all.into_iter().filter_map(|(key, value)| Some((format!("{PREFIX}.{key}"), value?)));
        labels.extend(there);
    }
    if let Some(version) = &spec.app.version {
        version::check(version.span, spec, pyproject, found);
        labels.insert(format!("{PREFIX}.version"), version.value.clone());
    }
    labels
}

#[cfg(test)]
mod tests;

impl Project {
    /// The rules for building the project itself.
    pub fn own_build(&self, spec: &Spec) -> BuildRules {
        let unlocked = BuildSettings::default();
        let settings = self.locked.as_ref().map_or(&unlocked, |locked| &locked.build);
        let roots = self.locked.iter().filter_map(|locked| match &locked.lock.roots {
            Roots::Graph(roots) => {
                Some(Lock::roots_of(roots, spec.app.member.as_ref().map(|member| &member.value)))
            }
            Roots::Listed(_) => None,
        });
        let name = roots.flatten().find_map(|root| root.name.as_ref());
        settings.rules(name.map_or("", Name::as_str), &spec.dependencies.build_constraints)
    }
}
