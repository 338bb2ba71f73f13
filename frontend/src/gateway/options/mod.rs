//! What the client asks for: the options, the session and the workers, from the process's environment.
//!
//! Each option comes as `BUILDKIT_FRONTEND_OPT_<n>=<key>=<value>`, in no order. Unknown keys are kept and never
//! refused: newer clients send keys that older frontends have to ignore. No option is secret; provenance lists them.

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

/// An option whose value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The value is not of the option's syntax.
    #[error("option `{key}` has the value `{value}`; accepted: {accepted}")]
    Value {
        /// The option.
        key: String,
        /// Its value.
        value: String,
        /// What would have been accepted, in words.
        accepted: String,
    },
    /// A platform nobody knows.
    #[error("option `platform` has the value `{value}`")]
    Platform {
        /// The whole value.
        value: String,
        /// What is wrong with one of its platforms.
        #[source]
        source: PlatformError,
    },
    /// An image that cannot be named so.
    #[error("option `{key}` does not name an image")]
    Image {
        /// The option.
        key: String,
        /// What is wrong with the name.
        #[source]
        source: ReferenceError,
    },
    /// Two options that exclude each other.
    #[error("option `multi-platform` is `false`, but option `platform` lists {count} platforms")]
    NotMultiPlatform {
        /// How many platforms are asked for.
        count: usize,
    },
}

impl OptionError {
    fn value(key: &str, value: &str, accepted: impl Into<String>) -> Self {
        Self::Value { key: key.to_owned(), value: value.to_owned(), accepted: accepted.into() }
    }
}

/// A place to look for cached results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheImport {
    /// The kind of cache, e.g. `registry` or `gha`.
    pub kind: String,
    /// What the kind needs to know, e.g. `ref`.
    pub attributes: BTreeMap<String, String>,
}

impl From<CacheImport> for wire::CacheOptionsEntry {
    fn from(import: CacheImport) -> Self {
        Self { r#type: import.kind, attrs: import.attributes.into_iter().collect() }
    }
}

/// An SBOM that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SbomOptions {
    /// The image of a scanner; absent where none is named.
    pub generator: Option<ImageReference>,
    /// Further parameters for it.
    pub parameters: BTreeMap<String, String>,
}

/// Everything the client asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The session of the client that started the build.
    pub session_id: String,
    /// What the engine is called, to tell users what to update; may be empty.
    pub product: String,
    /// The platform that build steps run on without emulation: the first one of the first worker. Normalised.
    pub build_platform: Option<Platform>,

    /// Every option as it came, for a frontend that is asked in turn.
    pub raw: BTreeMap<String, String>,

    /// The reference by which this frontend was named.
    pub source: String,
    /// The whole `# syntax=` directive: [`Self::source`] and what stands after it.
    pub cmdline: Option<String>,

    /// The path of the build file in its source.
    pub filename: Option<String>,
    /// The client's directory that has the build file; `dockerfile` unless the client says otherwise.
    pub build_file_source: String,
    /// The build file comes from that directory even if the context is a remote one.
    pub build_file_is_local: bool,
    /// The main context as the client gave it: empty for a directory of the client, else a URL. See
    /// [`crate::gateway::git_url::ContextSource`].
    pub context: String,
    /// The directory of a remote context to use as its root.
    pub context_subdir: Option<String>,
    /// Named contexts by name, or by `name::platform`; see [`Self::named_context`].
    pub named_contexts: BTreeMap<String, String>,
    /// Metadata of inputs by the input's name: JSON of a map from keys to base64.
    pub input_metadata: BTreeMap<String, String>,
    /// Session ids of directories that another session has, by the directory's name.
    pub local_sessions: BTreeMap<String, String>,
    /// What tells apart directories that share a name, by the name of the context.
    pub shared_keys: BTreeMap<String, String>,

    /// The target to build; `None` is the default one.
    pub target: Option<String>,
    /// The platforms to build for, normalised, as ordered by the client. None means one, of the engine's choice.
    pub platforms: Vec<Platform>,
    /// The result is keyed by platform even if there is only one.
    pub multi_platform: bool,
    /// Values for build arguments, without those this struct has a field for.
    pub build_args: BTreeMap<String, String>,
    /// Labels for the image; they win over those of the build file.
    pub labels: BTreeMap<String, String>,
    /// What must not come from the cache.
    pub no_cache: NoCache,
    /// Where the engine may find cached results.
    pub cache_imports: Vec<CacheImport>,
    /// What goes before the ids of cache mounts, with a slash between.
    pub cache_mount_namespace: String,
    /// Whether local images will do.
    pub resolve_mode: ResolveMode,
    /// The time to give to what is built.
    pub source_date_epoch: Option<SourceDateEpoch>,
    /// Keeps `.git` in contexts that are git repositories.
    pub keep_git_dir: bool,

    /// The network of steps that ask for none in particular.
    pub network: Network,
    /// Further names for all steps.
    pub extra_hosts: Vec<ExtraHost>,
    /// The size of `/dev/shm` in bytes.
    pub shm_size: Option<u64>,
    /// Limits of processes.
    pub ulimits: Vec<Ulimit>,
    /// Limits of steps.
    pub resources: Resources,
    /// The control group that steps run under; may be empty.
    pub cgroup_parent: String,
    /// The host name in steps; may be empty.
    pub hostname: String,
    /// The proxies of steps, from the build arguments of those names. They stay in [`Self::build_args`] as well.
    pub proxy: ProxyEnv,

    /// A request for something other than a build, e.g. `frontend.lint`.
    pub request: Option<String>,
    /// Capabilities the client demands of the frontend, suffixes such as `+forward` removed.
    pub required_caps: Vec<String>,
    /// Which checks run, where the client overrides the build file.
    pub check: Option<CheckOptions>,
    /// The SBOM, where one is asked for.
    pub sbom: Option<SbomOptions>,
    /// The stages whose image's scan covers the context, too.
    pub sbom_scan_context: ScanFor,
    /// Which stages to scan, too.
    pub sbom_scan_stage: ScanFor,

    /// All other keys.
    pub unknown: BTreeMap<String, String>,
}

/// A named context that was found for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedContextOption<'a> {
    /// The name it was found by, with the platform if that is part of it. Rows in the progress are called after it.
    pub key: String,
    /// Where it is, e.g. `docker-image://…`; see [`crate::gateway::named_context::NamedSource`].
    pub value: &'a str,
    /// What tells it apart from other directories of the same name; may be empty.
    pub shared_key: &'a str,
}

impl Options {
    /// The named context for an image or stage. One for this platform wins over one for all.
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

    /// The session that has a client's directory.
    pub fn session_of(&self, local: &str) -> &str {
        self.local_sessions.get(local).unwrap_or(&self.session_id)
    }
}
