//! What the calls of [`crate::gateway::bridge::Bridge`] take and give.

use buildkit_llb::{Definition, Platform, Range, ResolveMode};
use buildkit_proto::fsutil::types::Stat;
use buildkit_proto::moby::buildkit::v1::frontend as wire;
use buildkit_proto::pb;

use crate::gateway::errors::wire_range;
use crate::gateway::options::CacheImport;
use crate::reference::{ImageReference, ReferenceError};

/// A result the engine holds for us; lasts as long as the build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    pub(super) id: String,
}

impl Reference {
    /// The engine's name for the result.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A graph to solve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SolveRequest {
    /// The graph, encoded. Without operations it is the empty file system, and the engine is not asked.
    pub definition: Vec<u8>,
    /// Runs the graph before the call returns. Otherwise it runs when something is read, or at the export.
    pub evaluate: bool,
    /// Where the engine may find cached results.
    pub cache_imports: Vec<CacheImport>,
}

impl SolveRequest {
    /// A graph to be run when its result is needed.
    pub fn new(definition: &Definition) -> Self {
        Self { definition: definition.encode(), ..Self::default() }
    }
}

/// Where an image's configuration comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ImageStore {
    /// The registry in its name.
    #[default]
    Registry,
    /// An OCI layout on the client's side.
    OciLayout {
        /// The session of the client that has it.
        session_id: String,
        /// The client's name for it.
        store_id: String,
    },
}

/// An image whose configuration is needed.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageRequest {
    /// The full canonical name, with a tag or a digest.
    pub reference: String,
    /// The platform to choose from an index; `None` leaves it to the engine.
    pub platform: Option<Platform>,
    /// Whether a local image will do.
    pub resolve_mode: ResolveMode,
    /// What the user sees while it is loaded, e.g. `[internal] load metadata for …`.
    pub log_name: String,
    /// Where the image is.
    pub store: ImageStore,
}

impl ImageRequest {
    /// Equal but for the name of the row, so that one answer serves both.
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

/// A platform on the wire.
pub(super) fn wire_platform(platform: &Platform) -> pb::Platform {
    pb::Platform {
        architecture: platform.architecture.clone(),
        os: platform.os.clone(),
        variant: platform.variant.clone(),
        os_version: platform.os_version.clone(),
        os_features: platform.os_features.clone(),
    }
}

/// A platform from the wire.
pub(super) fn platform_from_wire(platform: pb::Platform) -> Platform {
    Platform {
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant,
        os_version: platform.os_version,
        os_features: platform.os_features,
    }
}

/// An image as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedImage {
    /// The digest of its manifest or index; empty where the engine knows none, see [`Self::pin`].
    pub digest: String,
    /// Its configuration, JSON as it is in the registry.
    pub config: Vec<u8>,
    /// Its full name; differs from the name asked for where a source policy says so.
    pub reference: String,
}

impl ResolvedImage {
    /// `reference`, with the default tag if it has none, pinned to what was found. Docker's classic store tells no digest
    /// of an image that it has itself: then it is the name, as with docker/dockerfile.
    ///
    /// # Errors
    /// If the engine's digest is none.
    pub fn pin(&self, reference: ImageReference) -> Result<ImageReference, ReferenceError> {
        let reference = reference.with_default_tag();
        if self.digest.is_empty() { Ok(reference) } else { reference.with_digest(&self.digest) }
    }
}

/// What is known about a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// The name inside the directory that was listed, or the path that was asked for.
    pub path: String,
    /// Type and permissions in the bits of Go's `fs.FileMode`.
    pub mode: u32,
    /// In bytes.
    pub size: u64,
    /// Where a symbolic link points to, as it is written there.
    pub link_target: String,
    /// When its content last changed, in seconds since 1970.
    pub modified: i64,
}

impl FileStat {
    const DIRECTORY: u32 = 1 << 31;
    const SYMLINK: u32 = 1 << 27;
    /// Everything in Go's mode that says "not a regular file".
    const TYPE: u32 = 0x8f28_0000;

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.mode & Self::DIRECTORY != 0
    }

    /// Whether somebody may execute it.
    pub fn runs(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.mode & Self::SYMLINK != 0
    }

    /// Whether it is a regular file.
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

/// A warning for the end of the build's output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Warning {
    /// The operation to attach it to: the one that loaded the build file.
    pub digest: String,
    /// One line, e.g. `RuleName: what is wrong (line 3)`.
    pub short: String,
    /// What clients add in debug mode.
    pub detail: Vec<String>,
    /// A page about the rule.
    pub url: String,
    /// The file it is about.
    pub source: Option<pb::SourceInfo>,
    /// The stretches of that file.
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
