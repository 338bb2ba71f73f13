//! Folders of the client as sources.

use super::source::{PlatformIs, Source};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::State;

/// The way in which an engine finds the files that have changed on the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differ {
    /// No comparison: the client sends all files again.
    None,
    /// By size, time, mode and owner.
    Metadata,
}

/// A folder that the client sends.
///
/// Without a session and a unique id, equal sources of several clients are one vertex. In that case Go's
/// client draws a random id. This crate does not, because equal graphs must give equal definitions.
#[derive(Debug, Clone)]
#[must_use]
pub struct Local(Source);

impl Local {
    /// The folder that the client knows by this name, such as `context`.
    pub fn new(name: impl AsRef<str>) -> Self {
        Self(Source::new(format!("local://{}", name.as_ref()), Cap::SourceLocal))
    }

    /// The session of the client that holds the folder.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.0.set_with_cap("local.session", id, Cap::SourceLocalSessionId);
        self
    }

    /// Keeps this source apart from other sources with the same attributes.
    pub fn unique_id(mut self, id: impl Into<String>) -> Self {
        self.0.set_with_cap("local.unique", id, Cap::SourceLocalUnique);
        self
    }

    /// Sends only paths that match. An empty list means all paths.
    pub fn include_patterns<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.0.set_list("local.includepattern", patterns, Cap::SourceLocalIncludePatterns);
        self
    }

    /// Sends no path that matches. The syntax is that of `.dockerignore`.
    pub fn exclude_patterns<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.0.set_list("local.excludepatterns", patterns, Cap::SourceLocalExcludePatterns);
        self
    }

    /// Sends these paths and the targets of their symbolic links.
    pub fn follow_paths<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.0.set_list("local.followpaths", paths, Cap::SourceLocalFollowPaths);
        self
    }

    /// The key of an earlier transfer whose copy the engine updates.
    pub fn shared_key_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.set_with_cap("local.sharedkeyhint", hint, Cap::SourceLocalSharedKeyHint);
        self
    }

    /// The way to find changed files. An engine may ignore this setting.
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

    /// Sends only names, sizes and modes. The content is sent only for paths that match the exceptions.
    pub fn metadata_only<S: Into<String>>(mut self, exceptions: impl IntoIterator<Item = S>) -> Self {
        let cap = Cap::SourceLocalMetadataTransfer;
        self.0.set_list("local.metadatatransferexclude", exceptions, cap);
        self.0.set_with_cap("local.metadatatransfer", "true", cap);
        self
    }

    /// The platform of a command on this state; not part of the op.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.0.on(platform);
        self
    }

    /// The metadata of the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.0.say(metadata);
        self
    }

    /// The state of the folder.
    pub fn state(self) -> State {
        self.0.state(PlatformIs::OnlyInherited)
    }
}
