//! Diagnostics as the engine and its clients take them: failures and warnings with the lines they are about.

use std::sync::Arc;

use buildkit_llb::{Position, Range};

use crate::diagnostics::{Diagnostic, Diagnostics, Problem, Span};
use crate::emit::by_file;
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::Warning;
use crate::gateway::errors::{FrontendFailure, RpcError, SourceDetail};
use crate::lint::{Rule, labelled};
use crate::project::{Wanted, releases};
use crate::resolve::ResolveError;

/// Where the file names an image: the text itself if it is written there, or the version of Python that it is chosen
/// by, else the first line.
pub(super) fn location_of(
    file: &BuildFile,
    reference: &crate::reference::ImageReference,
) -> buildkit_llb::Location {
    let ranges = vec![range(&file.source, span_of(file, reference))];
    buildkit_llb::Location { file: Arc::clone(&file.file), ranges }
}

/// The bytes of the file that [`location_of`] is about.
pub(super) fn span_of(file: &BuildFile, reference: &crate::reference::ImageReference) -> Span {
    let name = reference.familiar();
    let text = &file.source.text;
    let quoted = |name: &str| {
        let at = text.find(&format!("\"{name}\"")).or_else(|| text.find(&format!("'{name}'")));
        at.map(|start| Span { start, end: start + name.len() + 2 })
    };
    let span = quoted(&name).or_else(|| python_version(reference).and_then(quoted));
    span.unwrap_or_else(|| file.source.line_span(1))
}

pub(super) fn image_location(file: &BuildFile, reference: &crate::reference::ImageReference) -> SourceDetail {
    place(file, span_of(file, reference))
}

/// A place in the build file, as the engine and its clients take it.
pub(super) fn place(file: &BuildFile, span: Span) -> SourceDetail {
    SourceDetail { ranges: vec![range(&file.source, span)], ..detail_of_file(file) }
}

/// The version in the name of an official image of Python.
fn python_version(reference: &crate::reference::ImageReference) -> Option<&str> {
    let tag = reference.tag().filter(|_| reference.familiar_name() == "python")?;
    tag.split('-').next()
}

/// Why an image could not be looked up: the engine's own words, unless its registry says that there is none.
pub(super) fn image_failure(
    error: RpcError,
    file: &BuildFile,
    reference: &crate::reference::ImageReference,
) -> FrontendFailure {
    let place = image_location(file, reference);
    let is_missing = error.code() == tonic::Code::NotFound || error.message().ends_with(": not found");
    if !is_missing {
        return FrontendFailure::from(error).at(&place);
    }
    let image = reference.clone().with_default_tag().familiar();
    let is_named = file.source.text.contains(&reference.familiar());
    let problem = match python_version(reference).filter(|_| !is_named) {
        Some(version) => Problem::NoPythonImage {
            version: version.to_owned(),
            image,
            known: releases::supported().map(|minor| format!("3.{minor}")).collect(),
        },
        None => Problem::NoImage { image },
    };
    let mut found = Diagnostics::default();
    // A version that has no image is shown where the version is said.
    let said = file.python.get().filter(|_| matches!(problem, Problem::NoPythonImage { .. }));
    if let Some(said) = said.filter(|said| !Arc::ptr_eq(&said.source, &file.source)) {
        found.report(&said.source, said.span, problem);
        return failure(&found, file);
    }
    found.report(&file.source, file.source.line_span(1), problem);
    FrontendFailure::new(found.summary(), &[place])
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

fn range(source: &crate::diagnostics::Source, span: Span) -> Range {
    let (start, end) = source.range(span);
    let position = |at: crate::diagnostics::Position| Position { line: at.line, character: at.character };
    Range { start: position(start), end: position(end) }
}

/// A diagnostic's file and lines as the engine and its clients take them.
fn detail(diagnostic: &Diagnostic, file: &BuildFile) -> SourceDetail {
    if Arc::ptr_eq(&diagnostic.source, &file.source) {
        return place(file, diagnostic.span);
    }
    let ranges = vec![range(&diagnostic.source, diagnostic.span)];
    SourceDetail {
        filename: diagnostic.source.name.clone(),
        data: diagnostic.source.shown().into_bytes(),
        language: String::new(),
        definition: None,
        ranges,
    }
}

/// Places as the engine and its clients take them, file by file.
pub(super) fn details_of(wanted: &[&Wanted]) -> Vec<SourceDetail> {
    let files = by_file(wanted.iter().map(|wanted| &wanted.at)).into_iter();
    let details = files.map(|(source, spans)| SourceDetail {
        filename: source.name.clone(),
        data: source.shown().into_bytes(),
        language: String::new(),
        definition: None,
        ranges: spans.into_iter().map(|span| range(source, span)).collect(),
    });
    details.collect()
}

/// The most bytes of files that go with the problems of a build. A file is sent with each of its problems, and an engine
/// takes messages of 16 MiB.
const MOST_SHOWN: usize = 4 << 20;

/// How much of files may still be sent.
struct Room(usize);

impl Room {
    fn new() -> Self {
        Self(MOST_SHOWN)
    }

    /// Whether the file of a problem is sent with it. The first one always is.
    fn takes(&mut self, found: &Diagnostic) -> bool {
        let size = found.source.text.len();
        let fits = self.0 == MOST_SHOWN || size <= self.0;
        self.0 = self.0.saturating_sub(size.max(1));
        fits
    }
}

/// The problems' files and lines, of the first problems where the files are large. The message has all.
fn details(found: Vec<&Diagnostic>, file: &BuildFile) -> Vec<SourceDetail> {
    let mut room = Room::new();
    found.into_iter().filter(|one| room.takes(one)).map(|one| detail(one, file)).collect()
}

/// All errors as one failure: clients print the lines of each.
pub(super) fn failure(found: &Diagnostics, file: &BuildFile) -> FrontendFailure {
    FrontendFailure::new(found.summary(), &details(found.errors(), file))
}

/// Warnings that are to fail the build, as one failure: clients print the lines of each.
pub(super) fn violation(message: String, found: &Diagnostics, file: &BuildFile) -> FrontendFailure {
    FrontendFailure::new(message, &details(found.warnings(), file))
}

/// Why resolving failed: the engine's own words where it was a step that failed.
pub(super) fn resolve_failure(error: &ResolveError, file: &BuildFile) -> FrontendFailure {
    if let Some(failure) = error.0.downcast_ref::<FrontendFailure>() {
        return failure.clone();
    }
    FrontendFailure::new(error.to_string(), &[place(file, file.source.line_span(1))])
}

pub(super) fn warn(bridge: &Bridge, found: &Diagnostics, file: &BuildFile) {
    let mut room = Room::new();
    for warning in found.warnings() {
        let is_shown = room.takes(warning);
        let place = detail(warning, file);
        let line = warning.line();
        let at = if warning.source.name == file.source.name {
            format!("line {line}")
        } else {
            format!("{} line {line}", warning.source.name)
        };
        let sent = bridge.warn(Warning {
            digest: file.vertex.clone(),
            short: format!("{} ({at})", labelled(&warning.problem)),
            detail: warning.problem.help(),
            url: warning.problem.rule().and_then(Rule::named).map(Rule::url).unwrap_or_default(),
            source: is_shown.then(|| place.to_source_info()),
            ranges: place.ranges,
        });
        // A warning that cannot be shown is no reason to fail; the engine has the next call fail if it is gone.
        drop(sent);
    }
}
