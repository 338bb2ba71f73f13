//! A wheel's file name, and the equality of names and versions with different spellings.

use super::error::Problem;

/// The package and version in a wheel's file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    name: String,
    version: String,
}

impl Identity {
    /// Reads `NAME-VERSION(-BUILD)?-PYTHON-ABI-PLATFORM.whl`.
    pub(super) fn of_file(file: &str) -> Result<Self, Problem> {
        let stem = file.strip_suffix(".whl").ok_or(Problem::FileName)?;
        let parts: Vec<_> = stem.split('-').collect();
        match parts.as_slice() {
            [name, version, _, _, _] | [name, version, _, _, _, _]
                if parts.iter().all(|part| !part.is_empty()) =>
            {
                Ok(Self { name: (*name).to_owned(), version: (*version).to_owned() })
            }
            _ => Err(Problem::FileName),
        }
    }

    /// Reads `NAME-VERSION` from the name of one of the wheel's directories.
    fn of_stem(stem: &str) -> Option<Self> {
        let (name, version) = stem.split_once('-')?;
        Some(Self { name: name.to_owned(), version: version.to_owned() })
    }

    /// Whether a top-level directory without its suffix has this package and version.
    pub(super) fn fits_stem(&self, stem: &str) -> bool {
        Self::of_stem(stem).is_some_and(|other| self.fits(&other.name, &other.version))
    }

    /// Whether a name and a version equal these.
    pub(super) fn fits(&self, name: &str, version: &str) -> bool {
        self.package() == normalized_name(name)
            && comparable_version(&self.version) == comparable_version(version)
    }

    /// Compares the file with the package in the lock. As in uv, the file's version may have a local part
    /// that the lock does not have.
    pub(super) fn check(&self, name: &str, version: Option<&str>) -> Result<(), Problem> {
        let version_fits = |version: &str| self.fits(name, version) || self.fits_without_local(name, version);
        let fits = match version {
            Some(version) => version_fits(version),
            None => self.package() == normalized_name(name),
        };
        if fits {
            return Ok(());
        }
        let expected = version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"));
        Err(Problem::OtherPackage { expected, found: self.shown() })
    }

    /// Whether a top-level directory without its suffix has this package, in any version.
    pub(super) fn begins(&self, stem: &str) -> bool {
        Self::of_stem(stem).is_some_and(|other| other.package() == self.package())
    }

    /// Whether a name and a version equal these, ignoring the local part of the file name's version.
    pub(super) fn fits_without_local(&self, name: &str, version: &str) -> bool {
        let public = self.version.split('+').next().unwrap_or_default();
        Self { name: self.name.clone(), version: public.to_owned() }.fits(name, version)
    }

    /// The normalized package name.
    pub(super) fn package(&self) -> String {
        normalized_name(&self.name)
    }

    /// `NAME VERSION`, for messages.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// The normalised name of the names specification: in lower case, with one hyphen for each run of `-`, `_`
/// and `.`.
fn normalized_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            other => normal.extend(other.to_lowercase()),
        }
    }
    normal
}

/// A form in which all spellings of a version in file names are equal: separators, leading zeros, a leading
/// `v` and zeros at the end of the release are removed. This does not check whether the text is a version,
/// because the lock has already been checked.
fn comparable_version(version: &str) -> String {
    let lower = version.trim().to_lowercase();
    let (public, local) = lower.split_once('+').unwrap_or((&lower, ""));
    let public = public.strip_prefix('v').unwrap_or(public);
    let release_end =
        public.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '!')).unwrap_or(public.len());
    let (release, rest) = public.split_at_checked(release_end).unwrap_or((public, ""));
    let mut parts: Vec<_> = release.split('.').filter(|part| !part.is_empty()).map(without_zeros).collect();
    while parts.len() > 1 && parts.last().is_some_and(|part| part == "0") {
        parts.pop();
    }
    let rest = rest.replace("alpha", "a").replace("beta", "b").replace("preview", "rc").replace("pre", "rc");
    format!("{}|{}|{}", parts.join("."), words(&rest), words(local))
}

/// The runs of letters and of digits, without separators.
fn words(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut digits = None;
    for character in text.chars() {
        if !character.is_alphanumeric() {
            digits = None;
            continue;
        }
        let is_digit = character.is_ascii_digit();
        match words.last_mut() {
            Some(word) if digits == Some(is_digit) => word.push(character),
            _ => words.push(character.to_string()),
        }
        digits = Some(is_digit);
    }
    words.iter().map(|word| without_zeros(word)).collect::<Vec<_>>().join(".")
}

fn without_zeros(number: &str) -> String {
    match number.trim_start_matches('0') {
        "" if !number.is_empty() => "0".to_owned(),
        trimmed if number.bytes().all(|byte| byte.is_ascii_digit()) => trimmed.to_owned(),
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_package_and_version_are_the_same() {
        let cases = [
            ("SQLAlchemy-2.0.35-py3-none-any.whl", "sqlalchemy", "2.0.35", true),
            ("zope.interface-5.0-1-py3-none-any.whl", "zope_interface", "5", true),
            ("torch-2.0.0+cu118-cp311-cp311-linux_x86_64.whl", "torch", "2.0.0+cu118", true),
            ("torch-2.0.0+cu118-cp311-cp311-linux_x86_64.whl", "torch", "2.0.0", false),
            ("a-2024.01.01-py3-none-any.whl", "a", "2024.1.1", true),
            ("a-1.0a1-py3-none-any.whl", "a", "1.0.alpha1", true),
            ("a-1.0rc1-py3-none-any.whl", "a", "1.0-rc.1", true),
            ("a-1.0.post1-py3-none-any.whl", "a", "1.0", false),
            ("a-1.1-py3-none-any.whl", "a", "1.10", false),
            ("a-1.0-py3-none-any.whl", "b", "1.0", false),
            ("a-1!1.0-py3-none-any.whl", "a", "1.0", false),
        ];
        for (file, name, version, same) in cases {
            let identity = Identity::of_file(file).unwrap();
            assert_eq!(identity.fits(name, version), same, "{file} against {name} {version}");
        }
    }

    #[test]
    fn other_file_names_are_refused() {
        for file in
            ["a-1.0.tar.gz", "a-1.0.whl", "a-1.0-py3-none.whl", "a--py3-none-any.whl", "a-1-2-3-4-5-6.whl"]
        {
            assert!(matches!(Identity::of_file(file), Err(Problem::FileName)), "{file}");
        }
    }
}
