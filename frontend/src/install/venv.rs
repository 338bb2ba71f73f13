//! `pybuild tool venv`: makes an empty virtual environment without running Python.
//!
//! ```text
//! venv --root OUT --prefix /venv --base BASE --python 3.11 [--interpreter /usr/bin/python3] [--path FOLDER:…] [--epoch SECONDS]
//! ```
//!
//! BASE is a copy of the root of the image in which the environment will be used. PEP 405 defines a virtual
//! environment. The other files are those of Python's own `venv`, without pip and without the files for other
//! shells.

use std::path::PathBuf;

use super::ToolError;
use super::arguments::{PythonVersion, absolute, pairs, required, seconds, unknown};
use super::interpreter::{self, SearchPath};
use super::tree::{EPOCH, Mode, Tree};

/// Makes the environment that the arguments describe.
///
/// # Errors
/// If an argument is wrong, the base image has no matching Python ([`super::InterpreterError`]), or a file
/// cannot be read or written.
pub fn run(arguments: &[String]) -> Result<(), ToolError> {
    let (mut root, mut prefix, mut base, mut python, mut given) = (None, None, None, None, None);
    let (mut time, mut search) = (EPOCH, SearchPath::default());
    for pair in pairs(arguments) {
        match pair? {
            ("--root", value) => root = Some(PathBuf::from(value)),
            (name @ "--prefix", value) => prefix = Some(absolute(name, value)?),
            ("--base", value) => base = Some(PathBuf::from(value)),
            ("--python", value) => python = Some(PythonVersion::parse(value)?),
            (name @ "--interpreter", value) => given = Some(absolute(name, value)?),
            (name @ "--path", value) => search = SearchPath::parse(name, value)?,
            ("--epoch", value) => time = seconds(value)?,
            (name, _) => return Err(unknown(name)),
        }
    }
    let (prefix, python) = (required(prefix, "--prefix")?, required(python, "--python")?);
    let found = interpreter::find(&required(base, "--base")?, &python, given.as_deref(), &search)?;
    let mut tree = Tree::new(required(root, "--root")?, time)?;
    let place = |name: &str| format!("{prefix}/{name}");
    tree.folders(
        [place("bin"), place(&format!("lib/python{}/site-packages", python.text()))]
            .iter()
            .map(String::as_str),
    )?;
    tree.link(&place("bin/python"), &format!("/{}", found.path))?;
    tree.link(&place("bin/python3"), "python")?;
    tree.link(&place(&format!("bin/python{}", python.text())), "python")?;
    // Python makes this link where `lib` and `lib64` may differ, because packages can be installed into
    // `lib64`.
    if found.wide {
        tree.link(&place("lib64"), "lib")?;
    }
    // The folder of the program itself. Python searches its standard library from there.
    let home = found.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let configuration =
        format!("home = /{home}\ninclude-system-site-packages = false\nversion = {}\n", python.numbers());
    tree.write(&place("pyvenv.cfg"), configuration.as_bytes(), Mode::Plain)?;
    tree.write(&place("bin/activate"), activate(&prefix).as_bytes(), Mode::Plain)?;
    tree.settle()
}

/// A script for sourcing in a shell, with a function `deactivate` that reverses it.
fn activate(prefix: &str) -> String {
    let name = prefix.rsplit_once('/').map_or(prefix, |(_, name)| name);
    format!(
        r#"# Source this file in a POSIX shell: . /{prefix}/bin/activate

deactivate () {{
    if [ -n "${{_PYBUILD_PATH+set}}" ]; then
        PATH="$_PYBUILD_PATH"
        export PATH
        unset _PYBUILD_PATH
    fi
    if [ -n "${{_PYBUILD_HOME+set}}" ]; then
        PYTHONHOME="$_PYBUILD_HOME"
        export PYTHONHOME
        unset _PYBUILD_HOME
    fi
    if [ -n "${{_PYBUILD_PS1+set}}" ]; then
        PS1="$_PYBUILD_PS1"
        unset _PYBUILD_PS1
    fi
    unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    hash -r 2> /dev/null
    if [ "${{1:-}}" != keep ]; then
        unset -f deactivate
    fi
}}

deactivate keep

VIRTUAL_ENV="/{prefix}"
VIRTUAL_ENV_PROMPT="{name}"
export VIRTUAL_ENV VIRTUAL_ENV_PROMPT
_PYBUILD_PATH="$PATH"
PATH="$VIRTUAL_ENV/bin:$PATH"
export PATH
if [ -n "${{PYTHONHOME+set}}" ]; then
    _PYBUILD_HOME="$PYTHONHOME"
    unset PYTHONHOME
fi
if [ -n "${{PS1:-}}" ] && [ -z "${{VIRTUAL_ENV_DISABLE_PROMPT:-}}" ]; then
    _PYBUILD_PS1="$PS1"
    PS1="($VIRTUAL_ENV_PROMPT) $PS1"
fi
hash -r 2> /dev/null
"#
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;

    /// A base image with these programs, links and scripts.
    fn base(files: &[(&str, &[u8])], links: &[(&str, &str)]) -> TempDir {
        let base = tempfile::tempdir().unwrap();
        let parent = |path: &str| fs::create_dir_all(base.path().join(path).parent().unwrap()).unwrap();
        for (path, content) in files {
            parent(path);
            fs::write(base.path().join(path), content).unwrap();
        }
        for (path, target) in links {
            parent(path);
            symlink(target, base.path().join(path)).unwrap();
        }
        base
    }

    fn make(base: &Path, python: &str, more: &[&str]) -> Result<TempDir, String> {
        let out = tempfile::tempdir().unwrap();
        let (root, base) = (out.path().to_str().unwrap(), base.to_str().unwrap());
        let fixed = ["--root", root, "--prefix", "/opt/venv", "--base", base, "--python", python];
        let arguments: Vec<_> = fixed.iter().chain(more).map(|argument| (*argument).to_owned()).collect();
        run(&arguments).map_err(|error| error.to_string())?;
        Ok(out)
    }

    const WIDE: &[u8] = b"\x7fELF\x02";
    const NARROW: &[u8] = b"\x7fELF\x01";

    fn interpreter(out: &TempDir) -> String {
        fs::read_link(out.path().join("opt/venv/bin/python")).unwrap().display().to_string()
    }

    #[test]
    fn an_environment_has_what_python_looks_for() {
        let base = base(&[("usr/local/bin/python3.11", WIDE)], &[("usr/local/bin/python3", "python3.11")]);
        let out = make(base.path(), "3.11", &[]).unwrap();
        let venv = out.path().join("opt/venv");
        assert_eq!(
            fs::read_to_string(venv.join("pyvenv.cfg")).unwrap(),
            "home = /usr/local/bin\ninclude-system-site-packages = false\nversion = 3.11\n"
        );
        let links = ["bin/python", "bin/python3", "bin/python3.11", "lib64"];
        let targets = links.map(|link| fs::read_link(venv.join(link)).unwrap().display().to_string());
        assert_eq!(targets, ["/usr/local/bin/python3.11", "python", "python", "lib"]);
        assert!(venv.join("lib/python3.11/site-packages").is_dir());
        for path in ["", "..", "bin", "bin/python3", "bin/activate", "lib64", "lib", "pyvenv.cfg"] {
            let found = fs::symlink_metadata(venv.join(path)).unwrap();
            assert_eq!(found.mtime(), i64::from(EPOCH), "{path}");
            let mode = if found.is_dir() { 0o755 } else { 0o644 };
            assert!(found.is_symlink() || found.mode() & 0o7777 == mode, "{path}");
        }
    }

    /// The folders are those of AWS Lambda's image for Python 3.12. Its base system also has a Python.
    #[test]
    fn the_path_of_the_image_is_searched_first() {
        let base = base(
            &[("var/lang/bin/python3.12", WIDE), ("usr/bin/python3.9", WIDE), ("usr/bin/python3.12", WIDE)],
            &[("var/lang/bin/python3", "python3.12"), ("usr/bin/python3", "python3.9")],
        );
        let path = ["--path", "/var/lang/bin:/usr/local/bin:/usr/bin:/bin"];
        assert_eq!(interpreter(&make(base.path(), "3.12", &path).unwrap()), "/var/lang/bin/python3.12");
        // If no folder of the path has the version, the usual folders are searched.
        assert_eq!(
            interpreter(&make(base.path(), "3.9", &["--path", "/opt/x"]).unwrap()),
            "/usr/bin/python3.9"
        );
        let found = make(base.path(), "3.13", &path).unwrap_err();
        assert!(found.contains("but 3.12 (/var/lang/bin/python3), 3.9 (/usr/bin/python3)"), "{found}");
    }

    #[test]
    fn the_interpreter_is_found_where_images_have_it() {
        struct Case<'c> {
            name: &'c str,
            files: &'c [(&'c str, &'c [u8])],
            links: &'c [(&'c str, &'c str)],
            python: &'c str,
            found: &'c str,
        }
        let cases = [
            Case {
                name: "a link out of the root stays inside",
                files: &[("usr/bin/python3.11", WIDE)],
                links: &[("usr/local/bin/python3", "/usr/bin/python3"), ("usr/bin/python3", "python3.11")],
                python: "3.11",
                found: "/usr/bin/python3.11",
            },
            Case {
                name: "the exact name before the first folder's default",
                files: &[("usr/local/bin/python3.13", WIDE), ("usr/bin/python3.11", WIDE)],
                links: &[("usr/local/bin/python3", "python3.13")],
                python: "3.11",
                found: "/usr/bin/python3.11",
            },
            Case {
                name: "the version stands in the library's name",
                files: &[("opt/conda/bin/python3", NARROW), ("opt/conda/lib/python3.12/os.py", b"")],
                links: &[],
                python: "3.12",
                found: "/opt/conda/bin/python3",
            },
            Case {
                name: "free-threaded",
                files: &[("usr/local/bin/python3.13t", WIDE), ("usr/local/bin/python3.13", WIDE)],
                links: &[("usr/local/bin/python3", "python3.13t")],
                python: "3.13t",
                found: "/usr/local/bin/python3.13t",
            },
        ];
        for Case { name, files, links, python, found } in cases {
            let base = base(files, links);
            assert_eq!(interpreter(&make(base.path(), python, &[]).expect(name)), found, "{name}");
        }
    }

    #[test]
    fn a_base_without_the_python_is_refused_with_what_it_has() {
        let none = base(&[("usr/bin/perl", WIDE)], &[]);
        assert_eq!(
            make(none.path(), "3.11", &[]).unwrap_err(),
            "the base image has no Python in /usr/local/bin, /usr/bin, /bin, /opt/python/bin\n  \
             help: choose a base that has Python 3.11"
        );
        let other = base(&[("usr/bin/python3.13", WIDE)], &[("usr/bin/python3", "python3.13")]);
        assert_eq!(
            make(other.path(), "3.11", &[]).unwrap_err(),
            "the base image has no Python 3.11, but 3.13 (/usr/bin/python3)\n  \
             help: choose a base that has Python 3.11, or set `python.version` to what this one has"
        );
        assert_eq!(
            make(other.path(), "3.13t", &["--interpreter", "/usr/bin/python3"]).unwrap_err(),
            "the base image has no Python 3.13t, but 3.13 (/usr/bin/python3)\n  \
             help: choose a base that has Python 3.13t, or set `python.version` to what this one has"
        );
        let script = base(&[("usr/bin/python3", b"#!/bin/sh\n")], &[]);
        assert_eq!(
            make(script.path(), "3.11", &[]).unwrap_err(),
            "`/usr/bin/python3` of the base image is a script that starts Python\n  \
             help: choose a base whose Python is a program"
        );
        let circle = base(&[], &[("usr/bin/python3", "python"), ("usr/bin/python", "python3")]);
        assert!(
            make(circle.path(), "3.11", &[]).unwrap_err().starts_with("the base image has no Python in ")
        );
    }

    #[test]
    fn wrong_arguments_are_named() {
        let base = base(&[], &[]);
        let cases = [
            (["--python", "3"], "`3` is not a Python version like `3.11` or `3.13t`"),
            (["--prefix", "/a/../b"], "`/a/../b` after `--prefix` is not an absolute path of plain parts"),
            (["--prefix", "/a$b"], "`/a$b` after `--prefix` is not an absolute path of plain parts"),
            (["--epoch", "now"], "`now` is not a number of seconds since 1970"),
            (["--pip", "yes"], "`--pip` is no option"),
        ];
        for (more, message) in cases {
            let error = make(base.path(), "3.11", &more).unwrap_err();
            assert_eq!(error, format!("`pybuild tool` was called wrongly: {message}"));
        }
    }
}
