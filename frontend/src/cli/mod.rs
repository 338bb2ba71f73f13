//! The command line of the binary, for use outside a build.
//!
//! Every command reads the same [`Plan`](crate::plan::Plan) as a build, from a folder of this machine. A
//! command is a function from its arguments to an `Answer`. Only this file writes to the terminal, so
//! standard output has nothing but the result.

mod arguments;
mod check;
mod eject;
mod error;
mod folder;
mod graph;
mod init;
mod llb;
mod offline;
mod plan;
mod platform;
mod shells;
mod table;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Command, Line, SchemaFormat};
use self::error::CliError;

/// The output of a command.
#[derive(Debug, Default)]
struct Answer {
    /// The result, for standard output. It may have colours. They are removed if the output should not have
    /// colours.
    result: String,
    /// Remarks about the result, for standard error.
    notes: Vec<String>,
    /// The exit code.
    code: u8,
}

impl Answer {
    fn of(result: impl Into<String>) -> Self {
        Self { result: result.into(), ..Self::default() }
    }
}

/// Runs the command line. The first of `arguments` is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match Line::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // The error of a closed stream is ignored: nobody can read a message about it.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match answer(&line.command) {
        Ok(answer) => {
            let mut errors = anstream::stderr();
            for note in &answer.notes {
                let _ = writeln!(errors, "note: {note}");
            }
            let written = write(&answer.result);
            // Readers such as `head` may close the stream early. Any other error means that the output is not
            // complete.
            match written {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                    complain(&CliError::new(format!("the result cannot be written: {error}")))
                }
                _ => ExitCode::from(answer.code),
            }
        }
        Err(error) => complain(&error),
    }
}

/// Writes a result to standard output, without colours if the output should not have them.
fn write(result: &str) -> std::io::Result<()> {
    // The check for a terminal costs more than making a graph.
    if !result.contains('\x1b') {
        let mut out = std::io::stdout();
        return out.write_all(result.as_bytes()).and_then(|()| out.flush());
    }
    let mut out = anstream::stdout();
    out.write_all(result.as_bytes()).and_then(|()| out.flush())
}

fn answer(command: &Command) -> Result<Answer, CliError> {
    match command {
        Command::Init(asked) => init::run(asked),
        Command::Check(check) => check::run(check),
        Command::Plan(asked) => plan::run(asked),
        Command::Graph(asked) => graph::run(asked),
        Command::Schema { format: SchemaFormat::Json } => {
            Ok(Answer::of(format!("{:#}\n", crate::spec::schema())))
        }
        Command::Schema { format: SchemaFormat::Markdown } => Ok(Answer::of(crate::spec::reference())),
        Command::Eject(build) => eject::run(build),
        Command::Llb(build) => llb::run(build),
        Command::Completions { shell } => Ok(shells::completions(*shell)),
        Command::Man => shells::man(),
    }
}

/// For fuzzing: the build file that `init` makes from a Dockerfile, with the remark about each line.
#[cfg(fuzzing)]
pub fn carried(text: &str) -> String {
    init::carried(text)
}

fn complain(error: &CliError) -> ExitCode {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{red}error:{red:#} {error}");
    ExitCode::from(2)
}
