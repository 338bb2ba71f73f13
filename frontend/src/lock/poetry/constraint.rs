//! Converts Poetry's version constraints to PEP 440 specifiers: `^1.2`, `~1.2`, `1.2.*`, `>=1,<2 || >=3` and
//! a bare `1.2`.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier, VersionSpecifiers};

use crate::pep508::Marker;

/// The alternatives of a constraint. An empty alternative allows every version.
pub(super) fn parse(text: &str) -> Option<Vec<VersionSpecifiers>> {
    text.replace("||", "|").split('|').map(parse_all).collect()
}

/// A constraint as a marker for the Python version; `None` if it allows every version.
pub(super) fn python_marker(text: &str) -> Option<Marker> {
    let alternatives: Option<Vec<Marker>> = parse(text)?.iter().map(Marker::of_python).collect();
    alternatives.map(|mut all| if all.len() == 1 { all.remove(0) } else { Marker::Or(all) })
}

fn parse_all(text: &str) -> Option<VersionSpecifiers> {
    // `>= 1.0 < 2` is valid: a space before an operator separates two constraints, but a space after an
    // operator does not.
    let mut parts: Vec<String> = Vec::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        match parts.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '~', '^', '!']) => last.push_str(word),
            _ => parts.push(word.to_owned()),
        }
    }
    let mut all = Vec::new();
    for part in parts {
        all.extend(parse_one(&part)?);
    }
    Some(all.into_iter().collect())
}

fn parse_one(text: &str) -> Option<Vec<VersionSpecifier>> {
    if text == "*" {
        return Some(Vec::new());
    }
    if let Some(version) = text.strip_prefix('^') {
        let version = Version::from_str(version).ok()?;
        let release = version.release();
        let fixed = release.iter().position(|part| *part != 0).unwrap_or(release.len().saturating_sub(1));
        return between(&version, fixed);
    }
    if let Some(version) = text.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
        let version = Version::from_str(version).ok()?;
        let fixed = usize::from(version.release().len() > 1);
        return between(&version, fixed);
    }
    if text.starts_with(|first: char| first.is_ascii_digit() || first == 'v') {
        return VersionSpecifier::from_str(&format!("=={text}")).ok().map(|one| vec![one]);
    }
    let text = match text.strip_prefix('=').filter(|rest| !rest.starts_with('=')) {
        Some(version) => format!("=={version}"),
        None => text.to_owned(),
    };
    VersionSpecifier::from_str(&text).ok().map(|one| vec![one])
}

/// The range from `version` to the next version that differs at position `fixed` of the numbers.
fn between(version: &Version, fixed: usize) -> Option<Vec<VersionSpecifier>> {
    let mut next: Vec<u64> = version.release().iter().take(fixed + 1).copied().collect();
    let last = next.last_mut()?;
    *last = last.checked_add(1)?;
    Some(vec![
        VersionSpecifier::greater_than_equal_version(version.clone()),
        VersionSpecifier::less_than_version(Version::new(next).with_epoch(version.epoch())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_become_specifiers() {
        let cases = [
            ("*", ""),
            ("^1.2.3", ">=1.2.3, <2"),
            ("^0.2.3", ">=0.2.3, <0.3"),
            ("^0.0.3", ">=0.0.3, <0.0.4"),
            ("^0", ">=0, <1"),
            ("~1.2.3", ">=1.2.3, <1.3"),
            ("~1", ">=1, <2"),
            ("~=1.4", "~=1.4"),
            ("1.2.*", "==1.2.*"),
            ("1.2", "==1.2"),
            ("=1.2", "==1.2"),
            (">= 1.0 < 2", ">=1.0, <2"),
            (">=1,<2,!=1.5", ">=1, !=1.5, <2"),
            ("^2.7 || ^3.6", ">=2.7, <3 | >=3.6, <4"),
        ];
        for (text, expected) in cases {
            let sets: Vec<_> = parse(text).unwrap().iter().map(ToString::to_string).collect();
            assert_eq!(sets.join(" | "), expected, "{text}");
        }
        assert_eq!(parse("what"), None);
        assert_eq!(python_marker("*"), None);
        let marker = python_marker("^3.8").unwrap().to_string();
        assert_eq!(marker, "python_full_version >= '3.8' and python_full_version < '4'");
    }
}
