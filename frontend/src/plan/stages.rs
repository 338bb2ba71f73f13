//! Turns the stages of the file into the stages that are built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::derived::groups_span;
use super::package_names::check_packages;
use super::parts::{
    absolute, app_span, brought, copy_step, development, expected_users, is_for_work, manager_of, mounted,
    packages_step,
};
use super::{
    Access, Action, AppFiles, BasePlan, Builder, CheckPlan, CopySource, Groups, ImagePlan, MountPlan,
    Packages, Plan, PythonBase, RunPlan, StagePlan, Step, WheelSet, account, weight,
};
use crate::diagnostics::{Diagnostics, Problem, Span};
use crate::project::{Project, is_python};
use crate::reference::ImageReference;
use crate::spec::{Base, Check, ImagePath, Located, Repository, RunStep, SecurityMode, Spec, Stage, User};
use crate::walk;

/// The tag of the Debian image that is the base of conda environments.
const CONDA_BASE: &str = "trixie-slim";

/// The tag of the Python image in which conda packages are resolved.
const CONDA_RESOLVER: &str = "3.13-slim";

pub(super) struct Planner<'s> {
    pub(super) spec: &'s Spec,
    pub(super) project: &'s Project,
    wheels: &'s BTreeMap<Vec<String>, WheelSet>,
    python_base: PythonBase,
    build_base: PythonBase,
}

pub(super) fn plans(
    spec: &Spec,
    project: &Project,
    targets: &[&str],
    wheels: &BTreeMap<Vec<String>, WheelSet>,
    found: &mut Diagnostics,
) -> Vec<Plan> {
    for stage in spec.stages.values() {
        let first = stage
            .packages
            .first()
            .filter(|_| stage.from.as_ref().is_some_and(|from| from.value == Base::Scratch));
        if let Some(package) = first {
            let problem = Problem::PackagesOnScratch { stage: stage.name.clone() };
            found.report(&spec.source, package.span, problem);
        }
    }
    let planner = Planner::new(spec, project, wheels);
    let known: Vec<_> = targets.iter().map(|target| spec.target(target)).collect();
    let all: Vec<&str> = known.iter().filter_map(|target| target.as_ref().ok().copied()).collect();
    let order = planner.order(&all);
    let is_bearable = weight::is_bearable(spec, project, &order, wheels, found);
    for stage in order.iter().filter_map(|name| spec.stages.get(*name)) {
        planner.check_below(stage, found);
    }
    let mut made: BTreeMap<&str, Arc<StagePlan>> = BTreeMap::new();
    let mut plans = Vec::new();
    for (asked, target) in targets.iter().zip(known) {
        let target = match target {
            Ok(target) if is_bearable => target,
            Ok(_) => {
                plans.push(Plan::empty(spec, asked));
                continue;
            }
            Err(problem) => {
                found.report(&spec.source, spec.anywhere(), problem);
                plans.push(Plan::empty(spec, asked));
                continue;
            }
        };
        let stages: Vec<_> = planner
            .order(&[target])
            .into_iter()
            .map(|name| Arc::clone(made.entry(name).or_insert_with(|| Arc::new(planner.stage(name)))))
            .collect();
        let builder = stages.iter().any(|stage| uses_builder(stage)).then(|| planner.builder());
        let (source, target) = (Arc::clone(&spec.source), target.to_owned());
        let python_span = spec.python.base.as_ref().map(|base| base.span);
        plans.push(Plan { source, target, stages, access: Access::of(spec), builder, python_span });
    }
    let builder = plans.iter().find_map(|plan| plan.builder.as_ref());
    check_packages(spec, made.values().map(AsRef::as_ref), builder, found);
    plans
}

fn uses_builder(stage: &StagePlan) -> bool {
    let from_builder = matches!(stage.base, BasePlan::Environment { .. });
    from_builder
        || stage.steps.iter().any(|step| match &step.action {
            Action::Environment(_) | Action::Project { .. } => true,
            Action::Copy(copy) => copy.from == CopySource::Builder,
            Action::Run(run) => mounts_builder(run),
            _ => false,
        })
        || stage.checks.iter().any(|check| mounts_builder(&check.run))
        || stage
            .steps
            .iter()
            .filter_map(|step| step.action.files())
            .any(|files| files.brought.iter().any(|brought| brought.copy.from == CopySource::Builder))
}

fn mounts_builder(run: &RunPlan) -> bool {
    run.mounts.iter().filter_map(MountPlan::files).any(|files| files.copy.from == CopySource::Builder)
}

impl<'s> Planner<'s> {
    fn new(spec: &'s Spec, project: &'s Project, wheels: &'s BTreeMap<Vec<String>, WheelSet>) -> Self {
        let tag = project.python.map_or_else(|| "3-slim".to_owned(), |version| format!("{version}-slim"));
        // conda's Python needs only the C library of its base.
        let official = || match &project.conda {
            Some(_) => ImageReference::official("debian", CONDA_BASE.to_owned()),
            None => ImageReference::official("python", tag),
        };
        let of = |base: &Option<Located<Base>>| base.as_ref().and_then(|base| PythonBase::of(&base.value));
        let python_base = of(&spec.python.base).unwrap_or_else(|| PythonBase::Image(official()));
        let build_base = of(&spec.python.build_base).unwrap_or_else(|| python_base.clone());
        Self { spec, project, wheels, python_base, build_base }
    }

    /// The name that shows the distribution of the base with the project's Python.
    fn distribution(&self, base: &PythonBase) -> String {
        match base {
            PythonBase::Stage(name) => self.spec.root_of(&Base::Stage(name.clone())).title(),
            PythonBase::Image(_) | PythonBase::Dockerfile(_) => base.title(),
        }
    }

    /// The stages in `names`, and before each stage the stages that it needs.
    fn order(&self, names: &[&'s str]) -> Vec<&'s str> {
        let order = walk::depth_first(names, |name| self.spec.needs_of(name), |_, _| {});
        // The builder is a stage of its own only if it is the target.
        order.into_iter().filter(|name| *name != "builder" || names.contains(name)).collect()
    }

    /// The stages that `stage` requires, directly and indirectly.
    fn required(&self, stage: &'s Stage) -> BTreeSet<&'s str> {
        let mut all = BTreeSet::new();
        let mut open: Vec<&Located<String>> = stage.requires.iter().collect();
        while let Some(name) = open.pop() {
            if all.insert(name.value.as_str())
                && let Some(next) = self.spec.stages.get(&name.value)
            {
                open.extend(&next.requires);
            }
        }
        all
    }

    fn builder(&self) -> Builder {
        let (system, base) = (&self.spec.system, &self.spec.python.base);
        let packages = system.packages.iter().chain(&system.build);
        Builder {
            packages: self.packages(packages, &self.distribution(&self.build_base), &system.repositories),
            resolver: match (&self.project.conda, &self.spec.python.build_base) {
                (Some(_), None) => {
                    PythonBase::Image(ImageReference::official("python", CONDA_RESOLVER.to_owned()))
                }
                _ => self.build_base.clone(),
            },
            compiler: self.compiler(),
            base: self.build_base.clone(),
            base_span: self.spec.python.build_base.as_ref().or(base.as_ref()).map(|base| base.span),
            python: self.project.python,
            version: self.spec.app.version.as_ref().map(|version| version.value.clone()),
            brought: self.spec.app.copy.iter().map(|copy| brought(copy, &ImagePath::constant("/"))).collect(),
            build: self.project.own_build(self.spec),
            environment: self.groups(&[]),
            span: self.project.requirements.asked.unwrap_or_else(|| self.spec.anywhere()),
        }
    }

    /// conda's Python may be for another platform than the build platform. The official image of the same
    /// Python version exists for every platform.
    fn compiler(&self) -> PythonBase {
        let python = self.wheels.values().next().map(|set| &set.python);
        match (python, &self.project.conda, &self.spec.python.build_base) {
            (Some(python), Some(_), None) => {
                PythonBase::Image(ImageReference::official("python", format!("{python}-slim")))
            }
            _ => self.build_base.clone(),
        }
    }

    fn packages<'l>(
        &self,
        names: impl Iterator<Item = &'l Located<String>>,
        image: &str,
        repositories: &[Repository],
    ) -> Option<Packages> {
        let mut names: Vec<_> = names.collect();
        names.sort_by(|a, b| a.value.cmp(&b.value));
        let first = names.iter().map(|name| name.span).min()?;
        let last = names.iter().map(|name| name.span).max()?;
        let mut sorted: Vec<_> = names.into_iter().map(|name| name.value.clone()).collect();
        sorted.dedup();
        Some(Packages {
            manager: self.spec.system.manager.unwrap_or_else(|| manager_of(image)),
            names: sorted,
            repositories: repositories.to_vec(),
            distribution: image.to_owned(),
            span: Span { start: first.start, end: last.end },
        })
    }

    /// The repositories for OS packages of a derived stage. The file's repositories apply if the project's
    /// Python is installed on this stage, or if the stage starts from the project's base. Another image may
    /// be of another distribution.
    fn repositories_of(&self, stage: &Stage) -> &[Repository] {
        let python = &self.spec.python;
        let mut bases = python.base.iter().chain(&python.build_base);
        let is_below = bases.any(|base| self.spec.goes_on_from(&base.value, &stage.name));
        let is_above = stage.from.as_ref().is_some_and(|from| is_python(self.spec, &from.value));
        if is_below || is_above { &self.spec.system.repositories } else { &[] }
    }

    fn stage(&self, name: &str) -> StagePlan {
        let Some(stage) = self.spec.stages.get(name) else {
            return self.builder_stage(name);
        };
        let workdir = self.workdir(stage);
        let code = self.code_folder(&workdir);
        let (base, mut steps) = match &stage.from {
            None if matches!(name, "dev" | "test") => self.working_stage(stage, code),
            None => self.shipping_stage(stage, code),
            Some(from) => self.derived_stage(stage, &from.value, code),
        };
        steps.extend(stage.copy.iter().map(|copy| copy_step(copy, &workdir)));
        let ships = stage.is_assembled() && !matches!(name, "dev" | "test");
        steps.extend(self.owned(stage, ships));
        for run in &stage.run {
            steps.push(Step { action: Action::Run(self.run(stage, &run.value, &workdir)), span: run.span });
        }
        let made = |step: &Step| matches!(step.action, Action::Copy(_) | Action::Run(_));
        let checks_see_all = stage.from.is_some() || steps.iter().any(made);
        let checks = stage.checks.iter().map(|check| self.check(stage, check, &workdir, checks_see_all));
        let checks = checks.collect();
        let gates = self.required(stage);
        let image = self.image(stage, workdir);
        StagePlan {
            name: name.to_owned(),
            span: stage.span,
            base,
            checks,
            gates: gates.into_iter().map(str::to_owned).collect(),
            checks_see_all,
            expected_users: expected_users(&steps, &image),
            steps,
            image,
        }
    }

    fn builder_stage(&self, name: &str) -> StagePlan {
        StagePlan {
            name: name.to_owned(),
            span: self.spec.anywhere(),
            base: development(self.groups(&[])),
            steps: Vec::new(),
            checks: Vec::new(),
            gates: Vec::new(),
            checks_see_all: false,
            expected_users: Vec::new(),
            image: ImagePlan {
                has_venv: true,
                is_conda: self.project.conda.is_some(),
                for_work: self.project.conda.is_none(),
                workdir: Some(self.spec.app.workdir.clone()),
                ..ImagePlan::default()
            },
        }
    }

    pub(super) fn groups(&self, names: &[String]) -> Groups {
        let mut names = names.to_vec();
        names.sort();
        names.dedup();
        let wheels = self.wheels.get(&names).cloned();
        Groups { requirements: self.project.requirements_with(&names), names, wheels }
    }

    /// `dev` and `test`: the builder with its compilers, the groups, and all files of the app.
    fn working_stage(&self, stage: &Stage, workdir: &ImagePath) -> (BasePlan, Vec<Step>) {
        let mut groups = self.groups(&self.project.groups_of(stage));
        let mut steps = Vec::new();
        let packages = self.spec.system.runtime.iter().chain(&stage.packages);
        let repositories = &self.spec.system.repositories;
        let packages = self.packages(packages, &self.distribution(&self.build_base), repositories);
        steps.extend(packages.map(packages_step));
        steps.extend(Self::account(stage, false));
        if let Some(files) = self.app_files(stage, workdir, true) {
            // A project in a folder of the context is one of the wheels.
            let own = self.project.is_package && self.project.below.is_none();
            let mut folders: Vec<_> = own.then(|| ".".to_owned()).into_iter().collect();
            // If `include` leaves out members of a workspace, they cannot be edited in the image.
            if files.include.is_empty() {
                folders.extend(groups.wheels.iter_mut().flat_map(WheelSet::take_editable));
            }
            if !folders.is_empty() {
                let action = Action::Editable { files: self.for_backend(files.clone()), folders };
                steps.push(Step { action, span: stage.span });
            }
            steps.push(Step { action: Action::App(files), span: app_span(stage) });
        }
        (development(groups), steps)
    }

    /// An image that ships: a slim base, a copy of the environment, the app, and a user without privileges.
    fn shipping_stage(&self, stage: &Stage, workdir: &ImagePath) -> (BasePlan, Vec<Step>) {
        let groups = self.groups(&self.project.groups_of(stage));
        let mut steps = Vec::new();
        let system = &self.spec.system;
        let packages = system.packages.iter().chain(&system.runtime).chain(&stage.packages);
        let packages = self.packages(packages, &self.distribution(&self.python_base), &system.repositories);
        steps.extend(packages.map(packages_step));
        steps.extend(Self::account(stage, true));
        steps.push(Step { action: Action::Environment(groups.clone()), span: stage.span });
        // A member of a workspace, or a project in a folder of the context, is already one of the wheels.
        let is_copied = self.spec.app.package.as_ref().is_some_and(|package| !package.value);
        let member = (self.spec.app.member.is_some() || self.project.below.is_some()) && !is_copied;
        if self.project.is_package && !member {
            let files = self.package_files();
            steps.push(Step { action: Action::Project { groups, files }, span: stage.span });
        }
        // A package contains its own code. Other files are copied only if they are named.
        let wanted = !(self.project.is_package || member)
            || stage.include.is_some()
            || self.spec.app.include.is_some();
        if wanted && let Some(files) = self.app_files(stage, workdir, false) {
            steps.push(Step { action: Action::App(files), span: app_span(stage) });
        }
        (self.python_base.plan(), steps)
    }

    /// A stage that starts from another stage or from an image.
    fn derived_stage(&self, stage: &Stage, from: &Base, workdir: &ImagePath) -> (BasePlan, Vec<Step>) {
        let base = match from {
            Base::Scratch => BasePlan::Scratch,
            Base::Image(image) => BasePlan::Image(image.clone()),
            Base::Dockerfile(target) => BasePlan::Dockerfile(target.as_ref().clone()),
            Base::Stage(name) | Base::Unknown(name) if name == "builder" => development(self.groups(&[])),
            Base::Stage(name) | Base::Unknown(name) => BasePlan::Stage(name.clone()),
        };
        let mut steps = Vec::new();
        if let Some(root) = self.root_image(from) {
            let repositories = self.repositories_of(stage);
            steps.extend(self.packages(stage.packages.iter(), &root, repositories).map(packages_step));
        }
        if stage.groups.is_some() && is_python(self.spec, from) {
            let (groups, _) = self.added_groups(stage, from);
            steps.push(Step { action: Action::Install(groups), span: groups_span(stage) });
        }
        steps.extend(Self::account(stage, false));
        if stage.include.is_some()
            && let Some(files) = self.app_files(stage, workdir, false)
        {
            steps.push(Step { action: Action::App(files), span: app_span(stage) });
        }
        (base, steps)
    }

    /// The image at the end of a chain of stages.
    fn root_image(&self, base: &Base) -> Option<String> {
        let mut base = base;
        for _ in 0..=self.spec.stages.len() {
            match base {
                Base::Image(image) => return Some(image.familiar()),
                Base::Dockerfile(target) => return Some(target.title()),
                Base::Scratch | Base::Unknown(_) => return None,
                Base::Stage(name) => match self.spec.stages.get(name).map(|stage| &stage.from) {
                    Some(Some(from)) => base = &from.value,
                    Some(None) if !matches!(name.as_str(), "dev" | "test") => {
                        return Some(self.distribution(&self.python_base));
                    }
                    _ => return Some(self.distribution(&self.build_base)),
                },
            }
        }
        None
    }

    fn account(stage: &Stage, ships: bool) -> Option<Step> {
        let user = stage.image.user.as_ref();
        let identity = account::resolve(user.map(|user| &user.value), stage.is_assembled(), ships);
        let span = user.map_or(stage.span, |user| user.span);
        identity.create.map(|user| Step { action: Action::Account(user), span })
    }

    /// Volumes and writable folders. They are given to the image's user after everything else is copied.
    fn owned(&self, stage: &Stage, ships: bool) -> Option<Step> {
        let user = stage.image.user.as_ref();
        let identity = account::resolve(user.map(|user| &user.value), stage.is_assembled(), ships);
        let mut folders = stage.image.volumes.clone();
        if stage.is_assembled() {
            folders.extend(self.spec.app.writable.iter().map(|path| path.value.clone()));
        }
        folders.sort();
        folders.dedup();
        let owner = identity.owner.unwrap_or(User::Numeric { uid: 0, gid: Some(0) });
        let action = Action::Own { folders: folders.clone(), owner };
        (!folders.is_empty()).then_some(Step { action, span: stage.span })
    }

    /// The folder for the files of the context in a stage with this working directory.
    fn code_folder<'w>(&'w self, workdir: &'w ImagePath) -> &'w ImagePath {
        self.spec.app.to.as_ref().unwrap_or(workdir)
    }

    fn workdir(&self, stage: &Stage) -> ImagePath {
        stage.image.workdir.clone().unwrap_or_else(|| self.spec.app.workdir.clone())
    }

    fn run(&self, stage: &Stage, step: &RunStep, workdir: &ImagePath) -> RunPlan {
        let workdir = step.workdir.clone().unwrap_or_else(|| workdir.clone());
        let arguments = step.command.arguments();
        let mut env: BTreeMap<_, _> =
            self.spec.arguments.mentioned_in(&arguments.join(" ")).into_iter().collect();
        env.extend(step.env.variables.clone());
        let code = self.code_folder(&workdir);
        let files = (!step.include.is_empty()).then(|| self.files(Some(&step.include), code)).flatten();
        let cache = stage.cache.iter().chain(&step.cache).map(|mount| absolute(mount, &workdir));
        RunPlan {
            line: step.command.line(),
            arguments,
            files,
            cache: cache.collect(),
            secrets: stage.secrets.iter().chain(&step.secrets).cloned().collect(),
            ssh: step.ssh.clone(),
            env,
            network: step.network,
            mounts: step.mounts.iter().map(|mount| mounted(mount, &workdir)).collect(),
            devices: step.devices.iter().map(|device| device.value.clone()).collect(),
            insecure: step.security == SecurityMode::Insecure,
            workdir,
            user: step.user.as_ref().and_then(|user| account::resolve(Some(user), false, false).config),
            owner: step.user.as_ref().and_then(|user| account::numbers(user, &account::of_stage(stage))),
        }
    }

    fn check(&self, stage: &Stage, check: &Check, workdir: &ImagePath, sees_all: bool) -> CheckPlan {
        let mut run = self.run(stage, &check.step, workdir);
        // The `include` of a check replaces the app's files and is not added to them.
        let own = run.files.take();
        let code = self.code_folder(workdir);
        let own = own.map(|files| AppFiles { to: code.clone(), ..files });
        let whole = matches!(stage.name.as_str(), "dev" | "test");
        let app = if sees_all { own } else { own.or_else(|| self.app_files(stage, code, whole)) };
        let reports = check.reports.iter().map(|path| path.value.as_str().to_owned()).collect();
        CheckPlan { name: check.name.value.clone(), span: check.name.span, run, app, reports }
    }

    fn image(&self, stage: &Stage, workdir: ImagePath) -> ImagePlan {
        let settings = &stage.image;
        let ships = stage.is_assembled() && !matches!(stage.name.as_str(), "dev" | "test");
        let user = settings.user.as_ref().map(|user| &user.value);
        let user = account::resolve(user, stage.is_assembled(), ships).config;
        let mut labels = BTreeMap::new();
        if stage.is_assembled() {
            labels.extend(self.project.labels.clone());
        }
        labels.extend(settings.labels.clone());
        let from_builder =
            stage.from.as_ref().is_some_and(|from| from.value == Base::Stage("builder".to_owned()));
        let from_foreign = stage.from.as_ref().is_some_and(|from| !is_python(self.spec, &from.value));
        // An image of the user's own choice keeps its working directory unless something is put or run there.
        let runs_elsewhere = stage.run.iter().all(|run| run.value.workdir.is_some());
        let keeps_workdir =
            from_foreign && settings.workdir.is_none() && stage.include.is_none() && runs_elsewhere;
        ImagePlan {
            has_venv: stage.is_assembled() || from_builder,
            is_conda: self.project.conda.is_some(),
            for_work: is_for_work(stage, from_builder) && self.project.conda.is_none(),
            env: settings.env.variables.clone(),
            labels,
            command: settings.command.as_ref().map(crate::spec::Command::arguments),
            entrypoint: settings.entrypoint.as_ref().map(crate::spec::Command::arguments),
            user,
            expose: settings.expose.iter().flat_map(|ports| ports.value.0.clone()).collect(),
            healthcheck: settings.healthcheck.as_ref().map(|check| check.value.clone()),
            volumes: settings.volumes.clone(),
            workdir: (!keeps_workdir).then_some(workdir),
            stop_signal: settings.stop_signal.as_ref().map(|signal| signal.0.clone()),
        }
    }
}
