//! `[stage.NAME]`: an image that can be built.

use std::collections::BTreeMap;

use super::command::Command;
use super::copy::CopyStep;
use super::dockerfile::DockerfileTarget;
use super::environment::{Environment, Scalar};
use super::mount::StepMount;
use super::reader::{Context, Expanded, Located, Node, Read, names};
use super::settings::packages;
use super::steps::{CacheMount, Check, RunStep, SecretMount, run_steps};
use super::values::{ContextPath, ImagePath, Nanoseconds, Ports, Signal, User};
use crate::diagnostics::{Problem, Span};
use crate::reference::ImageReference;

/// The base of a stage, or the source of a copy.
#[derive(Clone, Debug, PartialEq)]
pub enum Base {
    /// Another stage of the file.
    Stage(String),
    /// An image.
    Image(ImageReference),
    /// A target of a Dockerfile.
    Dockerfile(Box<DockerfileTarget>),
    /// The empty file system.
    Scratch,
    /// A name that is not a stage, but too similar to the name of a stage to mean an image.
    Unknown(String),
}

impl Base {
    /// The name of the base in messages.
    pub fn title(&self) -> String {
        match self {
            Self::Stage(name) | Self::Unknown(name) => name.clone(),
            Self::Image(image) => image.familiar(),
            Self::Dockerfile(target) => target.title(),
            Self::Scratch => "scratch".to_owned(),
        }
    }

    pub(super) fn read(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Self> {
        if node.value.as_str().is_none() {
            return DockerfileTarget::read(node, cx).map(|target| Self::Dockerfile(Box::new(target)));
        }
        let name = Expanded::read(node, cx)?.0;
        if name == "scratch" {
            return Some(Self::Scratch);
        }
        if stages.contains(&name.as_str()) {
            return Some(Self::Stage(name));
        }
        let bare = !name.contains(['/', ':', '@']);
        if bare && cx.is_near(&name, stages) {
            return Some(Self::Unknown(name));
        }
        ImageReference::read(node, cx).map(Self::Image)
    }
}

/// The health check of a container.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthCheck {
    /// The command in the container. `None` disables the base image's check.
    pub command: Option<Command>,
    /// The time between two checks.
    pub interval: Option<Nanoseconds>,
    /// The maximum time of one check.
    pub timeout: Option<Nanoseconds>,
    /// The time after the start in which failures do not count.
    pub start_period: Option<Nanoseconds>,
    /// The time between two checks in the start period.
    pub start_interval: Option<Nanoseconds>,
    /// The number of consecutive failures that make a container unhealthy.
    pub retries: Option<u32>,
}

impl Read for HealthCheck {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let plain = |command| Self {
            command,
            interval: None,
            timeout: None,
            start_period: None,
            start_interval: None,
            retries: None,
        };
        if node.value.as_bool() == Some(false) {
            return Some(plain(None));
        }
        if node.value.as_str().is_some() || node.elements().is_some() {
            return Command::read(node, cx).map(|command| plain(Some(command)));
        }
        let Some(mut table) = node.table("`healthcheck`") else {
            return node.wrong_type(cx, "a command, a table, or false");
        };
        let command: Option<Command> = table.require(cx, "command");
        let read = Self {
            command: None,
            interval: table.get(cx, "interval"),
            timeout: table.get(cx, "timeout"),
            start_period: table.get(cx, "start-period"),
            start_interval: table.get(cx, "start-interval"),
            retries: table.get(cx, "retries"),
        };
        table.finish(cx);
        Some(Self { command: Some(command?), ..read })
    }
}

/// A stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The name of the stage.
    pub name: String,
    /// The place of the name. It is the first line if the file does not name the stage.
    pub span: Span,
    /// The base. If missing, the stage is assembled from the project (Python, dependencies, app).
    pub from: Option<Located<Base>>,
    /// The dependency groups in addition to the project's own dependencies. If missing, the default of the
    /// stage.
    pub groups: Option<Vec<Located<String>>>,
    /// The files of the context that are copied. If missing, those of `[app] include`.
    pub include: Option<Vec<Located<ContextPath>>>,
    /// Files that are copied from elsewhere.
    pub copy: Vec<CopyStep>,
    /// Additional OS packages of this stage.
    pub packages: Vec<Located<String>>,
    /// Commands that run after that.
    pub run: Vec<Located<RunStep>>,
    /// Cache mounts of all `run` steps and checks.
    pub cache: Vec<CacheMount>,
    /// Secrets of all `run` steps and checks.
    pub secrets: Vec<SecretMount>,
    /// Checks, by name.
    pub checks: Vec<Check>,
    /// Stages whose checks must pass before this stage is finished.
    pub requires: Vec<Located<String>>,
    /// Image settings.
    pub image: ImageSettings,
}

/// The settings of an image's config.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageSettings {
    /// `env`.
    pub env: Environment,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `command`.
    pub command: Option<Command>,
    /// `entrypoint`.
    pub entrypoint: Option<Command>,
    /// `user`.
    pub user: Option<Located<User>>,
    /// `expose`.
    pub expose: Vec<Located<Ports>>,
    /// `healthcheck`.
    pub healthcheck: Option<Located<HealthCheck>>,
    /// `volumes`.
    pub volumes: Vec<ImagePath>,
    /// `workdir`.
    pub workdir: Option<ImagePath>,
    /// `stop-signal`.
    pub stop_signal: Option<Signal>,
}

impl Stage {
    /// A stage without settings.
    pub(super) fn named(name: &str, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            span,
            from: None,
            groups: None,
            include: None,
            copy: Vec::new(),
            packages: Vec::new(),
            run: Vec::new(),
            cache: Vec::new(),
            secrets: Vec::new(),
            checks: Vec::new(),
            requires: Vec::new(),
            image: ImageSettings::default(),
        }
    }

    pub(super) fn read(
        name: &Located<String>,
        node: &Node<'_>,
        stages: &[&str],
        cx: &mut Context<'_>,
    ) -> Option<Self> {
        let Some(mut table) = node.table(format!("[stage.{}]", name.value)) else {
            return node.wrong_type(cx, "a table");
        };
        let from = table.node("from").and_then(|node| {
            let base = Base::read(&node, stages, cx)?;
            Some(Located::new(base, node.span))
        });
        let copy = copies(&mut table, cx, |copy, cx| CopyStep::read(copy, stages, cx));
        let run = table.node("run").map_or_else(Vec::new, |node| run_steps(&node, stages, cx));
        let checks = table.node("checks").map_or_else(Vec::new, |node| read_checks(&node, stages, cx));
        let stage = Self {
            name: name.value.clone(),
            span: name.span,
            from,
            groups: names(&mut table, cx, "groups"),
            include: table.get(cx, "include"),
            copy,
            packages: packages(&mut table, cx, "packages"),
            run,
            cache: table.get_or_default(cx, "cache"),
            secrets: table.get_or_default(cx, "secrets"),
            checks,
            requires: table.get_or_default(cx, "requires"),
            image: ImageSettings {
                env: table.get_or_default(cx, "env"),
                labels: labels(&mut table, cx),
                command: table.get(cx, "command"),
                entrypoint: table.get(cx, "entrypoint"),
                user: table.get(cx, "user"),
                expose: table.get_or_default(cx, "expose"),
                healthcheck: table.get(cx, "healthcheck"),
                volumes: table.get_or_default(cx, "volumes"),
                workdir: table.get(cx, "workdir"),
                stop_signal: table.get(cx, "stop-signal"),
            },
        };
        table.finish(cx);
        Some(stage)
    }

    /// The bases from which the stage starts, copies or mounts files.
    pub fn bases(&self) -> impl Iterator<Item = &Located<Base>> {
        let mounted = self.steps().flat_map(|step| &step.mounts).filter_map(StepMount::base);
        self.from.iter().chain(self.copy.iter().filter_map(CopyStep::base)).chain(mounted)
    }

    /// The steps of `run` and the checks.
    pub fn steps(&self) -> impl Iterator<Item = &RunStep> {
        self.run.iter().map(|run| &run.value).chain(self.checks.iter().map(|check| &check.step))
    }

    /// Whether the stage gets the project's Python and dependencies.
    pub fn is_assembled(&self) -> bool {
        self.from.is_none()
    }

    /// Whether it is one of the two stages in which people work.
    pub fn is_for_work(&self) -> bool {
        self.is_assembled() && matches!(self.name.as_str(), "dev" | "test")
    }
}

/// Reads a list of copies.
pub(super) fn copies(
    table: &mut super::reader::Table<'_>,
    cx: &mut Context<'_>,
    read: impl Fn(&Node<'_>, &mut Context<'_>) -> Option<CopyStep>,
) -> Vec<CopyStep> {
    let Some(node) = table.node("copy") else { return Vec::new() };
    match node.elements() {
        Some(elements) => elements.iter().filter_map(|copy| read(copy, cx)).collect(),
        None => node.wrong_type(cx, "a list of tables").unwrap_or_default(),
    }
}

fn read_checks(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Vec<Check> {
    let Some(entries) = node.entries() else {
        node.wrong_type::<()>(cx, "a table");
        return Vec::new();
    };
    let mut checks = Vec::new();
    for (name, node) in entries {
        if let Err(reason) = check_name(&name.value) {
            cx.report(name.span, Problem::BadName { what: "check name", value: name.value, reason });
            continue;
        }
        checks.extend(Check::read(&name, &node, stages, cx));
    }
    checks
}

fn labels(table: &mut super::reader::Table<'_>, cx: &mut Context<'_>) -> BTreeMap<String, String> {
    let read: BTreeMap<String, Scalar> = table.get_or_default(cx, "labels");
    read.into_iter().map(|(key, value)| (key, value.0)).collect()
}

/// The rule for names of stages and checks, which occur in options and in the progress.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is empty");
    }
    if name == "scratch" {
        return Err("`scratch` means an empty image");
    }
    if name.len() > 100 {
        return Err("it has more than 100 characters");
    }
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err("it must start with a letter or a digit");
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        return Err("only letters, digits and `_.-` are allowed");
    }
    Ok(())
}
