//! The client's wishes: the options, the session and the workers, read from the process's environment.
//!
//! Each option is a variable `BUILDKIT_FRONTEND_OPT_<n>=<key>=<value>`, in any order. Unknown keys are kept
//! and never refused, because newer clients send keys that older frontends must ignore. Options are not
//! secret: provenance attestations list them.

mod limits;
mod read;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeMap;

use buildkit_llb::{Network, Platform, PlatformError, ProxyEnv, ResolveMode};
use buildkit_proto::moby::buildkit::v1::frontend as wire;

use crate::lint::CheckOptions;
use crate::reference::{ImageReference, ReferenceError};

pub use limits::{ExtraHost, Resources, Ulimit};
pub(crate) use values::parse_bool;
pub use values::{NoCache, ScanFor, SourceDateEpoch};

/// The error for an option with an invalid value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The value does not have the option's syntax.
    #[error("option `{key}` has the value `{value}`; accepted: {accepted}")]
    Value {
        /// The option.
        key: String,
        /// Its value.
        value: String,
        /// The accepted values, in words.
        accepted: String,
    },
    /// The platform is invalid.
    #[error("option `platform` has the value `{value}`")]
    Platform {
        /// The whole value.
        value: String,
        /// The error of one of the platforms.
        #[source]
        source: PlatformError,
    },
    /// The image name is invalid.
    #[error("option `{key}` does not name an image")]
    Image {
        /// The option.
        key: String,
        /// The error of the image name.
        #[source]
        source: ReferenceError,
    },
    /// Two options contradict each other.
    #[error("option `multi-platform` is `false`, but option `platform` lists {count} platforms")]
    NotMultiPlatform {
        /// The number of platforms that the client asks for.
        count: usize,
    },
}

impl OptionError {
    fn value(key: &str, value: &str, accepted: impl Into<String>) -> Self {
        Self::Value { key: key.to_owned(), value: value.to_owned(), accepted: accepted.into() }
    }
}

/// A cache in which the engine may find results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheImport {
    /// The kind of the cache, such as `registry` or `gha`.
    pub kind: String,
    /// The attributes of the cache, such as `ref`.
    pub attributes: BTreeMap<String, String>,
}

impl From<CacheImport> for wire::CacheOptionsEntry {
    fn from(import: CacheImport) -> Self {
        Self { r#type: import.kind, attrs: import.attributes.into_iter().collect() }
    }
}

/// The SBOM that the client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SbomOptions {
    /// The image of a scanner; `None` if the client names none.
    pub generator: Option<ImageReference>,
    /// Further parameters of the scanner.
    pub parameters: BTreeMap<String, String>,
}

/// All wishes of the client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The session of the client that started the build.
    pub session_id: String,
    /// The name of the engine, which tells users what to update. May be empty.
    pub product: String,
    /// The platform that runs build steps without emulation: the first platform of the first worker,
    /// normalised.
    pub build_platform: Option<Platform>,

    /// Every option unchanged, for another frontend that this one calls.
    pub raw: BTreeMap<String, String>,

    /// The image reference by which the build file names this frontend.
    pub source: String,
    /// The whole `# syntax=` directive: [`Self::source`] and the text after it.
    pub cmdline: Option<String>,

    /// The path of the build file in its directory.
    pub filename: Option<String>,
    /// The client's directory with the build file; the default is `dockerfile`.
    pub build_file_source: String,
    /// Whether the build file comes from that directory even if the context is remote.
    pub build_file_is_local: bool,
    /// The client's value for the main context: empty for a directory of the client, else a URL. See
    /// [`crate::gateway::git_url::ContextSource`].
    pub context: String,
    /// The directory of a remote context that becomes its root.
    pub context_subdir: Option<String>,
    /// Named contexts by name, or by `name::platform`; see [`Self::named_context`].
    pub named_contexts: BTreeMap<String, String>,
    /// Metadata of inputs, by the input's name: JSON of a map from keys to base64 values.
    pub input_metadata: BTreeMap<String, String>,
    /// The session ids of directories that another session has, by the directory's name.
    pub local_sessions: BTreeMap<String, String>,
    /// Keys that distinguish directories with the same name, by the name of the context.
    pub shared_keys: BTreeMap<String, String>,

    /// The target to build; `None` means the default target.
    pub target: Option<String>,
    /// The platforms to build for, normalised, in the client's order. An empty list means one platform that
    /// the engine chooses.
    pub platforms: Vec<Platform>,
    /// Whether the result is keyed by platform even if there is only one.
    pub multi_platform: bool,
    /// Values of build arguments, without those that have a field of their own.
    pub build_args: BTreeMap<String, String>,
    /// Labels for the image. They take precedence over those of the build file.
    pub labels: BTreeMap<String, String>,
    /// The stages that must not use cached results.
    pub no_cache: NoCache,
    /// The caches in which the engine may find results.
    pub cache_imports: Vec<CacheImport>,
    /// A prefix for the ids of cache mounts. A slash separates both.
    pub cache_mount_namespace: String,
    /// Whether the engine may use local images.
    pub resolve_mode: ResolveMode,
    /// The time of the files and images that the build makes.
    pub source_date_epoch: Option<SourceDateEpoch>,
    /// Keeps `.git` in contexts that are git repositories.
    pub keep_git_dir: bool,

    /// The network of steps that do not choose one.
    pub network: Network,
    /// Additional host names for all steps.
    pub extra_hosts: Vec<ExtraHost>,
    /// The size of `/dev/shm` in bytes.
    pub shm_size: Option<u64>,
    /// Resource limits of processes.
    pub ulimits: Vec<Ulimit>,
    /// Resource limits of steps.
    pub resources: Resources,
    /// The parent control group of steps. May be empty.
    pub cgroup_parent: String,
    /// The host name that steps see. May be empty.
    pub hostname: String,
    /// The proxies of steps, from the build arguments with these names. [`Self::build_args`] contains them
    /// too.
    pub proxy: ProxyEnv,

    /// A request for something other than a build, such as `frontend.lint`.
    pub request: Option<String>,
    /// Capabilities that the client requires of the frontend, without suffixes such as `+forward`.
    pub required_caps: Vec<String>,
    /// The client's settings for checks, if they override those of the build file.
    pub check: Option<CheckOptions>,
    /// The SBOM, if the client asks for one.
    pub sbom: Option<SbomOptions>,
    /// The stages for which the scanner also examines the context.
    pub sbom_scan_context: ScanFor,
    /// The stages that the scanner also examines.
    pub sbom_scan_stage: ScanFor,

    /// All other keys.
    pub unknown: BTreeMap<String, String>,
}

/// A named context that replaces an image or stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedContextOption<'a> {
    /// The name of the context, including the platform if the name has one. Step names contain it.
    pub key: String,
    /// The value, such as `docker-image://…`; see [`crate::gateway::named_context::NamedSource`].
    pub value: &'a str,
    /// A key that distinguishes directories with the same name. May be empty.
    pub shared_key: &'a str,
}

impl Options {
    /// The named context for an image or stage. A context for this platform takes precedence over one for all
    /// platforms.
    ///
    /// Names are compared as short image names without `:latest`.
    pub fn named_context(&self, name: &str, platform: &Platform) -> Option<NamedContextOption<'_>> {
        let name = ImageReference::parse(name)
            .map_or_else(|_| name.to_owned(), |reference| reference.context_name());
        let for_platform = format!("{name}::{}", platform.normalized().format_all());
        [for_platform, name].into_iter().find_map(|key| {
            let value = self.named_contexts.get(&key)?;
            let shared_key = self.shared_keys.get(&key).map_or("", String::as_str);
            Some(NamedContextOption { key, value, shared_key })
        })
    }

    /// The session that has a directory of the client.
    pub fn session_of(&self, local: &str) -> &str {
        self.local_sessions.get(local).unwrap_or(&self.session_id)
    }
}
