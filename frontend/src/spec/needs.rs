//! The dependencies between stages.

use super::{Base, CopyStep, Located, Spec, Stage};
use crate::diagnostics::{Diagnostics, Problem, Span};
use crate::reference::ImageReference;
use crate::walk;

/// The name of the stage in which dependencies are installed.
const BUILDER: &str = "builder";

impl Spec {
    /// The stages that `stage` needs, each with the place in the file that names it.
    pub fn needs<'s>(&'s self, stage: &'s Stage) -> Vec<(&'s str, Span)> {
        let stages = stage.bases().filter_map(named);
        let required = stage.requires.iter().map(|name| (name.value.as_str(), name.span));
        let mut needs: Vec<_> = stages.chain(required).collect();
        if stage.is_assembled() {
            if !stage.is_for_work() {
                needs.extend(self.python.base.as_ref().and_then(named));
            }
            needs.extend(self.project_needs());
            needs.extend(self.builder_needs());
        }
        needs
    }

    /// Like [`Self::needs`], for the name of a stage, which may be `builder`.
    pub fn needs_of(&self, name: &str) -> Vec<(&str, Span)> {
        match self.stages.get(name) {
            Some(stage) => self.needs(stage),
            None if name == BUILDER => self.builder_needs(),
            None => Vec::new(),
        }
    }

    /// The stages from which the builder starts, and the stages whose files belong to a package of the
    /// context that it builds: the member of a workspace, or a project in a folder.
    fn builder_needs(&self) -> Vec<(&str, Span)> {
        let base = self.python.build_base.as_ref().or(self.python.base.as_ref());
        let lock = self.dependencies.lock.as_ref();
        let builds_code =
            self.app.member.is_some() || lock.is_some_and(|lock| lock.value.as_str().contains('/'));
        let code = if builds_code { self.project_needs() } else { Vec::new() };
        base.and_then(named).into_iter().chain(code).collect()
    }

    /// The stages whose files are copied into the project.
    fn project_needs(&self) -> Vec<(&str, Span)> {
        self.app.copy.iter().filter_map(CopyStep::base).filter_map(named).collect()
    }

    /// The end of a chain of stages: an image, a target of a Dockerfile, `scratch`, or a stage that is made
    /// from the project.
    pub fn root_of<'s>(&'s self, base: &'s Base) -> &'s Base {
        let mut base = base;
        // A circle of stages is reported elsewhere. The bound only makes this loop end.
        for _ in 0..=self.stages.len() {
            let Base::Stage(name) = base else { break };
            match self.stages.get(name).map(|stage| &stage.from) {
                Some(Some(from)) => base = &from.value,
                _ => break,
            }
        }
        base
    }

    /// Whether a chain of stages contains the stage `name`.
    pub fn goes_on_from(&self, base: &Base, name: &str) -> bool {
        let mut base = base;
        for _ in 0..=self.stages.len() {
            match base {
                Base::Stage(stage) if stage == name => return true,
                Base::Stage(stage) => match self.stages.get(stage).map(|stage| &stage.from) {
                    Some(Some(from)) => base = &from.value,
                    _ => return false,
                },
                _ => return false,
            }
        }
        false
    }

    /// The image at the end of `[python] base`, if it is an image.
    pub fn python_image(&self) -> Option<&ImageReference> {
        match self.root_of(&self.python.base.as_ref()?.value) {
            Base::Image(image) => Some(image),
            _ => None,
        }
    }

    pub(super) fn check_cycles(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        let names: Vec<&str> = self.stages.keys().map(String::as_str).collect();
        walk::depth_first(
            &names,
            |name| self.needs_of(name),
            |path, (next, span)| {
                let cycle = path.iter().chain(std::iter::once(&next)).map(|&name| name.to_owned()).collect();
                found.report(&self.source, span, Problem::StageCycle { cycle });
            },
        );
        found
    }
}

/// The named stage, if the base is a stage.
fn named(base: &Located<Base>) -> Option<(&str, Span)> {
    match &base.value {
        Base::Stage(name) => Some((name.as_str(), base.span)),
        _ => None,
    }
}
