//! Parses the name of a wheel file.

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;

use crate::pep508::Name;

/// The parts of `name-version[-build]-python-abi-platform.whl`. Each tag may be a set, joined by dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// The name of the package.
    pub name: Name,
    /// The version of the package.
    pub version: Version,
    /// The build tag: a number and the text after it. It decides between two wheels that are otherwise equal.
    pub build: Option<(u64, String)>,
    /// The Python tags, such as `cp312`.
    pub pythons: Vec<String>,
    /// The ABI tags, such as `cp312`, `abi3` or `none`.
    pub abis: Vec<String>,
    /// The platform tags, such as `manylinux_2_17_x86_64` or `any`.
    pub platforms: Vec<String>,
}

/// The reason why a file name is not the name of a wheel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WheelNameError {
    /// The file name has another ending.
    #[error("`{file}` does not end in `.whl`")]
    Ending {
        /// The file.
        file: String,
    },
    /// The file name has too few or too many parts.
    #[error("`{file}` has {count} parts between dashes where a wheel has five or six")]
    Parts {
        /// The file.
        file: String,
        /// The number of parts.
        count: usize,
    },
    /// The name of the package is invalid.
    #[error("`{file}` does not begin with a package name")]
    Name {
        /// The file.
        file: String,
    },
    /// The version is invalid.
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
    /// Parses a file name. Unknown tags are kept. They fit no target.
    ///
    /// # Errors
    /// If the file name is not the name of a wheel.
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
    /// Writes only the tags, which distinguish this wheel from the other wheels of the version.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.pythons.join("."), self.abis.join("."), self.platforms.join("."))
    }
}
