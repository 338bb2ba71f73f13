//! The digest of a vertex: the sha256 of its encoded op.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

const PREFIX: &str = "sha256:";
const HEX_LENGTH: usize = 64;

/// A sha256 digest as BuildKit writes it: `sha256:` and 64 lower-case hex digits.
///
/// Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Arc<str>);

/// The error for a text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not `sha256:` followed by 64 lower-case hex digits")]
pub struct DigestError {
    /// The text that was read.
    pub text: String,
}

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("{PREFIX}{}", hex(&Sha256::digest(bytes))).into())
    }

    /// Reads a digest. As for vertices in BuildKit, only sha256 in lower-case hex is accepted.
    ///
    /// # Errors
    /// When the text has any other form.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let valid = text.strip_prefix(PREFIX).is_some_and(|hex| {
            hex.len() == HEX_LENGTH && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
        if valid { Ok(Self(text.into())) } else { Err(DigestError { text: text.to_owned() }) }
    }

    /// The whole text, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_digest_that_sha256sum_prints() {
        assert_eq!(
            Digest::of(b"").as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn only_lower_case_sha256_is_read() {
        let good = Digest::of(b"x");
        assert_eq!(Digest::parse(good.as_str()), Ok(good.clone()));
        for bad in ["", "sha256:", "sha512:00", &good.as_str().to_uppercase(), &good.as_str()[..70]] {
            let error = Digest::parse(bad).expect_err(bad);
            assert_eq!(
                error.to_string(),
                format!("`{bad}` is not `sha256:` followed by 64 lower-case hex digits")
            );
        }
    }
}
