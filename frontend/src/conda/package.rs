//! Names of conda packages, platforms and addresses.

use crate::address::{AddressError, HttpUrl, redacted, visible};

/// The place of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// An address for download.
    Url(HttpUrl),
    /// A repository, as text without credentials.
    Repository(String),
    /// A path in the context, relative to the lock.
    Path(String),
}

impl Address {
    /// Parses an address or a path of a lock.
    ///
    /// # Errors
    /// If the address has another scheme.
    pub(super) fn of(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("file://") {
            return Ok(Self::Path(path.to_owned()));
        }
        if text.starts_with("git+") {
            return Ok(Self::Repository(visible(&redacted(text))));
        }
        if text.contains("://") {
            HttpUrl::parse(text).map(Self::Url)
        } else {
            Ok(Self::Path(text.to_owned()))
        }
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        let text = self.as_str();
        let path = text.split(['?', '#']).next().unwrap_or(text);
        path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
    }

    /// The address or path.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Url(url) => url.as_str(),
            Self::Repository(text) | Self::Path(text) => text,
        }
    }
}

/// The parts of a conda file name: `NAME-VERSION-BUILD.conda`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaName {
    /// The name of the package.
    pub name: String,
    /// The version.
    pub version: String,
    /// The build.
    pub build: String,
}

impl CondaName {
    /// Parses a file name.
    pub fn of_file(file: &str) -> Option<Self> {
        let stem = file.strip_suffix(".conda").or_else(|| file.strip_suffix(".tar.bz2"))?;
        let mut parts = stem.rsplitn(3, '-');
        let (build, version, name) = (parts.next()?, parts.next()?, parts.next()?);
        let all = [name, version, build];
        all.iter().all(|part| !part.is_empty()).then(|| Self {
            name: name.to_owned(),
            version: version.to_owned(),
            build: build.to_owned(),
        })
    }
}

/// Conda's name for a platform. `None` if conda has no name for it.
pub fn subdir_of(platform: &str) -> Option<&'static str> {
    Some(match platform {
        "linux/amd64" => "linux-64",
        "linux/arm64" => "linux-aarch64",
        "linux/arm/v7" => "linux-armv7l",
        "linux/arm/v6" => "linux-armv6l",
        "linux/386" => "linux-32",
        "linux/ppc64le" => "linux-ppc64le",
        "linux/s390x" => "linux-s390x",
        "linux/riscv64" => "linux-riscv64",
        _ => return None,
    })
}
