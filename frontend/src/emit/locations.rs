//! The source lines that clients print under the error of a step.
//!
//! If a step installs a package that a file of the project asks for, the lines are those of this file.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Location, Position, Range, SourceFile};

use super::Emitter;
use crate::diagnostics::{Place, Source, Span};
use crate::project::Wanted;

/// The size in bytes above which a lock is not attached. Every graph contains the files of its lines, and the
/// engine accepts messages of up to 16 MiB.
const LARGEST: usize = 2 << 20;

/// Clients print all marked lines below the output of the step. With more lines, the output would scroll out
/// of sight.
const MOST_LINES: usize = 20;

/// The locks and requirements files of step locations, by name. Each file is sent once.
#[derive(Default)]
pub(super) struct Locks(RefCell<BTreeMap<String, Arc<SourceFile>>>);

impl Locks {
    fn file(&self, source: &Source) -> Arc<SourceFile> {
        let mut files = self.0.borrow_mut();
        let file = files.entry(source.name.clone()).or_insert_with(|| {
            let language = match source.name.rsplit('.').next() {
                Some("txt") => "text",
                _ if source.name.ends_with("Pipfile.lock") => "json",
                Some("yml" | "yaml") => "yaml",
                _ if source.name.ends_with("pixi.lock") => "yaml",
                _ => "toml",
            };
            Arc::new(SourceFile {
                filename: source.name.clone(),
                data: source.shown().into_bytes(),
                language: language.to_owned(),
                definition: None,
            })
        });
        Arc::clone(file)
    }
}

impl Emitter<'_> {
    /// A place in the build file.
    pub(super) fn location(&self, span: Span) -> Location {
        Location { file: Arc::clone(&self.inputs.file), ranges: vec![range(&self.plan.source, span)] }
    }

    /// The place of a package in the lock. It shows the package's name under errors that do not name it.
    /// Without a place, the place in the build file that asks for it.
    pub(super) fn lock_location(&self, at: Option<&Place>, span: Span) -> Location {
        match at {
            Some(at) if at.source.text.len() <= LARGEST => {
                Location { file: self.locks.file(&at.source), ranges: vec![range(&at.source, at.span)] }
            }
            _ => self.location(span),
        }
    }

    /// The places of the requirements that a step installs or resolves, or else the place in the build file
    /// that asks for them. For a long list, only the first line of the file is marked.
    pub(super) fn wanted_locations(&self, wanted: &[Wanted], span: Span) -> Vec<Location> {
        let files = by_file(wanted.iter().map(|wanted| &wanted.at)).into_iter();
        let locations = files.filter(|(source, _)| source.text.len() <= LARGEST).map(|(source, spans)| {
            let spans = if spans.len() > MOST_LINES { vec![source.line_span(1)] } else { spans };
            let ranges = spans.into_iter().map(|span| range(source, span)).collect();
            Location { file: self.locks.file(source), ranges }
        });
        let mut locations: Vec<_> = locations.collect();
        if locations.is_empty() {
            locations.push(self.location(span));
        }
        locations
    }
}

/// The places grouped by file. The files are in the order of their first place.
pub fn by_file<'p>(places: impl Iterator<Item = &'p Place>) -> Vec<(&'p Arc<Source>, Vec<Span>)> {
    let mut files: Vec<(&Arc<Source>, Vec<Span>)> = Vec::new();
    for place in places {
        match files.iter_mut().find(|(source, _)| source.name == place.source.name) {
            Some((_, spans)) => spans.push(place.span),
            None => files.push((&place.source, vec![place.span])),
        }
    }
    files
}

fn range(source: &Source, span: Span) -> Range {
    let (start, end) = source.range(span);
    let position = |at: crate::diagnostics::Position| Position { line: at.line, character: at.character };
    Range { start: position(start), end: position(end) }
}
