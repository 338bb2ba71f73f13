//! The steps of a stage: what is done, with everything that a step needs.

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
    /// What is done.
    pub action: Action,
    /// What in the file asks for it.
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Installs OS packages.
    Packages(Packages),
    /// Installs what groups add to an environment that is there.
    Install(Groups),
    /// Brings the environment of these groups into an image that has none.
    Environment(Groups),
    /// Builds the project and installs it into the environment of these groups.
    Project {
        /// The environment it is built for.
        groups: Groups,
        /// What of the context it is built from.
        files: AppFiles,
    },
    /// Installs the project so that the copied code is what runs.
    Editable {
        /// The app as it will be copied.
        files: AppFiles,
        /// The folders of its packages, below where it is copied to; `.` is that place itself.
        folders: Vec<String>,
    },
    /// Adds the image's user.
    Account(NewUser),
    /// Makes folders that belong to the image's user, or gives it those that are there.
    Own {
        /// The folders, sorted.
        folders: Vec<ImagePath>,
        /// Whose they are.
        owner: User,
    },
    /// Copies the app.
    App(AppFiles),
    /// Copies files from elsewhere.
    Copy(CopyPlan),
    /// Runs a command.
    Run(RunPlan),
}

/// OS packages and the program that installs them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packages {
    /// The program.
    pub manager: SystemManager,
    /// The packages, sorted.
    pub names: Vec<String>,
    /// Where packages are besides the distribution's own.
    pub repositories: Vec<Repository>,
    /// What tells one distribution's cache from another's.
    pub distribution: String,
    /// What in the file asks for them.
    pub span: Span,
}

/// Files of the context, copied with their folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppFiles {
    /// Paths and patterns; empty for all of the context.
    pub include: Vec<ContextPath>,
    /// Those of them that are links, or lie behind one: what they lead to is copied to their place.
    pub linked: Vec<ContextPath>,
    /// Patterns of what is left out.
    pub exclude: Vec<String>,
    /// The folder they are copied into.
    pub to: ImagePath,
    /// What stages and others bring to the project, below that folder.
    pub brought: Vec<Brought>,
}

/// A copy into the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The copy.
    pub copy: CopyPlan,
    /// What in the file asks for it.
    pub span: Span,
}

/// A copy between stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// Where from.
    pub from: CopySource,
    /// What; absolute in a stage or image, relative in the context.
    pub path: String,
    /// Where to, absolute. A trailing slash means "into this folder".
    pub to: String,
    /// Whose it will be.
    pub owner: Option<User>,
    /// Its permissions.
    pub mode: Option<u32>,
    /// Patterns of what is left out.
    pub exclude: Vec<String>,
}

/// What is copied from.
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
    /// A file at an address.
    Download(Archive),
    /// A repository at a commit.
    Git(GitCommit),
}

/// A command with all that it sees.
#[derive(Clone, Debug, PartialEq)]
pub struct RunPlan {
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// The command on one line.
    pub line: String,
    /// Files of the context copied just before.
    pub files: Option<AppFiles>,
    /// Folders kept between builds; their paths are absolute.
    pub cache: Vec<CacheMount>,
    /// Secrets.
    pub secrets: Vec<SecretMount>,
    /// SSH agents.
    pub ssh: Vec<String>,
    /// Environment besides the stage's own.
    pub env: BTreeMap<String, String>,
    /// The network it sees.
    pub network: NetworkMode,
    /// Where it runs.
    pub workdir: ImagePath,
    /// Whom it runs as; absent for root.
    pub user: Option<String>,
    /// What else it sees.
    pub mounts: Vec<MountPlan>,
    /// Devices that it sees.
    pub devices: Vec<String>,
    /// Whether it may do everything.
    pub insecure: bool,
    /// The numbers of that user and its group, as far as the file gives them: secrets and caches belong to them.
    pub owner: Option<(u32, u32)>,
}

/// A mount of a step that is no cache, secret or agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountPlan {
    /// An empty folder in memory.
    Memory {
        /// Where; absolute.
        path: String,
        /// The most bytes; absent for the engine's own limit.
        size: Option<u64>,
    },
    /// Files that are there, as a copy would take them.
    Files {
        /// What would be copied, and where it is mounted.
        files: Brought,
        /// Whether the step may write; what it writes is thrown away.
        writable: bool,
    },
}

impl MountPlan {
    /// What is mounted, where that is files.
    pub fn files(&self) -> Option<&Brought> {
        match self {
            Self::Files { files, .. } => Some(files),
            Self::Memory { .. } => None,
        }
    }
}

/// A check: a command that must succeed on the stage's environment, with the app's files beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckPlan {
    /// Its name.
    pub name: String,
    /// What in the file asks for it.
    pub span: Span,
    /// What is run.
    pub run: RunPlan,
    /// The app's files that it sees, mounted where the app is; absent where the stage's own files are all.
    pub app: Option<AppFiles>,
    /// What it leaves to be exported, below where it runs.
    pub reports: Vec<String>,
}

impl Action {
    /// The files of the project that the action takes.
    pub fn files(&self) -> Option<&AppFiles> {
        match self {
            Self::App(files) | Self::Project { files, .. } | Self::Editable { files, .. } => Some(files),
            Self::Run(run) => run.files.as_ref(),
            _ => None,
        }
    }
}
