//! OS packages. The package manager's cache is kept between builds and is not a part of the image.

use buildkit_llb::{Exec, Mount, Sharing, State};

use super::script::{Script, script};
use super::{Emitter, ImageConfig, repositories};
use crate::plan::Packages;
use crate::spec::{OWN_CACHES, SystemManager};

const APT: Script = script!("apt.sh", "script to install packages with apt");
const REPOSITORIES: Script =
    script!("apt-repositories.sh", "script to add repositories and install packages with apt");
const APK: Script = script!("apk.sh", "script to install packages with apk");
const DNF: Script = script!("dnf.sh", "script to install packages with dnf");

/// The name of the package manager in steps and in the history.
pub fn program(packages: &Packages) -> &'static str {
    packages.manager.name()
}

impl Emitter<'_> {
    pub(super) fn packages(
        &self,
        stage: &str,
        packages: &Packages,
        root: &State,
        config: &ImageConfig,
    ) -> State {
        let (script, caches): (Script, &[&str]) = match packages.manager {
            SystemManager::Apt => (APT, &["/var/cache/apt", "/var/lib/apt/lists"]),
            SystemManager::Apk => (APK, &["/var/cache/apk"]),
            SystemManager::Dnf => (DNF, &["/var/cache/dnf", "/var/cache/libdnf5"]),
        };
        let title = format!("{}: {}", program(packages), packages.names.join(" "));
        let mut exec = if packages.repositories.is_empty() {
            self.shell(script, &packages.names, config)
        } else {
            let exec = self.shell(REPOSITORIES, &packages.names, config).mount(script.mount());
            self.with_repositories(exec, stage, packages)
        };
        if packages.manager == SystemManager::Apt {
            exec = exec.mount(Mount::tmpfs("/run/pybuild/tmp"));
        }
        // Packages of one distribution and platform are no use to another. Nor may a repository of one's own put files into the
        // cache of the distribution: apt compares a package that is in its cache by name, version and size alone.
        for path in caches {
            let (of, platform) = (&packages.distribution, self.inputs.platform.format_all());
            let repositories = packages.repositories.as_slice();
            let id = format!("{OWN_CACHES}{of}/{platform}{}{path}", repositories::folder(repositories));
            let id = self.inputs.options.cache_id(&id);
            exec = exec.mount(Mount::cache(*path, id, Sharing::Locked));
        }
        let exec = self.with_certificates(exec);
        exec.meta(self.metadata(stage, &title, packages.span)).run(root).root()
    }

    /// A process that runs one of our shell scripts with arguments, the environment of `config` and the
    /// options of the build.
    ///
    /// The script is mounted and not passed as an argument. So the error of a failed step shows only the
    /// script's name and arguments.
    pub(super) fn shell(&self, script: Script, arguments: &[String], config: &ImageConfig) -> Exec {
        let fixed = ["/bin/sh".to_owned(), script.path()];
        let exec = self.exec(fixed.into_iter().chain(arguments.iter().cloned()), config);
        exec.mount(script.mount())
    }

    /// A process with the environment of `config` and the options of the build.
    pub(super) fn exec(&self, arguments: impl IntoIterator<Item = String>, config: &ImageConfig) -> Exec {
        let mut exec = Exec::new(arguments).platform(&self.inputs.platform).cwd("/");
        for (key, value) in config.env() {
            exec = exec.env(key, value);
        }
        self.inputs.options.apply(exec, &self.inputs.capabilities)
    }
}
