//! The value of a named context (`--build-context name=…`).

use crate::gateway::git_url::{GitSource, GitUrlError, is_http};
use crate::reference::{ImageReference, ReferenceError, is_digest};

/// The place of a named context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSource {
    /// `docker-image://scratch`: the empty file system.
    Scratch,
    /// `docker-image://…`, with the default tag if the name has no tag and no digest.
    Image(ImageReference),
    /// A git repository.
    Git(GitSource),
    /// A download. It is not unpacked.
    Http {
        /// The address.
        url: String,
    },
    /// `oci-layout://store@digest`: an image in a directory of the client.
    OciLayout {
        /// The client's name of the directory.
        store_id: String,
        /// The digest of the image.
        digest: String,
    },
    /// `local:…`: a directory of the client.
    Local {
        /// The client's name of the directory.
        name: String,
    },
    /// `input:…`: a state that the client passes in, such as another target of a bake file.
    Input {
        /// The name of the input.
        name: String,
    },
}

/// The error for an invalid named context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamedContextError {
    /// The value is of no known kind.
    #[error(
        "named context `{name}` is `{value}`; accepted: `docker-image://`, `oci-layout://`, `local:`, `input:`, a git \
         URL or an HTTP URL"
    )]
    Unknown {
        /// The context's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The image name is invalid.
    #[error("named context `{name}` does not name an image")]
    Image {
        /// The context's name.
        name: String,
        /// The error of the image name.
        #[source]
        source: ReferenceError,
    },
    /// An OCI layout without a digest.
    #[error("named context `{name}` is `{value}`; an OCI layout needs `store@sha256:…`")]
    NoDigest {
        /// The context's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The git URL is invalid.
    #[error("named context `{name}` does not name a repository")]
    Git {
        /// The context's name.
        name: String,
        /// The error of the URL.
        #[source]
        source: GitUrlError,
    },
}

impl NamedSource {
    /// Reads the value of the named context `name`.
    ///
    /// # Errors
    /// [`NamedContextError`], with the context's name.
    pub fn parse(name: &str, value: &str) -> Result<Self, NamedContextError> {
        let named = || name.to_owned();
        if let Some(image) = value.strip_prefix("docker-image:") {
            return match image.trim_start_matches("//") {
                "scratch" => Ok(Self::Scratch),
                image => ImageReference::parse(image)
                    .map(|reference| Self::Image(reference.with_default_tag()))
                    .map_err(|source| NamedContextError::Image { name: named(), source }),
            };
        }
        if let Some(layout) = value.strip_prefix("oci-layout:") {
            let (store, digest) = layout.trim_start_matches("//").split_once('@').unwrap_or(("", ""));
            if store.is_empty() || !is_digest(digest) {
                return Err(NamedContextError::NoDigest { name: named(), value: value.to_owned() });
            }
            // With a digest, a tag has no meaning. A colon before a slash is a port and not a tag.
            let tag = store.rfind(':').filter(|&colon| !store.get(colon..).unwrap_or_default().contains('/'));
            let store = tag.and_then(|colon| store.get(..colon)).unwrap_or(store);
            return Ok(Self::OciLayout { store_id: store.to_owned(), digest: digest.to_owned() });
        }
        if let Some(local) = value.strip_prefix("local:") {
            return Ok(Self::Local { name: local.to_owned() });
        }
        if let Some(input) = value.strip_prefix("input:") {
            return Ok(Self::Input { name: input.to_owned() });
        }
        match GitSource::parse(value) {
            Ok(Some(git)) => Ok(Self::Git(git)),
            Ok(None) if is_http(value) => Ok(Self::Http { url: value.to_owned() }),
            Ok(None) => Err(NamedContextError::Unknown { name: named(), value: value.to_owned() }),
            Err(source) => Err(NamedContextError::Git { name: named(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_recognised() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = |text: &str| NamedSource::Image(ImageReference::parse(text).expect(text));
        let layout =
            |store: &str| NamedSource::OciLayout { store_id: store.to_owned(), digest: digest.clone() };
        let cases = [
            ("docker-image://scratch".to_owned(), NamedSource::Scratch),
            ("docker-image://python".to_owned(), image("python:latest")),
            (format!("docker-image://a/b:1@{digest}"), image(&format!("a/b:1@{digest}"))),
            (format!("oci-layout://store@{digest}"), layout("store")),
            (format!("oci-layout://host:1/store:tag@{digest}"), layout("host:1/store")),
            ("local:ctx".to_owned(), NamedSource::Local { name: "ctx".to_owned() }),
            ("input:app".to_owned(), NamedSource::Input { name: "app".to_owned() }),
            ("https://x/y.tar".to_owned(), NamedSource::Http { url: "https://x/y.tar".to_owned() }),
            (
                "git@x.org:a/b".to_owned(),
                NamedSource::Git(GitSource { remote: "git@x.org:a/b".to_owned(), ..GitSource::default() }),
            ),
        ];
        for (value, expected) in cases {
            assert_eq!(NamedSource::parse("n", &value), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_name() {
        let message = |value: &str| NamedSource::parse("n", value).expect_err(value).to_string();
        assert_eq!(
            message("ftp://x"),
            "named context `n` is `ftp://x`; accepted: `docker-image://`, `oci-layout://`, `local:`, `input:`, a git \
             URL or an HTTP URL"
        );
        assert_eq!(message("docker-image://A"), "named context `n` does not name an image");
        assert_eq!(
            message("oci-layout://store"),
            "named context `n` is `oci-layout://store`; an OCI layout needs `store@sha256:…`"
        );
        assert_eq!(message("https://x/y.git?a=b"), "named context `n` does not name a repository");
    }
}
