//! The contents of a folder: its package manager, its packages, and all findings of the other modules.

use std::path::{Path, PathBuf};

use super::beside;
use super::checks;
use super::code::{Module, modules};
use super::draft::Draft;
use super::packages::Packages;
use super::procfile;
use super::runs::Scene;
use super::workspace;
use crate::cli::error::CliError;
use crate::cli::folder::failed;
use crate::diagnostics::{Diagnostics, Problem};
use crate::project::{
    CONDA_FILES, Context, ContextError, Files, Folder, Ignored, Kind, LOCKS, OTHER_TOOLS, Project, Scope,
    UNREAD,
};
use crate::spec::{Arguments, ContextPath, Spec};

/// Examines a folder.
pub(super) fn project(folder: &Path, context: &Folder, image: &str) -> Result<Draft, CliError> {
    let read = |name: &str| -> Result<Option<String>, CliError> {
        let Some(path) = ContextPath::parse(name) else { return Ok(None) };
        let bytes = context.read(&path).map_err(|error| failed(&error))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let ignored = Ignored::of("pybuild.toml", None, context).map_err(CliError::new)?;
    let lock_of_uv = read("uv.lock")?;
    let members = lock_of_uv.as_deref().map_or_else(Vec::new, workspace::members);
    let apart: Vec<String> = members.iter().map(|member| member.path.clone()).collect();
    let modules = modules(folder, &ignored, &apart);
    let manifest = read("pyproject.toml")?;
    let known = CONDA_FILES.iter().chain(&LOCKS);
    let lock = known.copied().find(|lock| folder.join(lock).is_file());
    let requirements = REQUIREMENTS.into_iter().find(|file| folder.join(file).is_file());
    if manifest.is_none() && lock.is_none() && requirements.is_none() && modules.is_empty() {
        let error = CliError::new(format!("`{}` is no Python project", folder.display()));
        return Err(error.help("init looks for pyproject.toml, a lock, requirements.txt, or a .py file"));
    }
    let has_dependencies = manifest.is_some() || lock.is_some() || requirements.is_some();
    refuse_unknown(folder, has_dependencies, manifest.as_deref(), lock_of_uv.is_some())?;
    if !has_dependencies {
        refuse_apart(folder, &modules)?;
    }
    let detected = detect(context, &ignored)?;
    let python_is_said = folder.join(".python-version").is_file();
    let manager = lock.or(requirements).or(manifest.is_some().then_some("pyproject.toml"));
    let processes = procfile::processes(&read("Procfile")?.unwrap_or_default());
    let said = [manifest.clone(), requirements.map(&read).transpose()?.flatten()];
    let has_fastapi_server = said.iter().flatten().any(|text| names_fastapi_server(text));
    let scene = Scene {
        packages: Packages::of(&detected, None, &read)?.all(),
        modules,
        scripts: scripts(manifest.as_deref()),
        name: detected.labels.get("org.opencontainers.image.title").cloned(),
        is_package: detected.is_package,
        processes,
        has_fastapi_server,
    };
    let quietly = |name: &str| read(name).ok().flatten();
    let elsewhere = (!python_is_said).then(|| beside::python(&quietly)).flatten();
    let mut draft = Draft {
        image: image.to_owned(),
        is_package: detected.is_package,
        // A version that a build finds itself is not repeated in the build file.
        python: match (python_is_said, detected.python) {
            (false, Some(version)) => Some(version.to_string()),
            _ => None,
        },
        python_is_free: !python_is_said && elsewhere.is_none(),
        python_of: elsewhere,
        ..Draft::default()
    };
    if !has_dependencies {
        draft.dependencies.requirements = Some(Vec::new());
    }
    let what = scene.command(&mut draft);
    let what = what.or_else(|| workspace::choose(&members, folder, &ignored, &scene, &mut draft));
    let what = scene.processes(&mut draft).or(what);
    procfile::heed(folder, &mut draft);
    let what = what.unwrap_or_else(|| {
        draft.production.command_note = Some("What a container runs was not found: set it.".to_owned());
        "A Python project".to_owned()
    });
    draft.about = match manager {
        Some(manager) => format!("{what}; dependencies: {manager}."),
        None => format!("{what} without dependencies."),
    };
    beside::system(&scene.packages, &mut draft);
    beside::downloads(&scene.packages, &mut draft);
    let own = members.iter().find(|member| draft.app.member.as_ref() == Some(&member.name));
    let packages = Packages::of(&detected, own.map(|member| member.name.as_str()), &read)?;
    checks::add(&packages, folder, own.map(|member| member.path.as_str()), &mut draft);
    beside::databases(&scene, &mut draft);
    if let Some(asking) = &detected.version_from_git {
        beside::version(asking, &mut draft);
    }
    if let Some(package) = read("package.json")? {
        assets(&package, folder, &quietly, &mut draft);
    }
    Ok(draft)
}

/// Adds assets, with the Node version in a version manager's file.
fn assets(package: &str, folder: &Path, read: &dyn Fn(&str) -> Option<String>, draft: &mut Draft) {
    let said = read(".nvmrc").or_else(|| read(".node-version"));
    beside::assets(package, &beside::node(said.as_deref()), folder, draft);
}

/// The usual files of requirements, the most likely first.
const REQUIREMENTS: [&str; 4] =
    ["requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt"];

/// Whether a manifest or requirements contain `FastAPI` with its server.
fn names_fastapi_server(text: &str) -> bool {
    ["fastapi[standard", "fastapi[all", "fastapi-cli", "fastapi = {"].iter().any(|name| text.contains(name))
}

/// A draft for a folder that contains no project data. The Dockerfile contains everything.
pub(super) fn nothing(folder: &Path, image: &str) -> Draft {
    let has = |name: &str| folder.join(name).is_file();
    let known = CONDA_FILES.iter().chain(&LOCKS).any(|name| has(name));
    let said = known || has("requirements.txt") || has("pyproject.toml");
    let mut draft = Draft { image: image.to_owned(), ..Draft::default() };
    if !said {
        draft.dependencies.requirements = Some(Vec::new());
    }
    draft
}

/// Refuses projects whose dependencies a build could not find.
fn refuse_unknown(
    folder: &Path,
    has_dependencies: bool,
    manifest: Option<&str>,
    has_lock: bool,
) -> Result<(), CliError> {
    if !has_dependencies && folder.join("setup.py").is_file() {
        let error = CliError::new("what setup.py alone says of dependencies is not known before it is run");
        let error = error.help("list them: `uv pip compile setup.py -o requirements.txt`");
        return Err(error.help("or move them into `[project]` of a pyproject.toml"));
    }
    let unread = UNREAD.into_iter().find(|name| folder.join(name).is_file());
    if let Some(name) = unread.filter(|_| !has_dependencies) {
        let problem = Problem::NoDependencies { unread: Some(name.to_owned()) };
        let error = CliError::new(problem.to_string());
        return Err(problem.help().into_iter().take(1).fold(error, CliError::help));
    }
    if manifest.is_some_and(|text| text.contains("[tool.uv.workspace]")) && !has_lock {
        let error = CliError::new("a workspace is built from its lock, and there is none");
        return Err(error.help("make it: `uv lock`, then run `pybuild init` again"));
    }
    Ok(())
}

/// Refuses folders that are not a project: folders whose scripts each contain their own dependencies, and
/// folders with several projects in subfolders.
fn refuse_apart(folder: &Path, modules: &[Module]) -> Result<(), CliError> {
    if let Some(script) = modules.iter().find(|module| module.text.lines().any(|line| line == "# /// script"))
    {
        let path = &script.path;
        let error = CliError::new(format!(
            "`{path}` names its dependencies itself (PEP 723), and builds do not read them there"
        ));
        return Err(error.help(format!("list them: `uv export --script {path} -o requirements.txt`")));
    }
    let mut below = projects_below(folder, 2);
    below.sort();
    if below.is_empty() || modules.iter().any(|module| !module.path.contains('/')) {
        return Ok(());
    }
    let shown: Vec<_> = below.iter().map(|path| format!("`{}`", path.display())).collect();
    let error =
        CliError::new(format!("`{}` is no project, it has some: {}", folder.display(), shown.join(", ")));
    Err(error.help(format!(
        "name one: `pybuild init {}`",
        below.first().map_or(folder, PathBuf::as_path).display()
    )))
}

/// Folders with a manifest, up to this depth.
fn projects_below(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path()).filter(|path| {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        path.is_dir() && !path.is_symlink() && !hidden
    });
    let is_project =
        |path: &Path| ["pyproject.toml", "requirements.txt"].iter().any(|name| path.join(name).is_file());
    folders
        .flat_map(|path| match (is_project(&path), depth) {
            (true, _) => vec![path],
            (false, 0 | 1) => Vec::new(),
            (false, _) => projects_below(&path, depth - 1),
        })
        .collect()
}

/// The project as a build with an empty build file sees it.
fn detect(context: &Folder, ignored: &Ignored) -> Result<Project, CliError> {
    let source = std::sync::Arc::new(crate::diagnostics::Source::new("pybuild.toml", ""));
    let (spec, mut found) = Spec::parse(&source, Arguments::default());
    let spec = spec.ok_or_else(|| CliError::new("an empty file is no TOML"))?;
    // What other tools name is weighed against what the project requires: see `settle::with_python`.
    let context = &Unpinned(context);
    let files = Files { context, ignored };
    let project =
        Project::detect(&spec, &Scope::all(&spec), &files, &mut found).map_err(|error| failed(&error))?;
    refuse(&found)?;
    Ok(project)
}

/// A folder as it is without the files in which other tools keep a version of Python.
struct Unpinned<'f>(&'f Folder);

impl Context for Unpinned<'_> {
    fn read(&self, path: &ContextPath) -> Result<Option<Vec<u8>>, ContextError> {
        if OTHER_TOOLS.contains(&path.name()) { Ok(None) } else { self.0.read(path) }
    }

    fn kind(&self, path: &ContextPath) -> Result<Option<Kind>, ContextError> {
        self.0.kind(path)
    }

    fn is_executable(&self, path: &ContextPath) -> Result<Option<bool>, ContextError> {
        self.0.is_executable(path)
    }

    fn follow(&self, path: &ContextPath) -> Result<Option<ContextPath>, ContextError> {
        self.0.follow(path)
    }

    fn list(&self, folder: &ContextPath) -> Result<Vec<String>, ContextError> {
        self.0.list(folder)
    }
}

fn refuse(found: &Diagnostics) -> Result<(), CliError> {
    // A stale lock is mentioned in the written file.
    if found.errors().iter().any(|error| !error.problem.can_be_skipped()) {
        let error = CliError::new(format!("no build file is written for this project: {}", found.summary()));
        return Err(error.help("mend this first, then run `pybuild init` again"));
    }
    Ok(())
}

/// The names in `[project.scripts]` and `[tool.poetry.scripts]`.
pub(super) fn scripts(manifest: Option<&str>) -> Vec<String> {
    let Some(text) = manifest else { return Vec::new() };
    let (document, _) = toml::de::DeTable::parse_recoverable(text);
    let table = |path: &[&str]| {
        let mut table = document.get_ref();
        for name in path {
            table = table.get(*name)?.get_ref().as_table()?;
        }
        Some(table)
    };
    let tables = [table(&["project", "scripts"]), table(&["tool", "poetry", "scripts"])];
    tables.into_iter().flatten().flat_map(|table| table.keys()).map(|key| key.get_ref().to_string()).collect()
}
