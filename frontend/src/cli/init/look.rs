//! What a folder has: its manager, its packages, and all that the other modules here find in it.

use std::path::Path;

use super::beside;
use super::checks;
use super::code::modules;
use super::draft::Draft;
use super::packages::Packages;
use super::runs::Scene;
use super::workspace;
use crate::cli::error::CliError;
use crate::cli::folder::failed;
use crate::diagnostics::Diagnostics;
use crate::project::{CONDA_FILES, Context, Files, Folder, Ignored, LOCKS, Project, Scope};
use crate::spec::{Arguments, ContextPath, Spec};

/// Looks at a folder.
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
    let requirements =
        ["requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt"];
    let requirements = requirements.into_iter().find(|file| folder.join(file).is_file());
    if manifest.is_none() && lock.is_none() && requirements.is_none() && modules.is_empty() {
        let error = CliError::new(format!("`{}` is no Python project", folder.display()));
        return Err(error.help("init looks for pyproject.toml, a lock, requirements.txt, or a .py file"));
    }
    let has_dependencies = manifest.is_some() || lock.is_some() || requirements.is_some();
    refuse_unknown(folder, has_dependencies, manifest.as_deref(), lock_of_uv.is_some())?;
    let detected = detect(context, &ignored)?;
    let python_is_said = folder.join(".python-version").is_file();
    let manager = lock.or(requirements).or(manifest.is_some().then_some("pyproject.toml"));
    let procfile = read("Procfile")?.unwrap_or_default();
    let scene = Scene {
        packages: Packages::of(&detected, None, &read)?.all(),
        modules,
        scripts: scripts(manifest.as_deref()),
        name: detected.labels.get("org.opencontainers.image.title").cloned(),
        is_package: detected.is_package,
        procfile: procfile.lines().find_map(|line| line.strip_prefix("web:")).map(str::to_owned),
    };
    let quietly = |name: &str| read(name).ok().flatten();
    let requires_python = manifest.as_deref().is_some_and(|text| text.contains("requires-python"));
    let elsewhere = || if requires_python { None } else { beside::python(&quietly) };
    let mut draft = Draft {
        image: image.to_owned(),
        // A version that a build finds by itself is not said twice.
        python: match (python_is_said, detected.python) {
            (false, Some(version)) => Some(elsewhere().unwrap_or_else(|| version.to_string())),
            _ => None,
        },
        ..Draft::default()
    };
    if !has_dependencies {
        draft.requirements = Some(Vec::new());
    }
    let what = scene.command(&mut draft);
    let what = what.or_else(|| workspace::choose(&members, folder, &ignored, &scene, &mut draft));
    let what = what.unwrap_or_else(|| {
        draft.production.command_note = Some("What a container runs was not found: set it.".to_owned());
        "A Python project".to_owned()
    });
    draft.about = match manager {
        Some(manager) => format!("{what}; dependencies: {manager}."),
        None => format!("{what} without dependencies."),
    };
    beside::system(&scene.packages, &mut draft);
    let own = members.iter().find(|member| draft.app.member.as_ref() == Some(&member.name));
    let packages = Packages::of(&detected, own.map(|member| member.name.as_str()), &read)?;
    checks::add(&packages, folder, own.map(|member| member.path.as_str()), &mut draft);
    beside::databases(&scene, &mut draft);
    if let Some(package) = read("package.json")? {
        let said = read(".nvmrc")?.or(read(".node-version")?);
        beside::assets(&package, &beside::node(said.as_deref()), folder, &mut draft);
    }
    Ok(draft)
}

/// Refuses projects whose dependencies a build could not know.
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
    if manifest.is_some_and(|text| text.contains("[tool.uv.workspace]")) && !has_lock {
        let error = CliError::new("a workspace is built from its lock, and there is none");
        return Err(error.help("make it: `uv lock`, then run `pybuild init` again"));
    }
    Ok(())
}

/// The project as a build sees it, with a build file that says nothing.
fn detect(context: &Folder, ignored: &Ignored) -> Result<Project, CliError> {
    let source = std::sync::Arc::new(crate::diagnostics::Source::new("pybuild.toml", ""));
    let (spec, mut found) = Spec::parse(&source, Arguments::default());
    let spec = spec.ok_or_else(|| CliError::new("an empty file is no TOML"))?;
    let files = Files { context, ignored };
    let project =
        Project::detect(&spec, &Scope::all(&spec), &files, &mut found).map_err(|error| failed(&error))?;
    refuse(&found)?;
    Ok(project)
}

fn refuse(found: &Diagnostics) -> Result<(), CliError> {
    if found.has_errors() {
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
