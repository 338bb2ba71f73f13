//! Failed downloads: the HTTP reason, and whether another try may succeed.
//!
//! An engine tries a download once and remembers within a build that an operation has failed. If the digest
//! of a download is known, the engine ignores the status and compares the digest of any answer, even of an
//! error page. pip and uv try again if a server is busy, so a build does the same. The graph is made again
//! with another operation for the failed download ([`Inputs::tries`](crate::emit::Inputs)). Files that were
//! fetched before are not fetched again.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use buildkit_llb::{CUSTOM_NAME, Definition, Http, Metadata};
use buildkit_proto::pb;

use crate::address::{FileName, HttpUrl, redacted};
use crate::diagnostics::Problem;
use crate::gateway::bridge::Bridge;
use crate::gateway::calls::SolveRequest;
use crate::gateway::errors::{FrontendFailure, RpcError};
use crate::gateway::explain::not_passed;
use crate::plan::{Access, BuildFrom, CondaFrom, CondaPlan, CondaSet, Plan, WheelFrom};

/// The largest number of tries for one file.
const TRIES: u32 = 4;

/// The largest number of times that a build starts again. Downloads that fail at the same time are reported
/// one after the other.
const TURNS: u32 = 40;

/// The prefixes of the step names of downloads that a plan asks for. A context or a build file can also be a
/// download, but these are not tried again.
const OURS: [&str; 3] = ["[wheels] ", "[conda] ", "[resolver] "];

/// The engine's messages for a broken connection. Another connection may succeed.
const PASSING: [&str; 12] = [
    "EOF",
    "broken pipe",
    "connection refused",
    "connection reset",
    "connection timed out",
    "i/o timeout",
    "Temporary failure in name resolution",
    "server misbehaving",
    "stream error",
    "http2: ",
    "TLS handshake timeout",
    "timeout awaiting response headers",
];

/// The failed downloads of a build so far.
#[derive(Debug, Default)]
pub(super) struct Downloads {
    /// The number of tries of each address.
    tries: BTreeMap<String, u32>,
    turns: u32,
}

/// What to do about a failed step.
pub(super) enum After {
    /// Make the graph again with the new numbers of tries.
    Again,
    /// Report the failed download, because another try would not help.
    Failed(Failed),
    /// The failed step is not a download.
    NoDownload,
}

/// A download that has failed.
pub(super) struct Failed {
    url: HttpUrl,
    why: Why,
    tries: u32,
}

/// The reason of the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    /// The server answered with this status.
    Status(u16),
    /// The answer is complete, but it is a different file. The text is the engine's message.
    OtherFile(String),
    /// The answer is not complete. The text is the engine's message.
    Broken(String),
}

impl Why {
    /// Whether another try may succeed after this number of tries.
    fn passes(&self, tries: u32) -> bool {
        match self {
            Self::Status(status) => tries < TRIES && is_passing(*status),
            // If the server was too busy for the first answer, the second answer has the file. So the second
            // answer decides.
            Self::OtherFile(_) => tries < 2,
            Self::Broken(words) => tries < TRIES && PASSING.iter().any(|passing| words.contains(passing)),
        }
    }
}

/// Whether the status means that the server may answer differently later.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

impl Downloads {
    /// The number of failures of each address.
    pub(super) fn tries(&self) -> &BTreeMap<String, u32> {
        &self.tries
    }

    /// Finds the failed download in one of `graphs`, and waits if another try may succeed.
    pub(super) fn after(
        &mut self,
        error: &RpcError,
        bridge: &Bridge,
        access: Option<&Access>,
        graphs: &[Definition],
    ) -> After {
        // If the secret of a download is missing, the server was not asked.
        let is_asked = access.is_none_or(|access| not_passed(error.message(), access).is_none());
        if error.is_cancelled() || !is_asked {
            return After::NoDownload;
        }
        let vertices = FrontendFailure::from(error.clone()).failed_vertices();
        let Some(source) = graphs.iter().find_map(|graph| failed_source(graph, &vertices)) else {
            return After::NoDownload;
        };
        let Ok(url) = HttpUrl::parse(&source.identifier) else { return After::NoDownload };
        let tries = self.tries.entry(source.identifier.clone()).or_default();
        *tries += 1;
        let why = why(error.message(), || status_of(&source, *tries, &url, bridge));
        if why.passes(*tries) && self.turns < TURNS {
            // A first failure in a later turn may have happened long ago, so it needs no waiting time.
            if *tries > 1 || self.turns == 0 {
                thread::sleep(Duration::from_secs(1 << (*tries - 1).min(4)));
            }
            self.turns += 1;
            return After::Again;
        }
        After::Failed(Failed { url, why, tries: *tries })
    }
}

impl Failed {
    /// The failure as a problem. It names the package of `plans` that the download belongs to. For a file
    /// that belongs to no package it names the address.
    pub(super) fn problem(self, plans: &[&Plan]) -> Problem {
        let server = self.url.host().to_owned();
        let Self { url, tries, .. } = self;
        let (package, file) = package_at(&url, plans).unwrap_or_else(|| {
            let shown = redacted(url.as_str()).into_owned();
            let name = FileName::of_address(url.as_str()).map_or(shown.clone(), |name| name.to_string());
            (shown, name)
        });
        match self.why {
            Why::Status(status) => {
                let is_passing = is_passing(status);
                Problem::NotServed { package, file, server, status, tries, is_passing }
            }
            Why::OtherFile(message) => Problem::OtherServed { package, file, server, message },
            Why::Broken(message) => Problem::NotFetched { package, file, server, message, tries },
        }
    }
}

/// The download among the failed operations.
fn failed_source(graph: &Definition, vertices: &[String]) -> Option<pb::SourceOp> {
    let failed = graph.ops().filter(|(digest, _)| vertices.iter().any(|vertex| vertex == digest.as_str()));
    failed.into_iter().find_map(|(digest, op)| {
        let name = graph.metadata(digest).and_then(|known| known.description.get(CUSTOM_NAME))?;
        match &op.op {
            Some(pb::op::Op::Source(source))
                if source.attrs.contains_key("http.filename")
                    && OURS.iter().any(|ours| name.starts_with(ours)) =>
            {
                Some(source.clone())
            }
            _ => None,
        }
    })
}

/// The reason in the engine's message. If the answer has a wrong digest, `status` finds the status.
fn why(message: &str, status: impl FnOnce() -> Option<u16>) -> Why {
    if let Some(status) = status_in(message) {
        return Why::Status(status);
    }
    if !message.contains("digest mismatch") {
        let words = message.trim_start_matches("failed to load cache key: ");
        // An address in the message can be the target of a redirect and can contain a signature.
        return Why::Broken(redacted(words).into_owned());
    }
    match status() {
        Some(status) => Why::Status(status),
        None => Why::OtherFile(message.to_owned()),
    }
}

/// The status in the engine's message about a download without a known digest.
fn status_in(message: &str) -> Option<u16> {
    let (_, status) = message.rsplit_once("invalid response status ")?;
    status.trim().parse().ok()
}

/// The status of an unsuccessful answer. The engine reports the status only if the digest is not known, so
/// this asks again without a digest.
fn status_of(source: &pb::SourceOp, tries: u32, url: &HttpUrl, bridge: &Bridge) -> Option<u16> {
    let meta = Metadata::named(format!("[internal] what {} answers", url.host()));
    // The name is different each time, because the engine remembers failed operations.
    let mut http =
        Http::new(source.identifier.as_str()).filename(format!("status-{tries}")).mode(0o644).meta(meta);
    if let Some(id) = source.attrs.get("http.authheadersecret") {
        http = http.auth_header_secret(id);
    }
    let mut request = SolveRequest::new(&http.state().marshal());
    request.evaluate = true;
    bridge.solve(request).err().and_then(|error| status_in(error.message()))
}

/// The package whose file has this address, and the name of the file.
fn package_at(address: &HttpUrl, plans: &[&Plan]) -> Option<(String, String)> {
    let wheels =
        plans.iter().flat_map(|plan| plan.environments()).filter_map(|groups| groups.wheels.as_ref());
    wheels.into_iter().find_map(|set| {
        let conda = set.conda.iter().flat_map(CondaSet::layers).flat_map(|layer| &layer.packages);
        let mut conda = conda.filter(|package| package.from == CondaFrom::Http(address.clone()));
        let mut wheels = set.layers().flat_map(|layer| &layer.wheels).filter_map(|wheel| match &wheel.from {
            WheelFrom::Http { url, file, .. } | WheelFrom::Built(BuildFrom::Sdist { url, file, .. })
                if url == address =>
            {
                Some((wheel.label(), file.to_string()))
            }
            _ => None,
        });
        let label = |package: &CondaPlan| format!("{} {}", package.name, package.version);
        let of_conda = || conda.next().map(|package| (label(package), package.file.to_string()));
        wheels.next().or_else(of_conda)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages are those of BuildKit's `source/http` and of Go's `net/http`.
    #[test]
    fn the_words_of_the_engine_say_whether_a_download_may_go_well_later() {
        let never = || panic!("asked for a status");
        let passes = |message: &str, tries| why(message, never).passes(tries);
        for message in [
            "unexpected EOF",
            "failed to load cache key: unexpected EOF",
            "Get \"http://x.example/a.whl\": EOF",
            "Get \"http://x.example/a.whl\": read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer",
            "Get \"http://x.example/a.whl\": dial tcp 127.0.0.1:1: connect: connection refused",
            "failed to load cache key: invalid response status 503",
            "invalid response status 429",
        ] {
            assert!(passes(message, 1) && passes(message, 3) && !passes(message, 4), "{message}");
        }
        for message in [
            "Get \"/a.whl\": stopped after 10 redirects",
            "Get \"file:///etc/passwd\": unsupported protocol scheme \"file\"",
            "Get \"https://x.example/a\": tls: failed to verify certificate: x509: certificate has expired",
            "failed to load cache key: invalid response status 404",
            "write /a.whl: no space left on device",
        ] {
            assert!(!passes(message, 1), "{message}");
        }
    }

    #[test]
    fn an_answer_with_another_digest_is_told_by_its_status() {
        let message = "digest mismatch sha256:aa: sha256:bb";
        assert_eq!(why(message, || Some(404)), Why::Status(404));
        let other = why(message, || None);
        assert_eq!(other, Why::OtherFile(message.to_owned()));
        assert!(other.passes(1) && !other.passes(2));
    }

    #[test]
    fn the_place_that_a_server_leads_to_is_told_without_its_signature() {
        let message = "Get \"https://s.example/a.whl?X-Amz-Signature=word\": EOF";
        let told = Why::Broken("Get \"https://s.example/a.whl?X-Amz-Signature=****\": EOF".to_owned());
        assert_eq!(why(message, || None), told);
    }
}
