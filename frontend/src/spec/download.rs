//! A file at a URL, with its required checksum.

use super::reader::{Context, Expanded, Located, Node, Read};
use crate::address::HttpUrl;
use crate::diagnostics::Problem;

/// A file at a URL. With the checksum, every server can only provide the intended file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Download {
    /// The URL.
    pub url: HttpUrl,
    /// The checksum of the file: `sha256:` and its digits.
    pub checksum: String,
}

/// Whether a text is the URL of a file and not a name or a path.
pub(super) fn is_address(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

/// Whether a text is the URL of a repository: its path ends in `.git`. `#` and a commit may follow.
pub(super) fn is_repository(text: &str) -> bool {
    let address = text.split('#').next().unwrap_or_default().trim_end_matches('/');
    let scheme = address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https" | "ssh" | "git"))
        && address.to_ascii_lowercase().ends_with(".git")
}

/// Reads the URL of a file. A password in the build file would become a part of the image's provenance, so it
/// is refused.
pub(super) fn http_url(found: &Located<String>, cx: &mut Context<'_>) -> Option<HttpUrl> {
    match HttpUrl::parse(&found.value) {
        Ok(url) if url.had_credentials() => {
            cx.report(found.span, Problem::CredentialsInFile);
            None
        }
        Ok(url) => Some(url),
        Err(error) => {
            cx.report(found.span, Problem::BadAddress { message: error.to_string() });
            None
        }
    }
}

/// The checksum of a download.
pub(super) struct Checksum(pub(super) String);

impl Read for Checksum {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = Expanded::read(node, cx)?.0;
        let digits = value.strip_prefix("sha256:");
        let is_digest =
            |digits: &&str| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if let Some(digits) = digits.filter(is_digest) {
            return Some(Self(format!("sha256:{}", digits.to_ascii_lowercase())));
        }
        let reason = "write `sha256:` and 64 hexadecimal digits";
        cx.report(node.span, Problem::BadName { what: "checksum", value, reason });
        None
    }
}
