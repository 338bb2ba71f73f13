//! One build, from the options to the result: read, plan, emit, solve.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Definition, Digest, Platform, State};

use crate::diagnostics::{Diagnostics, Problem};
use crate::emit::{BaseImage, Inputs, emit};
use crate::gateway::attest::{Bill, Bills, scanned};
use crate::gateway::bases;
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::{Reference, SolveRequest};
use crate::gateway::context::{GatewayContext, failure_of};
use crate::gateway::debug::View;
use crate::gateway::dockerfile;
use crate::gateway::download::{After, Downloads};
use crate::gateway::errors::FrontendFailure;
use crate::gateway::explain::explained_build;
use crate::gateway::images::{Images, own_image, resolve_images};
use crate::gateway::named::NamedContexts;
use crate::gateway::options::Options;
use crate::gateway::overlaps::{Answers, Outcome};
use crate::gateway::python_base::python_base;
use crate::gateway::report::{failure, resolve_failure, violation, warn};
use crate::gateway::resolver::GatewayResolver;
use crate::gateway::result::{GatewayResult, PlatformResult};
use crate::gateway::source_date_epoch;
use crate::gateway::subrequests;
use crate::gateway::trace::Trace;
use crate::gateway::wishes::{arguments, epoch, exec_options};
use crate::lint::{self, CheckOptions, Subject};
use crate::plan::{Plan, PythonBase};
use crate::project::{Files, Project, PythonVersion, Scope};
use crate::resolve::wheel_sets;
use crate::spec::{Installer, Spec};

/// Runs the build that the process's environment describes.
///
/// # Errors
/// The failure that the user sees instead of a result.
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
/// The failure that the user sees instead of a result.
pub fn build(bridge: &Bridge, options: &Options) -> Result<GatewayResult, FrontendFailure> {
    if let Some(request) = &options.request {
        return subrequests::answer(bridge, options, request);
    }
    let (_, view) = View::of(options.target.as_deref().unwrap_or_default())?;
    let file = BuildFile::load(bridge, options)?;
    let options = &source_date_epoch::resolved(bridge, options, &file)?;
    let mut found = Diagnostics::default();
    let build_platform = build_platform(options);
    let prepared = prepare_all(bridge, options, &file, &mut found)?;
    if found.has_errors() {
        return Err(failure(&found, &file));
    }
    warn(bridge, &found, &file);
    let checks = CheckOptions::of(&file.source, options.check.as_ref(), &mut Diagnostics::default());
    if let Some(message) = checks.violation(&found) {
        return Err(violation(message, &found, &file));
    }
    let plans: Vec<_> = prepared.iter().map(|prepared| (&prepared.platform, &prepared.plan)).collect();
    let (images, build_images) = resolve_images(bridge, options, &plans, &build_platform, &file)?;
    warn_of_bases(&plans, &images, bridge, options, &file)?;
    let tool = own_image(bridge, options, &build_platform);
    let named = NamedContexts::new(bridge, options)?;
    let bills = if view.is_none() { Bills::new(bridge, options, &build_platform, &file)? } else { None };

    let mut all = Vec::new();
    for (prepared, images) in prepared.into_iter().zip(images) {
        let stages = stand_ins(&named, &prepared)?;
        let planned = (&prepared.plan, &prepared.platform);
        let inputs = Inputs {
            compiler: compiler(bridge, options, &file, planned, &build_platform)?,
            dockerfiles: dockerfile::made(bridge, options, &file, planned, &stages)?,
            explicit_platform: !options.platforms.is_empty(),
            multi_platform: options.multi_platform,
            build_platform: build_platform.clone(),
            images,
            stages,
            build_images: build_images.clone(),
            tool: tool.clone(),
            file: Arc::clone(&file.file),
            capabilities: bridge.llb_caps().clone(),
            options: exec_options(options),
            epoch: epoch(options),
            scanned: scanned(options, &prepared.stages)?,
            platform: prepared.platform,
            context: prepared.context,
            resolved: prepared.resolved,
            together: Answers::new(),
            tries: BTreeMap::new(),
        };
        all.push((prepared.plan, inputs));
    }
    let results = solved(bridge, options, &file, all, view, bills.as_ref())?;
    if options.multi_platform {
        return Ok(GatewayResult::multi(results));
    }
    let only = results.into_iter().next();
    only.map(GatewayResult::single).ok_or_else(|| FrontendFailure::new("no platform to build for", &[]))
}

/// The base on which bytecode is compiled. It is made here only if it is not an image (but a stage or a
/// Dockerfile target) and the build platform differs from the platform of the result.
fn compiler(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    (plan, platform): (&Plan, &Platform),
    build_platform: &Platform,
) -> Result<Option<BaseImage>, FrontendFailure> {
    let builder = plan.builder.as_ref().filter(|builder| builder.compiler.image().is_none());
    let Some(builder) = builder.filter(|_| platform != build_platform) else { return Ok(None) };
    let on = (build_platform, build_platform);
    python_base(bridge, options, file, &builder.compiler, on).map(Some)
}

/// Solves the graphs of plans.
///
/// The graphs are made again in two cases. If a comparison of layers shows that packages need a common layer,
/// the new graphs use this answer; they can contain a new comparison, for a stage that is made on top of
/// others. If a download failed and another try may succeed, the new graphs try it again.
fn solved(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    mut all: Vec<(Plan, Inputs)>,
    view: Option<View>,
    bills: Option<&Bills<'_>>,
) -> Result<Vec<PlatformResult>, FrontendFailure> {
    let mut answers = Answers::new();
    let mut downloads = Downloads::default();
    loop {
        for (_, inputs) in &mut all {
            inputs.together.clone_from(&answers);
            inputs.tries.clone_from(downloads.tries());
        }
        let Made { mut results, graphs, attested, comparisons } =
            made(&all, options, view.map(|view| (view, &*bridge.trace)), bills)?;
        let error = match bridge.solve_compared(&graphs, &comparisons, |graph| request(graph, options)) {
            Ok(Outcome::Solved(solved)) => {
                fill(&mut results, attested, solved);
                return Ok(results);
            }
            Ok(Outcome::Decided(decided)) => {
                answers.extend(decided);
                continue;
            }
            Err(error) => error,
        };
        let plans: Vec<&Plan> = all.iter().map(|(plan, _)| plan).collect();
        let access = plans.first().map(|plan| &plan.access);
        match downloads.after(&error, bridge, access, &graphs) {
            After::Again => {}
            After::Failed(failed) => {
                return Err(FrontendFailure::from(error).reworded(failed.problem(&plans).with_help()));
            }
            After::NoDownload => return Err(explained_build(error, bridge, file, &plans, &graphs)),
        }
    }
}

/// The graphs for the engine, and the parts of the results that are known before solving.
struct Made {
    results: Vec<PlatformResult>,
    /// First the graphs of the images, in the order of the results, then the graphs of their SBOMs.
    graphs: Vec<Definition>,
    /// The SBOMs, each with the index of its result.
    attested: Vec<(usize, Bill)>,
    /// The comparisons of layers without an answer so far, by digest.
    comparisons: BTreeMap<Digest, Definition>,
}

/// Makes the graphs of plans with their comparisons and SBOMs.
fn made(
    all: &[(Plan, Inputs)],
    options: &Options,
    view: Option<(View, &Trace)>,
    bills: Option<&Bills<'_>>,
) -> Result<Made, FrontendFailure> {
    let (mut results, mut graphs) = (Vec::new(), Vec::new());
    let mut attested: Vec<(usize, Bill)> = Vec::new();
    let mut comparisons = BTreeMap::new();
    for (plan, inputs) in all {
        let mut image = emit(plan, inputs).map_err(|error| FrontendFailure::of(&error))?;
        for (key, value) in &options.labels {
            image.config.label(key, value);
        }
        // A view shows the graph before the comparisons have answered.
        if view.is_none_or(|(view, _)| view.builds()) {
            let open = image.comparisons.iter().filter(|(digest, _)| !inputs.together.contains_key(*digest));
            comparisons.extend(open.map(|(digest, state)| (digest.clone(), state.marshal())));
        }
        if let Some((view, trace)) = view {
            image.state = view.show(plan, &image, trace)?;
        }
        graphs.push(image.state.marshal());
        if let Some(bills) = bills {
            let made = bills.of(plan, inputs, &image)?;
            attested.extend(made.into_iter().map(|bill| (results.len(), bill)));
        }
        results.push(PlatformResult {
            platform: inputs.platform.clone(),
            config: image.config.to_bytes(),
            epoch: inputs.epoch,
            base_config: image.base_config.map(|config| config.to_string().into_bytes()),
            ..PlatformResult::default()
        });
    }
    graphs.extend(attested.iter().map(|(_, bill)| bill.state().marshal()));
    Ok(Made { results, graphs, attested, comparisons })
}

/// Puts the solved references into the results: first the images in their order, then the attestations.
fn fill(results: &mut [PlatformResult], attested: Vec<(usize, Bill)>, solved: Vec<Option<Reference>>) {
    let mut solved = solved.into_iter();
    for (result, solved) in results.iter_mut().zip(solved.by_ref()) {
        result.reference = solved;
    }
    for ((place, bill), solved) in attested.into_iter().zip(solved) {
        if let (Some(reference), Some(result)) = (solved, results.get_mut(place)) {
            result.attestations.push(bill.attestation(reference));
        }
    }
}

/// Warns about the base images, whose configs are now known.
fn warn_of_bases(
    plans: &[(&Platform, &Plan)],
    images: &[Images],
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
) -> Result<(), FrontendFailure> {
    let mut found = Diagnostics::default();
    for ((platform, plan), images) in plans.iter().zip(images) {
        let asked = (!options.platforms.is_empty()).then_some(*platform);
        bases::look(plan, images, asked, file, &mut found);
    }
    let checks = CheckOptions::of(&file.source, options.check.as_ref(), &mut Diagnostics::default());
    checks.apply(&mut found);
    warn(bridge, &found, file);
    match checks.violation(&found) {
        Some(message) => Err(violation(message, &found, file)),
        None => Ok(()),
    }
}

/// Asks the engine to evaluate the graph while this frontend still runs. The engine would evaluate it right
/// after our result, but then we could not explain a step that failed.
fn request(graph: &Definition, options: &Options) -> SolveRequest {
    let mut request = SolveRequest::new(graph);
    request.evaluate = true;
    request.cache_imports.clone_from(&options.cache_imports);
    request
}

/// The stages of the plan that the client replaces with a named context. The target itself is always built.
fn stand_ins(
    named: &NamedContexts<'_>,
    prepared: &Prepared,
) -> Result<BTreeMap<String, BaseImage>, FrontendFailure> {
    let mut found = BTreeMap::new();
    for stage in prepared.plan.stages.iter().filter(|stage| stage.name != prepared.plan.target) {
        if let Some(image) = named.stand_in(&stage.name, &prepared.platform)? {
            found.insert(stage.name.clone(), image);
        }
    }
    Ok(found)
}

/// The platform that runs steps without emulation.
pub(super) fn build_platform(options: &Options) -> Platform {
    options.build_platform.clone().unwrap_or_else(|| Platform::new("linux", "amd64"))
}

/// Everything that can be decided before an image lookup, for each platform.
fn prepare_all(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    found: &mut Diagnostics,
) -> Result<Vec<Prepared>, FrontendFailure> {
    let (target, _) = View::of(options.target.as_deref().unwrap_or_default())?;
    let build_platform = build_platform(options);
    let platforms = match options.platforms.as_slice() {
        [] => vec![build_platform.clone()],
        asked => asked.to_vec(),
    };
    let mut prepared = Vec::new();
    for platform in &platforms {
        prepared.extend(prepare(bridge, options, file, target, platform, &build_platform, found)?);
    }
    Ok(prepared)
}

/// The knowledge about one platform's image before an image lookup.
struct Prepared {
    platform: Platform,
    plan: Plan,
    context: State,
    resolved: Vec<State>,
    /// The names of all stages of the file, also of those that this build does not need.
    stages: Vec<String>,
}

fn prepare(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    target: &str,
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
    let context = GatewayContext::of(bridge, file, &spec);
    let ignored = context.ignored(file)?;
    let files = Files { context: &context, ignored: &ignored };
    let checks = CheckOptions::of(&file.source, options.check.as_ref(), &mut problems);
    let project = Project::detect(&spec, &Scope::of(&spec, target), &files, &mut problems)
        .map_err(|error| failure_of(&error))?;
    checks.apply(&mut problems);
    if let Some(place) = &project.python_said {
        // Every platform has the same place, so a second `set` may fail.
        let _ = file.python.set(place.clone());
    }
    let mut resolved = Vec::new();
    let mut plan = Plan::new(&spec, &project, target, &BTreeMap::new(), &mut problems);
    if spec.dependencies.installer == Installer::Wheels
        && !problems.has_errors()
        && let Some(builder) = &plan.builder
    {
        let asker = GatewayResolver {
            bridge,
            options,
            file,
            context: &context,
            ignored: &ignored,
            platform: build_platform,
            base: &builder.resolver,
            access: &plan.access,
            image: RefCell::new(None),
            answered: RefCell::default(),
        };
        let wanted = plan.group_sets();
        let patch = patch_of(bridge, options, file, &project, &builder.base, (platform, build_platform))?;
        let wheels = wheel_sets(&spec, &project, &wanted, (platform, patch), &asker, &mut problems);
        let wheels = wheels.map_err(|error| resolve_failure(&error, file))?;
        resolved = asker.answered.take();
        plan = Plan::new(&spec, &project, target, &wheels, &mut problems);
    }
    if !problems.has_errors() {
        let named: Vec<String> = options.named_contexts.keys().cloned().collect();
        let subject = Subject {
            spec: &spec,
            project: &project,
            files: &files,
            plans: std::slice::from_ref(&plan),
            platform,
            build_platform,
            thorough: false,
            named: &named,
        };
        lint::check(&subject, &checks, &mut problems).map_err(|error| failure_of(&error))?;
    }
    checks.apply(&mut problems);
    let state = context.state(plan.context_paths().as_ref(), &ignored);
    found.extend(problems);
    let stages = spec.targets().into_iter().map(str::to_owned).collect();
    Ok(Some(Prepared { platform: platform.clone(), plan, context: state, resolved, stages }))
}

/// The patch version of the base image's Python. Some markers need it, but the image's tag may not contain
/// it. Official images set it in their environment.
fn patch_of(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    project: &Project,
    base: &PythonBase,
    (platform, build_platform): (&Platform, &Platform),
) -> Result<Option<u32>, FrontendFailure> {
    let Some(version) = project.python.filter(|version| version.patch.is_none()) else { return Ok(None) };
    let image = python_base(bridge, options, file, base, (platform, build_platform))?;
    let env = image.config.get("config").and_then(|config| config.get("Env")).and_then(|env| env.as_array());
    let entries = env.into_iter().flatten().filter_map(|entry| entry.as_str());
    let found = entries.filter_map(|entry| PythonVersion::parse(entry.strip_prefix("PYTHON_VERSION=")?));
    Ok(found.filter(|found| found.minor == version.minor).find_map(|found| found.patch))
}
