//! Values in TOML syntax.

/// A basic TOML string. TOML and JSON escape the same characters in the same way.
pub(super) fn string(text: &str) -> String {
    serde_json::json!(text).to_string().replace('\u{7f}', "\\u007f")
}

pub(super) fn list(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| string(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A string that keeps each `${NAME}` as text.
pub(super) fn literal(text: &str) -> String {
    string(&text.replace("${", "$${"))
}

/// A key, in quotes if necessary.
pub(super) fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { string(name) }
}
