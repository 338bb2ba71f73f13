//! Checks names of OS packages against the grammar of the package manager that installs them.

use std::collections::BTreeMap;

use super::{Action, Builder, StagePlan};
use crate::diagnostics::{Diagnostics, Problem};
use crate::spec::system_package::refused;
use crate::spec::{Spec, SystemManager};

/// Reports names that the package manager would not read as a package name. The image decides which package
/// manager is used.
pub(super) fn check_packages<'p>(
    spec: &Spec,
    stages: impl Iterator<Item = &'p StagePlan>,
    builder: Option<&'p Builder>,
    found: &mut Diagnostics,
) {
    let of_steps = stages.flat_map(|stage| &stage.steps).filter_map(|step| match &step.action {
        Action::Packages(packages) => Some(packages),
        _ => None,
    });
    let all = of_steps.chain(builder.and_then(|builder| builder.packages.as_ref()));
    let mut wrong = BTreeMap::new();
    let mut is_told = false;
    for packages in all {
        let is_other = packages.manager != SystemManager::Apt && !is_told;
        if let Some(first) = packages.repositories.first().filter(|_| is_other) {
            is_told = true;
            let problem = Problem::RepositoriesNeedApt { manager: packages.manager.name() };
            found.report(&spec.source, first.span, problem);
        }
        for name in &packages.names {
            if let Some(reason) = refused(packages.manager, name) {
                wrong.insert(name.as_str(), reason);
            }
        }
    }
    let system = [&spec.system.packages, &spec.system.build, &spec.system.runtime];
    let written = system.into_iter().chain(spec.stages.values().map(|stage| &stage.packages)).flatten();
    for place in written {
        if let Some(&reason) = wrong.get(place.value.as_str()) {
            let problem = Problem::BadName { what: "package name", value: place.value.clone(), reason };
            found.report(&spec.source, place.span, problem);
        }
    }
}
