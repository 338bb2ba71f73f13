//! Requests for something other than a build: `docker buildx build --call=…`.
//!
//! Each answer has JSON of BuildKit's schema and a text for people. Both are metadata of a result without
//! files. All four requests are implemented: for a missing one, buildx would read our file as a Dockerfile.

mod describe;
mod lint;
mod outline;
mod table;
mod targets;

use crate::diagnostics::{Diagnostics, Source, Span};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::debug::View;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::options::Options;
use crate::gateway::report::failure;
use crate::gateway::result::GatewayResult;
use crate::spec::Spec;
use serde::Serialize;
use serde_json::{Value, json};

/// One kind of request.
struct Kind {
    id: &'static str,
    description: &'static str,
    /// Whether `describe` lists this request. As in docker/dockerfile, clients find `lint` by trying it.
    listed: bool,
}

const KINDS: [Kind; 4] = [
    Kind {
        id: "frontend.outline",
        description: "List all parameters current build target supports",
        listed: true,
    },
    Kind { id: "frontend.targets", description: "List all targets current build supports", listed: true },
    Kind {
        id: "frontend.subrequests.describe",
        description: "List available subrequest types",
        listed: true,
    },
    Kind { id: "frontend.lint", description: "Lint a build file", listed: false },
];

const VERSION: &str = "1.0.0";

/// Answers `request`.
///
/// # Errors
/// If the request is unknown, or the build file cannot be read.
pub(super) fn answer(
    bridge: &Bridge,
    options: &Options,
    request: &str,
) -> Result<GatewayResult, FrontendFailure> {
    if request == "frontend.subrequests.describe" {
        return Ok(result(&describe::json(), describe::text(), None));
    }
    if !KINDS.iter().any(|kind| kind.id == request) {
        return Err(FrontendFailure::unsupported_request(request));
    }
    let file = BuildFile::load(bridge, options)?;
    if request == "frontend.lint" {
        let found = lint::look(bridge, options, &file)?;
        let report = lint::report(&found, &file);
        let status = if report.is_clean() { "0" } else { "1" };
        return Ok(result(&report.json(), report.text(), Some(status)));
    }
    let (spec, found) = parse(options, &file);
    let Some(spec) = spec.filter(|_| !found.has_errors()) else { return Err(failure(&found, &file)) };
    Ok(match request {
        "frontend.targets" => {
            let list = targets::list(&spec);
            result(&targets::json(&list, &file.source), targets::text(&list), None)
        }
        _ => {
            let (target, _) = View::of(options.target.as_deref().unwrap_or_default())?;
            let outline = outline::of(&spec, target).map_err(|problem| {
                let mut found = Diagnostics::default();
                found.report(&file.source, spec.anywhere(), problem);
                failure(&found, &file)
            })?;
            result(&outline.json(&file.source), outline.text(), None)
        }
    })
}

fn parse(options: &Options, file: &BuildFile) -> (Option<Spec>, Diagnostics) {
    let platform = options.platforms.first().or(options.build_platform.as_ref()).cloned();
    let platform = platform.unwrap_or_else(|| buildkit_llb::Platform::new("linux", "amd64"));
    Spec::parse(&file.source, crate::gateway::wishes::arguments(options, &platform, &platform))
}

fn result(json: &Value, text: String, status: Option<&str>) -> GatewayResult {
    let mut metadata = vec![
        ("result.json", format!("{json:#}").into_bytes()),
        ("result.txt", text.into_bytes()),
        ("version", VERSION.as_bytes().to_vec()),
    ];
    metadata.extend(status.map(|status| ("result.statuscode", status.as_bytes().to_vec())));
    GatewayResult::answer(metadata)
}

/// A place in the build file, in the form of all answers.
fn location(source: &Source, span: Span) -> Value {
    #[derive(Serialize)]
    struct Position {
        line: u32,
        #[serde(skip_serializing_if = "is_zero")]
        character: u32,
    }
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    fn is_zero(number: &u32) -> bool {
        *number == 0
    }
    let (start, end) = source.range(span);
    let position = |at: crate::diagnostics::Position| Position { line: at.line, character: at.character };
    json!({ "ranges": [{ "start": position(start), "end": position(end) }] })
}

/// The build file, in the form of all answers.
fn sources(source: &Source) -> Value {
    use base64::Engine as _;
    json!([base64::engine::general_purpose::STANDARD.encode(&source.text)])
}
