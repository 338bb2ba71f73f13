//! Package URLs, which scanners use to identify packages. <https://github.com/package-url/purl-spec>

use std::fmt::Write as _;

/// The package URL of a Python package. `name` must be normalized, as the type `pypi` requires.
pub(super) fn of(name: &str, version: Option<&str>, repository: Option<&str>) -> String {
    let mut purl = format!("pkg:pypi/{}", encoded(name));
    if let Some(version) = version {
        purl.extend(["@", &encoded(version)]);
    }
    if let Some(repository) = repository {
        purl.extend(["?vcs_url=", &encoded(repository)]);
    }
    purl
}

/// The package URL of a conda package. `build` is different for each file of a version.
pub(super) fn conda(name: &str, version: &str, build: Option<&str>) -> String {
    let build = build.map(|build| format!("?build={}", encoded(build))).unwrap_or_default();
    format!("pkg:conda/{}@{}{build}", encoded(name), encoded(version))
}

/// Percent-encodes all bytes except those that have no special meaning in any URL.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // A write to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_url_is_escaped() {
        assert_eq!(of("flask", Some("3.0.3"), None), "pkg:pypi/flask@3.0.3");
        assert_eq!(of("torch", Some("1!2.4.0+cpu"), None), "pkg:pypi/torch@1%212.4.0%2Bcpu");
        assert_eq!(
            of("a", None, Some("git+https://host/a.git@0f")),
            "pkg:pypi/a?vcs_url=git%2Bhttps%3A%2F%2Fhost%2Fa.git%400f"
        );
    }
}
