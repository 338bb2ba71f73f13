//! Images as sources, from a registry or from an OCI layout of the client.

use super::source::{PlatformIs, Source};
use crate::caps::Cap;
use crate::image_reference;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::State;

/// How an engine looks for an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResolveMode {
    /// As the engine is set up; not written into the op.
    #[default]
    Default,
    /// Asks the registry in any case.
    ForcePull,
    /// Takes what the engine has, if it has it.
    PreferLocal,
}

/// An image of a registry.
#[derive(Debug, Clone)]
#[must_use]
pub struct Image(Source);

impl Image {
    /// The image of a reference; a short one is completed, as `python` to the `latest` official image.
    pub fn new(reference: impl AsRef<str>) -> Self {
        let reference = image_reference::full(reference.as_ref());
        Self(Source::new(format!("docker-image://{reference}"), Cap::SourceImage))
    }

    /// How to look for it.
    pub fn resolve_mode(mut self, mode: ResolveMode) -> Self {
        const KEY: &str = "image.resolvemode";
        self.0.unset(KEY, Cap::SourceImageResolveMode);
        match mode {
            ResolveMode::Default => {}
            // Go demands the capability only where ignoring the mode would be unsafe.
            ResolveMode::ForcePull => self.0.set_with_cap(KEY, "pull", Cap::SourceImageResolveMode),
            ResolveMode::PreferLocal => self.0.set(KEY, "local"),
        }
        self
    }

    /// The class that the engine's garbage collection counts it to, as `frontend` or `internal`.
    pub fn record_type(mut self, record_type: impl Into<String>) -> Self {
        self.0.set("image.recordtype", record_type);
        self
    }

    /// Takes only this many layers, from the lowest.
    pub fn layer_limit(mut self, layers: u32) -> Self {
        self.0.set_with_cap("image.layerlimit", layers.to_string(), Cap::SourceImageLayerLimit);
        self
    }

    /// The digest that the manifest must have.
    pub fn checksum(mut self, digest: impl Into<String>) -> Self {
        self.0.set_with_cap("image.checksum", digest, Cap::SourceImageChecksum);
        self
    }

    /// Which image of an index to take; written normalised.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.0.on(platform);
        self
    }

    /// What is said about the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.0.say(metadata);
        self
    }

    /// The state of the image.
    pub fn state(self) -> State {
        self.0.state(PlatformIs::PartOfOp)
    }
}

/// An image in an OCI layout that the client holds.
#[derive(Debug, Clone)]
#[must_use]
pub struct OciLayout(Source);

impl OciLayout {
    /// The image of a full reference with its digest; taken as it is.
    pub fn new(reference: impl AsRef<str>) -> Self {
        Self(Source::new(format!("oci-layout://{}", reference.as_ref()), Cap::SourceOciLayout))
    }

    /// The session of the client to ask.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.0.set("oci.session", id);
        self
    }

    /// The client's name of the layout; unset, it is the reference's.
    pub fn store_id(mut self, id: impl Into<String>) -> Self {
        self.0.set("oci.store", id);
        self
    }

    /// Takes only this many layers, from the lowest.
    pub fn layer_limit(mut self, layers: u32) -> Self {
        self.0.set("oci.layerlimit", layers.to_string());
        self
    }

    /// Which image of an index to take; written normalised.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.0.on(platform);
        self
    }

    /// What is said about the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.0.say(metadata);
        self
    }

    /// The state of the image.
    pub fn state(self) -> State {
        self.0.state(PlatformIs::PartOfOp)
    }
}
