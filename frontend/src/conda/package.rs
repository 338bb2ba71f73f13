//! Names of conda packages, platforms and addresses.

use crate::address::{AddressError, HttpUrl, redacted, visible};

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// At an address.
    Url(HttpUrl),
    /// In a repository; the text without credentials.
    Repository(String),
    /// In the context, relative to the lock.
    Path(String),
}

impl Address {
    /// An address or a path, as locks write them.
    ///
    /// # Errors
    /// If it is an address of another kind.
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

/// What the name of a package's file says: `NAME-VERSION-BUILD.conda`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CondaName {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Which build of it.
    pub build: String,
}

impl CondaName {
    /// Reads the name of a file.
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

/// What conda calls a platform; absent for those that it has no name for.
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
