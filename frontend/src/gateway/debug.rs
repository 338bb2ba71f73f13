//! What can be exported in place of an image: `--target debug:llb`, `debug:plan` and `debug:graph` look inside a build,
//! `reports:STAGE` has what checks left. All with `--output type=local`.
//!
//! `debug:llb:STAGE` shows a stage other than the default. Nothing of the stage itself is run. `debug:cost` shows what
//! the frontend itself took up to this point, and what it has asked the engine, for the benchmark.

use std::sync::OnceLock;

use buildkit_llb::{FileOp, Metadata, MkFile, State};

use crate::emit::Image;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::trace::Trace;
use crate::graph::{Graph, svg};
use crate::plan::Plan;

const PREFIX: &str = "debug:";
const REPORTS: &str = "reports:";

/// What is shown in place of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// `llb.json`: the definition, each op with its digest.
    Llb,
    /// `plan.txt`: what was decided, before it became a graph.
    Plan,
    /// `graph.svg`: the graph as a picture.
    Graph,
    /// `cost.json`: processor time and peak memory of the frontend, from its start until it has the graph, and its calls to
    /// the engine.
    Cost,
    /// A folder for each check with reports.
    Reports,
}

impl View {
    /// Splits a target into the stage that is meant and what is to be shown of it.
    ///
    /// # Errors
    /// If there is no such view.
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

    /// Whether something of the stage itself is run for it.
    pub(super) fn builds(self) -> bool {
        self == Self::Reports
    }

    /// A file system with the view.
    ///
    /// # Errors
    /// If there is nothing to be shown.
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

/// Processor time that the process had used before it became ours: what starts a container runs in the same process,
/// and the kernel goes on counting.
static BEFORE: OnceLock<u64> = OnceLock::new();

/// Notes the processor time at the start; to be called first of all.
pub fn note_start() {
    // A second call changes nothing, which is right.
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

/// Processor time in microseconds, peak resident memory in KiB, and the calls to the engine. The graph is marshalled before they are read.
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
