//! `docs/errors.md` against the texts of the code: whoever searches it for a message finds it.

use crate::docs::{page, root};

/// Files with messages that a user can meet, and where `docs/errors.md` has them as they are.
const SOURCES: [&str; 4] = [
    "frontend/src/diagnostics/problem.rs",
    "frontend/src/lock/error.rs",
    "frontend/src/select/error.rs",
    "frontend/src/lint/options.rs",
];

/// Messages that are no more than reasons, shown behind another message that is there.
const REASONS: [&str; 2] = [
    // Behind "`V` does not say how to check".
    "`skip=`, `experimental=`",
    // Said by no file that a user has: a lock is chosen by its name.
    "this is no lock that is read here",
];

/// As it is compared: without marks of code and without line breaks.
fn plain(text: &str) -> String {
    text.replace('`', "").replace("\\|", "|").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The longest piece of a message that is the same whatever the values.
fn fixed(message: &str) -> String {
    let message = message.replace("\\\"", "\"").replace("{{", "{ ").replace("}}", " }");
    let mut pieces = vec![String::new()];
    let mut depth = 0;
    for c in message.chars() {
        match c {
            '{' if !pieces.last().unwrap().ends_with('$') => {
                depth += 1;
                pieces.push(String::new());
            }
            '}' if depth > 0 => depth -= 1,
            _ if depth == 0 => pieces.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    let pieces = pieces.iter().map(|piece| plain(piece).trim_matches([' ', ':', ';', ',']).to_owned());
    pieces.max_by_key(String::len).unwrap_or_default()
}

fn messages(source: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(source)).unwrap();
    let attributes = text.split("#[error(").skip(1);
    let literals = attributes.filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix('"')?;
        let mut end = None;
        let mut escaped = false;
        for (at, c) in rest.char_indices() {
            if c == '"' && !escaped {
                end = Some(at);
                break;
            }
            escaped = c == '\\' && !escaped;
        }
        Some(rest[..end?].to_owned())
    });
    literals.collect()
}

#[test]
fn every_message_is_in_the_documentation() {
    let mut pages = plain(&page("docs/errors.md"));
    for entry in std::fs::read_dir(root().join("docs/rules")).unwrap() {
        pages.push_str(&plain(&std::fs::read_to_string(entry.unwrap().path()).unwrap()));
    }
    let mut missing = Vec::new();
    let mut seen = 0;
    for source in SOURCES {
        for message in messages(source) {
            let fixed = fixed(&message);
            let is_reason = REASONS.iter().any(|reason| message.starts_with(reason));
            if fixed.is_empty() || is_reason {
                continue;
            }
            seen += 1;
            if !pages.contains(&fixed) {
                missing.push(format!("{source}: {message}"));
            }
        }
    }
    assert!(seen > 80, "{seen}");
    assert!(missing.is_empty(), "not in docs/errors.md or docs/rules:\n{}", missing.join("\n"));
}
