//! What a stage does: run steps, checks, copies, and the mounts they ask for.

use super::command::Command;
use super::environment::{Environment, VariableName};
use super::mount::StepMount;
use super::reader::{Context, Located, Node, Plain, Read, Table};
use super::settings::choice;
use super::values::{ContextPath, ImagePath, User};
use crate::diagnostics::Problem;

/// How steps that run at the same time share a cache folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// All at once.
    #[default]
    Shared,
    /// Each its own.
    Private,
    /// One after the other.
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
    /// Where it is mounted. A relative path is below the step's working directory.
    pub path: String,
    /// Its name; steps with the same name share it. Absent: the path.
    pub id: Option<String>,
    /// How it is shared.
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

/// A build secret that a step sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMount {
    /// The name under which `--secret id=…` passes it.
    pub id: String,
    /// The file that holds it. Absent together with `env`: `/run/secrets/ID`.
    pub path: Option<ImagePath>,
    /// The environment variable that holds it.
    pub env: Option<String>,
    /// Whether the build fails without it.
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

/// The network that a step sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkMode {
    /// The engine's default.
    Default,
    /// None at all.
    None,
    /// The host's; the build must be allowed to.
    Host,
}

impl Read for NetworkMode {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        choice(node, cx, &[("default", Self::Default), ("none", Self::None), ("host", Self::Host)])
    }
}

/// Which of the client's SSH agents a step sees.
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

/// A command that is run while an image is built.
#[derive(Clone, Debug, PartialEq)]
pub struct RunStep {
    /// What is run.
    pub command: Command,
    /// Files of the context that it needs, copied just before it.
    pub include: Vec<Located<ContextPath>>,
    /// Folders kept between builds.
    pub cache: Vec<CacheMount>,
    /// Secrets it sees.
    pub secrets: Vec<SecretMount>,
    /// SSH agents it sees.
    pub ssh: Vec<String>,
    /// Environment of this step alone.
    pub env: Environment,
    /// Its network.
    pub network: NetworkMode,
    /// Where it runs. Absent: the stage's working directory.
    pub workdir: Option<ImagePath>,
    /// Whom it runs as. Absent: root.
    pub user: Option<User>,
    /// What else it sees.
    pub mounts: Vec<StepMount>,
    /// Devices of the engine's machine that it sees, by their names (Container Device Interface).
    pub devices: Vec<Located<String>>,
    /// What it may do.
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

    /// `reports` is where a check's further key goes.
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

/// The most copies, commands and checks of a build file, taken together. An image has at most a few hundred layers.
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

/// What a step may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityMode {
    /// What processes in containers may do.
    Sandbox,
    /// Everything; the build must be allowed to.
    Insecure,
}

impl Read for SecurityMode {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        choice(node, cx, &[("sandbox", Self::Sandbox), ("insecure", Self::Insecure)])
    }
}

/// Names of devices: `VENDOR/CLASS=NAME`, or `VENDOR/CLASS` for any of them.
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
    /// Its name: the key it stands under.
    pub name: Located<String>,
    /// What is run and what it sees. An empty `include` is the whole app.
    pub step: RunStep,
    /// Files and folders that it leaves to be exported, below its working directory.
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
