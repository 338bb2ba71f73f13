//! Indexes, credentials and certificates for steps that talk to a network.

use buildkit_llb::{Exec, Mount};

use super::Emitter;

/// What programs of build steps look at for certificates. Each reads a whole bundle, none adds to another.
const CA_VARIABLES: [&str; 6] = [
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

impl Emitter<'_> {
    /// Lets a step trust the certificates that the build file names as a secret.
    pub(super) fn with_certificates(&self, exec: Exec) -> Exec {
        let Some(id) = &self.plan.access.ca else { return exec };
        let path = format!("/run/secrets/{id}");
        let exec = exec.mount(Mount::secret(id, &path).mode(0o444));
        CA_VARIABLES.iter().fold(exec, |exec, name| exec.env(*name, &path))
    }

    /// Lets a step of pip or uv reach the project's indexes.
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
