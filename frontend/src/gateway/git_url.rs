//! The place of the main context: a directory of the client, a git repository or a download.
//!
//! The text is read as BuildKit's `dockerui` and `dfgitutil` read it. This includes their rule for
//! repositories: `https://host/repo` without `.git` is a download.

use buildkit_llb::Git;

use crate::gateway::options::{Options, SourceDateEpoch, parse_bool};
use crate::ignore::clean_path;

/// The main context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextSource {
    /// A directory of the client, unless the frontend's inputs contain a state of this name.
    Local {
        /// The client's name of the directory.
        name: String,
        /// The session of the client that has the directory.
        session_id: String,
    },
    /// A git repository.
    Git(GitSource),
    /// A download: an archive to unpack (see [`is_archive`]), or the build file itself.
    Http {
        /// The address.
        url: String,
    },
}

impl ContextSource {
    /// The context that the client asks for.
    ///
    /// # Errors
    /// [`GitUrlError`] for a repository whose query is invalid.
    pub fn of(options: &Options) -> Result<Self, GitUrlError> {
        const NAME: &str = "context";
        let text = options.context.as_str();
        if let Some(git) = GitSource::parse(text)? {
            return Ok(Self::Git(git));
        }
        if is_http(text) {
            return Ok(Self::Http { url: text.to_owned() });
        }
        Ok(Self::Local { name: NAME.to_owned(), session_id: options.session_of(NAME).to_owned() })
    }
}

/// Whether a text is the address of a download.
pub(super) fn is_http(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Whether files get the time of the checkout or the time of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTimes {
    /// The time of the checkout.
    Checkout,
    /// The time of the commit.
    Commit,
}

/// A git repository, and the part of it that is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitSource {
    /// The repository, without query and fragment: a URL, `user@host:path` or `github.com/…`.
    pub remote: String,
    /// A branch, a tag or a commit. Empty means the default branch.
    pub reference: String,
    /// The directory to use. Empty means the whole repository.
    pub subdir: String,
    /// The commit that [`Self::reference`] must point to, or its first digits. May be empty.
    pub checksum: String,
    /// Whether to keep `.git`.
    pub keep_git_dir: Option<bool>,
    /// Whether to fetch submodules. They are fetched unless this is `false`.
    pub submodules: Option<bool>,
    /// The time of files, if the URL sets it.
    pub file_times: Option<FileTimes>,
    /// Fetches the commit [`Self::checksum`] without comparing it with [`Self::reference`].
    pub fetch_by_commit: bool,
}

/// The error for a git URL whose query is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("git context `{url}`: {problem}")]
pub struct GitUrlError {
    /// The whole URL.
    pub url: String,
    /// The problem of the query.
    pub problem: GitUrlProblem,
}

/// The problems of a git URL's query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitUrlProblem {
    /// The key is unknown.
    #[error(
        "query key `{key}` is unknown; accepted: `ref`, `tag`, `branch`, `subdir`, `checksum`, `commit`, \
         `keep-git-dir`, `submodules`, `mtime`, `fetch-by-commit`"
    )]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The key needs a value.
    #[error("query key `{key}` has no value")]
    NoValue {
        /// The key.
        key: String,
    },
    /// The key occurs several times, but only one value is allowed.
    #[error("query key `{key}` has several values")]
    SeveralValues {
        /// The key.
        key: String,
    },
    /// The key does not accept this value.
    #[error("query key `{key}` has the value `{value}`; accepted: {accepted}")]
    BadValue {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The accepted values.
        accepted: &'static str,
    },
    /// Two parts of the URL contradict each other.
    #[error("{what} is given as `{first}` and as `{second}`")]
    Conflict {
        /// The property that both parts set.
        what: &'static str,
        /// The value of the first part.
        first: String,
        /// The value of the second part.
        second: String,
    },
}

impl GitSource {
    /// Reads a git URL; `None` if the text is not one.
    ///
    /// # Errors
    /// [`GitUrlError`] if the query has unknown, repeated or contradictory keys.
    pub fn parse(text: &str) -> Result<Option<Self>, GitUrlError> {
        let Some(url) = Url::split(text) else {
            return Ok(None);
        };
        let (reference, subdir) = url.fragment.split_once(':').unwrap_or((&url.fragment, ""));
        let git = Self {
            remote: url.remote,
            reference: reference.to_owned(),
            subdir: clean_path(&format!("/{subdir}")).trim_start_matches('/').to_owned(),
            ..Self::default()
        };
        git.with_query(&url.query).map(Some).map_err(|problem| GitUrlError { url: text.to_owned(), problem })
    }

    /// The source for a graph. Where the URL sets nothing, the options decide.
    pub fn to_llb(&self, options: &Options) -> Git {
        let mut git = Git::new(&self.remote)
            .reference(&self.reference)
            .subdir(&self.subdir)
            .keep_git_dir(self.keep_git_dir == Some(true) || options.keep_git_dir)
            .skip_submodules(self.submodules == Some(false))
            .fetch_by_commit(self.fetch_by_commit);
        if !self.checksum.is_empty() {
            git = git.checksum(&self.checksum);
        }
        // A reproducible build needs file times that are equal in each checkout.
        let commit_times = options.source_date_epoch.as_ref().map(|_: &SourceDateEpoch| FileTimes::Commit);
        if self.file_times.or(commit_times) == Some(FileTimes::Commit) {
            git = git.commit_times();
        }
        git
    }

    fn with_query(mut self, query: &[(String, String)]) -> Result<Self, GitUrlProblem> {
        let (mut tag, mut branch) = (None, None);
        for (index, (key, value)) in query.iter().enumerate() {
            let key = key.as_str();
            if query.iter().skip(index + 1).any(|(other, _)| other == key) {
                return Err(GitUrlProblem::SeveralValues { key: key.to_owned() });
            }
            let is_flag = matches!(key, "keep-git-dir" | "submodules" | "fetch-by-commit");
            if value.is_empty() && !is_flag {
                return Err(GitUrlProblem::NoValue { key: key.to_owned() });
            }
            match key {
                "ref" => agree("the reference", &mut self.reference, value)?,
                "subdir" => agree("the directory", &mut self.subdir, value)?,
                "tag" => tag = Some(prefixed("refs/tags/", value)),
                "branch" => branch = Some(prefixed("refs/heads/", value)),
                "checksum" | "commit" => agree("the commit", &mut self.checksum, value)?,
                "keep-git-dir" => self.keep_git_dir = Some(flag(key, value)?),
                "submodules" => self.submodules = Some(flag(key, value)?),
                "fetch-by-commit" => self.fetch_by_commit = flag(key, value)?,
                "mtime" => self.file_times = Some(file_times(key, value)?),
                _ => return Err(GitUrlProblem::UnknownKey { key: key.to_owned() }),
            }
        }
        for full_name in [tag, branch].into_iter().flatten() {
            agree("the reference", &mut self.reference, &full_name)?;
        }
        Ok(self)
    }
}

/// Sets a value, or checks that it equals the value that is already set.
fn agree(what: &'static str, known: &mut String, value: &str) -> Result<(), GitUrlProblem> {
    if known.is_empty() {
        value.clone_into(known);
    }
    if known == value {
        Ok(())
    } else {
        Err(GitUrlProblem::Conflict { what, first: known.clone(), second: value.to_owned() })
    }
}

fn prefixed(prefix: &str, name: &str) -> String {
    if name.starts_with(prefix) { name.to_owned() } else { format!("{prefix}{name}") }
}

fn flag(key: &str, value: &str) -> Result<bool, GitUrlProblem> {
    let parsed = if value.is_empty() { Some(true) } else { parse_bool(value) };
    parsed.ok_or_else(|| bad_value(key, value, "`true` or `false`"))
}

fn file_times(key: &str, value: &str) -> Result<FileTimes, GitUrlProblem> {
    match value {
        "checkout" => Ok(FileTimes::Checkout),
        "commit" => Ok(FileTimes::Commit),
        _ => Err(bad_value(key, value, "`checkout` or `commit`")),
    }
}

fn bad_value(key: &str, value: &str, accepted: &'static str) -> GitUrlProblem {
    GitUrlProblem::BadValue { key: key.to_owned(), value: value.to_owned(), accepted }
}

/// The parts of a git URL.
struct Url {
    remote: String,
    query: Vec<(String, String)>,
    fragment: String,
}

impl Url {
    /// `None` if the text is not the URL of a git repository.
    fn split(text: &str) -> Option<Self> {
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query = parse_query(query)?;
        if let Some((scheme, place)) = address.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
            let scheme = scheme.to_ascii_lowercase();
            let path = place.split_once('/').map_or("", |(_, path)| path);
            let path = percent_decode(path, Plus::Literal)?;
            let is_git = match scheme.as_str() {
                "git" | "ssh" => true,
                "http" | "https" => path.as_bytes().ends_with(b".git"),
                _ => false,
            };
            let fragment = percent_decode(fragment, Plus::Literal)?;
            return is_git.then(|| Self { remote: format!("{scheme}://{place}"), query, fragment });
        }
        if address.starts_with("github.com/") {
            let fragment = percent_decode(fragment, Plus::Literal)?;
            return Some(Self { remote: address.to_owned(), query, fragment });
        }
        let (user, place) = address.split_once('@')?;
        let (host, _) = place.split_once(':')?;
        let is_user = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let valid =
            !user.is_empty() && user.chars().all(is_user) && !host.is_empty() && host.chars().all(is_host);
        valid.then(|| Self { remote: address.to_owned(), query, fragment: fragment.to_owned() })
    }
}

fn is_scheme(scheme: &str) -> bool {
    !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn parse_query(query: &str) -> Option<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((percent_decode(key, Plus::Space)?, percent_decode(value, Plus::Space)?))
        })
        .collect()
}

/// The meaning of a `+`.
#[derive(Clone, Copy)]
enum Plus {
    Literal,
    Space,
}

fn percent_decode(text: &str, plus: Plus) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match (byte, plus) {
            (b'%', _) => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            (b'+', Plus::Space) => b' ',
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

/// Whether a download is an archive, judged by its first kilobyte: a compressed file, or a tar header with a
/// correct checksum.
pub fn is_archive(head: &[u8]) -> bool {
    const BZIP2: &[u8] = &[0x42, 0x5a, 0x68];
    const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];
    const XZ: &[u8] = &[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
    [BZIP2, GZIP, XZ].iter().any(|magic| head.starts_with(magic)) || is_tar(head)
}

fn is_tar(head: &[u8]) -> bool {
    /// The position of the checksum in a tar header. It has six octal digits, which count as spaces in the
    /// sum.
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let (Some(header), Some(field)) = (head.get(..512), head.get(CHECKSUM)) else {
        return false;
    };
    let digits: String = field.iter().map(|&b| char::from(b)).collect();
    let digits = digits.trim_matches(['\0', ' ']);
    let Ok(expected) = u32::from_str_radix(digits, 8) else {
        return false;
    };
    let sum: u32 = (0..)
        .zip(header)
        .map(|(at, &byte)| if CHECKSUM.contains(&at) { u32::from(b' ') } else { u32::from(byte) })
        .sum();
    sum == expected
}

#[cfg(test)]
mod tests;
