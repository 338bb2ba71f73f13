//! Mounts of a command besides its root: other states, caches, memory, secrets and ssh agents.

use std::collections::BTreeSet;

use super::file::FileOp;
use super::file_actions::{MkDir, Owner};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::pb;
use crate::state::{NONE, State};

/// The rule for two commands that use one cache at the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Both use it.
    #[default]
    Shared,
    /// The second command gets another cache, which may be empty.
    Private,
    /// The second command waits.
    Locked,
}

/// Whether the cache key of the command is computed from the content of an input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContentCache {
    /// Only for read-only mounts and mounts with a selector.
    #[default]
    Default,
    /// Always.
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

/// A mount in the file system of a command.
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

/// The default mode of a secret's file.
const SECRET_MODE: u32 = 0o400;
/// The default mode of an agent's socket.
const SSH_MODE: u32 = 0o600;
/// The mode of a cache folder for which only an owner is given.
const CACHE_MODE: u32 = 0o755;
/// The folder, in the state that seeds a cache, that becomes the new cache.
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

    /// Mounts a state. By default, the files that the command writes are an output.
    pub fn bind(state: &State, dest: impl Into<String>) -> Self {
        Self::new(Kind::Bind, dest).seed(state)
    }

    /// Mounts an empty folder. Its content after the command is an output.
    pub fn scratch(dest: impl Into<String>) -> Self {
        Self::new(Kind::Bind, dest)
    }

    /// A folder that the engine keeps between builds under an id.
    ///
    /// The id is part of the digest, but the content is not. So a command must give the same result with an
    /// empty cache.
    pub fn cache(dest: impl Into<String>, id: impl Into<String>, sharing: Sharing) -> Self {
        Self::new(Kind::Cache { id: id.into(), sharing }, dest)
    }

    /// A folder in memory.
    pub fn tmpfs(dest: impl Into<String>) -> Self {
        Self::new(Kind::Tmpfs { size: 0 }, dest)
    }

    /// A file with the value of a build secret. The default mode is 0400.
    pub fn secret(id: impl Into<String>, dest: impl Into<String>) -> Self {
        Self::new(Kind::Secret { id: id.into() }, dest)
    }

    /// The socket of an ssh agent of the client. The default mode is 0600.
    ///
    /// An empty path means the usual path of the n-th agent. The command gets the path of the first agent as
    /// `SSH_AUTH_SOCK`, unless this variable is set.
    pub fn ssh(id: impl Into<String>, dest: impl Into<String>) -> Self {
        Self::new(Kind::Ssh { id: id.into() }, dest)
    }

    /// Mounts only this path of the state.
    pub fn selector(mut self, path: impl Into<String>) -> Self {
        self.selector = path.into();
        self
    }

    /// The command can't write. The mount has no output: the state after the command is the state before.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// The command can write, but its changes are dropped.
    pub fn no_output(mut self) -> Self {
        self.no_output = true;
        self
    }

    /// Whether the content of the state is part of the cache key.
    pub fn content_cache(mut self, content_cache: ContentCache) -> Self {
        self.content_cache = content_cache;
        self
    }

    /// The initial content of a new cache, or the state of a bind mount. Other mounts ignore this.
    pub fn seed(mut self, state: &State) -> Self {
        if matches!(self.kind, Kind::Bind | Kind::Cache { .. }) {
            self.source = state.clone();
        }
        self
    }

    /// The size limit of a folder in memory, in bytes. 0 means the engine's own limit.
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

    /// Allows that the client does not have the secret or the agent.
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

    /// Whether other ops can use the files that the command writes.
    pub(super) fn has_output(&self) -> bool {
        self.kind == Kind::Bind && !self.read_only && !self.no_output
    }

    /// Whether the state after the command is the state before.
    pub(super) fn keeps_source(&self) -> bool {
        self.kind == Kind::Bind && self.read_only
    }

    /// Gives a cache folder its owner and mode: seeds it with a folder that has them, as the Dockerfile
    /// frontend does.
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

    /// Adds the capabilities that this mount needs.
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

    /// The message. `input` and `output` are indices of the op.
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

/// A secret or a socket has no other field of a mount. Its output is 0 without a meaning, because Go writes
/// 0.
fn without_output(dest: &str, mount_type: pb::MountType) -> pb::Mount {
    pb::Mount { input: NONE, dest: dest.to_owned(), mount_type: mount_type.into(), ..pb::Mount::default() }
}
