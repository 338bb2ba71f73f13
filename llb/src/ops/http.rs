//! Downloads as sources.

use super::source::{PlatformIs, Source};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::State;

/// The request headers that engines send. Engines silently ignore all other headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpHeader {
    /// `Accept`
    Accept,
    /// `User-Agent`
    UserAgent,
}

/// A file from a web server. It is the only file in its state.
#[derive(Debug, Clone)]
#[must_use]
pub struct Http(Source);

impl Http {
    /// The file at an `http` or `https` URL. The URL is used unchanged.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Source::new(url.into(), Cap::SourceHttp))
    }

    /// The sha256 digest that the content must have. With a checksum, the engine asks the server only when
    /// the file is needed.
    ///
    /// Engines compute sha256 only, even if `digest` names another algorithm.
    pub fn checksum(mut self, digest: impl Into<String>) -> Self {
        self.0.set_with_cap("http.checksum", digest, Cap::SourceHttpChecksum);
        self
    }

    /// The name of the file. If unset, the server or the URL gives the name.
    pub fn filename(mut self, name: impl Into<String>) -> Self {
        self.0.set("http.filename", name);
        self
    }

    /// Permission bits. Only the lowest nine are used. If unset or 0, the mode is 0600.
    pub fn mode(mut self, mode: u32) -> Self {
        let mode = mode & 0o777;
        if mode != 0 {
            self.0.set_with_cap("http.perm", format!("0{mode:o}"), Cap::SourceHttpPerm);
        }
        self
    }

    /// Numeric owner. 0 is the default and is not written into the op.
    pub fn uid(self, uid: u32) -> Self {
        self.id("http.uid", uid)
    }

    /// Numeric group. 0 is the default and is not written into the op.
    pub fn gid(self, gid: u32) -> Self {
        self.id("http.gid", gid)
    }

    fn id(mut self, key: &str, id: u32) -> Self {
        if id != 0 {
            self.0.set_with_cap(key, id.to_string(), Cap::SourceHttpUidGid);
        }
        self
    }

    /// The id of the secret whose value is sent as the `Authorization` header. Without this secret the build
    /// fails.
    pub fn auth_header_secret(mut self, secret_id: impl Into<String>) -> Self {
        self.0.set_with_cap("http.authheadersecret", secret_id, Cap::SourceHttpAuth);
        self
    }

    /// A request header.
    pub fn header(mut self, header: HttpHeader, value: impl Into<String>) -> Self {
        let key = match header {
            HttpHeader::Accept => "http.header.accept",
            HttpHeader::UserAgent => "http.header.user-agent",
        };
        self.0.set_with_cap(key, value, Cap::SourceHttpHeader);
        self
    }

    /// An armoured OpenPGP public key, and a detached signature of the content made with this key.
    pub fn signature(mut self, public_key: impl Into<String>, signature: impl Into<String>) -> Self {
        self.0.set_with_cap("http.sig.pubkey", public_key, Cap::SourceHttpSignatureVerify);
        self.0.set("http.sig.signature", signature);
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

    /// The state that contains the file.
    pub fn state(self) -> State {
        self.0.state(PlatformIs::OnlyInherited)
    }
}
