//! Questions to an index, answered in a build step. The step is cached, and it is the same for every
//! platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Exec, FileOp, Metadata, MkFile, Mount, Sharing, State};

use super::environment::HIDE;
use super::locations::Locks;
use super::overlaps::Comparisons;
use super::requirements::Reader;
use super::script::{Script, script};
use super::wheels::OUT;
use super::{BaseImage, Emitter, ImageConfig, Inputs};
use crate::diagnostics::{Source, Span};
use crate::plan::{Access, Plan};
use crate::resolve::{Bound, Question};

/// The file in the state of [`resolver`].
pub const ANSWER: &str = "pylock.toml";

/// The file in the state of [`explanation`].
pub const EXPLANATION: &str = "words.txt";

pub(super) const STAGE: &str = "resolver";
const CACHE: &str = "/root/.cache/uv";
const INSTALL: Script = script!("install-resolver.sh", "script to install a resolver");
const UV_PIN: Script = script!("uv.txt", "version of uv");
const RESOLVE: Script = script!("resolve.sh", "script to resolve requirements");
const EXPLAIN: Script = script!("explain.sh", "script to find the requirement that failed");

/// A question, and the kind of answer that is needed.
pub(super) struct Asked<'a> {
    question: &'a Question,
    /// The place in the build file that asks the question.
    pub(super) span: Span,
    /// Whether the step saves the resolver's output instead of an answer.
    only_words: bool,
}

/// A state whose only file is the answer to `question`. `base` is an image with Python and pip for the
/// engine's own platform; `inputs` are for this platform too. If the step fails and no other file has the
/// requirements, the error shows lines of `source`.
pub fn resolver(
    question: &Question,
    base: &BaseImage,
    inputs: &Inputs,
    access: &Access,
    source: &Arc<Source>,
) -> State {
    ask(question, base, inputs, access, source, false)
}

/// Runs the resolver again and keeps its output as the only file of the state. The step is never cached and
/// always succeeds, so that the failure of a resolution can be read and explained.
pub fn explanation(
    question: &Question,
    base: &BaseImage,
    inputs: &Inputs,
    access: &Access,
    source: &Arc<Source>,
) -> State {
    ask(question, base, inputs, access, source, true)
}

fn ask(
    question: &Question,
    base: &BaseImage,
    inputs: &Inputs,
    access: &Access,
    source: &Arc<Source>,
    only_words: bool,
) -> State {
    let plan = Plan {
        source: Arc::clone(source),
        target: String::new(),
        stages: Vec::new(),
        access: access.clone(),
        builder: None,
        python_span: None,
    };
    let emitter = Emitter {
        plan: &plan,
        inputs,
        built: BTreeMap::new(),
        checks: BTreeMap::new(),
        locks: Locks::default(),
        comparisons: Comparisons::default(),
    };
    let span = question.requirements.asked.unwrap_or_else(|| source.line_span(1));
    let asked = Asked { question, span, only_words };
    let config = ImageConfig::inherit(&base.config, None, &inputs.platform);
    if let Some(conda) = &question.conda {
        return emitter.conda_solver(conda, base, &config, &asked);
    }
    if let Some(files) = &question.files {
        return emitter.locator(files, base, &config, &asked);
    }
    let uv = emitter
        .install_resolver(UV_PIN, "uv, the resolver", &config)
        .mount(Mount::scratch(OUT))
        .meta(emitter.metadata(STAGE, "install uv", span))
        .run(&base.state)
        .output(OUT);
    let mut arguments = vec![question.python.clone()];
    arguments.extend(question.bound.iter().flat_map(Bound::arguments));
    if question.requirements.prereleases {
        arguments.extend(["--prerelease".to_owned(), "allow".to_owned()]);
    }
    let pins = "/run/pybuild/pins.txt";
    if !question.pins.is_empty() {
        arguments.extend(["-c".to_owned(), pins.to_owned()]);
    }
    let build_constraints = "/run/pybuild/build-constraints.txt";
    if !question.build_constraints.is_empty() {
        arguments.extend(["--build-constraints".to_owned(), build_constraints.to_owned()]);
    }
    arguments.extend(Emitter::requirement_files(&question.requirements));
    let exec = emitter.asking(&asked, RESOLVE, &arguments, &config);
    let mut exec = emitter.mount_requirements(exec, &question.requirements, Reader::Resolver);
    let lists = [
        (&question.pins, pins, "/pins.txt", "[internal] locked versions"),
        (&question.build_constraints, build_constraints, "/constraints.txt", "[internal] build constraints"),
    ];
    for (lines, place, name, title) in lists.into_iter().filter(|(lines, ..)| !lines.is_empty()) {
        let file = FileOp::on(&State::scratch())
            .mkfile(MkFile::new(name, lines.join("\n") + "\n").mode(0o644).timestamp(0))
            .meta(Metadata::named(title))
            .state();
        exec = exec.mount(Mount::bind(&file, place).selector(name).read_only());
    }
    let exec = exec.mount(Mount::bind(&uv, "/run/pybuild/uv").read_only());
    emitter.answered(&asked, exec, Some(CACHE)).run(&base.state).output(OUT)
}

impl Emitter<'_> {
    /// The process that installs the version of a resolver in `pin`. Messages call the resolver `name`.
    pub(super) fn install_resolver(&self, pin: Script, name: &str, config: &ImageConfig) -> Exec {
        let exec = self.shell(INSTALL, &[pin.path(), name.to_owned()], config);
        self.with_pip_cache(exec.mount(HIDE.mount()).mount(pin.mount()))
    }

    /// The process that runs `script` to answer the question.
    pub(super) fn asking(
        &self,
        asked: &Asked<'_>,
        script: Script,
        arguments: &[String],
        config: &ImageConfig,
    ) -> Exec {
        if !asked.only_words {
            return self.shell(script, arguments, config);
        }
        let arguments: Vec<_> = std::iter::once(script.path()).chain(arguments.iter().cloned()).collect();
        self.shell(EXPLAIN, &arguments, config).mount(script.mount())
    }

    /// The process of the question with its indexes, the resolver's cache and its source lines.
    pub(super) fn answered(&self, asked: &Asked<'_>, exec: Exec, cache: Option<&str>) -> Exec {
        let exec = self.with_index(exec).mount(Mount::scratch(OUT));
        let wanted = &asked.question.requirements.wanted;
        if asked.only_words {
            // This step has no cache mount, because an engine empties the cache mounts of a step that ignores
            // the cache.
            let meta = self.metadata(STAGE, "find the requirement that failed", asked.span);
            return exec.meta(meta.ignore_cache(true));
        }
        let title = format!("resolve: {}", asked.question.label());
        let exec = match cache {
            Some(cache) => {
                exec.mount(Mount::cache(cache, self.inputs.options.cache_id(cache), Sharing::Shared))
            }
            None => exec,
        };
        exec.meta(self.metadata_at(STAGE, &title, self.wanted_locations(wanted, asked.span)))
    }
}
