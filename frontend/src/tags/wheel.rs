//! The name of a wheel file, taken apart.

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;

use crate::pep508::Name;

/// `name-version[-build]-python-abi-platform.whl`, each tag possibly a set joined by dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// Whose.
    pub name: Name,
    /// Which.
    pub version: Version,
    /// Prefers one of two otherwise equal wheels: a number and what follows it.
    pub build: Option<(u64, String)>,
    /// Such as `cp312`.
    pub pythons: Vec<String>,
    /// Such as `cp312`, `abi3` or `none`.
    pub abis: Vec<String>,
    /// Such as `manylinux_2_17_x86_64` or `any`.
    pub platforms: Vec<String>,
}

/// Why a file's name is not a wheel's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WheelNameError {
    /// Another ending.
    #[error("`{file}` does not end in `.whl`")]
    Ending {
        /// The file.
        file: String,
    },
    /// Too few or too many parts.
    #[error("`{file}` has {count} parts between dashes where a wheel has five or six")]
    Parts {
        /// The file.
        file: String,
        /// How many there are.
        count: usize,
    },
    /// The name of the package is none.
    #[error("`{file}` does not begin with a package name")]
    Name {
        /// The file.
        file: String,
    },
    /// The version is none.
    #[error("`{file}` carries no valid version")]
    Version {
        /// The file.
        file: String,
    },
    /// The build tag does not begin with a digit.
    #[error("`{file}` has a build tag that does not begin with a digit")]
    Build {
        /// The file.
        file: String,
    },
    /// A tag is empty.
    #[error("`{file}` has an empty tag")]
    Tag {
        /// The file.
        file: String,
    },
}

impl WheelName {
    /// Takes the name of a file apart. Tags that nobody knows are kept: they fit no target.
    ///
    /// # Errors
    /// If it is not the name of a wheel.
    pub fn parse(file: &str) -> Result<Self, WheelNameError> {
        let owned = || file.to_owned();
        let stem = file.strip_suffix(".whl").ok_or_else(|| WheelNameError::Ending { file: owned() })?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, python, abi, platform) = match *parts.as_slice() {
            [name, version, python, abi, platform] => (name, version, None, python, abi, platform),
            [name, version, build, python, abi, platform] => {
                (name, version, Some(build), python, abi, platform)
            }
            _ => return Err(WheelNameError::Parts { file: owned(), count: parts.len() }),
        };
        let name = Name::new(name).map_err(|_| WheelNameError::Name { file: owned() })?;
        let version = Version::from_str(version).map_err(|_| WheelNameError::Version { file: owned() })?;
        let build =
            build.map(|build| build_tag(build).ok_or_else(|| WheelNameError::Build { file: owned() }));
        let [pythons, abis, platforms] = [python, abi, platform].map(tag_set);
        if [&pythons, &abis, &platforms].iter().any(|set| set.iter().any(String::is_empty)) {
            return Err(WheelNameError::Tag { file: owned() });
        }
        Ok(Self { name, version, build: build.transpose()?, pythons, abis, platforms })
    }
}

fn tag_set(text: &str) -> Vec<String> {
    text.split('.').map(str::to_ascii_lowercase).collect()
}

fn build_tag(text: &str) -> Option<(u64, String)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, rest.to_owned()))
}

impl fmt::Display for WheelName {
    /// The tags alone: what sets this wheel apart from its siblings.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.pythons.join("."), self.abis.join("."), self.platforms.join("."))
    }
}
