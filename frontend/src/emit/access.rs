//! Indexes, credentials and certificates for downloads and for steps that use a network.

use buildkit_llb::{Exec, Http, Metadata, Mount};

use super::Emitter;
use crate::address::HttpUrl;

/// The variables by which programs in build steps find certificates. Each program reads a whole bundle and
/// does not add its own.
const CA_VARIABLES: [&str; 6] = [
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

impl Emitter<'_> {
    /// A download, with the credentials of its index.
    pub(super) fn http(&self, url: &HttpUrl, file: &str, meta: Metadata) -> Http {
        let http = Http::new(url.as_str()).filename(self.downloaded(url, file)).mode(0o644).meta(meta);
        match self.plan.access.auth_for(url) {
            Some(id) => http.auth_header_secret(id),
            None => http,
        }
    }

    /// The name of a file in the state of [`Self::http`].
    ///
    /// Within a build, an engine remembers that an operation has failed, and it treats operations with the
    /// same cache key as the same one. So each try has another name. The mount of the file restores the
    /// file's own name.
    pub(super) fn downloaded(&self, url: &HttpUrl, file: &str) -> String {
        match self.inputs.tries.get(url.as_str()) {
            Some(tries) => format!("try-{}", tries + 1),
            None => file.to_owned(),
        }
    }

    /// Makes a step trust the certificates that the build file names as a secret.
    pub(super) fn with_certificates(&self, exec: Exec) -> Exec {
        let Some(id) = &self.plan.access.ca else { return exec };
        let path = format!("/run/secrets/{id}");
        let exec = exec.mount(Mount::secret(id, &path).mode(0o444));
        CA_VARIABLES.iter().fold(exec, |exec, name| exec.env(*name, &path))
    }

    /// Gives a step of pip or uv access to the project's indexes.
    pub(super) fn with_index(&self, exec: Exec) -> Exec {
        let index = &self.plan.access.index;
        let mut exec = self.with_certificates(exec);
        if let Some(url) = &index.url {
            exec = exec.env("PIP_INDEX_URL", url).env("UV_DEFAULT_INDEX", url);
        }
        if !index.extra.is_empty() {
            let extra = index.extra.join(" ");
            exec = exec.env("PIP_EXTRA_INDEX_URL", &extra).env("UV_INDEX", extra);
        }
        if let Some(id) = &index.netrc {
            exec = exec.mount(Mount::secret(id, "/root/.netrc")).env("NETRC", "/root/.netrc");
        }
        exec
    }
}
