//! Everything that can be told of a project without an engine: what a build would fail for, and what rules warn of.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

use super::{CheckOptions, Subject, check};
use crate::diagnostics::{Diagnostics, Problem};
use crate::plan::Plan;
use crate::project::{ContextError, Files, Project, Scope};
use crate::resolve::{Clock, Question, ResolveError, Resolver, wheel_sets};
use crate::spec::{Installer, Spec};

/// What is to be looked at.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The stage; absent for every one.
    pub target: Option<&'a str>,
    /// The platform to build for.
    pub platform: &'a Platform,
    /// The platform that steps run on without emulation.
    pub build_platform: &'a Platform,
    /// What stands in for the clock, in seconds since 1970.
    pub epoch: Option<i64>,
    /// The named contexts of the build, which stand in for images of these names.
    pub named: &'a [String],
}

/// There is no index to ask: what only it knows stays open.
struct NoIndex(Clock);

impl Resolver for NoIndex {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        Err(ResolveError(question.label().into()))
    }

    fn clock(&self) -> Clock {
        self.0
    }
}

/// Looks at one platform's build. What is found goes to `found`, as far as `options` let it.
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
            // Whether an index would have an answer is for the build to find out.
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
