//! One case: locked by its tool, asked of both sides, compared.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::answer::Answer;
use super::case::{Ask, Case};
use super::manifests;
use super::ours;
use super::pipenv;
use super::publish::{Published, publish};
use super::resolver::LoopbackResolver;
use super::server::Server;
use super::target::{Environment, Environments, Target};
use super::uv::{self, Uv};
use super::worker::Worker;
use crate::desk::Verdict;
use crate::failure::Failure;
use crate::options::Options;
use crate::tools::Tools;
use serde_json::json;

/// The machine on which tools lock that lock for every machine. Its Python is in all projects'
/// `requires-python`.
pub(crate) const LOCKING: &str = "3.12.1-x86_64-glibc-2.36";

/// What comparisons are made with, one for each thread.
pub(crate) struct Bench {
    pub(crate) tools: Tools,
    pub(crate) uv: Uv,
    server: Arc<Server>,
    pub(crate) environments: Environments,
    pub(crate) folder: tempfile::TempDir,
    count: usize,
    worker: Option<Worker>,
}

impl Bench {
    /// A bench in a folder of its own.
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::io("making a folder"))?;
        let environments = Environments::new(&folder.path().join("environments"), &options.tools)?;
        Ok(Self {
            tools: options.tools.clone(),
            uv: Uv::new(&options.tools, &folder.path().join("cache")),
            server: Arc::new(Server::start()?),
            environments,
            folder,
            count: 0,
            worker: None,
        })
    }

    /// Compares what both sides make of a case.
    pub(crate) fn compare(&mut self, case: &Case) -> Result<Verdict, Failure> {
        self.with(case, Self::compare_published)
    }

    /// Publishes a case in a folder of its own for as long as `work` needs it.
    pub(crate) fn with<R>(
        &mut self,
        case: &Case,
        work: impl FnOnce(&mut Self, &Published<'_>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        self.count += 1;
        let id = format!("c{}", self.count);
        let folder: PathBuf = self.folder.path().join(&id).join("project");
        std::fs::create_dir_all(&folder).map_err(Failure::io(folder.display().to_string()))?;
        let server = Arc::clone(&self.server);
        let published = publish(case, &id, &folder, &server)?;
        let verdict = work(self, &published);
        drop(published);
        if std::env::var_os("PYBUILD_KEEP_FOLDERS").is_none() {
            std::fs::remove_dir_all(self.folder.path().join(&id)).map_err(Failure::io("tidying up"))?;
        }
        verdict
    }

    fn compare_published(&mut self, published: &Published<'_>) -> Result<Verdict, Failure> {
        let case = published.case;
        let targets = case.targets.iter().map(|target| Target::parse(target));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        if let Err(words) = self.lock(published)? {
            return Ok(Verdict::Refused(words));
        }
        let mut differences = String::new();
        for target in &targets {
            let environment = self.environments.of(target, &self.tools)?;
            for ask in &case.asks {
                let question = Question { published, ask, target, environment: &environment };
                if let Some(difference) = self.ask(&question)? {
                    // Writing to a string cannot fail.
                    let _ = writeln!(differences, "{target}, {ask}:\n{difference}");
                }
            }
        }
        Ok(if differences.is_empty() { Verdict::Same } else { Verdict::Different(differences) })
    }

    /// Writes the manifest and locks it; the tool's words where it does not lock it.
    pub(crate) fn lock(&mut self, published: &Published<'_>) -> Result<Result<(), String>, Failure> {
        let case = published.case;
        let environment = self.environments.of(&Target::parse(LOCKING)?, &self.tools)?;
        if matches!(case.kind.as_str(), "uv" | "pylock") {
            uv::write_manifests(published)?;
            return self.uv.lock(&published.folder, &environment);
        }
        manifests::write(published)?;
        let indexes = manifests::indexes(published);
        let mut urls = indexes.iter().map(|(_, url)| (*url).to_owned());
        let (first, rest): (String, Vec<String>) = (urls.next().unwrap_or_default(), urls.collect());
        let with = |main: &str, more: &str, end: &[&str]| {
            let mut arguments = vec![main.to_owned(), first.clone()];
            arguments.extend(rest.iter().flat_map(|url| [more.to_owned(), url.clone()]));
            arguments.extend(end.iter().map(|&word| word.to_owned()));
            arguments
        };
        let folder = &published.folder;
        let kind = case.kind.as_str();
        let arguments = match kind {
            "uv-compile" => {
                let mut compile = self.uv.command(folder);
                compile.args(["pip", "compile", "--quiet", "--universal", "--generate-hashes", "--python"]);
                compile.arg(environment.python()).args(["--python-version", "3.9", "--emit-index-url"]);
                compile.args(with(
                    "--default-index",
                    "--index",
                    &["-o", "requirements.txt", "requirements.in"],
                ));
                let finished = Uv::run(&mut compile)?;
                return Ok(if finished.success { Ok(()) } else { Err(finished.stderr) });
            }
            "pipenv" => return pipenv::lock(folder, &self.tools, &self.folder.path().join("home")),
            "pip-compile" => with(
                "--index-url",
                "--extra-index-url",
                &[
                    "--quiet",
                    "--generate-hashes",
                    "--no-build-isolation",
                    "-o",
                    "requirements.txt",
                    "requirements.in",
                ],
            ),
            "pip-lock" => with("--index-url", "--extra-index-url", &["-r", "requirements.in"]),
            _ => Vec::new(),
        };
        let question = json!({"op": "lock", "kind": kind, "folder": folder, "arguments": arguments});
        let target = Target::parse(LOCKING)?;
        Ok(match self.worker()?.ask(question, &target)? {
            Answer::Packages(_) => Ok(()),
            Answer::Refused(why) => Err(why),
        })
    }

    /// Asks the indexes of a case.
    pub(crate) fn resolver<'b>(
        &'b self,
        published: &'b Published<'b>,
        environment: &'b Environment,
    ) -> LoopbackResolver<'b> {
        LoopbackResolver { published, uv: &self.uv, environment }
    }

    pub(crate) fn worker(&mut self) -> Result<&mut Worker, Failure> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None => Worker::start(&self.tools, &self.folder.path().join("home"))?,
        };
        Ok(self.worker.insert(worker))
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Option<String>, Failure> {
        let Question { published, ask, target, environment } = *question;
        let case = published.case;
        let (tool, theirs) = match case.kind.as_str() {
            "uv" => ("uv", self.uv.sync(published, ask, environment)?),
            "pylock" => return self.ask_exported(question),
            kind => (kind, self.ask_worker(question)?),
        };
        // A tool that calculates for too long has said nothing.
        if matches!(&theirs, Answer::Refused(why) if why.starts_with("TooLong")) {
            return Ok(None);
        }
        let resolver = self.resolver(published, environment);
        let ours = ours::answer(published, ask, target, &resolver)?;
        Ok(theirs.difference(tool, &ours))
    }

    /// What uv installs of a lock that it has exported for this question.
    fn ask_exported(&self, question: &Question<'_>) -> Result<Option<String>, Failure> {
        let Question { published, ask, target, environment } = *question;
        let mut export = self.uv.command(&published.folder);
        let file = "pylock.toml";
        let flags = ["export", "--frozen", "--quiet", "--no-default-groups", "--no-emit-project"];
        export.args(flags).args(["--format", "pylock.toml", "-o", file, "--python"]);
        export.arg(environment.python());
        uv::asked(&mut export, ask);
        let finished = Uv::run(&mut export)?;
        if !finished.success {
            // There is no lock, and so nothing to compare.
            return Ok(None);
        }
        let theirs = self.uv.pip_sync(published, file, environment)?;
        let resolver = self.resolver(published, environment);
        let lock = published.folder.join("uv.lock");
        let aside = published.folder.join("uv.lock.aside");
        std::fs::rename(&lock, &aside).map_err(Failure::io("moving a lock"))?;
        let ours = ours::answer(published, &Ask::default(), target, &resolver);
        std::fs::rename(&aside, &lock).map_err(Failure::io("moving a lock"))?;
        Ok(theirs.difference("uv", &ours?))
    }

    fn ask_worker(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let Question { published, ask, target, .. } = *question;
        let (kind, folder) = (published.case.kind.as_str(), &published.folder);
        let arguments = match kind {
            "pip-lock" => vec!["-r".to_owned(), "pylock.toml".to_owned()],
            "pip-compile" | "uv-compile" => {
                ["--require-hashes", "-r", "requirements.txt"].map(str::to_owned).to_vec()
            }
            "pipenv" => match pipenv::requirements(published, ask, &self.tools)? {
                Ok(arguments) => arguments,
                Err(words) => return Ok(Answer::Refused(words)),
            },
            _ => Vec::new(),
        };
        let into = self.folder.path().join("installed");
        let question = json!({
            "op": "install", "kind": kind, "folder": folder, "arguments": arguments, "into": into,
            "extras": ask.extras, "groups": ask.groups,
        });
        self.worker()?.ask(question, target)
    }
}

/// One question to both sides.
#[derive(Clone, Copy)]
struct Question<'q> {
    published: &'q Published<'q>,
    ask: &'q Ask,
    target: &'q Target,
    environment: &'q Environment,
}
