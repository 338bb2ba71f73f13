//! Image names in the full form that engines keep.

/// The registry of a name that does not name a registry.
const DEFAULT_DOMAIN: &str = "docker.io";
/// The name that older clients used for this registry.
const LEGACY_DOMAIN: &str = "index.docker.io";
/// The folder in this registry for a name of one part.
const OFFICIAL_FOLDER: &str = "library/";

/// Completes `python` with its registry, folder and tag. A full name stays as it is.
///
/// The tag `latest` is added to a name without a tag and a digest. Nothing is checked here: the engine
/// reports a wrong name.
pub(crate) fn full(reference: &str) -> String {
    let (domain, remainder) = match reference.split_once('/') {
        Some((first, rest)) if is_domain(first) => (first, rest),
        _ => (DEFAULT_DOMAIN, reference),
    };
    let domain = if domain == LEGACY_DOMAIN { DEFAULT_DOMAIN } else { domain };
    let folder = if domain == DEFAULT_DOMAIN && !remainder.contains('/') { OFFICIAL_FOLDER } else { "" };
    // A tag follows the last slash. A colon before that slash belongs to a port.
    let name = remainder.rsplit('/').next().unwrap_or(remainder);
    let tag = if name.contains([':', '@']) { "" } else { ":latest" };
    format!("{domain}/{folder}{remainder}{tag}")
}

fn is_domain(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.chars().any(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_their_registry_folder_and_tag() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let cases = [
            ("alpine".to_owned(), "docker.io/library/alpine:latest".to_owned()),
            ("alpine:3.20".to_owned(), "docker.io/library/alpine:3.20".to_owned()),
            ("me/app".to_owned(), "docker.io/me/app:latest".to_owned()),
            ("index.docker.io/alpine".to_owned(), "docker.io/library/alpine:latest".to_owned()),
            ("localhost/app".to_owned(), "localhost/app:latest".to_owned()),
            ("localhost:5000/app".to_owned(), "localhost:5000/app:latest".to_owned()),
            ("registry.example/a/b:1".to_owned(), "registry.example/a/b:1".to_owned()),
            (format!("alpine@{digest}"), format!("docker.io/library/alpine@{digest}")),
            (format!("alpine:3@{digest}"), format!("docker.io/library/alpine:3@{digest}")),
        ];
        for (name, expected) in cases {
            assert_eq!(full(&name), expected);
        }
    }
}
