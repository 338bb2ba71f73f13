//! The tool: the commands that the same binary runs inside of build steps. It uses only pure parts of the
//! other modules.

pub mod account;
mod arguments;
pub mod bytecode;
pub mod conda;
mod interpreter;
pub mod layer;
mod limits;
pub mod overlaps;
mod parallel;
pub mod pip;
pub mod sbom;
mod startup;
mod tree;
pub mod unpack;
pub mod venv;
mod wheel;

use std::ffi::OsString;
use std::io::Write;

pub use bytecode::BytecodeError;
pub use conda::{CondaError, CondaProblem};
pub use interpreter::InterpreterError;
pub use wheel::{NameProblem, Problem, WheelError};

/// The error of a tool command. The user reads its text in the step's output.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The step has wrong arguments.
    #[error("`pybuild tool` was called wrongly: {0}")]
    Usage(String),
    /// The base image cannot be used.
    #[error("{0}")]
    Base(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file name has a special meaning in a layer.
    #[error(
        "`/{0}` would remove files from the layers below: layers give names that begin with `.wh.` another meaning"
    )]
    Whiteout(String),
    /// A wheel was refused.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A conda package was refused.
    #[error(transparent)]
    Conda(#[from] CondaError),
    /// Bytecode could not be made.
    #[error(transparent)]
    Bytecode(#[from] BytecodeError),
    /// The base image has no matching Python.
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
}

impl ToolError {
    /// The exit code of a step with this error. A base without a matching Python has an exit code of its own.
    /// The frontend then shows the failure at the place where the file names the base.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Interpreter(_) => NO_PYTHON,
            _ => 1,
        }
    }
}

/// The exit code for a base image without a matching Python.
pub const NO_PYTHON: u8 = 3;

/// Prints a message for the user into the step's output.
fn note(text: &str) {
    // If this write fails, nobody can read the message.
    let _ = writeln!(std::io::stderr(), "pybuild: {text}");
}

/// Runs `pybuild tool ARGUMENTS`.
///
/// # Errors
/// If the arguments are wrong, or the command fails.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Result<(), ToolError> {
    let text = |argument: OsString| {
        argument.into_string().map_err(|_| ToolError::Usage("an argument is not UTF-8".to_owned()))
    };
    let mut arguments = arguments.into_iter().map(text);
    match arguments.next().transpose()?.as_deref() {
        Some("account") => account::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("bytecode") => bytecode::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("conda") => conda::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("layer") => layer::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("overlaps") => overlaps::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("pip") => pip::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("sbom") => sbom::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("unpack") => unpack::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some("venv") => venv::run(&arguments.collect::<Result<Vec<_>, _>>()?),
        Some(other) => Err(ToolError::Usage(format!("no tool is called `{other}`"))),
        None => Err(ToolError::Usage("no tool is named".to_owned())),
    }
}
