//! How sources are built to wheels. The settings of the project's tool decide this: versions of build
//! requirements, settings for build backends, and variables.
//!
//! Builds use pip. Each build has an environment of its own with the requirements of the source's
//! `[build-system]`. A setting that such a build cannot follow is an error for the packages that it applies
//! to, and only for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::context::ContextError;
use super::files::Files;
use super::pyproject::{normalized, table};
use crate::diagnostics::{Place, Source, Span};
use crate::lock::{Format, Policy, Scope, poetry_specifiers};
use crate::pep508::Name;
use crate::spec::ContextPath;

/// The rules for the build of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuildRules {
    /// Constraints for the packages of the build environment, as requirements.
    pub constraints: Vec<String>,
    /// Settings for the build backend, as `KEY=VALUE`.
    pub settings: Vec<String>,
    /// Variables of the build.
    pub variables: BTreeMap<String, String>,
}

/// The build settings of the project's tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildSettings {
    /// Rules for every source.
    all: BuildRules,
    /// Additional rules for the sources of one package.
    of: BTreeMap<String, BuildRules>,
    /// Settings that a build cannot follow.
    unmet: Vec<Unmet>,
    /// Which packages must be wheels, and which must be built.
    pub(super) policy: Policy,
}

/// A setting that a build cannot follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmet {
    /// The package whose builds the setting applies to; `None` if it applies to all.
    package: Option<String>,
    /// The name of the setting, such as `tool.uv.no-build-isolation`.
    pub key: String,
    /// The place of the setting.
    pub at: Place,
}

impl BuildSettings {
    /// The rules for the build of a package. The constraints of the build file stand before those of the
    /// tool.
    pub fn rules(&self, package: &str, constraints: &[String]) -> BuildRules {
        let mut rules = self.all.clone();
        rules.constraints.splice(0..0, constraints.iter().cloned());
        if let Some(own) = self.of.get(package) {
            rules.constraints.extend(own.constraints.iter().cloned());
            // As in uv, the package's own settings replace settings with the same key for all packages.
            let key = |setting: &String| setting.split('=').next().unwrap_or_default().to_owned();
            let keys: BTreeSet<String> = own.settings.iter().map(key).collect();
            rules.settings.retain(|setting| !keys.contains(&key(setting)));
            rules.settings.extend(own.settings.iter().cloned());
            rules.variables.extend(own.variables.clone());
        }
        rules
    }

    /// The settings that the build of a package cannot follow.
    pub fn unmet(&self, package: &str) -> impl Iterator<Item = &Unmet> {
        self.unmet.iter().filter(move |unmet| unmet.package.as_deref().is_none_or(|named| named == package))
    }

    /// Adds settings for single packages from requirements files.
    pub(super) fn add_settings(&mut self, settings: &BTreeMap<Name, Vec<String>>) {
        for (name, settings) in settings {
            let own = self.of.entry(name.as_str().to_owned()).or_default();
            own.settings.extend(settings.iter().cloned());
        }
    }
}

/// A file with settings.
struct File<'t> {
    source: Arc<Source>,
    table: &'t DeTable<'t>,
    /// The prefix of the keys in messages.
    prefix: &'static str,
}

impl File<'_> {
    fn at(&self, span: impl Into<Span>) -> Place {
        Place { source: Arc::clone(&self.source), span: span.into() }
    }
}

/// Reads the build settings of the tool that wrote a lock of `format` at `path`. `manifest` is the
/// `pyproject.toml` beside the lock. `locked` are the lock's own build constraints.
///
/// # Errors
/// If the context cannot be read.
pub(super) fn read(
    format: Format,
    path: &ContextPath,
    manifest: Option<&Arc<Source>>,
    locked: &[String],
    files: &Files<'_>,
) -> Result<BuildSettings, ContextError> {
    let mut settings = BuildSettings::default();
    let parsed = manifest.and_then(|source| Some((source, DeTable::parse(&source.text).ok()?)));
    let tool =
        |name| parsed.as_ref().and_then(|(_, document)| table(table(document.get_ref(), "tool")?, name));
    let beside = match format {
        Format::Uv => Some("uv.toml"),
        Format::Poetry => Some("poetry.toml"),
        _ => None,
    };
    let own = match beside.and_then(|name| path.sibling(name)) {
        Some(own) => files
            .context
            .read(&own)?
            .map(|bytes| Arc::new(Source::new(own.as_str(), String::from_utf8_lossy(&bytes).into_owned()))),
        None => None,
    };
    let own_parsed = own.as_ref().and_then(|source| Some((source, DeTable::parse(&source.text).ok()?)));
    match format {
        Format::Uv => {
            // A `uv.toml` replaces the whole table of the manifest.
            match (&own_parsed, tool("uv"), &parsed) {
                (Some((source, document)), _, _) => {
                    let table = document.get_ref();
                    of_uv(&File { source: Arc::clone(source), table, prefix: "" }, &mut settings);
                }
                (None, Some(table), Some((source, _))) => {
                    let file = File { source: Arc::clone(source), table, prefix: "tool.uv." };
                    of_uv(&file, &mut settings);
                }
                _ => {}
            }
            if settings.all.constraints.is_empty() {
                settings.all.constraints.extend(locked.iter().cloned());
            }
        }
        Format::Poetry => {
            if let (Some(table), Some((source, _))) = (tool("poetry"), &parsed) {
                let file = File { source: Arc::clone(source), table, prefix: "tool.poetry." };
                of_poetry(&file, &mut settings);
            }
            if let Some((source, document)) = &own_parsed {
                let table = document.get_ref();
                of_poetry_toml(&File { source: Arc::clone(source), table, prefix: "" }, &mut settings);
            }
        }
        Format::Pdm => {
            if let (Some(table), Some((source, _))) = (tool("pdm"), &parsed) {
                let file = File { source: Arc::clone(source), table, prefix: "tool.pdm." };
                of_pdm(&file, &mut settings);
            }
        }
        Format::Pylock | Format::Pipfile | Format::Requirements => {}
    }
    Ok(settings)
}

fn of_uv(file: &File<'_>, settings: &mut BuildSettings) {
    for (key, value) in file.table {
        let name = key.get_ref().as_ref();
        let full = format!("{}{name}", file.prefix);
        let value = value.get_ref();
        let mut refuse = |package: Option<String>, key: String, span: Span| {
            settings.unmet.push(Unmet { package, key, at: file.at(span) });
        };
        match name {
            "build-constraint-dependencies" => settings.all.constraints.extend(texts(value)),
            "config-settings" => settings.all.settings.extend(key_values(value)),
            "config-settings-package" => {
                for (package, value) in value.as_table().into_iter().flatten() {
                    let own = settings.of.entry(normalized(package.get_ref())).or_default();
                    own.settings.extend(key_values(value.get_ref()));
                }
            }
            "extra-build-variables" => {
                for (package, value) in value.as_table().into_iter().flatten() {
                    let variables =
                        value.get_ref().as_table().into_iter().flatten().filter_map(|(name, value)| {
                            Some((name.get_ref().to_string(), value.get_ref().as_str()?.to_owned()))
                        });
                    let own = settings.of.entry(normalized(package.get_ref())).or_default();
                    own.variables.extend(variables);
                }
            }
            "extra-build-dependencies" => {
                for (package, _) in value.as_table().into_iter().flatten() {
                    let name = package.get_ref();
                    refuse(Some(normalized(name)), format!("{full}.{name}"), package.span().into());
                }
            }
            "no-build-isolation" if value.as_bool() == Some(true) => refuse(None, full, key.span().into()),
            "no-build-isolation-package" => {
                for package in texts(value) {
                    refuse(Some(normalized(&package)), full.clone(), key.span().into());
                }
            }
            "no-build" if value.as_bool() == Some(true) => settings.policy.only_wheels = Scope::All,
            "no-build-package" => add(&mut settings.policy.only_wheels, &texts(value)),
            "no-binary" if value.as_bool() == Some(true) => settings.policy.no_wheels = Scope::All,
            "no-binary-package" => add(&mut settings.policy.no_wheels, &texts(value)),
            _ => {}
        }
    }
}

/// `[tool.poetry.build-constraints]`: constraints for each package, in Poetry's syntax.
fn of_poetry(file: &File<'_>, settings: &mut BuildSettings) {
    let Some(constraints) = table(file.table, "build-constraints") else { return };
    for (package, value) in constraints {
        let package_name = normalized(package.get_ref());
        for (name, value) in value.get_ref().as_table().into_iter().flatten() {
            match poetry_constraint(name.get_ref(), value.get_ref()) {
                Some(constraint) => {
                    settings.of.entry(package_name.clone()).or_default().constraints.push(constraint);
                }
                None => settings.unmet.push(Unmet {
                    package: Some(package_name.clone()),
                    key: format!("{}build-constraints.{}.{}", file.prefix, package.get_ref(), name.get_ref()),
                    at: file.at(name.span()),
                }),
            }
        }
    }
}

/// A constraint of Poetry as a PEP 508 requirement; `None` if no requirement can express it.
fn poetry_constraint(name: &str, value: &DeValue<'_>) -> Option<String> {
    let (version, marker) = match value {
        DeValue::String(text) => (text.as_ref(), None),
        DeValue::Table(table) => {
            let known = ["version", "markers"];
            if table.iter().any(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
                return None;
            }
            let text = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str());
            (text("version")?, text("markers"))
        }
        _ => return None,
    };
    let alternatives = poetry_specifiers(version)?;
    let [specifiers] = alternatives.as_slice() else { return None };
    let marker = marker.map(|marker| format!(" ; {marker}")).unwrap_or_default();
    Some(format!("{name}{specifiers}{marker}"))
}

/// `[installer]` of a `poetry.toml`.
fn of_poetry_toml(file: &File<'_>, settings: &mut BuildSettings) {
    let Some(installer) = table(file.table, "installer") else { return };
    for (key, value) in installer {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("build-config-settings", DeValue::Table(packages)) => {
                for (package, value) in packages {
                    let own = settings.of.entry(normalized(package.get_ref())).or_default();
                    own.settings.extend(key_values(value.get_ref()));
                }
            }
            ("no-binary", value) => scope(value, &mut settings.policy.no_wheels),
            ("only-binary", value) => scope(value, &mut settings.policy.only_wheels),
            _ => {}
        }
    }
}

/// `[tool.pdm.options]`: arguments that are added to every `pdm install` and `pdm sync`.
fn of_pdm(file: &File<'_>, settings: &mut BuildSettings) {
    let Some(options) = table(file.table, "options") else { return };
    for (key, value) in options.iter().filter(|(key, _)| matches!(key.get_ref().as_ref(), "install" | "sync"))
    {
        let mut words = texts(value.get_ref()).into_iter();
        while let Some(word) = words.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) => (option.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            match option.as_str() {
                "--config-setting" | "-C" => settings.all.settings.extend(value.or_else(|| words.next())),
                "--no-isolation" => settings.unmet.push(Unmet {
                    package: None,
                    key: format!("{}options.{}", file.prefix, key.get_ref()),
                    at: file.at(key.span()),
                }),
                _ => {}
            }
        }
    }
}

/// `true`, `false`, or names: a list, or one text with commas.
fn scope(value: &DeValue<'_>, scope: &mut Scope) {
    match value {
        DeValue::Boolean(true) => *scope = Scope::All,
        DeValue::String(text) => match text.as_ref() {
            "true" | ":all:" => *scope = Scope::All,
            "false" | ":none:" => {}
            names => add(scope, &names.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>()),
        },
        value => add(scope, &texts(value)),
    }
}

fn add(scope: &mut Scope, names: &[String]) {
    if names.iter().any(|name| name == ":all:") {
        *scope = Scope::All;
    }
    if let Scope::Only(known) = scope {
        known.extend(names.iter().filter_map(|name| Name::new(name).ok()));
    }
}

fn texts(value: &DeValue<'_>) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| item.get_ref().as_str().map(str::to_owned)).collect()
}

/// The entries of a table as `KEY=VALUE`. A list gives one entry for each value.
fn key_values(value: &DeValue<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in value.as_table().into_iter().flatten() {
        let key = key.get_ref();
        match value.get_ref() {
            DeValue::String(text) => found.push(format!("{key}={text}")),
            DeValue::Boolean(value) => found.push(format!("{key}={value}")),
            DeValue::Integer(number) => found.push(format!("{key}={}", number.as_str())),
            list => found.extend(texts(list).into_iter().map(|text| format!("{key}={text}"))),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::memory::Memory;
    use crate::project::{Files, Ignored};

    fn settings(format: Format, pyproject: &str, beside: &[(&'static str, &'static str)]) -> BuildSettings {
        let context = Memory(beside.iter().copied().collect());
        let ignored = Ignored { patterns: crate::ignore::Patterns::default(), file: None };
        let files = Files { context: &context, ignored: &ignored };
        let manifest = Arc::new(Source::new("pyproject.toml", pyproject));
        let path = ContextPath::parse("the.lock").unwrap();
        read(format, &path, Some(&manifest), &["locked<1".to_owned()], &files).unwrap()
    }

    fn unmet(settings: &BuildSettings, package: &str) -> Vec<String> {
        settings.unmet(package).map(|unmet| format!("{} {}", unmet.key, unmet.at.source.name)).collect()
    }

    #[test]
    fn settings_of_uv_hold_for_all_builds_or_for_one_package() {
        let text = "[tool.uv]\nbuild-constraint-dependencies = [\"setuptools<81\"]\n\
            config-settings = { mode = \"fast\", list = [\"a\", \"b\"] }\nno-build-isolation-package = [\"Old_One\"]\n\
            no-binary-package = [\"six\"]\n\
            [tool.uv.config-settings-package]\nalpha = { mode = \"slow\" }\n\
            [tool.uv.extra-build-variables]\nalpha = { CFLAGS = \"-O1\" }\n\
            [tool.uv.extra-build-dependencies]\nbeta = [\"torch\"]\n";
        let found = settings(Format::Uv, text, &[]);
        let other = found.rules("other", &["wheel==1".to_owned()]);
        assert_eq!(other.constraints, ["wheel==1", "setuptools<81"]);
        assert_eq!(other.settings, ["list=a", "list=b", "mode=fast"]);
        let alpha = found.rules("alpha", &[]);
        assert_eq!(alpha.settings, ["list=a", "list=b", "mode=slow"]);
        assert_eq!(alpha.variables["CFLAGS"], "-O1");
        assert!(unmet(&found, "alpha").is_empty());
        assert_eq!(unmet(&found, "beta"), ["tool.uv.extra-build-dependencies.beta pyproject.toml"]);
        assert_eq!(unmet(&found, "old-one"), ["tool.uv.no-build-isolation-package pyproject.toml"]);
        assert!(found.policy.no_wheels.covers(&Name::new("six").unwrap()));
        // If the manifest has no constraints, the lock's own constraints apply.
        assert_eq!(settings(Format::Uv, "", &[]).rules("x", &[]).constraints, ["locked<1"]);
        // A `uv.toml` replaces the table.
        let own = settings(Format::Uv, text, &[("uv.toml", "config-settings = { mode = \"own\" }\n")]);
        assert_eq!(own.rules("alpha", &[]).settings, ["mode=own"]);
    }

    #[test]
    fn settings_of_poetry_and_pdm_are_read_where_these_keep_them() {
        let text = "[tool.poetry.build-constraints]\nalpha = { setuptools = \"<75\", Cython = { version = \"^3.0\", \
            markers = \"python_version > '3'\" } }\nbeta = { setuptools = \"<75 || >80\" }\n";
        let toml =
            "[installer]\nno-binary = [\"six\"]\n[installer.build-config-settings.alpha]\nmode = \"fast\"\n";
        let found = settings(Format::Poetry, text, &[("poetry.toml", toml)]);
        let alpha = found.rules("alpha", &[]);
        assert_eq!(alpha.constraints, ["Cython>=3.0, <4 ; python_version > '3'", "setuptools<75"]);
        assert_eq!(alpha.settings, ["mode=fast"]);
        assert_eq!(unmet(&found, "beta"), ["tool.poetry.build-constraints.beta.setuptools pyproject.toml"]);
        assert!(found.policy.no_wheels.covers(&Name::new("six").unwrap()));

        let text = "[tool.pdm.options]\nsync = [\"--config-setting=a=b\", \"--no-isolation\"]\n";
        let found = settings(Format::Pdm, text, &[]);
        assert_eq!(found.rules("alpha", &[]).settings, ["a=b"]);
        assert_eq!(unmet(&found, "alpha"), ["tool.pdm.options.sync pyproject.toml"]);
    }
}
