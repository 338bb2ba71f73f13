//! Images as sources, from a registry or from an OCI layout of the client.

use super::source::{PlatformIs, Source};
use crate::caps::Cap;
use crate::image_reference;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::State;

/// The way in which an engine looks for an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResolveMode {
    /// The engine's own setting; not written into the op.
    #[default]
    Default,
    /// Always asks the registry.
    ForcePull,
    /// Uses the engine's own copy, if there is one.
    PreferLocal,
}

/// An image in a registry.
#[derive(Debug, Clone)]
#[must_use]
pub struct Image(Source);

impl Image {
    /// The image with this reference. A short reference is completed: `python` means the official image with
    /// the tag `latest`.
    pub fn new(reference: impl AsRef<str>) -> Self {
        let reference = image_reference::full(reference.as_ref());
        Self(Source::new(format!("docker-image://{reference}"), Cap::SourceImage))
    }

    /// The way in which the engine looks for the image.
    pub fn resolve_mode(mut self, mode: ResolveMode) -> Self {
        const KEY: &str = "image.resolvemode";
        self.0.unset(KEY, Cap::SourceImageResolveMode);
        match mode {
            ResolveMode::Default => {}
            // Go requires the capability only where it would be unsafe to ignore the mode.
            ResolveMode::ForcePull => self.0.set_with_cap(KEY, "pull", Cap::SourceImageResolveMode),
            ResolveMode::PreferLocal => self.0.set(KEY, "local"),
        }
        self
    }

    /// The record class of the image for the engine's garbage collection, such as `frontend` or `internal`.
    pub fn record_type(mut self, record_type: impl Into<String>) -> Self {
        self.0.set("image.recordtype", record_type);
        self
    }

    /// Uses only this number of layers, counted from the lowest.
    pub fn layer_limit(mut self, layers: u32) -> Self {
        self.0.set_with_cap("image.layerlimit", layers.to_string(), Cap::SourceImageLayerLimit);
        self
    }

    /// The digest that the manifest must have.
    pub fn checksum(mut self, digest: impl Into<String>) -> Self {
        self.0.set_with_cap("image.checksum", digest, Cap::SourceImageChecksum);
        self
    }

    /// The platform to select from an image index. It is written in its normalised form.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.0.on(platform);
        self
    }

    /// The metadata of the op.
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
    /// The image with a full reference that contains its digest. The reference is used unchanged.
    pub fn new(reference: impl AsRef<str>) -> Self {
        Self(Source::new(format!("oci-layout://{}", reference.as_ref()), Cap::SourceOciLayout))
    }

    /// The session of the client that holds the layout.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.0.set("oci.session", id);
        self
    }

    /// The client's name of the layout. If unset, the name in the reference.
    pub fn store_id(mut self, id: impl Into<String>) -> Self {
        self.0.set("oci.store", id);
        self
    }

    /// Uses only this number of layers, counted from the lowest.
    pub fn layer_limit(mut self, layers: u32) -> Self {
        self.0.set("oci.layerlimit", layers.to_string());
        self
    }

    /// The platform to select from an image index. It is written in its normalised form.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.0.on(platform);
        self
    }

    /// The metadata of the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.0.say(metadata);
        self
    }

    /// The state of the image.
    pub fn state(self) -> State {
        self.0.state(PlatformIs::PartOfOp)
    }
}
