//! Sources: images, folders of the client, downloads and OCI layouts. Repositories are in [`git`](super::git).

use std::collections::{BTreeMap, BTreeSet};

use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::{Inputs, Parts, State};
use crate::{go_json, image_reference, pb};

/// A source while it is put together: what all kinds have in common.
#[derive(Debug, Clone)]
pub(super) struct Source {
    identifier: String,
    attrs: BTreeMap<String, String>,
    caps: BTreeSet<Cap>,
    platform: Option<Platform>,
    metadata: Metadata,
}

/// Whether the platform is written into the op.
///
/// Only what differs between platforms carries it, so that a download for two platforms is one vertex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlatformIs {
    PartOfOp,
    OnlyInherited,
}

impl Source {
    pub(super) fn new(identifier: String, cap: Cap) -> Self {
        Self {
            identifier,
            attrs: BTreeMap::new(),
            caps: BTreeSet::from([cap]),
            platform: None,
            metadata: Metadata::default(),
        }
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.attrs.insert(key.to_owned(), value.into());
    }

    pub(super) fn set_with_cap(&mut self, key: &str, value: impl Into<String>, cap: Cap) {
        self.set(key, value);
        self.caps.insert(cap);
    }

    pub(super) fn set_default(&mut self, key: &str, value: &str) {
        self.attrs
            .entry(key.to_owned())
            .or_insert_with(|| value.to_owned());
    }

    pub(super) fn set_default_with_cap(&mut self, key: &str, value: &str, cap: Cap) {
        self.set_default(key, value);
        self.caps.insert(cap);
    }

    /// Go leaves a list out when it is empty.
    fn set_list<S: Into<String>>(&mut self, key: &str, list: impl IntoIterator<Item = S>, cap: Cap) {
        let list: Vec<String> = list.into_iter().map(Into::into).collect();
        if list.is_empty() {
            self.attrs.remove(key);
            self.caps.remove(&cap);
        } else {
            self.set_with_cap(key, go_json::strings(&list), cap);
        }
    }

    pub(super) fn identify(&mut self, identifier: String) {
        self.identifier = identifier;
    }

    pub(super) fn on(&mut self, platform: &Platform) {
        self.platform = Some(platform.normalized());
    }

    pub(super) fn say(&mut self, metadata: Metadata) {
        self.metadata = metadata;
    }

    pub(super) fn state(self, platform_is: PlatformIs) -> State {
        let platform = self.platform.as_ref();
        let op = pb::SourceOp {
            identifier: self.identifier,
            attrs: self.attrs,
        };
        let vertex = Parts {
            op: pb::op::Op::Source(op),
            inputs: Inputs::default(),
            op_platform: platform.filter(|_| platform_is == PlatformIs::PartOfOp),
            platform,
            metadata: &self.metadata,
            caps: self.caps,
        };
        State::new(vertex.vertex(), 0)
    }
}

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
        Self(Source::new(
            format!("docker-image://{reference}"),
            Cap::SourceImage,
        ))
    }

    /// How to look for it.
    pub fn resolve_mode(mut self, mode: ResolveMode) -> Self {
        const KEY: &str = "image.resolvemode";
        self.0.caps.remove(&Cap::SourceImageResolveMode);
        match mode {
            ResolveMode::Default => drop(self.0.attrs.remove(KEY)),
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
        self.0
            .set_with_cap("image.layerlimit", layers.to_string(), Cap::SourceImageLayerLimit);
        self
    }

    /// The digest that the manifest must have.
    pub fn checksum(mut self, digest: impl Into<String>) -> Self {
        self.0
            .set_with_cap("image.checksum", digest, Cap::SourceImageChecksum);
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
        Self(Source::new(
            format!("local://{}", name.as_ref()),
            Cap::SourceLocal,
        ))
    }

    /// The session of the client to ask.
    pub fn session_id(mut self, id: impl Into<String>) -> Self {
        self.0
            .set_with_cap("local.session", id, Cap::SourceLocalSessionId);
        self
    }

    /// Keeps this source apart from others that look alike.
    pub fn unique_id(mut self, id: impl Into<String>) -> Self {
        self.0.set_with_cap("local.unique", id, Cap::SourceLocalUnique);
        self
    }

    /// Sends only what matches; an empty list stands for everything.
    pub fn include_patterns<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.0
            .set_list("local.includepattern", patterns, Cap::SourceLocalIncludePatterns);
        self
    }

    /// Sends nothing that matches, in the syntax of `.dockerignore`.
    pub fn exclude_patterns<S: Into<String>>(mut self, patterns: impl IntoIterator<Item = S>) -> Self {
        self.0
            .set_list("local.excludepatterns", patterns, Cap::SourceLocalExcludePatterns);
        self
    }

    /// Sends these paths and what their links point to.
    pub fn follow_paths<S: Into<String>>(mut self, paths: impl IntoIterator<Item = S>) -> Self {
        self.0
            .set_list("local.followpaths", paths, Cap::SourceLocalFollowPaths);
        self
    }

    /// Which copy of an earlier transfer to bring up to date.
    pub fn shared_key_hint(mut self, hint: impl Into<String>) -> Self {
        self.0
            .set_with_cap("local.sharedkeyhint", hint, Cap::SourceLocalSharedKeyHint);
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

/// The request headers that engines send; they ignore any other without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpHeader {
    /// `Accept`
    Accept,
    /// `User-Agent`
    UserAgent,
}

/// A file from a web server, alone in the root of its state.
#[derive(Debug, Clone)]
#[must_use]
pub struct Http(Source);

impl Http {
    /// The file at an `http` or `https` URL, which is taken as it is.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Source::new(url.into(), Cap::SourceHttp))
    }

    /// The sha256 digest that the content must have; with it, nothing is asked of the server until it is needed.
    ///
    /// Engines compute sha256 only, whatever the algorithm named here.
    pub fn checksum(mut self, digest: impl Into<String>) -> Self {
        self.0
            .set_with_cap("http.checksum", digest, Cap::SourceHttpChecksum);
        self
    }

    /// The name of the file; unset, the server or the URL says it.
    pub fn filename(mut self, name: impl Into<String>) -> Self {
        self.0.set("http.filename", name);
        self
    }

    /// Permission bits, of which the lowest nine count; unset or 0, they are 0600.
    pub fn mode(mut self, mode: u32) -> Self {
        let mode = mode & 0o777;
        if mode != 0 {
            self.0
                .set_with_cap("http.perm", format!("0{mode:o}"), Cap::SourceHttpPerm);
        }
        self
    }

    /// Numeric owner; 0 is the default and not written.
    pub fn uid(self, uid: u32) -> Self {
        self.id("http.uid", uid)
    }

    /// Numeric group; 0 is the default and not written.
    pub fn gid(self, gid: u32) -> Self {
        self.id("http.gid", gid)
    }

    fn id(mut self, key: &str, id: u32) -> Self {
        if id != 0 {
            self.0.set_with_cap(key, id.to_string(), Cap::SourceHttpUidGid);
        }
        self
    }

    /// The secret whose value is sent as the `Authorization` header; the build fails without it.
    pub fn auth_header_secret(mut self, secret_id: impl Into<String>) -> Self {
        self.0
            .set_with_cap("http.authheadersecret", secret_id, Cap::SourceHttpAuth);
        self
    }

    /// A header to send.
    pub fn header(mut self, header: HttpHeader, value: impl Into<String>) -> Self {
        let key = match header {
            HttpHeader::Accept => "http.header.accept",
            HttpHeader::UserAgent => "http.header.user-agent",
        };
        self.0.set_with_cap(key, value, Cap::SourceHttpHeader);
        self
    }

    /// An armoured OpenPGP key and a detached signature of the content by it.
    pub fn signature(mut self, public_key: impl Into<String>, signature: impl Into<String>) -> Self {
        self.0
            .set_with_cap("http.sig.pubkey", public_key, Cap::SourceHttpSignatureVerify);
        self.0.set("http.sig.signature", signature);
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

    /// The state with the file.
    pub fn state(self) -> State {
        self.0.state(PlatformIs::OnlyInherited)
    }
}

/// An image in an OCI layout that the client holds.
#[derive(Debug, Clone)]
#[must_use]
pub struct OciLayout(Source);

impl OciLayout {
    /// The image of a full reference with its digest; taken as it is.
    pub fn new(reference: impl AsRef<str>) -> Self {
        Self(Source::new(
            format!("oci-layout://{}", reference.as_ref()),
            Cap::SourceOciLayout,
        ))
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
