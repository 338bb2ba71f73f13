//! Settings of packaging tools that decide which packages are installed, in a project without a lock.
//!
//! The resolver of a build reads only requirements. It would ignore a setting such as `[tool.uv.sources]`,
//! and could then install one of the project's own packages from a public index. So each such setting is an
//! error. A lock solves the problem, because the tool applies its settings when it locks.

use std::sync::Arc;

use toml::de::DeTable;

use super::context::ContextError;
use super::files::Files;
use super::pyproject::table;
use crate::diagnostics::{Diagnostics, Place, Problem, Source, Span};

/// A setting that only its own tool applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// The full key, such as `tool.uv.sources.idna`.
    key: String,
    /// The tool that the setting belongs to.
    tool: Tool,
    /// The place of the setting.
    span: Span,
}

/// A tool that resolves and locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Uv,
    Poetry,
    Pdm,
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Poetry => "Poetry",
            Self::Pdm => "PDM",
        }
    }

    fn lock(self) -> &'static str {
        match self {
            Self::Uv => "uv lock",
            Self::Poetry => "poetry lock",
            Self::Pdm => "pdm lock",
        }
    }
}

/// Keys of uv that change neither the selected packages nor the bytes of built ones (see uv's reference of
/// settings). Every other key counts as an error, so that a key of a later uv is never silently ignored.
const HARMLESS_FOR_UV: [&str; 45] = [
    "add-bounds",
    "allow-insecure-host",
    "audit",
    "build-backend",
    "cache-dir",
    "cache-keys",
    "check-url",
    "compile-bytecode",
    "concurrent-builds",
    "concurrent-downloads",
    "concurrent-installs",
    "default-groups",
    "dependency-groups",
    "dev-dependencies",
    "http-proxy",
    "https-proxy",
    "keyring-provider",
    "link-mode",
    "managed",
    "native-tls",
    "no-cache",
    "no-proxy",
    "offline",
    "package",
    "pip",
    "preview",
    "preview-features",
    "publish-url",
    "pypy-install-mirror",
    "python-downloads",
    "python-downloads-json-url",
    "python-install-mirror",
    "python-preference",
    "reinstall",
    "reinstall-package",
    "required-version",
    "run",
    "system-certs",
    "tool",
    "trusted-publishing",
    "upgrade",
    "upgrade-package",
    "venv",
    "version",
    "workspace",
];

/// Keys of the other tools that decide what is installed.
const OF_POETRY: [&str; 2] = ["build-constraints", "source"];
const OF_PDM: [&str; 2] = ["source", "resolution"];

/// The settings of a `pyproject.toml` that decide what is installed.
pub(super) fn of_pyproject(root: &DeTable<'_>) -> Vec<Rule> {
    let Some(tools) = table(root, "tool") else { return Vec::new() };
    let mut rules = table(tools, "uv").map(|uv| of_uv(uv, "tool.uv.")).unwrap_or_default();
    for (name, tool, keys) in
        [("poetry", Tool::Poetry, OF_POETRY.as_slice()), ("pdm", Tool::Pdm, OF_PDM.as_slice())]
    {
        let Some(settings) = table(tools, name) else { continue };
        for (key, _) in settings.iter().filter(|(key, _)| keys.contains(&key.get_ref().as_ref())) {
            let (written, span) = (format!("tool.{name}.{}", key.get_ref()), key.span().into());
            rules.push(Rule { key: written, tool, span });
        }
    }
    rules.sort_by_key(|rule| rule.span.start);
    rules
}

/// Settings of uv, from its table in a `pyproject.toml` or from a `uv.toml`.
fn of_uv(settings: &DeTable<'_>, prefix: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    let deciding = |key: &str| !HARMLESS_FOR_UV.contains(&key);
    for (key, value) in settings.iter().filter(|(key, _)| deciding(key.get_ref())) {
        let name = key.get_ref();
        match value.get_ref().as_table().filter(|_| *name == "sources") {
            // Each package is a setting of its own, because the user looks for its line.
            Some(sources) => rules.extend(sources.iter().map(|(package, _)| Rule {
                key: format!("{prefix}sources.{}", package.get_ref()),
                tool: Tool::Uv,
                span: package.span().into(),
            })),
            None => {
                rules.push(Rule { key: format!("{prefix}{name}"), tool: Tool::Uv, span: key.span().into() });
            }
        }
    }
    rules
}

/// Reports the settings `rules` of `pyproject.toml`, and those of the `uv.toml` beside it.
///
/// # Errors
/// If the context cannot be read.
pub(super) fn report(
    source: &Arc<Source>,
    rules: &[Rule],
    files: &Files<'_>,
    found: &mut Diagnostics,
) -> Result<(), ContextError> {
    let mut all: Vec<(Place, &Rule)> = Vec::new();
    all.extend(rules.iter().map(|rule| (Place { source: Arc::clone(source), span: rule.span }, rule)));
    let own = files.read_if_there("uv.toml")?;
    let of_own = own.as_ref().and_then(|own| DeTable::parse(&own.text).ok());
    let of_own = of_own.map(|document| of_uv(document.get_ref(), "")).unwrap_or_default();
    if let Some(own) = &own {
        all.extend(of_own.iter().map(|rule| (Place { source: Arc::clone(own), span: rule.span }, rule)));
    }
    for (at, rule) in all {
        let problem =
            Problem::NotFollowed { key: rule.key.clone(), tool: rule.tool.name(), command: rule.tool.lock() };
        found.report(&at.source, at.span, problem);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let document = DeTable::parse(text).unwrap();
        of_pyproject(document.get_ref()).into_iter().map(|rule| rule.key).collect()
    }

    #[test]
    fn what_decides_what_is_installed_is_found_by_its_key() {
        let text = "[tool.uv]\npackage = true\nconstraint-dependencies = [\"idna<3\"]\nexclude-newer = \"7 days\"\n\
                    [tool.uv.sources]\nidna = { path = \"libs/idna\" }\n[[tool.uv.index]]\nurl = \"https://a.example\"\n\
                    [[tool.poetry.source]]\nname = \"a\"\n[tool.pdm.resolution.overrides]\nidna = \"3\"\n[tool.ruff]\n";
        let expected = [
            "tool.uv.constraint-dependencies",
            "tool.uv.exclude-newer",
            "tool.uv.sources.idna",
            "tool.uv.index",
            "tool.poetry.source",
            "tool.pdm.resolution",
        ];
        assert_eq!(keys(text), expected);
    }

    #[test]
    fn the_manual_names_the_keys_of_each_tool() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let manual = std::fs::read_to_string(format!("{root}/docs/dependencies.md")).unwrap();
        let listed = manual.split_once("<!-- uv: keys that do not decide -->").unwrap().1;
        let listed = listed.split_once("<!-- end -->").unwrap().0;
        let named: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
        assert_eq!(named, HARMLESS_FOR_UV);
        let section = |tool: &str| {
            let start = manual.find(&format!("**{tool}**: `[tool.")).unwrap();
            manual[start..].split("\n**").next().unwrap().to_owned()
        };
        let is_refused = |text: &str, key: &str| {
            let row = text.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{key}`")));
            row.is_some_and(|row| row.ends_with("| an error |"))
        };
        assert!(OF_POETRY.iter().all(|key| is_refused(&section("Poetry"), key)));
        assert!(OF_PDM.iter().all(|key| is_refused(&section("PDM"), key)));
        // Exactly the keys that the documented table calls an error are errors.
        let uv = section("uv");
        for row in uv.lines().filter(|line| line.starts_with("| `")) {
            let key = row.split('`').nth(1).unwrap();
            assert_eq!(row.ends_with("| an error |"), !HARMLESS_FOR_UV.contains(&key), "{row}");
        }
    }

    #[test]
    fn a_key_of_uv_that_is_not_known_counts_as_one_that_decides() {
        assert_eq!(keys("[tool.uv]\nof-tomorrow = 1\ncompile-bytecode = true\n"), ["tool.uv.of-tomorrow"]);
        assert!(keys("[tool.uv]\nmanaged = true\n[tool.poetry]\nname = \"x\"\n").is_empty());
    }
}
