//! The steps of a stage: commands, checks, copies, and their mounts.

use super::command::Command;
use super::environment::{Environment, VariableName};
use super::mount::StepMount;
use super::reader::{Context, Located, Node, Plain, Read, Table};
use super::settings::choice;
use super::values::{ContextPath, ImagePath, User};
use crate::diagnostics::Problem;

/// The rule for steps that use a cache folder at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// All steps use it at the same time.
    #[default]
    Shared,
    /// Each step gets a folder of its own.
    Private,
    /// The steps run one after the other.
    Locked,
}

impl Read for Sharing {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        choice(node, cx, &[("shared", Self::Shared), ("private", Self::Private), ("locked", Self::Locked)])
    }
}

/// What the ids of the package managers' caches begin with.
pub const OWN_CACHES: &str = "pybuild/";

/// A folder that outlives builds and is in no image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheMount {
    /// The path of the mount. A relative path is below the step's working directory.
    pub path: String,
    /// The name of the cache. Steps with the same name share it. The default is the path.
    pub id: Option<String>,
    /// The rule for sharing it.
    pub sharing: Sharing,
}

impl Read for CacheMount {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if node.value.as_str().is_some() {
            let path = Plain::read(node, cx)?.0;
            return checked_cache(Self { path, id: None, sharing: Sharing::Shared }, node, cx);
        }
        let Some(mut table) = node.table("a cache mount") else {
            return node.wrong_type(cx, "a path or a table");
        };
        let path: Option<Plain> = table.require(cx, "path");
        let id = table.get::<Located<Plain>>(cx, "id");
        let sharing = table.get_or_default(cx, "sharing");
        table.finish(cx);
        // A step of the user's that wrote there would decide what other projects' package managers install.
        if let Some(id) = id.as_ref().filter(|id| id.value.0.starts_with(OWN_CACHES)) {
            let reason = "such ids are those of the package managers' caches, which all projects share";
            cx.report(id.span, Problem::BadName { what: "id of a cache", value: id.value.0.clone(), reason });
        }
        checked_cache(Self { path: path?.0, id: id.map(|id| id.value.0), sharing }, node, cx)
    }
}

fn checked_cache(mount: CacheMount, node: &Node<'_>, cx: &mut Context<'_>) -> Option<CacheMount> {
    if mount.path.trim_matches('/').is_empty() {
        cx.report(node.span, Problem::Empty { key: node.key.clone() });
        return None;
    }
    Some(mount)
}

/// A build secret for a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMount {
    /// The id of the secret in `--secret id=…`.
    pub id: String,
    /// The file with the secret. Without `path` and `env`, it is `/run/secrets/ID`.
    pub path: Option<ImagePath>,
    /// The environment variable with the secret.
    pub env: Option<String>,
    /// Whether the build fails without the secret.
    pub required: bool,
}

impl Read for SecretMount {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if let Some(id) = node.value.as_str() {
            return checked_secret(
                Self { id: id.to_owned(), path: None, env: None, required: true },
                node,
                cx,
            );
        }
        let Some(mut table) = node.table("a secret") else {
            return node.wrong_type(cx, "a secret's id or a table");
        };
        let id: Option<String> = table.require(cx, "id");
        let path = table.get(cx, "path");
        let env = table.get::<VariableName>(cx, "env").map(|name| name.0);
        let required = table.get(cx, "required").unwrap_or(true);
        table.finish(cx);
        checked_secret(Self { id: id?, path, env, required }, node, cx)
    }
}

fn checked_secret(secret: SecretMount, node: &Node<'_>, cx: &mut Context<'_>) -> Option<SecretMount> {
    SecretId::checked(secret.id.clone(), "secret id", node, cx)?;
    Some(secret)
}

/// The id of a secret or an SSH agent.
struct SecretId(String);

impl SecretId {
    fn checked(id: String, what: &'static str, node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let valid = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if id.is_empty() || !id.chars().all(valid) {
            let reason = "only letters, digits and `._-` are allowed";
            cx.report(node.span, Problem::BadName { what, value: id, reason });
            return None;
        }
        Some(Self(id))
    }
}

impl Read for SecretId {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let id = String::read(node, cx)?;
        Self::checked(id, "agent id", node, cx)
    }
}

/// The network of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkMode {
    /// The engine's default.
    Default,
    /// No network.
    None,
    /// The host's network. The build must be allowed to use it.
    Host,
}

impl Read for NetworkMode {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        choice(node, cx, &[("default", Self::Default), ("none", Self::None), ("host", Self::Host)])
    }
}

/// The client's SSH agents for a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct SshAgents(Vec<String>);

impl Read for SshAgents {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if let Some(wanted) = node.value.as_bool() {
            return Some(Self(if wanted { vec!["default".to_owned()] } else { Vec::new() }));
        }
        if node.elements().is_none() {
            return node.wrong_type(cx, "true or a list of agents' ids");
        }
        let ids: Vec<SecretId> = Vec::read(node, cx)?;
        Some(Self(ids.into_iter().map(|id| id.0).collect()))
    }
}

/// A command that runs while an image is built.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStep {
    /// The command.
    pub command: Command,
    /// Files of the context that are copied before the command runs.
    pub include: Vec<Located<ContextPath>>,
    /// Cache mounts.
    pub cache: Vec<CacheMount>,
    /// Secrets.
    pub secrets: Vec<SecretMount>,
    /// SSH agents.
    pub ssh: Vec<String>,
    /// Environment variables of this step.
    pub env: Environment,
    /// The network.
    pub network: NetworkMode,
    /// The working directory. The default is that of the stage.
    pub workdir: Option<ImagePath>,
    /// The user. The default is root.
    pub user: Option<User>,
    /// Other mounts.
    pub mounts: Vec<StepMount>,
    /// Devices of the engine's machine, by name (Container Device Interface).
    pub devices: Vec<Located<String>>,
    /// The rights of the command.
    pub security: SecurityMode,
}

impl RunStep {
    fn plain(command: Command) -> Self {
        Self {
            command,
            include: Vec::new(),
            cache: Vec::new(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            env: Environment::default(),
            network: NetworkMode::Default,
            workdir: None,
            user: None,
            mounts: Vec::new(),
            devices: Vec::new(),
            security: SecurityMode::Sandbox,
        }
    }

    /// `reports` receives the value of the additional key of a check.
    fn from_table(
        node: &Node<'_>,
        label: String,
        stages: &[&str],
        cx: &mut Context<'_>,
        reports: Option<&mut Vec<Located<ContextPath>>>,
    ) -> Option<Self> {
        let mut table = node.table(label)?;
        let command: Option<Command> = table.require(cx, "run");
        let read = Self {
            command: Command::Shell(String::new()),
            include: table.get_or_default(cx, "include"),
            cache: table.get_or_default(cx, "cache"),
            secrets: table.get_or_default(cx, "secrets"),
            ssh: table.get_or_default::<SshAgents>(cx, "ssh").0,
            env: table.get_or_default(cx, "env"),
            network: table.get(cx, "network").unwrap_or(NetworkMode::Default),
            workdir: table.get(cx, "workdir"),
            user: table.get(cx, "user"),
            mounts: table.node("mounts").map_or_else(Vec::new, |node| match node.elements() {
                Some(mounts) => mounts.iter().filter_map(|one| StepMount::read(one, stages, cx)).collect(),
                None => node.wrong_type(cx, "a list of tables").unwrap_or_default(),
            }),
            devices: devices(&mut table, cx),
            security: table.get(cx, "security").unwrap_or(SecurityMode::Sandbox),
        };
        if let Some(reports) = reports {
            *reports = table.get_or_default(cx, "reports");
        }
        table.finish(cx);
        Some(Self { command: command?, ..read })
    }
}

/// The maximum number of copies, commands and checks in a build file. An image has at most a few hundred
/// layers.
const MOST_STEPS: usize = 5000;

/// Whether one more copy, command or check may be read.
pub(super) fn is_one_more(node: &Node<'_>, cx: &mut Context<'_>) -> bool {
    cx.counts("steps", 1, MOST_STEPS, node.span)
}

impl RunStep {
    fn read(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Located<Self>> {
        if !is_one_more(node, cx) {
            return None;
        }
        let step = if node.value.as_table().is_some() {
            Self::from_table(node, "a run step".to_owned(), stages, cx, None)?
        } else {
            Self::plain(Command::read(node, cx)?)
        };
        Some(Located::new(step, node.span))
    }
}

/// The rights of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityMode {
    /// The usual rights of a process in a container.
    Sandbox,
    /// All rights. The build must be allowed to use them.
    Insecure,
}

impl Read for SecurityMode {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        choice(node, cx, &[("sandbox", Self::Sandbox), ("insecure", Self::Insecure)])
    }
}

/// Names of devices: `VENDOR/CLASS=NAME`, or `VENDOR/CLASS` for any device of the class.
fn devices(table: &mut Table<'_>, cx: &mut Context<'_>) -> Vec<Located<String>> {
    let read: Vec<Located<Plain>> = table.get_or_default(cx, "devices");
    let mut devices = Vec::new();
    for Located { value: Plain(value), span } in read {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-:/=*".contains(c);
        if value.contains('/') && value.chars().all(allowed) {
            devices.push(Located::new(value, span));
        } else {
            let reason = "write `VENDOR/CLASS=NAME`, as `nvidia.com/gpu=all`";
            cx.report(span, Problem::BadName { what: "device", value, reason });
        }
    }
    devices
}

/// Reads `run`: one command, or a list of steps. An inner list is a program and its arguments.
pub(super) fn run_steps(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Vec<Located<RunStep>> {
    match node.elements() {
        Some(steps) => steps.iter().filter_map(|step| RunStep::read(step, stages, cx)).collect(),
        None => RunStep::read(node, stages, cx).into_iter().collect(),
    }
}

/// A command that must succeed: a test, a linter, a type checker.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The name of the check, which is its key.
    pub name: Located<String>,
    /// The command and its settings. An empty `include` means the whole app.
    pub step: RunStep,
    /// Files and folders for the export, relative to the working directory.
    pub reports: Vec<Located<ContextPath>>,
}

impl Check {
    pub(super) fn read(
        name: &Located<String>,
        node: &Node<'_>,
        stages: &[&str],
        cx: &mut Context<'_>,
    ) -> Option<Self> {
        if !is_one_more(node, cx) {
            return None;
        }
        let mut reports = Vec::new();
        let step = if node.value.as_table().is_some() {
            RunStep::from_table(node, format!("check `{}`", name.value), stages, cx, Some(&mut reports))?
        } else {
            RunStep::plain(Command::read(node, cx)?)
        };
        let span = crate::diagnostics::Span { start: name.span.start, end: node.span.end };
        Some(Self { name: Located::new(name.value.clone(), span), step, reports })
    }
}
