//! The answer of pybuild: the wheels of a stage, as in a build.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use buildkit_llb::Platform;
use pybuild::diagnostics::{Diagnostics, Source};
use pybuild::plan::{BuildFrom, WheelFrom, WheelPlan};
use pybuild::project::{Files, Folder, Ignored, Project, Scope, normalized};
use pybuild::resolve::{Resolver, wheel_sets};
use pybuild::spec::{Arguments, Spec};

use super::answer::{Answer, Installed};
use super::case::{Ask, Case, Form};
use super::publish::Published;
use super::target::Target;
use crate::failure::Failure;

/// The build file of a question.
pub(crate) fn build_file(case: &Case, ask: &Ask, target: &Target) -> String {
    let (major, minor) = target.libc_version;
    let base = if target.libc == "musl" { "python.example/python:alpine" } else { "python.example/python" };
    let names: Vec<String> = ask.extras.iter().chain(&ask.groups).map(|name| format!("{name:?}")).collect();
    let member =
        if ask.member.is_empty() { String::new() } else { format!("[app]\nmember = {:?}\n", ask.member) };
    let requirements = match case.kind.as_str() {
        "pip-compile" | "uv-compile" => "requirements = [\"requirements.txt\"]\n",
        _ => "",
    };
    // Not every tool notes the hash of a file at an address.
    let trees: Vec<&str> = case.trees.iter().map(|tree| tree.name.as_str()).collect();
    let requirements = format!("[dependencies]\nallow-unverified = {trees:?}\n{requirements}");
    format!(
        "[python]\nversion = \"{}\"\nbase = \"{base}\"\nlibc = \"{}-{major}.{minor}\"\n{requirements}{member}\
         [stage.production]\ngroups = [{}]\n",
        target.python,
        target.libc,
        names.join(", ")
    )
}

/// What a build would read of a folder.
pub(crate) struct Reading {
    pub(crate) spec: Spec,
    pub(crate) project: Project,
    pub(crate) found: Diagnostics,
}

/// Reads a folder as a build of it does; what is wrong with the build file itself where it cannot be read.
pub(crate) fn read(published: &Published<'_>, text: String) -> Result<Result<Reading, Diagnostics>, Failure> {
    let source = Arc::new(Source::new("pybuild.toml", text));
    let (spec, mut found) = Spec::parse(&source, Arguments::new(BTreeMap::new(), BTreeMap::new()));
    let Some(spec) = spec else { return Ok(Err(found)) };
    let context = Folder::new(&published.folder);
    let ignored = Ignored::of("pybuild.toml", None, &context).map_err(Failure::Other)?;
    let files = Files { context: &context, ignored: &ignored };
    let scope = Scope::of(&spec, "production");
    let project = Project::detect(&spec, &scope, &files, &mut found)
        .map_err(|error| Failure::Other(error.to_string()))?;
    Ok(Ok(Reading { spec, project, found }))
}

/// What a build of a folder would install.
pub(crate) fn answer(
    published: &Published<'_>,
    ask: &Ask,
    target: &Target,
    resolver: &dyn Resolver,
) -> Result<Answer, Failure> {
    let text = build_file(published.case, ask, target);
    Ok(match wheels(published, ask, target, resolver, text)? {
        Ok(wheels) => Answer::Packages(wheels.iter().map(|wheel| installed(wheel, published.case)).collect()),
        Err(words) => Answer::Refused(words),
    })
}

/// The wheels that a build with this build file would have; the errors where the build is refused.
pub(crate) fn wheels(
    published: &Published<'_>,
    ask: &Ask,
    target: &Target,
    resolver: &dyn Resolver,
    text: String,
) -> Result<Result<Vec<WheelPlan>, String>, Failure> {
    let Reading { spec, project, mut found } = match read(published, text)? {
        Ok(reading) => reading,
        Err(found) => return Ok(Err(lines(&found))),
    };
    let names = ask.extras.iter().chain(&ask.groups);
    let mut groups: Vec<String> = names.map(|name| normalized(name)).collect();
    groups.sort();
    groups.dedup();
    if found.has_errors() {
        return Ok(Err(lines(&found)));
    }
    let platform = Platform::parse(target.platform()).map_err(|error| Failure::Other(error.to_string()))?;
    let wanted = [groups.clone()].into();
    let sets = match wheel_sets(&spec, &project, &wanted, (&platform, None), resolver, &mut found) {
        Ok(sets) => sets,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match sets.get(&groups) {
        Some(set) if !found.has_errors() => {
            let layers = set.base.iter().chain(&set.extra);
            Ok(Ok(layers.flat_map(|layer| &layer.wheels).cloned().collect()))
        }
        _ => Ok(Err(lines(&found))),
    }
}

/// The errors, a line each.
pub(crate) fn lines(found: &Diagnostics) -> String {
    let all =
        found.errors().into_iter().map(|one| format!("{}:{}: {}", one.source.name, one.line(), one.problem));
    all.collect::<Vec<_>>().join("\n")
}

/// A package, with where it is from as the case's own files say it.
fn installed(wheel: &WheelPlan, case: &Case) -> (String, Installed) {
    let tree = case.trees.iter().find(|tree| tree.name == wheel.name);
    let origin = match &wheel.from {
        WheelFrom::Http { url, file, .. } | WheelFrom::Built(BuildFrom::Sdist { url, file, .. }) => {
            of_url(url.as_str(), file.as_str())
        }
        WheelFrom::Context { path, .. } => of_path(path),
        WheelFrom::Built(BuildFrom::Git { .. }) => format!("tree {}", wheel.name),
        WheelFrom::Built(BuildFrom::Context { path, .. }) if is_archive(path) => of_path(path),
        WheelFrom::Built(BuildFrom::Context { path, .. }) => {
            let known = tree.is_some_and(|tree| {
                matches!(tree.form, Form::Folder | Form::Editable) && tree.folder() == *path
            });
            let member =
                case.members.iter().any(|member| member.folder() == *path && member.name == wheel.name);
            if known || member { format!("tree {}", wheel.name) } else { format!("folder {path}") }
        }
    };
    (wheel.name.clone(), Installed { version: wheel.version.clone().unwrap_or_default(), origin })
}

fn is_archive(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "gz")
}

fn of_path(path: &str) -> String {
    Path::new(path).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// `INDEX/FILE` for a file of an index, `FILE` for others.
fn of_url(url: &str, file: &str) -> String {
    let parts: Vec<&str> = url.split('/').rev().collect();
    match parts.as_slice() {
        [_, "files", index, ..] => format!("{index}/{file}"),
        _ => file.to_owned(),
    }
}
