//! The build file and the main context: their places, and how they are read.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use buildkit_llb::{
    Copy, Definition, Differ, FileOp, Http, Local, Metadata, Position, Range, SourceFile, State,
};

use crate::diagnostics::{Place, Problem, Source};
use crate::gateway::bridge::Bridge;
use crate::gateway::calls::{Reference, SolveRequest};
use crate::gateway::errors::{FrontendFailure, SourceDetail};
use crate::gateway::git_url::{ContextSource, is_archive};
use crate::gateway::images::engines_order;
use crate::gateway::options::Options;

/// The name of the build file if the client gives none. Clients send Docker's default name only for `docker
/// build .`.
const DEFAULT_FILE: &str = "pybuild.toml";

/// The number of bytes that are shown from the first line of a file that is too large.
const SHOWN: usize = 200;

/// Named states that a client or another frontend passes in, as encoded definitions.
type NamedInputs = BTreeMap<String, Vec<u8>>;

/// The place of the main context's files.
#[derive(Clone, Debug)]
pub enum MainContext {
    /// A folder of the client. Each use decides which files the client transfers.
    Client {
        /// The session of the client that has the folder.
        session_id: String,
    },
    /// Files that the engine already has or fetches itself. Ignore files do not apply to them.
    State(State),
}

/// The build file after reading.
#[derive(Clone, Debug)]
pub struct BuildFile {
    /// The text of the file.
    pub source: Arc<Source>,
    /// The file for source maps, with the definition that loaded it.
    pub file: Arc<SourceFile>,
    /// The digest of the vertex that loaded the file. Warnings are attached to this vertex.
    pub vertex: String,
    /// `FILE.dockerignore`, if there is one.
    pub ignore_file: Option<Vec<u8>>,
    /// The main context.
    pub context: MainContext,
    /// The place that decides the project's Python version, after it is known.
    pub python: OnceLock<Place>,
}

impl BuildFile {
    /// Reads the build file that `options` name.
    ///
    /// # Errors
    /// If the context or the file cannot be read.
    pub fn load(bridge: &Bridge, options: &Options) -> Result<Self, FrontendFailure> {
        let name = options.filename.clone().unwrap_or_else(|| DEFAULT_FILE.to_owned());
        let mut inputs = bridge.inputs()?;
        let (context, lone_file) = main_context(bridge, options, &mut inputs)?;
        if let Some(state) = lone_file {
            return Self::read(bridge, "context", &state, "context", MainContext::State(State::scratch()));
        }
        let state = match &context {
            MainContext::State(state) if !options.build_file_is_local => state.clone(),
            _ => client_build_file(options, &name, &mut inputs)?,
        };
        Self::read(bridge, &name, &state, &name, context)
    }

    fn read(
        bridge: &Bridge,
        name: &str,
        state: &State,
        path: &str,
        context: MainContext,
    ) -> Result<Self, FrontendFailure> {
        let definition = state.marshal();
        let failed = |failure: FrontendFailure| failure.context(&format!("failed to read {name}"));
        let reference = solve(bridge, &definition).map_err(failed)?;
        let bytes =
            bridge.read_head(&reference, path, Source::LIMIT + 1).map_err(|error| failed(error.into()))?;
        // This error ends the build: without the rules of the ignore file, images would contain files that
        // must be left out.
        let ignore_file = bridge.try_read_file(&reference, &format!("{path}.dockerignore"));
        let ignore_file = ignore_file.map_err(|error| failed(error.into()))?;
        let source =
            Source::decode(name, &bytes).map_err(|problem| unreadable(name, &problem, bytes, &definition))?;
        let file = SourceFile {
            filename: name.to_owned(),
            data: source.shown().into_bytes(),
            language: "toml".to_owned(),
            definition: Some(state.clone()),
        };
        Ok(Self {
            source: Arc::new(source),
            file: Arc::new(file),
            vertex: definition.head().map(|digest| digest.to_string()).unwrap_or_default(),
            ignore_file,
            context,
            python: OnceLock::new(),
        })
    }
}

/// The failure for a file that is not readable text.
///
/// It points at the line of the first invalid byte. Clients print the file, so we attach it unchanged. Of a
/// file over the size limit we attach only the first line. Without any source, the builtin frontend would
/// attach the whole file to our message, and the message would exceed the client's size limit.
fn unreadable(name: &str, problem: &Problem, bytes: Vec<u8>, definition: &Definition) -> FrontendFailure {
    let help = problem.help().into_iter().map(|help| format!("  help: {help}"));
    let message = std::iter::once(problem.to_string()).chain(help).collect::<Vec<_>>().join("\n");
    let (line, data) = if let Problem::NotUtf8 { offset } = problem {
        let before = bytes.get(..*offset).unwrap_or_default();
        (before.split(|byte| *byte == b'\n').count(), bytes)
    } else {
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        (1, first.iter().copied().take(SHOWN).collect())
    };
    let at = Position { line: u32::try_from(line).unwrap_or(u32::MAX), character: 0 };
    let place = SourceDetail {
        filename: name.to_owned(),
        data,
        language: "toml".to_owned(),
        definition: Some(definition.to_pb()),
        ranges: vec![Range { start: at, end: at }],
    };
    FrontendFailure::new(message, &[place])
}

/// Solves a graph whose files this frontend reads.
pub(super) fn solve(bridge: &Bridge, definition: &Definition) -> Result<Reference, FrontendFailure> {
    let solved = bridge.solve(SolveRequest::new(definition))?;
    solved.ok_or_else(|| FrontendFailure::new("the build context is empty", &[]))
}

/// The client's folder with the build file, read in exactly the same way as docker/dockerfile reads it. The
/// builtin frontend has just read it to find us. With the same vertex, the engine does not transfer the file
/// twice.
fn client_build_file(
    options: &Options,
    name: &str,
    inputs: &mut NamedInputs,
) -> Result<State, FrontendFailure> {
    let source = options.build_file_source.as_str();
    if let Some(definition) = inputs.remove(source)
        && !options.build_file_is_local
    {
        return from_input(source, &definition);
    }
    let mut paths = vec![name.to_owned(), format!("{name}.dockerignore")];
    // docker/dockerfile also asks for the lower-case name. The vertex is the same only if we ask for it too.
    if name.rsplit('/').next() == Some("Dockerfile") {
        let folder = name.strip_suffix("Dockerfile").unwrap_or_default();
        paths.push(format!("{folder}dockerfile"));
    }
    let local = Local::new(source)
        .follow_paths(paths)
        .session_id(options.session_of(source))
        .shared_key_hint(source)
        .differ(Differ::None)
        .meta(Metadata::named(format!("[internal] load build definition from {name}")));
    Ok(local.state().in_order(engines_order()))
}

fn from_input(name: &str, definition: &[u8]) -> Result<State, FrontendFailure> {
    let broken = |error| FrontendFailure::new(format!("input `{name}` cannot be read: {error}"), &[]);
    let definition = Definition::decode(definition).map_err(broken)?;
    State::from_definition(&definition).map_err(broken)
}

/// The main context. If the context is only a build file, also the state of that file.
fn main_context(
    bridge: &Bridge,
    options: &Options,
    inputs: &mut NamedInputs,
) -> Result<(MainContext, Option<State>), FrontendFailure> {
    let source = ContextSource::of(options).map_err(|error| FrontendFailure::of(&error))?;
    let state = match source {
        ContextSource::Local { name, session_id } => match inputs.remove(&name) {
            Some(definition) => from_input(&name, &definition)?,
            None => return Ok((MainContext::Client { session_id }, None)),
        },
        ContextSource::Git(git) => {
            let name = format!("[internal] load git source {}", options.context);
            git.to_llb(options).meta(Metadata::named(name)).state().in_order(engines_order())
        }
        ContextSource::Http { url } => {
            let fetched = Http::new(url)
                .filename("context")
                .meta(Metadata::named("[internal] load remote build context"))
                .state()
                .in_order(engines_order());
            let reference = solve(bridge, &fetched.marshal())?;
            if !is_archive(&bridge.read_head(&reference, "context", 1024)?) {
                return Ok((MainContext::State(State::scratch()), Some(fetched)));
            }
            let unpack = Copy::new(&fetched, "/context", "/").unpack(true);
            FileOp::on(&State::scratch())
                .copy(unpack)
                .meta(Metadata::named("[internal] unpack remote build context"))
                .state()
        }
    };
    let Some(folder) = options.context_subdir.as_ref().filter(|folder| !folder.is_empty()) else {
        return Ok((MainContext::State(state), None));
    };
    let copy = Copy::new(&state, folder, "/").dir_contents_only(true);
    let meta = Metadata::named(format!("[internal] take {folder} of the build context"));
    Ok((MainContext::State(FileOp::on(&State::scratch()).copy(copy).meta(meta).state()), None))
}
