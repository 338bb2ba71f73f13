//! `COPY` and `ADD` of what ships: the app, or files of other stages.

use super::carry::{Carrier, Part, add};
use super::parse::Instruction;
use crate::cli::init::draft::Copy;
use crate::spec::ContextPath;

impl Carrier<'_> {
    pub(super) fn copy(&mut self, instruction: &Instruction, parts: &[Part<'_>]) {
        if instruction.heredoc.is_some() {
            return self.say(instruction, "not carried over: put the text into a file and copy that");
        }
        let words: Vec<_> = instruction.words().iter().map(|word| self.expanded(word)).collect();
        let Some((to, sources)) = words.split_last() else { return };
        if sources.iter().any(|source| source.contains("://")) {
            return self.say(instruction, "not carried over: nothing is downloaded by a copy; use `run`");
        }
        let Some(from) = instruction.flags.get("from").map(|from| from.to_ascii_lowercase()) else {
            return self.copy_app(instruction, sources, to);
        };
        let stage = parts.iter().position(|part| part.names.contains(&from));
        if stage.is_some_and(|at| Self::is_python_part(at, parts)) {
            return self.say(instruction, "not needed: the environment comes from the builder");
        }
        if from.contains("uv") && sources.iter().any(|source| source.contains("uv")) {
            return self.say(instruction, "not needed: uv is not in the image");
        }
        let from = stage.and_then(|at| parts.get(at)?.names.first()).map_or(from, |name| {
            if name.starts_with(|c: char| c.is_ascii_digit()) { format!("stage{name}") } else { name.clone() }
        });
        for source in sources {
            let copy = Copy {
                from: Some(from.clone()),
                path: source.clone(),
                to: to.trim_start_matches("./").to_owned(),
                owner: instruction.flags.get("chown").filter(|owner| !owner.is_empty()).cloned(),
                mode: instruction.flags.get("chmod").filter(|mode| mode.parse::<u32>().is_ok()).cloned(),
            };
            // What was found to be copied before is said by the Dockerfile now.
            self.draft.production.copy.retain(|other| other.from.as_deref() != Some("assets"));
            if let Some(collected) = self.draft.stages.iter_mut().find(|stage| stage.name == "static") {
                collected.copy.push(copy.clone());
            }
            self.draft.production.copy.push(copy);
        }
        self.say(instruction, format!("carried over: copy from {from}"));
    }

    fn copy_app(&mut self, instruction: &Instruction, sources: &[String], to: &str) {
        let manifests = [
            "requirements",
            "pyproject.toml",
            "poetry.lock",
            "uv.lock",
            "Pipfile",
            "pdm.lock",
            "setup.py",
            "setup.cfg",
            "README",
        ];
        let is_manifest = |source: &String| {
            manifests.iter().any(|name| source.rsplit('/').next().unwrap_or(source).starts_with(name))
        };
        if sources.iter().all(is_manifest) {
            return self.say(instruction, "not needed: manifests and locks are read where they are");
        }
        if sources.iter().any(|source| source == "." || source == "./") {
            return self.say(instruction, "carried over: all files are copied unless app.include names some");
        }
        let target = to.trim_end_matches('/');
        let mut kept = Vec::new();
        for source in sources {
            let Some(path) = ContextPath::parse(source.trim_start_matches('/')) else { continue };
            let name = path.as_str();
            let base = self.workdir.trim_end_matches('/');
            let within =
                target.strip_prefix(base).unwrap_or(target).trim_start_matches("./").trim_matches('/');
            // Files that stay where they are in the project; others are copied there.
            if within.is_empty() && !name.contains('/') || within == name || within == "." {
                kept.push(name.to_owned());
            } else {
                let copy = Copy { path: name.to_owned(), to: to.to_owned(), ..Copy::default() };
                self.draft.production.copy.push(copy);
            }
        }
        let said = match (kept.is_empty(), instruction.flags.contains_key("chown")) {
            (true, _) => "carried over: copy".to_owned(),
            (false, false) => format!("carried over: app.include = {}", kept.join(" ")),
            (false, true) => format!(
                "carried over: app.include = {}; its files belong to root: name what is written in app.writable",
                kept.join(" ")
            ),
        };
        add(&mut self.draft.app.include, kept);
        self.say(instruction, said);
    }
}
