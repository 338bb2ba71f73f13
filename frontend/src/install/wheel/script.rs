//! Commands in the environment's `bin` folder: launchers of entry points, and scripts whose first line is
//! filled in.

use super::entry_points::EntryPoint;

/// Linux reads this number of bytes of a first line, including `#!` and the end of the line. Older kernels
/// read no more.
const SHEBANG_LIMIT: usize = 127;

/// The first line or lines that run a Python script with `interpreter`.
///
/// A path that is too long or contains a space cannot stand after `#!`. Then the file starts as a shell
/// script that runs the interpreter on the same file. For Python, these lines are a string.
pub(super) fn shebang(interpreter: &str) -> String {
    let plain = format!("#!{interpreter}\n");
    if plain.len() <= SHEBANG_LIMIT && !interpreter.contains([' ', '\t']) {
        return plain;
    }
    format!("#!/bin/sh\n'''exec' \"{interpreter}\" \"$0\" \"$@\"\n' '''\n")
}

/// The program that calls an entry point.
pub(super) fn launcher(interpreter: &str, entry: &EntryPoint) -> String {
    let EntryPoint { module, function } = entry;
    // The function may be an attribute of an attribute, but only its first name can be imported.
    let import = function.split('.').next().unwrap_or(function);
    format!(
        "{}import sys\n\nfrom {module} import {import}\n\nif __name__ == \"__main__\":\n    sys.exit({function}())\n",
        shebang(interpreter)
    )
}

/// The rest of a script whose first line has the placeholder `#!python`, or `None` for other files. `start`
/// contains at least the first line.
pub(super) fn after_open_shebang(start: &[u8]) -> Option<&[u8]> {
    // `#!pythonw` is for systems on which programs with windows need another interpreter.
    let rest = start.strip_prefix(b"#!python")?;
    let end = rest.iter().position(|byte| *byte == b'\n');
    Some(end.and_then(|end| rest.get(end + 1..)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_cannot_stand_behind_a_shebang_goes_through_the_shell() {
        let long = format!("/{}/bin/python", "x".repeat(120));
        assert_eq!(shebang("/venv/bin/python"), "#!/venv/bin/python\n");
        assert_eq!(shebang(&long), format!("#!/bin/sh\n'''exec' \"{long}\" \"$0\" \"$@\"\n' '''\n"));
        assert_eq!(
            shebang("/my venv/python"),
            "#!/bin/sh\n'''exec' \"/my venv/python\" \"$0\" \"$@\"\n' '''\n"
        );
    }

    #[test]
    fn a_launcher_imports_a_name_and_calls_what_is_asked() {
        let entry = EntryPoint { module: "a.b".to_owned(), function: "App.main".to_owned() };
        assert_eq!(
            launcher("/venv/bin/python", &entry),
            "#!/venv/bin/python\nimport sys\n\nfrom a.b import App\n\nif __name__ == \"__main__\":\n    sys.exit(App.main())\n"
        );
    }

    #[test]
    fn only_an_open_shebang_is_filled_in() {
        assert_eq!(after_open_shebang(b"#!python -E\nx\n"), Some(&b"x\n"[..]));
        assert_eq!(after_open_shebang(b"#!pythonw\n"), Some(&b""[..]));
        assert_eq!(after_open_shebang(b"#!/usr/bin/python\nx"), None);
    }
}
