//! Directives of a build file: comments of the form `# name=value` at its head, with the rules of
//! docker/dockerfile.

use crate::diagnostics::{Source, Span};
use crate::spec::Located;

/// The value of the directive `name`, with its place. The first line that is not a directive ends the
/// directives. A line that begins with `#!` may come before them. If a name occurs twice, the first value
/// counts.
pub fn directive(source: &Source, name: &str) -> Option<Located<String>> {
    let mut at = 0;
    for (index, line) in source.text.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        if index == 0 && line.starts_with("#!") {
            continue;
        }
        let (key, value) = line.strip_prefix('#')?.split_once('=')?;
        let key = key.trim();
        let first_is_a_letter = key.starts_with(|c: char| c.is_ascii_alphabetic());
        if !first_is_a_letter || !key.chars().all(|c| c.is_ascii_alphanumeric()) || value.trim().is_empty() {
            return None;
        }
        if key.eq_ignore_ascii_case(name) {
            let end = start + line.trim_end().len();
            let value = value.trim();
            return Some(Located::new(value.to_owned(), Span { start: end - value.len(), end }));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Option<(String, String)> {
        let found = directive(&Source::new("pybuild.toml", text), "check")?;
        Some((found.value, text.get(found.span.start..found.span.end)?.to_owned()))
    }

    #[test]
    fn directives_stand_in_the_comments_at_the_head_of_the_file() {
        let skip = Some(("skip=all".to_owned(), "skip=all".to_owned()));
        assert_eq!(check("# syntax=x/pybuild\n# check=skip=all\n[python]\n"), skip);
        assert_eq!(check("#!/usr/bin/env x\n#CHECK = skip=all \r\n"), skip);
        assert_eq!(check("# check=skip=all\n# check=error=true\n"), skip);
        assert_eq!(check("# a comment\n# check=skip=all\n"), None);
        assert_eq!(check("\n# check=skip=all\n"), None);
        assert_eq!(check("[args]\n# check=skip=all\n"), None);
        assert_eq!(check("# check=\n"), None);
    }
}
