//! Converts diagnostics to failures and warnings of the engine, with the lines that they are about.

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

/// The place where the file names an image: the image's name if the file contains it, else the Python version
/// from which the name is made, else the first line.
pub(super) fn location_of(
    file: &BuildFile,
    reference: &crate::reference::ImageReference,
) -> buildkit_llb::Location {
    let ranges = vec![range(&file.source, span_of(file, reference))];
    buildkit_llb::Location { file: Arc::clone(&file.file), ranges }
}

/// The bytes of the file for [`location_of`].
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

/// A place in the build file, as an error detail.
pub(super) fn place(file: &BuildFile, span: Span) -> SourceDetail {
    SourceDetail { ranges: vec![range(&file.source, span)], ..detail_of_file(file) }
}

/// The version in the name of an official Python image.
fn python_version(reference: &crate::reference::ImageReference) -> Option<&str> {
    let tag = reference.tag().filter(|_| reference.familiar_name() == "python")?;
    tag.split('-').next()
}

/// The failure of an image lookup. The message is the engine's own, unless the registry does not have the
/// image.
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
    // If a version has no image, the failure points to the place that sets the version.
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

/// The file and lines of a diagnostic, as an error detail.
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

/// Places as error details, one for each file.
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

/// The largest size of the files that are sent with the problems of a build, in bytes. Each problem carries
/// its whole file, and the engine accepts messages of up to 16 MiB.
const MOST_SHOWN: usize = 4 << 20;

/// The number of bytes of files that may still be sent.
struct Room(usize);

impl Room {
    fn new() -> Self {
        Self(MOST_SHOWN)
    }

    /// Whether the file of a problem is sent. The first file is always sent.
    fn takes(&mut self, found: &Diagnostic) -> bool {
        let size = found.source.text.len();
        let fits = self.0 == MOST_SHOWN || size <= self.0;
        self.0 = self.0.saturating_sub(size.max(1));
        fits
    }
}

/// The files and lines of the problems. If the files are large, only those of the first problems. The message
/// still lists all problems.
fn details(found: Vec<&Diagnostic>, file: &BuildFile) -> Vec<SourceDetail> {
    let mut room = Room::new();
    found.into_iter().filter(|one| room.takes(one)).map(|one| detail(one, file)).collect()
}

/// One failure for all errors. Clients print the lines of each error.
pub(super) fn failure(found: &Diagnostics, file: &BuildFile) -> FrontendFailure {
    FrontendFailure::new(found.summary(), &details(found.errors(), file))
}

/// One failure for warnings that must fail the build. Clients print the lines of each warning.
pub(super) fn violation(message: String, found: &Diagnostics, file: &BuildFile) -> FrontendFailure {
    FrontendFailure::new(message, &details(found.warnings(), file))
}

/// The failure of resolving. If a step failed, the message is the engine's own.
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
        // A warning that cannot be shown is not a reason to fail. If the engine is gone, the next call fails.
        drop(sent);
    }
}
