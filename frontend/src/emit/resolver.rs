//! What only an index knows, asked in a build step of its own: cached, and the same for every platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{FileOp, Metadata, MkFile, Mount, Sharing, State};

use super::locations::Locks;
use super::packages::Script;
use super::{BaseImage, Emitter, ImageConfig, Inputs};
use crate::diagnostics::{Source, Span};
use crate::plan::{Access, Plan};
use crate::resolve::Question;

/// The file that the state of [`resolver`] holds.
pub const ANSWER: &str = "pylock.toml";

pub(super) const STAGE: &str = "resolver";
const OUT: &str = "/run/pybuild/out";
const UV: Script = Script { name: "uv.sh", text: include_str!("scripts/uv.sh") };
const UV_PIN: Script = Script { name: "uv.txt", text: include_str!("scripts/uv.txt") };
const RESOLVE: Script = Script { name: "resolve.sh", text: include_str!("scripts/resolve.sh") };

/// A state with the answer to `question` as its only file. `base` is an image with Python and pip for the platform
/// that the engine runs on, which `inputs` is for; `source` and `span` are shown where it fails.
pub fn resolver(
    question: &Question,
    base: &BaseImage,
    inputs: &Inputs,
    access: &Access,
    source: &Arc<Source>,
    span: Span,
) -> State {
    let plan = Plan {
        source: Arc::clone(source),
        target: String::new(),
        stages: Vec::new(),
        access: access.clone(),
        builder: None,
    };
    let emitter = Emitter {
        plan: &plan,
        inputs,
        built: BTreeMap::new(),
        checks: BTreeMap::new(),
        locks: Locks::default(),
    };
    let config = ImageConfig::inherit(&base.config, None, &inputs.platform);
    if let Some(conda) = &question.conda {
        return emitter.conda_solver(conda, base, &config, span);
    }
    let uv = emitter
        .with_pip_cache(emitter.shell(UV, &[], &config).mount(UV_PIN.mount()))
        .mount(Mount::scratch(OUT))
        .meta(emitter.metadata(STAGE, "uv", span))
        .run(&base.state)
        .output(OUT);
    let mut arguments = vec![question.python.clone()];
    let pins = "/run/pybuild/pins.txt";
    if question.only_pins {
        arguments.extend(["--no-deps".to_owned(), pins.to_owned()]);
    } else if !question.pins.is_empty() {
        arguments.extend(["-c".to_owned(), pins.to_owned()]);
    }
    arguments.extend(Emitter::requirement_files(&question.requirements));
    let exec = emitter.shell(RESOLVE, &arguments, &config);
    let mut exec = emitter.mount_requirements(exec, &question.requirements);
    if !question.pins.is_empty() {
        let text = question.pins.join("\n") + "\n";
        let file = FileOp::on(&State::scratch())
            .mkfile(MkFile::new("/pins.txt", text).mode(0o644).timestamp(0))
            .meta(Metadata::named("[internal] locked versions"))
            .state();
        exec = exec.mount(Mount::bind(&file, pins).selector("/pins.txt").read_only());
    }
    let cache = "/root/.cache/uv";
    emitter
        .with_index(exec)
        .mount(Mount::bind(&uv, "/run/pybuild/uv").read_only())
        .mount(Mount::cache(cache, inputs.options.cache_id(cache), Sharing::Shared))
        .mount(Mount::scratch(OUT))
        .meta(emitter.metadata(STAGE, &format!("resolve: {}", question.label()), span))
        .run(&base.state)
        .output(OUT)
}
