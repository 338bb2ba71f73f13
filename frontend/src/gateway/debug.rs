//! Views that are exported instead of an image, all with `--output type=local`. `--target debug:llb`,
//! `debug:plan` and `debug:graph` show the inside of a build. `reports:STAGE` has the reports of checks.
//!
//! `debug:llb:STAGE` shows a stage other than the default. A debug view does not run the stage. `debug:cost`
//! shows the resources that the frontend used up to this point and its calls to the engine; the benchmark
//! reads it.

use std::sync::OnceLock;

use buildkit_llb::{FileOp, Metadata, MkFile, State};

use crate::emit::Image;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::trace::Trace;
use crate::graph::{Graph, svg};
use crate::plan::Plan;

const PREFIX: &str = "debug:";
const REPORTS: &str = "reports:";

/// A view that is exported instead of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// `llb.json`: the definition, each op with its digest.
    Llb,
    /// `plan.txt`: the plan, from which the graph is made.
    Plan,
    /// `graph.svg`: the graph as a picture.
    Graph,
    /// `cost.json`: processor time and peak memory of the frontend, from its start until the graph is ready,
    /// and its calls to the engine.
    Cost,
    /// A folder with the reports of each check.
    Reports,
}

impl View {
    /// Splits a target into the stage and the view of it.
    ///
    /// # Errors
    /// If no view has this name.
    pub(super) fn of(target: &str) -> Result<(&str, Option<Self>), FrontendFailure> {
        if let Some(stage) = target.strip_prefix(REPORTS) {
            return Ok((stage, Some(Self::Reports)));
        }
        let Some(rest) = target.strip_prefix(PREFIX) else { return Ok((target, None)) };
        let (name, stage) = rest.split_once(':').unwrap_or((rest, ""));
        match name {
            "llb" => Ok((stage, Some(Self::Llb))),
            "plan" => Ok((stage, Some(Self::Plan))),
            "graph" => Ok((stage, Some(Self::Graph))),
            "cost" => Ok((stage, Some(Self::Cost))),
            _ => Err(FrontendFailure::new(
                format!(
                    "unknown target `{target}`: there are `debug:llb`, `debug:plan`, `debug:graph` and `debug:cost`"
                ),
                &[],
            )),
        }
    }

    /// Whether the view runs steps of the stage.
    pub(super) fn builds(self) -> bool {
        self == Self::Reports
    }

    /// A file system that contains the view.
    ///
    /// # Errors
    /// If there is nothing to show.
    pub(super) fn show(self, plan: &Plan, image: &Image, trace: &Trace) -> Result<State, FrontendFailure> {
        let (path, text) = match self {
            Self::Llb => ("/llb.json", image.state.marshal().to_json_text()),
            Self::Plan => ("/plan.txt", format!("{plan:#?}\n")),
            Self::Graph => {
                let graph = Graph::of(plan.target.as_str(), &image.state.marshal());
                ("/graph.svg", svg(&graph.folded()))
            }
            Self::Cost => ("/cost.json", cost(image, trace)),
            Self::Reports => {
                return image.exported_reports().ok_or_else(|| {
                    let message = format!("no check of stage `{}` has `reports`", plan.target);
                    FrontendFailure::new(message, &[])
                });
            }
        };
        Ok(FileOp::on(&State::scratch())
            .mkfile(MkFile::new(path, text).mode(0o644))
            .meta(Metadata::named(format!("[internal] write {path}")))
            .state())
    }
}

/// The processor time that the process had used before our program started. The container runtime starts the
/// container in the same process, and the kernel counts both.
static BEFORE: OnceLock<u64> = OnceLock::new();

/// Records the processor time at the start. Call this before anything else.
pub fn note_start() {
    // A second call correctly keeps the first value.
    let _ = BEFORE.set(processor_time());
}

/// Nanoseconds of processor time of all threads, see `/proc/PID/schedstat` in proc(5).
fn processor_time() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

/// Processor time in microseconds, peak resident memory in KiB, and the calls to the engine. The graph is
/// marshalled before these values are read.
fn cost(image: &Image, trace: &Trace) -> String {
    let ops = image.state.marshal().ops().len();
    let nanoseconds = processor_time().saturating_sub(*BEFORE.get_or_init(|| 0));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    let kib = peak.and_then(|number| number.parse::<u64>().ok());
    let cpu = nanoseconds / 1000;
    let json = serde_json::json!({
        "cpu_us": cpu, "peak_rss_kib": kib, "ops": ops, "calls": trace.to_json(),
    });
    format!("{json}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_told_from_a_stage() {
        assert_eq!(View::of("production"), Ok(("production", None)));
        assert_eq!(View::of("debug:llb"), Ok(("", Some(View::Llb))));
        assert_eq!(View::of("debug:plan:test"), Ok(("test", Some(View::Plan))));
        assert_eq!(View::of("reports:test"), Ok(("test", Some(View::Reports))));
        let message = View::of("debug:x").unwrap_err().message().to_owned();
        assert_eq!(
            message,
            "unknown target `debug:x`: there are `debug:llb`, `debug:plan`, `debug:graph` and `debug:cost`"
        );
    }
}
