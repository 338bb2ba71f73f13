//! The part of the build file that one build uses. Mistakes elsewhere do not fail this build. Dockerfiles
//! behave in the same way: a stage does not fail because another stage copies a missing file.

use std::collections::BTreeSet;

use super::pyproject::normalized;
use crate::spec::{ContextPath, CopyFrom, Located, Spec, Stage};

/// Groups that a stage installs without naming them, if the project has them.
pub(super) fn usual_groups(stage: &str) -> &'static [&'static str] {
    match stage {
        "dev" => &["dev"],
        "test" => &["dev", "test", "tests"],
        _ => &[],
    }
}

/// The stages that a build uses.
#[derive(Clone, Debug)]
pub struct Scope<'s> {
    spec: &'s Spec,
    stages: Vec<&'s Stage>,
    /// The groups that the stages and `[dependencies] extras` name, with normalised names.
    groups: BTreeSet<String>,
    has_python: bool,
    has_app: bool,
}

impl<'s> Scope<'s> {
    /// Every stage of the file.
    pub fn all(spec: &'s Spec) -> Self {
        Self::new(spec, spec.stages.values().collect(), true, true)
    }

    fn new(spec: &'s Spec, stages: Vec<&'s Stage>, has_python: bool, has_app: bool) -> Self {
        let named = stages.iter().flat_map(|stage| stage.groups.iter().flatten());
        let named = named.chain(&spec.dependencies.extras).map(|name| normalized(&name.value));
        let unnamed = stages.iter().filter(|stage| stage.groups.is_none());
        let usual = unnamed.flat_map(|stage| usual_groups(&stage.name)).map(|name| (*name).to_owned());
        let groups = named.chain(usual).collect();
        Self { spec, stages, groups, has_python, has_app }
    }

    /// A target and all stages that it needs. If the target does not exist, the scope is the whole file; the
    /// plan reports the target later.
    pub fn of(spec: &'s Spec, target: &str) -> Self {
        let Ok(target) = spec.target(target) else { return Self::all(spec) };
        let mut names = BTreeSet::new();
        let mut open = vec![target];
        while let Some(name) = open.pop() {
            if names.insert(name) {
                open.extend(spec.needs_of(name).into_iter().map(|(needed, _)| needed));
            }
        }
        let stages: Vec<_> = names.iter().filter_map(|name| spec.stages.get(*name)).collect();
        let has_python = names.contains("builder") || stages.iter().any(|stage| stage.is_assembled());
        let copies_app = |stage: &Stage| {
            stage.is_assembled() && stage.include.is_none() && !matches!(stage.name.as_str(), "dev" | "test")
        };
        let has_app = stages.iter().any(|stage| copies_app(stage));
        Self::new(spec, stages, has_python, has_app)
    }

    /// Whether any of the stages uses the project's Python and its packages.
    pub(super) fn has_python(&self) -> bool {
        self.has_python
    }

    /// Whether any of the stages installs the group.
    pub(super) fn has_group(&self, name: &str) -> bool {
        self.groups.contains(name)
    }

    /// The paths of the context that the stages name, without requirements files and include patterns.
    pub fn named_paths(&self) -> Vec<Located<ContextPath>> {
        let mut paths: Vec<Located<ContextPath>> = Vec::new();
        if self.has_app {
            paths.extend(self.spec.app.include.iter().flatten().cloned());
        }
        for stage in &self.stages {
            paths.extend(stage.include.iter().flatten().cloned());
            let steps =
                stage.run.iter().map(|step| &step.value).chain(stage.checks.iter().map(|check| &check.step));
            paths.extend(steps.flat_map(|step| step.include.iter().cloned()));
            for copy in stage.copy.iter().filter(|copy| copy.from == CopyFrom::Context) {
                // For a pattern, the folder in which it is searched.
                let path = ContextPath::parse(&copy.path.value).map(|path| path.literal());
                paths.extend(path.map(|path| Located::new(path, copy.path.span)));
            }
        }
        paths.retain(|path| !path.value.is_pattern());
        paths
    }
}
