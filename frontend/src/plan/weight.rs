//! What the stages of a build come to, before they are made.
//!
//! Parts of a build file are repeated: every command of a stage has its variables and mounts, a stage has the config of
//! the one that it starts from, every assembled stage has the same packages. So a file of 1 MiB can describe a build of
//! terabytes. It is weighed from the lengths of what the file says, in one pass.

use std::collections::{BTreeMap, BTreeSet};

use super::WheelSet;
use crate::diagnostics::{Diagnostics, Problem};
use crate::project::{Project, Requirements};
use crate::spec::{
    Arguments, Base, CacheMount, Command, ContextPath, CopyStep, Located, RunStep, SecretMount, Spec, Stage,
};

/// The most that the stages of a build come to, in bytes. An engine takes 16 MiB, less what stages share.
const MOST: usize = 32 << 20;

/// The most environments with groups of their own: for each of them, packages are chosen from the whole lock.
const MOST_SETS: usize = 50;

/// What stands around a value: places, digests, names of fields.
const AROUND: usize = 200;

/// What a stage brings to those that start from it.
#[derive(Clone, Copy, Default)]
struct Inherited {
    /// Its variables.
    env: usize,
    /// All that its config says, history included.
    config: usize,
}

/// Whether stages in this order, each after those that it starts from, come to no more than is built. The first that is
/// too much is reported.
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

/// What every assembled stage has.
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

/// What a stage waits for: every check of every stage that it requires.
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

/// `brought` is what copies into the project come to.
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
    // What a check sees of the app is said with each.
    let brought = if stage.is_assembled() { brought } else { 0 };
    let seen = paths(stage.include.as_ref()).saturating_add(brought).saturating_mul(stage.checks.len() + 1);
    (
        Inherited { env, config },
        config.saturating_add(steps).saturating_add(packages).saturating_add(seen) + AROUND,
    )
}

/// A command with what belongs to it alone, and its line.
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
