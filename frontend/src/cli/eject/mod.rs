//! `pybuild eject`: a Dockerfile that makes what the plan says, for engines that run no frontend of their own.
//!
//! The same images, not the same layers: pip installs each environment in one step, or py-rattler where it is one of
//! conda packages, so a changed package makes all of it again.

mod conda;
mod environment;
mod stage;
mod words;

use std::fmt::Write;

use buildkit_llb::Platform;

use super::arguments::Build;
use super::error::CliError;
use super::folder::{Opened, Prepared};
use super::{Answer, platform};
use crate::ignore::Patterns;
use crate::project::CondaSource;

pub(super) fn run(build: &Build) -> Result<Answer, CliError> {
    let opened = Opened::new(&build.project)?;
    let platform = platform::one_of(build.platform.as_deref())?;
    let prepared = opened.plan(build.target.as_deref(), &platform)?;
    if let Some(conda) = &prepared.project.conda
        && matches!(conda.says, CondaSource::Environment(_))
    {
        let file = conda.path.as_str();
        let error = CliError::new(format!("{file} locks nothing, so a Dockerfile cannot name its packages"));
        let error = error.help("lock them: `conda-lock -f environment.yml`, or `pixi lock`");
        return Err(
            error.help("or push the image that pybuild makes, and begin the Dockerfile with `FROM` of it")
        );
    }
    let mut notes = Vec::new();
    if opened.ignored.file.is_none() {
        notes.push(
            "the rules of ignored files that are built into pybuild are in a comment: copy them".to_owned(),
        );
    }
    if prepared.plan.access.index.auth.is_some() {
        let id = prepared.plan.access.index.auth.as_deref().unwrap_or_default();
        notes
            .push(format!("the secret `{id}` of `auth` is not used: pip reads credentials of `netrc` alone"));
    }
    Ok(Answer { result: dockerfile(&opened, &prepared, &platform), notes, code: 0 })
}

/// The whole Dockerfile.
fn dockerfile(opened: &Opened, prepared: &Prepared, platform: &Platform) -> String {
    let plan = &prepared.plan;
    let mut out = String::from("# syntax=docker/dockerfile:1\n");
    let _ = writeln!(
        out,
        "\n# Made by `pybuild eject` from {}: the stage `{}` for {}.\n# Images have the same files and settings as \
         those of pybuild. What is not the same:\n# - an environment is one layer, so a changed package \
         makes and pushes all of it again;\n# - wheels are chosen for this platform, and what has to be built for \
         another is built under emulation;\n# - what pip notes of itself in `*.dist-info`, and log files of package \
         managers.",
        opened.source.name,
        plan.target,
        platform.format_all(),
    );
    let project = &prepared.project;
    let locked = project.locked.as_ref().map(|locked| locked.path.as_str());
    let locked = locked.or(project.conda.as_ref().map(|conda| conda.path.as_str()));
    if let Some(lock) = locked {
        let _ = writeln!(out, "# Versions and hashes are those of {lock}: eject again when it changes.");
    }
    if opened.ignored.file.is_none() {
        out.push_str("#\n# Without a .dockerignore, pybuild leaves these out. Put them into one:\n");
        for rule in Patterns::built_in().to_strings() {
            let _ = writeln!(out, "#   {rule}");
        }
    }
    environment::write(&mut out, prepared, platform);
    for stage in &plan.stages {
        stage::write(&mut out, plan, stage);
    }
    if plan.stages.last().is_some_and(|stage| stage.name != plan.target) {
        let _ = writeln!(out, "\nFROM {}", words::stage_name(&plan.target));
    }
    out
}
