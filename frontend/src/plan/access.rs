//! How steps reach what is outside: indexes, and certificates to trust.

use crate::address::HttpUrl;
use crate::spec::{Index, Spec};

/// What every step that talks to a network is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Where packages come from.
    pub index: Index,
    /// The build secret with certificates to trust.
    pub ca: Option<String>,
}

impl Access {
    /// What the build file says.
    pub fn of(spec: &Spec) -> Self {
        Self { index: spec.dependencies.index.clone(), ca: spec.system.ca.clone() }
    }

    /// The build secret that opens a download, if the address is on the host of one of the indexes.
    pub fn auth_for(&self, url: &HttpUrl) -> Option<&str> {
        let auth = self.index.auth.as_deref()?;
        let mut indexes = self.index.url.iter().chain(&self.index.extra);
        let is_at = |index: &String| HttpUrl::parse(index).is_ok_and(|index| same_server(&index, url));
        indexes.any(is_at).then_some(auth)
    }
}

/// Whether two addresses are answered by the same server. The scheme counts: what is meant for `https` must not be sent
/// in the clear because a lock says `http`.
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
