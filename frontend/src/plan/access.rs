//! How steps reach what is outside: indexes, and certificates to trust.

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
    pub fn auth_for(&self, url: &str) -> Option<&str> {
        let auth = self.index.auth.as_deref()?;
        let mut indexes = self.index.url.iter().chain(&self.index.extra);
        indexes.any(|index| host(index) == host(url)).then_some(auth)
    }
}

fn host(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', '?', '#']).next()
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
        assert_eq!(access.auth_for("https://packages.example/files/a.whl"), Some("token"));
        assert_eq!(access.auth_for("https://packages.example.evil/files/a.whl"), None);
    }
}
