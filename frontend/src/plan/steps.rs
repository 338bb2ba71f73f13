//! The steps of a stage, with all inputs that a step needs.

use std::collections::BTreeMap;

use super::{Groups, NewUser};
use crate::diagnostics::Span;
use crate::reference::ImageReference;
use crate::spec::{
    Archive, CacheMount, ContextPath, DockerfileTarget, GitCommit, ImagePath, NetworkMode, Repository,
    SecretMount, SystemManager, User,
};

/// One step of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The action of the step.
    pub action: Action,
    /// The place in the file that asks for the step.
    pub span: Span,
}

/// The action of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Installs OS packages.
    Packages(Packages),
    /// Installs the packages of groups into an existing environment.
    Install(Groups),
    /// Adds the environment of these groups to an image without an environment.
    Environment(Groups),
    /// Builds the project and installs it into the environment of these groups.
    Project {
        /// The environment for which the project is built.
        groups: Groups,
        /// The files of the context from which the project is built.
        files: AppFiles,
    },
    /// Makes an editable installation: programs run the copied code.
    Editable {
        /// The app as it will be copied.
        files: AppFiles,
        /// The folders of its packages, relative to the destination of the copy; `.` is the destination
        /// itself.
        folders: Vec<String>,
    },
    /// Adds the image's user.
    Account(NewUser),
    /// Makes folders for the image's user, or gives existing folders to this user.
    Own {
        /// The folders, sorted.
        folders: Vec<ImagePath>,
        /// The owner of the folders.
        owner: User,
    },
    /// Copies the app.
    App(AppFiles),
    /// Copies files from elsewhere.
    Copy(CopyPlan),
    /// Runs a command.
    Run(RunPlan),
}

/// OS packages and the package manager that installs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packages {
    /// The package manager.
    pub manager: SystemManager,
    /// The packages, sorted.
    pub names: Vec<String>,
    /// Package repositories in addition to the distribution's own.
    pub repositories: Vec<Repository>,
    /// The distribution, which keeps caches of different distributions separate.
    pub distribution: String,
    /// The place in the file that asks for the packages.
    pub span: Span,
}

/// Files of the context, copied with their folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFiles {
    /// Paths and patterns. Empty for the whole context.
    pub include: Vec<ContextPath>,
    /// The paths that are links, or contain a link. The target of the link is copied to the path.
    pub linked: Vec<ContextPath>,
    /// Patterns of files that are left out.
    pub exclude: Vec<String>,
    /// The destination folder.
    pub to: ImagePath,
    /// Files that are copied into the project from elsewhere, below the destination folder.
    pub brought: Vec<Brought>,
}

/// A copy into the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The copy.
    pub copy: CopyPlan,
    /// The place in the file that asks for the copy.
    pub span: Span,
}

/// A copy between stages, or from another source into a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// The source.
    pub from: CopySource,
    /// The source path: absolute in a stage or image, relative in the context.
    pub path: String,
    /// The destination path, absolute. A slash at the end means "into this folder".
    pub to: String,
    /// The owner of the copied files.
    pub owner: Option<User>,
    /// The mode of the copied files.
    pub mode: Option<u32>,
    /// Patterns of files that are left out.
    pub exclude: Vec<String>,
}

/// The source of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopySource {
    /// The build context.
    Context,
    /// Another stage.
    Stage(String),
    /// The builder.
    Builder,
    /// A target of a Dockerfile.
    Dockerfile(DockerfileTarget),
    /// An image.
    Image(ImageReference),
    /// A file at a URL.
    Download(Archive),
    /// A commit of a repository.
    Git(GitCommit),
}

/// A command with everything that it can access.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPlan {
    /// The program and its arguments.
    pub arguments: Vec<String>,
    /// The command on one line.
    pub line: String,
    /// Files of the context that are copied before the command runs.
    pub files: Option<AppFiles>,
    /// Cache folders, with absolute paths.
    pub cache: Vec<CacheMount>,
    /// Secrets.
    pub secrets: Vec<SecretMount>,
    /// The ids of SSH agents.
    pub ssh: Vec<String>,
    /// Environment variables in addition to those of the stage.
    pub env: BTreeMap<String, String>,
    /// The network of the command.
    pub network: NetworkMode,
    /// The working directory.
    pub workdir: ImagePath,
    /// The user; `None` for root.
    pub user: Option<String>,
    /// Other mounts.
    pub mounts: Vec<MountPlan>,
    /// Devices.
    pub devices: Vec<String>,
    /// Whether the command has all rights.
    pub insecure: bool,
    /// The numbers of the user and its group, if the file gives them. Secrets and caches belong to them.
    pub owner: Option<(u32, u32)>,
}

/// A mount other than a cache, a secret or an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountPlan {
    /// An empty folder in memory.
    Memory {
        /// The absolute path of the mount.
        path: String,
        /// The maximum size in bytes; `None` for the engine's own limit.
        size: Option<u64>,
    },
    /// Files, selected as for a copy.
    Files {
        /// The files, and the path of the mount.
        files: Brought,
        /// Whether the step may write. Its changes are dropped.
        writable: bool,
    },
}

impl MountPlan {
    /// The mounted files; `None` for a folder in memory.
    pub fn files(&self) -> Option<&Brought> {
        match self {
            Self::Files { files, .. } => Some(files),
            Self::Memory { .. } => None,
        }
    }
}

/// A check: a command that must succeed in the stage's environment, with the app's files as a mount.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckPlan {
    /// The name of the check.
    pub name: String,
    /// The place of the check in the file.
    pub span: Span,
    /// The command.
    pub run: RunPlan,
    /// The app's files, mounted at the path of the app. `None` if the check sees only the stage's own files.
    pub app: Option<AppFiles>,
    /// The paths of its reports, relative to the working directory.
    pub reports: Vec<String>,
}

impl Action {
    /// The files of the project that the action uses.
    pub fn files(&self) -> Option<&AppFiles> {
        match self {
            Self::App(files) | Self::Project { files, .. } | Self::Editable { files, .. } => Some(files),
            Self::Run(run) => run.files.as_ref(),
            _ => None,
        }
    }
}
