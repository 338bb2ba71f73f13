//! The size of a build's stages, before they are made.
//!
//! A plan repeats parts of the build file: every command of a stage has the stage's variables and mounts, a
//! stage has the config of its base, and every assembled stage has the same packages. So a file of 1 MiB can
//! describe a build of terabytes. The size is computed from the lengths of the file's values, in one pass.

use std::collections::{BTreeMap, BTreeSet};

use super::WheelSet;
use crate::diagnostics::{Diagnostics, Problem};
use crate::project::{Project, Requirements};
use crate::spec::{
    Arguments, Base, CacheMount, Command, ContextPath, CopyStep, Located, RunStep, SecretMount, Spec, Stage,
};

/// The maximum size of a build's stages, in bytes. An engine accepts 16 MiB, but does not count parts that
/// stages share.
const MOST: usize = 32 << 20;

/// The maximum number of environments with groups of their own. For each of them, packages are selected from
/// the whole lock.
const MOST_SETS: usize = 50;

/// The size of the data around a value: places, digests, field names.
const AROUND: usize = 200;

/// The data that a stage passes to stages that start from it.
#[derive(Clone, Copy, Default)]
struct Inherited {
    /// The size of its variables.
    env: usize,
    /// The size of its config, including the history.
    config: usize,
}

/// Whether stages in this order stay within the limit. Each stage comes after its base. The first stage above
/// the limit is reported.
pub(super) fn is_bearable(
    spec: &Spec,
    project: &Project,
    order: &[&str],
    wheels: &BTreeMap<Vec<String>, WheelSet>,
    found: &mut Diagnostics,
) -> bool {
    let shared = shared(spec, project, wheels);
    let groups: BTreeMap<&str, usize> =
        project.groups.iter().map(|(name, group)| (name.as_str(), of_requirements(group))).collect();
    let mut inherited: BTreeMap<&str, Inherited> = BTreeMap::new();
    let mut total: usize = 0;
    let mut sets: BTreeSet<Vec<String>> = BTreeSet::new();
    let brought: usize = spec.app.copy.iter().map(weigh_copy).sum();
    for stage in order.iter().filter_map(|name| spec.stages.get(*name)) {
        let base = stage.from.as_ref().and_then(|from| match &from.value {
            Base::Stage(name) => inherited.get(name.as_str()).copied(),
            _ => None,
        });
        let (own, size) = weigh(stage, &spec.arguments, base.unwrap_or_default(), brought);
        inherited.insert(&stage.name, own);
        total = total.saturating_add(size).saturating_add(gates(spec, stage));
        if stage.is_assembled() {
            let named = project.groups_of(stage);
            sets.insert(named.clone());
            if sets.len() > MOST_SETS {
                let problem = Problem::TooMany { what: "sets of groups", most: MOST_SETS };
                found.report(&spec.source, stage.span, problem);
                return false;
            }
            let named = named.iter().filter_map(|name| groups.get(name.as_str()));
            total = total.saturating_add(shared).saturating_add(3 * named.copied().sum::<usize>());
        }
        if total > MOST {
            let problem = Problem::BuildTooLarge { stage: stage.name.clone(), limit: MOST >> 20 };
            found.report(&spec.source, stage.span, problem);
            return false;
        }
    }
    true
}

/// The size of the data that every assembled stage has.
fn shared(spec: &Spec, project: &Project, wheels: &BTreeMap<Vec<String>, WheelSet>) -> usize {
    let system = &spec.system;
    let lists = [&system.packages, &system.build, &system.runtime].into_iter().flatten();
    let lists: usize = lists.map(|name| name.value.len() + AROUND / 4).sum();
    let writable: usize = spec.app.writable.iter().map(|path| path.value.as_str().len() + AROUND).sum();
    let labels: usize = project.labels.iter().map(|(name, value)| name.len() + value.len()).sum();
    let sets =
        wheels.values().map(|set| set.base.iter().chain(&set.extra).map(|layer| layer.wheels.len()).sum());
    let wheels: usize = sets.max().unwrap_or(0);
    lists
        + writable
        + labels
        + paths(spec.app.include.as_ref())
        + 3 * of_requirements(&project.requirements)
        + wheels * AROUND
}

fn of_requirements(requirements: &Requirements) -> usize {
    let lines: usize = requirements.inline.iter().map(|line| line.len() + AROUND / 4).sum();
    let inputs: usize = requirements.inputs.iter().map(|path| path.as_str().len() + AROUND / 4).sum();
    lines + inputs + requirements.wanted.len() * AROUND / 2
}

/// The size of the checks for which a stage waits: all checks of all stages that it requires.
fn gates(spec: &Spec, stage: &Stage) -> usize {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&Located<String>> = stage.requires.iter().collect();
    let mut checks = 0;
    while let Some(name) = open.pop() {
        if seen.insert(name.value.as_str())
            && let Some(next) = spec.stages.get(&name.value)
        {
            checks += next.checks.len() + 1;
            open.extend(&next.requires);
        }
    }
    checks * AROUND
}

fn weigh_copy(copy: &CopyStep) -> usize {
    let exclude: usize = copy.exclude.iter().map(|pattern| pattern.len() + 32).sum();
    2 * (copy.path.value.len() + copy.to.value.len()) + exclude + 4 * AROUND
}

/// `brought` is the size of copies into the project.
fn weigh(stage: &Stage, arguments: &Arguments, base: Inherited, brought: usize) -> (Inherited, usize) {
    let image = &stage.image;
    let pairs = |map: &BTreeMap<String, String>| -> usize {
        map.iter().map(|(name, value)| name.len() + value.len() + 16).sum()
    };
    let env = base.env + pairs(&image.env.variables);
    let commands = [&image.command, &image.entrypoint].into_iter().flatten().map(length).sum::<usize>();
    let ports: usize = image.expose.iter().map(|ports| ports.value.0.len() * 32).sum();
    let volumes: usize = image.volumes.iter().map(|path| path.as_str().len() + 16).sum();
    let every = env + mounts(&stage.cache, &stage.secrets) + 3 * AROUND;
    let (mut steps, mut history) = (0_usize, 0);
    for step in stage.run.iter().map(|run| &run.value).chain(stage.checks.iter().map(|check| &check.step)) {
        let (size, line) = weigh_step(step, arguments, &pairs);
        steps = steps.saturating_add(size).saturating_add(every);
        history += line + AROUND;
    }
    for copy in &stage.copy {
        steps += weigh_copy(copy);
        history += copy.path.value.len() + copy.to.value.len() + AROUND;
    }
    let packages: usize = stage.packages.iter().map(|name| name.value.len() + 16).sum();
    let config = base.config
        + pairs(&image.env.variables)
        + pairs(&image.labels)
        + commands
        + ports
        + volumes
        + history;
    // Each check repeats the app's files.
    let brought = if stage.is_assembled() { brought } else { 0 };
    let seen = paths(stage.include.as_ref()).saturating_add(brought).saturating_mul(stage.checks.len() + 1);
    (
        Inherited { env, config },
        config.saturating_add(steps).saturating_add(packages).saturating_add(seen) + AROUND,
    )
}

/// The size of a command with its own data, and the size of its line.
fn weigh_step(
    step: &RunStep,
    arguments: &Arguments,
    pairs: &impl Fn(&BTreeMap<String, String>) -> usize,
) -> (usize, usize) {
    let line = length(&step.command);
    let values: usize = match &step.command {
        Command::Shell(text) => arguments.mentioned_length(text),
        Command::Arguments(words) => words.iter().map(|word| arguments.mentioned_length(word)).sum(),
    };
    let size = 3 * line
        + values
        + pairs(&step.env.variables)
        + mounts(&step.cache, &step.secrets)
        + paths(Some(&step.include));
    (size, line)
}

fn length(command: &Command) -> usize {
    match command {
        Command::Shell(text) => text.len(),
        Command::Arguments(words) => words.iter().map(|word| word.len() + 16).sum(),
    }
}

fn mounts(cache: &[CacheMount], secrets: &[SecretMount]) -> usize {
    let cache: usize = cache.iter().map(|mount| 2 * mount.path.len() + AROUND).sum();
    cache + secrets.iter().map(|secret| 2 * secret.id.len() + AROUND).sum::<usize>()
}

fn paths(include: Option<&Vec<Located<ContextPath>>>) -> usize {
    include.into_iter().flatten().map(|path| path.value.as_str().len() + AROUND / 2).sum()
}
