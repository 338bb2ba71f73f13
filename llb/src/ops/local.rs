//! Folders of the client as sources.

use super::source::{PlatformIs, Source};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::State;

/// How an engine finds out which files of the client have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differ {
    /// Not at all: everything is sent again.
    None,
    /// By size, time, mode and owner.
    Metadata,
}

/// A folder that the client sends.
///
/// Without a session and a unique id, equal sources of several clients are one vertex; Go's client draws a random
/// id in that case, which a definition that must not change cannot do.
#[derive(Debug, Clone)]
#[must_use]
pub struct Local(Source);

impl Local {
    /// The folder that the client knows by a name, as `context`.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(Source::new(format!("local://{}", name.as_ref()), Cap::SourceLocal))
    }

    /// The session of the client to ask.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.0.set_with_cap("local.session", id, Cap::SourceLocalSessionId);
        self
    }

    /// Keeps this source apart from others that look alike.
    pub fn unique_id(mut self, id: impl Into<String>) -> Self {
        self.0.set_with_cap("local.unique", id, Cap::SourceLocalUnique);
        self
    }

    /// Sends only what matches; an empty list stands for everything.
    pub fn include_patterns<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.0.set_list("local.includepattern", patterns, Cap::SourceLocalIncludePatterns);
        self
    }

    /// Sends nothing that matches, in the syntax of `.dockerignore`.
    pub fn exclude_patterns<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.0.set_list("local.excludepatterns", patterns, Cap::SourceLocalExcludePatterns);
        self
    }

    /// Sends these paths and what their links point to.
    pub fn follow_paths<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.0.set_list("local.followpaths", paths, Cap::SourceLocalFollowPaths);
        self
    }

    /// Which copy of an earlier transfer to bring up to date.
    pub fn shared_key_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.set_with_cap("local.sharedkeyhint", hint, Cap::SourceLocalSharedKeyHint);
        self
    }

    /// How to find out what has changed; a wish, which an engine may ignore.
    pub fn differ(mut self, differ: Differ) -> Self {
        self.0.set(
            "local.differ",
            match differ {
                Differ::None => "none",
                Differ::Metadata => "metadata",
            },
        );
        self
    }

    /// Sends names, sizes and modes only, and content for what matches the exceptions.
    pub fn metadata_only<S: Into<String>>(mut self, exceptions: impl IntoIterator<Item = S>) -> Self {
        let cap = Cap::SourceLocalMetadataTransfer;
        self.0.set_list("local.metadatatransferexclude", exceptions, cap);
        self.0.set_with_cap("local.metadatatransfer", "true", cap);
        self
    }

    /// The platform that a command on this state runs on; not part of the op.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.0.on(platform);
        self
    }

    /// What is said about the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.0.say(metadata);
        self
    }

    /// The state of the folder.
    pub fn state(self) -> State {
        self.0.state(PlatformIs::OnlyInherited)
    }
}
