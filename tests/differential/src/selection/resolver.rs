//! What only an index knows: asked with uv, as a build step of pybuild asks it.

use pybuild::resolve::{Question, ResolveError, Resolver};

use super::publish::Published;
use super::target::Environment;
use super::uv::Uv;

/// Asks the indexes of a case.
pub(super) struct LoopbackResolver<'a> {
    /// The case.
    pub(super) published: &'a Published<'a>,
    /// uv.
    pub(super) uv: &'a Uv,
    /// An interpreter.
    pub(super) environment: &'a Environment,
}

impl Resolver for LoopbackResolver<'_> {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        let wrong = |text: String| ResolveError(text.into());
        if !question.only_pins {
            return Err(wrong(
                "everything of a lock is known, and yet something is to be resolved".to_owned(),
            ));
        }
        let pins = self.published.folder.join("pins.txt");
        let answer = self.published.folder.join("answer-pylock.toml");
        std::fs::write(&pins, question.pins.join("\n")).map_err(|error| wrong(error.to_string()))?;
        let mut compile = self.uv.command(&self.published.folder);
        compile.args(["pip", "compile", "--quiet", "--universal", "--no-header", "--no-deps", "--python"]);
        compile.arg(self.environment.python()).args(["--python-version", &question.python]);
        compile.args(["--format", "pylock.toml", "--no-config", "--output-file"]).arg(&answer);
        let mut urls = self.published.case.indexes.iter();
        let mut url = |index: &super::case::Index| self.published.indexes.get(&index.name).cloned();
        if let Some(url) = urls.next().and_then(&mut url) {
            compile.args(["--default-index", &url]);
        }
        for url in urls.filter_map(&mut url) {
            compile.args(["--index", &url]);
        }
        compile.arg(&pins);
        let finished = Uv::run(&mut compile).map_err(|failure| wrong(failure.to_string()))?;
        if !finished.success {
            return Err(wrong(finished.stderr));
        }
        std::fs::read_to_string(&answer).map_err(|error| wrong(error.to_string()))
    }
}
