//! Asks the engine to resolve: a build step whose result is read back.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::{Platform, State};

use crate::emit::{ANSWER, BaseImage, Inputs, Scanned, resolver};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::SolveRequest;
use crate::gateway::context::GatewayContext;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::images::resolve_image;
use crate::gateway::options::Options;
use crate::gateway::wishes::exec_options;
use crate::plan::Access;
use crate::project::Ignored;
use crate::reference::ImageReference;
use crate::resolve::{CondaQuestion, Question, ResolveError, Resolver};

/// Resolves in the builder's base image, on the platform that the engine runs on.
pub(super) struct GatewayResolver<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) options: &'a Options,
    pub(super) file: &'a BuildFile,
    pub(super) context: &'a GatewayContext<'a>,
    pub(super) ignored: &'a Ignored,
    pub(super) platform: &'a Platform,
    pub(super) base: &'a ImageReference,
    pub(super) access: &'a Access,
    pub(super) image: RefCell<Option<BaseImage>>,
    /// What was resolved so far.
    pub(super) answered: RefCell<Vec<State>>,
}

impl GatewayResolver<'_> {
    fn base(&self) -> Result<BaseImage, FrontendFailure> {
        if let Some(image) = self.image.borrow().as_ref() {
            return Ok(image.clone());
        }
        let image = resolve_image(self.bridge, self.options, self.base, self.platform, self.file)?;
        *self.image.borrow_mut() = Some(image.clone());
        Ok(image)
    }

    fn answer(&self, question: &Question) -> Result<String, FrontendFailure> {
        let base = self.base()?;
        let mut paths: BTreeSet<String> =
            question.requirements.inputs.iter().map(|path| path.as_str().to_owned()).collect();
        paths.extend(question.conda.iter().flat_map(CondaQuestion::context_paths));
        let context =
            if paths.is_empty() { State::scratch() } else { self.context.state(Some(&paths), self.ignored) };
        let inputs = Inputs {
            platform: self.platform.clone(),
            explicit_platform: false,
            multi_platform: false,
            build_platform: self.platform.clone(),
            context,
            images: BTreeMap::new(),
            resolved: Vec::new(),
            stages: BTreeMap::new(),
            build_images: BTreeMap::new(),
            tool: None,
            file: Arc::clone(&self.file.file),
            capabilities: self.bridge.llb_caps().clone(),
            options: exec_options(self.options),
            epoch: None,
            scanned: Scanned::default(),
        };
        let span = question.requirements.asked.unwrap_or_else(|| self.file.source.line_span(1));
        let state = resolver(question, &base, &inputs, self.access, &self.file.source, span);
        let mut request = SolveRequest::new(&state.marshal());
        request.cache_imports.clone_from(&self.options.cache_imports);
        request.evaluate = true;
        let solved = self.bridge.solve(request)?;
        let solved = solved.ok_or_else(|| FrontendFailure::new("the resolver gave no answer", &[]))?;
        let bytes = self.bridge.read_file(&solved, ANSWER)?;
        self.answered.borrow_mut().push(state);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Resolver for GatewayResolver<'_> {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        self.answer(question).map_err(|failure| ResolveError(Box::new(failure)))
    }
}
