//! Platforms that the command line names, and the platform of this machine.

use buildkit_llb::Platform;

use super::error::CliError;

/// The platform for which an engine on this machine builds. The system is always Linux, as images are for
/// Linux.
pub(super) fn native() -> Platform {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    };
    Platform::new("linux", architecture)
}

/// The platforms that `--platform` names, or the platform of this machine if `asked` is empty.
pub(super) fn list(asked: &[String]) -> Result<Vec<Platform>, CliError> {
    if asked.is_empty() {
        return Ok(vec![native()]);
    }
    asked.iter().map(|text| one(text)).collect()
}

/// The platform that is asked for, or the platform of this machine.
pub(super) fn one_of(asked: Option<&str>) -> Result<Platform, CliError> {
    asked.map_or_else(|| Ok(native()), one)
}

fn one(text: &str) -> Result<Platform, CliError> {
    let parsed = Platform::parse(text).map_err(|error| CliError::new(error.to_string()));
    parsed.map_err(|error| error.help("write a platform as `linux/amd64` or `linux/arm64`"))
}
