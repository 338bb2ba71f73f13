//! Variables of stages: those of the image, and those that decide what is installed.

use std::collections::BTreeSet;

use super::expand::{Found, Value};
use super::image::environment;
use super::model::RunOp;
use super::native::{Native, Reason};
use super::place::names;
use super::whole::is_below;
use crate::cli::init::draft::Production;

/// Variables of install tools that do not change what is installed. The image does not contain these tools.
pub(super) const CALM: [&str; 44] = [
    "PIP_NO_CACHE_DIR",
    "PIP_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_TIMEOUT",
    "PIP_RETRIES",
    "PIP_ROOT_USER_ACTION",
    "PIP_NO_INPUT",
    "PIP_NO_COLOR",
    "PIP_PROGRESS_BAR",
    "PIP_NO_WARN_SCRIPT_LOCATION",
    "PIP_BREAK_SYSTEM_PACKAGES",
    "PIP_PREFER_BINARY",
    "PIP_VERSION",
    "POETRY_VERSION",
    "POETRY_HOME",
    "POETRY_NO_INTERACTION",
    "POETRY_CACHE_DIR",
    "POETRY_VIRTUALENVS_CREATE",
    "POETRY_VIRTUALENVS_IN_PROJECT",
    "POETRY_VIRTUALENVS_PATH",
    "POETRY_INSTALLER_MAX_WORKERS",
    "UV_VERSION",
    "UV_COMPILE_BYTECODE",
    "UV_LINK_MODE",
    "UV_PYTHON_DOWNLOADS",
    "UV_PYTHON_PREFERENCE",
    "UV_PYTHON_INSTALL_DIR",
    "UV_CACHE_DIR",
    "UV_TOOL_BIN_DIR",
    "UV_INSTALL_DIR",
    "UV_HTTP_TIMEOUT",
    "UV_NO_PROGRESS",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_NO_CACHE",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_DEV",
    "UV_PROJECT_ENVIRONMENT",
    "PIPENV_VERSION",
    "PIPENV_VENV_IN_PROJECT",
    "PDM_VERSION",
    "PDM_CHECK_UPDATE",
];

/// Variables of compilers and build backends. Compiled files depend on them, and the builder does not set
/// them.
const COMPILE: [&str; 20] = [
    "CFLAGS",
    "CPPFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "CC",
    "CXX",
    "MAKEFLAGS",
    "CMAKE_ARGS",
    "RUSTFLAGS",
    "CARGO_NET_GIT_FETCH_WITH_CLI",
    "SKBUILD_CONFIGURE_OPTIONS",
    "PBR_VERSION",
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "POETRY_DYNAMIC_VERSIONING_BYPASS",
    "PDM_BUILD_SCM_VERSION",
    "FORCE_CUDA",
    "TORCH_CUDA_ARCH_LIST",
    "GRPC_PYTHON_BUILD_SYSTEM_OPENSSL",
    "GRPC_PYTHON_BUILD_SYSTEM_ZLIB",
    "CPLUS_INCLUDE_PATH",
];

/// Whether a variable decides which packages are installed, or how they are compiled.
fn decides(name: &str) -> bool {
    let of_manager =
        ["PIP_", "UV_", "POETRY_", "PDM_", "PIPENV_"].iter().any(|start| name.starts_with(start));
    (of_manager && !CALM.contains(&name))
        || COMPILE.contains(&name)
        || name.starts_with("SETUPTOOLS_SCM_PRETEND_VERSION")
        || name.ends_with("_NO_EXTENSIONS")
}

impl Native<'_> {
    /// Adds the variables. Those of a stage that only makes the environment are not in the image.
    pub(super) fn variables(&mut self, first: &mut Production) -> Result<(), Reason> {
        let model = self.model;
        let base = model.bottom(self.target).map(|bottom| bottom.base.path.clone()).unwrap_or_default();
        let helpers: BTreeSet<usize> = self.helpers.iter().flat_map(|at| model.chain(*at)).collect();
        let shipped = self.shipped.clone();
        for part in shipped.iter().chain(&helpers).filter_map(|at| model.parts.get(*at)) {
            for name in part.declared() {
                let is_given = model.args.get(name).is_some_and(|value| !value.is_empty());
                if self.index(name, &Value::arg(name), is_given) {
                    continue;
                }
                if decides(name) {
                    return Err(format!("the arg `{name}` decides what is installed"));
                }
            }
        }
        for (name, value) in helpers
            .iter()
            .filter(|at| !shipped.contains(at))
            .filter_map(|at| model.parts.get(*at))
            .flat_map(|part| part.env.clone())
        {
            if !self.index(&name, &value, true) && decides(&name) {
                return Err(format!("the variable `{name}` decides what is installed"));
            }
        }
        for (name, value) in environment(model, &shipped) {
            let text = value.with(&model.args);
            if self.index(&name, &value, true) {
                continue;
            }
            if decides(&name) {
                return Err(format!("the variable `{name}` decides what is installed"));
            }
            match name.as_str() {
                "VIRTUAL_ENV" => continue,
                "PYTHONUNBUFFERED" if text == "1" => continue,
                "PATH" => {
                    let mine = |part: &&str| {
                        let folder = part.strip_suffix("/bin").unwrap_or(part);
                        !self.environments.contains(folder)
                            && !is_below(part, "/root/.local/bin")
                            && *part != "/venv/bin"
                    };
                    let rest = text.split(':').filter(mine).collect::<Vec<_>>().join(":");
                    if rest != base {
                        first.env.insert(name, format!("/venv/bin:{}", rest.replace("${", "$${")));
                    }
                    continue;
                }
                name if CALM.contains(&name) => {
                    self.report.note(0, format!("ENV {name}: what it is for is not in the image"));
                    continue;
                }
                _ => {}
            }
            first.env.insert(name, value.written());
        }
        self.say_later(first);
        self.say_moved();
        Ok(())
    }

    /// The values of variables in a step that later get another value.
    pub(super) fn earlier(&self, op: &RunOp, at: usize) -> Vec<(String, String)> {
        let model = self.model;
        let Some(part) = model.parts.get(at) else { return Vec::new() };
        let later: BTreeSet<&str> = self
            .shipped
            .iter()
            .filter(|later| **later > at)
            .filter_map(|later| model.parts.get(*later))
            .flat_map(|part| part.env.iter().map(|(name, _)| name.as_str()))
            .collect();
        let mentioned: BTreeSet<&str> = names(&op.script).collect();
        let changed = mentioned.into_iter().filter(|name| {
            later.contains(name) && part.is_final(name, op.moment) && !matches!(*name, "PATH" | "VIRTUAL_ENV")
        });
        let value = |name: &str| match model.variable(at, name) {
            Found::Known(value) => value.written(),
            Found::Unset | Found::Unknown => String::new(),
        };
        changed.map(|name| (name.to_owned(), value(name))).collect()
    }

    /// Reads a variable with an index. True if the build file has a key for it.
    fn index(&mut self, name: &str, value: &Value, is_given: bool) -> bool {
        let dependencies = &mut self.draft.dependencies;
        match name {
            "PIP_INDEX_URL" | "UV_DEFAULT_INDEX" | "UV_INDEX_URL" if is_given => {
                dependencies.index = Some(value.written());
            }
            "PIP_EXTRA_INDEX_URL" if is_given => {
                let written = value.written();
                for url in written.split_whitespace() {
                    if !dependencies.extra_indexes.iter().any(|known| known == url) {
                        dependencies.extra_indexes.push(url.to_owned());
                    }
                }
            }
            _ => return false,
        }
        true
    }

    /// Reports commands that see variables which the Dockerfile sets only later. In a build file, the
    /// variables of a stage apply to all of its steps.
    fn say_later(&mut self, first: &Production) {
        for (line, at, moment) in std::mem::take(&mut self.later) {
            let parts =
                self.shipped.iter().filter(|part| **part >= at).filter_map(|at| self.model.parts.get(*at));
            let before: BTreeSet<&str> = self
                .shipped
                .iter()
                .filter(|part| **part <= at)
                .filter_map(|part| Some((*part, self.model.parts.get(*part)?)))
                .flat_map(|(number, part)| {
                    let count = if number == at { moment } else { part.env.len() };
                    part.env.iter().take(count).map(|(name, _)| name.as_str())
                })
                .collect();
            let later: BTreeSet<&str> = parts
                .flat_map(|part| part.env.iter().map(|(name, _)| name.as_str()))
                .filter(|name| first.env.contains_key(*name) && !before.contains(name))
                .collect();
            if !later.is_empty() {
                let list = later.into_iter().collect::<Vec<_>>().join(", ");
                let text = format!(
                    "RUN: variables that the Dockerfile sets later hold in this step as well: {list}"
                );
                self.report.note(line, text);
            }
        }
    }

    /// Reports environments that have another path than in the Dockerfile.
    fn say_moved(&mut self) {
        let said = std::mem::take(&mut self.said);
        for folder in std::mem::take(&mut self.venvs).into_iter().filter(|folder| !said.contains(folder)) {
            self.report.note(0, format!("the environment `{folder}` is /venv, and belongs to root"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documentation says that pip reads every option from `PIP_…`, and uv from `UV_…`.
    #[test]
    fn variables_that_decide_what_is_installed_are_known() {
        for name in [
            "PIP_CONSTRAINT",
            "PIP_NO_BINARY",
            "UV_EXCLUDE_NEWER",
            "UV_INDEX",
            "CFLAGS",
            "YARL_NO_EXTENSIONS",
        ] {
            assert!(decides(name), "{name}");
        }
        for name in ["PIP_NO_CACHE_DIR", "UV_LINK_MODE", "APP_HOME", "DEBUG"] {
            assert!(!decides(name), "{name}");
        }
    }
}
