//! Stand-ins for an index and a registry, which the command line does not ask. Their answers stay open and
//! are noted.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::{CapSet, Image, Local, Metadata, Platform, SourceFile};
use serde_json::Value;

use super::error::CliError;
use super::folder::{Opened, Prepared};
use super::platform::native;
use crate::emit::{self, BaseImage, ExecOptions, Inputs, Scanned};
use crate::plan::{PythonBase, WheelLayer, WheelSet};
use crate::project::{Project, PythonVersion};
use crate::reference::ImageReference;
use crate::resolve::{Clock, Question, ResolveError, Resolver};
use crate::spec::{DockerfileTarget, Spec};

/// The name of a layer whose wheels are not known yet.
pub(super) const OPEN: &str = "resolved in the build";

/// A resolver that gives no answers and remembers the questions.
#[derive(Debug, Default)]
pub(super) struct Offline {
    /// The questions, in order.
    pub(super) asked: RefCell<Vec<Question>>,
    /// The replacement for the clock, in seconds since 1970.
    pub(super) epoch: Option<i64>,
}

impl Resolver for Offline {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        self.asked.borrow_mut().push(question.clone());
        Err(ResolveError(OPEN.into()))
    }

    fn clock(&self) -> Clock {
        Clock::new(self.epoch)
    }
}

/// A resolver that finds nothing. So only locked packages are available.
#[derive(Debug)]
pub(super) struct Nothing;

impl Resolver for Nothing {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        if question.files.is_some() {
            return Ok("{}".to_owned());
        }
        Ok("lock-version = \"1.0\"\ncreated-by = \"pybuild\"\npackages = []\n".to_owned())
    }

    fn clock(&self) -> Clock {
        // This resolver finds no files, so no file is too new.
        Clock::new(None)
    }
}

/// An environment whose wheels are not known yet: one layer without wheels.
pub(super) fn open_set(spec: &Spec, project: &Project) -> WheelSet {
    let python = project.python.map(PythonVersion::library).unwrap_or_default();
    let layer = WheelLayer { name: OPEN.to_owned(), wheels: Vec::new() };
    WheelSet {
        python,
        conda: None,
        base: vec![layer],
        extra: Vec::new(),
        bytecode: spec.dependencies.bytecode,
    }
}

/// The graph of a build. Images keep their names and are not pinned to a digest.
pub(super) fn emit(
    opened: &Opened,
    prepared: &Prepared,
    platform: &Platform,
) -> Result<emit::Image, CliError> {
    let plan = &prepared.plan;
    let here = native();
    let context = Local::new("context")
        .shared_key_hint("context")
        .exclude_patterns(opened.ignored.patterns.to_strings());
    let context = match plan.context_paths() {
        Some(paths) => context.follow_paths(paths),
        None => context,
    };
    let file = SourceFile {
        filename: opened.source.name.clone(),
        data: opened.source.text.clone().into_bytes(),
        language: "toml".to_owned(),
        definition: None,
    };
    let named = |images: BTreeSet<&ImageReference>, platform: &Platform| -> BTreeMap<_, _> {
        images.into_iter().map(|image| (image.clone(), unpinned(image, platform))).collect()
    };
    let mut inputs = Inputs {
        platform: platform.clone(),
        explicit_platform: true,
        multi_platform: false,
        build_platform: here.clone(),
        context: context.meta(Metadata::named("[internal] load build context")).state(),
        images: named(plan.images(), platform),
        dockerfiles: plan.dockerfiles().map(|(target, _, _)| (target.clone(), unsolved(target))).collect(),
        resolved: Vec::new(),
        stages: BTreeMap::new(),
        build_images: named(plan.build_images(), &here),
        compiler: None,
        tool: Some(
            Image::new(frontend(opened)).platform(&here).meta(Metadata::named("[internal] pybuild")).state(),
        ),
        file: Arc::new(file),
        capabilities: CapSet::all(),
        options: ExecOptions::default(),
        epoch: None,
        scanned: Scanned::default(),
        together: BTreeMap::new(),
        tries: BTreeMap::new(),
    };
    if let Some(builder) = &plan.builder {
        let questions: Vec<&Question> = prepared.asked.values().flatten().collect();
        let on = Inputs { platform: here.clone(), ..inputs.clone() };
        let base = match &builder.resolver {
            PythonBase::Image(image) => unpinned(image, &here),
            // Here the state of a stage is for the platform of the image.
            PythonBase::Stage(name) => {
                emit::stage(plan, &inputs, name).map_err(|error| CliError::new(error.to_string()))?
            }
            PythonBase::Dockerfile(target) => unsolved(target),
        };
        for question in questions {
            let state = emit::resolver(question, &base, &on, &plan.access, &opened.source);
            if !inputs.resolved.contains(&state) {
                inputs.resolved.push(state);
            }
        }
    }
    emit::emit(plan, &inputs).map_err(|error| CliError::new(error.to_string()))
}

fn unpinned(image: &ImageReference, platform: &Platform) -> BaseImage {
    let reference = image.clone().with_default_tag().to_string();
    let meta = Metadata::named(format!("[base] {reference}"));
    BaseImage { state: Image::new(reference).platform(platform).meta(meta).state(), config: Value::Null }
}

/// A stand-in for the answer of BuildKit's Dockerfile frontend.
fn unsolved(target: &DockerfileTarget) -> BaseImage {
    let meta = Metadata::named(format!("[dockerfile] {}", target.title()));
    let local = Local::new("context").follow_paths([target.file.as_str()]).meta(meta);
    BaseImage { state: local.state(), config: Value::Null }
}

/// The image that the first line of the build file names (`# syntax=`).
pub(super) fn frontend(opened: &Opened) -> String {
    let first = opened.source.text.lines().next().unwrap_or_default();
    let named = first.trim_start_matches('#').trim_start().strip_prefix("syntax").map(str::trim_start);
    let named = named.and_then(|rest| rest.strip_prefix('=')).map(str::trim);
    let known = named.and_then(|name| ImageReference::parse(name).ok());
    known.map_or_else(|| "pybuild".to_owned(), |image| image.with_default_tag().to_string())
}

/// The facts that a graph without an engine cannot have, for standard error.
pub(super) fn notes(prepared: &Prepared) -> Vec<String> {
    let images: Vec<_> =
        prepared.plan.images().into_iter().map(|image| format!("`{}`", image.familiar())).collect();
    let mut notes = Vec::new();
    if !images.is_empty() {
        let images = images.join(", ");
        notes.push(format!(
            "images are not looked up: {images} as named, not pinned; a build's digests differ"
        ));
    }
    if !prepared.asked.is_empty() {
        notes.push("some packages are resolved in the build: their wheels are not in the graph".to_owned());
    }
    notes
}
