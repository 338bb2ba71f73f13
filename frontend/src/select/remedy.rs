//! Changes that help if no file of a package matches. Each is tested: the target with one property changed.

use std::fmt;

use crate::lock::{ArtifactKind, Package, Policy};
use crate::tags::{Architecture, Libc, Tags, Target, WheelName};

/// A change with which a package could be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Another Python version, one of these.
    Python(Vec<(u64, u64)>),
    /// The free-threaded build of Python (`true`) or the usual build (`false`).
    FreeThreaded(bool),
    /// A base image with at least this C library.
    Libc(Libc),
    /// Another platform.
    Platforms(Vec<Architecture>),
    /// A source distribution is locked, but building is disabled for the package.
    AllowBuild,
    /// Wheels would match, but they are disabled for the package.
    AllowWheels,
    /// The lock was made for other targets, so lock again.
    Relock,
}

/// The Python versions that are tried.
const PYTHONS: std::ops::RangeInclusive<u64> = 7..=16;

/// The C library versions that are tried, the oldest first.
const GLIBC: std::ops::RangeInclusive<u32> = 17..=50;
const MUSL: std::ops::RangeInclusive<u32> = 1..=4;

pub(super) fn remedies(package: &Package, target: &Target, tags: &Tags, policy: &Policy) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let wheels: Vec<&WheelName> = package.artifacts.iter().filter_map(|artifact| artifact.wheel()).collect();
    if wheels.iter().any(|wheel| tags.rank(wheel).is_some()) {
        remedies.push(Remedy::AllowWheels);
    }
    let has_sdist = package.artifacts.iter().any(|artifact| artifact.kind == ArtifactKind::Sdist);
    if has_sdist && policy.only_wheels.covers(&package.name) {
        remedies.push(Remedy::AllowBuild);
    }
    let fits = |changed: &Target| {
        let tags = Tags::of(changed);
        wheels.iter().any(|wheel| tags.rank(wheel).is_some())
    };
    let changed = |change: &dyn Fn(&mut Target)| {
        let mut changed = target.clone();
        change(&mut changed);
        fits(&changed)
    };
    let pythons: Vec<(u64, u64)> = PYTHONS
        .filter(|minor| changed(&|target| target.python.minor = *minor))
        .map(|minor| (3, minor))
        .collect();
    if !pythons.is_empty() {
        remedies.push(Remedy::Python(pythons));
    }
    let free_threaded = !target.python.free_threaded;
    if changed(&|target| target.python.free_threaded = free_threaded) {
        remedies.push(Remedy::FreeThreaded(free_threaded));
    }
    let glibc = GLIBC.map(|minor| Libc::Glibc { major: 2, minor });
    let musl = MUSL.map(|minor| Libc::Musl { major: 1, minor });
    for mut versions in [glibc.collect::<Vec<_>>().into_iter(), musl.collect::<Vec<_>>().into_iter()] {
        remedies.extend(versions.find(|libc| changed(&|target| target.libc = *libc)).map(Remedy::Libc));
    }
    let platforms: Vec<Architecture> = Architecture::ALL
        .into_iter()
        .filter(|architecture| changed(&|target| target.architecture = *architecture))
        .collect();
    if !platforms.is_empty() {
        remedies.push(Remedy::Platforms(platforms));
    }
    // The lock has no file for Linux. So it was made on another system, for this system.
    if remedies.is_empty() {
        remedies.push(Remedy::Relock);
    }
    remedies
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python(versions) => {
                let versions: Vec<_> =
                    versions.iter().map(|(major, minor)| format!("{major}.{minor}")).collect();
                write!(f, "use Python {}", versions.join(" or "))
            }
            Self::FreeThreaded(true) => f.write_str("use a free-threaded Python"),
            Self::FreeThreaded(false) => f.write_str("use a Python that is not free-threaded"),
            Self::Libc(libc) => write!(f, "use a base image with {libc} or newer"),
            Self::Platforms(platforms) => {
                let platforms: Vec<_> = platforms.iter().map(|platform| platform.platform()).collect();
                write!(f, "build for {}", platforms.join(" or "))
            }
            Self::AllowBuild => {
                f.write_str("let it be built from its source archive (`--only-binary` forbids that)")
            }
            Self::AllowWheels => f.write_str("let its wheel be taken (`--no-binary` forbids that)"),
            Self::Relock => f.write_str("lock again, for this target too"),
        }
    }
}
