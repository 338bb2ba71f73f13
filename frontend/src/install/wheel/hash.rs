//! The hashes of RECORD: `ALGORITHM=DIGEST`, the digest in URL-safe base64 without padding.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Padding is not written, but it is accepted, because some tools write it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The hash that a file must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hash {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

/// The reason why a hash in RECORD cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HashError {
    Weak,
    Format,
}

impl Hash {
    pub(super) fn parse(text: &str) -> Result<Self, HashError> {
        let (algorithm, digest) = text.split_once('=').ok_or(HashError::Format)?;
        let (algorithm, length) = match algorithm.to_ascii_lowercase().as_str() {
            "sha256" => (Algorithm::Sha256, 32),
            "sha384" => (Algorithm::Sha384, 48),
            "sha512" => (Algorithm::Sha512, 64),
            _ => return Err(HashError::Weak),
        };
        let digest = BASE64.decode(digest).ok().filter(|digest| digest.len() == length);
        Ok(Self { algorithm, digest: digest.ok_or(HashError::Format)? })
    }

    /// The SHA-256 of some bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { algorithm: Algorithm::Sha256, digest: Sha256::digest(bytes).to_vec() }
    }

    /// Whether both hashes have the same algorithm, so that they can be compared.
    pub(super) fn is_comparable(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm
    }

    /// Starts computing a hash with the same algorithm.
    pub(super) fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha256 => Hasher::sha256(),
            Algorithm::Sha384 => Hasher::Sha384(Sha384::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    /// The hash in the form of RECORD.
    pub(super) fn render(&self) -> String {
        let name = match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        };
        format!("{name}={}", BASE64.encode(&self.digest))
    }

    /// The hexadecimal digest, in the form of locks.
    pub(super) fn hexadecimal(&self) -> String {
        let digits = self.digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }
}

/// A hash during its computation.
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    pub(super) fn sha256() -> Self {
        Self::Sha256(Sha256::new())
    }

    /// A hasher for the algorithm with this name.
    pub(super) fn named(algorithm: &str) -> Option<Self> {
        Some(match algorithm {
            "sha256" => Self::sha256(),
            "sha384" => Self::Sha384(Sha384::new()),
            "sha512" => Self::Sha512(Sha512::new()),
            _ => return None,
        })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha384(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Hash {
        let (algorithm, digest) = match self {
            Self::Sha256(state) => (Algorithm::Sha256, state.finalize().to_vec()),
            Self::Sha384(state) => (Algorithm::Sha384, state.finalize().to_vec()),
            Self::Sha512(state) => (Algorithm::Sha512, state.finalize().to_vec()),
        };
        Hash { algorithm, digest }
    }
}
