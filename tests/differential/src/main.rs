//! Compares the decisions of pybuild with the decisions of the packaging tools.
//!
//! Each part makes inputs from a seed, asks a tool and pybuild the same question, and counts the equal
//! answers. The last line is `N passed, N failed`. See `tests/README.md`.

mod cases;
mod command;
mod desk;
mod failure;
mod freshness;
mod meant;
mod options;
mod origins;
mod random;
mod report;
mod selection;
mod tools;
mod trees;

use std::io::Write as _;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::options::{Options, Part};
use crate::report::Report;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((trees::bench::UNPACK, rest)) =
        arguments.split_first().map(|(one, rest)| (one.as_str(), rest))
    {
        return unpack(rest);
    }
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "pybuild-differential: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Is `pybuild tool unpack`.
fn unpack(arguments: &[String]) -> ExitCode {
    match pybuild::install::unpack::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything that was asked for agrees.
fn run(arguments: &[String]) -> Result<bool, Failure> {
    let options = Options::parse(arguments)?;
    let mut report = Report::default();
    for part in &options.parts {
        report.merge(match part {
            Part::Selection => selection::run(&options)?,
            Part::Trees => trees::run(&options)?,
            Part::Freshness => freshness::run(&options)?,
            Part::Origins => origins::run(&options)?,
        });
    }
    let mut out = std::io::stdout();
    out.write_all(report.text(options.seed).as_bytes()).map_err(Failure::io("writing the report"))?;
    Ok(report.agrees())
}
