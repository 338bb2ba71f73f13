//! The machine and the interpreter of an image.

use std::fmt;

use pep440_rs::Version;

use crate::pep508::Environment;

/// The patch version that is used if no version is named. It is later than any existing version, because
/// images without a patch version in their tag have the newest one.
const NEWEST_PATCH: u64 = 99;

/// A `CPython` interpreter on Linux.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The interpreter.
    pub python: Python,
    /// The processor.
    pub architecture: Architecture,
    /// The C library of the base image.
    pub libc: Libc,
}

/// A version of `CPython`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Python {
    /// The first number of the version.
    pub major: u64,
    /// The second number of the version.
    pub minor: u64,
    /// The third number of the version. `None` if the base image decides.
    pub patch: Option<u64>,
    /// Whether it is the free-threaded build, without the global interpreter lock.
    pub free_threaded: bool,
}

impl Python {
    /// The name of its library folder without `python`: `3.11`, or `3.14t`.
    pub fn library(self) -> String {
        format!("{}.{}{}", self.major, self.minor, if self.free_threaded { "t" } else { "" })
    }
}

/// A processor architecture that Python's tags have a name for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// `linux/amd64`
    X86_64,
    /// `linux/arm64`
    Aarch64,
    /// `linux/arm/v7`
    Armv7l,
    /// `linux/arm/v6`
    Armv6l,
    /// `linux/386`
    I686,
    /// `linux/ppc64le`
    Ppc64le,
    /// `linux/s390x`
    S390x,
    /// `linux/riscv64`
    Riscv64,
}

/// A C library and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Libc {
    /// The GNU C library (Debian, Ubuntu, Fedora, distroless).
    Glibc {
        /// The first number.
        major: u32,
        /// The second.
        minor: u32,
    },
    /// musl (Alpine).
    Musl {
        /// The first number.
        major: u32,
        /// The second.
        minor: u32,
    },
}

/// The error for a platform without wheels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Python wheels know no platform `{platform}`; there are {}", Architecture::known())]
pub struct TargetError {
    /// The requested platform.
    pub platform: String,
}

impl Architecture {
    /// All architectures, in the order of messages.
    pub const ALL: [Self; 8] = [
        Self::X86_64,
        Self::Aarch64,
        Self::Armv7l,
        Self::Armv6l,
        Self::I686,
        Self::Ppc64le,
        Self::S390x,
        Self::Riscv64,
    ];

    /// The architecture of an OCI platform such as `linux/arm64/v8` or `linux/arm/v7`.
    ///
    /// # Errors
    /// If the system is not Linux, or Python has no tag for the processor.
    pub fn of_platform(platform: &str) -> Result<Self, TargetError> {
        let unknown = || TargetError { platform: platform.to_owned() };
        let mut parts = platform.split('/');
        let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
        if os != Some("linux") {
            return Err(unknown());
        }
        Ok(match (architecture.unwrap_or_default(), variant) {
            // All micro-architecture levels of amd64 and arm64 use the same wheels.
            ("amd64" | "x86_64", _) => Self::X86_64,
            ("arm64" | "aarch64", _) => Self::Aarch64,
            ("arm", None | Some("v7" | "v8")) => Self::Armv7l,
            ("arm", Some("v6")) => Self::Armv6l,
            ("386", _) => Self::I686,
            ("ppc64le", _) => Self::Ppc64le,
            ("s390x", _) => Self::S390x,
            ("riscv64", _) => Self::Riscv64,
            _ => return Err(unknown()),
        })
    }

    /// The name in tags and in `platform_machine`.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Armv7l => "armv7l",
            Self::Armv6l => "armv6l",
            Self::I686 => "i686",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Riscv64 => "riscv64",
        }
    }

    /// The OCI platform.
    pub fn platform(self) -> &'static str {
        match self {
            Self::X86_64 => "linux/amd64",
            Self::Aarch64 => "linux/arm64",
            Self::Armv7l => "linux/arm/v7",
            Self::Armv6l => "linux/arm/v6",
            Self::I686 => "linux/386",
            Self::Ppc64le => "linux/ppc64le",
            Self::S390x => "linux/s390x",
            Self::Riscv64 => "linux/riscv64",
        }
    }

    fn known() -> String {
        Self::ALL.map(|architecture| format!("`{}`", architecture.platform())).join(", ")
    }
}

impl Python {
    /// The full version. If the patch version is unknown, it is later than any existing one.
    pub fn full_version(&self) -> Version {
        Version::new([self.major, self.minor, self.patch.unwrap_or(NEWEST_PATCH)])
    }
}

impl Target {
    /// The values of marker variables for the interpreter of the target.
    pub fn environment(&self) -> Environment {
        let text = str::to_owned;
        let full = self.python.full_version().to_string();
        Environment {
            os_name: text("posix"),
            sys_platform: text("linux"),
            platform_machine: text(self.architecture.name()),
            platform_python_implementation: text("CPython"),
            platform_release: String::new(),
            platform_system: text("Linux"),
            platform_version: String::new(),
            python_version: format!("{}.{}", self.python.major, self.python.minor),
            python_full_version: full.clone(),
            implementation_name: text("cpython"),
            implementation_version: full,
        }
    }
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Python {}.{}", self.major, self.minor)?;
        if let Some(patch) = self.patch {
            write!(f, ".{patch}")?;
        }
        f.write_str(if self.free_threaded { " (free-threaded)" } else { "" })
    }
}

impl fmt::Display for Libc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc { major, minor } => write!(f, "glibc {major}.{minor}"),
            Self::Musl { major, minor } => write!(f, "musl {major}.{minor}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} with {}", self.python, self.architecture.platform(), self.libc)
    }
}
