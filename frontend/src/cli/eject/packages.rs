//! OS packages and their repositories.

use super::environment::step;
use super::words::{Dockerfile, shell, words};
use crate::emit::sources;
use crate::plan::{Access, Packages};
use crate::spec::{Key, SystemManager};

/// Writes the step that installs OS packages.
pub(super) fn install_packages(out: &mut Dockerfile, access: &Access, packages: &Packages) {
    let names: Vec<&str> = packages.names.iter().map(String::as_str).collect();
    let names = shell(&names);
    add_repositories(out, packages);
    let commands = match packages.manager {
        SystemManager::Apt => vec![
            "apt-get update".to_owned(),
            format!("DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -- {names}"),
            "rm -rf /var/lib/apt/lists/*".to_owned(),
        ],
        SystemManager::Apk => vec![format!("apk add --no-cache -- {names}")],
        SystemManager::Dnf => {
            vec![format!("dnf install -y --setopt=install_weak_deps=0 {names}"), "dnf clean all".to_owned()]
        }
    };
    let commands: Vec<_> = commands.into_iter().map(|command| vec![command]).collect();
    step(out, access, false, &[], &commands);
}

/// Adds apt repositories with their keys. apt distinguishes the two kinds of keys only by file name.
fn add_repositories(out: &mut Dockerfile, packages: &Packages) {
    for (repository, number) in packages.repositories.iter().zip(1_usize..) {
        let key = format!("/etc/apt/keyrings/pybuild-{number}");
        let to = format!("{key}.key");
        out.instruction(match &repository.key {
            Key::Download(file) => {
                format!("ADD --chmod=644 --checksum={} {}", file.checksum, words(&[file.url.as_str(), &to]))
            }
            Key::Context(path) => format!("COPY --chmod=644 {}", words(&[path.as_str(), &to])),
        });
        let lines = sources(repository);
        let lines: Vec<&str> = lines.lines().collect();
        let list = format!("/etc/apt/sources.list.d/pybuild-{number}.sources");
        let armoured = format!("if grep -q -- '-----BEGIN PGP' {key}.key; then kind=asc; else kind=gpg; fi");
        let commands = [
            armoured,
            format!("mv {key}.key {key}.$kind"),
            format!("printf '%s\\n' {} \"Signed-By: {key}.$kind\" > {list}", shell(&lines)),
        ];
        out.instruction(format!("RUN {}", commands.join(" && ")));
    }
}
