//! Examines a project without an engine. The result has the errors that would stop a build, and the warnings
//! of the rules.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

use super::{CheckOptions, Subject, check};
use crate::diagnostics::{Diagnostics, Problem};
use crate::plan::Plan;
use crate::project::{ContextError, Files, Project, Scope};
use crate::resolve::{Clock, Question, ResolveError, Resolver, wheel_sets};
use crate::spec::{Installer, Spec};

/// The input of an examination.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The stage to build. `None` means all stages.
    pub target: Option<&'a str>,
    /// The platform to build for.
    pub platform: &'a Platform,
    /// The platform that steps run on without emulation.
    pub build_platform: &'a Platform,
    /// The replacement for the clock, in seconds since 1970.
    pub epoch: Option<i64>,
    /// The named contexts of the build, which replace the images with these names.
    pub named: &'a [String],
}

/// A resolver without an index. The questions to the index stay open.
struct NoIndex(Clock);

impl Resolver for NoIndex {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        Err(ResolveError(question.label().into()))
    }

    fn clock(&self) -> Clock {
        self.0
    }
}

/// Examines the build for one platform. Adds the problems to `found`, except those that `options` skips.
///
/// # Errors
/// If the context cannot be read.
pub fn examine(
    spec: &Spec,
    files: &Files<'_>,
    asked: Asked<'_>,
    options: &CheckOptions,
    found: &mut Diagnostics,
) -> Result<(), ContextError> {
    let mut problems = Diagnostics::default();
    for (name, suggestion) in spec.arguments.unused() {
        problems.report(&spec.source, spec.anywhere(), Problem::UnusedBuildArg { name, suggestion });
    }
    let scope = asked.target.map_or_else(|| Scope::all(spec), |target| Scope::of(spec, target));
    let project = Project::detect(spec, &scope, files, &mut problems)?;
    options.apply(&mut problems);
    let no_index = NoIndex(Clock::new(asked.epoch));
    let targets = asked.target.map_or_else(|| spec.targets(), |target| vec![target]);
    let plans = Plan::several(spec, &project, &targets, &BTreeMap::new(), &mut problems);
    let with_builder = plans.iter().filter(|plan| plan.builder.is_some());
    let sets: BTreeSet<_> = with_builder.flat_map(Plan::group_sets).collect();
    if spec.dependencies.installer == Installer::Wheels && !problems.has_errors() {
        for groups in sets {
            // Only a build can ask the index, so the answers are dropped here.
            let wanted = [groups].into();
            drop(wheel_sets(spec, &project, &wanted, (asked.platform, None), &no_index, &mut problems));
        }
    }
    if !problems.has_errors() {
        let Asked { platform, build_platform, named, .. } = asked;
        let (project, plans) = (&project, plans.as_slice());
        let thorough = true;
        let subject = Subject { spec, project, files, plans, platform, build_platform, thorough, named };
        check(&subject, options, &mut problems)?;
    }
    options.apply(&mut problems);
    found.extend(problems);
    Ok(())
}
