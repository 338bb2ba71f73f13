//! The lines that clients show under the error of a step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Location, Position, Range, SourceFile};

use super::Emitter;
use crate::diagnostics::{Source, Span};
use crate::plan::LockPlace;

/// A lock that is larger, in bytes, is not sent along: every graph carries the files that its lines are of, and a
/// message of the engine's holds 16 MiB.
const LARGEST: usize = 2 << 20;

/// The locks that steps point into, by name: each is sent once.
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
                data: source.text.clone().into_bytes(),
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

    /// Where a package is locked, which names it under errors that do not; otherwise what asks for it in the build file.
    pub(super) fn lock_location(&self, at: Option<&LockPlace>, span: Span) -> Location {
        match at {
            Some(at) if at.source.text.len() <= LARGEST => {
                Location { file: self.locks.file(&at.source), ranges: vec![range(&at.source, at.span)] }
            }
            _ => self.location(span),
        }
    }
}

fn range(source: &Source, span: Span) -> Range {
    let (start, end) = source.range(span);
    let position = |at: crate::diagnostics::Position| Position { line: at.line, character: at.character };
    Range { start: position(start), end: position(end) }
}
