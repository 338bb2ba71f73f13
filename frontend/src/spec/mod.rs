//! The build file as the user wrote it: typed, with its structure checked, and with the place of every value.
//!
//! The meaning of a value for a project (which groups exist, which files exist) is decided later. This module
//! needs only the text and the build's args. A wrong value is reported and then counts as missing, so that
//! one run shows all mistakes.

mod args;
mod command;
mod cooldown;
mod copy;
mod dockerfile;
mod download;
mod environment;
mod index;
mod mount;
mod needs;
mod reader;
mod repository;
mod schema;
mod settings;
mod stage;
mod steps;
pub mod system_package;
mod values;

pub use args::Arguments;
pub(crate) use args::mentioned;
pub use command::Command;
pub use cooldown::{Cooldown, in_words};
pub use copy::{Archive, CopyFrom, CopyStep, GitCommit};
pub use dockerfile::DockerfileTarget;
pub use download::Download;
pub use environment::{BASES_PATH, Environment};
pub use index::Index;
pub use mount::{Mounted, StepMount};
pub use reader::Located;
pub use repository::{Key, Repository};
pub use schema::{reference, schema};
pub use settings::{App, Dependencies, Installer, Python, System, SystemManager};
pub use stage::{Base, HealthCheck, ImageSettings, Stage};
pub use steps::{CacheMount, Check, NetworkMode, OWN_CACHES, RunStep, SecretMount, SecurityMode, Sharing};
pub use values::{ContextPath, ImagePath, Nanoseconds, Ports, Signal, User};

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::DeTable;

use self::reader::{Context, Node, Read, Table};
use crate::diagnostics::{Diagnostics, Problem, Source, Span, nearest, some_of};

/// The stages that exist even if the file does not name them.
pub const BUILT_IN_STAGES: [&str; 4] = ["builder", "dev", "test", "production"];

/// The maximum number of stages in a build file. A repository with some dozens of services has a few stages
/// for each.
const MOST_STAGES: usize = 500;

/// The target of a build without `--target`.
pub const DEFAULT_TARGET: &str = "production";

/// A whole build file.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The text of the file.
    pub source: Arc<Source>,
    /// The build args, with the values of this build.
    pub arguments: Arguments,
    /// `[python]`.
    pub python: Python,
    /// `[dependencies]`.
    pub dependencies: Dependencies,
    /// `[system]`.
    pub system: System,
    /// `[app]`.
    pub app: App,
    /// `[stage.*]`, and the stages `dev`, `test` and `production` if the file does not name them. `builder`
    /// is not included.
    pub stages: BTreeMap<String, Stage>,
}

impl Spec {
    /// Reads `source`. In a file named `pyproject.toml`, the table `[tool.pybuild]` is read.
    ///
    /// `arguments` contains the args of `--build-arg` and the platform args of the target platform. The
    /// result is `None` only if the text is not TOML. A result with [`Diagnostics::has_errors`] must not be
    /// built.
    pub fn parse(source: &Arc<Source>, arguments: Arguments) -> (Option<Self>, Diagnostics) {
        let mut found = Diagnostics::default();
        let (document, errors) = DeTable::parse_recoverable(&source.text);
        // After a syntax error the parser guesses, and most further errors are wrong.
        if let Some(error) = errors.first() {
            let span = error.span().map_or_else(|| source.line_span(1), Span::from);
            let problem = Problem::Syntax {
                message: error.message().to_owned(),
                is_dockerfile: is_dockerfile(&source.text),
            };
            found.report(source, span, problem);
            return (None, found);
        }
        let whole = Span::from(document.span());
        let document = document.get_ref();
        let mut arguments = arguments;
        let table = if is_pyproject(&source.name) {
            let tool = document.get("tool").and_then(|tool| tool.get_ref().as_table());
            match tool.and_then(|tool| tool.get("pybuild")) {
                Some(ours) => {
                    let node = Node {
                        value: ours.get_ref(),
                        span: ours.span().into(),
                        key: "tool.pybuild".to_owned(),
                    };
                    let mut cx = Context::new(source, &arguments);
                    let table = node.table("[tool.pybuild]");
                    if table.is_none() {
                        node.wrong_type::<()>(&mut cx, "a table");
                    }
                    found.extend(cx.found);
                    table
                }
                None => Some(Table::empty("[tool.pybuild]", source.line_span(1))),
            }
        } else {
            Some(Table::root(document, "this file", whole))
        };
        let Some(mut table) = table else {
            return (None, found);
        };

        found.extend(declare_args(&mut table, source, &mut arguments));
        let mut cx = Context::new(source, &arguments);
        let entries = stage_entries(&mut table, &mut cx);
        let known: Vec<&str> =
            BUILT_IN_STAGES.into_iter().chain(entries.iter().map(|(name, _)| name.value.as_str())).collect();
        let python = table.node("python").and_then(|node| Python::read(&node, &known, &mut cx));
        let python = python.unwrap_or_default();
        let dependencies = table.get_or_default(&mut cx, "dependencies");
        let system = table.get_or_default(&mut cx, "system");
        let app = table.node("app").and_then(|node| App::read(&node, &known, &mut cx));
        let app = app.unwrap_or_default();
        let stages = read_stages(&entries, &known, &mut cx);
        table.finish(&mut cx);
        found.extend(cx.found);

        let spec = Self { source: Arc::clone(source), arguments, python, dependencies, system, app, stages };
        found.extend(spec.check_references());
        (Some(spec), found)
    }

    /// The names that `--target` accepts, starting with the built-in ones.
    pub fn targets(&self) -> Vec<&str> {
        let own = self.stages.keys().map(String::as_str).filter(|name| !BUILT_IN_STAGES.contains(name));
        BUILT_IN_STAGES.into_iter().chain(own).collect()
    }

    /// The target for a value of `--target`; an empty value means the default target. As in Dockerfiles, the
    /// comparison ignores case.
    ///
    /// # Errors
    /// [`Problem::UnknownTarget`].
    pub fn target(&self, name: &str) -> Result<&str, Problem> {
        let name = if name.is_empty() { DEFAULT_TARGET } else { name };
        let targets = self.targets();
        let exact = targets.iter().find(|target| **target == name);
        let found = exact.or_else(|| targets.iter().find(|target| target.eq_ignore_ascii_case(name)));
        found.copied().ok_or_else(|| Problem::UnknownTarget {
            name: name.to_owned(),
            suggestion: nearest(name, targets.iter().copied()),
            known: some_of(targets.iter().copied()),
        })
    }

    /// Whether `name` is a stage of this build.
    pub fn has_stage(&self, name: &str) -> bool {
        name == "builder" || self.stages.contains_key(name)
    }

    /// The place for problems about something that the file does not contain: its first line.
    pub fn anywhere(&self) -> Span {
        self.source.line_span(1)
    }

    fn check_references(&self) -> Diagnostics {
        let mut found = Diagnostics::default();
        let unknown = |name: &str| Problem::UnknownStage {
            suggestion: nearest(name, self.targets()),
            name: name.to_owned(),
            known: some_of(self.targets()),
        };
        for stage in self.stages.values() {
            for required in &stage.requires {
                match self.stages.get(&required.value) {
                    None => found.report_with(&self.source, required.span, || unknown(&required.value)),
                    Some(other) if other.checks.is_empty() => found.report(
                        &self.source,
                        required.span,
                        Problem::RequiresWithoutChecks { name: required.value.clone() },
                    ),
                    Some(_) => {}
                }
            }
        }
        let of_stages = self.stages.values().flat_map(Stage::bases);
        let of_app = self.app.copy.iter().filter_map(CopyStep::base);
        for base in of_stages.chain(of_app).chain(&self.python.base).chain(&self.python.build_base) {
            if let Base::Unknown(name) = &base.value {
                found.report_with(&self.source, base.span, || unknown(name));
            }
        }
        let dependencies = &self.dependencies;
        if let Some(lock) = &dependencies.lock {
            let second = match (dependencies.installer, &dependencies.requirements) {
                (Installer::Pip, _) => Some("installer = \"pip\""),
                (Installer::Wheels, Some(_)) => Some("requirements"),
                (Installer::Wheels, None) => None,
            };
            if let Some(second) = second {
                found.report(&self.source, lock.span, Problem::Conflict { first: "lock", second });
            }
        }
        found.extend(self.check_cycles());
        found
    }
}

/// Whether a text begins like a Dockerfile: with an instruction and its argument.
fn is_dockerfile(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next().and_then(|line| line.split_once(' '));
    first.is_some_and(|(name, rest)| {
        (name.eq_ignore_ascii_case("FROM") || name.eq_ignore_ascii_case("ARG"))
            && !rest.trim().starts_with('=')
    })
}

fn is_pyproject(name: &str) -> bool {
    name.rsplit('/').next() == Some("pyproject.toml")
}

/// Reads `[args]` first, because all other values may use args.
fn declare_args(table: &mut Table<'_>, source: &Arc<Source>, arguments: &mut Arguments) -> Diagnostics {
    let before = arguments.clone();
    let mut cx = Context::new(source, &before);
    let Some(node) = table.node("args") else {
        return cx.found;
    };
    let Some(entries) = node.entries() else {
        node.wrong_type::<()>(&mut cx, "a table");
        return cx.found;
    };
    for (name, value) in entries {
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.value.is_empty()
            || !name.value.chars().all(valid)
            || name.value.starts_with(|c: char| c.is_ascii_digit())
        {
            let reason = "only letters, digits and `_` are allowed, and no digit first";
            cx.report(name.span, Problem::BadName { what: "arg name", value: name.value, reason });
            continue;
        }
        if let Some(default) = String::read(&value, &mut cx) {
            arguments.declare(name.value, default, name.span);
        }
    }
    cx.found
}

/// The tables of stages in the file.
fn stage_entries<'t>(table: &mut Table<'t>, cx: &mut Context<'_>) -> Vec<(Located<String>, Node<'t>)> {
    let Some(node) = table.node("stage") else { return Vec::new() };
    node.entries().unwrap_or_else(|| node.wrong_type(cx, "a table").unwrap_or_default())
}

fn read_stages(
    entries: &[(Located<String>, Node<'_>)],
    known: &[&str],
    cx: &mut Context<'_>,
) -> BTreeMap<String, Stage> {
    let mut stages = BTreeMap::new();
    for (name, node) in entries {
        if name.value == "builder" {
            cx.report(name.span, Problem::ReservedStage);
            continue;
        }
        if !cx.counts("stages", 1, MOST_STAGES, name.span) {
            break;
        }
        if let Err(reason) = stage::check_name(&name.value) {
            let value = name.value.clone();
            cx.report(name.span, Problem::BadName { what: "stage name", value, reason });
            continue;
        }
        if let Some(stage) = Stage::read(name, node, known, cx) {
            stages.insert(name.value.clone(), stage);
        }
    }
    for name in ["dev", "test", "production"] {
        let span = cx.source.line_span(1);
        stages.entry(name.to_owned()).or_insert_with(|| Stage::named(name, span));
    }
    stages
}

#[cfg(test)]
mod tests;
