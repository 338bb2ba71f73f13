//! Files that Python runs at every start of an interpreter, even if no program imports them.
//!
//! See the documentation of Python's module `site`: `NAME.pth` (lines that begin with `import`),
//! `NAME.start`, and the modules `sitecustomize` and `usercustomize`.

/// Whether Python runs this file at every start. The path is relative to the package folder.
pub(super) fn is_run(path: &str) -> bool {
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let module = first.split('.').next().unwrap_or(first);
    match rest {
        None if matches!(first.rsplit_once('.'), Some((_, "pth" | "start"))) => true,
        // A package is reported once, by the file that runs.
        Some(rest) => {
            matches!(module, "sitecustomize" | "usercustomize")
                && module == first
                && rest.starts_with("__init__.")
        }
        None => matches!(module, "sitecustomize" | "usercustomize"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_python_runs_at_its_start() {
        for path in [
            "distutils-precedence.pth",
            "x.start",
            "sitecustomize.py",
            "usercustomize.cpython-311-x86_64-linux-gnu.so",
            "sitecustomize/__init__.py",
        ] {
            assert!(is_run(path), "{path}");
        }
        for path in
            ["a/x.pth", "x.pth.txt", "sitecustomize/other.py", "a/sitecustomize.py", "site.py", "../x.pth"]
        {
            assert!(!is_run(path), "{path}");
        }
    }
}
