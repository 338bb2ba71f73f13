//! Groups of stages that start from another stage. Only the packages that the existing environment lacks are
//! added.

use super::stages::Planner;
use super::{Groups, WheelPlan};
use crate::diagnostics::{Diagnostics, Problem, Span};
use crate::project::is_python;
use crate::spec::{Base, Installer, Stage};

impl Planner<'_> {
    /// The packages that the groups of a derived stage add. Also the packages that cannot be added, each with
    /// the package below that conflicts. The selection includes the groups of the stages below.
    pub(super) fn added_groups(&self, stage: &Stage, from: &Base) -> (Groups, Vec<(WheelPlan, WheelPlan)>) {
        let own = self.project.groups_of(stage);
        let below = self.groups_below(from).filter(|_| self.spec.dependencies.installer == Installer::Wheels);
        let Some(below) = below else { return (self.groups(&own), Vec::new()) };
        let mut groups = self.groups(&[below.as_slice(), &own].concat());
        let below = self.groups(&below).wheels;
        let Some((set, below)) = groups.wheels.take().zip(below) else { return (groups, Vec::new()) };
        let (set, others) = set.on_top_of(&below);
        groups.wheels = Some(set);
        (groups, others)
    }

    /// The groups of the environment from which a derived stage starts; `None` if the stage starts from an
    /// image.
    fn groups_below(&self, from: &Base) -> Option<Vec<String>> {
        let mut groups = Vec::new();
        let mut base = from;
        for _ in 0..=self.spec.stages.len() {
            let (Base::Stage(name) | Base::Unknown(name)) = base else { return None };
            let Some(stage) = self.spec.stages.get(name) else {
                return (name == "builder").then_some(groups);
            };
            match &stage.from {
                None => {
                    groups.extend(self.project.groups_of(stage));
                    return Some(groups);
                }
                Some(next) => {
                    let named = stage.groups.is_some();
                    groups.extend(named.then(|| self.project.groups_of(stage)).into_iter().flatten());
                    base = &next.value;
                }
            }
        }
        None
    }

    /// Reports packages of a derived stage that are below in another version.
    pub(super) fn check_below(&self, stage: &Stage, found: &mut Diagnostics) {
        let Some(from) = stage.from.as_ref().filter(|from| is_python(self.spec, &from.value)) else { return };
        if stage.groups.is_none() {
            return;
        }
        for (there, new) in self.added_groups(stage, &from.value).1 {
            let problem =
                Problem::OtherBelow { stage: stage.name.clone(), there: there.label(), new: new.label() };
            found.report(&self.spec.source, groups_span(stage), problem);
        }
    }
}

/// The place at which a stage names its groups.
pub(super) fn groups_span(stage: &Stage) -> Span {
    stage.groups.iter().flatten().next().map_or(stage.span, |group| group.span)
}
