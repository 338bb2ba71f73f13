//! Files in which tools besides uv and pyenv keep the Python of a project: `runtime.txt` of Heroku and its kin,
//! `.tool-versions` of asdf, and `mise.toml` of mise.
//!
//! Each also keeps the versions of other languages. A file that names no Python says nothing here.

use std::sync::Arc;

use crate::diagnostics::{Source, Span};

/// The files, in the order in which they are asked.
pub const OTHER_TOOLS: [&str; 4] = ["runtime.txt", ".tool-versions", "mise.toml", ".mise.toml"];

/// The word that a file has for Python, as its tool writes it, and where it stands.
pub(super) fn word(name: &str, file: &Arc<Source>) -> Option<(String, Span)> {
    match name {
        "runtime.txt" => runtime(file),
        ".tool-versions" => tool_versions(file),
        _ => mise(file),
    }
}

/// `python-3.12.4`, on a line of its own.
fn runtime(file: &Source) -> Option<(String, Span)> {
    lines(file).find_map(|(line, span)| Some((line.trim().strip_prefix("python-")?.to_owned(), span)))
}

/// `python 3.12.4 3.11.9`: the first is the one that runs.
fn tool_versions(file: &Source) -> Option<(String, Span)> {
    lines(file).find_map(|(line, span)| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        (words.next() == Some("python")).then(|| words.next())?.map(|word| (word.to_owned(), span))
    })
}

/// `python` in `[tools]`: a version, a list of versions, or a table with a version.
fn mise(file: &Source) -> Option<(String, Span)> {
    let (document, _) = toml::de::DeTable::parse_recoverable(&file.text);
    let tools = document.get_ref().get("tools")?.get_ref().as_table()?;
    let mut value = tools.get("python").or_else(|| tools.get("core:python"))?;
    if let Some(first) = value.get_ref().as_array() {
        value = first.first()?;
    }
    if let Some(table) = value.get_ref().as_table() {
        value = table.get("version")?;
    }
    let word = value.get_ref().as_str()?.to_owned();
    Some((word, Span::from(value.span())))
}

fn lines(file: &Source) -> impl Iterator<Item = (&str, Span)> {
    file.text.lines().zip(1..).map(|(line, number)| (line, file.line_span(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As asdf, mise and the build packs document their files.
    #[test]
    fn the_word_for_python_is_found_among_those_for_other_languages() {
        let of = |name: &str, text: &str| {
            let file = Arc::new(Source::new(name, text));
            word(name, &file).map(|(word, span)| (word, file.position(span.start).line))
        };
        let found = |word: &str, line: u32| Some((word.to_owned(), line));
        assert_eq!(of("runtime.txt", "python-3.12.4\n"), found("3.12.4", 1));
        assert_eq!(of("runtime.txt", "r-4.3-2024-01-01\n"), None);
        assert_eq!(of(".tool-versions", "nodejs 20.1\npython 3.13.1 3.12 # ours\n"), found("3.13.1", 2));
        assert_eq!(of(".tool-versions", "nodejs 20.1\n"), None);
        assert_eq!(of("mise.toml", "[tools]\nnode = \"22\"\npython = \"3.12\"\n"), found("3.12", 3));
        assert_eq!(of("mise.toml", "[tools]\npython = [\"3.13\", \"3.12\"]\n"), found("3.13", 2));
        let table = "[tools]\npython = { version = \"3.11\", virtualenv = \".venv\" }\n";
        assert_eq!(of(".mise.toml", table), found("3.11", 2));
        assert_eq!(of("mise.toml", "[tools]\nnode = \"22\"\n"), None);
        assert_eq!(of("mise.toml", "[tools\n"), None);
    }
}
