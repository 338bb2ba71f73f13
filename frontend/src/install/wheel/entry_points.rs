//! `entry_points.txt`: the commands that a package asks to be made.
//!
//! Only the two groups that installers act on are read; the others are for programs to find at run time.

use std::collections::BTreeMap;

use super::error::Problem;

/// What a command calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EntryPoint {
    /// The module, with dots.
    pub(super) module: String,
    /// The function, with dots if it is an attribute of something.
    pub(super) function: String,
}

/// The commands by name. On Linux a `gui_scripts` command is like a `console_scripts` one.
pub(super) fn parse(file: &str, text: &str) -> Result<BTreeMap<String, EntryPoint>, Problem> {
    let mut commands = BTreeMap::new();
    let mut wanted = false;
    for (index, line) in text.lines().enumerate() {
        let wrong = |reason: String| Problem::Line { file: file.to_owned(), line: index + 1, reason };
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(group) = line.strip_prefix('[') {
            wanted = matches!(group.trim_end_matches(']').trim(), "console_scripts" | "gui_scripts");
            continue;
        }
        if !wanted {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("has no `=`".to_owned()))?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty()
            || matches!(name, "." | "..")
            || name.contains(['/', '\\'])
            || name.chars().any(char::is_control)
        {
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
    }
    Ok(commands)
}

/// Reads `MODULE:FUNCTION`, with extras in brackets behind it, which have no meaning any more.
fn target(value: &str) -> Option<EntryPoint> {
    let reference = value.split('[').next().unwrap_or_default();
    let (module, function) = reference.split_once(':')?;
    let (module, function) = (module.trim(), function.trim());
    // Both become part of a Python program: nothing but names may pass.
    let dotted = |text: &str| {
        text.split('.').all(|part| {
            !part.starts_with(|first: char| first.is_numeric())
                && !part.is_empty()
                && part.chars().all(|c| c == '_' || c.is_alphanumeric())
        })
    };
    (dotted(module) && dotted(function))
        .then(|| EntryPoint { module: module.to_owned(), function: function.to_owned() })
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
    fn commands_that_cannot_be_made_are_refused() {
        let cases = [
            ("a", "line 2 of `e` has no `=`"),
            ("../a = m:f", "line 2 of `e` names a command `../a`, which no file can be called"),
            ("a = m", "line 2 of `e` does not say which function `a` calls: `m` is not `MODULE:FUNCTION`"),
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
