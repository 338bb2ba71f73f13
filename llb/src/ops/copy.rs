//! Copying from one state into another.

use std::collections::BTreeSet;

use super::file_actions::{NO_TIMESTAMP, Owner, wire_mode};
use crate::caps::Cap;
use crate::path;
use crate::pb;
use crate::state::State;

/// Leaves a copied file its mode.
const KEEP_MODE: i32 = -1;

/// Copies from a state.
#[derive(Debug, Clone)]
#[must_use]
pub struct Copy {
    source: State,
    message: pb::FileActionCopy,
    owner: Option<Owner>,
}

impl Copy {
    /// Copies a path of a state to a path. A destination that ends in `/` is a directory to copy into.
    pub fn new(source: &State, src: impl AsRef<str>, dest: impl AsRef<str>) -> Self {
        let message = pb::FileActionCopy {
            src: path::absolute(src.as_ref()),
            dest: path::absolute_keeping_end(dest.as_ref()),
            mode: KEEP_MODE,
            timestamp: NO_TIMESTAMP,
            ..pb::FileActionCopy::default()
        };
        Self { source: source.clone(), message, owner: None }
    }

    /// Copies only what matches, relative to the source.
    pub fn include<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.message.include_patterns = strings(patterns);
        self
    }

    /// Copies nothing that matches, relative to the source.
    pub fn exclude<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.message.exclude_patterns = strings(patterns);
        self
    }

    /// Paths that must be there; of use with [`include`](Self::include) only.
    pub fn required_paths<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.message.required_paths = strings(paths);
        self
    }

    /// Owner of everything copied, and of parents that are made.
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Mode of everything copied, set-user-id bits included, and of parents that are made.
    pub fn mode(mut self, mode: u32) -> Self {
        self.message.mode = wire_mode(mode);
        self.message.mode_str.clear();
        self
    }

    /// Mode in the words of `chmod`, as `u=rwX,go=rX`.
    ///
    /// No capability tells whether an engine knows it; one that does not sets the mode to 0.
    pub fn mode_str(mut self, mode: impl Into<String>) -> Self {
        self.message.mode_str = mode.into();
        self.message.mode = if self.message.mode_str.is_empty() { KEEP_MODE } else { 0 };
        self
    }

    /// Copies what links in the source path point to.
    pub fn follow_symlinks(mut self, follow: bool) -> Self {
        self.message.follow_symlink = follow;
        self
    }

    /// Copies what is in a directory, not the directory.
    pub fn dir_contents_only(mut self, contents_only: bool) -> Self {
        self.message.dir_copy_contents = contents_only;
        self
    }

    /// Unpacks a source that is an archive.
    pub fn unpack(mut self, unpack: bool) -> Self {
        self.message.attempt_unpack_docker_compatibility = unpack;
        self
    }

    /// Makes missing parents of the destination.
    pub fn create_dest_path(mut self, create: bool) -> Self {
        self.message.create_dest_path = create;
        self
    }

    /// Takes the source path as a pattern.
    pub fn wildcard(mut self, wildcard: bool) -> Self {
        self.message.allow_wildcard = wildcard;
        self
    }

    /// Lets a pattern match nothing.
    pub fn allow_empty_wildcard(mut self, allow: bool) -> Self {
        self.message.allow_empty_wildcard = allow;
        self
    }

    /// Replaces what is in the way and of another type.
    pub fn always_replace_existing(mut self, replace: bool) -> Self {
        self.message.always_replace_existing_dest_paths = replace;
        self
    }

    /// Time of everything copied, in nanoseconds since 1970.
    pub fn timestamp(mut self, nanoseconds: i64) -> Self {
        self.message.timestamp = nanoseconds;
        self
    }

    pub(super) fn source(&self) -> &State {
        &self.source
    }

    pub(super) fn add_caps(&self, caps: &mut BTreeSet<Cap>) {
        let message = &self.message;
        if !message.include_patterns.is_empty() || !message.exclude_patterns.is_empty() {
            caps.insert(Cap::FileCopyIncludeExcludePatterns);
        }
        if !message.required_paths.is_empty() {
            caps.insert(Cap::FileCopyRequiredPaths);
        }
        if message.always_replace_existing_dest_paths {
            caps.insert(Cap::FileCopyAlwaysReplaceExistingDestPaths);
        }
    }

    pub(super) fn to_pb(&self, base: i64) -> pb::FileActionCopy {
        let owner = self.owner.as_ref().map(|owner| owner.to_pb(base));
        pb::FileActionCopy { owner, ..self.message.clone() }
    }
}

fn strings<S: Into<String>>(list: impl IntoIterator<Item = S>) -> Vec<String> {
    list.into_iter().map(Into::into).collect()
}
