//! Git repositories as sources.

use super::source::{PlatformIs, Source};
use crate::caps::Cap;
use crate::metadata::Metadata;
use crate::path;
use crate::platform::Platform;
use crate::state::State;

/// A checkout of a Git repository.
#[derive(Debug, Clone)]
#[must_use]
pub struct Git {
    source: Source,
    remote: String,
    reference: String,
    subdir: String,
}

impl Git {
    /// The repository at a URL (`https`, `http`, `ssh`, `git`), at `user@host:path`, or at `host/path` over
    /// https.
    ///
    /// A fragment `#reference:subdir` has the same effect as [`reference`](Self::reference) and
    /// [`subdir`](Self::subdir). A query is dropped.
    pub fn new(remote: impl AsRef<str>) -> Self {
        let (remote, fragment) = remote.as_ref().split_once('#').unwrap_or((remote.as_ref(), ""));
        let (reference, subdir) = fragment.split_once(':').unwrap_or((fragment, ""));
        Self {
            source: Source::new(String::new(), Cap::SourceGit),
            remote: remote.to_owned(),
            reference: reference.to_owned(),
            subdir: String::new(),
        }
        .subdir(subdir)
    }

    /// Branch, tag or commit. If unset, the remote's default branch.
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = reference.into();
        self
    }

    /// The folder of the repository that becomes the root of the state.
    pub fn subdir(mut self, subdir: impl AsRef<str>) -> Self {
        path::absolute(subdir.as_ref()).trim_start_matches('/').clone_into(&mut self.subdir);
        self
    }

    /// Another URL to fetch from, without a fragment. The engine's name of the repository comes from this URL
    /// too.
    pub fn full_url(mut self, url: impl Into<String>) -> Self {
        self.remote = url.into();
        self
    }

    /// Keeps the `.git` folder.
    pub fn keep_git_dir(self, keep: bool) -> Self {
        self.flag(keep, "git.keepgitdir", Cap::SourceGitKeepDir)
    }

    /// Leaves submodules empty.
    pub fn skip_submodules(self, skip: bool) -> Self {
        self.flag(skip, "git.skipsubmodules", Cap::SourceGitSkipSubmodules)
    }

    /// Fetches the commit of the checksum without asking the remote for the commit of the reference.
    pub fn fetch_by_commit(self, fetch: bool) -> Self {
        self.flag(fetch, "git.fetchbycommit", Cap::SourceGitFetchByCommit)
    }

    fn flag(mut self, on: bool, key: &str, cap: Cap) -> Self {
        if on {
            self.source.set_with_cap(key, "true", cap);
        }
        self
    }

    /// Gives files the time of the commit instead of the time of the checkout.
    pub fn commit_times(mut self) -> Self {
        self.source.set_with_cap("git.mtime", "commit", Cap::SourceGitMtime);
        self
    }

    /// The commit or tag object that the reference must point to, as a full digest or its first digits.
    pub fn checksum(mut self, commit: impl Into<String>) -> Self {
        self.source.set_with_cap("git.checksum", commit, Cap::SourceGitChecksum);
        self
    }

    /// The id of the secret with a token for https. The default is `GIT_AUTH_TOKEN`.
    pub fn auth_token_secret(mut self, secret_id: impl Into<String>) -> Self {
        self.source.set_with_cap(AUTH_TOKEN, secret_id, Cap::SourceGitHttpAuth);
        self
    }

    /// The id of the secret with a whole `Authorization` header for https. The default is `GIT_AUTH_HEADER`.
    pub fn auth_header_secret(mut self, secret_id: impl Into<String>) -> Self {
        self.source.set_with_cap(AUTH_HEADER, secret_id, Cap::SourceGitHttpAuth);
        self
    }

    /// Public keys of ssh hosts, in the format of `known_hosts`.
    pub fn known_ssh_hosts(mut self, hosts: impl AsRef<str>) -> Self {
        let hosts = format!("{}\n", hosts.as_ref().trim_end_matches('\n'));
        self.source.set_with_cap("git.knownsshhosts", hosts, Cap::SourceGitKnownSshHosts);
        self
    }

    /// The id of the client's ssh agent. For an ssh remote, the default is `default`.
    pub fn ssh(mut self, id: impl Into<String>) -> Self {
        self.source.set_with_cap(SSH_SOCKET, id, Cap::SourceGitMountSshSock);
        self
    }

    /// The platform of a command on this state; not part of the op.
    pub fn platform(mut self, platform: &Platform) -> Self {
        self.source.on(platform);
        self
    }

    /// The metadata of the op.
    pub fn meta(mut self, metadata: Metadata) -> Self {
        self.source.say(metadata);
        self
    }

    /// The state of the checkout.
    pub fn state(self) -> State {
        let Self { mut source, remote, reference, subdir } = self;
        let remote = Remote::parse(&remote);
        let mut identifier = format!("git://{}", remote.place);
        if !reference.is_empty() || !subdir.is_empty() {
            identifier.push('#');
            identifier.push_str(&reference);
        }
        if !subdir.is_empty() {
            identifier.push(':');
            identifier.push_str(&subdir);
        }
        source.identify(identifier);
        source.set_with_cap("git.fullurl", remote.url, Cap::SourceGitFullUrl);
        source.set_default(AUTH_TOKEN, "GIT_AUTH_TOKEN");
        source.set_default(AUTH_HEADER, "GIT_AUTH_HEADER");
        if remote.ssh {
            source.set_default_with_cap(SSH_SOCKET, "default", Cap::SourceGitMountSshSock);
        }
        source.state(PlatformIs::OnlyInherited)
    }
}

const AUTH_TOKEN: &str = "git.authtokensecret";
const AUTH_HEADER: &str = "git.authheadersecret";
const SSH_SOCKET: &str = "git.mountsshsock";

/// The place of a repository, without the way in which it is fetched.
struct Remote {
    /// Host and path. They are equal for https and ssh, so both share what the engine has already fetched.
    place: String,
    url: String,
    ssh: bool,
}

impl Remote {
    fn parse(remote: &str) -> Self {
        if let Some((scheme, rest)) = remote.split_once("://") {
            let (rest, _query) = rest.split_once('?').unwrap_or((rest, ""));
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            return Self {
                place: place(host, &percent_decoded(path)),
                url: format!("{scheme}://{rest}"),
                ssh: scheme.eq_ignore_ascii_case("ssh"),
            };
        }
        let scp = remote.split_once(':').and_then(|(left, path)| Some((left.split_once('@')?.1, path)));
        if let Some((host, path)) = scp {
            return Self { place: place(host, path), url: remote.to_owned(), ssh: true };
        }
        let (host, path) = remote.split_once('/').unwrap_or((remote, ""));
        Self { place: place(host, path), url: format!("https://{remote}"), ssh: false }
    }
}

fn place(host: &str, path: &str) -> String {
    format!("{host}{}", path::absolute(path))
}

/// Decodes a path of a URL as Go's parser does. A path with a broken escape is returned unchanged.
fn percent_decoded(path: &str) -> String {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let digits = (byte == b'%').then(|| [rest.next(), rest.next()]);
        match digits {
            None => decoded.push(byte),
            Some(digits) => match digits.map(|digit| char::from(digit.unwrap_or_default()).to_digit(16)) {
                [Some(high), Some(low)] => decoded.extend(u8::try_from(high * 16 + low)),
                _ => return path.to_owned(),
            },
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| path.to_owned())
}
