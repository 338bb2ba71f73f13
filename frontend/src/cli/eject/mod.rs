//! `pybuild eject`: writes a Dockerfile from the plan, for engines that cannot run other frontends.
//!
//! The images are the same, but the layers differ: pip, or py-rattler for a conda environment, installs each
//! environment in one step. So a changed package makes the whole step run again.

mod conda;
mod environment;
mod own_pip;
mod packages;
mod stage;
mod words;

use std::collections::BTreeSet;

use buildkit_llb::Platform;

use self::words::Dockerfile;
use super::arguments::Build;
use super::error::CliError;
use super::folder::{Opened, Prepared};
use super::{Answer, platform};
use crate::ignore::Patterns;
use crate::plan::{Action, BasePlan, CopyPlan, CopySource, Plan, StagePlan};
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
    let result = dockerfile(&opened, &prepared, &platform).map_err(|refused| {
        let error = CliError::new(refused.join("\n"));
        error.help(
            "take it out, or push the image that pybuild makes, and begin the Dockerfile with `FROM` of it",
        )
    })?;
    Ok(Answer { result, notes, code: 0 })
}

/// The whole Dockerfile, or the parts of it that cannot be written.
fn dockerfile(opened: &Opened, prepared: &Prepared, platform: &Platform) -> Result<String, Vec<String>> {
    let plan = &prepared.plan;
    let mut out = Dockerfile::default();
    out.comment("syntax=docker/dockerfile:1");
    out.blank();
    let (file, target) = (&opened.source.name, &plan.target);
    let platform_name = platform.format_all();
    out.comment(&format!("Made by `pybuild eject` from {file}: the stage `{target}` for {platform_name}."));
    for line in [
        "Images have the same files and settings as those of pybuild. What is not the same:",
        "- an environment is one layer, so a changed package makes and pushes all of it again;",
        "- wheels are chosen for this platform, and what has to be built for another is built under emulation;",
        "- what pip notes of itself in `*.dist-info`, and log files of package managers.",
    ] {
        out.comment(line);
    }
    let project = &prepared.project;
    let locked = project.locked.as_ref().map(|locked| locked.path.as_str());
    let locked = locked.or(project.conda.as_ref().map(|conda| conda.path.as_str()));
    if let Some(lock) = locked {
        out.comment(&format!("Versions and hashes are those of {lock}: eject again when it changes."));
    }
    if opened.ignored.file.is_none() {
        out.comment("");
        out.comment("Without a .dockerignore, pybuild leaves these out. Put them into one:");
        for rule in Patterns::built_in().to_strings() {
            out.comment(&format!("  {rule}"));
        }
    }
    // First come the stages on which the environment is made, and the stages that these need.
    let (first, others) = below_builder(plan, &mut out);
    for stage in first {
        stage::write(&mut out, plan, stage);
    }
    environment::write(&mut out, prepared, platform);
    for stage in others {
        stage::write(&mut out, plan, stage);
    }
    if plan.stages.last().is_some_and(|stage| stage.name != plan.target) {
        out.blank();
        out.instruction(format!("FROM {}", words::stage_name(&plan.target)));
    }
    out.finish()
}

/// The stages on which the builder is made, and all other stages. Both have the order of the plan.
fn below_builder<'p>(plan: &'p Plan, out: &mut Dockerfile) -> (Vec<&'p StagePlan>, Vec<&'p StagePlan>) {
    let mut below: BTreeSet<&str> = BTreeSet::new();
    let builder = plan.builder.as_ref().map(|builder| builder.base.plan());
    let mut open: Vec<&str> = Vec::new();
    if let Some(BasePlan::Stage(name)) = &builder {
        open.extend(plan.stage(name).map(|stage| stage.name.as_str()));
    }
    let brought = plan.builder.iter().flat_map(|builder| &builder.brought);
    open.extend(brought.filter_map(|brought| match &brought.copy.from {
        CopySource::Stage(name) => Some(name.as_str()),
        _ => None,
    }));
    while let Some(name) = open.pop() {
        if below.insert(name)
            && let Some(stage) = plan.stage(name)
        {
            match &stage.base {
                BasePlan::Stage(from) => open.push(from),
                BasePlan::Environment { .. } => {
                    out.refuse(name, "files for the project that are made with its own environment");
                }
                _ => {}
            }
            open.extend(stage.gates.iter().map(String::as_str));
            open.extend(stage.steps.iter().filter_map(|step| match &step.action {
                Action::Copy(CopyPlan { from: CopySource::Stage(name), .. }) => Some(name.as_str()),
                _ => None,
            }));
        }
    }
    plan.stages.iter().map(AsRef::as_ref).partition(|stage| below.contains(stage.name.as_str()))
}
