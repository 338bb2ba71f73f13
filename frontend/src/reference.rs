//! Image references such as `python:3.11-slim`, `localhost:5000/team/app@sha256:…`.
//!
//! The grammar and the normalization are the ones of the distribution project, which Docker, BuildKit and
//! containerd share: <https://pkg.go.dev/github.com/distribution/reference>. A parsed reference is always
//! complete. A name without a registry belongs to the default registry, and a name with a single component is
//! one of its official images.
//!
//! There is one deliberate difference. If the part before the first `/` looks like a registry but is not a
//! valid host, the original parses it as a path. Here it is an error, because no engine can pull such a name.

use std::fmt;
use std::str::FromStr;

/// The registry for names without a registry.
const DEFAULT_DOMAIN: &str = "docker.io";
/// An older name of the default registry, which is still in use.
const LEGACY_DEFAULT_DOMAIN: &str = "index.docker.io";
const OFFICIAL_PREFIX: &str = "library/";
const DEFAULT_TAG: &str = "latest";
const MAX_PATH: usize = 255;
const MAX_TAG: usize = 128;
/// Digest algorithms that an engine can verify, with the number of their hexadecimal digits.
const ALGORITHMS: [(&str, usize); 3] = [("sha256", 64), ("sha384", 96), ("sha512", 128)];

/// The reason why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The text is empty, or is only a tag or a digest.
    #[error("image reference `{reference}` has no name")]
    Empty {
        /// The text.
        reference: String,
    },
    /// The text has white space or a control character.
    #[error("image reference `{reference}` contains a blank")]
    Blank {
        /// The text.
        reference: String,
    },
    /// The name of a repository has upper case letters. Only the host of a registry may have them.
    #[error("image name `{name}` in `{reference}` must be lower case")]
    Uppercase {
        /// The text.
        reference: String,
        /// The part with upper case letters.
        name: String,
    },
    /// The text is an image id (64 hexadecimal digits). No registry can look up an image id.
    #[error("`{reference}` is an image id, not an image name")]
    ImageId {
        /// The text.
        reference: String,
    },
    /// The part before the first slash looks like a registry but is not a valid host.
    #[error("`{domain}` in image reference `{reference}` is not a valid registry host")]
    BadDomain {
        /// The text.
        reference: String,
        /// The invalid host.
        domain: String,
    },
    /// A component of the name breaks the grammar.
    #[error(
        "`{component}` in image reference `{reference}` is not a valid name component: use a-z and 0-9, \
         separated by `.`, `_`, `__` or `-`"
    )]
    BadComponent {
        /// The text.
        reference: String,
        /// The component, without slashes.
        component: String,
    },
    /// The name is longer than registries accept.
    #[error("image name in `{reference}` is longer than 255 characters")]
    TooLong {
        /// The text.
        reference: String,
    },
    /// The tag breaks the grammar.
    #[error(
        "`{tag}` in image reference `{reference}` is not a valid tag: use up to 128 letters, digits, `_`, `.` and \
         `-`, not beginning with `.` or `-`"
    )]
    BadTag {
        /// The text.
        reference: String,
        /// The text after the colon.
        tag: String,
    },
    /// The digest is not `algorithm:hex` with a known algorithm and the right length.
    #[error(
        "`{digest}` in image reference `{reference}` is not a valid digest: use `sha256:` and 64 lower-case \
         hexadecimal digits"
    )]
    BadDigest {
        /// The text.
        reference: String,
        /// The text after the `@`.
        digest: String,
    },
}

/// A complete reference to an image in a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    domain: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageReference {
    /// An official image of the default registry. `name` and `tag` must be valid.
    pub(crate) fn official(name: &'static str, tag: String) -> Self {
        Self {
            domain: DEFAULT_DOMAIN.into(),
            path: format!("{OFFICIAL_PREFIX}{name}"),
            tag: Some(tag),
            digest: None,
        }
    }

    /// Parses and completes a reference. A missing tag stays missing. See [`Self::with_default_tag`].
    ///
    /// # Errors
    /// One variant of [`ReferenceError`] for each rule of the grammar.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let reference = text.to_owned();
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(ReferenceError::Blank { reference });
        }
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ReferenceError::ImageId { reference });
        }
        let (tagged, digest) = cut(text, '@');
        let (domain, rest) = split_domain(tagged);
        let (path, tag) = cut(rest, ':');
        let path = checked_path(text, domain, path)?;
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::BadTag { reference, tag: tag.to_owned() });
        }
        if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
            return Err(ReferenceError::BadDigest { reference, digest: digest.to_owned() });
        }
        Ok(Self {
            domain: domain.to_owned(),
            path,
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// The host of the registry, with the port if the reference has one.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The name in the registry, e.g. `library/python`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The full name, without tag and digest: registry and path.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The tag that the reference has. A missing tag is `None`, not `latest`.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, as `algorithm:hex`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The short name for people, without tag and digest. The default registry is left out, and for its
    /// official images `library/` too. `library/python:3.11` gives `python`, `registry.test/a/b` stays as it
    /// is.
    pub fn familiar_name(&self) -> String {
        if self.domain != DEFAULT_DOMAIN {
            return self.name();
        }
        match self.path.strip_prefix(OFFICIAL_PREFIX) {
            Some(official) if !official.contains('/') => official.to_owned(),
            _ => self.path.clone(),
        }
    }

    /// [`Self::familiar_name`] with the tag and the digest of the reference. A `:latest` in the reference
    /// stays, also if [`Self::with_default_tag`] added it.
    pub fn familiar(&self) -> String {
        self.append_to(self.familiar_name())
    }

    /// The name of a named context (`--build-context NAME=…`) that replaces this image: [`Self::familiar`]
    /// without a final `:latest`.
    pub fn context_name(&self) -> String {
        let familiar = self.familiar();
        familiar.strip_suffix(":latest").map_or_else(|| familiar.clone(), str::to_owned)
    }

    /// Adds the tag `latest` if the reference has neither a tag nor a digest.
    #[must_use]
    pub fn with_default_tag(self) -> Self {
        match (&self.tag, &self.digest) {
            (None, None) => Self { tag: Some(DEFAULT_TAG.to_owned()), ..self },
            _ => self,
        }
    }

    /// Pins the reference to a manifest and keeps the tag: `name:tag@digest`.
    ///
    /// # Errors
    /// [`ReferenceError::BadDigest`] unless `digest` is `algorithm:hex` with a known algorithm.
    pub fn with_digest(self, digest: &str) -> Result<Self, ReferenceError> {
        if is_digest(digest) {
            Ok(Self { digest: Some(digest.to_owned()), ..self })
        } else {
            Err(ReferenceError::BadDigest { reference: self.to_string(), digest: digest.to_owned() })
        }
    }

    fn append_to(&self, mut name: String) -> String {
        if let Some(tag) = &self.tag {
            name.push(':');
            name.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            name.push('@');
            name.push_str(digest);
        }
        name
    }
}

/// The full canonical form: `registry/path[:tag][@digest]`.
impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.append_to(self.name()))
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Whether `text` is a digest that an engine can verify: `sha256`, `sha384` or `sha512`, in lower case
/// hexadecimal.
pub fn is_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else {
        return false;
    };
    ALGORITHMS.iter().any(|&(name, length)| name == algorithm && length == hex.len())
        && hex.bytes().all(is_lower_hex)
}

/// The text before the first separator, and the text after it.
fn cut(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Splits the registry from a name. The first component is a registry if it cannot be part of a path in the
/// default registry.
fn split_domain(named: &str) -> (&str, &str) {
    match named.split_once('/') {
        Some((LEGACY_DEFAULT_DOMAIN, rest)) => (DEFAULT_DOMAIN, rest),
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.chars().any(char::is_uppercase) =>
        {
            (first, rest)
        }
        None | Some(_) => (DEFAULT_DOMAIN, named),
    }
}

/// Checks the registry and the path, and returns the complete path. `text` is for messages.
fn checked_path(text: &str, domain: &str, path: &str) -> Result<String, ReferenceError> {
    let reference = text.to_owned();
    if path.is_empty() {
        return Err(ReferenceError::Empty { reference });
    }
    if path.chars().any(char::is_uppercase) {
        return Err(ReferenceError::Uppercase { reference, name: path.to_owned() });
    }
    if !is_domain(domain) {
        return Err(ReferenceError::BadDomain { reference, domain: domain.to_owned() });
    }
    if let Some(bad) = path.split('/').find(|component| !is_component(component)) {
        return Err(ReferenceError::BadComponent { reference, component: bad.to_owned() });
    }
    let official = if domain == DEFAULT_DOMAIN && !path.contains('/') { OFFICIAL_PREFIX } else { "" };
    if official.len() + path.len() > MAX_PATH {
        return Err(ReferenceError::TooLong { reference });
    }
    Ok(format!("{official}{path}"))
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            if address.is_empty() || !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
                return false;
            }
            (None, port.strip_prefix(':').or(if port.is_empty() { None } else { Some("") }))
        }
        None => match domain.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(domain), None),
        },
    };
    let port_is_valid = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    port_is_valid && host.is_none_or(|host| host.split('.').all(is_domain_label))
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether the component is a sequence of `a-z0-9`, separated by one `.`, one or two `_`, or any number of
/// `-`.
fn is_component(component: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_with_words =
        bytes.first().copied().is_some_and(is_word) && bytes.last().copied().is_some_and(is_word);
    ends_with_words
        && component.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
        })
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= MAX_TAG
        && !tag.is_empty()
        && !tag.starts_with(['.', '-'])
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

#[cfg(test)]
mod tests;
