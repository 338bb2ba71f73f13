//! Paths in ops, cleaned in the way of Go's `path` package.

/// An absolute path without `.`, `..` and doubled slashes. A relative path starts at the root.
pub(crate) fn absolute(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            // `..` at the root stays at the root.
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Like [`absolute`], but keeps `/` or `/.` at the end. For a copy, this end means "into this directory".
pub(crate) fn absolute_keeping_end(path: &str) -> String {
    let mut cleaned = absolute(path);
    if (path.ends_with('/') || path.ends_with("/.")) && !cleaned.ends_with('/') {
        cleaned.push('/');
    }
    if path.ends_with("/.") {
        cleaned.push('.');
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_the_go_client_cleans_them() {
        let cases = [
            // path, cleaned, cleaned with its end
            ("", "/", "/"),
            ("/", "/", "/"),
            (".", "/", "/"),
            ("a", "/a", "/a"),
            ("/a/", "/a", "/a/"),
            ("/a/.", "/a", "/a/."),
            ("/.", "/", "/."),
            ("./", "/", "/"),
            ("//a//./b/../c", "/a/c", "/a/c"),
            ("/../..", "/", "/"),
            ("a/*.txt", "/a/*.txt", "/a/*.txt"),
        ];
        for (path, cleaned, kept) in cases {
            assert_eq!(absolute(path), cleaned, "{path}");
            assert_eq!(absolute_keeping_end(path), kept, "{path}");
        }
    }
}
