//! Words of a Dockerfile, quoted so that nothing in them means something.

use serde_json::json;

/// The name of a stage: Dockerfiles know no capitals.
pub(super) fn stage_name(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A word in which variables would be replaced.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@+=,*?[]~%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    quoted(text)
}

/// A text in quotation marks, for `ENV` and `LABEL`.
pub(super) fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    // A line break cannot be written there; a continued line joins without one.
    format!("\"{}\"", escaped.replace('\n', " "))
}

/// A list as JSON, which `CMD` and others take.
pub(super) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    json!(words).to_string()
}

/// Arguments as a line for a shell.
pub(super) fn shell(arguments: &[&str]) -> String {
    shlex::try_join(arguments.iter().copied()).unwrap_or_else(|_| arguments.join(" "))
}

/// A command of `RUN`: as a line where that is the same, else as a list.
pub(super) fn run(arguments: &[String]) -> String {
    if let [program, flag, line] = arguments
        && (program == "/bin/sh" && flag == "-c")
        && is_plain(line)
    {
        return line.clone();
    }
    list(arguments)
}

/// Whether a line of a shell means the same as an instruction.
fn is_plain(line: &str) -> bool {
    let odd_start = line.starts_with(['[', '<', '-', ' ', '#']);
    !odd_start && !line.contains('\n') && !line.ends_with('\\') && !line.contains("<<")
}
