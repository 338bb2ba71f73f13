//! Every problem a user can cause, with its text: the one place in the crate where users are spoken to.
//!
//! The message is one line, lower case, names and values in backticks. [`Problem::help`] lists actions in the
//! order in which to try them. A new problem does not compile until it has both. What lint rules find is worded in the
//! file of the rule ([`crate::lint`]).

use super::Severity;
use super::words::{
    around, did_you_mean, host, ignored, instead_of, list, more, not_found, nothing_there, shortened,
};
use crate::address::{lines, redacted};

/// What is wrong. The place is in the [`Diagnostic`](super::Diagnostic) around it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's message says what it is for")]
pub enum Problem {
    // The file as TOML.
    #[error("invalid TOML: {message}")]
    Syntax { message: String, is_dockerfile: bool },
    #[error("the file is not UTF-8 text (byte {offset})")]
    NotUtf8 { offset: usize },
    #[error("the build file is larger than {limit} MiB")]
    TooLarge { limit: usize },

    // Keys and types.
    #[error("unknown key `{key}` in {table}{}", did_you_mean(suggestion))]
    UnknownKey { key: String, table: String, suggestion: Option<String>, known: Vec<&'static str> },
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType { key: String, expected: &'static str, found: &'static str, help: Option<String> },
    #[error("`{key}` is required in {table}")]
    MissingKey { key: &'static str, table: String },
    #[error("`{key}` is empty")]
    Empty { key: String },
    #[error("`{key}` has {what} in it")]
    Invisible { key: String, what: &'static str },
    #[error("`{first}` and `{second}` cannot be used together")]
    Conflict { first: &'static str, second: &'static str },

    // Values.
    #[error("`{value}` is not a duration")]
    BadDuration { value: String },
    #[error("`{value}` is not an age of files")]
    BadAge { value: String },
    #[error("`{value}` is not a port")]
    BadPort { value: String },
    #[error("`{value}` is not a user: {reason}")]
    BadUser { value: String, reason: &'static str },
    #[error("`{value}` is not a signal")]
    BadSignal { value: String },
    #[error("{reason}")]
    BadImage { value: String, reason: String },
    #[error("`{value}` is not a valid {what}: {reason}")]
    BadName { what: &'static str, value: String, reason: &'static str },
    #[error("{error}")]
    BadPlatform { error: buildkit_llb::PlatformError },
    #[error("`{value}` must be one of {}", list(allowed))]
    BadChoice { value: String, allowed: Vec<&'static str>, suggestion: Option<String> },
    #[error("`{value}` is not a number between {min} and {max}")]
    BadNumber { value: String, min: i64, max: i64 },
    #[error("`{value}` must be an absolute path in the image")]
    NotAbsolute { value: String },
    #[error("`{value}` leaves the build context")]
    PathLeavesContext { value: String },
    #[error("`{value}` leaves the image's root")]
    PathLeavesImage { value: String },

    // What is larger than what is read.
    #[error("this build file has more than {most} {what}")]
    TooMany { what: &'static str, most: usize },
    #[error("the build args make the values of this file more than {limit} bytes longer")]
    ExpandedTooFar { limit: usize },
    #[error("with stage `{stage}`, the stages of this build come to more than {limit} MiB")]
    BuildTooLarge { stage: String, limit: usize },
    #[error("groups and extras that include one another make more than {most} requirements")]
    GroupsTooLarge { most: usize },
    #[error("and {count} more {}", more(*severity, *rule))]
    LeftOut { count: usize, severity: Severity, rule: Option<&'static str> },

    // Names that refer to something.
    #[error("unknown build arg `{name}`{}", did_you_mean(suggestion))]
    UnknownArg { name: String, suggestion: Option<String> },
    #[error("a user name or password does not belong into the build file")]
    CredentialsInFile,
    #[error("`${{` is not closed")]
    UnclosedArg,
    #[error("unknown stage `{name}`{}", did_you_mean(suggestion))]
    UnknownStage { name: String, suggestion: Option<String>, known: Vec<String> },
    #[error("unknown target `{name}`{}", did_you_mean(suggestion))]
    UnknownTarget { name: String, suggestion: Option<String>, known: Vec<String> },
    #[error("stages depend on one another in a circle: {}", around(cycle))]
    StageCycle { cycle: Vec<String> },
    #[error("unknown dependency group `{name}`{}", did_you_mean(suggestion))]
    UnknownGroup { name: String, suggestion: Option<String>, known: Vec<String> },
    #[error("dependency groups include one another in a circle: {}", around(cycle))]
    GroupCycle { cycle: Vec<String> },
    #[error("stage `{name}` has no checks to require")]
    RequiresWithoutChecks { name: String },
    #[error("stage `{stage}` is made from nothing: it has no package manager for `packages`")]
    PackagesOnScratch { stage: String },
    #[error("`scratch` is empty: nothing can be copied from it")]
    CopyFromScratch,
    #[error("`builder` is built in and cannot be changed as a stage")]
    ReservedStage,
    #[error(
        "`{key}` has no effect here: stage `{stage}` is made from `{from}`, which has no Python environment of this project"
    )]
    NotAPythonStage { key: &'static str, stage: String, from: String },

    // Files of the context.
    #[error("`{path}` is not in the build context{}", did_you_mean(suggestion))]
    MissingFile { path: String, suggestion: Option<String> },
    #[error("`{path}` is hidden by `{rule}` in {}", ignore_file.as_deref().unwrap_or("the rules built into pybuild"))]
    IgnoredFile { path: String, rule: String, ignore_file: Option<String> },
    #[error("`{path}` is a folder, a file is needed")]
    NotAFile { path: String },
    #[error("{message}")]
    Unfit { message: String },
    #[error("`{path}` is not UTF-8 text")]
    FileNotUtf8 { path: String },
    #[error("`{line}` is not a requirement")]
    BadRequirement { line: String },
    #[error("`{line}` names a folder of the project, which is not an input of this step")]
    LocalRequirement { line: String },
    #[error("`{line}` is in {path}, which has a user name or password: these would be kept with the build")]
    BesideCredentials { line: String, path: String },
    #[error("`{url}` is read only during a build: nothing here has looked at it")]
    RemoteRequirements { url: String },
    #[error("`{option}` has no effect here")]
    IgnoredOption { option: &'static str },
    #[error("nothing can be installed from `{path}`: it is no {}", if *is_folder { "folder with a pyproject.toml or a setup.py" } else { "wheel and no source archive" })]
    NotInstallable { path: String, is_folder: bool },
    #[error("`{line}` asks for hashes, but these requirements cannot be held to hashes")]
    HashNotChecked { line: String },
    #[error("`{path}` is used by a requirement but lies outside of the build context")]
    RequirementLeavesContext { path: String },

    // Python and the project.
    #[error("`{value}` is not a version of Python 3")]
    BadPythonVersion { value: String },
    #[error("Python {version} has no image `{image}`")]
    NoPythonImage { version: String, image: String, known: Vec<String> },
    #[error("Python {version}, the free-threaded build, has no official image")]
    NoFreeThreadedImage { version: String },
    #[error("no released Python fits `{specifier}` and the project's `requires-python`")]
    NoPythonFitsBoth { specifier: String },
    #[error("there is no image `{image}`")]
    NoImage { image: String },
    #[error("no released Python fits `requires-python = \"{specifier}\"`")]
    NoPythonFits { specifier: String },
    #[error("`{value}` is not a version specifier")]
    BadSpecifier { value: String },
    #[error("Python {version} does not satisfy the project's `requires-python = \"{specifier}\"`")]
    RequiresPython { version: String, specifier: String },
    #[error("the project's dependencies are dynamic and cannot be read from pyproject.toml")]
    DynamicDependencies,
    #[error("`{name}` cannot be written as a requirement of the standard (PEP 508)")]
    PoetryDependency { name: String },
    #[error("`{lock}` is not read: dependencies are installed as {instead} asks for them")]
    LockNotRead { lock: String, instead: String },
    #[error("{message}")]
    Lock { message: String, help: Vec<String> },
    #[error("`{path}` is no lock that is read here")]
    UnknownLock { path: String },
    #[error("{lock} is older than {manifest}: {reason}")]
    StaleLock { lock: String, manifest: String, reason: String, command: String },
    #[error("`{package}` would be installed twice: {there}, and {new}")]
    TwoVersions { package: String, there: String, new: String },
    #[error("`{stage}` goes on from an environment with {there}, but its groups need {new}")]
    OtherBelow { stage: String, there: String, new: String },
    #[error("`{file}` has only {algorithms} in the lock, which does not prove what is in the file")]
    WeakHash { file: String, algorithms: String },
    #[error("`{package}` is locked with `{file}`, which is a file of another package or version")]
    OtherFile { package: String, file: String },
    #[error("`{package}` was not fetched: `{file}` from {server}{}: {message}", if *is_other { " is not the locked file" } else { "" })]
    NotFetched { package: String, file: String, server: String, message: String, is_other: bool },
    #[error("no index has a file of `{package}` with a hash of the lock")]
    NotOnIndex { package: String },
    #[error("`{package}` has to be built, and `{key}` is not followed")]
    BuildNotFollowed { key: String, package: String },
    #[error("`{package}` is locked from `{index}`, an address that the settings of its tool complete")]
    UnknownIndex { package: String, index: String },
    #[error("nothing says what `{file}` of `{package}` must contain: the lock has no SHA-256 of it")]
    Unverified { package: String, file: String, name: String },
    #[error("`{file}` of `{package}` is installed as it comes: nothing says what it must contain")]
    UnverifiedAllowed { package: String, file: String, is_plain: bool },
    #[error("the address of `{package}` has a user name or password: it belongs in a build secret")]
    CredentialsInAddress { package: String, address: String, is_git: bool },
    #[error("`{package}` was uploaded on {uploaded}, {age} ago; `cooldown` asks for {cooldown}")]
    TooYoung { package: String, uploaded: String, age: String, cooldown: String, until: String },
    #[error("{from} does not say when every file was uploaded: `cooldown` does not hold for those files")]
    UploadTimeUnknown { from: String },
    #[error("`{key}` decides what is installed, and only a lock of {tool} keeps what it says")]
    NotFollowed { key: String, tool: &'static str, command: &'static str },
    #[error("the version of Python cannot be told from the base image's name")]
    PythonVersionNeeded,
    #[error("{what} are not locked: the next build may install other versions")]
    NotLocked { what: String },
    #[error("no dependencies found: {}", not_found(unread))]
    NoDependencies { unread: Option<String> },
    #[error("the project names no build backend, so it cannot be built as a package")]
    NotAPackage,
    #[error("`{value}` is not a version of a Python package")]
    BadVersion { value: String },
    #[error("the project has the version {fixed}: pyproject.toml says so")]
    FixedVersion { fixed: String },

    // What the build was not given, or does not have where it is looked for.
    #[error("the secret `{id}` was not passed to this build")]
    SecretNotPassed { id: String, can_be_optional: bool },
    #[error("no SSH agent `{id}` was passed to this build")]
    AgentNotPassed { id: String },
    #[error("a step has the network of the host, which this build does not allow")]
    HostNetworkNotAllowed,
    #[error("{} {from}{}", nothing_there(path), did_you_mean(suggestion))]
    NothingToCopy { path: String, from: String, suggestion: Option<String>, help: Vec<String> },

    // Options of the build.
    #[error("build arg `{name}` is not declared in [args] and has no effect{}", did_you_mean(suggestion))]
    UnusedBuildArg { name: String, suggestion: Option<String> },

    // Lint.
    #[error("{message}")]
    Lint { rule: &'static str, message: String, help: Vec<String> },
    #[error("`{value}` does not say how to check")]
    BadCheckOptions { value: String },
    #[error("there is no rule `{name}` to skip{}", did_you_mean(suggestion))]
    UnknownRule { name: String, suggestion: Option<String> },
}

impl Problem {
    /// Error or warning.
    pub fn severity(&self) -> Severity {
        match self {
            Self::LeftOut { severity, .. } => *severity,
            Self::LockNotRead { .. }
            | Self::NotLocked { .. }
            | Self::NoDependencies { .. }
            | Self::UnusedBuildArg { .. }
            | Self::UnverifiedAllowed { .. }
            | Self::UploadTimeUnknown { .. }
            | Self::RemoteRequirements { .. }
            | Self::IgnoredOption { .. }
            | Self::CredentialsInAddress { .. }
            | Self::Lint { .. }
            | Self::UnknownRule { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The id of the lint rule that it breaks. Every warning has one; `docs/rules` has a page for each.
    pub fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Lint { rule, .. } => Some(rule),
            Self::LeftOut { rule, .. } => *rule,
            Self::NotLocked { .. } => Some("UnlockedDependencies"),
            Self::LockNotRead { .. } => Some("LockNotRead"),
            Self::NoDependencies { .. } => Some("NoDependencies"),
            Self::UnusedBuildArg { .. } => Some("UndeclaredBuildArg"),
            Self::UnknownRule { .. } => Some("UnknownRule"),
            Self::StaleLock { .. } => Some("StaleLock"),
            Self::UnverifiedAllowed { .. } => Some("UnverifiedFile"),
            Self::CredentialsInAddress { .. } => Some("CredentialsInAddress"),
            Self::RequiresPython { .. } => Some("RequiresPython"),
            Self::UploadTimeUnknown { .. } => Some("UploadTimeUnknown"),
            Self::RemoteRequirements { .. } => Some("RemoteRequirements"),
            Self::IgnoredOption { .. } => Some("IgnoredOption"),
            _ => None,
        }
    }

    /// Whether a build can go on in spite of this error, where the user says so by its rule's name.
    pub fn can_be_skipped(&self) -> bool {
        matches!(self, Self::StaleLock { .. })
    }

    /// What is wrong and what to do about it, as users read it.
    pub fn with_help(&self) -> String {
        self.help().into_iter().fold(self.message(), |text, help| text + "\n  help: " + &help)
    }

    /// What is wrong. A value or a name of any length leaves the message readable.
    pub fn message(&self) -> String {
        shortened(lines(&redacted(&self.to_string())))
    }

    /// What to do about it, in the order in which to try. May be empty.
    pub fn help(&self) -> Vec<String> {
        self.cures().into_iter().map(|cure| shortened(lines(&redacted(&cure)))).collect()
    }

    #[expect(clippy::too_many_lines, reason = "a table of texts")]
    fn cures(&self) -> Vec<String> {
        match self {
            Self::Syntax { is_dockerfile: true, .. } => {
                vec!["this reads like a Dockerfile: `pybuild init --from FILE` writes a build file for it".into()]
            }
            Self::WrongType { help: Some(help), .. } => vec![help.clone()],
            Self::UnknownKey { key, table, .. } if key == "tool" && table == "this file" => {
                vec!["tables below `tool.pybuild` are for a pyproject.toml: here they stand by themselves".into()]
            }
            Self::UnknownKey { suggestion: None, known, .. } if !known.is_empty() => {
                vec![format!("the keys here are {}", list(known))]
            }
            Self::UnknownStage { suggestion: None, known, .. } => {
                vec![format!("the stages of this file are {}", list(known))]
            }
            Self::UnknownTarget { suggestion: None, known, .. } => {
                vec![format!("the targets of this file are {}", list(known))]
            }
            Self::UnknownGroup { suggestion: None, known, .. } if known.is_empty() => vec![
                "declare it: `[dependencies.groups]` with a requirements file, or `[dependency-groups]` in pyproject.toml".into(),
            ],
            Self::UnknownGroup { suggestion: None, known, .. } => {
                vec![format!("the groups of this project are {}", list(known))]
            }
            Self::UnknownArg { suggestion: None, name } => {
                vec![
                    format!("declare it: `[args]` with `{name} = \"…\"`"),
                    format!("or write `$${{{name}}}` for the text itself: variables of an image cannot be referred to"),
                ]
            }
            Self::CredentialsInFile => vec![
                "pass them as a build secret: `netrc = \"ID\"` in [dependencies.index] and `--secret id=ID,src=$HOME/.netrc`"
                    .into(),
            ],
            Self::UnclosedArg => vec!["write `${NAME}`, or `$$` for a plain dollar sign".into()],
            Self::TooMany { .. } => vec!["divide it: a build file for each image".into()],
            Self::ExpandedTooFar { .. } => {
                vec!["pass long values by a file that is copied, not by a build arg in many places".into()]
            }
            Self::BuildTooLarge { .. } => vec![
                "put several commands into one step, and what many stages repeat into a stage that they start from"
                    .into(),
            ],
            Self::NotUtf8 { .. } => vec!["save it as UTF-8".into()],
            Self::TooLarge { .. } => vec!["is it the file that was meant? `-f` names another".into()],
            Self::BadPlatform { .. } => vec!["write a platform as `linux/amd64` or `linux/arm64`".into()],
            Self::BadDuration { .. } => vec!["write a number and a unit, as `30s`, `1m30s` or `500ms`".into()],
            Self::BadAge { .. } => vec!["write a number and a unit, as `7d`, `36h` or `2w`".into()],
            Self::TooYoung { package, until, .. } => {
                let name = package.split(' ').next().unwrap_or(package);
                vec![
                    "lock an older version; uv: `uv lock --exclude-newer \"7 days\"`".into(),
                    format!("or build on {until} or later"),
                    format!(
                        "or make an exception: `[dependencies]` with `cooldown = {{ age = \"…\", except = [\"{name}\"] }}`"
                    ),
                ]
            }
            Self::NotFollowed { command, .. } => vec![
                format!("commit a lock: `{command}`"),
                "or take the setting out, and name requirements files that say it all".into(),
            ],
            Self::UploadTimeUnknown { .. } => vec![
                "lock with a tool that keeps the time of the upload (`uv lock`, `uv export --format pylock.toml`)".into(),
                "or use an index that tells the time (PEP 700)".into(),
            ],
            Self::BadPort { .. } => {
                vec!["write a number from 1 to 65535, or a string as `\"53/udp\"` or `\"8000-8010\"`".into()]
            }
            Self::BadUser { .. } => {
                vec!["write a name as `\"app\"`, or numbers as `\"1000\"` or `\"1000:1000\"`".into()]
            }
            Self::BadSignal { .. } => vec!["write a name as `SIGTERM` or a number as `15`".into()],
            Self::NotAbsolute { value } => vec![format!("write `/{}`", value.trim_start_matches("./"))],
            Self::PathLeavesContext { .. } => vec![
                "paths are relative to the build context, the last argument of `docker buildx build`".into(),
            ],
            Self::RequiresWithoutChecks { name } => {
                vec![format!("give it one: `checks.NAME = \"…\"` in [stage.{name}]")]
            }
            Self::ReservedStage => vec![
                "set its system packages in `[system]` and its dependencies in `[dependencies]`".into(),
                "give a stage of your own another name, with `from = \"builder\"`".into(),
            ],
            Self::NotAPythonStage { .. } => vec![
                "leave `from` out to get the project's Python, dependencies and app".into(),
                "or write `from = \"dev\"` (or another Python stage) to go on from it".into(),
            ],
            Self::MissingFile { suggestion: None, .. } => {
                vec!["create it, or correct the path: it is relative to the build context".into()]
            }
            Self::IgnoredFile { rule, ignore_file: Some(file), path } => {
                vec![format!("remove `{rule}` from {file}, or add `!{path}` after it")]
            }
            Self::IgnoredFile { ignore_file: None, .. } => vec![
                "write a .dockerignore without such a rule: the built-in ones then do not hold".into(),
            ],
            Self::Unfit { .. } => vec!["put a regular file in its place, or a link to one inside of the context".into()],
            Self::BadRequirement { .. } => {
                vec!["write a requirement as `name==1.2.3`, or an option as `-r other.txt`".into()]
            }
            Self::LocalRequirement { .. } => vec![
                "for the project itself: make it a package, by a `[build-system]` and a `[project]` table in pyproject.toml, or remove the line".into(),
            ],
            Self::RemoteRequirements { .. } => vec![
                "to have its contents checked and every build the same, save the file beside this one and name that: `curl -o constraints.txt ADDRESS`".into(),
            ],
            Self::IgnoredOption { option } => ignored(option),
            Self::NotInstallable { is_folder: true, .. } => {
                vec!["name the folder that has the project's pyproject.toml".into()]
            }
            Self::HashNotChecked { .. } => vec![
                "give every requirement a version and hashes, and leave out the lines that name the project itself: all of it is then a lock".into(),
                "or take the hashes out".into(),
            ],
            Self::BesideCredentials { .. } => vec![
                "take it out of the address: `netrc = \"ID\"` in [dependencies.index] and `--secret id=ID,src=$HOME/.netrc`".into(),
                "or remove the line, and list what the project depends on".into(),
            ],
            Self::BadPythonVersion { .. } => {
                vec!["write a version as `3.13`, `3.13.1` or, for the free-threaded build, `3.14t`".into()]
            }
            Self::NoFreeThreadedImage { .. } => {
                vec!["name an image that has it: `[python]` with `base = \"…\"`".into()]
            }
            Self::NoPythonImage { known, .. } => vec![
                format!("name one that there is: {} get fixes", list(known)),
                "or name an image that has it: `[python]` with `base`".into(),
            ],
            Self::NoImage { .. } => vec!["correct the name or the tag, or push it: `docker pull` tells whether it is there".into()],
            Self::RequiresPython { .. } => {
                vec!["change `[python] version`, or the project's `requires-python`".into()]
            }
            Self::NoPythonFits { .. } => vec!["name the version: `[python]` with `version = \"3.x\"`".into()],
            Self::DynamicDependencies => vec![
                "list the requirements files: `[dependencies]` with `requirements = [\"…\"]`".into(),
            ],
            Self::PoetryDependency { .. } => vec!["commit a poetry.lock: `poetry lock`".into()],
            Self::Lock { help, .. } | Self::Lint { help, .. } | Self::NothingToCopy { help, .. } => help.clone(),
            Self::SecretNotPassed { id, can_be_optional } => {
                let mut help = vec![format!("pass it: `--secret id={id},src=FILE` or `--secret id={id},env=VARIABLE`")];
                if *can_be_optional {
                    help.push(format!(
                        "or let the step do without: `secrets = [{{ id = \"{id}\", required = false }}]`"
                    ));
                }
                help
            }
            Self::AgentNotPassed { id } => vec![format!("pass it: `--ssh {id}`, with an agent that runs")],
            Self::HostNetworkNotAllowed => vec!["allow it: `--allow network.host`".into()],
            Self::UnknownLock { .. } => vec![
                "locks are uv.lock, pylock.toml, poetry.lock, pdm.lock, Pipfile.lock, conda-lock.yml, pixi.lock, and requirements files with hashes"
                    .into(),
            ],
            Self::StaleLock { command, .. } => vec![
                format!("lock again: `{command}`"),
                "or install what it has all the same: `# check=skip=StaleLock` below the syntax line".into(),
            ],
            Self::TwoVersions { .. } => vec![
                "lock both together, or hold one file to the other with `-c` when it is compiled".into(),
            ],
            Self::OtherBelow { .. } => vec![
                "start the stage without `from`: its environment is then chosen as one".into(),
            ],
            Self::WeakHash { .. } => vec![
                "lock again, with a tool and an index that have SHA-256: later ones do".into(),
            ],
            Self::OtherFile { .. } => vec![
                "lock again, and look who changed the lock: the tools do not write such an entry".into(),
            ],
            Self::BuildNotFollowed { .. } => vec![
                "lock a version that has a wheel for this platform, or build the wheel elsewhere and lock the wheel".into(),
                "or take the setting out: a build here has what its `[build-system]` asks for".into(),
            ],
            Self::UnknownIndex { .. } => vec![
                "write the whole address: `[dependencies.index]` with `extra = [\"https://packages.example/simple\"]`"
                    .into(),
                "user name and password: `netrc` and `auth` there name build secrets".into(),
            ],
            Self::NotFetched { is_other: true, .. } => vec![
                "the server may have answered with a page that says why, as 404, 403 or 500: open the address in the lock".into(),
                "if the server has another file than was locked, ask who runs it before you lock again".into(),
            ],
            Self::NotFetched { .. } => vec!["build again; if that changes nothing, ask who runs the server".into()],
            Self::NotOnIndex { .. } => vec!["lock again, or give the index that has it".into()],
            Self::Unverified { name, .. } => vec![
                "lock again, with an index and a tool that tell the SHA-256 of each file".into(),
                format!("or install it as it comes: `allow-unverified = [\"{name}\"]` in [dependencies]"),
            ],
            Self::UnverifiedAllowed { is_plain, .. } => {
                let who = if *is_plain { "whoever is between you and the server" } else { "the server" };
                vec![format!("{who} decides what is installed: lock it with a SHA-256 as soon as there is one")]
            }
            Self::CredentialsInAddress { address, is_git: true, .. } => vec![
                format!("take it out of the address, and pass it as a build secret: `--secret id=GIT_AUTH_TOKEN.{}`", host(address)),
                "no operation and no message of this build has it, but the file does: whoever reads that has it".into(),
            ],
            Self::CredentialsInAddress { address, is_git: false, .. } => vec![
                format!(
                    "take it out of the address, and pass it as a build secret: `--secret id=HTTP_AUTH_HEADER_{}`, or `auth` in [dependencies.index]",
                    host(address)
                ),
                "for pip and uv, pass a file as .netrc: `netrc = \"ID\"` in [dependencies.index] and `--secret id=ID,src=$HOME/.netrc`".into(),
                "no operation and no message of this build has it, but the file does: whoever reads that has it".into(),
            ],
            Self::PythonVersionNeeded => vec!["name it: `[python]` with `version = \"3.13\"`".into()],
            Self::NotLocked { .. } => vec![
                "commit a lock: `uv lock`, `poetry lock`, or `uv pip compile --generate-hashes -o requirements.txt`".into(),
            ],
            Self::LockNotRead { .. } => {
                vec!["export it to a requirements file to install exactly what it locks".into()]
            }
            Self::NoDependencies { unread } => {
                let mut help = unread.as_deref().map_or_else(Vec::new, |file| vec![instead_of(file)]);
                help.push("if the app needs none, say so: `[dependencies]` with `requirements = []`".into());
                help
            }
            Self::BadCheckOptions { .. } => {
                vec!["write `skip=RULE,RULE` or `skip=all`, and `error=true`, with `;` between".into()]
            }
            Self::UnknownRule { suggestion: None, .. } => vec!["the rules are listed in docs/rules".into()],
            Self::NotAPackage => vec![
                "add a `[build-system]` table to pyproject.toml".into(),
                "or copy the code as it is: `[app]` with `package = false`".into(),
            ],
            Self::BadVersion { .. } => vec![
                "write it as `1.2.3`, or as `1.2.3.dev4+g0123abc` for a commit after a tag (PEP 440)".into(),
            ],
            Self::FixedVersion { .. } => {
                vec!["leave `version` out here: it is for projects whose version comes from git".into()]
            }
            _ => Vec::new(),
        }
    }
}
