//! Asks an index with uv, as a build step of pybuild does.

use std::path::Path;

use pybuild::resolve::{Clock, FilesQuestion, Question, ResolveError, Resolver};

use super::publish::Published;
use super::target::Environment;
use super::uv::Uv;

/// The very script of that step.
const SCRIPT: &str = include_str!("../../../../frontend/src/emit/scripts/resolve.sh");

/// The very program that finds files of locked packages.
const LOCATE: &str = include_str!("../../../../frontend/src/emit/scripts/locate.py");

/// Asks the indexes of a case.
pub(crate) struct LoopbackResolver<'a> {
    /// The case.
    pub(crate) published: &'a Published<'a>,
    /// uv.
    pub(crate) uv: &'a Uv,
    /// An interpreter.
    pub(crate) environment: &'a Environment,
}

impl LoopbackResolver<'_> {
    /// Finds files of locked packages. The usual index is the case's first one; where more are asked, the
    /// project says so.
    fn locate(&self, files: &FilesQuestion, folder: &Path) -> Result<String, ResolveError> {
        let wrong = |text: String| ResolveError(text.into());
        let (question, answer) = (folder.join("question.json"), folder.join("answer.json"));
        let _ = std::fs::remove_file(&answer);
        std::fs::write(&question, files.to_json()).map_err(|error| wrong(error.to_string()))?;
        let program = LOCATE
            .replace("/run/pybuild/question.json", &question.display().to_string())
            .replace("/run/pybuild/links", &folder.display().to_string());
        let mut python = self.uv.environment("python3", folder);
        python.args(["-c", &program]).env("PYBUILD_ANSWER", &answer);
        let usual = self.published.case.indexes.first();
        if let Some(url) = usual.and_then(|index| self.published.indexes.get(&index.name)) {
            python.env("PIP_INDEX_URL", url);
        }
        let finished = Uv::run(&mut python).map_err(|failure| wrong(failure.to_string()))?;
        if !finished.success {
            return Err(wrong(finished.stderr));
        }
        std::fs::read_to_string(&answer).map_err(|error| wrong(error.to_string()))
    }
}

impl Resolver for LoopbackResolver<'_> {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        let wrong = |text: String| ResolveError(text.into());
        let folder = self.published.folder.with_extension("answer");
        std::fs::create_dir_all(&folder).map_err(|error| wrong(error.to_string()))?;
        if let Some(files) = &question.files {
            return self.locate(files, &folder);
        }
        // A new lock must not be made from the versions of an old one.
        let answer = folder.join("pylock.toml");
        let _ = std::fs::remove_file(&answer);
        let pins = self.published.folder.with_extension("pins");
        std::fs::write(&pins, question.pins.join("\n")).map_err(|error| wrong(error.to_string()))?;
        let script = SCRIPT
            .replace("cd /run/pybuild/out", "")
            .replace("export UV_CACHE_DIR=/root/.cache/uv", "")
            .replace("/run/pybuild/uv/bin/uv", &self.uv.program().display().to_string());
        let mut shell = self.uv.environment("sh", &folder);
        shell.args(["-c", &script, "resolve", &question.python]);
        let inputs = question.requirements.inputs.iter();
        shell.args(inputs.map(|path| self.published.folder.join(path.as_str())));
        let path = self.environment.folder.join("bin");
        shell.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", path.display()));
        // As the steps of a build have them.
        let mut urls = self.published.case.indexes.iter();
        let mut url = |index: &super::case::Index| self.published.indexes.get(&index.name).cloned();
        if let Some(url) = urls.next().and_then(&mut url) {
            shell.env("UV_DEFAULT_INDEX", url);
        }
        let extra: Vec<String> = urls.filter_map(&mut url).collect();
        shell.env("UV_INDEX", extra.join(" "));
        let finished = Uv::run(&mut shell).map_err(|failure| wrong(failure.to_string()))?;
        if !finished.success {
            return Err(wrong(finished.stderr));
        }
        std::fs::read_to_string(&answer).map_err(|error| wrong(error.to_string()))
    }

    fn clock(&self) -> Clock {
        Clock::new(None)
    }
}
