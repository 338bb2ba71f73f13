//! The values that markers are compared with.

use std::collections::BTreeSet;

use super::Name;

/// A variable of an environment marker. `extras` and `dependency_groups` are PEP 751's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// `os_name`
    OsName,
    /// `sys_platform`
    SysPlatform,
    /// `platform_machine`
    PlatformMachine,
    /// `platform_python_implementation`
    PlatformPythonImplementation,
    /// `platform_release`
    PlatformRelease,
    /// `platform_system`
    PlatformSystem,
    /// `platform_version`
    PlatformVersion,
    /// `python_version`
    PythonVersion,
    /// `python_full_version`
    PythonFullVersion,
    /// `implementation_name`
    ImplementationName,
    /// `implementation_version`
    ImplementationVersion,
    /// `extra`
    Extra,
    /// `extras`
    Extras,
    /// `dependency_groups`
    DependencyGroups,
}

impl Variable {
    const NAMES: [(&'static str, Self); 19] = [
        ("os_name", Self::OsName),
        ("sys_platform", Self::SysPlatform),
        ("platform_machine", Self::PlatformMachine),
        ("platform_python_implementation", Self::PlatformPythonImplementation),
        ("platform_release", Self::PlatformRelease),
        ("platform_system", Self::PlatformSystem),
        ("platform_version", Self::PlatformVersion),
        ("python_version", Self::PythonVersion),
        ("python_full_version", Self::PythonFullVersion),
        ("implementation_name", Self::ImplementationName),
        ("implementation_version", Self::ImplementationVersion),
        ("extra", Self::Extra),
        ("extras", Self::Extras),
        ("dependency_groups", Self::DependencyGroups),
        // Names from before PEP 508 that setuptools wrote; they come last so that they are never printed.
        ("os.name", Self::OsName),
        ("sys.platform", Self::SysPlatform),
        ("platform.machine", Self::PlatformMachine),
        ("platform.version", Self::PlatformVersion),
        ("python_implementation", Self::PlatformPythonImplementation),
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, variable)| *variable)
    }

    /// The name in markers.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, variable)| *variable == self).map_or("", |(name, _)| name)
    }

    /// Whether values are versions, to be compared as PEP 440 says, and not texts.
    pub(super) fn is_version(self) -> bool {
        matches!(
            self,
            Self::PythonVersion
                | Self::PythonFullVersion
                | Self::ImplementationVersion
                | Self::PlatformRelease
        )
    }
}

/// What a target's interpreter would answer, variable by variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `posix` on Linux.
    pub os_name: String,
    /// `linux` on Linux.
    pub sys_platform: String,
    /// The kernel's name of the architecture, such as `x86_64`.
    pub platform_machine: String,
    /// `CPython`.
    pub platform_python_implementation: String,
    /// The kernel's release. Unknown at build time: empty.
    pub platform_release: String,
    /// `Linux`.
    pub platform_system: String,
    /// The kernel's version. Unknown at build time: empty.
    pub platform_version: String,
    /// Major and minor, such as `3.12`.
    pub python_version: String,
    /// With the patch, such as `3.12.4`.
    pub python_full_version: String,
    /// `cpython`.
    pub implementation_name: String,
    /// The same as the full version for `CPython`.
    pub implementation_version: String,
}

impl Environment {
    /// The value of `variable`; absent for the three that stand for sets.
    pub fn value(&self, variable: Variable) -> Option<&str> {
        Some(match variable {
            Variable::OsName => &self.os_name,
            Variable::SysPlatform => &self.sys_platform,
            Variable::PlatformMachine => &self.platform_machine,
            Variable::PlatformPythonImplementation => &self.platform_python_implementation,
            Variable::PlatformRelease => &self.platform_release,
            Variable::PlatformSystem => &self.platform_system,
            Variable::PlatformVersion => &self.platform_version,
            Variable::PythonVersion => &self.python_version,
            Variable::PythonFullVersion => &self.python_full_version,
            Variable::ImplementationName => &self.implementation_name,
            Variable::ImplementationVersion => &self.implementation_version,
            Variable::Extra | Variable::Extras | Variable::DependencyGroups => return None,
        })
    }
}

/// The extras and groups that are switched on while a marker is evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Active {
    /// What `extra == "…"` and `"…" in extras` look into.
    pub extras: BTreeSet<Name>,
    /// What `"…" in dependency_groups` looks into.
    pub groups: BTreeSet<Name>,
}
