//! Random changes of the settings of uv.

use super::edit::Editor;
use crate::selection::case::ConflictItem;

/// Lines of `[tool.uv]`, each of which may decide what is locked.
const LINES: [&str; 24] = [
    "resolution = \"lowest-direct\"",
    "resolution = \"highest\"",
    "resolution = \"lowest\"",
    "prerelease = \"allow\"",
    "prerelease = \"if-necessary-or-explicit\"",
    "prerelease = \"disallow\"",
    "fork-strategy = \"fewest\"",
    "fork-strategy = \"requires-python\"",
    "exclude-newer = \"2025-01-01T00:00:00Z\"",
    "exclude-newer = \"2025-02-01\"",
    "exclude-newer-package = { alpha = \"2025-03-01T00:00:00Z\" }",
    "required-environments = [\"sys_platform == 'linux' and platform_machine == 'x86_64'\"]",
    "build-constraint-dependencies = [\"setuptools<80\"]",
    "exclude-dependencies = [\"india\"]",
    "dependency-metadata = [{ name = \"alpha\", version = \"1.0\", requires-dist = [\"bravo\"] }]",
    "index-strategy = \"unsafe-best-match\"",
    "cache-keys = [{ file = \"x\" }]",
    "default-groups = []",
    "no-build-isolation-package = [\"alpha\"]",
    "compile-bytecode = true",
    "link-mode = \"copy\"",
    "python-preference = \"system\"",
    "no-binary-package = [\"zulu\"]",
    "config-settings = { a = \"b\" }",
];

impl Editor<'_> {
    /// Another value of a setting of uv.
    pub(super) fn setting(&mut self) -> Option<&'static str> {
        let req = self.new_requirement();
        match self.random.number(0..10) {
            0 => {
                if self.case.overrides.pop().is_none() {
                    self.case.overrides.push(req);
                }
                Some("an override is changed")
            }
            1 => {
                if self.case.constraints.pop().is_none() {
                    self.case.constraints.push(req);
                }
                Some("a constraint is changed")
            }
            2 => {
                if self.case.environments.pop().is_none() {
                    self.case.environments.push("sys_platform == 'linux'".to_owned());
                }
                Some("environments are changed")
            }
            3 => {
                if self.case.conflicts.pop().is_none() {
                    let member = self.case.members.first()?;
                    let extras = member.extras.keys().take(2);
                    let set: Vec<ConflictItem> = extras
                        .map(|extra| ConflictItem { extra: extra.clone(), ..ConflictItem::default() })
                        .collect();
                    if set.len() < 2 {
                        return None;
                    }
                    self.case.conflicts.push(set);
                }
                Some("conflicts are changed")
            }
            4 => {
                let groups = self.case.members.first()?.groups.keys().cloned().collect::<Vec<_>>();
                let group = self.random.pick(&groups)?.clone();
                let bounds = [">=3.12", ">=3.10", ">=3.8", ">=3.10,!=3.11.*", "<3.13"];
                let bounds = *self.random.pick(&bounds)?;
                self.case.settings.retain(|old| !old.starts_with("dependency-groups"));
                let table = format!("{{ {group} = {{ requires-python = \"{bounds}\" }} }}");
                self.case.settings.push(format!("dependency-groups = {table}"));
                Some("a group is for other Pythons")
            }
            _ => {
                let line = *self.random.pick(&LINES)?;
                let key = line.split(" = ").next().unwrap_or_default();
                if self.case.settings.iter().any(|old| old == line) {
                    self.case.settings.retain(|old| old != line);
                } else {
                    self.case.settings.retain(|old| !old.starts_with(key));
                    self.case.settings.push(line.to_owned());
                }
                Some("a setting is changed")
            }
        }
    }
}
