//! Options of every process of a build.

use std::collections::BTreeSet;

use buildkit_llb::{Cap, CapSet, Exec, LinuxResources, Mount, Network, ProxyEnv};

/// The steps that run even if the cache has their result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NoCache {
    /// No step.
    #[default]
    Never,
    /// All steps.
    All,
    /// The steps of these stages. The names are in lower case.
    Stages(BTreeSet<String>),
}

impl NoCache {
    /// Whether the steps of `stage` ignore the cache.
    pub fn covers(&self, stage: &str) -> bool {
        match self {
            Self::Never => false,
            Self::All => true,
            Self::Stages(stages) => stages.contains(&stage.to_lowercase()),
        }
    }
}

/// Options of the build that every process gets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecOptions {
    /// The network of steps that do not choose one.
    pub network: Network,
    /// Entries for `/etc/hosts`: name and address.
    pub extra_hosts: Vec<(String, String)>,
    /// Size of `/dev/shm`, in bytes.
    pub shm_size: Option<u64>,
    /// Limits: name, soft, hard.
    pub ulimits: Vec<(String, i64, i64)>,
    /// Limits of CPU time and memory.
    pub resources: Option<LinuxResources>,
    /// The parent control group of processes.
    pub cgroup_parent: Option<String>,
    /// The host name that processes see.
    pub hostname: Option<String>,
    /// Proxies. They are not a part of a cache key or of an image.
    pub proxy: Option<ProxyEnv>,
    /// The steps that ignore the cache.
    pub no_cache: NoCache,
    /// The prefix of the ids of all cache mounts.
    pub cache_namespace: String,
}

impl ExecOptions {
    /// Gives `exec` the options of every process. As in docker/dockerfile, limits that the engine does not
    /// support are left out.
    pub(super) fn apply(&self, exec: Exec, capabilities: &CapSet) -> Exec {
        let mut exec = exec.network(self.network);
        for (host, address) in &self.extra_hosts {
            exec = exec.extra_host(host, address);
        }
        if capabilities.supports(Cap::ExecMetaUlimit) {
            for (name, soft, hard) in &self.ulimits {
                exec = exec.ulimit(name, *soft, *hard);
            }
        }
        if let Some(limits) =
            self.resources.as_ref().filter(|_| capabilities.supports(Cap::ExecMetaLinuxResources))
        {
            exec = exec.resources(limits.clone());
        }
        if let Some(parent) =
            self.cgroup_parent.as_ref().filter(|_| capabilities.supports(Cap::ExecMetaCgroupParent))
        {
            exec = exec.cgroup_parent(parent);
        }
        if let Some(hostname) = &self.hostname {
            exec = exec.hostname(hostname);
        }
        if let Some(proxy) = &self.proxy {
            exec = exec.proxy(proxy.clone());
        }
        if let Some(size) = self.shm_size.filter(|_| capabilities.supports(Cap::ExecMountTmpfsSize)) {
            exec = exec.mount(Mount::tmpfs("/dev/shm").size(size));
        }
        exec
    }

    /// The id of a cache mount in the form of docker/dockerfile, so that both frontends share caches.
    pub(super) fn cache_id(&self, id: &str) -> String {
        format!("{}/{id}", self.cache_namespace)
    }
}

#[cfg(test)]
mod tests {
    use buildkit_llb::{Image, LinuxResources, State};

    use super::*;

    fn all() -> ExecOptions {
        ExecOptions {
            network: Network::None,
            extra_hosts: vec![("db".to_owned(), "10.0.0.1".to_owned())],
            shm_size: Some(1 << 20),
            ulimits: vec![("nofile".to_owned(), 1024, 2048)],
            resources: Some(LinuxResources { memory: 1 << 30, ..LinuxResources::default() }),
            cgroup_parent: Some("/builds".to_owned()),
            hostname: Some("builder".to_owned()),
            proxy: Some(ProxyEnv { http: "http://proxy".to_owned(), ..ProxyEnv::default() }),
            ..ExecOptions::default()
        }
    }

    fn ran(options: &ExecOptions, capabilities: &CapSet) -> State {
        let base = Image::new("alpine").platform(&buildkit_llb::Platform::new("linux", "amd64")).state();
        options.apply(Exec::new(["/bin/true"]), capabilities).run(&base).root()
    }

    fn shown(state: &State) -> serde_json::Value {
        state.marshal().to_json()["ops"][1].clone()
    }

    #[test]
    fn every_option_of_the_build_reaches_a_process() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&shown(&ran(&all(), &CapSet::all()))).unwrap());
    }

    #[test]
    fn what_an_engine_cannot_limit_is_left_out() {
        let unlimited = ExecOptions {
            shm_size: None,
            ulimits: Vec::new(),
            resources: None,
            cgroup_parent: None,
            ..all()
        };
        let limits = [
            Cap::ExecMountTmpfsSize,
            Cap::ExecMetaUlimit,
            Cap::ExecMetaLinuxResources,
            Cap::ExecMetaCgroupParent,
        ];
        let old = limits.into_iter().fold(CapSet::all(), CapSet::without);
        assert_eq!(shown(&ran(&all(), &old)), shown(&ran(&unlimited, &CapSet::all())));
    }

    #[test]
    fn limits_of_cpu_and_memory_are_no_part_of_a_step() {
        let other = ExecOptions { resources: None, ..all() };
        assert_eq!(ran(&all(), &CapSet::all()), ran(&other, &CapSet::all()));
        assert_ne!(shown(&ran(&all(), &CapSet::all())), shown(&ran(&other, &CapSet::all())));
    }
}
