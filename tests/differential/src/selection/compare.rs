//! One case: locked by its tool, asked of both sides, compared.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::case::{Ask, Case};
use super::ours;
use super::publish::{Published, publish};
use super::resolver::LoopbackResolver;
use super::server::Server;
use super::target::{Environment, Environments, Target};
use super::uv::{self, Uv};
use crate::failure::Failure;
use crate::options::Options;
use crate::tools::Tools;

/// The machine on which tools lock that lock for every machine. Its Python is in all projects' `requires-python`.
const LOCKING: &str = "3.12.1-x86_64-glibc-2.36";

/// What a comparison ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Both sides say the same to every question.
    Same,
    /// The tool does not lock the project.
    Refused(String),
    /// They do not say the same.
    Different(String),
}

/// What comparisons are made with, one for each thread.
pub(super) struct Bench {
    tools: Tools,
    uv: Uv,
    server: Server,
    environments: Environments,
    folder: tempfile::TempDir,
    count: usize,
}

impl Bench {
    /// A bench in a folder of its own.
    pub(super) fn new(options: &Options) -> Result<Self, Failure> {
        let folder = tempfile::tempdir().map_err(Failure::io("making a folder"))?;
        let environments = Environments::new(&folder.path().join("environments"), &options.tools)?;
        Ok(Self {
            tools: options.tools.clone(),
            uv: Uv::new(&options.tools, &folder.path().join("cache")),
            server: Server::start()?,
            environments,
            folder,
            count: 0,
        })
    }

    /// Compares what both sides make of a case.
    pub(super) fn compare(&mut self, case: &Case) -> Result<Verdict, Failure> {
        self.count += 1;
        let id = format!("c{}", self.count);
        let folder: PathBuf = self.folder.path().join(&id).join("project");
        std::fs::create_dir_all(&folder).map_err(Failure::io(folder.display().to_string()))?;
        let published = publish(case, &id, &folder, &self.server)?;
        let verdict = self.compare_published(&published);
        drop(published);
        if std::env::var_os("PYBUILD_KEEP_FOLDERS").is_none() {
            std::fs::remove_dir_all(self.folder.path().join(&id)).map_err(Failure::io("tidying up"))?;
        }
        verdict
    }

    fn compare_published(&self, published: &Published<'_>) -> Result<Verdict, Failure> {
        let case = published.case;
        let targets = case.targets.iter().map(|target| Target::parse(target));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        uv::write_manifests(published)?;
        let environment = self.environments.of(&Target::parse(LOCKING)?, &self.tools)?;
        if let Err(words) = self.uv.lock(&published.folder, &environment)? {
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

    fn ask(&self, question: &Question<'_>) -> Result<Option<String>, Failure> {
        let Question { published, ask, target, environment } = *question;
        let case = published.case;
        let theirs = match case.kind.as_str() {
            "pylock" => {
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
                let resolver = LoopbackResolver { published, uv: &self.uv, environment };
                let lock = published.folder.join("uv.lock");
                let aside = published.folder.join("uv.lock.aside");
                std::fs::rename(&lock, &aside).map_err(Failure::io("moving a lock"))?;
                let ours = ours::answer(published, &Ask::default(), target, &resolver);
                std::fs::rename(&aside, &lock).map_err(Failure::io("moving a lock"))?;
                return Ok(theirs.difference("uv", &ours?));
            }
            _ => self.uv.sync(published, ask, environment)?,
        };
        let resolver = LoopbackResolver { published, uv: &self.uv, environment };
        let ours = ours::answer(published, ask, target, &resolver)?;
        Ok(theirs.difference("uv", &ours))
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
