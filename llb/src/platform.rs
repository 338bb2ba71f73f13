//! Platforms, parsed and printed as containerd's `platforms` package does it.
//!
//! One difference is intended. Containerd takes a missing half from the machine that it runs on. A graph must
//! not depend on the machine. So an OS alone is refused, and an architecture alone means Linux, because
//! BuildKit's workers run there.

use std::fmt;

use crate::pb;

/// An operating system and a CPU, in the terms of the OCI image specification.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// `linux`, `windows`, …
    pub os: String,
    /// Go's name of the architecture: `amd64`, `arm64`, …
    pub architecture: String,
    /// Variant of the architecture, such as `v7` of `arm`; empty for the usual variant.
    pub variant: String,
    /// Version of the OS; used for Windows only.
    pub os_version: String,
    /// Features of the OS; used for Windows only.
    pub os_features: Vec<String>,
}

/// The error for a text that is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// A component is empty or has characters that are not allowed.
    #[error("`{component}` in platform `{platform}` is not a name of letters, digits, `_`, `.` and `-`")]
    Component {
        /// The component that is wrong.
        component: String,
        /// The whole text.
        platform: String,
    },
    /// The text has more parts than OS, architecture and variant.
    #[error("platform `{platform}` has more than three parts; write `os/architecture[/variant]`")]
    Parts {
        /// The whole text.
        platform: String,
    },
    /// The text names an OS without an architecture.
    #[error("platform `{platform}` lacks an architecture; write `os/architecture[/variant]`")]
    NoArchitecture {
        /// The whole text.
        platform: String,
    },
    /// A single word that is neither an OS nor an architecture.
    #[error(
        "`{platform}` is neither an operating system nor an architecture; write `os/architecture[/variant]`"
    )]
    Unknown {
        /// The whole text.
        platform: String,
    },
}

impl Platform {
    /// A platform with an OS and an architecture, without a variant.
    pub fn new(os: impl Into<String>, architecture: impl Into<String>) -> Self {
        Self { os: os.into(), architecture: architecture.into(), ..Self::default() }
    }

    /// Reads `os[(version[+feature…])]/architecture[/variant]`, or an architecture alone.
    ///
    /// As in containerd, names are normalised. But `arm` alone stays without a variant, and an explicit
    /// variant `v8` of `arm64` is kept. [`normalized`](Self::normalized) removes that difference.
    ///
    /// # Errors
    /// See [`PlatformError`].
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        let (os, rest) = parts.split_first().unwrap_or((&"", &[]));
        let mut platform = parse_os(os).ok_or_else(|| component_error(os, text))?;
        for part in rest {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
                return Err(component_error(part, text));
            }
        }
        match rest {
            [] => {
                if KNOWN_OS.split(' ').any(|os| os == platform.os) {
                    return Err(PlatformError::NoArchitecture { platform: text.to_owned() });
                }
                let (architecture, variant) = short_architecture(os);
                if !KNOWN_ARCHITECTURES.split(' ').any(|known| known == architecture) {
                    return Err(PlatformError::Unknown { platform: text.to_owned() });
                }
                Ok(Self { variant, ..Self::new("linux", architecture) })
            }
            [architecture] => {
                (platform.architecture, platform.variant) = short_architecture(architecture);
                Ok(platform)
            }
            [architecture, variant] => {
                (platform.architecture, platform.variant) = normalize_architecture(architecture, variant);
                if platform.architecture == "arm64" && platform.variant.is_empty() {
                    "v8".clone_into(&mut platform.variant);
                }
                Ok(platform)
            }
            _ => Err(PlatformError::Parts { platform: text.to_owned() }),
        }
    }

    /// The canonical spelling: `x86_64` is `amd64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`.
    ///
    /// An empty OS is `linux`.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let (architecture, variant) = normalize_architecture(&self.architecture, &self.variant);
        let mut os_features = self.os_features.clone();
        os_features.sort();
        os_features.dedup();
        Self {
            os: normalize_os(&self.os),
            architecture,
            variant,
            os_version: self.os_version.clone(),
            os_features,
        }
    }

    /// `os/architecture[/variant]`; `unknown` without an OS.
    pub fn format(&self) -> String {
        self.join(&self.os)
    }

    /// Like [`format`](Self::format), followed by the version and the features of the OS in parentheses, if
    /// there are any.
    ///
    /// An exporter's metadata uses this text as the key of a platform.
    pub fn format_all(&self) -> String {
        let mut features: Vec<&str> = self.os_features.iter().map(String::as_str).collect();
        features.retain(|feature| !feature.is_empty());
        features.sort_unstable();
        features.dedup();
        if self.os_version.is_empty() && features.is_empty() {
            return self.format();
        }
        let mut options = escape(&self.os_version);
        for feature in features {
            options.push('+');
            options.push_str(&escape(feature));
        }
        self.join(&format!("{}({options})", self.os))
    }

    fn join(&self, os: &str) -> String {
        if self.os.is_empty() {
            return "unknown".to_owned();
        }
        let parts = [os, &self.architecture, &self.variant];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    pub(crate) fn to_pb(&self) -> pb::Platform {
        pb::Platform {
            architecture: self.architecture.clone(),
            os: self.os.clone(),
            variant: self.variant.clone(),
            os_version: self.os_version.clone(),
            os_features: self.os_features.clone(),
        }
    }

    pub(crate) fn from_pb(platform: &pb::Platform) -> Self {
        Self {
            os: platform.os.clone(),
            architecture: platform.architecture.clone(),
            variant: platform.variant.clone(),
            os_version: platform.os_version.clone(),
            os_features: platform.os_features.clone(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.format_all())
    }
}

impl std::str::FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn component_error(component: &str, platform: &str) -> PlatformError {
    PlatformError::Component { component: component.to_owned(), platform: platform.to_owned() }
}

/// `os`, `os(version)` or `os(version+feature+feature)`.
fn parse_os(text: &str) -> Option<Platform> {
    let (os, options) = match text.split_once('(') {
        Some((os, options)) => (os, options.strip_suffix(')')?),
        None => (text, ""),
    };
    if os.is_empty() || !os.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return None;
    }
    let mut options = options.split('+');
    let os_version = unescape(options.next().unwrap_or_default())?;
    let os_features = options.map(|feature| unescape(feature).filter(|text| !text.is_empty()));
    Some(Platform {
        os: normalize_os(os),
        os_version,
        os_features: os_features.collect::<Option<Vec<_>>>()?,
        ..Platform::default()
    })
}

const KNOWN_OS: &str = "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris \
    windows zos";

const KNOWN_ARCHITECTURES: &str = "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le \
    mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm";

fn normalize_os(os: &str) -> String {
    match os.to_ascii_lowercase().as_str() {
        "" => "linux".to_owned(),
        "macos" => "darwin".to_owned(),
        os => os.to_owned(),
    }
}

/// An architecture given without an OS. The default variant of `arm` is left out.
fn short_architecture(architecture: &str) -> (String, String) {
    let (architecture, variant) = normalize_architecture(architecture, "");
    let usual = architecture == "arm" && variant == "v7";
    (architecture, if usual { String::new() } else { variant })
}

fn normalize_architecture(architecture: &str, variant: &str) -> (String, String) {
    let (architecture, variant) = (architecture.to_ascii_lowercase(), variant.to_ascii_lowercase());
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

/// Percent-encodes the characters that have a meaning in the text form.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '+' => escaped.push_str("%2B"),
            '(' => escaped.push_str("%28"),
            ')' => escaped.push_str("%29"),
            '/' => escaped.push_str("%2F"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Reverses [`escape`]. `None` if a character is not allowed or an escape is broken.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'_' | b'.' | b'-' => bytes.push(byte),
            _ if byte.is_ascii_alphanumeric() => bytes.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_and_printed_as_containerd_does() {
        let cases = [
            // text, `format_all` after parsing, `format` after normalising
            ("linux/amd64", "linux/amd64", "linux/amd64"),
            ("linux/arm64", "linux/arm64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64/v8", "linux/arm64"),
            ("Linux/AArch64", "linux/arm64", "linux/arm64"),
            ("linux/arm64/9", "linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm", "linux/arm/v7"),
            ("linux/arm/7", "linux/arm/v7", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6", "linux/arm/v6"),
            ("linux/x86_64/v1", "linux/amd64", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3", "linux/amd64/v3"),
            ("macos/arm64", "darwin/arm64", "darwin/arm64"),
            ("arm64", "linux/arm64", "linux/arm64"),
            ("i386", "linux/386", "linux/386"),
            ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64", "windows/amd64"),
            ("windows(10.0+win32k+a)/amd64", "windows(10.0+a+win32k)/amd64", "windows/amd64"),
            ("windows(1%2B2)/amd64", "windows(1%2B2)/amd64", "windows/amd64"),
        ];
        for (text, all, normalized) in cases {
            let platform = Platform::parse(text).expect(text);
            assert_eq!(platform.to_string(), all, "{text}");
            assert_eq!(platform.normalized().format(), normalized, "{text}");
        }
    }

    #[test]
    fn what_is_no_platform_is_refused_with_a_reason() {
        let cases = [
            ("", "`` in platform `` is not a name of letters, digits, `_`, `.` and `-`"),
            ("linux/", "`` in platform `linux/` is not a name of letters, digits, `_`, `.` and `-`"),
            ("linux/*", "`*` in platform `linux/*` is not a name of letters, digits, `_`, `.` and `-`"),
            (
                "windows(1/amd64",
                "`windows(1` in platform `windows(1/amd64` is not a name of letters, digits, `_`, `.` and `-`",
            ),
            (
                "linux/a/b/c",
                "platform `linux/a/b/c` has more than three parts; write `os/architecture[/variant]`",
            ),
            ("linux", "platform `linux` lacks an architecture; write `os/architecture[/variant]`"),
            (
                "toaster",
                "`toaster` is neither an operating system nor an architecture; write `os/architecture[/variant]`",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(Platform::parse(text).expect_err(text).to_string(), message);
        }
    }

    #[test]
    fn a_platform_without_an_os_prints_as_unknown_and_normalises_to_linux() {
        let platform = Platform { architecture: "amd64".to_owned(), ..Platform::default() };
        assert_eq!(platform.format(), "unknown");
        assert_eq!(platform.format_all(), "unknown");
        assert_eq!(platform.normalized().format(), "linux/amd64");
    }
}
