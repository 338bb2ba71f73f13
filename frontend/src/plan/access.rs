//! The access of steps to the outside: indexes, and trusted certificates.

use crate::address::HttpUrl;
use crate::spec::{Index, Spec};

/// The settings of every step that uses a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The indexes of packages.
    pub index: Index,
    /// The build secret with trusted certificates.
    pub ca: Option<String>,
}

impl Access {
    /// The settings of the build file.
    pub fn of(spec: &Spec) -> Self {
        Self { index: spec.dependencies.index.clone(), ca: spec.system.ca.clone() }
    }

    /// The build secret for a download, if its URL is on the host of one of the indexes.
    pub fn auth_for(&self, url: &HttpUrl) -> Option<&str> {
        let auth = self.index.auth.as_deref()?;
        let mut indexes = self.index.url.iter().chain(&self.index.extra);
        let is_at = |index: &String| HttpUrl::parse(index).is_ok_and(|index| same_server(&index, url));
        indexes.any(is_at).then_some(auth)
    }
}

/// Whether two URLs are on the same server. The scheme counts: credentials for `https` must not be sent
/// unencrypted because a lock says `http`.
fn same_server(one: &HttpUrl, other: &HttpUrl) -> bool {
    let scheme = |url: &HttpUrl| url.as_str().starts_with("https:");
    scheme(one) == scheme(other) && one.host().eq_ignore_ascii_case(other.host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_sent_to_the_hosts_of_the_indexes_alone() {
        let index = Index {
            url: Some("https://packages.example/simple".into()),
            auth: Some("token".into()),
            ..Index::default()
        };
        let access = Access { index, ca: None };
        let auth = |url| access.auth_for(&HttpUrl::parse(url).unwrap());
        assert_eq!(auth("https://packages.example/files/a.whl"), Some("token"));
        assert_eq!(auth("https://PACKAGES.example/files/a.whl"), Some("token"));
        for other in [
            "https://packages.example.evil/a.whl",
            "https://packages.example:8443/a.whl",
            "http://packages.example/a.whl",
        ] {
            assert_eq!(auth(other), None, "{other}");
        }
    }
}
