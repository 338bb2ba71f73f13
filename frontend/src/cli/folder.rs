//! A project in a folder: its build file, and the plan of a build.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use buildkit_llb::Platform;

use super::arguments;
use super::error::CliError;
use super::offline::{Offline, open_set};
use super::platform::native;
use crate::diagnostics::{Diagnostics, Problem, Source};
use crate::gateway::build_arguments;
use crate::lint::{Asked, CheckOptions, examine};
use crate::plan::Plan;
use crate::project::{Context, ContextError, Files, Folder, Ignored, MOST_BYTES, Project, Scope};
use crate::resolve::{Question, wheel_sets};
use crate::spec::{Arguments, ContextPath, Installer, Spec};

/// The name of the build file.
pub(super) const FILE: &str = "pybuild.toml";

const PYPROJECT: &str = "pyproject.toml";

/// A build file and its context.
pub(super) struct Opened {
    /// The build file.
    pub(super) source: Arc<Source>,
    /// The folder.
    pub(super) context: Box<dyn Context>,
    /// The ignore rules.
    pub(super) ignored: Ignored,
    /// The path of the build file for messages.
    pub(super) shown: String,
    folder: PathBuf,
    build_args: BTreeMap<String, String>,
    /// The build arg that selects rules.
    check: Option<String>,
}

/// A build, as far as it is known without an engine.
pub(super) struct Prepared {
    /// The build file.
    pub(super) spec: Spec,
    /// The project.
    pub(super) project: Project,
    /// The plan.
    pub(super) plan: Plan,
    /// The questions to an index, by the groups of the environment.
    pub(super) asked: BTreeMap<Vec<String>, Vec<Question>>,
}

impl Opened {
    /// Opens the project that the arguments name.
    pub(super) fn new(project: &arguments::Project) -> Result<Self, CliError> {
        let folder = &project.folder;
        if !folder.is_dir() {
            let what = if folder.exists() { "is not a folder" } else { "does not exist" };
            let error = CliError::new(format!("`{}` {what}", folder.display()));
            return Err(error.help("name the folder that `docker buildx build` is given"));
        }
        let file = match &project.file {
            Some(file) => file.clone(),
            None => default_file(folder)?,
        };
        let bytes = build_file(&file)?;
        let name =
            file.file_name().map_or_else(|| FILE.to_owned(), |name| name.to_string_lossy().into_owned());
        let beside = file.with_file_name(format!("{name}.dockerignore"));
        let beside = read_beside(&beside)?;
        let shown = file.strip_prefix(".").unwrap_or(&file).to_string_lossy().into_owned();
        Self::of(project, Box::new(Folder::new(folder)), &name, &bytes, beside, shown)
    }

    /// A folder with a build file that is not written yet.
    pub(super) fn draft(project: &arguments::Project, text: &str) -> Result<Self, CliError> {
        let context = Box::new(Folder::new(&project.folder));
        Self::of(project, context, FILE, text.as_bytes(), None, FILE.to_owned())
    }

    /// The same project in another context, with the build file of that context if it has one.
    pub(super) fn as_in(
        &self,
        project: &arguments::Project,
        context: Box<dyn Context>,
    ) -> Result<Self, CliError> {
        let name = &self.source.name;
        let read = |name: &str| match ContextPath::parse(name) {
            Some(path) => context.read(&path).map_err(|error| failed(&error)),
            None => Ok(None),
        };
        let bytes = read(name)?.unwrap_or_else(|| self.source.text.clone().into_bytes());
        let beside = read(&format!("{name}.dockerignore"))?;
        let (name, shown) = (name.clone(), self.shown.clone());
        Self::of(project, context, &name, &bytes, beside, shown)
    }

    fn of(
        project: &arguments::Project,
        context: Box<dyn Context>,
        name: &str,
        bytes: &[u8],
        beside: Option<Vec<u8>>,
        shown: String,
    ) -> Result<Self, CliError> {
        let source = Source::decode(name, bytes).map_err(|problem| {
            let error = CliError::new(format!("{shown}: {problem}"));
            problem.help().into_iter().fold(error, CliError::help)
        })?;
        let source = Arc::new(source);
        let ignored = Ignored::of(name, beside, &*context).map_err(CliError::new)?;
        let args = project.build_args.iter().map(|text| build_arg(text));
        let mut build_args = args.collect::<Result<BTreeMap<_, _>, _>>()?;
        let check = build_args.remove(CheckOptions::ARG);
        Ok(Self { source, context, ignored, shown, folder: project.folder.clone(), build_args, check })
    }

    /// The path of a file in diagnostics, relative to the user's working directory.
    pub(super) fn shown(&self, source: &Source) -> String {
        if source.name == self.source.name {
            return self.shown.clone();
        }
        let path = self.folder.join(&source.name);
        path.strip_prefix(".").unwrap_or(&path).to_string_lossy().into_owned()
    }

    /// The rules in the build arg, which a build also follows.
    pub(super) fn check_options(&self) -> Result<Option<CheckOptions>, CliError> {
        let read = |text: &String| {
            CheckOptions::parse(text).map_err(|accepted| {
                let error = format!("build arg `{}` has the value `{text}`", CheckOptions::ARG);
                CliError::new(error).help(format!("accepted: {accepted}"))
            })
        };
        self.check.as_ref().map(read).transpose()
    }

    /// `SOURCE_DATE_EPOCH` in the build args, in seconds since 1970.
    fn epoch(&self) -> Option<i64> {
        self.build_args.get("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok())
    }

    /// The args of a build.
    fn arguments(&self, target: Option<&str>, platform: &Platform) -> Arguments {
        let given = self.build_args.clone();
        build_arguments(given, self.epoch(), target.unwrap_or("default"), platform, &native())
    }

    /// The build of `target`; `None` if the build file is not TOML. Problems are added to `found`. Questions
    /// that only an index can answer are recorded without an answer.
    pub(super) fn prepare(
        &self,
        target: Option<&str>,
        platform: &Platform,
        found: &mut Diagnostics,
    ) -> Result<Option<Prepared>, CliError> {
        let (spec, mut problems) = Spec::parse(&self.source, self.arguments(target, platform));
        let Some(spec) = spec else {
            found.extend(problems);
            return Ok(None);
        };
        for (name, suggestion) in spec.arguments.unused() {
            problems.report(&spec.source, spec.anywhere(), Problem::UnusedBuildArg { name, suggestion });
        }
        let files = Files { context: &*self.context, ignored: &self.ignored };
        let target = target.unwrap_or_default();
        let scope = Scope::of(&spec, target);
        let project =
            Project::detect(&spec, &scope, &files, &mut problems).map_err(|error| failed(&error))?;
        // As in a build, problems that the file skips do not stop here, such as a stale lock.
        let options = CheckOptions::of(&self.source, self.check_options()?.as_ref(), &mut problems);
        options.apply(&mut problems);
        let mut plan = Plan::new(&spec, &project, target, &BTreeMap::new(), &mut problems);
        let mut asked = BTreeMap::new();
        if spec.dependencies.installer == Installer::Wheels
            && !problems.has_errors()
            && plan.builder.is_some()
        {
            let mut wheels = BTreeMap::new();
            for groups in plan.group_sets() {
                let offline = Offline { epoch: self.epoch(), ..Offline::default() };
                let wanted = [groups.clone()].into();
                match wheel_sets(&spec, &project, &wanted, (platform, None), &offline, &mut problems) {
                    Ok(sets) => wheels.extend(sets),
                    Err(_) => {
                        wheels.insert(groups.clone(), open_set(&spec, &project));
                        asked.insert(groups, offline.asked.into_inner());
                    }
                }
            }
            plan = Plan::new(&spec, &project, target, &wheels, &mut problems);
        }
        found.extend(problems);
        Ok(Some(Prepared { spec, project, plan, asked }))
    }

    /// Finds the errors and warnings of a build of `target`, or of all stages without a target.
    pub(super) fn examine(
        &self,
        target: Option<&str>,
        platform: &Platform,
        options: &CheckOptions,
        found: &mut Diagnostics,
    ) -> Result<(), CliError> {
        let native = native();
        let (spec, problems) = Spec::parse(&self.source, self.arguments(target, platform));
        found.extend(problems);
        let Some(spec) = spec else { return Ok(()) };
        let files = Files { context: &*self.context, ignored: &self.ignored };
        let asked = Asked { target, platform, build_platform: &native, epoch: self.epoch(), named: &[] };
        examine(&spec, &files, asked, options, found).map_err(|error| failed(&error))
    }

    /// Like [`Opened::prepare`], for commands that need a whole plan: any error of the project is an error of
    /// the command.
    pub(super) fn plan(&self, target: Option<&str>, platform: &Platform) -> Result<Prepared, CliError> {
        let mut found = Diagnostics::default();
        let prepared = self.prepare(target, platform, &mut found)?;
        match prepared {
            Some(prepared) if !found.has_errors() => Ok(prepared),
            _ => Err(CliError::new(found.summary()).help("`pybuild check` shows the lines")),
        }
    }
}

/// `NAME=VALUE`. As in Docker, a name alone takes its value from the environment.
fn build_arg(text: &str) -> Result<(String, String), CliError> {
    if let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) {
        return Ok((name.to_owned(), value.to_owned()));
    }
    match std::env::var(text) {
        Ok(value) => Ok((text.to_owned(), value)),
        Err(_) => {
            Err(CliError::new(format!("build arg `{text}` has no value")).help("write it as `NAME=VALUE`"))
        }
    }
}

/// `pybuild.toml`, or a `pyproject.toml` with the table of pybuild.
fn default_file(folder: &Path) -> Result<PathBuf, CliError> {
    let file = folder.join(FILE);
    if file.exists() {
        return Ok(file);
    }
    let pyproject = folder.join(PYPROJECT);
    let text = read_beside(&pyproject).ok().flatten().unwrap_or_default();
    if String::from_utf8_lossy(&text).contains("[tool.pybuild") {
        return Ok(pyproject);
    }
    let error = CliError::new(format!("there is no {FILE} in `{}`", folder.display()));
    Err(error.help("`pybuild init` writes one").help("or name the build file: `-f FILE`"))
}

/// Reads the build file. As in an engine, a link cannot lead out of the build file's folder.
fn build_file(path: &Path) -> Result<Vec<u8>, CliError> {
    match read_beside(path)? {
        Some(bytes) => Ok(bytes),
        None if path.is_dir() => Err(CliError::new(format!("`{}` is a folder", path.display()))),
        None => {
            let what = if path.is_symlink() {
                "a link that leads out of its folder"
            } else {
                "there is no such file"
            };
            let error = CliError::new(format!("`{}` cannot be read: {what}", path.display()));
            Err(error.help("`pybuild init` writes a build file"))
        }
    }
}

/// The content of a file in its own folder; `None` if it does not exist.
fn read_beside(path: &Path) -> Result<Option<Vec<u8>>, CliError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let name = path.file_name().and_then(|name| name.to_str()).and_then(ContextPath::parse);
    let Some(name) = name else { return Ok(None) };
    let read = Folder::new(parent.unwrap_or(Path::new("."))).read(&name);
    read.map_err(|error| {
        let cured = CliError::new(format!("`{}` cannot be read: {}", path.display(), error.0));
        cured.help("put a regular file in its place, with the right to read it")
    })
}

/// The text of a file that the user names on the command line. It may be anywhere, and may be a pipe.
pub(super) fn named_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(std::io::Error::other(format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    Ok(text)
}

/// The text of a file below a folder; empty if it cannot be read.
pub(super) fn text_below(folder: &Path, name: &str) -> String {
    let path = ContextPath::parse(name);
    let bytes = path.and_then(|path| Folder::new(folder).read(&path).ok().flatten());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

/// The error for a context that cannot be read.
pub(super) fn failed(error: &ContextError) -> CliError {
    CliError::new(error.to_string())
}
