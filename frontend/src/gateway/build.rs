//! One build, from the options to the result: read, plan, emit, solve.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Definition, Image, Metadata, Platform, Position, ProxyEnv, Range, State};
use prost::Message;

use crate::diagnostics::{Diagnostic, Diagnostics, Problem};
use crate::emit::{BaseImage, ExecOptions, Inputs, NoCache, emit};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::{ImageRequest, ImageStore, SolveRequest, Warning};
use crate::gateway::context::{GatewayContext, failure_of};
use crate::gateway::errors::{FrontendFailure, SourceDetail};
use crate::gateway::options::{self, Options, SourceDateEpoch};
use crate::gateway::result::{GatewayResult, PlatformResult};
use crate::plan::Plan;
use crate::project::{Files, Ignored, Project, named_paths};
use crate::spec::{Arguments, Spec};

/// Where the engine puts the definition of the image that we were started from.
const OWN_IMAGE: &str = "/run/config/buildkit/metadata/frontend.bin";

/// Runs the build that the process's environment describes.
///
/// # Errors
/// Everything that the user is to be told instead of a result.
pub fn run(
    bridge: &Bridge,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<GatewayResult, FrontendFailure> {
    let options = Options::from_env(variables).map_err(|error| FrontendFailure::of(&error))?;
    build(bridge, &options)
}

/// Runs the build that `options` ask for.
///
/// # Errors
/// Everything that the user is to be told instead of a result.
pub fn build(bridge: &Bridge, options: &Options) -> Result<GatewayResult, FrontendFailure> {
    if let Some(request) = &options.request {
        return Err(FrontendFailure::unsupported_request(request));
    }
    refuse_unsupported(options)?;
    let file = BuildFile::load(bridge, options)?;
    let build_platform = options.build_platform.clone().unwrap_or_else(|| Platform::new("linux", "amd64"));
    let platforms = match options.platforms.as_slice() {
        [] => vec![build_platform.clone()],
        asked => asked.to_vec(),
    };

    let mut found = Diagnostics::default();
    let mut prepared = Vec::new();
    for platform in &platforms {
        prepared.extend(prepare(bridge, options, &file, platform, &build_platform, &mut found)?);
    }
    if found.has_errors() {
        return Err(failure(&found, &file));
    }
    warn(bridge, &found, &file);
    let images = resolve_images(bridge, options, &prepared, &file)?;
    let tool = own_image();

    let mut results = Vec::new();
    let mut requests = Vec::new();
    for (prepared, images) in prepared.into_iter().zip(images) {
        let inputs = Inputs {
            platform: prepared.platform.clone(),
            explicit_platform: !options.platforms.is_empty(),
            multi_platform: options.multi_platform,
            build_platform: build_platform.clone(),
            context: prepared.context,
            images,
            tool: tool.clone(),
            file: Arc::clone(&file.file),
            capabilities: bridge.llb_caps().clone(),
            options: exec_options(options),
            epoch: epoch(options),
        };
        let mut image = emit(&prepared.plan, &inputs).map_err(|error| FrontendFailure::of(&error))?;
        for (key, value) in &options.labels {
            image.config.label(key, value);
        }
        let mut request = SolveRequest::new(&image.state.marshal());
        request.cache_imports.clone_from(&options.cache_imports);
        requests.push(request);
        results.push(PlatformResult {
            platform: prepared.platform,
            config: image.config.to_bytes(),
            base_config: image.base_config.map(|config| config.to_string().into_bytes()),
            ..PlatformResult::default()
        });
    }
    for (result, solved) in results.iter_mut().zip(bridge.solve_all(requests)) {
        result.reference = solved?;
    }
    if options.multi_platform {
        return Ok(GatewayResult::multi(results));
    }
    let only = results.into_iter().next();
    only.map(GatewayResult::single).ok_or_else(|| FrontendFailure::new("no platform to build for", &[]))
}

/// What is known of one platform's image before any image is looked up.
struct Prepared {
    platform: Platform,
    plan: Plan,
    context: State,
}

fn prepare(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    platform: &Platform,
    build_platform: &Platform,
    found: &mut Diagnostics,
) -> Result<Option<Prepared>, FrontendFailure> {
    let arguments = arguments(options, platform, build_platform);
    let (spec, mut problems) = Spec::parse(&file.source, arguments);
    let Some(spec) = spec else {
        found.extend(problems);
        return Ok(None);
    };
    for (name, suggestion) in spec.arguments.unused() {
        problems.report(&spec.source, spec.anywhere(), Problem::UnusedBuildArg { name, suggestion });
    }
    let named = named_paths(&spec).into_iter().map(|path| path.value.as_str().to_owned());
    let requirements = spec.dependencies.requirements.iter().flatten();
    let requirements = requirements.chain(spec.dependencies.groups.values().flatten());
    let requirements = requirements.map(|path| path.value.as_str().to_owned());
    let context = GatewayContext::new(bridge, file, named.chain(requirements));
    let ignored = context.ignored(file)?;
    let project = detect(&spec, &context, &ignored, &mut problems)?;
    let target = options.target.as_deref().unwrap_or_default();
    let plan = Plan::new(&spec, &project, target, &mut problems);
    let state = context.state(plan.context_paths().as_ref(), &ignored);
    found.extend(problems);
    Ok(Some(Prepared { platform: platform.clone(), plan, context: state }))
}

fn detect(
    spec: &Spec,
    context: &GatewayContext<'_>,
    ignored: &Ignored,
    found: &mut Diagnostics,
) -> Result<Project, FrontendFailure> {
    let files = Files { context, ignored };
    Project::detect(spec, &files, found).map_err(|error| failure_of(&error))
}

/// What `--build-arg` says, and the platform args of docker/dockerfile.
fn arguments(options: &Options, target: &Platform, build: &Platform) -> Arguments {
    let stage = options.target.clone().unwrap_or_else(|| "default".to_owned());
    let mut predefined = BTreeMap::from([
        ("BUILDPLATFORM".to_owned(), build.format()),
        ("TARGETPLATFORM".to_owned(), target.format_all()),
        ("TARGETSTAGE".to_owned(), stage),
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
    let of_ours =
        |name: &str| !name.starts_with("BUILDKIT_") && name != "SOURCE_DATE_EPOCH" && !is_proxy(name);
    let given = options.build_args.iter().filter(|(name, _)| of_ours(name));
    Arguments::new(given.map(|(name, value)| (name.clone(), value.clone())).collect(), predefined)
}

fn is_proxy(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"].contains(&name.as_str())
}

/// Options that are understood and that we cannot honour: better no image than one that ignores them.
fn refuse_unsupported(options: &Options) -> Result<(), FrontendFailure> {
    let what = if let Some(name) = options.named_contexts.keys().find(|name| **name != own_context(options)) {
        format!("the named context `{name}` (--build-context)")
    } else if !options.resources.is_empty() {
        "a limit of memory or CPU for build steps".to_owned()
    } else if let Some(SourceDateEpoch::Of(name)) = &options.source_date_epoch {
        format!("SOURCE_DATE_EPOCH={name}")
    } else if is_set(&options.sbom_scan_context) || is_set(&options.sbom_scan_stage) {
        "an SBOM of the build context or of further stages".to_owned()
    } else {
        return Ok(());
    };
    Err(FrontendFailure::new(Problem::Unsupported { what }.to_string(), &[]))
}

/// The name under which a context replaces our own image; the engine has dealt with it already.
fn own_context(options: &Options) -> String {
    crate::reference::ImageReference::parse(&options.source)
        .map_or_else(|_| options.source.clone(), |reference| reference.context_name())
}

fn is_set(value: &str) -> bool {
    !value.is_empty() && options::parse_bool(value) != Some(false)
}

fn epoch(options: &Options) -> Option<i64> {
    match &options.source_date_epoch {
        Some(SourceDateEpoch::Seconds(seconds)) => Some(*seconds),
        _ => None,
    }
}

fn exec_options(options: &Options) -> ExecOptions {
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

type Images = BTreeMap<crate::reference::ImageReference, BaseImage>;

/// Looks up the images of all plans at once and pins each to what was found.
fn resolve_images(
    bridge: &Bridge,
    options: &Options,
    prepared: &[Prepared],
    file: &BuildFile,
) -> Result<Vec<Images>, FrontendFailure> {
    let wanted = |prepared: &Prepared| -> Vec<ImageRequest> {
        let images = prepared.plan.images();
        let requests = images.into_iter().map(|image| {
            let reference = image.clone().with_default_tag().to_string();
            ImageRequest {
                log_name: format!("[internal] load metadata for {reference}"),
                reference,
                platform: Some(prepared.platform.clone()),
                resolve_mode: options.resolve_mode,
                store: ImageStore::Registry,
            }
        });
        requests.collect()
    };
    let requests: Vec<_> = prepared.iter().flat_map(wanted).collect();
    let mut answers = bridge.resolve_images(&requests).into_iter();
    let mut resolved = Vec::new();
    for prepared in prepared {
        let mut images = Images::new();
        for reference in prepared.plan.images() {
            let Some(answer) = answers.next() else { break };
            let answer =
                answer.map_err(|error| FrontendFailure::from(error).at(&image_location(file, reference)))?;
            let tagged = reference.clone().with_default_tag();
            let pinned = tagged.clone().with_digest(&answer.digest);
            let pinned = pinned.map_err(|error| FrontendFailure::of(&error))?;
            let config: serde_json::Value = serde_json::from_slice(&answer.config).unwrap_or_default();
            let name = format!("[base] {pinned}");
            let location = location_of(file, reference);
            let state = if is_empty_image(&config) {
                State::scratch()
            } else {
                Image::new(pinned.to_string())
                    .resolve_mode(options.resolve_mode)
                    .platform(&prepared.platform)
                    .meta(Metadata::named(name).location(location))
                    .state()
            };
            images.insert(reference.clone(), BaseImage { state, config });
        }
        resolved.push(images);
    }
    Ok(resolved)
}

/// Whether an image has no layers: engines cannot unpack such, and nothing is lost by leaving it out.
fn is_empty_image(config: &serde_json::Value) -> bool {
    let empty = |value: Option<&serde_json::Value>| {
        value.and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
    };
    empty(config.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"))) && empty(config.get("history"))
}

/// Where the file names an image: the text itself if it is written there, else the first line.
fn location_of(file: &BuildFile, reference: &crate::reference::ImageReference) -> buildkit_llb::Location {
    let name = reference.familiar();
    let text = &file.source.text;
    let at = text.find(&format!("\"{name}\"")).or_else(|| text.find(&format!("'{name}'")));
    let span = at.map_or_else(
        || file.source.line_span(1),
        |start| crate::diagnostics::Span { start, end: start + name.len() + 2 },
    );
    buildkit_llb::Location { file: Arc::clone(&file.file), ranges: vec![range(&file.source, span)] }
}

fn image_location(file: &BuildFile, reference: &crate::reference::ImageReference) -> SourceDetail {
    let ranges = location_of(file, reference).ranges;
    SourceDetail { ranges, ..detail_of_file(file) }
}

fn detail_of_file(file: &BuildFile) -> SourceDetail {
    SourceDetail {
        filename: file.file.filename.clone(),
        data: file.file.data.clone(),
        language: file.file.language.clone(),
        definition: file.file.definition.as_ref().map(|state| state.marshal().to_pb()),
        ranges: Vec::new(),
    }
}

fn range(source: &crate::diagnostics::Source, span: crate::diagnostics::Span) -> Range {
    let (start, end) = source.range(span);
    let position = |at: crate::diagnostics::Position| Position { line: at.line, character: at.character };
    Range { start: position(start), end: position(end) }
}

/// A diagnostic's file and lines as the engine and its clients take them.
fn detail(diagnostic: &Diagnostic, file: &BuildFile) -> SourceDetail {
    let ranges = vec![range(&diagnostic.source, diagnostic.span)];
    if Arc::ptr_eq(&diagnostic.source, &file.source) {
        return SourceDetail { ranges, ..detail_of_file(file) };
    }
    SourceDetail {
        filename: diagnostic.source.name.clone(),
        data: diagnostic.source.text.clone().into_bytes(),
        language: String::new(),
        definition: None,
        ranges,
    }
}

/// All errors as one failure: clients print the lines of each.
fn failure(found: &Diagnostics, file: &BuildFile) -> FrontendFailure {
    let details: Vec<_> = found.errors().into_iter().map(|error| detail(error, file)).collect();
    FrontendFailure::new(found.summary(), &details)
}

fn warn(bridge: &Bridge, found: &Diagnostics, file: &BuildFile) {
    for warning in found.warnings() {
        let place = detail(warning, file);
        let sent = bridge.warn(Warning {
            digest: file.vertex.clone(),
            short: format!("{} (line {})", warning.problem, warning.line()),
            detail: warning.problem.help(),
            url: String::new(),
            source: Some(place.to_source_info()),
            ranges: place.ranges,
        });
        // A warning that cannot be shown is no reason to fail; the engine has the next call fail if it is gone.
        drop(sent);
    }
}

/// Our own image, as the engine describes it to us.
fn own_image() -> Option<State> {
    let bytes = std::fs::read(OWN_IMAGE).ok()?;
    let message = buildkit_proto::pb::Definition::decode(bytes.as_slice()).ok()?;
    State::from_definition(&Definition::from_pb(message).ok()?).ok()
}
