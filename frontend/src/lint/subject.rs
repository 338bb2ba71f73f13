//! The input of lint rules.

use std::collections::BTreeSet;

use buildkit_llb::Platform;

use super::places::Places;
use crate::plan::{Plan, StagePlan};
use crate::project::{Files, Project};
use crate::reference::ImageReference;
use crate::spec::{Base, CopyStep, Spec, Stage};

/// A project and its builds.
pub struct Subject<'a> {
    /// The build file.
    pub spec: &'a Spec,
    /// The project.
    pub project: &'a Project,
    /// The context.
    pub files: &'a Files<'a>,
    /// The plans, one for each examined target.
    pub plans: &'a [Plan],
    /// The platform of the image.
    pub platform: &'a Platform,
    /// The platform that steps run on without emulation.
    pub build_platform: &'a Platform,
    /// Whether a rule may read more of the context than a build needs.
    pub thorough: bool,
    /// The named contexts of the build, which replace the images with these names.
    pub named: &'a [String],
}

impl<'a> Subject<'a> {
    pub(super) fn places(&self) -> Places<'a> {
        Places::new(&self.spec.source)
    }

    /// The names of the stages in the plans, sorted.
    fn names(&self) -> BTreeSet<&'a str> {
        self.plans.iter().flat_map(|plan| &plan.stages).map(|stage| stage.name.as_str()).collect()
    }

    /// The stages of the build file that are in the plans.
    pub(super) fn stages(&self) -> Vec<&'a Stage> {
        self.names().into_iter().filter_map(|name| self.spec.stages.get(name)).collect()
    }

    /// The plan of a stage.
    pub(super) fn planned(&self, name: &str) -> Option<&'a StagePlan> {
        // If all targets are examined, each stage is the target of its own plan.
        let own = self.plans.iter().find(|plan| plan.target == name).and_then(|plan| plan.stage(name));
        own.or_else(|| self.plans.iter().find_map(|plan| plan.stage(name)))
    }

    /// The targets whose images are for use or distribution. `builder`, `dev`, `test` and the stages based on
    /// them are left out, and so are stages that exist only for other stages.
    pub(super) fn shipped(&self) -> Vec<&'a Stage> {
        let targets: BTreeSet<_> = self.plans.iter().map(|plan| plan.target.as_str()).collect();
        let stages = targets.into_iter().filter_map(|name| self.spec.stages.get(name));
        stages.filter(|stage| self.ships(stage)).collect()
    }

    fn ships(&self, stage: &Stage) -> bool {
        let working = |name: &str| matches!(name, "builder" | "dev" | "test");
        let chain = self.chain(stage);
        let base = chain.last().and_then(|stage| stage.from.as_ref());
        let from_builder = base.is_some_and(|from| from.value == Base::Stage("builder".to_owned()));
        let used = self.spec.stages.values().any(|other| {
            other.name != stage.name
                && other.bases().any(|from| from.value == Base::Stage(stage.name.clone()))
        });
        let python = &self.spec.python;
        let of_app = self.spec.app.copy.iter().filter_map(CopyStep::base);
        let mut bases = python.base.iter().chain(&python.build_base).chain(of_app);
        let used = used || bases.any(|base| base.value == Base::Stage(stage.name.clone()));
        !from_builder && !used && !chain.iter().any(|stage| working(&stage.name))
    }

    /// A stage and the stages that it is based on, the stage itself first.
    pub(super) fn chain<'s>(&'s self, stage: &'s Stage) -> Vec<&'s Stage> {
        let mut chain = vec![stage];
        // A cycle of stages was reported before. The limit only prevents an endless loop.
        while chain.len() <= self.spec.stages.len()
            && let Some(Base::Stage(name)) =
                chain.last().and_then(|last| last.from.as_ref()).map(|from| &from.value)
            && let Some(next) = self.spec.stages.get(name)
        {
            chain.push(next);
        }
        chain
    }

    /// Whether a named context replaces an image, so that the image itself is not used.
    pub(super) fn is_given(&self, image: &ImageReference) -> bool {
        let name = image.context_name();
        let on_platform = format!("{name}::{}", self.platform.normalized().format_all());
        self.named.iter().any(|named| *named == name || *named == on_platform)
    }

    /// The chain of stages of `[python] base`. The stage that it names comes first.
    pub(super) fn python_chain(&self) -> Vec<&Stage> {
        match self.spec.python.base.as_ref().map(|base| &base.value) {
            Some(Base::Stage(name)) => self.spec.stages.get(name).map_or_else(Vec::new, |s| self.chain(s)),
            _ => Vec::new(),
        }
    }

    /// Whether steps for the platform run under emulation.
    pub(super) fn is_emulated(&self) -> bool {
        let (built, native) = (&self.platform.architecture, &self.build_platform.architecture);
        let runs_too = matches!((native.as_str(), built.as_str()), ("amd64", "386") | ("arm64", "arm"));
        built != native && !runs_too
    }
}
