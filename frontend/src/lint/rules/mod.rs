//! The lint rules, each in its own file.

mod base_tag;
mod compiler;
mod copied_secret;
mod development_group;
mod doubled_folder;
mod end_of_life;
mod healthcheck;
mod ignore_entry;
mod names;
mod no_wheel;
mod root_user;
mod script;
mod secret_value;
mod several_locks;
mod shell_form;
mod system_package;
mod unpinned;
mod unreplaced;
mod unused_arg;
mod unused_stage;
mod version_from_git;

use super::{Look, Rule};

/// All rules, by name. The pages of the documentation have the same names.
pub static RULES: [&Rule; 36] = [
    &compiler::RULE,
    &found("CredentialsInAddress", "An address has a user name or password."),
    &development_group::RULE,
    &doubled_folder::RULE,
    &end_of_life::RULE,
    &base_tag::RULE,
    &found("IgnoredOption", "An option in a requirements file has no effect."),
    &found(
        "IgnoredPythonVersion",
        "A line of `.python-version`, or of a file of another tool, asks for no version of Python.",
    ),
    &found("InvalidBaseImagePlatform", "A base image is for another platform than the build."),
    &found("LockNotRead", "A lock is there that `installer = \"pip\"` does not read."),
    &system_package::RULE,
    &healthcheck::RULE,
    &found("NoBuildSystem", "Poetry would install the project itself, and a build copies its files."),
    &found("NoDependencies", "Nothing says what the project depends on."),
    &no_wheel::RULE,
    &found("OnbuildNotRun", "A base image has `ONBUILD` triggers, which are not run."),
    &found("RemoteRequirements", "A requirements file includes a file at an address."),
    &found("RequiresPython", "The Python version is none that the project's `requires-python` allows."),
    &root_user::RULE,
    &script::RULE,
    &copied_secret::RULE,
    &secret_value::RULE,
    &several_locks::RULE,
    &shell_form::RULE,
    &found("StaleLock", "The lock is older than what the project asks for."),
    &found("UndeclaredBuildArg", "A build arg is passed that the build file does not declare."),
    &ignore_entry::RULE,
    &found("UnknownRule", "`# check=skip=` names a rule that there is not."),
    &found("UnlockedDependencies", "Dependencies are resolved anew in each build."),
    &unpinned::RULE,
    &unreplaced::RULE,
    &unused_arg::RULE,
    &unused_stage::RULE,
    &found("UnverifiedFile", "A file is installed that no hash covers, because the build file allows it."),
    &found(
        "UploadTimeUnknown",
        "A file has no known time of upload, so `cooldown` does not hold for the file.",
    ),
    &version_from_git::RULE,
];

/// A rule whose problems are found while the project is read.
const fn found(id: &'static str, summary: &'static str) -> Rule {
    Rule { id, summary, look: Look::Elsewhere }
}
