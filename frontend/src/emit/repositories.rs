//! Package repositories that are added before packages are installed.

use buildkit_llb::{Exec, FileOp, Metadata, MkFile, Mount, State};
use sha2::{Digest as _, Sha256};

use super::Emitter;
use crate::plan::Packages;
use crate::spec::{Key, Repository};

/// The folder of the repositories and their keys, for the script.
const FOLDER: &str = "/run/pybuild/repositories";

/// A repository in apt's format (`man sources.list`, "deb822-style format"), without its key.
pub fn sources(repository: &Repository) -> String {
    let text = format!("Types: deb\nURIs: {}\nSuites: {}\n", repository.url, repository.suites.join(" "));
    match repository.components.join(" ").as_str() {
        "" => text,
        components => format!("{text}Components: {components}\n"),
    }
}

/// The part of a cache's id that tells these repositories and keys from any others; nothing for those of the image alone.
pub(super) fn folder(repositories: &[Repository]) -> String {
    if repositories.is_empty() {
        return String::new();
    }
    let mut hasher = Sha256::new();
    for repository in repositories {
        let key = match &repository.key {
            Key::Download(key) => format!("{} {}", key.url, key.checksum.as_str()),
            Key::Context(path) => path.as_str().to_owned(),
        };
        hasher.update(format!("{}Key: {key}\n\n", sources(repository)));
    }
    let digest = hasher.finalize();
    digest.iter().take(8).fold("/repositories-".to_owned(), |id, byte| format!("{id}{byte:02x}"))
}

impl Emitter<'_> {
    /// Mounts the repositories and their keys in a step.
    pub(super) fn with_repositories(&self, exec: Exec, stage: &str, packages: &Packages) -> Exec {
        let numbered = packages.repositories.iter().zip(1_usize..);
        numbered.fold(exec, |exec, (repository, number)| {
            let list = FileOp::on(&State::scratch())
                .mkfile(MkFile::new("/sources", sources(repository)).mode(0o644).timestamp(0))
                .meta(Metadata::named(format!("[internal] repository {}", repository.url)))
                .state();
            let place = |kind: &str| format!("{FOLDER}/{number}.{kind}");
            let key = match &repository.key {
                Key::Download(key) => {
                    let title = format!("key: {}", key.url);
                    let meta = self.metadata(stage, &title, repository.span);
                    let http = self.http(&key.url, "key", meta).checksum(key.checksum.as_str());
                    let name = self.downloaded(&key.url, "key");
                    Mount::bind(&http.state(), place("key")).selector(format!("/{name}"))
                }
                Key::Context(path) => {
                    Mount::bind(&self.inputs.context, place("key")).selector(format!("/{}", path.as_str()))
                }
            };
            exec.mount(Mount::bind(&list, place("sources")).selector("/sources").read_only())
                .mount(key.read_only())
        })
    }
}
