//! Compares `docs/errors.md` with the messages in the code. So a user who searches the page for a message
//! finds it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::docs::{page, root};

/// The text before a message.
const BEFORE: [&str; 6] =
    ["#[error(", "CliError::new(", "FrontendFailure::new(", "ResolveError(", "message = ", "message: "];

/// Files and folders whose messages are not listed one by one in `docs/errors.md`, and the page that lists
/// them.
const TOGETHER: [(&str, Told); 13] = [
    // What a rule says begins with its name.
    ("frontend/src/lint/rules", Told::Page("[rules/README.md](rules/README.md) lists the rules")),
    ("frontend/src/gateway/bases.rs", Told::Page("[rules/README.md](rules/README.md) lists the rules")),
    ("frontend/src/ignore/pattern.rs", Told::Behind("is not a valid ignore pattern")),
    ("frontend/src/gateway/git_url.rs", Told::Behind("git context")),
    ("frontend/src/reference.rs", Told::Behind("image reference")),
    ("llb/src/platform.rs", Told::Behind("option platform has the value")),
    ("llb/src/digest.rs", Told::Behind("input N cannot be read")),
    ("llb/src/definition.rs", Told::Behind("input N cannot be read")),
    ("frontend/src/install/wheel", Told::Behind("cannot install")),
    ("frontend/src/install/conda", Told::Behind("cannot install")),
    // Why the name of a wheel is none.
    ("frontend/src/tags/wheel.rs", Told::Behind("no file of P can be installed on")),
    // Behind these there is one more text.
    ("frontend/src/install/mod.rs", Told::Behind("pybuild tool was called wrongly")),
    // The engine's own words, and a request that no client of today makes.
    ("frontend/src/gateway/errors.rs", Told::Behind("unsupported request")),
];

/// How messages that are not listed one by one are explained all the same.
enum Told {
    /// They stand behind another text, which is in `docs/errors.md`.
    Behind(&'static str),
    /// By another page, to which this text leads.
    Page(&'static str),
}

/// Single messages that are not listed, and why.
const ALONE: [(&str, &str); 7] = [
    ("skip=, experimental=", "behind \"V does not say how to check\""),
    ("this is no lock that is read here", "of no file that a user has: a lock is chosen by its name"),
    ("an empty file is no TOML", "cannot be: it is"),
    ("an image lookup got lost", "cannot be: every lookup is answered"),
    ("the resolver gave no answer", "cannot be: an engine answers or fails"),
    ("no platform to build for", "cannot be: without the option there is one"),
    ("is not part of the plan", "cannot be: what is emitted was planned"),
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

/// The literal that a piece of code begins with, itself or within `format!`.
fn literal(code: &str) -> Option<String> {
    let code = code.trim_start().trim_start_matches('&');
    let code = code.strip_prefix("format!(").unwrap_or(code).trim_start().strip_prefix('"')?;
    let (mut text, mut chars) = (String::new(), code.chars().peekable());
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' if chars.peek() == Some(&'\n') => {
                while chars.peek().is_some_and(|c| c.is_whitespace()) {
                    chars.next();
                }
            }
            // What follows is help, which stands by itself.
            '\\' if chars.peek() == Some(&'n') => return Some(text),
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
}

/// The messages of a file of code.
fn messages(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap();
    BEFORE.iter().flat_map(|before| text.split(before).skip(1).filter_map(literal)).collect()
}

/// What a script says of pybuild's own.
fn words(script: &str) -> Vec<String> {
    let starts = ["\"pybuild: ", "fail \""];
    let said = starts.iter().flat_map(|start| script.split(start).skip(1));
    let said = said.filter_map(|rest| rest.split('"').next());
    // A variable of the shell may be anything.
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    said.map(|text| {
        let pieces = text.split('$').enumerate();
        let pieces = pieces.map(|(at, piece)| if at == 0 { piece } else { piece.trim_start_matches(name) });
        pieces.max_by_key(|piece| piece.len()).unwrap_or_default().to_owned()
    })
    .collect()
}

/// The files of both crates that are no tests, by their paths, with what they say.
fn sources(folder: &str, found: &mut Vec<(String, Vec<String>)>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            if !path.ends_with("/tests") && !path.ends_with("/snapshots") {
                sources(&path, found);
            }
            continue;
        }
        let text = page(&path);
        match Path::new(&path).extension().and_then(|extension| extension.to_str()) {
            Some("rs") if !path.ends_with("/tests.rs") => found.push((path, messages(&text))),
            Some("sh") => found.push((path, words(&text))),
            _ => {}
        }
    }
}

#[test]
fn every_message_is_in_the_documentation() {
    let errors = plain(&page("docs/errors.md"));
    let mut pages = errors.clone();
    for entry in std::fs::read_dir(root().join("docs/rules")).unwrap() {
        pages.push_str(&plain(&std::fs::read_to_string(entry.unwrap().path()).unwrap()));
    }
    let mut found = Vec::new();
    sources("frontend/src", &mut found);
    sources("llb/src", &mut found);
    found.sort();
    let (mut missing, mut used, mut seen) = (Vec::new(), BTreeSet::new(), 0);
    for (source, messages) in found {
        let together = TOGETHER.iter().find(|(path, _)| source.starts_with(path));
        for message in messages {
            let fixed = fixed(&message);
            // A message that is nothing but values stands for others.
            if !fixed.contains(|c: char| c.is_alphabetic()) {
                continue;
            }
            if let Some((path, _)) = together {
                used.insert(*path);
            } else if let Some((text, _)) = ALONE.iter().find(|(text, _)| fixed.contains(text)) {
                used.insert(*text);
            } else {
                seen += 1;
                if !pages.contains(&fixed) {
                    missing.push(format!("{source}: {message}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/errors.md or docs/rules:\n{}", missing.join("\n"));
    assert!(seen > 170, "{seen}");
    for (path, told) in &TOGETHER {
        assert!(used.contains(path), "{path} has no messages any more");
        let (Told::Behind(text) | Told::Page(text)) = told;
        assert!(errors.contains(text), "{path}: `{text}` is not in docs/errors.md");
    }
    for (text, why) in &ALONE {
        assert!(used.contains(text), "nothing says `{text}` any more ({why})");
    }
}
