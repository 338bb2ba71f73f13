//! Checks for stages with and without the project's environment: which keys are allowed in each.

use crate::diagnostics::{Diagnostics, Problem};
use crate::spec::{Base, Spec, Stage};

/// A stage without the project's Python has no place to install groups.
pub(super) fn check(spec: &Spec, found: &mut Diagnostics) {
    for stage in spec.stages.values() {
        let foreign = stage.from.as_ref().filter(|from| !is_python(spec, &from.value));
        if let (Some(from), Some(groups)) = (foreign, &stage.groups) {
            let span = groups.first().map_or(stage.span, |group| group.span);
            let from = from.value.title();
            let problem = Problem::NotAPythonStage { key: "groups", stage: stage.name.clone(), from };
            found.report(&spec.source, span, problem);
        }
        if foreign.is_none() {
            check_path(stage, spec, found);
        }
    }
}

/// Reports a `PATH` without the environment's programs: `python` would be another program or would not exist.
fn check_path(stage: &Stage, spec: &Spec, found: &mut Diagnostics) {
    let steps = stage.run.iter().map(|run| &run.value).chain(stage.checks.iter().map(|check| &check.step));
    for span in
        std::iter::once(&stage.image.env).chain(steps.map(|step| &step.env)).filter_map(|env| env.lost_path)
    {
        found.report(&spec.source, span, Problem::PathWithoutEnvironment);
    }
}

/// Whether `base` contains the project's environment.
pub fn is_python(spec: &Spec, base: &Base) -> bool {
    let mut base = base;
    // A circle of stages has already been reported. The bound only makes this loop end.
    for _ in 0..=spec.stages.len() {
        let Base::Stage(name) = base else { return false };
        match spec.stages.get(name).map(|stage| &stage.from) {
            None | Some(None) => return true,
            Some(Some(from)) => base = &from.value,
        }
    }
    false
}
