//! The engine's side of a build: the options, the calls to the engine, and the result.
//!
//! [`run_guarded`] runs the whole frontend process. The code inside uses a [`bridge::Bridge`] for calls and
//! reads the user's wishes from [`options::Options`]. It returns a [`result::GatewayResult`] or an
//! [`errors::FrontendFailure`].

mod attest;
mod bases;
pub mod bridge;
pub mod build;
pub mod build_file;
pub mod calls;
pub mod capabilities;
pub mod context;
pub mod debug;
mod dockerfile;
mod download;
mod error_details;
pub mod errors;
mod explain;
mod files;
pub mod git_url;
mod images;
mod inputs_message;
mod listing;
mod named;
pub mod named_context;
pub mod options;
mod overlaps;
mod python_base;
mod report;
mod resolver;
pub mod result;
mod solve_message;
mod source_date_epoch;
mod subrequests;
#[cfg(test)]
mod tests;
mod trace;
pub mod transport;
mod wishes;

pub use wishes::build_arguments;

use std::any::Any;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use bridge::Bridge;
use errors::{FrontendFailure, RpcError, with_causes};
use result::GatewayResult;

/// The place of the last panic, for the message to the user.
type PanicPlace = Arc<Mutex<Option<String>>>;

/// Connects to the engine, runs `build` and returns its result or its failure exactly once. Then the process
/// ends. A panic inside `build` is returned as a failure too.
///
/// Connecting comes first, because the engine hangs up after ten seconds of silence. The exit code is 0 even
/// if a failure was returned: with another code, clients would print `exit code: 1` instead of the failure's
/// message. The exit code is 1 if there is no engine, or if the engine does not accept the answer. Then the
/// reason is on standard error.
pub fn run_guarded(build: impl FnOnce(&Bridge) -> Result<GatewayResult, FrontendFailure>) -> ! {
    let place = remember_panics();
    match Bridge::connect() {
        Ok(bridge) => match conclude(&bridge, build, &place) {
            // The connection must stay open until the process ends, so nothing is dropped before.
            Ok(()) => std::process::exit(0),
            Err(error) => {
                complain(&error);
                std::process::exit(1)
            }
        },
        Err(error) => {
            complain(&error);
            std::process::exit(1)
        }
    }
}

/// Runs `build` and returns its result or its failure to the engine.
fn conclude(
    bridge: &Bridge,
    build: impl FnOnce(&Bridge) -> Result<GatewayResult, FrontendFailure>,
    place: &PanicPlace,
) -> Result<(), RpcError> {
    // After a panic nobody reads the state that `build` left, because the process ends.
    match catch_unwind(AssertUnwindSafe(|| build(bridge))) {
        Ok(Ok(result)) => bridge.return_result(result),
        Ok(Err(failure)) => bridge.return_error(failure.into_status()),
        Err(panic) => {
            let place = place.lock().unwrap_or_else(PoisonError::into_inner).take();
            bridge.return_error(panic_failure(panic.as_ref(), place).into_status())
        }
    }
}

fn panic_failure(panic: &(dyn Any + Send), place: Option<String>) -> FrontendFailure {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message");
    let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
    FrontendFailure::new(
        format!("internal error{place}: {text}. This is a bug in the frontend, report it"),
        &[],
    )
}

/// Prints panics to standard error, which is the engine's log, and records their place.
fn remember_panics() -> PanicPlace {
    let place = PanicPlace::default();
    let remembered = Arc::clone(&place);
    std::panic::set_hook(Box::new(move |panic| {
        complain_text(&panic.to_string());
        let location = panic.location().map(ToString::to_string);
        *remembered.lock().unwrap_or_else(PoisonError::into_inner) = location;
    }));
    place
}

/// Writes an error and its causes to standard error.
fn complain(error: &(dyn std::error::Error + 'static)) {
    complain_text(&with_causes(error));
}

fn complain_text(text: &str) {
    // If even this write fails, nobody can read the message.
    let _ = writeln!(std::io::stderr(), "pybuild: {text}");
}
