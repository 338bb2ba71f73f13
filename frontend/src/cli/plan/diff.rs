//! The parts of a build that a change makes again, from two plans and their graphs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anstyle::AnsiColor;
use buildkit_llb::{CUSTOM_NAME, Platform};
use serde::Serialize;

use super::bills::{self, Added};
use super::report::{Package, Report, size};
use crate::cli::error::CliError;
use crate::cli::folder::{Opened, Prepared};
use crate::cli::offline;
use crate::cli::table::{bold, coloured};
use crate::emit::awaited;

/// The difference between two states of a project.
#[derive(Debug, Serialize)]
pub(super) struct Difference {
    from: String,
    target: String,
    platform: String,
    packages: Vec<Change>,
    layers: Layers,
    /// The steps of the build that have no result in the cache of the old state.
    steps: Vec<String>,
    /// The questions that the build resolves, in either state. Their layers cannot be compared.
    open: Vec<String>,
    /// Packages with new files that Python runs at every start. Absent without bills of materials.
    #[serde(skip_serializing_if = "Option::is_none")]
    startup: Option<Vec<Added>>,
}

/// A package that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    name: String,
    /// The groups of the environment in which the package differs.
    groups: Vec<String>,
    before: Option<String>,
    after: Option<String>,
}

/// The layers of packages.
#[derive(Debug, Default, Serialize)]
struct Layers {
    remade: Vec<LayerSize>,
    kept: usize,
    kept_bytes: u64,
}

/// A layer that is made and pushed again.
#[derive(Debug, Serialize)]
struct LayerSize {
    name: String,
    groups: Vec<String>,
    bytes: Option<u64>,
    packages: Vec<String>,
}

/// A state of a project: its files, and the build that they give.
type Side<'a> = (&'a Opened, &'a Prepared);

impl Difference {
    pub(super) fn new(
        revision: &str,
        before: Side<'_>,
        after: Side<'_>,
        platform: &Platform,
    ) -> Result<Self, CliError> {
        let old = Report::new(before.0, before.1, platform);
        let new = Report::new(after.0, after.1, platform);
        let open = old.environments.iter().chain(&new.environments).flat_map(|one| one.open.iter().cloned());
        let mut difference = Self {
            from: revision.to_owned(),
            target: new.target.clone(),
            platform: new.platform.clone(),
            packages: Vec::new(),
            layers: Layers::default(),
            steps: steps(before, after, platform)?,
            open: open.collect::<BTreeSet<_>>().into_iter().collect(),
            startup: None,
        };
        for environment in &new.environments {
            let same = old.environments.iter().find(|other| other.groups == environment.groups);
            let before: Vec<_> = same.into_iter().flat_map(|other| &other.layers).collect();
            let packages = |layers: Vec<&super::report::Layer>| -> Vec<Package> {
                layers.into_iter().flat_map(|layer| layer.packages.clone()).collect()
            };
            let changes = changes(
                &packages(before.clone()),
                &packages(environment.layers.iter().collect()),
                &environment.groups,
            );
            difference.packages.extend(changes);
            if !environment.open.is_empty() || same.is_some_and(|other| !other.open.is_empty()) {
                continue;
            }
            for layer in &environment.layers {
                let files = |layer: &super::report::Layer| -> Vec<(String, Option<String>)> {
                    layer.packages.iter().map(|one| (one.artifact.clone(), one.version.clone())).collect()
                };
                if before.iter().any(|other| files(other) == files(layer)) {
                    difference.layers.kept += 1;
                    difference.layers.kept_bytes += layer.bytes.unwrap_or(0);
                } else {
                    difference.layers.remade.push(LayerSize {
                        name: layer.name.clone(),
                        groups: environment.groups.clone(),
                        bytes: layer.bytes,
                        packages: layer.packages.iter().map(label).collect(),
                    });
                }
            }
        }
        Ok(difference)
    }

    /// Adds the findings from the bills of materials.
    pub(super) fn with_startup(self, startup: Option<Vec<Added>>) -> Self {
        Self { startup, ..self }
    }

    pub(super) fn json(&self) -> Result<String, CliError> {
        super::json(self)
    }

    pub(super) fn text(&self) -> String {
        let head = format!("{} for {}: what differs from {}", self.target, self.platform, self.from);
        let mut out = format!("{}\n", bold(&head));
        if self.packages.is_empty() && self.layers.remade.is_empty() && self.steps.is_empty() {
            out.push_str("\nNo package and no step differs.\n");
        }
        if !self.packages.is_empty() {
            let _ = writeln!(out, "\n{}", bold("Packages"));
        }
        for change in &self.packages {
            let groups = if change.groups.is_empty() {
                String::new()
            } else {
                format!("  ({})", change.groups.join(", "))
            };
            let line = match (&change.before, &change.after) {
                (None, after) => {
                    coloured(AnsiColor::Green, &format!("+ {} {}", change.name, version(after.as_deref())))
                }
                (before, None) => {
                    coloured(AnsiColor::Red, &format!("- {} {}", change.name, version(before.as_deref())))
                }
                (Some(before), Some(after)) if before == after => {
                    format!("~ {} {after}, another file", change.name)
                }
                (Some(before), Some(after)) => format!("~ {} {before} -> {after}", change.name),
            };
            let _ = writeln!(out, "  {line}{groups}");
        }
        self.layers_text(&mut out);
        if !self.steps.is_empty() {
            let _ = writeln!(out, "\n{}", bold("Steps that run again"));
        }
        for step in &self.steps {
            let _ = writeln!(out, "  {step}");
        }
        for label in &self.open {
            let _ =
                writeln!(out, "\n{label}: resolved in the build, so its layers cannot be compared before");
        }
        if let Some(added) = &self.startup {
            let _ = write!(out, "\n{}", bills::text(added));
        }
        out.push_str("\nFiles of the app are not compared: a changed one makes the app's layer again.\n");
        out
    }

    fn layers_text(&self, out: &mut String) {
        let layers = &self.layers;
        if layers.remade.is_empty() && layers.kept == 0 {
            return;
        }
        let _ = writeln!(out, "\n{}", bold("Layers of packages"));
        for layer in &layers.remade {
            let packages = layer.packages.join(", ");
            let _ =
                writeln!(out, "  made and pushed again: {}, {} ({packages})", layer.name, size(layer.bytes));
        }
        let _ = writeln!(
            out,
            "  kept: {} of {}, {}",
            layers.kept,
            layers.kept + layers.remade.len(),
            size(Some(layers.kept_bytes))
        );
    }
}

fn version(version: Option<&str>) -> &str {
    version.unwrap_or_default()
}

fn label(package: &Package) -> String {
    match &package.version {
        Some(version) => format!("{} {version}", package.name),
        None => package.name.clone(),
    }
}

fn changes(before: &[Package], after: &[Package], groups: &[String]) -> Vec<Change> {
    let by_name = |packages: &[Package]| -> BTreeMap<String, (String, String)> {
        let entry = |one: &Package| {
            (one.name.clone(), (one.version.clone().unwrap_or_default(), one.artifact.clone()))
        };
        packages.iter().map(entry).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    differing
        .map(|name| Change {
            name: name.clone(),
            groups: groups.to_vec(),
            before: before.get(name).map(|(version, _)| version.clone()),
            after: after.get(name).map(|(version, _)| version.clone()),
        })
        .collect()
}

/// The names of the steps that only the new graph has, in their order.
fn steps(before: Side<'_>, after: Side<'_>, platform: &Platform) -> Result<Vec<String>, CliError> {
    let old = offline::emit(before.0, before.1, platform)?.state.marshal();
    let new = offline::emit(after.0, after.1, platform)?.state.marshal();
    let known: BTreeSet<_> = old.ops().map(|(digest, _)| digest.as_str()).collect();
    let mut steps: Vec<String> = Vec::new();
    for (digest, op) in new.ops().filter(|(digest, _)| !known.contains(digest.as_str())) {
        // A step that waits for a comparison of layers runs again only if the comparison has another result.
        let compared = awaited(op);
        let mut others = op.inputs.iter().map(|input| input.digest.as_str());
        if compared.is_some() && others.all(|input| Some(input) == compared || known.contains(input)) {
            continue;
        }
        let name = new.metadata(digest).and_then(|known| known.description.get(CUSTOM_NAME));
        if let Some(name) = name.filter(|name| !name.starts_with("[internal]") && !steps.contains(name)) {
            steps.push(name.clone());
        }
    }
    Ok(steps)
}
