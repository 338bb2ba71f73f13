//! The meaning of options for the rest of the crate: args, and settings of every process.

use std::collections::BTreeMap;

use buildkit_llb::{LinuxResources, Platform, ProxyEnv};

use crate::emit::{ExecOptions, NoCache};
use crate::gateway::options::{self, Options, SourceDateEpoch};
use crate::spec::Arguments;

/// The args of `--build-arg`, and the platform args of docker/dockerfile.
pub(super) fn arguments(options: &Options, target: &Platform, build: &Platform) -> Arguments {
    let stage = options.target.as_deref().unwrap_or("default");
    build_arguments(options.build_args.clone(), epoch(options), stage, target, build)
}

/// The args of a build: the args `given` on the command line, and the predefined ones. `epoch` is the time in
/// `SOURCE_DATE_EPOCH`, and `stage` is the value of `--target`.
pub fn build_arguments(
    mut given: BTreeMap<String, String>,
    epoch: Option<i64>,
    stage: &str,
    target: &Platform,
    build: &Platform,
) -> Arguments {
    let mut predefined = platform_arguments(stage, target, build);
    // A step that asks for this arg gets the time in seconds, even if the client gave a name.
    given.remove("SOURCE_DATE_EPOCH");
    if let Some(seconds) = epoch {
        predefined.insert("SOURCE_DATE_EPOCH".to_owned(), seconds.to_string());
        given.insert("SOURCE_DATE_EPOCH".to_owned(), seconds.to_string());
    }
    Arguments::new(given, predefined)
}

/// The platform args of docker/dockerfile, which every build file may use.
fn platform_arguments(stage: &str, target: &Platform, build: &Platform) -> BTreeMap<String, String> {
    let mut predefined = BTreeMap::from([
        ("BUILDPLATFORM".to_owned(), build.format()),
        ("TARGETPLATFORM".to_owned(), target.format_all()),
        ("TARGETSTAGE".to_owned(), stage.to_owned()),
    ]);
    for (prefix, platform) in [("BUILD", build), ("TARGET", target)] {
        let parts = [
            ("OS", &platform.os),
            ("OSVERSION", &platform.os_version),
            ("ARCH", &platform.architecture),
            ("VARIANT", &platform.variant),
        ];
        for (name, value) in parts {
            predefined.insert(format!("{prefix}{name}"), value.clone());
        }
    }
    predefined
}

pub(super) fn epoch(options: &Options) -> Option<i64> {
    match &options.source_date_epoch {
        Some(SourceDateEpoch::Seconds(seconds)) => Some(*seconds),
        _ => None,
    }
}

fn limits(resources: &options::Resources) -> LinuxResources {
    LinuxResources {
        memory: resources.memory.unwrap_or_default(),
        memory_swap: resources.memory_swap.unwrap_or_default(),
        cpu_shares: resources.cpu_shares.unwrap_or_default(),
        cpu_period: resources.cpu_period.unwrap_or_default(),
        cpu_quota: resources.cpu_quota.unwrap_or_default(),
        cpuset_cpus: resources.cpuset_cpus.clone(),
        cpuset_mems: resources.cpuset_mems.clone(),
    }
}

pub(super) fn exec_options(options: &Options) -> ExecOptions {
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    ExecOptions {
        network: options.network,
        extra_hosts: options
            .extra_hosts
            .iter()
            .map(|host| (host.host.clone(), host.ip.to_string()))
            .collect(),
        shm_size: options.shm_size,
        ulimits: options.ulimits.iter().map(|limit| (limit.name.clone(), limit.soft, limit.hard)).collect(),
        resources: (!options.resources.is_empty()).then(|| limits(&options.resources)),
        cgroup_parent: text(&options.cgroup_parent),
        hostname: text(&options.hostname),
        proxy: (options.proxy != ProxyEnv::default()).then(|| options.proxy.clone()),
        no_cache: match &options.no_cache {
            options::NoCache::Off => NoCache::Never,
            options::NoCache::All => NoCache::All,
            options::NoCache::Stages(stages) => {
                NoCache::Stages(stages.iter().map(|stage| stage.to_lowercase()).collect())
            }
        },
        cache_namespace: options.cache_mount_namespace.clone(),
    }
}
