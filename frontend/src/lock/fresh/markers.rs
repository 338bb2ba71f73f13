//! Compares the meaning of two markers on all machines for which a lock can be made.
//!
//! uv compares markers by meaning: `python_version < '3.12'` and `python_full_version < '3.12'` are equal.
//! Two markers are also equal if they differ only for a Python that the project does not allow. Here, both
//! markers are evaluated on one machine of each kind that they distinguish.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};

use crate::pep508::{Active, Comparison, Environment, Marker, Operand, Operator, Variable};

/// The maximum number of machines on which markers are evaluated. If there are more, some are left out.
const MOST: usize = 20_000;

/// Pairs of `os_name` and `sys_platform` that do not exist. uv's marker algebra has the same pairs.
const NEVER_OS: [(&str, &str); 4] = [("nt", "linux"), ("nt", "darwin"), ("nt", "ios"), ("posix", "win32")];

/// Values of `platform_system` and `sys_platform` that always occur together.
const ALIKE: [(&str, &str); 6] = [
    ("Windows", "win32"),
    ("Darwin", "darwin"),
    ("Linux", "linux"),
    ("AIX", "aix"),
    ("Emscripten", "emscripten"),
    ("Android", "android"),
];

/// Values of `platform_system` that have a `sys_platform` outside of [`PLATFORMS`].
const APART: [&str; 6] = ["FreeBSD", "NetBSD", "OpenBSD", "SunOS", "iOS", "iPadOS"];

/// The other values of `sys_platform`.
const PLATFORMS: [&str; 9] =
    ["aix", "android", "emscripten", "ios", "linux", "darwin", "win32", "cygwin", "wasi"];

/// The machines that a set of markers distinguishes. Each is combined with no extra and with each single
/// extra.
pub(super) struct Machines {
    pythons: Vec<(String, String)>,
    texts: Vec<(Variable, Vec<String>)>,
    extras: Vec<Active>,
}

/// Whether `marker` holds on any machine with a Python that `pythons` allows.
pub(super) fn holds_anywhere(marker: &Marker, pythons: Option<&VersionSpecifiers>) -> bool {
    let mut found = false;
    Machines::of(&[marker], pythons).each(|environment, active| {
        found = marker.holds(environment, active);
        !found
    });
    found
}

/// Whether two markers hold on the same machines. A missing marker holds on all machines.
pub(super) fn same(
    one: Option<&Marker>,
    other: Option<&Marker>,
    pythons: Option<&VersionSpecifiers>,
) -> bool {
    if one == other {
        return true;
    }
    let both: Vec<&Marker> = one.into_iter().chain(other).collect();
    let holds = |marker: Option<&Marker>, environment: &Environment, active: &Active| {
        marker.is_none_or(|marker| marker.holds(environment, active))
    };
    let mut same = true;
    Machines::of(&both, pythons).each(|environment, active| {
        same = holds(one, environment, active) == holds(other, environment, active);
        same
    });
    same
}

impl Machines {
    /// The machines that `markers` distinguish, with a Python that `pythons` allows.
    pub(super) fn of(markers: &[&Marker], pythons: Option<&VersionSpecifiers>) -> Self {
        let mut comparisons = Vec::new();
        for marker in markers {
            note_comparisons(marker, &mut comparisons);
        }
        let mut versions = BTreeSet::new();
        let mut texts: BTreeMap<Variable, BTreeSet<String>> = BTreeMap::new();
        let mut extras = BTreeSet::new();
        for comparison in comparisons {
            if let Some((extra, _)) = comparison.asks_extra() {
                extras.insert(extra);
                continue;
            }
            let ((Operand::Variable(variable), Operand::Literal(text))
            | (Operand::Literal(text), Operand::Variable(variable))) = (&comparison.left, &comparison.right)
            else {
                continue;
            };
            match variable {
                Variable::PythonVersion | Variable::PythonFullVersion => {
                    versions.extend(words(text).filter_map(release));
                }
                _ => note_texts(texts.entry(*variable).or_default(), comparison, text),
            }
        }
        for bound in pythons.into_iter().flat_map(|pythons| pythons.iter()) {
            versions.insert(numbers(bound.version()));
        }
        for (system, platform) in ALIKE {
            let is_named =
                |variable, value: &str| texts.get(&variable).is_some_and(|all| all.contains(value));
            if is_named(Variable::PlatformSystem, system) {
                texts.entry(Variable::SysPlatform).or_default().insert(platform.to_owned());
            } else if texts.contains_key(&Variable::PlatformSystem)
                && is_named(Variable::SysPlatform, platform)
            {
                texts.entry(Variable::PlatformSystem).or_default().insert(system.to_owned());
            }
        }
        // A value that no marker contains.
        let texts = texts.into_iter().map(|(variable, mut values)| {
            values.insert("another".to_owned());
            (variable, values.into_iter().collect())
        });
        let none = Active::default();
        let each = extras.iter().map(|extra| Active { extras: [extra.clone()].into(), ..Active::default() });
        let extras: Vec<Active> = std::iter::once(none).chain(each).collect();
        Self { pythons: points(&versions, pythons), texts: texts.collect(), extras }
    }

    /// Calls `ask` for each machine until `ask` returns false.
    pub(super) fn each(&self, mut ask: impl FnMut(&Environment, &Active) -> bool) {
        let places =
            self.texts.iter().fold(1_usize, |product, (_, values)| product.saturating_mul(values.len()));
        let all = places.saturating_mul(self.pythons.len()).saturating_mul(self.extras.len());
        // The step is odd, so that it has no common factor with most counts. Then the machines that are left
        // out are spread evenly.
        let step = if all > MOST { (all / MOST) | 1 } else { 1 };
        let mut number = 0;
        while number < all {
            let (place, rest) = (number % places, number / places);
            number += step;
            let (Some((short, full)), Some(active)) = (
                self.pythons.get(rest % self.pythons.len().max(1)),
                self.extras.get(rest / self.pythons.len().max(1)),
            ) else {
                continue;
            };
            let environment = self.machine(place, short, full);
            if exists(&environment) && !ask(&environment, active) {
                return;
            }
        }
    }

    fn machine(&self, mut place: usize, short: &str, full: &str) -> Environment {
        let mut environment = Environment {
            os_name: String::new(),
            sys_platform: String::new(),
            platform_machine: String::new(),
            platform_python_implementation: String::new(),
            platform_release: String::new(),
            platform_system: String::new(),
            platform_version: String::new(),
            python_version: short.to_owned(),
            python_full_version: full.to_owned(),
            implementation_name: String::new(),
            implementation_version: String::new(),
        };
        for (variable, values) in &self.texts {
            let value = values.get(place % values.len().max(1)).cloned().unwrap_or_default();
            place /= values.len().max(1);
            let field = match variable {
                Variable::OsName => &mut environment.os_name,
                Variable::SysPlatform => &mut environment.sys_platform,
                Variable::PlatformMachine => &mut environment.platform_machine,
                Variable::PlatformPythonImplementation => &mut environment.platform_python_implementation,
                Variable::PlatformRelease => &mut environment.platform_release,
                Variable::PlatformSystem => &mut environment.platform_system,
                Variable::PlatformVersion => &mut environment.platform_version,
                Variable::ImplementationName => &mut environment.implementation_name,
                Variable::ImplementationVersion => &mut environment.implementation_version,
                _ => continue,
            };
            *field = value;
        }
        environment
    }
}

/// Whether a machine with these values can exist.
fn exists(environment: &Environment) -> bool {
    let Environment { os_name, sys_platform, platform_system, .. } = environment;
    let never = NEVER_OS.iter().any(|(os, platform)| os_name == os && sys_platform == platform);
    let is_apart = APART.contains(&platform_system.as_str()) && PLATFORMS.contains(&sys_platform.as_str());
    let is_ios = sys_platform == "ios" && matches!(platform_system.as_str(), "iOS" | "iPadOS");
    let is_split = !platform_system.is_empty()
        && ALIKE.iter().any(|(system, platform)| (platform_system == system) != (sys_platform == platform));
    !never && !is_split && (!is_apart || is_ios)
}

fn note_comparisons<'m>(marker: &'m Marker, all: &mut Vec<&'m Comparison>) {
    // The recursion is bounded, because the parser limits the depth of a marker.
    match marker {
        Marker::Compare(comparison) => all.push(comparison),
        Marker::And(parts) | Marker::Or(parts) => {
            for part in parts {
                note_comparisons(part, all);
            }
        }
    }
}

/// The values that a comparison distinguishes.
fn note_texts(values: &mut BTreeSet<String>, comparison: &Comparison, text: &str) {
    values.insert(text.to_owned());
    if matches!(comparison.operator, Operator::In | Operator::NotIn) {
        if matches!(comparison.left, Operand::Variable(_)) {
            values.extend(words(text).map(str::to_owned));
        } else {
            values.insert(format!("{text}-like"));
        }
    }
    if matches!(
        comparison.operator,
        Operator::Less
            | Operator::LessEqual
            | Operator::Greater
            | Operator::GreaterEqual
            | Operator::Compatible
    ) {
        // For texts that are versions.
        values.extend(["0".to_owned(), format!("{text}.1"), "99999".to_owned()]);
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '|', ';'])
        .map(|word| word.trim_matches(['\'', '"']))
        .filter(|word| !word.is_empty())
}

/// The first three numbers of a version.
fn release(text: &str) -> Option<[u64; 3]> {
    text.trim_end_matches(".*").parse::<Version>().ok().map(|version| numbers(&version))
}

fn numbers(version: &Version) -> [u64; 3] {
    let mut numbers = version.release().iter().copied();
    [numbers.next().unwrap_or(3), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)]
}

/// A Python below, at and above every version that a marker names, in short and full form, if the project
/// allows it.
fn points(named: &BTreeSet<[u64; 3]>, pythons: Option<&VersionSpecifiers>) -> Vec<(String, String)> {
    let mut all = BTreeSet::from([[2, 7, 18], [3, 0, 0], [3, 99, 0], [4, 0, 0]]);
    for &[major, minor, patch] in named {
        let (before, after) = (minor.saturating_sub(1), minor.saturating_add(1));
        for (minor, patch) in [
            (minor, 0),
            (minor, patch),
            (minor, patch.saturating_sub(1)),
            (minor, patch.saturating_add(1)),
            (minor, 99),
            (before, 99),
            (after, 0),
        ] {
            all.insert([major, minor, patch]);
        }
        all.insert([major.saturating_add(1), 0, 0]);
    }
    let allowed = |release: &[u64; 3]| pythons.is_none_or(|pythons| pythons.contains(&Version::new(release)));
    let point =
        |[major, minor, patch]: [u64; 3]| (format!("{major}.{minor}"), format!("{major}.{minor}.{patch}"));
    all.into_iter().filter(allowed).map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pep508::parse_specifiers;

    fn marker(text: &str) -> Option<Marker> {
        (!text.is_empty()).then(|| Marker::parse(text).unwrap())
    }

    #[test]
    fn a_marker_of_one_system_holds_somewhere() {
        let pythons = parse_specifiers(">=3.10,!=3.11.*").unwrap();
        for text in [
            "python_full_version >= '3.10.13' and platform_system == 'Windows'",
            "sys_platform not in 'linux darwin' and python_version in '3.12 3.10' and platform_system != 'Linux'",
            "platform_system != 'Linux'",
        ] {
            let marker = Marker::parse(text).unwrap();
            assert!(holds_anywhere(&marker, Some(&pythons)), "{text}");
            assert!(!same(Some(&marker), None, Some(&pythons)), "{text}");
        }
    }

    /// The expected values are those of uv 0.13.9: whether `uv lock --check` accepts a lock with the first
    /// marker for a requirement with the second one.
    #[test]
    fn markers_are_the_same_where_uv_says_so() {
        let pythons = parse_specifiers(">=3.9,<3.13").unwrap();
        let cases = [
            ("python_full_version < '3.12'", "python_version < '3.12'", true),
            ("", "python_version >= '3.8'", true),
            ("", "sys_platform == 'linux' or sys_platform != 'linux'", true),
            ("", "python_version < '3.13'", true),
            ("python_full_version < '3.12'", "python_version <= '3.11'", true),
            ("python_full_version < '3.12'", "python_version < '3.11'", false),
            ("python_version < '0'", "sys_platform == 'win32' and os_name == 'posix'", true),
            ("sys_platform == 'linux'", "os_name == 'posix' and sys_platform == 'linux'", false),
            (
                "(sys_platform == 'linux' and extra == 'a') or (sys_platform == 'darwin' and extra == 'a')",
                "extra == 'a' and (sys_platform == 'darwin' or sys_platform == 'linux')",
                true,
            ),
            ("extra == 'a'", "extra == 'b'", false),
        ];
        for (one, other, expected) in cases {
            let (one, other) = (marker(one), marker(other));
            assert_eq!(same(one.as_ref(), other.as_ref(), Some(&pythons)), expected, "{one:?} {other:?}");
        }
    }
}
