//! Copies files from one state into another.

use std::collections::BTreeSet;

use super::file_actions::{NO_TIMESTAMP, Owner, wire_mode};
use crate::caps::Cap;
use crate::path;
use crate::pb;
use crate::state::State;

/// The mode value that keeps the mode of a copied file.
const KEEP_MODE: i32 = -1;

/// A copy from a state, as an action of a [`FileOp`](crate::FileOp).
#[derive(Debug, Clone)]
#[must_use]
pub struct Copy {
    source: State,
    message: pb::FileActionCopy,
    owner: Option<Owner>,
}

impl Copy {
    /// Copies the path `src` of a state to the path `dest`. If `dest` ends in `/`, it names a directory to
    /// copy into.
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

    /// Copies only paths that match, relative to the source.
    pub fn include<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.message.include_patterns = strings(patterns);
        self
    }

    /// Copies no path that matches, relative to the source.
    pub fn exclude<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.message.exclude_patterns = strings(patterns);
        self
    }

    /// Paths that must exist. Only useful with [`include`](Self::include).
    pub fn required_paths<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.message.required_paths = strings(paths);
        self
    }

    /// Owner of everything that is copied, and of parents that are made.
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Mode of everything that is copied, with the set-user-id bits, and of parents that are made.
    pub fn mode(mut self, mode: u32) -> Self {
        self.message.mode = wire_mode(mode);
        self.message.mode_str.clear();
        self
    }

    /// Mode in the syntax of `chmod`, such as `u=rwX,go=rX`.
    ///
    /// No capability shows whether an engine knows this field. An engine that does not know it sets the mode
    /// to 0.
    pub fn mode_str(mut self, mode: impl Into<String>) -> Self {
        self.message.mode_str = mode.into();
        self.message.mode = if self.message.mode_str.is_empty() { KEEP_MODE } else { 0 };
        self
    }

    /// Follows symbolic links in the source path.
    pub fn follow_symlinks(mut self, follow: bool) -> Self {
        self.message.follow_symlink = follow;
        self
    }

    /// Copies the content of a directory without the directory itself.
    pub fn dir_contents_only(mut self, contents_only: bool) -> Self {
        self.message.dir_copy_contents = contents_only;
        self
    }

    /// Unpacks the source if it is an archive.
    pub fn unpack(mut self, unpack: bool) -> Self {
        self.message.attempt_unpack_docker_compatibility = unpack;
        self
    }

    /// Makes missing parents of the destination.
    pub fn create_dest_path(mut self, create: bool) -> Self {
        self.message.create_dest_path = create;
        self
    }

    /// Reads the source path as a pattern.
    pub fn wildcard(mut self, wildcard: bool) -> Self {
        self.message.allow_wildcard = wildcard;
        self
    }

    /// Allows that a pattern matches nothing.
    pub fn allow_empty_wildcard(mut self, allow: bool) -> Self {
        self.message.allow_empty_wildcard = allow;
        self
    }

    /// Replaces existing files of another type at the destination.
    pub fn always_replace_existing(mut self, replace: bool) -> Self {
        self.message.always_replace_existing_dest_paths = replace;
        self
    }

    /// Time of everything that is copied, in nanoseconds since 1970.
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
