//! `entry_points.txt`: the commands of a package.
//!
//! Only the two groups for installers are read. Programs read the other groups at run time.

use std::collections::BTreeMap;

use super::error::Problem;
use crate::install::{layer, limits};

/// The function that a command calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntryPoint {
    /// The module, as a dotted name.
    pub(super) module: String,
    /// The function, as a dotted name if it is an attribute.
    pub(super) function: String,
}

/// The commands by name. On Linux, `gui_scripts` are the same as `console_scripts`.
pub(super) fn parse(file: &str, text: &str) -> Result<BTreeMap<String, EntryPoint>, Problem> {
    let mut commands = BTreeMap::new();
    let mut wanted = None;
    // Python also ends a line at a single CR.
    let text = text.replace("\r\n", "\n");
    for (index, raw) in text.split(['\n', '\r']).enumerate() {
        let wrong = |reason: String| Problem::Line { file: file.to_owned(), line: index + 1, reason };
        if raw.len() as u64 > limits::LINE {
            let file = file.to_owned();
            return Err(Problem::LongLine { file, line: index + 1, limit: limits::LINE });
        }
        let line = raw.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        // A bracket without a closing bracket does not start a group.
        if let Some((group, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            wanted = Some(matches!(group, "console_scripts" | "gui_scripts"));
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            // Lines before the first group are ignored. In other groups, an indented line can continue a
            // value.
            if wanted.is_none() || wanted == Some(false) && raw.starts_with([' ', '\t']) {
                continue;
            }
            return Err(wrong("has no `=`".to_owned()));
        };
        if wanted != Some(true) {
            continue;
        }
        let (name, value) = (name.trim(), value.trim());
        // pip ignores a line without a name.
        if name.is_empty() {
            continue;
        }
        let is_file = |part: &str| {
            !matches!(part, "" | "." | "..") && !layer::is_whiteout(part) && part.len() <= limits::NAME
        };
        let is_path = name.split('/').all(is_file) && name.split('/').count() <= limits::DEPTH;
        if !is_path || name.len() > limits::PATH || name.chars().any(char::is_control) {
            return Err(wrong(format!(
                "names a command `{}`, which no file can be called",
                name.escape_debug()
            )));
        }
        let target = target(value).ok_or_else(|| {
            wrong(format!(
                "does not say which function `{name}` calls: `{}` is not `MODULE:FUNCTION`",
                value.escape_debug()
            ))
        })?;
        commands.insert(name.to_owned(), target);
        let found = commands.len() as u64;
        if found > limits::COMMANDS {
            return Err(Problem::Limit { what: "commands", found, limit: limits::COMMANDS });
        }
    }
    Ok(commands)
}

/// Changes the commands of pip to those of the target's Python. Wheels of pip name the Python that built
/// them.
pub(super) fn for_python(commands: &mut BTreeMap<String, EntryPoint>, python: &str) {
    let is_versioned =
        |name: &str| name.strip_prefix("pip3.").is_some_and(|minor| minor.parse::<u8>().is_ok());
    commands.retain(|name, _| !is_versioned(name));
    if let Some(entry) = commands.get("pip3").cloned() {
        commands.insert(format!("pip{python}"), entry);
    }
}

/// Reads `MODULE:FUNCTION`. Extras in brackets after it are ignored, because they no longer have a meaning.
///
/// As in pip, other words after a space, such as a comment, are ignored. Both names become parts of a Python
/// program, so only characters of names are allowed. `m-n:f` and `m:1f` are not valid names in Python. uv and
/// pip still make such a command, and it fails when it is called.
fn target(value: &str) -> Option<EntryPoint> {
    let is_part = |c: char| matches!(c, '_' | '-' | '.') || c.is_alphanumeric();
    let name = |text: &str| -> (String, usize) {
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        (text.get(..end).unwrap_or_default().to_owned(), end)
    };
    let (module, end) = name(value);
    let rest = value.get(end..)?.trim_start().strip_prefix(':')?.trim_start();
    let (function, end) = name(rest);
    let rest = rest.get(end..)?;
    let extras = rest.trim_start();
    // Both tools refuse a bracket without a closing bracket.
    let is_closed = extras.starts_with('[') && extras.contains(']');
    let is_other = rest.starts_with(char::is_whitespace) && !extras.contains(['[', ']']);
    let is_end = extras.is_empty() || is_closed || is_other;
    (!module.is_empty() && !function.is_empty() && is_end).then_some(EntryPoint { module, function })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_both_groups_are_read_and_others_are_not() {
        let text = "# made\n[pytest11]\nx = y\n[console_scripts]\na=m.n:f.g [extra]\n; no\n b.c = m : f\n\n[gui_scripts]\nw=w:w\n";
        let commands = parse("entry_points.txt", text).unwrap();
        let shown: Vec<_> =
            commands.iter().map(|(n, e)| format!("{n} {} {}", e.module, e.function)).collect();
        assert_eq!(shown, ["a m.n f.g", "b.c m f", "w w w"]);
    }

    #[test]
    fn the_commands_of_pip_are_those_of_the_python_that_it_is_for() {
        // uv and pip install the wheels of pip 20 (with `pip3.8`) and of pip 26 (without it) in the same way.
        let text = "[console_scripts]\npip = pip:main\npip3 = pip:main\npip3.8 = pip:main\n";
        let mut commands = parse("e", text).unwrap();
        for_python(&mut commands, "3.13");
        assert_eq!(commands.keys().collect::<Vec<_>>(), ["pip", "pip3", "pip3.13"]);
    }

    #[test]
    fn what_no_installer_acts_on_is_passed_over() {
        // pip and uv ignore a group with spaces in its name. pip also ignores lines before the first group.
        let text =
            "\u{feff}x\n[ console_scripts ]\na = m:f\n[other]\nb =\n  c\n[console_scripts]\nd/e = m-n:f\n";
        assert_eq!(parse("e", text).unwrap().keys().collect::<Vec<_>>(), ["d/e"]);
    }

    /// The expected values are those of pip 26.3. uv 0.13.9 refuses some of these texts.
    #[test]
    fn odd_forms_are_read_as_pip_reads_them() {
        let cases: [(&str, &[&str]); 9] = [
            ("[console_scripts]\nx = m:f # comment\n", &["x m f"]),
            ("[console_scripts]\nx = m:f ; comment\ny = m:f = 1\n", &["x m f", "y m f"]),
            ("[console_scripts]\nx = m:f[a, b] c\n", &["x m f"]),
            ("[console_scripts]\nx = m:1f\ny = m:f.\n", &["x m 1f", "y m f."]),
            ("[console_scripts]\n = m:f\nx = m:f\n", &["x m f"]),
            ("[console_scripts]\rx = m:f\r", &["x m f"]),
            ("[console_scripts]\r\nx = m:f\r\n", &["x m f"]),
            ("[console_scripts\nx = m:f\n", &[]),
            ("\u{feff}[console_scripts]\nx = m:f\n", &[]),
        ];
        for (text, expected) in cases {
            let commands = parse("e", text).unwrap();
            let found: Vec<_> =
                commands.iter().map(|(name, e)| format!("{name} {} {}", e.module, e.function)).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn commands_that_cannot_be_made_are_refused() {
        let cases = [
            ("a", "line 2 of `e` has no `=`"),
            ("a/../b = m:f", "line 2 of `e` names a command `a/../b`, which no file can be called"),
            ("/a = m:f", "line 2 of `e` names a command `/a`, which no file can be called"),
            ("../a = m:f", "line 2 of `e` names a command `../a`, which no file can be called"),
            (".wh.python = m:f", "line 2 of `e` names a command `.wh.python`, which no file can be called"),
            (
                "a/.wh..wh..opq = m:f",
                "line 2 of `e` names a command `a/.wh..wh..opq`, which no file can be called",
            ),
            ("a = m", "line 2 of `e` does not say which function `a` calls: `m` is not `MODULE:FUNCTION`"),
            (
                "a = m:f [b",
                "line 2 of `e` does not say which function `a` calls: `m:f [b` is not `MODULE:FUNCTION`",
            ),
            (
                "a = m:f();x",
                "line 2 of `e` does not say which function `a` calls: `m:f();x` is not `MODULE:FUNCTION`",
            ),
        ];
        for (line, message) in cases {
            let error = parse("e", &format!("[console_scripts]\n{line}\n")).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
