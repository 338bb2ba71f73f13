//! The requirements that a resolver names when it fails.

use std::collections::BTreeSet;

use crate::project::{Wanted, normalized};

/// The requirements in `wanted` whose packages occur in the resolver's output `words`, in their order.
pub fn blamed<'w>(wanted: &'w [Wanted], words: &str) -> Vec<&'w Wanted> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let names = words.split(|c| !is_part(c)).map(|word| word.trim_matches(['.', '-', '_']));
    let names: BTreeSet<String> = names.filter(|word| !word.is_empty()).map(normalized).collect();
    wanted.iter().filter(|wanted| names.contains(&wanted.name)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostics::Source;

    #[test]
    fn packages_are_found_in_sentences_whatever_their_spelling() {
        let text = "flask==3.1\nZope.Interface\nsix\n";
        let source = Arc::new(Source::new("requirements.txt", text));
        let lines = text.lines().zip(1..);
        let wanted: Vec<_> =
            lines.filter_map(|(line, number)| Wanted::of(line, &source, source.line_span(number))).collect();
        let words =
            "Because zope-interface was not found and you require zope-interface, and flask==3.1 ends.";
        let names: Vec<_> = blamed(&wanted, words).iter().map(|wanted| wanted.name.as_str()).collect();
        assert_eq!(names, ["flask", "zope-interface"]);
        assert!(blamed(&wanted, "sixteen packages were looked at").is_empty());
    }
}
