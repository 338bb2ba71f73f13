//! A plan as text for a terminal.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::report::{Environment, Report, size};
use crate::cli::table::{Table, bold};

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    let python = report.python.as_ref().map(|version| format!(", Python {version}")).unwrap_or_default();
    let lock = report.lock.as_ref().map(|lock| format!(", locked by {lock}")).unwrap_or_default();
    let head = format!("{} for {}{python}{lock}", report.target, report.platform);
    let _ = writeln!(out, "{}", bold(&head));
    for stage in &report.stages {
        let _ = writeln!(out, "\n{}: from {}", bold(&stage.name), stage.from);
        for step in &stage.steps {
            let _ = writeln!(out, "  {step}");
        }
        for check in &stage.checks {
            let _ = writeln!(out, "  check {}: {}", check.name, check.command);
        }
        if !stage.requires.is_empty() {
            let _ = writeln!(out, "  waits for the checks of {}", stage.requires.join(", "));
        }
    }
    let own: BTreeSet<&str> = report
        .environments
        .iter()
        .filter(|environment| environment.groups.is_empty())
        .flat_map(Environment::packages)
        .map(|package| package.name.as_str())
        .collect();
    for environment in &report.environments {
        packages(&mut out, environment, &own);
    }
    out
}

/// The packages of an environment. `own` has the names of the packages in the project's own environment.
/// Conflicting groups or a lock with forks can replace these packages with other versions. Then the list has
/// all packages of the replaced layers.
fn packages(out: &mut String, environment: &Environment, own: &BTreeSet<&str>) {
    let what = match environment.groups.as_slice() {
        [] => "Packages of the project".to_owned(),
        names if environment.packages().any(|package| own.contains(package.name.as_str())) => {
            format!("Packages of the layers that {} adds or replaces", names.join(", "))
        }
        names => format!("Packages that {} adds", names.join(", ")),
    };
    let count: usize = environment.layers.iter().map(|layer| layer.packages.len()).sum();
    let bytes: Option<u64> = environment.layers.iter().filter_map(|layer| layer.bytes).reduce(|a, b| a + b);
    let sized = bytes.map(|bytes| format!(", {} to download", size(Some(bytes)))).unwrap_or_default();
    let head = if count == 0 { what } else { format!("{what}: {count}{sized}") };
    let _ = writeln!(out, "\n{}", bold(&head));
    if environment.installer == "pip" {
        for label in &environment.open {
            let _ = writeln!(out, "  pip installs {label} in one layer");
        }
        return;
    }
    for label in &environment.open {
        let _ = writeln!(out, "  {label}: resolved in the build");
    }
    if count == 0 {
        if environment.open.is_empty() {
            let _ = writeln!(out, "  none");
        }
        return;
    }
    let mut table = Table::new(&["PACKAGE", "VERSION", "SIZE", "LAYER", "FILE", "WHY"]);
    for layer in &environment.layers {
        for package in &layer.packages {
            let built = if package.built { " (built)" } else { "" };
            table.row([
                package.name.clone(),
                package.version.clone().unwrap_or_else(|| "?".to_owned()),
                size(package.bytes),
                layer.name.clone(),
                format!("{}{built}", package.artifact),
                package.why.clone(),
            ]);
        }
    }
    out.push_str(&table.render());
    if environment.open.is_empty() {
        let mut table = Table::new(&["LAYER", "SIZE", "PACKAGES"]);
        for layer in &environment.layers {
            table.row([layer.name.clone(), size(layer.bytes), layer.packages.len().to_string()]);
        }
        out.push('\n');
        out.push_str(&table.render());
    }
}
