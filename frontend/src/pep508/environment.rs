//! The values of marker variables for a target.

use std::collections::BTreeSet;

use super::Name;

/// A variable of an environment marker. `extras` and `dependency_groups` are from PEP 751.
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
        // Names from before PEP 508, which setuptools wrote. They come last, so they are never printed.
        ("os.name", Self::OsName),
        ("sys.platform", Self::SysPlatform),
        ("platform.machine", Self::PlatformMachine),
        ("platform.version", Self::PlatformVersion),
        ("python_implementation", Self::PlatformPythonImplementation),
    ];

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, variable)| *variable)
    }

    /// The name of the variable in markers.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, variable)| *variable == self).map_or("", |(name, _)| name)
    }

    /// Whether the values are versions. Versions are compared by PEP 440, and other values are compared as
    /// texts.
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

/// The values of the marker variables for the interpreter of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `posix` on Linux.
    pub os_name: String,
    /// `linux` on Linux.
    pub sys_platform: String,
    /// The kernel's name for the architecture, such as `x86_64`.
    pub platform_machine: String,
    /// `CPython`.
    pub platform_python_implementation: String,
    /// The release of the kernel. It is unknown at build time, so it is empty.
    pub platform_release: String,
    /// `Linux`.
    pub platform_system: String,
    /// The version of the kernel. It is unknown at build time, so it is empty.
    pub platform_version: String,
    /// The major and minor version, such as `3.12`.
    pub python_version: String,
    /// The version with the patch number, such as `3.12.4`.
    pub python_full_version: String,
    /// `cpython`.
    pub implementation_name: String,
    /// For `CPython`, the same as the full version.
    pub implementation_version: String,
}

impl Environment {
    /// The value of `variable`. `None` for the three variables that stand for sets of names.
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

/// The active extras and groups for the evaluation of a marker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Active {
    /// The names for `extra == "…"` and `"…" in extras`.
    pub extras: BTreeSet<Name>,
    /// The names for `"…" in dependency_groups`.
    pub groups: BTreeSet<Name>,
}
