//! Warns of packages that have no wheel for the platform and have to be compiled.

use std::collections::BTreeSet;

use crate::lint::{Look, Rule, Sink, Subject};
use crate::plan::{BuildFrom, Plan, WheelFrom, WheelSet};
use crate::resolve::selection;
use crate::select::Take;
use crate::spec::Installer;

pub(super) const RULE: Rule = Rule {
    id: "NoMatchingWheel",
    summary: "A package has wheels, but none for the platform, or is built under emulation.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if subject.spec.dependencies.installer != Installer::Wheels {
        return;
    }
    match &subject.project.locked {
        Some(_) => of_lock(subject, sink),
        None => of_plans(subject, sink),
    }
}

/// Checks the packages of a lock, which lists the available wheels.
fn of_lock(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let Some(locked) = &subject.project.locked else { return };
    let sets: BTreeSet<_> = subject.plans.iter().flat_map(Plan::group_sets).collect();
    for groups in sets {
        let Some((selection, target)) = selection(subject.spec, subject.project, &groups, subject.platform)
        else {
            continue;
        };
        for entry in &selection.entries {
            let package = &entry.package;
            if !matches!(entry.take, Take::Sdist(_)) || locked.lock.policy.no_wheels.covers(&package.name) {
                continue;
            }
            let has_wheels = package.artifacts.iter().any(|artifact| artifact.wheel().is_some());
            if !has_wheels && !subject.is_emulated() {
                continue;
            }
            let label = package.label();
            let message = if has_wheels {
                format!("{label} has no wheel for {target}: it is built from source")
            } else {
                let platform = subject.platform.format();
                format!("{label} has no wheels: it is built from source for {platform}")
            };
            let message = if subject.is_emulated() { format!("{message}, under emulation") } else { message };
            let span = if *package.at.file == *locked.source.name {
                package.at.span
            } else {
                locked.source.line_span(1)
            };
            sink.warn_in(&locked.source, span, message, help());
        }
    }
}

/// Checks fresh resolutions. Here only the packages that are built are known. They take a long time under
/// emulation.
fn of_plans(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    if !subject.is_emulated() {
        return;
    }
    for plan in subject.plans {
        let sets = plan.environments().filter_map(|groups| groups.wheels.as_ref());
        let wheels: BTreeSet<_> = sets.flat_map(WheelSet::layers).flat_map(|layer| &layer.wheels).collect();
        for wheel in wheels {
            if let WheelFrom::Built(BuildFrom::Sdist { .. }) = &wheel.from {
                let platform = subject.platform.format();
                let label = wheel.label();
                let message =
                    format!("{label} has no wheel for {platform}: it is built from source, under emulation");
                sink.warn(
                    plan.builder.as_ref().map_or(subject.spec.anywhere(), |builder| builder.span),
                    message,
                    help(),
                );
            }
        }
    }
}

fn help() -> Vec<String> {
    vec![
        "take a version that has a wheel for it".to_owned(),
        "or another Python or `base`, or a package of the same with wheels".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings_for;

    const FILE: &str = "[python]\nversion = \"3.13\"\nbase = \"python:3.13-slim-bookworm\"\n";

    fn lock(files: &[&str]) -> String {
        let wheels: Vec<_> = files
            .iter()
            .map(|file| {
                format!(
                    "{{ name = \"{file}\", url = \"https://files.example/{file}\", size = 1, \
                     hashes = {{ sha256 = \"{}\" }} }}",
                    "0".repeat(64)
                )
            })
            .collect();
        let sdist = format!(
            "{{ name = \"c-1.0.tar.gz\", url = \"https://files.example/c-1.0.tar.gz\", size = 1, \
             hashes = {{ sha256 = \"{}\" }} }}",
            "0".repeat(64)
        );
        format!(
            "lock-version = \"1.0\"\ncreated-by = \"uv\"\n[[packages]]\nname = \"c\"\nversion = \"1.0\"\n\
             wheels = [{}]\nsdist = {sdist}\n",
            wheels.join(", ")
        )
    }

    fn found(platform: &str, files: &[&str]) -> Vec<String> {
        let text = lock(files);
        let text: &'static str = Box::leak(text.into_boxed_str());
        warnings_for(platform, FILE, &[("pylock.toml", text)])
    }

    #[test]
    fn a_platform_without_a_wheel_is_told() {
        let amd64 = "c-1.0-cp313-cp313-manylinux_2_17_x86_64.whl";
        assert_eq!(found("linux/amd64", &[amd64]), Vec::<String>::new());
        let message = "pylock.toml:4: NoMatchingWheel: c 1.0 has no wheel for Python 3.13 on linux/arm64 with glibc \
            2.36: it is built from source, under emulation";
        assert_eq!(found("linux/arm64", &[amd64]), [message]);
        let old = "c-1.0-cp312-cp312-manylinux_2_17_x86_64.whl";
        let message = "pylock.toml:4: NoMatchingWheel: c 1.0 has no wheel for Python 3.13 on linux/amd64 with glibc \
            2.36: it is built from source";
        assert_eq!(found("linux/amd64", &[old]), [message]);
    }

    #[test]
    fn what_never_had_a_wheel_is_told_under_emulation_alone() {
        assert_eq!(found("linux/amd64", &[]), Vec::<String>::new());
        let message = "pylock.toml:4: NoMatchingWheel: c 1.0 has no wheels: it is built from source for linux/arm64, \
            under emulation";
        assert_eq!(found("linux/arm64", &[]), [message]);
        assert_eq!(found("linux/arm64", &["c-1.0-py3-none-any.whl"]), Vec::<String>::new());
    }
}
