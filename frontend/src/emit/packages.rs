//! OS packages, with the package manager's cache kept between builds and out of the image.

use buildkit_llb::{Exec, Mount, Sharing, State};

use super::{Emitter, ImageConfig};
use crate::plan::Packages;
use crate::spec::SystemManager;

/// The program's name, as steps and history show it.
pub(super) fn program(packages: &Packages) -> &'static str {
    match packages.manager {
        SystemManager::Apt => "apt",
        SystemManager::Apk => "apk",
        SystemManager::Dnf => "dnf",
    }
}

impl Emitter<'_> {
    pub(super) fn packages(
        &self,
        stage: &str,
        packages: &Packages,
        root: &State,
        config: &ImageConfig,
    ) -> State {
        let (script, caches): (&str, &[&str]) = match packages.manager {
            SystemManager::Apt => (include_str!("scripts/apt.sh"), &["/var/cache/apt", "/var/lib/apt/lists"]),
            SystemManager::Apk => (include_str!("scripts/apk.sh"), &["/var/cache/apk"]),
            SystemManager::Dnf => (include_str!("scripts/dnf.sh"), &["/var/cache/dnf", "/var/cache/libdnf5"]),
        };
        let title = format!("{}: {}", program(packages), packages.names.join(" "));
        let mut exec = self.shell(script, &packages.names, config);
        if packages.manager == SystemManager::Apt {
            exec = exec.mount(Mount::tmpfs("/run/pybuild"));
        }
        for path in caches {
            // Packages of one distribution and platform are no use to another.
            let id = format!("pybuild/{}/{}{path}", packages.distribution, self.inputs.platform.format_all());
            let id = self.inputs.options.cache_id(&id);
            exec = exec.mount(Mount::cache(*path, id, Sharing::Locked));
        }
        exec.meta(self.metadata(stage, &title, packages.span)).run(root).root()
    }

    /// A shell script with arguments, with the environment that `config` gives and the options of the build.
    pub(super) fn shell(&self, script: &str, arguments: &[String], config: &ImageConfig) -> Exec {
        let fixed = ["/bin/sh", "-c", script, "pybuild"].map(str::to_owned);
        self.exec(fixed.into_iter().chain(arguments.iter().cloned()), config)
    }

    /// A process with the environment that `config` gives and the options of the build.
    pub(super) fn exec(&self, arguments: impl IntoIterator<Item = String>, config: &ImageConfig) -> Exec {
        let mut exec = Exec::new(arguments).platform(&self.inputs.platform).cwd("/");
        for (key, value) in config.env() {
            exec = exec.env(key, value);
        }
        self.inputs.options.apply(exec, &self.inputs.capabilities)
    }
}
