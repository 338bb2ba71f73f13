//! One static binary, three roles: BuildKit's frontend, the tool inside build steps, and the command line.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use pybuild::gateway::{build, debug};

/// Reading a lock makes about a hundred thousand small strings. With the C library's allocator, allocation
/// takes more than a third of the planning time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    match arguments.next() {
        Some(role) if role == "tool" => match pybuild::install::run(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&format!("pybuild: {error}"));
                ExitCode::from(error.exit_code())
            }
        },
        // BuildKit passes no arguments. It speaks over standard input and output.
        None if env::vars_os().any(|(name, _)| name == "BUILDKIT_SESSION_ID") => {
            debug::note_start();
            let utf8 = |(name, value): (OsString, OsString)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            };
            pybuild::gateway::run_guarded(|bridge| build::run(bridge, env::vars_os().filter_map(utf8)))
        }
        _ => pybuild::cli::run(env::args_os()),
    }
}

fn complain(text: &str) {
    // If standard error is closed, nobody can read the message.
    let _ = writeln!(std::io::stderr(), "{text}");
}
