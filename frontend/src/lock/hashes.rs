//! Hashes of artifacts.

use std::fmt;

/// A hash of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash {
    /// The algorithm, such as `sha256`.
    pub algorithm: String,
    /// The digest in lower-case hexadecimal digits.
    pub digest: String,
}

/// The known hashes of a file, sorted. In formats that do not separate files, the hashes of all files of a
/// release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hashes(Vec<Hash>);

impl Hash {
    /// Checks a digest. Digests of unknown algorithms are kept unchanged.
    pub fn new(algorithm: &str, digest: &str) -> Option<Self> {
        let hexadecimal = !digest.is_empty() && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let expected = match algorithm {
            "sha256" => Some(64),
            "sha384" => Some(96),
            "sha512" => Some(128),
            _ => None,
        };
        if !hexadecimal || expected.is_some_and(|length| length != digest.len()) {
            return None;
        }
        Some(Self { algorithm: algorithm.to_ascii_lowercase(), digest: digest.to_ascii_lowercase() })
    }

    /// Reads `algorithm:digest` or `algorithm=digest`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (algorithm, digest) = text.split_once(':').or_else(|| text.split_once('='))?;
        Self::new(algorithm.trim(), digest.trim())
    }
}

impl Hash {
    /// The digest, if it is a SHA-256.
    pub fn sha256(&self) -> Option<&str> {
        (self.algorithm == "sha256").then_some(self.digest.as_str())
    }

    /// Whether the hash proves the content. With weaker algorithms, another content can have the same hash.
    pub fn is_proof(&self) -> bool {
        matches!(self.algorithm.as_str(), "sha256" | "sha384" | "sha512")
    }

    /// A SHA-256 hash.
    pub fn of_sha256(digest: &str) -> Self {
        Self { algorithm: "sha256".to_owned(), digest: digest.to_owned() }
    }
}

impl Hashes {
    /// The hash that a file must have: a SHA-256, which the engine itself can check, or else a longer one.
    /// Weaker hashes do not prove the content.
    pub fn proof(&self) -> Option<&Hash> {
        let of = |algorithm: &str| self.0.iter().find(|hash| hash.algorithm == algorithm);
        of("sha256").or_else(|| of("sha512")).or_else(|| of("sha384"))
    }

    /// The SHA-256 in hexadecimal digits, which `BuildKit` can check.
    pub fn sha256(&self) -> Option<&str> {
        self.0.iter().find(|hash| hash.algorithm == "sha256").map(|hash| hash.digest.as_str())
    }

    /// All hashes, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Hash> {
        self.0.iter()
    }

    /// Whether no hash is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn insert(&mut self, hash: Hash) {
        // There is almost always one hash. A list is much smaller than a set, and locks have thousands of
        // files.
        if let Err(at) = self.0.binary_search(&hash) {
            self.0.insert(at, hash);
        }
    }
}

impl FromIterator<Hash> for Hashes {
    fn from_iter<I: IntoIterator<Item = Hash>>(hashes: I) -> Self {
        let mut all = Self::default();
        hashes.into_iter().for_each(|hash| all.insert(hash));
        all
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.digest)
    }
}
