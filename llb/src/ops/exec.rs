//! An op that runs one process.

use std::collections::{BTreeMap, BTreeSet};

use super::mount::Mount;
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::pb;
use crate::platform::Platform;
use crate::resources::LinuxResources;
use crate::state::{Inputs, NONE, Parts, State};

const ROOT: &str = "/";

/// The network that a process sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// A network of its own, with access to the outside.
    #[default]
    Sandbox,
    /// The engine's own network; needs an entitlement.
    Host,
    /// No network.
    None,
}

/// The rights that a process has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Security {
    /// The usual rights of a process in a container.
    #[default]
    Sandbox,
    /// All rights; needs an entitlement.
    Insecure,
}

/// Proxies for a process. They are not part of the cache key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyEnv {
    /// `HTTP_PROXY`
    pub http: String,
    /// `HTTPS_PROXY`
    pub https: String,
    /// `FTP_PROXY`
    pub ftp: String,
    /// `NO_PROXY`
    pub no: String,
    /// `ALL_PROXY`
    pub all: String,
}

/// A process, before its root is known.
#[derive(Debug, Clone)]
#[must_use]
pub struct Exec {
    meta: pb::Meta,
    env: Vec<(String, String)>,
    /// The index of each variable in `env`.
    env_places: BTreeMap<String, usize>,
    network: Network,
    security: Security,
    secret_env: Vec<pb::SecretEnv>,
    devices: Vec<pb::CdiDevice>,
    mounts: Vec<Mount>,
    read_only_root: bool,
    platform: Option<Platform>,
    resources: Option<LinuxResources>,
    metadata: Metadata,
}

impl Exec {
    /// A program and its arguments. They run in `/` by default, without a shell.
    ///
    /// An engine refuses an empty list.
    pub fn new<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Self {
        let meta = pb::Meta {
            args: args.into_iter().map(Into::into).collect(),
            cwd: ROOT.to_owned(),
            // Otherwise the empty folders made as mount points stay in the layer.
            remove_mount_stubs_recursive: true,
            ..pb::Meta::default()
        };
        Self {
            meta,
            env: Vec::new(),
            env_places: BTreeMap::new(),
            network: Network::default(),
            security: Security::default(),
            secret_env: Vec::new(),
            devices: Vec::new(),
            mounts: Vec::new(),
            read_only_root: false,
            platform: None,
            resources: None,
            metadata: Metadata::default(),
        }
    }

    /// The platform of the process. If unset, the platform of the root.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.platform = Some(platform.normalized());
        self
    }

    /// The working directory, an absolute path.
    pub fn cwd(mut self, path: impl Into<String>) -> Self {
        self.meta.cwd = path.into();
        self
    }

    /// A variable of the environment. A later value replaces an earlier one at the same position.
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let (key, value) = (key.into(), value.into());
        if let Some((_, old)) = self.env_places.get(&key).and_then(|at| self.env.get_mut(*at)) {
            *old = value;
        } else {
            self.env_places.insert(key.clone(), self.env.len());
            self.env.push((key, value));
        }
        self
    }

    /// The user, and after a colon the group, by name or number. Names are looked up in the root.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.meta.user = user.into();
        self
    }

    /// The host name that the process sees.
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.meta.hostname = hostname.into();
        self
    }

    /// The network.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// The rights.
    pub fn security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// The parent control group of the process.
    pub fn cgroup_parent(mut self, parent: impl Into<String>) -> Self {
        self.meta.cgroup_parent = parent.into();
        self
    }

    /// Adds a line to `/etc/hosts`.
    pub fn extra_host(mut self, host: impl Into<String>, ip: impl Into<String>) -> Self {
        self.meta.extra_hosts.push(pb::HostIp { host: host.into(), ip: ip.into() });
        self
    }

    /// A resource limit, such as `nofile`.
    pub fn ulimit(mut self, name: impl Into<String>, soft: i64, hard: i64) -> Self {
        self.meta.ulimit.push(pb::Ulimit { name: name.into(), soft, hard });
        self
    }

    /// Limits of CPU time and memory. They are metadata: changing them does not invalidate the cached result.
    pub fn resources(mut self, limits: LinuxResources) -> Self {
        self.resources = Some(limits);
        self
    }

    /// Proxies, which the process sees as variables in upper and lower case.
    pub fn proxy(mut self, proxy: ProxyEnv) -> Self {
        self.meta.proxy_env = Some(pb::ProxyEnv {
            http_proxy: proxy.http,
            https_proxy: proxy.https,
            ftp_proxy: proxy.ftp,
            no_proxy: proxy.no,
            all_proxy: proxy.all,
        });
        self
    }

    /// The exit codes that count as success. If unset, only 0.
    pub fn valid_exit_codes(mut self, codes: impl IntoIterator<Item = i32>) -> Self {
        self.meta.valid_exit_codes = codes.into_iter().collect();
        self
    }

    /// A variable with the value of a build secret. Only the name and the id are part of the op.
    pub fn secret_env(mut self, name: impl Into<String>, id: impl Into<String>, optional: bool) -> Self {
        self.secret_env.push(pb::SecretEnv { id: id.into(), name: name.into(), optional });
        self
    }

    /// A device, by its name in the Container Device Interface.
    pub fn device(mut self, name: impl Into<String>, optional: bool) -> Self {
        self.devices.push(pb::CdiDevice { name: name.into(), optional });
        self
    }

    /// Whether the engine removes the folders that it made only as mount points. The default is yes.
    pub fn remove_mount_stubs(mut self, remove: bool) -> Self {
        self.meta.remove_mount_stubs_recursive = remove;
        self
    }

    /// A mount. A later mount at the same path replaces an earlier one. A mount at `/` replaces the root.
    pub fn mount(mut self, mount: Mount) -> Self {
        // An agent without a path gets a path of its own when the command runs.
        let replaced = |other: &Mount| !mount.dest.is_empty() && other.dest == mount.dest;
        self.mounts.retain(|other| !replaced(other));
        self.mounts.push(mount);
        self
    }

    /// Makes the root read-only. The root is then not an output.
    pub fn read_only_root(mut self) -> Self {
        self.read_only_root = true;
        self
    }

    /// The metadata of the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// Runs the process on a root.
    pub fn run(mut self, root: &State) -> Executed {
        let mut caps = self.caps();
        let mounts = self.ordered_mounts(root);
        let mut inputs = Inputs::default();
        let mut outputs = 0;
        let mut after = BTreeMap::new();
        let mut messages = Vec::with_capacity(mounts.len());
        for mount in &mounts {
            mount.add_caps(&mut caps);
            let input = inputs.add(&mount.source);
            let output = if mount.has_output() { outputs } else { NONE };
            messages.push(mount.to_pb(input, output));
            if mount.has_output() {
                after.insert(mount.dest.clone(), After::Output(output));
                outputs += 1;
            } else if mount.keeps_source() {
                after.insert(mount.dest.clone(), After::Same(mount.source.clone()));
            }
        }
        self.metadata.resources = self.resources;
        self.meta.env = self.env.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let op = pb::ExecOp {
            meta: Some(self.meta),
            mounts: messages,
            network: match self.network {
                Network::Sandbox => pb::NetMode::Unset.into(),
                Network::Host => pb::NetMode::Host.into(),
                Network::None => pb::NetMode::None.into(),
            },
            security: match self.security {
                Security::Sandbox => pb::SecurityMode::Sandbox.into(),
                Security::Insecure => pb::SecurityMode::Insecure.into(),
            },
            secretenv: self.secret_env,
            cdi_devices: self.devices,
        };
        let platform = self.platform.as_ref().or(root.platform());
        let vertex = Parts {
            op: pb::op::Op::Exec(op),
            inputs,
            op_platform: platform,
            platform,
            metadata: self.metadata,
            caps,
        }
        .vertex();
        let state = |after| match after {
            After::Output(index) => State::new(vertex.clone(), index),
            After::Same(source) => source,
        };
        Executed { states: after.into_iter().map(|(dest, after)| (dest, state(after))).collect() }
    }

    /// The mounts in Go's order: sorted by path, then secrets, then agents. Secrets and agents keep the order
    /// in which they were given.
    fn ordered_mounts(&mut self, root: &State) -> Vec<Mount> {
        let mut mounts = std::mem::take(&mut self.mounts);
        if !mounts.iter().any(|mount| mount.dest == ROOT) {
            mounts.push(Mount::bind(root, ROOT));
        }
        let (secrets, mounts): (Vec<_>, Vec<_>) = mounts.into_iter().partition(Mount::is_secret);
        let (mut agents, mut mounts): (Vec<_>, Vec<_>) = mounts.into_iter().partition(Mount::is_ssh);
        for mount in mounts.iter_mut().filter(|mount| mount.dest == ROOT) {
            mount.read_only |= self.read_only_root;
        }
        mounts.sort_by(|left, right| left.dest.cmp(&right.dest));
        for (position, agent) in agents.iter_mut().enumerate() {
            if agent.dest.is_empty() {
                agent.dest = format!("/run/buildkit/ssh_agent.{position}");
            }
        }
        if let Some(first) = agents.first()
            && !self.env.iter().any(|(key, _)| key == "SSH_AUTH_SOCK")
        {
            self.env.push(("SSH_AUTH_SOCK".to_owned(), first.dest.clone()));
        }
        let mounts = mounts.into_iter().map(Mount::seeded);
        mounts.chain(secrets).chain(agents).collect()
    }

    /// The capabilities that the op needs, without those of its mounts.
    fn caps(&self) -> BTreeSet<Cap> {
        let needs = [
            (Cap::ExecMetaBase, true),
            (Cap::ExecMetaSetsDefaultPath, !self.env.iter().any(|(key, _)| key == "PATH")),
            (Cap::ExecMetaNetwork, self.network != Network::Sandbox),
            (Cap::ExecMetaSecurity, self.security != Security::Sandbox),
            (Cap::ExecMetaProxy, self.meta.proxy_env.is_some()),
            (Cap::ExecMetaUlimit, !self.meta.ulimit.is_empty()),
            (Cap::ExecMetaCgroupParent, !self.meta.cgroup_parent.is_empty()),
            (Cap::ExecMetaLinuxResources, self.resources.is_some()),
            (Cap::ExecMetaCdi, !self.devices.is_empty()),
            (Cap::ExecSecretEnv, !self.secret_env.is_empty()),
            // Go requires the mount capability even if a secret is only a variable.
            (Cap::ExecMountSecret, !self.secret_env.is_empty()),
            (Cap::ExecValidExitCode, !self.meta.valid_exit_codes.is_empty()),
        ];
        needs.into_iter().filter_map(|(cap, needed)| needed.then_some(cap)).collect()
    }
}

/// The state at a mount path after the process has run.
enum After {
    Output(i64),
    Same(State),
}

/// The result of a process: the states at its mount paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    states: BTreeMap<String, State>,
}

impl Executed {
    /// The root after the run. A read-only root is the root before the run, and does not depend on the
    /// process.
    pub fn root(&self) -> State {
        self.output(ROOT)
    }

    /// The state at a mount path after the run.
    ///
    /// For a read-only mount this is the mounted state. It is scratch if nothing is kept: for caches, memory,
    /// secrets, mounts without an output, and paths without a mount.
    pub fn output(&self, dest: &str) -> State {
        self.states.get(dest).cloned().unwrap_or_default()
    }
}
