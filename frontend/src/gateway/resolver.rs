//! Resolves requirements on the engine: runs a build step and reads its result.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::{Platform, State};

use crate::emit::{ANSWER, BaseImage, EXPLANATION, Inputs, Scanned, explanation, resolver};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::{Reference, SolveRequest};
use crate::gateway::context::GatewayContext;
use crate::gateway::download::{After, Downloads};
use crate::gateway::errors::{FrontendFailure, RpcError};
use crate::gateway::explain::explained;
use crate::gateway::options::{Options, SourceDateEpoch};
use crate::gateway::python_base::python_base;
use crate::gateway::report::details_of;
use crate::gateway::wishes::exec_options;
use crate::plan::{Access, PythonBase};
use crate::project::Ignored;
use crate::resolve::{Clock, CondaQuestion, FilesQuestion, Question, ResolveError, Resolver, blamed};

/// Resolves in the builder's base image, on the engine's own platform.
pub(super) struct GatewayResolver<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) options: &'a Options,
    pub(super) file: &'a BuildFile,
    pub(super) context: &'a GatewayContext<'a>,
    pub(super) ignored: &'a Ignored,
    pub(super) platform: &'a Platform,
    pub(super) base: &'a PythonBase,
    pub(super) access: &'a Access,
    pub(super) image: RefCell<Option<BaseImage>>,
    /// The states of the answers so far.
    pub(super) answered: RefCell<Vec<State>>,
}

impl GatewayResolver<'_> {
    fn base(&self) -> Result<BaseImage, FrontendFailure> {
        if let Some(image) = self.image.borrow().as_ref() {
            return Ok(image.clone());
        }
        let on = (self.platform, self.platform);
        let image = python_base(self.bridge, self.options, self.file, self.base, on)?;
        *self.image.borrow_mut() = Some(image.clone());
        Ok(image)
    }

    fn answer(&self, question: &Question) -> Result<String, FrontendFailure> {
        let base = self.base()?;
        let mut paths: BTreeSet<String> = question.requirements.context_paths(false).collect();
        paths.extend(question.conda.iter().flat_map(CondaQuestion::context_paths));
        paths.extend(question.files.iter().flat_map(FilesQuestion::context_paths));
        let context = self.context.files(&paths, self.ignored);
        let inputs = Inputs {
            platform: self.platform.clone(),
            explicit_platform: false,
            multi_platform: false,
            build_platform: self.platform.clone(),
            context,
            images: BTreeMap::new(),
            dockerfiles: BTreeMap::new(),
            resolved: Vec::new(),
            stages: BTreeMap::new(),
            build_images: BTreeMap::new(),
            compiler: None,
            tool: None,
            file: Arc::clone(&self.file.file),
            capabilities: self.bridge.llb_caps().clone(),
            options: exec_options(self.options),
            epoch: None,
            scanned: Scanned::default(),
            together: BTreeMap::new(),
            tries: BTreeMap::new(),
        };
        let (state, solved) = self.solved(question, &base, inputs)?;
        let solved = solved.ok_or_else(|| FrontendFailure::new("the resolver gave no answer", &[]))?;
        let bytes = self.bridge.read_file(&solved, ANSWER)?;
        self.answered.borrow_mut().push(state);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The state with the answer, and its reference. Solving can fail at a download, because a requirements
    /// file can include another file by its address.
    fn solved(
        &self,
        question: &Question,
        base: &BaseImage,
        mut inputs: Inputs,
    ) -> Result<(State, Option<Reference>), FrontendFailure> {
        let mut downloads = Downloads::default();
        loop {
            inputs.tries.clone_from(downloads.tries());
            let state = resolver(question, base, &inputs, self.access, &self.file.source);
            let error = match self.solve(&state) {
                Ok(solved) => return Ok((state, solved)),
                Err(error) => error,
            };
            match downloads.after(&error, self.bridge, Some(self.access), &[state.marshal()]) {
                After::Again => {}
                After::Failed(failed) => {
                    return Err(FrontendFailure::from(error).reworded(failed.problem(&[]).with_help()));
                }
                After::NoDownload => return Err(self.explained(question, base, &inputs, error)),
            }
        }
    }

    fn solve(&self, state: &State) -> Result<Option<Reference>, RpcError> {
        let mut request = SolveRequest::new(&state.marshal());
        request.cache_imports.clone_from(&self.options.cache_imports);
        request.evaluate = true;
        self.bridge.solve(request)
    }

    /// Moves a failure of the resolver to the requirements that the resolver names. A frontend cannot read
    /// the output of a step, so the resolver runs again and saves its output.
    fn explained(
        &self,
        question: &Question,
        base: &BaseImage,
        inputs: &Inputs,
        error: RpcError,
    ) -> FrontendFailure {
        // Another exit code means that the index did not answer. A second run would wait for the index again.
        let nothing_fits = error.message().ends_with("exit code: 1");
        let failure = explained(error, self.access);
        let wanted = &question.requirements.wanted;
        if !nothing_fits || wanted.len() < 2 {
            return failure;
        }
        let state = explanation(question, base, inputs, self.access, &self.file.source);
        let words = match self.solve(&state) {
            Ok(Some(solved)) => self.bridge.read_file(&solved, EXPLANATION),
            // The failure is known. Only its place stays unknown, and the resolver's output describes it.
            _ => return failure,
        };
        let words = words.unwrap_or_default();
        let named = blamed(wanted, &String::from_utf8_lossy(&words));
        if named.is_empty() { failure } else { failure.moved(&details_of(&named)) }
    }
}

impl Resolver for GatewayResolver<'_> {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        self.answer(question).map_err(|failure| ResolveError(Box::new(failure)))
    }

    fn clock(&self) -> Clock {
        Clock::new(self.options.source_date_epoch.as_ref().and_then(SourceDateEpoch::seconds))
    }
}
