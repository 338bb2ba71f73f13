//! The base with the project's Python, if it is not an image but a stage of the file or a target of a
//! Dockerfile. It is made for one platform. Resolving and compiling run on the engine's own platform, for any
//! platform of the image.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::Platform;

use crate::emit::{BaseImage, Inputs, Scanned, emit};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::context::{GatewayContext, failure_of};
use crate::gateway::dockerfile;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::images::{own_image, resolve_image, resolve_images};
use crate::gateway::named::NamedContexts;
use crate::gateway::options::Options;
use crate::gateway::report::failure;
use crate::gateway::wishes::{arguments, epoch, exec_options};
use crate::plan::{Plan, PythonBase};
use crate::project::{Files, Project, Scope};
use crate::spec::Spec;

/// Looks up or makes the base with the project's Python, for `platform`.
///
/// # Errors
/// The error of the image lookup, of the stage or of the Dockerfile.
pub(super) fn python_base(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    base: &PythonBase,
    (platform, build_platform): (&Platform, &Platform),
) -> Result<BaseImage, FrontendFailure> {
    match base {
        PythonBase::Image(image) => resolve_image(bridge, options, image, platform, file),
        PythonBase::Dockerfile(target) => {
            let at = file.source.line_span(1);
            dockerfile::one(bridge, options, file, (target, "builder", at), platform)
        }
        PythonBase::Stage(name) => stage(bridge, options, file, name, (platform, build_platform)),
    }
}

fn stage(
    bridge: &Bridge,
    options: &Options,
    file: &BuildFile,
    name: &str,
    (platform, build_platform): (&Platform, &Platform),
) -> Result<BaseImage, FrontendFailure> {
    let named = NamedContexts::new(bridge, options)?;
    if let Some(given) = named.stand_in(name, platform)? {
        return Ok(given);
    }
    let (spec, mut found) = Spec::parse(&file.source, arguments(options, platform, build_platform));
    let Some(spec) = spec else { return Err(failure(&found, file)) };
    let context = GatewayContext::of(bridge, file, &spec);
    let ignored = context.ignored(file)?;
    let files = Files { context: &context, ignored: &ignored };
    let project = Project::detect(&spec, &Scope::of(&spec, name), &files, &mut found)
        .map_err(|error| failure_of(&error))?;
    let plan = Plan::new(&spec, &project, name, &BTreeMap::new(), &mut found);
    if found.has_errors() {
        return Err(failure(&found, file));
    }
    let plans = [(platform, &plan)];
    let (mut images, build_images) = resolve_images(bridge, options, &plans, build_platform, file)?;
    let mut stages = BTreeMap::new();
    for below in plan.stages.iter().filter(|stage| stage.name != name) {
        if let Some(given) = named.stand_in(&below.name, platform)? {
            stages.insert(below.name.clone(), given);
        }
    }
    let inputs = Inputs {
        dockerfiles: dockerfile::made(bridge, options, file, (&plan, platform), &stages)?,
        explicit_platform: !options.platforms.is_empty(),
        multi_platform: options.multi_platform,
        build_platform: build_platform.clone(),
        images: images.pop().unwrap_or_default(),
        stages,
        build_images,
        compiler: None,
        tool: own_image(bridge, options, build_platform),
        file: Arc::clone(&file.file),
        capabilities: bridge.llb_caps().clone(),
        options: exec_options(options),
        epoch: epoch(options),
        scanned: Scanned::default(),
        platform: platform.clone(),
        context: context.state(plan.context_paths().as_ref(), &ignored),
        resolved: Vec::new(),
        together: BTreeMap::new(),
        tries: BTreeMap::new(),
    };
    let made = emit(&plan, &inputs).map_err(|error| FrontendFailure::of(&error))?;
    Ok(BaseImage { state: made.state, config: made.config.to_json() })
}
