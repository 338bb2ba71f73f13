//! All problems that a user can cause, with their messages. The other modules have no messages for users,
//! except the lint rules ([`crate::lint`]), whose files have the messages of their findings.
//!
//! A message is a single line in lower case, with names and values in backticks. [`Problem::help`] lists
//! actions in the order in which to try them. A new problem compiles only with both texts.

use super::Severity;
use super::words::{around, did_you_mean, list, more, not_found, nothing_there, shortened, status_name};
use crate::address::{lines, redacted};

/// A problem. Its place is in the [`Diagnostic`](super::Diagnostic).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's message says what it is for")]
pub enum Problem {
    // TOML syntax.
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
    #[error("{message}")]
    BadAddress { message: String },
    #[error("the download `{address}` has no `checksum`")]
    NoChecksum { address: String },
    #[error("the repository `{address}` has no full commit behind it")]
    NoCommit { address: String },
    #[error("`{key}` is for a file at an address")]
    OnlyForDownloads { key: &'static str },
    #[error("a download is one file: it has no `path`")]
    PathOfDownload,
    #[error("repositories are for apt, and the packages here are installed by {manager}")]
    RepositoriesNeedApt { manager: &'static str },
    #[error("`{value}` must be an absolute path in the image")]
    NotAbsolute { value: String },
    #[error("`{value}` leaves the build context")]
    PathLeavesContext { value: String },
    #[error("`{value}` leaves the image's root")]
    PathLeavesImage { value: String },

    // Limits.
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

    // Names of other things.
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

    #[error("the base image has no Python {version} that an environment can be made of")]
    BaseWithoutPython { version: String },
    #[error("`PATH` has no `/venv/bin`: the programs of this project's environment would not be found")]
    PathWithoutEnvironment,

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
    #[error(
        "poetry installs this project, and a build copies its files: pyproject.toml has no `[build-system]`"
    )]
    NoBuildSystem,
    #[error("`{value}` is no version of Python, and is passed over")]
    IgnoredPythonVersion { value: String },
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
    RequiresPython { version: String, specifier: String, said: String },
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
    #[error("`{package}` was not fetched: `{file}` from {server}: {message}")]
    NotFetched { package: String, file: String, server: String, message: String, tries: u32 },
    #[error("`{package}` was not fetched: {server} answers {} for `{file}`", status_name(*status))]
    NotServed { package: String, file: String, server: String, status: u16, tries: u32, is_passing: bool },
    #[error("`{package}` was not fetched: `{file}` from {server} is not the locked file: {message}")]
    OtherServed { package: String, file: String, server: String, message: String },
    #[error("no index has a file of `{package}` with a hash of the lock")]
    NotOnIndex { package: String },
    #[error(
        "the index says that the locked files of `{package}` are for Python {requires}, which is not the image's"
    )]
    ForOtherPython { package: String, requires: String },
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
    NotLocked { what: String, command: String },
    #[error("no dependencies found: {}", not_found(unread))]
    NoDependencies { unread: Option<String> },
    #[error("the project names no build backend, so it cannot be built as a package")]
    NotAPackage,
    #[error("`{value}` is not a version of a Python package")]
    BadVersion { value: String },
    #[error("the project has the version {fixed}: pyproject.toml says so")]
    FixedVersion { fixed: String },

    // Things that the build did not get or cannot find.
    #[error("the secret `{id}` was not passed to this build")]
    SecretNotPassed { id: String, can_be_optional: bool },
    #[error("no SSH agent `{id}` was passed to this build")]
    AgentNotPassed { id: String },
    #[error("the build is not allowed to run a step without a sandbox (`security = \"insecure\"`)")]
    InsecureNotAllowed,
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
    /// Whether the problem is an error or a warning.
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
            | Self::IgnoredPythonVersion { .. }
            | Self::NoBuildSystem
            | Self::CredentialsInAddress { .. }
            | Self::Lint { .. }
            | Self::UnknownRule { .. } => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The id of the lint rule that the problem breaks. Every warning has a rule. `docs/rules` has a page for
    /// each rule.
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
            Self::IgnoredPythonVersion { .. } => Some("IgnoredPythonVersion"),
            Self::NoBuildSystem => Some("NoBuildSystem"),
            _ => None,
        }
    }

    /// Whether a user can skip this error by the name of its rule, so that the build continues.
    pub fn can_be_skipped(&self) -> bool {
        matches!(self, Self::StaleLock { .. })
    }

    /// The message and the help texts, for users.
    pub fn with_help(&self) -> String {
        self.help().into_iter().fold(self.message(), |text, help| text + "\n  help: " + &help)
    }

    /// The message. Long values and names are shortened.
    pub fn message(&self) -> String {
        shortened(lines(&redacted(&self.to_string())).into_owned())
    }

    /// The help texts, in the order in which to try them. The list may be empty.
    pub fn help(&self) -> Vec<String> {
        self.cures().into_iter().map(|cure| shortened(lines(&redacted(&cure)).into_owned())).collect()
    }
}
