//! Targets of Dockerfiles. The engine's own Dockerfile frontend solves them through the gateway, in the same
//! build.
//!
//! The answer is a graph with an image config. We add this graph to our graph. So its steps run in parallel
//! with ours, use the same cache, and fail with the lines of the Dockerfile.

use std::collections::BTreeMap;

use buildkit_llb::{Definition, Platform, State};
use serde_json::Value;

use crate::diagnostics::Span;
use crate::emit::BaseImage;
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::{BuildFile, MainContext};
use crate::gateway::errors::FrontendFailure;
use crate::gateway::named::{CONFIG, config_of};
use crate::gateway::options::{NoCache, Options};
use crate::gateway::report::place;
use crate::gateway::wishes::epoch;
use crate::plan::Plan;
use crate::spec::DockerfileTarget;

/// The frontend that builds Dockerfiles.
const FRONTEND: &str = "dockerfile.v0";

/// Options that belong to this build file or its result. They are not passed to the Dockerfile frontend.
const OURS: [&str; 11] = [
    "cmdline",
    "source",
    "target",
    "filename",
    "dockerfilekey",
    "platform",
    "multi-platform",
    "requestid",
    "frontend.caps",
    "no-cache",
    "build-arg:SOURCE_DATE_EPOCH",
];

/// Prefixes of such options.
const OURS_BY_PREFIX: [&str; 5] =
    ["label:", "attest:", "vcs:", "build-arg:BUILDKIT_SYNTAX", "build-arg:BUILDKIT_DOCKERFILE_CHECK"];

/// Builds the Dockerfile targets from which the plan's stages start or copy. Targets of stages that are
/// replaced by a named context are not needed.
///
/// # Errors
/// The Dockerfile frontend's error, with the lines of the Dockerfile, or else with the place in this build
/// file.
pub(super) fn made(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    (plan, platform): (&Plan, &Platform),
    given: &BTreeMap<String, BaseImage>,
) -> Result<BTreeMap<DockerfileTarget, BaseImage>, FrontendFailure> {
    let mut made = BTreeMap::new();
    for (target, stage, span) in plan.dockerfiles() {
        if made.contains_key(target) || given.contains_key(stage) {
            continue;
        }
        made.insert(target.clone(), one(bridge, options, file, (target, stage, span), platform)?);
    }
    Ok(made)
}

/// Builds one target of a Dockerfile for the stage that names it, at its place.
///
/// # Errors
/// As [`made`].
pub(super) fn one(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    (target, asking, span): (&DockerfileTarget, &str, Span),
    platform: &Platform,
) -> Result<BaseImage, FrontendFailure> {
    let at = place(file, span);
    let asked = asked(options, file, (target, asking), platform);
    let answer =
        bridge.solve_nested(FRONTEND, asked).map_err(|error| FrontendFailure::from(error).at(&at))?;
    let unusable = |error: &dyn std::error::Error| {
        let message = format!("the answer for {} cannot be read: {error}", target.title());
        FrontendFailure::new(message, std::slice::from_ref(&at))
    };
    let definition = Definition::decode(&answer.definition).map_err(|error| unusable(&error))?;
    let state = State::from_definition(&definition).map_err(|error| unusable(&error))?;
    let config = match answer.metadata.get(CONFIG) {
        Some(bytes) => config_of(bytes, &target.title())?,
        None => Value::Null,
    };
    Ok(BaseImage { state, config })
}

/// The options for the Dockerfile frontend: the options of this build (contexts, caches, hosts, limits, the
/// network), but with the Dockerfile instead of this file, the args for it, and one platform.
fn asked(
    options: &Options,
    file: &BuildFile,
    (target, stage): (&DockerfileTarget, &str),
    platform: &Platform,
) -> BTreeMap<String, String> {
    let is_ours = |key: &str| {
        OURS.contains(&key) || OURS_BY_PREFIX.iter().any(|prefix| key.starts_with(prefix)) || is_own_arg(key)
    };
    let mut asked: BTreeMap<String, String> =
        options.raw.iter().filter(|(key, _)| !is_ours(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
    asked.insert("filename".to_owned(), target.file.as_str().to_owned());
    if let MainContext::Client { .. } = file.context {
        // The Dockerfile is in the context, wherever this build file is.
        let context = options.raw.get("contextkey").map_or("context", String::as_str);
        asked.insert("dockerfilekey".to_owned(), context.to_owned());
    }
    if let Some(name) = &target.target {
        asked.insert("target".to_owned(), name.clone());
    }
    asked.insert("platform".to_owned(), platform.format_all());
    let covers = match &options.no_cache {
        NoCache::Off => false,
        NoCache::All => true,
        NoCache::Stages(stages) => stages.iter().any(|name| name.eq_ignore_ascii_case(stage)),
    };
    if covers {
        asked.insert("no-cache".to_owned(), String::new());
    }
    if let Some(seconds) = epoch(options) {
        asked.insert("build-arg:SOURCE_DATE_EPOCH".to_owned(), seconds.to_string());
    }
    for (name, value) in &target.args {
        asked.insert(format!("build-arg:{name}"), value.clone());
    }
    asked
}

/// Whether an option is an arg of this build file. A Dockerfile gets only the args that `args` names. Args
/// for the builder and for proxies apply to every file.
fn is_own_arg(key: &str) -> bool {
    const PROXIES: [&str; 5] = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"];
    key.strip_prefix("build-arg:").is_some_and(|name| {
        !name.starts_with("BUILDKIT_") && !PROXIES.contains(&name.to_ascii_lowercase().as_str())
    })
}
