//! Downloads as sources.

use super::source::{PlatformIs, Source};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::platform::Platform;
use crate::state::State;

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
        self.0.set_with_cap("http.checksum", digest, Cap::SourceHttpChecksum);
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
            self.0.set_with_cap("http.perm", format!("0{mode:o}"), Cap::SourceHttpPerm);
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
        self.0.set_with_cap("http.authheadersecret", secret_id, Cap::SourceHttpAuth);
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
        self.0.set_with_cap("http.sig.pubkey", public_key, Cap::SourceHttpSignatureVerify);
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
