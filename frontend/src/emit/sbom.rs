//! SBOMs: the document that we make, and the statements of a scanner that the user chooses.

use std::collections::BTreeMap;

use buildkit_llb::{Exec, FileOp, Metadata, MkFile, Mount, State};
use serde_json::Value;

use super::{BaseImage, EmitError, Emitter, Image, Inputs, NoCache};
use crate::plan::{Plan, VENV};
use crate::sbom::document;

/// The path of the document in the state of [`bill_of_materials`]. Local exporters name their file after it.
pub const DOCUMENT: &str = "/sbom.spdx.json";

const PLAN: &str = "/run/pybuild/sbom/plan.spdx.json";
const OUT: &str = "/run/pybuild/out";

/// A folder with the SPDX document of `image`. Our tool completes the document with data of the installed
/// packages.
///
/// # Errors
/// See [`EmitError`]. An engine cannot cause an error here.
pub fn bill_of_materials(plan: &Plan, inputs: &Inputs, image: &Image) -> Result<State, EmitError> {
    let emitter = Emitter::new(plan, inputs);
    let document = document(plan, inputs.epoch, &|stage| inputs.stages.contains_key(stage));
    let meta = |what: &str| named(inputs, what);
    let known = FileOp::on(&State::scratch())
        .mkfile(MkFile::new(DOCUMENT, document.to_json()).mode(0o644))
        .meta(meta("list packages"))
        .state();
    if inputs.tool.is_none() || image.state.is_scratch() {
        return Ok(known);
    }
    let platform = inputs.platform.format();
    let arguments =
        ["sbom", "--document", PLAN, "--base", "/", "--prefix", VENV, "--platform", &platform, "--root", OUT];
    // The image is the root of the step, because a mount would be hashed file by file.
    let exec = emitter
        .tool(&arguments)?
        .mount(Mount::bind(&known, PLAN).selector(DOCUMENT).read_only())
        .mount(Mount::scratch(OUT));
    Ok(exec.meta(meta("read licences of packages")).run(&image.state).output(OUT))
}

/// A scanner's image and its parameters.
#[derive(Clone, Debug)]
pub struct Scanner {
    /// The image on the build platform.
    pub image: BaseImage,
    /// The name of the scanner.
    pub name: String,
    /// Parameters, which the scanner gets as `BUILDKIT_SCAN_<name>`.
    pub parameters: BTreeMap<String, String>,
}

/// The error for a scanner without a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scanner {0} does not have cmd")]
pub struct NoCommand(pub String);

/// A folder with the statements of a scanner about `image` and `extras`. The scanner runs in the same way as
/// in docker/dockerfile.
///
/// # Errors
/// If the config of the scanner's image has no command to run.
pub fn scan(
    scanner: &Scanner,
    inputs: &Inputs,
    image: &State,
    extras: &BTreeMap<String, State>,
) -> Result<State, NoCommand> {
    const TARGET: &str = "/run/src/core/sbom";
    const EXTRAS: &str = "/run/src/extras";
    const DESTINATION: &str = "/run/out/";
    let config = scanner.image.config.get("config");
    let list = |key: &str| {
        let values = config.and_then(|config| config.get(key)).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
    };
    let arguments: Vec<String> = list("Entrypoint").chain(list("Cmd")).collect();
    if arguments.is_empty() {
        return Err(NoCommand(scanner.name.clone()));
    }
    let mut exec = Exec::new(arguments).platform(&inputs.build_platform);
    let workdir = config.and_then(|config| config.get("WorkingDir")).and_then(Value::as_str);
    exec = exec.cwd(workdir.filter(|workdir| !workdir.is_empty()).unwrap_or("/"));
    for entry in list("Env") {
        let (key, value) = entry.split_once('=').unwrap_or((&entry, ""));
        exec = exec.env(key, value);
    }
    exec = exec.env("BUILDKIT_SCAN_DESTINATION", DESTINATION).env("BUILDKIT_SCAN_SOURCE", TARGET);
    if !extras.is_empty() {
        exec = exec.env("BUILDKIT_SCAN_SOURCE_EXTRAS", EXTRAS);
    }
    for (key, value) in &scanner.parameters {
        exec = exec.env(format!("BUILDKIT_SCAN_{key}"), value);
    }
    exec = exec
        .mount(Mount::tmpfs("/tmp"))
        .mount(Mount::bind(image, TARGET).read_only())
        .mount(Mount::scratch(DESTINATION));
    for (name, state) in extras {
        exec = exec.mount(Mount::bind(state, format!("{EXTRAS}/sbom-{name}")).read_only());
    }
    let title =
        format!("[{}] generating sbom using {}", inputs.platform.normalized().format_all(), scanner.name);
    let meta = Metadata::named(title).ignore_cache(inputs.options.no_cache == NoCache::All);
    Ok(exec.meta(meta).run(&scanner.image.state).output(DESTINATION))
}

fn named(inputs: &Inputs, what: &str) -> Metadata {
    let prefix =
        if inputs.multi_platform { format!("{} sbom", inputs.platform.format()) } else { "sbom".to_owned() };
    Metadata::named(format!("[{prefix}] {what}")).ignore_cache(inputs.options.no_cache == NoCache::All)
}
