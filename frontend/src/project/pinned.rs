//! `.python-version`: the file in which uv and pyenv keep a project's Python version.
//!
//! Both read the file line by line, without empty lines and lines that begin with `#`. pyenv reads the first
//! word of a line, and uv the whole line. If a line is not a version, such as the name of a pyenv
//! environment, uv ignores the line with a warning and reads the next one. A file without another line sets
//! no version.

use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::VersionSpecifiers;

use super::python::PythonVersion;
use crate::diagnostics::{Diagnostics, Place, Problem, Source, Span};

/// The content of the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pinned {
    /// A version.
    Version(PythonVersion),
    /// Any version in a range.
    Fitting(VersionSpecifiers, String),
}

/// The meaning of a line.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Asks(Pinned),
    /// Any version is accepted.
    Anything,
    /// Not a version: a name that has a meaning only on one machine, or a mistake.
    Name,
    /// A Python for which no image exists: another implementation, a preview, a debug build, a path.
    Other,
}

/// The version or range that the file asks for, with its place. `None` if any version is accepted, and after
/// an error.
pub(super) fn read(file: &Arc<Source>, found: &mut Diagnostics) -> Option<(Pinned, Place)> {
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let span = file.line_span(u32::try_from(index + 1).unwrap_or(1));
        match of_line(line) {
            Line::Asks(pinned) => return Some((pinned, Place { source: Arc::clone(file), span })),
            Line::Anything => return None,
            Line::Name => {
                found.report(file, span, Problem::IgnoredPythonVersion { value: line.to_owned() });
            }
            Line::Other => {
                found.report(file, span, Problem::BadPythonVersion { value: line.to_owned() });
                return None;
            }
        }
    }
    None
}

/// What a file of another tool asks for with one word. `latest` and `system` are any Python.
pub(super) fn of_tool(
    file: &Arc<Source>,
    span: Span,
    word: &str,
    found: &mut Diagnostics,
) -> Option<(Pinned, Place)> {
    let bare = ["latest:", "prefix:"].iter().find_map(|start| word.strip_prefix(start)).unwrap_or(word);
    if matches!(bare, "latest" | "system") {
        return None;
    }
    match of_line(bare) {
        Line::Asks(pinned) => return Some((pinned, Place { source: Arc::clone(file), span })),
        Line::Anything => {}
        Line::Name => found.report(file, span, Problem::IgnoredPythonVersion { value: word.to_owned() }),
        Line::Other => found.report(file, span, Problem::BadPythonVersion { value: word.to_owned() }),
    }
    None
}

fn of_line(line: &str) -> Line {
    let word = line.split_whitespace().next().unwrap_or_default();
    // uv names the Pythons that it installs in this way: `cpython-3.12.4-linux-x86_64-gnu`.
    let named = ["cpython", "python", "cp", "v"].iter().find_map(|name| {
        let rest = line.strip_prefix(name)?.trim_start_matches(['-', '@']);
        (rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit() || is_operator(c)))
            .then_some((*name, rest))
    });
    let (name, text) = named.unwrap_or(("", line));
    if text.is_empty() || matches!(word, "any" | "default") {
        return Line::Anything;
    }
    if text.starts_with(is_operator) {
        return match VersionSpecifiers::from_str(text) {
            Ok(specifiers) => Line::Asks(Pinned::Fitting(specifiers, text.to_owned())),
            Err(_) => Line::Name,
        };
    }
    let version = text.split_whitespace().next().unwrap_or_default();
    let version = match version.split_once('-') {
        Some((version, _)) if name == "cpython" => version,
        _ => version,
    };
    match of_version(version) {
        Some(line) => line,
        None if names_implementation(word) || is_request(version) || word.contains('/') => Line::Other,
        None => Line::Name,
    }
}

fn is_operator(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '!' | '~')
}

/// Whether uv reads a word as a version: up to three numbers, and the suffix of a preview or a special build.
fn is_request(word: &str) -> bool {
    let numbers = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (numbers, rest) = word.split_at_checked(numbers).unwrap_or((word, ""));
    let is_build = |text: &str| matches!(text, "" | "t" | "d" | "td" | "+freethreaded" | "+debug");
    let is_preview = |text: &str| {
        let after = ["alpha", "beta", "rc", "a", "b"].iter().find_map(|name| text.strip_prefix(name));
        after.is_some_and(|after| is_build(after.trim_start_matches(|c: char| c.is_ascii_digit())))
    };
    !numbers.is_empty()
        && numbers.split('.').count() <= 3
        && numbers.split('.').all(|number| !number.is_empty())
        && (is_build(rest) || is_preview(rest))
}

/// Whether a word begins with the name of another implementation. Such a word is not the name of an
/// environment.
fn names_implementation(word: &str) -> bool {
    ["pypy", "graalpy", "pyodide", "jython", "ironpython", "micropython", "stackless", "pyston", "nogil"]
        .iter()
        .any(|name| word.starts_with(name))
}

/// `3.12`, `3.12.4`, `3.13t`, `3.13+freethreaded`, `312` and `3.12.*`. `3` means any Python 3.
fn of_version(text: &str) -> Option<Line> {
    let (text, free_threaded) = match text.strip_suffix("+freethreaded") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let text = text.strip_suffix(".*").unwrap_or(text);
    if text == "3" && !free_threaded {
        return Some(Line::Anything);
    }
    let minor = text.strip_prefix('3').filter(|minor| !minor.is_empty() && !minor.starts_with('.'));
    let version = match minor {
        Some(minor) => PythonVersion::parse(&format!("3.{minor}")).filter(|version| version.patch.is_none()),
        None => PythonVersion::parse(text),
    };
    let version = version?;
    let version = PythonVersion { free_threaded: free_threaded || version.free_threaded, ..version };
    version.existing().map(|version| Line::Asks(Pinned::Version(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Option<String>, String> {
        let mut found = Diagnostics::default();
        let file = Arc::new(Source::new(".python-version", text));
        let pinned = read(&file, &mut found);
        if let Some(error) = found.errors().first() {
            return Err(format!("{}: {}", error.line(), error.problem));
        }
        Ok(pinned.map(|(pinned, place)| match pinned {
            Pinned::Version(version) => format!("{}: {version}", place.line()),
            Pinned::Fitting(_, text) => format!("{}: {text}", place.line()),
        }))
    }

    /// The cases agree with uv 0.13.9 (`uv python find`) and pyenv 2.6 (`pyenv version-file-read`). One
    /// exception is `3.12.*`, which uv ignores with a warning.
    #[test]
    fn what_uv_and_pyenv_take_is_taken() {
        let cases = [
            ("3.12\n", "1: 3.12"),
            ("3.12.4\r\n3.11\r\n", "1: 3.12.4"),
            ("# a comment\n\n  3.12  \n", "3: 3.12"),
            ("3.12 3.11", "1: 3.12"),
            ("3.12 # the oldest", "1: 3.12"),
            ("3.12.*", "1: 3.12"),
            (">=3.11, <3.13", "1: >=3.11, <3.13"),
            ("==3.12.*", "1: ==3.12.*"),
            ("~=3.11.0", "1: ~=3.11.0"),
            ("cpython-3.12", "1: 3.12"),
            ("cpython3.12", "1: 3.12"),
            ("cpython@3.12.1", "1: 3.12.1"),
            ("cpython>=3.12", "1: >=3.12"),
            ("cpython-3.12.4-linux-x86_64-gnu", "1: 3.12.4"),
            ("cpython-3.13.1+freethreaded-linux-x86_64-gnu", "1: 3.13.1t"),
            ("python3.12", "1: 3.12"),
            ("python-3.12.4", "1: 3.12.4"),
            ("cp312", "1: 3.12"),
            ("v3.12", "1: 3.12"),
            ("312", "1: 3.12"),
            ("3.13t", "1: 3.13t"),
            ("3.14+freethreaded", "1: 3.14t"),
            ("my-environment\n3.12\n", "2: 3.12"),
            ("system\n3.11\n", "2: 3.11"),
        ];
        for (text, expected) in cases {
            assert_eq!(read_text(text), Ok(Some(expected.to_owned())), "{text}");
        }
        for text in ["", "# none\n", "3", "any\n3.9\n", "default", "cpython", "system\n"] {
            assert_eq!(read_text(text), Ok(None), "{text}");
        }
    }

    /// uv 0.13.9 ignores these lines (`warning: Ignoring unsupported Python request`).
    #[test]
    fn what_asks_for_no_python_is_passed_over_with_a_warning() {
        for line in [
            "my-environment",
            "system",
            "latest",
            "anaconda3-2023.09",
            "3.x",
            "3.12.x",
            "3.14-dev",
            "3.12.4.1",
            ">=three",
        ] {
            let mut found = Diagnostics::default();
            let file = Arc::new(Source::new(".python-version", format!("#\n{line}\n")));
            assert_eq!(read(&file, &mut found), None);
            assert!(!found.has_errors());
            let warnings: Vec<String> =
                found.warnings().iter().map(|one| format!("{}: {}", one.line(), one.problem)).collect();
            assert_eq!(warnings, [format!("2: `{line}` is no version of Python, and is passed over")]);
        }
    }

    #[test]
    fn a_python_that_has_no_image_is_an_error_at_its_line() {
        let cases = [
            "pypy3.10",
            "pypy-3.10-7.3",
            "graalpy-24",
            "2.7",
            "3.13.0rc1",
            "3.13d",
            "3.12t",
            "4",
            "3.11.4/envs/shop",
        ];
        for line in cases {
            let expected = format!("2: `{line}` is not a version of Python 3");
            assert_eq!(read_text(&format!("#\n{line}\n")), Err(expected));
        }
        // A line with another implementation sets the project's Python, so the lines after it do not count.
        assert_eq!(
            read_text("pypy3.10\n3.12\n"),
            Err("1: `pypy3.10` is not a version of Python 3".to_owned())
        );
    }
}
