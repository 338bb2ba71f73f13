//! What a named context (`--build-context name=…`) points to.

use crate::gateway::git_url::{GitSource, GitUrlError, is_http};
use crate::reference::{ImageReference, ReferenceError, is_digest};

/// Where a named context comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSource {
    /// `docker-image://scratch`: nothing.
    Scratch,
    /// `docker-image://…`, with the default tag where there was neither tag nor digest.
    Image(ImageReference),
    /// A git repository.
    Git(GitSource),
    /// A download, which is not unpacked.
    Http {
        /// Where it is.
        url: String,
    },
    /// `oci-layout://store@digest`: an image the client has in a directory.
    OciLayout {
        /// The client's name for the directory.
        store_id: String,
        /// The image in it.
        digest: String,
    },
    /// `local:…`: a directory of the client.
    Local {
        /// The client's name for it.
        name: String,
    },
    /// `input:…`: a state the client passes in, e.g. another target of a bake file.
    Input {
        /// Its name among the inputs.
        name: String,
    },
}

/// A named context that points to nothing known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamedContextError {
    /// Neither of the known kinds.
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
    /// An image that cannot be named so.
    #[error("named context `{name}` does not name an image")]
    Image {
        /// The context's name.
        name: String,
        /// What is wrong with the image's name.
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
    /// A repository that cannot be used.
    #[error("named context `{name}` does not name a repository")]
    Git {
        /// The context's name.
        name: String,
        /// What is wrong with its URL.
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
            // A tag says nothing once there is a digest. A port cannot be mistaken for it: a slash follows that.
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
