//! One process to run.

use std::collections::{BTreeMap, BTreeSet};

use super::mount::Mount;
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::pb;
use crate::platform::Platform;
use crate::resources::LinuxResources;
use crate::state::{Inputs, NONE, Parts, State};

const ROOT: &str = "/";

/// Which network a process sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// One of its own, with a way out.
    #[default]
    Sandbox,
    /// The engine's; needs an entitlement.
    Host,
    /// None.
    None,
}

/// What a process may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Security {
    /// What processes in containers may do.
    #[default]
    Sandbox,
    /// Everything; needs an entitlement.
    Insecure,
}

/// Proxies that a process is told about without their being part of the cache key.
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

/// A process, described before its root is known.
#[derive(Debug, Clone)]
#[must_use]
pub struct Exec {
    meta: pb::Meta,
    env: Vec<(String, String)>,
    /// Where each variable is in `env`.
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
    /// A program and its arguments, run in `/` unless told otherwise. There is no shell.
    ///
    /// An engine refuses an empty list.
    pub fn new<S: Into<String>>(args: impl IntoIterator<Item = S>) -> Self {
        let meta = pb::Meta {
            args: args.into_iter().map(Into::into).collect(),
            cwd: ROOT.to_owned(),
            // Else the empty folders that mounts were put on stay in the layer.
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

    /// The platform to run on; unset, that of the root.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.platform = Some(platform.normalized());
        self
    }

    /// The working directory, absolute.
    pub fn cwd(mut self, path: impl Into<String>) -> Self {
        self.meta.cwd = path.into();
        self
    }

    /// A variable of the environment. A later value takes the place of an earlier one, in its position.
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

    /// User, and group after a colon, by name or number; names are looked up in the root.
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

    /// The control group to run below.
    pub fn cgroup_parent(mut self, parent: impl Into<String>) -> Self {
        self.meta.cgroup_parent = parent.into();
        self
    }

    /// A line of `/etc/hosts`.
    pub fn extra_host(mut self, host: impl Into<String>, ip: impl Into<String>) -> Self {
        self.meta.extra_hosts.push(pb::HostIp { host: host.into(), ip: ip.into() });
        self
    }

    /// A resource limit, as `nofile`.
    pub fn ulimit(mut self, name: impl Into<String>, soft: i64, hard: i64) -> Self {
        self.meta.ulimit.push(pb::Ulimit { name: name.into(), soft, hard });
        self
    }

    /// Limits of CPU time and memory. They are no part of the op: a result is the same with others.
    pub fn resources(mut self, limits: LinuxResources) -> Self {
        self.resources = Some(limits);
        self
    }

    /// Proxies, which the process sees in upper and lower case.
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

    /// The exit codes that count as success; unset, 0 alone.
    pub fn valid_exit_codes(mut self, codes: impl IntoIterator<Item = i32>) -> Self {
        self.meta.valid_exit_codes = codes.into_iter().collect();
        self
    }

    /// A variable with the value of a build secret. Only the two names are part of the op.
    pub fn secret_env(mut self, name: impl Into<String>, id: impl Into<String>, optional: bool) -> Self {
        self.secret_env.push(pb::SecretEnv { id: id.into(), name: name.into(), optional });
        self
    }

    /// A device in the words of the Container Device Interface.
    pub fn device(mut self, name: impl Into<String>, optional: bool) -> Self {
        self.devices.push(pb::CdiDevice { name: name.into(), optional });
        self
    }

    /// Whether folders that were made only to mount something on are removed again; they are unless told otherwise.
    pub fn remove_mount_stubs(mut self, remove: bool) -> Self {
        self.meta.remove_mount_stubs_recursive = remove;
        self
    }

    /// A mount. A later one at the same path takes the place of an earlier one, and one at `/` that of the root.
    pub fn mount(mut self, mount: Mount) -> Self {
        // Agents without a path are given one each when the command is run.
        let replaced = |other: &Mount| !mount.dest.is_empty() && other.dest == mount.dest;
        self.mounts.retain(|other| !replaced(other));
        self.mounts.push(mount);
        self
    }

    /// The process can't write to its root, which is no output then.
    pub fn read_only_root(mut self) -> Self {
        self.read_only_root = true;
        self
    }

    /// What is said about the op.
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

    /// The mounts as Go orders them: by path, then secrets, then agents, these two as they were given.
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

    /// What an engine must have, apart from mounts.
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
            // Go asks for the mount too where a secret is only a variable.
            (Cap::ExecMountSecret, !self.secret_env.is_empty()),
            (Cap::ExecValidExitCode, !self.meta.valid_exit_codes.is_empty()),
        ];
        needs.into_iter().filter_map(|(cap, needed)| needed.then_some(cap)).collect()
    }
}

/// What is at a path after a process has run.
enum After {
    Output(i64),
    Same(State),
}

/// A process that has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    states: BTreeMap<String, State>,
}

impl Executed {
    /// The root after the run. For a read-only root it is the root before, which does not depend on the process.
    pub fn root(&self) -> State {
        self.output(ROOT)
    }

    /// What is mounted at a path after the run.
    ///
    /// For a read-only mount it is what was mounted; scratch where nothing is kept: caches, memory, secrets, mounts
    /// without an output, and paths without a mount.
    pub fn output(&self, dest: &str) -> State {
        self.states.get(dest).cloned().unwrap_or_default()
    }
}
