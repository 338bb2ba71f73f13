//! Text parts that several messages share.

use super::Severity;

/// The host of an address, without its port.
pub(super) fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if host.starts_with('[') { host } else { host.split(':').next().unwrap_or(host) }
}

/// The name of the items that a count is about.
pub(super) fn more(severity: Severity, rule: Option<&str>) -> String {
    match (severity, rule) {
        (Severity::Error, _) => "errors".to_owned(),
        (Severity::Warning, Some(rule)) => format!("places of {rule}"),
        (Severity::Warning, None) => "warnings".to_owned(),
    }
}

/// The start and the end of a text that is too long for a message.
pub(super) fn shortened(text: String) -> String {
    const LONGEST: usize = 2000;
    if text.len() <= LONGEST {
        return text;
    }
    let head: String = text.chars().take(LONGEST / 4).collect();
    let tail: Vec<char> = text.chars().rev().take(LONGEST / 8).collect();
    let tail: String = tail.into_iter().rev().collect();
    format!("{head} … {tail}")
}

#[expect(clippy::ref_option, reason = "called with the fields of variants, by reference")]
pub(super) fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

#[expect(clippy::ref_option, reason = "called with the field of a variant, by reference")]
pub(super) fn not_found(unread: &Option<String>) -> String {
    match unread {
        Some(file) => format!("`{file}` is not read, and there is nothing else that names them"),
        None => "there is no requirements.txt and no pyproject.toml in the context".to_owned(),
    }
}

/// The help text that names a command which makes a readable lock instead of an unreadable file.
pub(super) fn instead_of(unread: &str) -> String {
    match unread {
        "Pipfile" => "lock it: `pipenv lock`".to_owned(),
        file => format!("lock it: `uv pip compile --universal --generate-hashes {file} -o requirements.txt`"),
    }
}

/// The start of a message about a path or a pattern that matches nothing.
pub(super) fn nothing_there(path: &str) -> String {
    if path.contains(['*', '?', '[']) {
        format!("nothing fits `{path}` in")
    } else {
        format!("`{path}` is not in")
    }
}

/// An HTTP status with its name from RFC 9110.
pub(super) fn status_name(status: u16) -> String {
    let name = match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return format!("status {status}"),
    };
    format!("{status} {name}")
}

/// The names in a cycle. A long cycle is shortened to its start and its end.
pub(super) fn around(cycle: &[String]) -> String {
    const ENDS: usize = 10;
    let (first, last) = (cycle.get(..ENDS), cycle.len().checked_sub(ENDS).and_then(|at| cycle.get(at..)));
    match (first, last) {
        (Some(first), Some(last)) if cycle.len() > 2 * ENDS => {
            format!("{} → … → {}", first.join(" → "), last.join(" → "))
        }
        _ => cycle.join(" → "),
    }
}

pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    quoted.join(", ")
}

/// The help for an option of a requirements file that is ignored.
pub(super) fn ignored(option: &str) -> Vec<String> {
    let cure = match option {
        "--trusted-host" => {
            "certificates are always checked: `[system] ca` names a build secret with the certificates to trust"
        }
        "--config-settings" | "--config-setting" | "--global-option" | "--install-option" => {
            "a build of this package gets no settings: build its wheel beforehand, or take `installer = \"pip\"`"
        }
        "--prefer-binary" | "--all-releases" | "--only-final" => {
            "the resolver takes the newest version that fits: name the version, or take `installer = \"pip\"`"
        }
        _ => "take it out, or take `installer = \"pip\"`",
    };
    vec![cure.to_owned()]
}
