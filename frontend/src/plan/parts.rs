//! The independent parts of a stage: copies, paths, package managers, users.

use std::collections::BTreeSet;

use super::{
    Action, BasePlan, Brought, CopyPlan, CopySource, Groups, ImagePlan, MountPlan, Packages, Step, WheelSet,
};
use crate::diagnostics::Span;
use crate::spec::{
    Base, CacheMount, CopyFrom, CopyStep, ImagePath, Located, Mounted, Stage, StepMount, SystemManager, User,
};

/// The users that the base must have: the image's user and owners of files, unless the build creates them.
pub(super) fn expected_users(steps: &[Step], image: &ImagePlan) -> Vec<String> {
    let mut names = BTreeSet::new();
    let owners = steps.iter().filter_map(|step| match &step.action {
        Action::Copy(copy) => copy.owner.as_ref(),
        Action::Own { owner, .. } => Some(owner),
        _ => None,
    });
    for owner in owners {
        if let User::Named { name, uid: None, .. } = owner {
            names.insert(name.clone());
        }
    }
    let numeric = |user: &&String| user.starts_with(|c: char| c.is_ascii_digit());
    names.extend(image.user.iter().filter(|user| !numeric(user)).cloned());
    let created = steps.iter().filter_map(|step| match &step.action {
        Action::Account(user) => Some(user.name.as_str()),
        _ => None,
    });
    for name in created.chain(["root"]) {
        names.remove(name);
    }
    names.into_iter().collect()
}

pub(super) fn packages_step(packages: Packages) -> Step {
    let span = packages.span;
    Step { action: Action::Packages(packages), span }
}

pub(super) fn app_span(stage: &Stage) -> Span {
    stage.include.iter().flatten().next().map_or(stage.span, |path| path.span)
}

pub(super) fn copy_step(copy: &CopyStep, workdir: &ImagePath) -> Step {
    let span = copy_span(copy);
    Step { action: Action::Copy(copy_plan(copy, workdir)), span }
}

/// A copy into the project, whose files are in `folder`.
pub(super) fn brought(copy: &CopyStep, folder: &ImagePath) -> Brought {
    Brought { copy: copy_plan(copy, folder), span: copy_span(copy) }
}

/// A mount of a step that runs in `workdir`.
pub(super) fn mounted(mount: &StepMount, workdir: &ImagePath) -> MountPlan {
    let path = rooted(&mount.path, workdir.as_str());
    match &mount.what {
        Mounted::Memory(size) => MountPlan::Memory { path, size: *size },
        Mounted::Files { from, source, writable } => {
            let place = |text: String| Located::new(text, mount.span);
            let copy = CopyStep {
                from: from.clone(),
                path: place(source.clone()),
                to: place(path),
                owner: None,
                mode: None,
                exclude: Vec::new(),
            };
            let files = Brought { copy: copy_plan(&copy, workdir), span: mount.span };
            MountPlan::Files { files, writable: *writable }
        }
    }
}

fn copy_span(copy: &CopyStep) -> Span {
    Span { start: copy.path.span.start, end: copy.to.span.end.max(copy.path.span.end) }
}

fn copy_plan(copy: &CopyStep, workdir: &ImagePath) -> CopyPlan {
    let from = match &copy.from {
        CopyFrom::Context => CopySource::Context,
        CopyFrom::Download(archive) => CopySource::Download(archive.clone()),
        CopyFrom::Git(commit) => CopySource::Git(commit.clone()),
        CopyFrom::Base(base) => match &base.value {
            Base::Stage(name) if name == "builder" => CopySource::Builder,
            Base::Stage(name) | Base::Unknown(name) => CopySource::Stage(name.clone()),
            Base::Image(image) => CopySource::Image(image.clone()),
            Base::Dockerfile(target) => CopySource::Dockerfile(target.as_ref().clone()),
            // `scratch` contains no file to copy. The engine reports this with the path.
            Base::Scratch => CopySource::Stage("scratch".to_owned()),
        },
    };
    let path = match from {
        CopySource::Context => copy.path.value.trim_end_matches('/').to_owned(),
        _ => rooted(&copy.path.value, "/"),
    };
    CopyPlan {
        from,
        path,
        to: rooted(&copy.to.value, workdir.as_str()),
        owner: copy.owner.as_ref().map(|owner| owner.value.clone()),
        mode: copy.mode,
        exclude: copy.exclude.clone(),
    }
}

/// `path`, made absolute with `folder` if it is relative.
fn rooted(path: &str, folder: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let path = path.trim_start_matches("./");
    format!("{}/{}", folder.trim_end_matches('/'), if path == "." { "" } else { path })
}

pub(super) fn absolute(mount: &CacheMount, workdir: &ImagePath) -> CacheMount {
    CacheMount { path: rooted(&mount.path, workdir.as_str()), ..mount.clone() }
}

/// The package manager, guessed from the name of an image.
pub(super) fn manager_of(name: &str) -> SystemManager {
    // The distribution can stand in any part of the name: `ubi9/python-312`, `python:3.13-alpine`.
    let has = |words: &[&str]| words.iter().any(|word| name.split('/').any(|part| part.contains(word)));
    if has(&["alpine"]) {
        SystemManager::Apk
    } else if has(&["fedora", "ubi", "rocky", "alma", "centos", "amazonlinux", "oraclelinux", "rhel"]) {
        SystemManager::Dnf
    } else {
        SystemManager::Apt
    }
}

/// Whether people and checks work in the environment of a stage.
pub(super) fn is_for_work(stage: &Stage, from_builder: bool) -> bool {
    from_builder || (stage.is_assembled() && matches!(stage.name.as_str(), "dev" | "test"))
}

/// An environment for development. Like every virtual environment of Python's own `venv`, it has a pip. If
/// its packages contain a pip, that pip is used. A conda environment has only the pip of its packages.
pub(super) fn development(groups: Groups) -> BasePlan {
    let has_pip = |set: &WheelSet| set.conda.is_some() || set.has("pip");
    let pip = !groups.wheels.as_ref().is_some_and(has_pip);
    BasePlan::Environment { groups: Box::new(groups), pip }
}
