//! What a command sees beside its root: other states, caches, memory, secrets and ssh agents.

use std::collections::BTreeSet;

use super::file::FileOp;
use super::file_actions::{MkDir, Owner};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::pb;
use crate::state::{NONE, State};

/// What happens when two commands want one cache at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Both get it.
    #[default]
    Shared,
    /// The second gets another, possibly empty one.
    Private,
    /// The second waits.
    Locked,
}

/// Whether the cache key of the command is computed from the content of an input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContentCache {
    /// For read-only mounts and those with a selector.
    #[default]
    Default,
    /// In any case.
    On,
    /// Never: only the input's own key counts.
    Off,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Bind,
    Cache { id: String, sharing: Sharing },
    Tmpfs { size: i64 },
    Secret { id: String },
    Ssh { id: String },
}

/// Something mounted into the file system of a command.
#[derive(Debug, Clone)]
#[must_use]
pub struct Mount {
    kind: Kind,
    pub(super) dest: String,
    pub(super) source: State,
    selector: String,
    pub(super) read_only: bool,
    no_output: bool,
    content_cache: ContentCache,
    owner: Option<(u32, u32)>,
    mode: Option<u32>,
    optional: bool,
}

/// Mode of a secret's file unless given.
const SECRET_MODE: u32 = 0o400;
/// Mode of an agent's socket unless given.
const SSH_MODE: u32 = 0o600;
/// Mode of a cache folder where only its owner is given.
const CACHE_MODE: u32 = 0o755;
/// The folder that stands for a new cache in the state that seeds it.
const CACHE_SEED: &str = "/cache";

impl Mount {
    fn new(kind: Kind, dest: impl Into<String>) -> Self {
        Self {
            kind,
            dest: dest.into(),
            source: State::scratch(),
            selector: String::new(),
            read_only: false,
            no_output: false,
            content_cache: ContentCache::Default,
            owner: None,
            mode: None,
            optional: false,
        }
    }

    /// A state. What the command writes is an output, unless told otherwise.
    pub fn bind(state: &State, dest: impl Into<String>) -> Self {
        Self::new(Kind::Bind, dest).seed(state)
    }

    /// An empty folder whose content after the command is an output.
    pub fn scratch(dest: impl Into<String>) -> Self {
        Self::new(Kind::Bind, dest)
    }

    /// A folder that the engine keeps between builds under an id.
    ///
    /// The id is part of the digest, the content is not: a command must give the same result with an empty cache.
    pub fn cache(dest: impl Into<String>, id: impl Into<String>, sharing: Sharing) -> Self {
        Self::new(Kind::Cache { id: id.into(), sharing }, dest)
    }

    /// A folder in memory.
    pub fn tmpfs(dest: impl Into<String>) -> Self {
        Self::new(Kind::Tmpfs { size: 0 }, dest)
    }

    /// A file with the value of a build secret, mode 0400 unless given.
    pub fn secret(id: impl Into<String>, dest: impl Into<String>) -> Self {
        Self::new(Kind::Secret { id: id.into() }, dest)
    }

    /// The socket of an ssh agent of the client, mode 0600 unless given.
    ///
    /// An empty path stands for the usual place of the n-th agent. The first one's path is given to the command
    /// as `SSH_AUTH_SOCK`, unless that is set.
    pub fn ssh(id: impl Into<String>, dest: impl Into<String>) -> Self {
        Self::new(Kind::Ssh { id: id.into() }, dest)
    }

    /// Mounts only this path of the state.
    pub fn selector(mut self, path: impl Into<String>) -> Self {
        self.selector = path.into();
        self
    }

    /// The command can't write; there is no output, and the state after the command is the one before.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// The command can write, but what it writes is thrown away.
    pub fn no_output(mut self) -> Self {
        self.no_output = true;
        self
    }

    /// How the content of the state enters the cache key.
    pub fn content_cache(mut self, content_cache: ContentCache) -> Self {
        self.content_cache = content_cache;
        self
    }

    /// What a new cache starts with. For a bind mount, the state that is mounted; others start with nothing.
    pub fn seed(mut self, state: &State) -> Self {
        if matches!(self.kind, Kind::Bind | Kind::Cache { .. }) {
            self.source = state.clone();
        }
        self
    }

    /// Limit of a folder in memory, in bytes; 0 stands for the engine's own.
    pub fn size(mut self, bytes: u64) -> Self {
        if let Kind::Tmpfs { size } = &mut self.kind {
            *size = i64::try_from(bytes).unwrap_or(i64::MAX);
        }
        self
    }

    /// Numeric owner and group of a secret, a socket or a new, unseeded cache folder.
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some((uid, gid));
        self
    }

    /// Permission bits of a secret, a socket or a new, unseeded cache folder.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Whether the command also runs where the client lacks the secret or the agent.
    pub fn optional(mut self, optional: bool) -> Self {
        self.optional = optional;
        self
    }

    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret { .. })
    }

    pub(super) fn is_ssh(&self) -> bool {
        matches!(self.kind, Kind::Ssh { .. })
    }

    /// Whether what the command writes can be used by other ops.
    pub(super) fn has_output(&self) -> bool {
        self.kind == Kind::Bind && !self.read_only && !self.no_output
    }

    /// Whether the state after the command is the one before.
    pub(super) fn keeps_source(&self) -> bool {
        self.kind == Kind::Bind && self.read_only
    }

    /// A cache folder gets an owner and a mode by being seeded with a folder that has them, as in Dockerfiles.
    pub(super) fn seeded(self) -> Self {
        let unseeded = matches!(self.kind, Kind::Cache { .. }) && self.source.is_scratch();
        if !unseeded || (self.owner.is_none() && self.mode.is_none()) {
            return self;
        }
        let (uid, gid) = self.owner.unwrap_or_default();
        let folder = MkDir::new(CACHE_SEED).mode(self.mode.unwrap_or(CACHE_MODE)).owner(Owner::id(uid, gid));
        let metadata = Metadata::named("[internal] settings cache mount permissions");
        self.seed(&FileOp::on(&State::scratch()).mkdir(folder).meta(metadata).state()).selector(CACHE_SEED)
    }

    /// What an engine must have for this mount.
    pub(super) fn add_caps(&self, caps: &mut BTreeSet<Cap>) {
        let is_folder = !self.is_secret() && !self.is_ssh();
        if is_folder && !self.selector.is_empty() {
            caps.insert(Cap::ExecMountSelector);
        }
        if is_folder && self.content_cache != ContentCache::Default {
            caps.insert(Cap::ExecMountContentCache);
        }
        match &self.kind {
            Kind::Bind => {
                if !self.source.is_scratch() {
                    caps.insert(Cap::ExecMountBind);
                }
                if self.no_output && !self.read_only {
                    caps.insert(Cap::ExecMountBindReadWriteNoOutput);
                }
            }
            Kind::Cache { .. } => caps.extend([Cap::ExecMountCache, Cap::ExecMountCacheSharing]),
            Kind::Tmpfs { size } => {
                caps.insert(Cap::ExecMountTmpfs);
                if *size > 0 {
                    caps.insert(Cap::ExecMountTmpfsSize);
                }
            }
            Kind::Secret { .. } => drop(caps.insert(Cap::ExecMountSecret)),
            Kind::Ssh { .. } => drop(caps.insert(Cap::ExecMountSsh)),
        }
    }

    /// The message; the indices are those of the op.
    pub(super) fn to_pb(&self, input: i64, output: i64) -> pb::Mount {
        let mut mount = pb::Mount {
            input,
            output,
            dest: self.dest.clone(),
            selector: self.selector.clone(),
            readonly: self.read_only,
            content_cache: match self.content_cache {
                ContentCache::Default => pb::MountContentCache::Default.into(),
                ContentCache::On => pb::MountContentCache::On.into(),
                ContentCache::Off => pb::MountContentCache::Off.into(),
            },
            ..pb::Mount::default()
        };
        match &self.kind {
            Kind::Bind => {}
            Kind::Cache { id, sharing } => {
                let sharing = match sharing {
                    Sharing::Shared => pb::CacheSharingOpt::Shared,
                    Sharing::Private => pb::CacheSharingOpt::Private,
                    Sharing::Locked => pb::CacheSharingOpt::Locked,
                };
                mount.mount_type = pb::MountType::Cache.into();
                mount.cache_opt = Some(pb::CacheOpt { id: id.clone(), sharing: sharing.into() });
            }
            Kind::Tmpfs { size } => {
                mount.mount_type = pb::MountType::Tmpfs.into();
                mount.tmpfs_opt = Some(pb::TmpfsOpt { size: *size });
            }
            Kind::Secret { id } => {
                let (uid, gid) = self.owner.unwrap_or_default();
                let (id, mode, optional) = (id.clone(), self.mode.unwrap_or(SECRET_MODE), self.optional);
                mount = without_output(&self.dest, pb::MountType::Secret);
                mount.secret_opt = Some(pb::SecretOpt { id, uid, gid, mode, optional });
            }
            Kind::Ssh { id } => {
                let (uid, gid) = self.owner.unwrap_or_default();
                let (id, mode, optional) = (id.clone(), self.mode.unwrap_or(SSH_MODE), self.optional);
                mount = without_output(&self.dest, pb::MountType::Ssh);
                mount.ssh_opt = Some(pb::SshOpt { id, uid, gid, mode, optional });
            }
        }
        mount
    }
}

/// Secrets and sockets have none of a mount's other fields. Their output is 0, which means nothing: so writes Go.
fn without_output(dest: &str, mount_type: pb::MountType) -> pb::Mount {
    pb::Mount { input: NONE, dest: dest.to_owned(), mount_type: mount_type.into(), ..pb::Mount::default() }
}
