//! Whether a marker holds on any machine that a lock can be for.
//!
//! uv leaves a requirement whose marker holds nowhere out of what a lock says of the project, or writes a marker for the
//! requirement without the extra that asks. So such a requirement is looked for in no lock.

use pep440_rs::{Version, VersionSpecifiers};

use crate::pep508::{Active, Environment, Marker};

/// `os_name`, `sys_platform` and `platform_system` as they go together.
const SYSTEMS: [(&str, &str, &str); 3] =
    [("posix", "linux", "Linux"), ("posix", "darwin", "Darwin"), ("nt", "win32", "Windows")];

/// `platform_machine` of the platforms that images are built for, and of the machines that people work on.
const MACHINES: [&str; 9] =
    ["x86_64", "aarch64", "armv7l", "i686", "ppc64le", "s390x", "riscv64", "arm64", "AMD64"];

/// `implementation_name` and `platform_python_implementation`.
const IMPLEMENTATIONS: [(&str, &str); 2] = [("cpython", "CPython"), ("pypy", "PyPy")];

/// The minor versions of Python 3 that are looked at.
const MINORS: std::ops::RangeInclusive<u64> = 6..=20;

/// Whether `marker` holds on one of the usual machines, with a Python that `pythons` allows.
pub(super) fn holds_anywhere(marker: &Marker, pythons: Option<&VersionSpecifiers>) -> bool {
    let allowed = |minor: &u64| {
        // A bound such as `>=3.11.4` is about the last number.
        [0, 99]
            .iter()
            .any(|patch| pythons.is_none_or(|pythons| pythons.contains(&Version::new([3, *minor, *patch]))))
    };
    MINORS.filter(allowed).any(|minor| {
        SYSTEMS.iter().any(|system| {
            MACHINES.iter().any(|machine| {
                IMPLEMENTATIONS.iter().any(|implementation| {
                    let environment = environment(*system, machine, *implementation, minor);
                    marker.holds(&environment, &Active::default())
                })
            })
        })
    })
}

fn environment(
    (os_name, sys_platform, system): (&str, &str, &str),
    machine: &str,
    (name, implementation): (&str, &str),
    minor: u64,
) -> Environment {
    let full = format!("3.{minor}.99");
    Environment {
        os_name: os_name.to_owned(),
        sys_platform: sys_platform.to_owned(),
        platform_machine: machine.to_owned(),
        platform_python_implementation: implementation.to_owned(),
        platform_release: String::new(),
        platform_system: system.to_owned(),
        platform_version: String::new(),
        python_version: format!("3.{minor}"),
        python_full_version: full.clone(),
        implementation_name: name.to_owned(),
        implementation_version: full,
    }
}
