//! The requests and answers of [`crate::gateway::bridge::Bridge`].

use buildkit_llb::{Definition, Platform, Range, ResolveMode};
use buildkit_proto::fsutil::types::Stat;
use buildkit_proto::moby::buildkit::v1::frontend as wire;
use buildkit_proto::pb;

use crate::gateway::errors::wire_range;
use crate::gateway::options::CacheImport;
use crate::reference::{ImageReference, ReferenceError};

/// A result that the engine keeps for us until the end of the build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    pub(super) id: String,
}

impl Reference {
    /// The engine's id of the result.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A graph to solve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SolveRequest {
    /// The encoded graph. A graph without operations is the empty file system, and the engine is not asked.
    pub definition: Vec<u8>,
    /// Whether the graph runs before the call returns. Otherwise it runs when a file is read, or at the
    /// export.
    pub evaluate: bool,
    /// The caches in which the engine may find results.
    pub cache_imports: Vec<CacheImport>,
}

impl SolveRequest {
    /// A graph that runs when its result is needed.
    pub fn new(definition: &Definition) -> Self {
        Self { definition: definition.encode(), ..Self::default() }
    }
}

/// The place where the engine finds an image's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ImageStore {
    /// The registry that the image's name contains.
    #[default]
    Registry,
    /// An OCI layout of the client.
    OciLayout {
        /// The session of the client that has the layout.
        session_id: String,
        /// The client's name of the layout.
        store_id: String,
    },
}

/// An image whose configuration is needed.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageRequest {
    /// The full canonical name, with a tag or a digest.
    pub reference: String,
    /// The platform to select from an index. With `None` the engine chooses.
    pub platform: Option<Platform>,
    /// Whether the engine may use a local image.
    pub resolve_mode: ResolveMode,
    /// The step name that the user sees during the lookup, such as `[internal] load metadata for …`.
    pub log_name: String,
    /// The place of the image.
    pub store: ImageStore,
}

impl ImageRequest {
    /// Whether two requests differ only in their step name, so that one answer serves both.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        self.reference == other.reference
            && self.platform == other.platform
            && self.resolve_mode == other.resolve_mode
            && self.store == other.store
    }
}

impl From<ImageRequest> for wire::ResolveImageConfigRequest {
    fn from(request: ImageRequest) -> Self {
        let (resolver_type, session_id, store_id) = match request.store {
            ImageStore::Registry => (0, String::new(), String::new()),
            ImageStore::OciLayout { session_id, store_id } => (1, session_id, store_id),
        };
        Self {
            r#ref: request.reference,
            platform: request.platform.as_ref().map(wire_platform),
            resolve_mode: resolve_mode_name(request.resolve_mode).to_owned(),
            log_name: request.log_name,
            resolver_type,
            session_id,
            store_id,
            source_policies: Vec::new(),
        }
    }
}

fn resolve_mode_name(mode: ResolveMode) -> &'static str {
    match mode {
        ResolveMode::Default => "default",
        ResolveMode::ForcePull => "pull",
        ResolveMode::PreferLocal => "local",
    }
}

/// Converts a platform to its message.
pub(super) fn wire_platform(platform: &Platform) -> pb::Platform {
    pb::Platform {
        architecture: platform.architecture.clone(),
        os: platform.os.clone(),
        variant: platform.variant.clone(),
        os_version: platform.os_version.clone(),
        os_features: platform.os_features.clone(),
    }
}

/// Converts a platform from its message.
pub(super) fn platform_from_wire(platform: pb::Platform) -> Platform {
    Platform {
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant,
        os_version: platform.os_version,
        os_features: platform.os_features,
    }
}

/// The answer to an image lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedImage {
    /// The digest of the manifest or index. Empty if the engine knows none, see [`Self::pin`].
    pub digest: String,
    /// The image's configuration: JSON, as it is in the registry.
    pub config: Vec<u8>,
    /// The full name of the image. A source policy can make it differ from the name in the request.
    pub reference: String,
}

impl ResolvedImage {
    /// Adds the default tag to `reference` if it has none, and pins it to the digest that was found. Docker's
    /// classic store gives no digest for an image that it has itself. Then the result is the name without a
    /// digest, as in docker/dockerfile.
    ///
    /// # Errors
    /// If the engine's digest is not a valid digest.
    pub fn pin(&self, reference: ImageReference) -> Result<ImageReference, ReferenceError> {
        let reference = reference.with_default_tag();
        if self.digest.is_empty() { Ok(reference) } else { reference.with_digest(&self.digest) }
    }
}

/// The metadata of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// The name inside the listed directory, or the path of the request.
    pub path: String,
    /// Type and permissions in the bits of Go's `fs.FileMode`.
    pub mode: u32,
    /// Size in bytes.
    pub size: u64,
    /// The target of a symbolic link, as the link contains it.
    pub link_target: String,
    /// The time of the last change of the content, in seconds since 1970.
    pub modified: i64,
}

impl FileStat {
    const DIRECTORY: u32 = 1 << 31;
    const SYMLINK: u32 = 1 << 27;
    /// All bits of Go's mode that mean "not a regular file".
    const TYPE: u32 = 0x8f28_0000;

    /// Whether the file is a directory.
    pub fn is_dir(&self) -> bool {
        self.mode & Self::DIRECTORY != 0
    }

    /// Whether the owner, the group or others may execute the file.
    pub fn runs(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// Whether the file is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.mode & Self::SYMLINK != 0
    }

    /// Whether the file is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & Self::TYPE == 0
    }

    /// The permission bits.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o777
    }
}

impl From<Stat> for FileStat {
    fn from(stat: Stat) -> Self {
        Self {
            path: stat.path,
            mode: stat.mode,
            size: u64::try_from(stat.size).unwrap_or(0),
            link_target: stat.linkname,
            modified: stat.mod_time.div_euclid(1_000_000_000),
        }
    }
}

/// A warning, which clients show at the end of the build's output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Warning {
    /// The digest of the operation that the warning belongs to: the one that loaded the build file.
    pub digest: String,
    /// One line, such as `RuleName: what is wrong (line 3)`.
    pub short: String,
    /// More lines, which clients show in debug mode.
    pub detail: Vec<String>,
    /// A page about the rule.
    pub url: String,
    /// The file that the warning is about.
    pub source: Option<pb::SourceInfo>,
    /// The parts of that file.
    pub ranges: Vec<Range>,
}

impl From<Warning> for wire::WarnRequest {
    fn from(warning: Warning) -> Self {
        Self {
            digest: warning.digest,
            level: 1,
            short: warning.short.into_bytes(),
            detail: warning.detail.into_iter().map(String::into_bytes).collect(),
            url: warning.url,
            info: warning.source,
            ranges: warning.ranges.into_iter().map(wire_range).collect(),
        }
    }
}
