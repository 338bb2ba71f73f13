//! What the command line takes, and the help that it gives.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Native images of Python projects: see, check and start without an engine
///
/// pybuild builds images as a BuildKit frontend, from a `pybuild.toml` and with `docker buildx build`. The commands here
/// are for the moments in between: they read the same file and the same locks as a build does, from a folder, and need
/// neither an engine nor a network.
#[derive(Debug, Parser)]
#[command(name = "pybuild", version, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  pybuild init                       a first build file, from what is in the folder
  pybuild check                      every mistake of the file and the project, with its line
  pybuild plan --diff HEAD           what a change of the lock makes and pushes again
  pybuild graph --format svg > build.svg
  docker buildx build -f pybuild.toml .";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Init(Init),
    Check(Check),
    Plan(Plan),
    Graph(Graph),
    /// Print the JSON schema of the build file
    ///
    /// Editors that read schemas of TOML files (Taplo, Even Better TOML, Tombi) complete and check keys with it. Name it
    /// in a comment after the syntax line.
    #[command(after_help = "Examples:
  pybuild schema > pybuild.schema.json

  pybuild schema --format markdown

  # syntax=REGISTRY/pybuild:TAG
  #:schema ./pybuild.schema.json")]
    Schema {
        /// What it is for
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t = SchemaFormat::Json)]
        format: SchemaFormat,
    },
    /// Print a Dockerfile that makes the same image, for engines that run no frontend of their own
    ///
    /// Every stage and check that the target needs is a stage of it; packages have the versions and hashes of the lock.
    /// It is a copy of what the project is now: eject again when the lock changes.
    #[command(after_help = "Examples:
  pybuild eject > Dockerfile
  pybuild eject --target test > Dockerfile.test
  pybuild eject --platform linux/arm64 > Dockerfile.arm64")]
    Eject(Build),
    /// Print the graph of a build as JSON, for those who debug frontends
    ///
    /// The same is shown by a running engine for a build's own inputs: `--target debug:llb` with
    /// `--output type=local,dest=FOLDER`. Here, images are named and not pinned.
    #[command(after_help = "Examples:
  pybuild llb | jq -r '.ops[].metadata.description[]'
  pybuild llb --target test > test.json")]
    Llb(Build),
    /// Print the completion script of a shell
    #[command(after_help = "Examples:
  pybuild completions bash > ~/.local/share/bash-completion/completions/pybuild
  pybuild completions zsh > ~/.zfunc/_pybuild
  pybuild completions fish > ~/.config/fish/completions/pybuild.fish")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Examples:
  pybuild man | man -l -
  pybuild man > /usr/local/share/man/man1/pybuild.1")]
    Man,
}

/// Where the project is, and which of its builds is meant.
#[derive(Args, Clone, Debug)]
pub(super) struct Project {
    /// The build context: the folder that `docker buildx build` is given
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(super) folder: PathBuf,
    /// The build file [default: pybuild.toml of the folder, or pyproject.toml with a table [tool.pybuild]]
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// A build arg, as `docker buildx build` takes it; may be repeated
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub(super) build_args: Vec<String>,
}

/// Write a first pybuild.toml for a project
///
/// Looks at the folder (lock or requirements, Python version, framework, entry points, tests, packages that want
/// libraries of the system, assets that Node builds) and writes a short build file that builds and runs as it is. A
/// file that is there is never overwritten. With `--from`, what a Dockerfile says comes first: each of its instructions is
/// understood whole, or carried over whole. If something is doubtful, the file says so, and the exit code is 1.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pybuild init                       for the project of this folder
  pybuild init --from Dockerfile     from the Dockerfile it has
  pybuild init --from Dockerfile --target web --diff
  pybuild init --print               show it and write nothing
  pybuild init services/api --image registry.example.com/pybuild:1")]
pub(super) struct Init {
    /// The project's folder
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(super) folder: PathBuf,
    /// Carry over what this Dockerfile says
    #[arg(long, value_name = "DOCKERFILE")]
    pub(super) from: Option<PathBuf>,
    /// The stage of the Dockerfile that ships [default: its last one]
    #[arg(short, long, value_name = "STAGE", requires = "from")]
    pub(super) target: Option<String>,
    /// The frontend image, for the first line
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,
    /// The version of Python [default: the Dockerfile's, else the project's]
    #[arg(long, value_name = "VERSION")]
    pub(super) python: Option<String>,
    /// Print the file and write nothing
    #[arg(long)]
    pub(super) print: bool,
    /// Print what differs from the pybuild.toml that is there, and write nothing
    #[arg(long, conflicts_with = "print")]
    pub(super) diff: bool,
}

/// A build of one stage for one platform.
#[derive(Args, Clone, Debug)]
pub(super) struct Build {
    #[command(flatten)]
    pub(super) project: Project,
    /// The stage whose image is meant [default: production]
    #[arg(short, long, value_name = "STAGE")]
    pub(super) target: Option<String>,
    /// The platform to build for [default: that of this machine]
    #[arg(long, value_name = "PLATFORM")]
    pub(super) platform: Option<String>,
}

/// Show what a build would make: stages, packages, layers and their sizes
///
/// Lists the stages that a target needs with their steps, and each package with its version, its file, its size, the
/// layer that it is in and who asked for it. With `--diff`, what a change re-makes and pushes again. Sizes are those of
/// the lock; what is not locked, or locked without addresses, is resolved in the build and said to be.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pybuild plan                            the production image
  pybuild plan --target test              the stage with the tests
  pybuild plan --platform linux/arm64     with the wheels of another platform
  pybuild plan --diff HEAD                what the lock's change costs, before it is committed
  pybuild plan --diff main --format json  the same for a pull request
  pybuild plan --bills old.json new.json  which packages run code at every start of Python since")]
pub(super) struct Plan {
    #[command(flatten)]
    pub(super) build: Build,
    /// Compare with the project as git has it at a revision
    #[arg(long, value_name = "REV")]
    pub(super) diff: Option<String>,
    /// Compare two bills of materials: which packages have come to bring files that Python runs at every start?
    ///
    /// Bills are what builds with `--sbom=true` write. If a package brings such a file now and did not before, the exit code
    /// is 1. Alone, or together with `--diff`.
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"])]
    pub(super) bills: Vec<PathBuf>,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t = PlanFormat::Table)]
    pub(super) format: PlanFormat,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaFormat {
    /// A JSON schema, for editors
    Json,
    /// Tables of every key with its type, default, meaning and an example, for people
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    /// Text in columns
    Table,
    /// One JSON document
    Json,
}

/// Draw the graph of a build: stages, steps and what can run at the same time
///
/// From left to right, a step comes after those it depends on; steps in one column can run at the same time. Internal
/// steps are left out and downloads are counted at the step that unpacks them, unless `--all` is given. With `--timings`
/// it is the graph of a build that was recorded, with the time of each step, what was cached, and the chain of steps
/// that took longest; the project is not read then.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  pybuild graph                                  a tree
  pybuild graph --format svg > build.svg         a picture
  pybuild graph --format mermaid                 for a README
  docker buildx build --progress=rawjson -f pybuild.toml . 2> progress.json
  pybuild graph --timings progress.json --format svg > build.svg")]
pub(super) struct Graph {
    #[command(flatten)]
    pub(super) build: Build,
    /// Draw the build that `docker buildx build --progress=rawjson` wrote into this file
    #[arg(long, value_name = "FILE")]
    pub(super) timings: Option<PathBuf>,
    /// How it is drawn
    #[arg(long, value_enum, default_value_t = GraphFormat::Tree)]
    pub(super) format: GraphFormat,
    /// Every step, internal ones and each download as well
    #[arg(long)]
    pub(super) all: bool,
}

/// How a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// Text for a terminal
    Tree,
    /// A picture
    Svg,
    /// A Mermaid flowchart
    Mermaid,
    /// The language of Graphviz
    Dot,
}

/// Show every mistake that a build would fail for or warn of
///
/// Looks at the build file, the project's files and its locks, for every stage, and prints each problem with the lines
/// that it is about. Nothing is built and nothing is fetched.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes:
  0  nothing was found
  1  something was found; with --allow-warnings: an error
  2  there is nothing to check, or the command line is wrong

Examples:
  pybuild check                         the project of this folder
  pybuild check services/api -f services/api/pybuild.toml
  pybuild check --format github         annotations of a pull request
  pybuild check --format sarif > pybuild.sarif")]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) project: Project,
    /// Only this stage and those that it needs [default: every stage]
    #[arg(short, long, value_name = "STAGE")]
    pub(super) target: Option<String>,
    /// Platforms to choose wheels for [default: that of this machine]
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub(super) platform: Vec<String>,
    /// How problems are printed
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(super) format: CheckFormat,
    /// Exit with 0 if there are only warnings
    #[arg(long)]
    pub(super) allow_warnings: bool,
}

/// How problems are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// Lines of the file with carets
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}
